"""`{% icon "copy" %}`: an icon of the sprite. Icons are decoration; every control also has a text."""

from __future__ import annotations

import functools

from django import template
from django.template.base import Node, Parser, Token
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@functools.lru_cache(maxsize=128)
def markup(name: str) -> SafeString:
    """The SVG of an icon. Cached, because finding the file's URL takes time."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>',
        static("icons/sprite.svg"),
        name,
    )


class IconNode(Node):
    """Renders the cached SVG of an icon: lists contain hundreds of them."""

    def __init__(self, name: str) -> None:
        self.name = name

    def render(self, context: template.Context) -> SafeString:
        return markup(self.name)


@register.filter
def icon_of(name: str) -> SafeString:
    """The SVG of an icon that Python names, as the menu does."""
    return markup(name)


@register.tag
def icon(parser: Parser, token: Token) -> IconNode:
    """Parse `{% icon "name" %}`. The name must be a literal, so that a test can compare it with the sprite."""
    parts = token.split_contents()
    if len(parts) != 2 or not parts[1].startswith('"'):
        raise template.TemplateSyntaxError('icon takes one name in double quotes, as in {% icon "copy" %}')
    return IconNode(parts[1].strip('"'))
