"""Sign-in, lockout and sign-out."""

from datetime import timedelta

import time_machine
from django.contrib.auth.models import User
from django.utils import timezone

from portal.models import AuditEvent
from tests.base import PortalTestCase
from tests.support.html import parsed

PASSWORD = "correct horse battery staple"  # of these tests
WRONG = "The user name or password is not right."
LOCKED = "Too many attempts. Try again in 5 minutes."


class SignInTest(PortalTestCase):
    def setUp(self) -> None:
        User.objects.create_user("ann", password=PASSWORD)

    def attempt(self, password: str, username: str = "ann", address: str = "192.0.2.1", **extra):
        fields = {"username": username, "password": password}
        return self.client.post("/accounts/login/", fields, REMOTE_ADDR=address, **extra)

    def test_it_leads_back_to_the_page_that_was_asked_for(self) -> None:
        response = self.client.get("/service-edge-keys/?sort=-uses")
        self.assertRedirects(response, "/accounts/login/?next=/service-edge-keys/%3Fsort%3D-uses")
        response = self.client.post(response["Location"], {"username": "ann", "password": PASSWORD})
        self.assertEqual((response.status_code, response["Location"]), (302, "/service-edge-keys/?sort=-uses"))

    def test_g07_it_never_leads_to_another_site(self) -> None:
        for target in ["https://evil.example/", "//evil.example/", "javascript:alert(1)"]:
            self.client.logout()
            response = self.client.post("/accounts/login/", {"username": "ann", "password": PASSWORD, "next": target})
            self.assertEqual(response["Location"], "/")

    def test_f48_password_managers_know_the_fields(self) -> None:
        page = self.client.get("/accounts/login/")
        fields = {str(each["name"]): each["autocomplete"] for each in parsed(page).select("form input[autocomplete]")}
        self.assertEqual(fields, {"username": "username", "password": "current-password"})

    def test_f48_unknown_user_wrong_password_and_disabled_account_get_the_same_words(self) -> None:
        User.objects.create_user("off", password=PASSWORD, is_active=False)
        for username, password in [("nobody", PASSWORD), ("ann", "wrong"), ("off", PASSWORD)]:
            response = self.attempt(password, username)
            self.assertEqual(response.context["form"].non_field_errors(), [WRONG])

    def test_f48_the_fifth_failure_within_a_minute_locks_for_five_minutes(self) -> None:
        def said(name: str) -> list[str]:
            return self.attempt("wrong", name).context["form"].non_field_errors()

        with time_machine.travel(timezone.now(), tick=False) as clock:
            for name in ("ann", "nobody"):
                self.assertEqual([said(name) for _ in range(4)], [[WRONG]] * 4)
            clock.shift(timedelta(seconds=59))
            # The same words for a name that does not exist.
            for name in ("ann", "nobody"):
                self.assertEqual([said(name), said(name)], [[WRONG], [LOCKED]])
            self.assertEqual(self.attempt(PASSWORD).context["form"].non_field_errors(), [LOCKED])
            clock.shift(timedelta(minutes=4, seconds=59))
            self.assertEqual(self.attempt(PASSWORD).status_code, 200)
            clock.shift(timedelta(seconds=2))
            self.assertEqual(self.attempt(PASSWORD).status_code, 302)

    def test_failures_spread_over_time_do_not_lock(self) -> None:
        with time_machine.travel(timezone.now(), tick=False) as clock:
            for _ in range(8):
                self.attempt("wrong")
                clock.shift(timedelta(seconds=20))
            self.assertEqual(self.attempt(PASSWORD).status_code, 302)

    def test_g06_a_stranger_elsewhere_cannot_lock_a_user_out(self) -> None:
        for _ in range(6):
            self.attempt("wrong", address="203.0.113.9")
        self.assertEqual(self.attempt(PASSWORD, address="192.0.2.1").status_code, 302)

    def test_sign_ins_are_audited_and_a_mistyped_user_name_is_not_kept(self) -> None:
        self.attempt("wrong", username=PASSWORD)
        self.attempt(PASSWORD)
        self.client.post("/accounts/logout/")
        events = AuditEvent.objects.order_by("id").values_list("action", "outcome", "object_name")
        self.assertEqual(
            list(events),
            [
                ("user.refused", "refused", ""),
                ("user.signed_in", "success", "ann"),
                ("user.signed_out", "success", "ann"),
            ],
        )
        self.assertFalse(any(PASSWORD in str(vars(event)) for event in AuditEvent.objects.all()))

    def test_refused_sign_ins_fill_at_most_one_row_a_minute(self) -> None:
        with time_machine.travel(timezone.now(), tick=False):
            for _ in range(4):
                self.attempt("wrong")
        self.assertEqual(AuditEvent.objects.filter(action="user.refused").count(), 1)

    def test_signing_out_takes_a_post(self) -> None:
        self.attempt(PASSWORD)
        self.assertEqual(self.client.get("/accounts/logout/").status_code, 405)

    def test_a_program_gets_401_instead_of_the_form(self) -> None:
        response = self.client.get("/service-edge-keys/", headers={"Accept": "application/json"})
        self.assertEqual((response.status_code, response.json()["code"]), (401, "sign_in_required"))

    def test_the_admin_has_no_sign_in_page_of_its_own(self) -> None:
        response = self.client.get("/admin/", follow=True)
        self.assertEqual(response.redirect_chain[-1][0], "/accounts/login/?next=/admin/")

    def test_a_session_begun_while_the_clock_was_ahead_ends_when_it_is_set_right(self) -> None:
        with time_machine.travel(timezone.now() + timedelta(days=100)):
            self.attempt(PASSWORD)
        self.assertEqual(self.client.get("/service-edge-keys/").status_code, 302)
        with time_machine.travel(timezone.now() + timedelta(minutes=5)):
            self.attempt(PASSWORD)
        # Known and without a role; clocks of two hosts differ.
        self.assertEqual(self.client.get("/service-edge-keys/").status_code, 403)
