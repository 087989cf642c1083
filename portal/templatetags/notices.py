"""`{% notice "warning" %}<p>…</p>{% endnotice %}`: a box with an icon, in the tone `warning` or `quiet`."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.templatetags.icons import markup

register = template.Library()
_ICONS = {"warning": "triangle-alert", "quiet": "info"}


@register.simple_block_tag
def notice(content: SafeString, tone: str) -> SafeString:
    """Render the box. The content must be one element, which is laid out beside the icon."""
    box = '<div class="notice {}" role="note">{}{}</div>'
    return format_html(box, tone, markup(_ICONS[tone]), content)
