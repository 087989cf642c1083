"""A refusal has a code and an HTTP status. The middleware answers the refusals that no form shows."""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.http import HttpResponse
from django.test import RequestFactory, SimpleTestCase

from keys import errors
from portal import accounts
from portal.error_pages import ERROR_PAGES
from portal.refusal_pages import RefusalMiddleware
from portal.refusals import Fault, Invalid, Refused


def kinds(of: type[Refused] = Refused) -> Iterator[type[Refused]]:
    for kind in of.__subclasses__():
        yield kind
        yield from kinds(kind)


class RefusalsTest(SimpleTestCase):
    def answer(self, error: Exception, accept: str = "text/html") -> HttpResponse | None:
        request = RequestFactory().post("/service-edge-keys/1/edit/", headers={"accept": accept})
        return RefusalMiddleware(lambda _: HttpResponse()).process_exception(request, error)

    def test_each_has_a_status_with_a_page(self) -> None:
        for kind in kinds():
            self.assertIn(kind.status, ERROR_PAGES, kind)

    def test_each_that_is_raised_has_its_own_code(self) -> None:
        own = [kind for kind in kinds() if "code" in vars(kind)]
        self.assertEqual(len({kind.code for kind in own}), len(own))
        self.assertLess({errors.Gone, errors.Stale, errors.Managed, accounts.LastAdministrator}, set(own))

    def test_a_page_says_why_with_the_status(self) -> None:
        for refused, status in [
            (errors.Gone("“berlin” was deleted in the meantime."), 404),
            (errors.Managed("Zscaler manages “berlin”."), 403),
            (errors.UsedUp("All uses are taken."), 409),
            (errors.NotViewable("Its text is not stored."), 404),
            (Invalid("name", "Enter a name."), 422),
        ]:
            response = self.answer(refused)
            self.assertContains(response, str(refused), status_code=status)

    def test_a_program_gets_a_problem_document(self) -> None:
        response = self.answer(errors.Gone("“berlin” was deleted in the meantime."), accept="application/json")
        problem = json.loads(response.content)
        self.assertEqual((response.status_code, problem["status"], problem["code"]), (404, 404, "gone"))
        self.assertEqual(problem["detail"], "“berlin” was deleted in the meantime.")

    def test_other_errors_pass(self) -> None:
        self.assertIsNone(self.answer(ValueError("a mistake of ours")))

    def test_one_refusal_names_every_bad_field(self) -> None:
        refused = Invalid.of(
            [Fault("name", "name_length", "Enter a name."), Fault("max_uses", "invalid", "No number.")]
        )
        self.assertEqual([fault.field for fault in refused.faults], ["name", "max_uses"])
        self.assertEqual(str(refused), "Enter a name. No number.")
