"""F51, F52, F53 for /admin/: axe finds nothing, the policy refuses nothing, the console stays empty, whoever looks."""

from __future__ import annotations

import pytest

from tests.browser.looks import PHONE
from tests.browser.support_states import visits
from tests.browser.support_visits import ids_of, require_clean
from tests.browser.world import build

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def world(stage, browser, signed_in):
    return build(stage, browser, signed_in)


@pytest.fixture(scope="module")
def ids(stage, world):
    return ids_of(stage.manage)


# Looks are those of the superuser's pages, which have all. Support may only look, so its pages are others; those of an
# administrator are the superuser's, but that nobody there is a superuser. A list that found nothing, or is sorted by
# another head, has the parts that it has for the superuser: what others lack is missing from the list as it opens.
MINE = [visit for visit in visits() if "?q=nothing" not in visit.path and "?o=" not in visit.path]
VISITS = [("sam", visit) for visit in MINE] + [("ada", each) for each in MINE if "auth_user" in each.name]


@pytest.mark.parametrize(("who", "visit"), VISITS, ids=lambda value: getattr(value, "id", value))
def test_f51_every_support_page_is_clean_for_its_people(page_as, world, ids, visit, who):
    require_clean(page_as, world, ids, visit, who, [(PHONE, "light")])
