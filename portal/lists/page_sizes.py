"""How many rows a page of a list may have; the first is the default."""

PER_PAGE = (25, 50, 100)
