"""What the first requests would load, loaded before gunicorn forks, so that all workers share it.

A page of memory stays shared until somebody writes to it, as counting references and collecting garbage do.
"""

from __future__ import annotations

import gc
from typing import Any
from wsgiref.util import setup_testing_defaults

from django.conf import settings
from django.template.loader import get_template
from django.utils.module_loading import import_string

from portal.wsgi import application

_PATHS = (*settings.METRICS_SOURCES, *settings.READINESS_PROBES)
_HTTPS = {"wsgi.url_scheme": "https", "HTTPS": "on"}
_ADMIN = ("admin/index.html", "admin/change_list.html", "admin/change_form.html")


def warm_up() -> None:
    """Import what settings name, compile the templates, answer the sign-in page; then keep the collector off."""
    for path in _PATHS:
        import_string(path)
    folder = settings.BASE_DIR / "templates"
    for name in (*_ADMIN, *(str(file.relative_to(folder)) for file in folder.rglob("*.html"))):
        get_template(name)
    environ: dict[str, Any] = {"PATH_INFO": "/accounts/login/", "HTTP_HOST": settings.ALLOWED_HOSTS[0], **_HTTPS}
    setup_testing_defaults(environ)
    b"".join(application(environ, lambda *_: None))
    gc.collect()
    gc.freeze()
