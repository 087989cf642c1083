"""`{% notice "warning" %}<p>…</p>{% endnotice %}`: a box that stands out, with the icon of its tone."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.templatetags.icons import markup

register = template.Library()
_ICONS = {"warning": "triangle-alert", "quiet": "info"}


@register.simple_block_tag
def notice(content: SafeString, tone: str) -> SafeString:
    """The content is one element, which stands beside the icon."""
    box = '<div class="notice {}" role="note">{}{}</div>'
    return format_html(box, tone, markup(_ICONS[tone]), content)
