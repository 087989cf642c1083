"""Every setting of the portal, read by `portal.env`. The defaults are safe for production.

`make run` sets what a demo needs (see `portal.quickstart`). Otherwise the portal does not start without a secret key, a
keyring and a list of hosts.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from portal import csp
from portal.database import configure
from portal.env import Environment

# Paths
BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment.load(BASE_DIR)
STATE_DIR = Path(env.text("PORTAL_STATE_DIR"))

# Secrets
SECRET_KEY = env.secret("PORTAL_SECRET_KEY")
SECRET_KEY_FALLBACKS = env.words("PORTAL_SECRET_KEY_FALLBACKS")
KEYRING_FILE = env.text("PORTAL_KEYRING_FILE")

# Hosts and transport
DEBUG = False
PLAIN_HTTP = env.boolean("PORTAL_PLAIN_HTTP", default=False)
ALLOWED_HOSTS = env.words("PORTAL_ALLOWED_HOSTS", default=None)
_ADDRESS = f"http://{env.text('HOST', '127.0.0.1')}:{env.integer('PORT', 8000, 1, 65535)}"
PORTAL_URL = env.text("PORTAL_URL", _ADDRESS).rstrip("/")
# Without it, pages show the address of their own request.
HAS_PORTAL_URL = bool(env.text("PORTAL_URL", ""))
# The address of revocation lists and issuers in certificates. It is http: https would need a certificate check first.
PKI_URL = env.text("PKI_URL", f"http://{PORTAL_URL.partition('://')[2]}").rstrip("/")
TRUSTED_PROXIES = env.words("TRUSTED_PROXIES")
CLIENT_CERT_HEADER = env.text("CLIENT_CERT_HEADER", "X-Client-Cert")

# Apps
INSTALLED_APPS = [
    "portal.apps.PortalConfig",
    "keys.apps.KeysConfig",
    "enrollment.apps.EnrollmentConfig",
    "portal.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "django_tables2",
    "django_filters",
]

# Middleware
MIDDLEWARE = [
    "portal.middleware.LeanHeadersMiddleware",
    "portal.middleware.RequestIdMiddleware",
    "portal.middleware.SecurityHeadersMiddleware",
    "portal.middleware.ForwardedProtoMiddleware",
    "portal.machine_addresses.MachineAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.compression.CompressionMiddleware",
    "portal.preferences.middleware.PreferencesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.middleware.SignInRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "keys.key_in_address.KeyInAddressMiddleware",
    "portal.password_hashing.TooManyPasswordsMiddleware",
    "portal.refusal_pages.RefusalMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

# Templates
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["portal.template_loader.Loader", "django.template.loaders.app_directories.Loader"],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context_processors.site",
            ],
        },
    }
]
FORM_RENDERER = "portal.forms.PortalFormRenderer"

# Database
DATABASES = {
    "default": configure(
        env.database("DATABASE_URL", f"sqlite:///{quote(str(STATE_DIR / 'portal.sqlite3'))}"),
        statement_timeout_ms=env.integer("DATABASE_STATEMENT_TIMEOUT_MS", 15_000, 0, 3_600_000),
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Sign-in
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
PASSWORD_HASHERS = ["portal.password_hashing.BoundedArgon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 15}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_ENGINE = "portal.sessions"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_IDLE_MINUTES = env.integer("SESSION_IDLE_MINUTES", 30, 5, 720)
# Show, Copy and Download ask for the password when it was last checked longer ago; 0: never.
PASSWORD_AGAIN_MINUTES = env.integer("PASSWORD_AGAIN_MINUTES", 0, 0, 720)
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "portal.views.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Transport security. PLAIN_HTTP (`make run`) switches all of it off, because browsers refuse Secure cookies over http.
SECURE_SSL_REDIRECT = not PLAIN_HTTP
# /pki/ serves signed data. Probes would take a redirect for success.
SECURE_REDIRECT_EXEMPT = [r"^pki/", r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 0 if PLAIN_HTTP else 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not PLAIN_HTTP
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not PLAIN_HTTP
SESSION_COOKIE_NAME = "session" if PLAIN_HTTP else "__Host-session"
CSRF_COOKIE_NAME = "csrf" if PLAIN_HTTP else "__Host-csrf"
PREFERENCES_COOKIE_NAME = "preferences" if PLAIN_HTTP else "__Host-preferences"
ZONE_COOKIE_NAME = "zone" if PLAIN_HTTP else "__Host-zone"
PAGES_COOKIE_NAME = "pages" if PLAIN_HTTP else "__Host-pages"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# "no-referrer" would make browsers send "Origin: null", which the CSRF check refuses.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CSP = csp.POLICY
X_FRAME_OPTIONS = "DENY"

# Some EST clients read only 1,024 bytes of headers.
LEAN_ADDRESSES = ("/.well-known/est/",)
# Only programs use these, whatever their Accept header: errors are problem documents, or one line of text.
PROBLEM_ADDRESSES = ("/enrollment/",)
TEXT_ADDRESSES = ("/.well-known/est/", "/pki/", "/downloads/")
# Monitoring may use any host name or address of the machine.
PROBE_ADDRESSES = ("/healthz", "/readyz", "/metrics")

# Input limits
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
FILE_UPLOAD_HANDLERS = ["portal.upload_handler.BeginningInMemory"]

# Static files
STATIC_URL = "static/"
STATIC_ROOT = STATE_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# No page of another origin reads them, and each answer is shorter without the header.
WHITENOISE_ALLOW_ALL_ORIGINS = False
# The edge's own program, built by `manage.py build_downloads`
DOWNLOADS_DIR = STATE_DIR / "downloads"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "portal.static_files.StaticFilesStorage"},
}

# Language and time
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
# No text is translated, and Django asks for the translation of each label of each field: 6 % of a support page.
USE_I18N = False
FORMAT_MODULE_PATH = ["portal.formats"]
USE_TZ = True

# Logging: one JSON object a line on standard error
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "portal.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"django": {"handlers": ["stderr"], "level": "INFO", "propagate": False}},
}
SILENCED_SYSTEM_CHECKS: list[str] = []

# The portal's own
VENDOR_NAME = env.text("VENDOR_NAME", "Zscaler")
# What pages show beside the portal's name; the host where it is not set.
ORGANIZATION = env.text("CUSTOMER_ID", "")
CUSTOMER_ID = ORGANIZATION or "100000000000000001"
CLOUD_DOMAIN = env.text("CLOUD_DOMAIN", "api.private.example.com")
CLOUD_DOMAIN_ALIASES = env.words("CLOUD_DOMAIN_ALIASES")
EDGE_CERTIFICATE_DAYS = env.integer("EDGE_CERTIFICATE_DAYS", 90, 1, 397)
EDGE_RSA_MINIMUM_BITS = env.integer("EDGE_RSA_MINIMUM_BITS", 2048, 2048, 4096)
METRICS_TOKEN = env.secret("METRICS_TOKEN", "")
METRICS_OPEN = env.boolean("METRICS_OPEN", default=False)
METRICS_SOURCES = ["enrollment.revocation_list_age.metrics"]
READINESS_PROBES = ["keys.checks.keyring_opens_what_is_sealed", "enrollment.revocation_list_age.no_list_has_expired"]
