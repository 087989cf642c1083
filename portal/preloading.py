"""Loading modules and templates before gunicorn forks, so that its workers share their memory.

A page of memory stays shared until a process writes to it, as reference counts and the garbage collector do.
"""

from __future__ import annotations

import gc
from importlib import import_module
from typing import Any
from wsgiref.util import setup_testing_defaults

from django.conf import settings
from django.template.loader import get_template
from django.urls import reverse
from django.utils.formats import get_format_modules
from django.utils.module_loading import import_string

from portal import migration_names
from portal.wsgi import application

# What is imported when it is first used: importing in a worker copies 3 MiB of what it shared.
_LATE = ("argon2", "cryptography.hazmat.backends.openssl", "encodings.ascii", "portal.housekeeping")
_PATHS = (*settings.METRICS_SOURCES, *settings.READINESS_PROBES)
_HTTPS = {"wsgi.url_scheme": "https", "HTTPS": "on"}
_ADMIN = ("admin/index.html", "admin/change_list.html", "admin/change_form.html")


def warm_up() -> None:
    """Import what settings name, compile the templates, render the sign-in page, then freeze the garbage collector."""
    for module in _LATE:
        import_module(module)
    for path in _PATHS:
        import_string(path)
    get_format_modules()
    migration_names.of_this_version()
    folder = settings.BASE_DIR / "templates"
    for name in (*_ADMIN, *(str(file.relative_to(folder)) for file in folder.rglob("*.html"))):
        get_template(name)
    environ: dict[str, Any] = {"PATH_INFO": reverse("login"), "HTTP_HOST": settings.ALLOWED_HOSTS[0], **_HTTPS}
    setup_testing_defaults(environ)
    b"".join(application(environ, lambda *_: None))
    gc.collect()
    gc.freeze()
