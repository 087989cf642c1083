"""The gunicorn entry point."""

import os
import re
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

from portal import startup

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
with startup.explained():
    _django = get_wsgi_application()
_CHARSET = re.compile(r';\s*charset\*?\s*=\s*("[^"]*"|[^;]*)', re.IGNORECASE)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django without the charset of requests, so that every request is read as UTF-8.

    Django decodes query strings and forms with the charset the client names. Some of Python's codecs raise errors: the
    request would fail before any code of the portal runs, and gunicorn would log its whole URL.
    """
    if "CONTENT_TYPE" in environ:
        environ["CONTENT_TYPE"] = _CHARSET.sub(";", environ["CONTENT_TYPE"])
    return _django(environ, start_response)
