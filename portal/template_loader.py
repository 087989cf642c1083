"""A template loader that removes indentation: templates are easy to read, and pages with a hundred rows stay small."""

from __future__ import annotations

import re

from django.template import Origin
from django.template.loaders import filesystem

_INDENTED = re.compile(r"(<pre\b.*?</pre>)|(?:[ \t]*\n[ \t]*)+", re.DOTALL)


class Loader(filesystem.Loader):
    """Django's file system loader without indentation and blank lines, except inside `<pre>`."""

    def get_contents(self, origin: Origin) -> str:
        return _INDENTED.sub(lambda found: found[1] or "\n", super().get_contents(origin))
