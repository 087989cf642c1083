"""What was typed into a form that was not accepted is shown again to whoever typed it, and to nobody else."""

from __future__ import annotations

import json
import textwrap
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import time_machine
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from enrollment.models import ServiceEdge
from enrollment.operations import enroll
from keys.models import ProvisioningKey
from portal import housekeeping, kept_forms
from portal.models import KeptForm
from portal.sessions import end_sessions
from tests.base import PortalTestCase, make_user
from tests.factories import EDGE, make_csr, make_group, make_key, signing_certificate
from tests.keys import authorities
from tests.keys.base import generated
from tests.support.html import csrf_token, links, parsed, texts, the

TOKENS = ("csrfmiddlewaretoken", "kept_page")
PASSWORD = "correct horse battery staple"  # of these tests
ADD = "/service-edge-keys/add/"
UPLOAD = "/enrollment-certificates/add/upload/"
HERE = "https://testserver"
TYPED = {
    "name": "typed name",
    "max_uses": "17",
    "new_group": "typed group",
    "expires_at": "2030-12-31T23:59",
    "expires_at_zone": "Europe/Berlin",
    "allowed_networks": "192.0.2.0/24",
    "form_token": "a" * 22,
}


def tokens_of(page: Any) -> dict[str, str]:
    return {name: str(the(page, f"main [name={name}], #content [name={name}]")["value"]) for name in TOKENS}


class KeptFormTestCase(PortalTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        for name in ("sue", "ada"):
            user = make_user(name)
            user.set_password(PASSWORD)
            user.save()
        signing_certificate()

    def setUp(self) -> None:
        self.browser = self.client_class(enforce_csrf_checks=True)
        self.sign_in_as("sue")

    def sign_in_as(self, name: str, browser: Any = None) -> None:
        browser = browser or self.browser
        token = csrf_token(browser.get("/accounts/login/"))
        fields = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": token}
        answer = browser.post("/accounts/login/", fields, headers={"Referer": HERE})
        self.assertEqual(answer.status_code, 302)

    def token(self, address: str = ADD) -> dict[str, str]:
        """The hidden fields by which a page is known."""
        return tokens_of(self.browser.get(address))

    def send(self, token: dict[str, str], address: str = ADD, **fields: Any) -> Any:
        data = {**(fields or TYPED), **token}
        return self.browser.post(address, data, headers={"Referer": f"{HERE}{address}"})

    def end_session(self) -> None:
        end_sessions(User.objects.get(username="sue"))

    def lost(self, address: str = ADD, **fields: Any) -> str:
        """Send a form whose session ended; the address that shows it again, or "" when it is not kept."""
        token = self.token(address)
        self.end_session()
        answer = self.send(token, address, **fields)
        self.assertEqual(answer.status_code, 401)
        (sign_in,) = links(answer, "a.primary")
        (page,) = parse_qs(urlsplit(sign_in).query)["next"]
        return page if "kept=" in page else ""

    def values(self, page: Any) -> dict[str, str]:
        return {name: str(the(page, f"[name={name}]").get("value", "")) for name in ("name", "max_uses", "new_group")}


class ShownAgainTest(KeptFormTestCase):
    def test_f49_a_form_whose_session_ended_is_shown_again_after_sign_in_and_can_be_sent(self) -> None:
        address = self.lost()
        self.assertFalse(ProvisioningKey.objects.exists())
        self.sign_in_as("sue")
        self.assertFalse(ProvisioningKey.objects.exists(), "Nothing is sent by itself.")
        page = self.browser.get(address)
        self.assertEqual(self.values(page), {key: TYPED[key] for key in ("name", "max_uses", "new_group")})
        self.assertEqual(the(page, "[name=expires_at]")["value"], TYPED["expires_at"])
        self.assertEqual(the(page, "[name=form_token]")["value"], TYPED["form_token"])
        self.assertEqual(the(page, "[name=allowed_networks]").get_text().strip(), TYPED["allowed_networks"])
        self.assertContains(page, "Time zone: Europe/Berlin")
        for switch in ("viewable", "enabled"):
            self.assertFalse(the(page, f"[name={switch}]").has_attr("checked"), "It was off.")
        self.assertTrue(the(page, "details.more").has_attr("open"))
        self.assertEqual(texts(page, "[role=status][autofocus] h2"), ["This is what you typed. It is not stored yet"])
        self.assertFalse(parsed(page).select("[aria-invalid]"))
        self.assertContains(self.send(tokens_of(page)), "is ready")

    def test_a_form_older_than_a_sign_in_in_another_tab_is_shown_again(self) -> None:
        token = self.token()
        self.browser.get("/accounts/login/")
        self.end_session()
        self.sign_in_as("sue")
        answer = self.send(token)
        self.assertContains(answer, "What you typed is kept for an hour", status_code=403)
        self.assertFalse(ProvisioningKey.objects.exists())
        (address,) = links(answer, "a.primary")
        self.assertEqual(self.values(self.browser.get(address))["name"], "typed name")

    def test_an_edit_keeps_its_version_so_that_a_newer_one_is_noticed(self) -> None:
        key, _ = make_key("edited", group=make_group("London"))
        address = self.lost(f"/service-edge-keys/{key.pk}/edit/", name="typed", max_uses="9", version="0", enabled="on")
        self.sign_in_as("sue")
        page = self.browser.get(address)
        self.assertEqual(the(page, "[name=version]")["value"], "0")
        self.assertEqual(the(page, "[name=name]")["value"], "typed")

    def test_every_page_that_keeps_its_form_shows_it(self) -> None:
        for address, field in (
            ("/enrollment-certificates/add/generate/", "name"),
            ("/enrollment-certificates/add/request/", "name"),
            ("/preferences/", "time_zone"),
        ):
            with self.subTest(address):
                shown = self.lost(address, **{field: "Europe/Paris", "kind": "root"})
                self.sign_in_as("sue")
                page = self.browser.get(shown)
                self.assertContains(page, "This is what you typed")
                filled = f"[name={field}][value='Europe/Paris'], option[selected][value='Europe/Paris']"
                self.assertTrue(parsed(page).select(filled))


class SecretsTest(KeptFormTestCase):
    def test_private_keys_passwords_and_files_are_asked_again(self) -> None:
        own = authorities.ca("Edges")
        key = own.key_pem.decode()
        file = SimpleUploadedFile("x.pem", own.key_pem)
        typed = {"name": "Edges", "certificates": own.pem.decode() + key, "private_key": key, "password": "geheim-1"}
        address = self.lost(UPLOAD, **typed, private_key_file=file)
        (kept,) = KeptForm.objects.values_list("content", flat=True)
        for secret in ("PRIVATE", "geheim", *key.splitlines()[1:-1]):
            self.assertNotIn(secret, kept)
        self.sign_in_as("sue")
        page = self.browser.get(address)
        self.assertEqual(the(page, "[name=name]")["value"], "Edges")
        self.assertEqual(the(page, "[name=certificates]").get_text().strip(), own.pem.decode().strip())
        self.assertContains(page, "Not kept, for security: ")
        for label in ("Private key (optional)", "Password (optional)", "Or a file with the private key"):
            self.assertIn(label, texts(page, "#shown-again p")[0])

    def test_the_field_of_a_file_keeps_no_text_either(self) -> None:
        self.lost(UPLOAD, name="Edges", private_key_file="sent by a program")
        kept = json.loads(KeptForm.objects.get().content)
        self.assertEqual(kept, {"fields": {"name": ["Edges"]}, "asked_again": ["private_key_file"]})

    def test_what_may_be_a_secret_in_another_field_is_not_kept(self) -> None:
        _key, text = make_key("its text", group=make_group("London"))
        der = "".join(authorities.ca().key_pem.decode().splitlines()[1:-1])
        broken = "\n".join(text[start : start + 20] for start in range(0, len(text), 20))
        wrapped = "\n".join(textwrap.wrap(der, 48))
        for secret in (text, broken, der, wrapped, f"note {der[:64]}", "-----BEGIN PRIVATE KEY-----"):
            with self.subTest(secret[:30]):
                address = self.lost(name=secret, max_uses="5")
                kept = KeptForm.objects.latest("pk").content
                self.assertEqual(json.loads(kept), {"fields": {"max_uses": ["5"]}, "asked_again": ["name"]})
                self.sign_in_as("sue")
                self.assertContains(self.browser.get(address), "Not kept, for security: Name.")

    def test_the_sign_in_form_and_fields_that_no_form_has_are_not_kept(self) -> None:
        self.lost(**TYPED, password="geheim", other="x")
        self.assertNotIn("geheim", KeptForm.objects.get().content)
        self.sign_in_as("sue")
        token = self.token("/preferences/")
        self.sign_in_as_again()
        answer = self.send(token, "/accounts/login/", username="sue", password=PASSWORD)
        self.assertEqual((answer.status_code, KeptForm.objects.count()), (403, 1))

    def sign_in_as_again(self) -> None:
        self.end_session()
        self.sign_in_as("sue")


class EveryFormTest(KeptFormTestCase):
    """What becomes of the forms that confirm, of the own password and of those under /admin/."""

    def shown(self, address: str, **fields: str) -> Any:
        """The page that shows a lost form again, after sign-in."""
        again = self.lost(address, **fields)
        self.sign_in_as("sue")
        page = self.browser.get(again)
        self.assertContains(page, "This is what you typed")
        return page

    def test_a_confirmation_leads_back_to_itself_with_what_was_typed(self) -> None:
        key, text = make_key("lab")
        enroll(text, make_csr(), caller=EDGE)
        edge = ServiceEdge.objects.get()
        certificate = generated("Own")
        for address in (
            f"/service-edge-keys/{key.pk}/delete/",
            f"/enrollment-certificates/{certificate.pk}/delete/",
            f"/service-edge-keys/{key.pk}/revoke/",
            f"/service-edges/{edge.pk}/revoke/",
            f"/service-edges/{edge.pk}/certificates/{edge.certificates.get().pk}/revoke/",
        ):
            with self.subTest(address):
                page = self.shown(address, confirm_name="typed", reason="keyCompromise")
                self.assertEqual(the(page, "main [name=confirm_name]")["value"], "typed")
                for chosen in parsed(page).select("main [name=reason] option[selected]"):
                    self.assertEqual(chosen["value"], "keyCompromise")
                self.assertEqual((edge.certificates.filter(revoked_at=None).count(), key.uses), (1, 0))

    def test_no_password_is_kept_and_the_page_names_them(self) -> None:
        typed = {"old_password": PASSWORD, "new_password1": "geheim-geheim-1", "new_password2": "geheim-geheim-1"}
        page = self.shown("/accounts/password/", **typed)
        self.assertContains(page, "Not kept, for security: Current password, New password, New password again.")
        self.assertNotIn("geheim", KeptForm.objects.get().content)
        self.assertNotIn(PASSWORD, KeptForm.objects.get().content)

    def test_the_forms_of_the_support_pages_are_kept(self) -> None:
        key, _ = make_key("lab")
        pages = "/admin/keys/provisioningkey/"
        typed = {
            "name": "typed",
            "max_uses": "12",
            "group": "nowhere",
            "allowed_networks": '["192.0.2.0/24"]',
            "_save": "Save",
        }
        page = self.shown(f"{pages}add/", **typed)
        for name in ("name", "max_uses", "group"):
            self.assertEqual(the(page, f"#id_{name}")["value"], typed[name])
        self.assertEqual(the(page, "#id_allowed_networks").get_text().strip(), typed["allowed_networks"])
        self.assertFalse(the(page, "#id_enabled").has_attr("checked"), "It was off.")
        page = self.shown(f"{pages}{key.pk}/change/", name="typed", max_uses="9", opened_version="0")
        self.assertEqual((the(page, "#id_name")["value"], the(page, "#id_opened_version")["value"]), ("typed", "0"))
        new = {
            "username": "new",
            "usable_password": "true",
            "password1": "geheim-geheim-1",
            "password2": "geheim-geheim-1",
        }
        page = self.shown("/admin/auth/user/add/", **new)
        self.assertEqual(the(page, "#id_username")["value"], "new")
        self.assertContains(page, "Not kept, for security: Password, Password confirmation.")
        self.assertNotIn("geheim", KeptForm.objects.latest("pk").content)
        user = User.objects.get(username="ada")
        page = self.shown(f"/admin/auth/user/{user.pk}/change/", username="adele", is_active="on", groups="1")
        self.assertEqual(the(page, "#id_username")["value"], "adele")
        self.assertEqual([each["value"] for each in parsed(page).select("[name=groups][checked]")], ["1"])


class OthersTest(KeptFormTestCase):
    def assert_not_shown(self, page: Any) -> None:
        self.assertNotContains(page, "typed")

    def test_another_person_in_this_browser_does_not_see_it(self) -> None:
        address = self.lost()
        self.sign_in_as("ada")
        self.assert_not_shown(self.browser.get(address))
        self.end_sessions_of("ada")
        self.sign_in_as("sue")
        self.assertContains(self.browser.get(address), "typed name")

    def end_sessions_of(self, name: str) -> None:
        end_sessions(User.objects.get(username=name))

    def test_the_form_of_another_persons_page_is_not_kept_for_whoever_signed_in(self) -> None:
        token = self.token()
        self.end_session()
        self.sign_in_as("ada")
        answer = self.send(token)
        self.assertContains(answer, "Go back in your browser", status_code=403)
        self.assertFalse(KeptForm.objects.exists())

    def test_another_browser_of_the_same_person_does_not_show_it(self) -> None:
        address = self.lost()
        other = self.client_class()
        self.sign_in_as("sue", other)
        self.assert_not_shown(other.get(address))

    def test_a_forged_cookie_counts_as_none(self) -> None:
        address = self.lost()
        self.sign_in_as("sue")
        name = settings.PAGES_COOKIE_NAME
        value = self.browser.cookies[name].value
        for forged in (f"{value[:-1]}{'a' if value[-1] != 'a' else 'b'}", "", "x:y:z"):
            self.browser.cookies[name] = forged
            self.assert_not_shown(self.browser.get(address))

    def test_nothing_is_kept_for_a_browser_without_a_name(self) -> None:
        # Its sign-in gives it one, by which it would not find the form.
        del self.browser.cookies[settings.PAGES_COOKIE_NAME]
        self.assertEqual(self.lost(), "")
        self.assertFalse(KeptForm.objects.exists())

    def test_nothing_is_kept_for_an_address_that_no_column_can_hold(self) -> None:
        token = {**self.token(), "csrfmiddlewaretoken": "A" * 64}
        for address in ("/admin/keys/provisioningkey/%00/change/", f"/admin/keys/provisioningkey/{'1' * 3000}/change/"):
            answer = self.send(token, address)
            self.assertContains(answer, "Go back in your browser", status_code=403)
        self.assertFalse(KeptForm.objects.exists())

    def test_it_is_shown_on_its_own_page_only_and_for_a_well_formed_name_only(self) -> None:
        address = self.lost()
        self.sign_in_as("sue")
        handle = address.partition("kept=")[2]
        elsewhere = "/enrollment-certificates/add/request/"
        for page in (f"{elsewhere}?kept={handle}", f"{ADD}?kept=%00", f"{ADD}?kept={'x' * 99}"):
            answer = self.browser.get(page)
            self.assertEqual(answer.status_code, 200)
            self.assert_not_shown(answer)

    def test_another_site_cannot_have_a_form_kept(self) -> None:
        token = self.token()
        fields, here = {**TYPED, **token}, {"Referer": f"{HERE}/"}
        away = {"Origin": "https://evil.example", "Referer": "https://evil.example/trap"}
        signed = token["kept_page"]
        old = {**TYPED, "csrfmiddlewaretoken": "A" * 64}
        for session in ("alive", "ended"):
            for sent, headers in (
                (fields, away),
                (old, here),
                ({**old, "kept_page": f"{signed[:-1]}{'a' if signed[-1] != 'a' else 'b'}"}, here),
                ({**old, "kept_page": "ä:b:c"}, here),
                ({**old, "kept_page": self.page_of_another_browser()}, here),
                (TYPED, here),
            ):
                answer = self.browser.post(ADD, sent, headers=headers)
                self.assertEqual((session, answer.status_code), (session, 403))
                self.assertFalse(KeptForm.objects.exists())
            self.end_session()

    def page_of_another_browser(self) -> str:
        other = self.client_class()
        self.sign_in_as("ada", other)
        return tokens_of(other.get(ADD))["kept_page"]

    def test_a_deleted_or_disabled_user_leaves_nothing(self) -> None:
        token = self.token()
        User.objects.filter(username="sue").update(is_active=False)
        self.end_session()
        self.assertContains(self.send(token), "Go back in your browser", status_code=401)
        self.assertFalse(KeptForm.objects.exists())


class BoundsTest(KeptFormTestCase):
    def test_it_is_shown_for_an_hour_and_then_removed(self) -> None:
        address = self.lost()
        with time_machine.travel(timezone.now() + kept_forms.KEPT_FOR - timedelta(minutes=1)):
            housekeeping.run()
            self.sign_in_as("sue")
            self.assertContains(self.browser.get(address), "typed name")
        self.end_session()
        with time_machine.travel(timezone.now() + kept_forms.KEPT_FOR):
            self.sign_in_as("sue")
            self.assertNotContains(self.browser.get(address), "typed name")
            housekeeping.run()
        self.assertFalse(KeptForm.objects.exists())

    def test_the_last_five_of_a_user_are_kept(self) -> None:
        token = self.token()
        self.end_session()
        for number in range(7):
            self.send(token, name=f"form {number}")
        kept = KeptForm.objects.order_by("pk").values_list("content", flat=True)
        self.assertEqual(["form 2" in kept[0], len(kept)], [True, 5])

    def test_a_large_form_is_not_kept(self) -> None:
        many = "\n".join(["192.0.2.0/24"] * 3_000)
        self.assertEqual(self.lost(**{**TYPED, "allowed_networks": many}), "")
        self.assertFalse(KeptForm.objects.exists())

    def test_a_path_that_is_too_long_for_its_column_is_not_kept(self) -> None:
        key, _ = make_key()
        column = KeptForm._meta.get_field("path").max_length or 0
        path, token = "/service-edge-keys/{pk:0>{digits}}/edit/", self.token()
        self.end_session()
        for length, is_kept in ((column, True), (column + 1, False)):
            address = path.format(pk=key.pk, digits=length - len(path.format(pk="", digits=0)))
            self.assertEqual(len(address), length)
            answer = self.send(token, address, name="typed name")
            self.assertEqual((answer.status_code, KeptForm.objects.filter(path=address).exists()), (401, is_kept))

    def test_a_browser_keeps_its_name_however_often_somebody_signs_in(self) -> None:
        address = self.lost()
        for _ in range(6):
            self.end_session()
            self.sign_in_as("sue")
        self.assertContains(self.browser.get(address), "typed name")

    def test_the_form_of_a_page_older_than_a_week_is_not_kept(self) -> None:
        token = self.token()
        self.end_session()
        with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)):
            self.send(token)
        self.assertFalse(KeptForm.objects.exists())

    def test_what_a_database_cannot_hold_is_no_error(self) -> None:
        address = self.lost(name="a\0b\ufffe", max_uses="1")
        self.sign_in_as("sue")
        self.assertEqual(self.browser.get(address).status_code, 200)
