"""Pages read with a parser, as a browser would: by CSS selector, with white space as people see it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from bs4 import BeautifulSoup, SoupStrainer, Tag
from bs4.formatter import HTMLFormatter


def parsed(response: Any) -> BeautifulSoup:
    """The page of a response, or of a text; asked for the same page again, the same object: nobody may change it."""
    return _parsed(response if isinstance(response, str) else response.content.decode())


@lru_cache(maxsize=4)
def _parsed(content: str) -> BeautifulSoup:
    return BeautifulSoup(content, "html.parser")


def parts(response: Any, name: str, **attributes: str) -> BeautifulSoup:
    """The elements of that name and those attributes with what is in them: of a long page in a tenth of the time.

    The parser gets only the text from each start tag of that name to the next end tag: none may hold another.
    """
    content = response if isinstance(response, str) else response.content.decode()
    cut = "".join(re.findall(rf"<{name}\b.*?</{name}>", content, re.DOTALL))
    return BeautifulSoup(cut, "html.parser", parse_only=SoupStrainer(name, attributes))


def words(node: Tag) -> str:
    """The text of an element, white space folded."""
    return " ".join(node.get_text(" ").split())


class _AsWritten(HTMLFormatter):
    def attributes(self, tag: Tag) -> Any:
        return tag.attrs.items()


def markup(node: Tag) -> str:
    """An element as HTML, its attributes in the order of the page."""
    return node.decode(formatter=_AsWritten(void_element_close_prefix="", empty_attributes_are_booleans=True))


def the(response: Any, selector: str) -> Tag:
    """The one element that a selector finds; anything else fails."""
    (found,) = parsed(response).select(selector)
    return found


def texts(response: Any, selector: str) -> list[str]:
    """The texts of all elements that a selector finds."""
    return [words(node) for node in parsed(response).select(selector)]


def links(response: Any, selector: str) -> list[str]:
    """The addresses of all links that a selector finds."""
    return [str(node["href"]) for node in parsed(response).select(selector)]


def csrf_token(page: Any) -> str:
    """The token of the first form on a page."""
    return str(parsed(page).select("input[name=csrfmiddlewaretoken]")[0]["value"])
