"""Every page of the portal in every state it can take: how to reach it, and which address it belongs to."""

from tests.browser.states import certificates, edges, errors, groups, keys, site  # noqa: F401  # they register states
from tests.browser.states.registry import NOT_PAGES, STATES, State

__all__ = ["NOT_PAGES", "STATES", "State"]
