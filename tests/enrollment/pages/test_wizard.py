"""Across modules: the wizard Add Private Service Edge, from the first step to the edge that appears."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from enrollment.errors import Refused
from enrollment.models import ServiceEdge
from enrollment.operations import enroll
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from portal import drafts, housekeeping
from portal.models import AuditEvent, Draft, UserSession
from portal.sessions import SEEN_EVERY
from tests.base import PortalTestCase
from tests.enrollment.wizard_answers import answers
from tests.factories import EDGE, expire, make_csr, make_group, make_key, signing_certificate
from tests.keys.base import generated
from tests.support.html import links, parsed, texts, the, words

START = "/service-edges/add/"
STEPS = ("choose-key", "certificate", "group", "key-details", "review")
NEW_GROUP = answers(0)["group"]


def at(step: str) -> str:
    return f"{START}{step}/"


class WizardTestCase(PortalTestCase):
    certificate: SigningCertificate
    group: ServiceEdgeGroup

    @classmethod
    def setUpTestData(cls) -> None:
        cls.certificate = signing_certificate()
        cls.group = make_group("Berlin DC-1", location="Berlin, Germany")

    def setUp(self) -> None:
        self.sign_in("olga")

    def answer(self, *steps: str, **changed: dict[str, Any]) -> Any:
        """Send these steps, or all that ask, each of which leads to the next."""
        given = answers(self.certificate.pk, **changed)
        for step in steps or tuple(given):
            response = self.client.post(at(step), given[step])
            assert response.status_code == 302, texts(response, "#error-summary")
        return response

    def hidden(self) -> dict[str, str]:
        """The fields of the form that creates the key."""
        page = self.client.get(at("review"))
        return {each["name"]: each["value"] for each in parsed(page).select("input[name=run], input[name=reviewed]")}

    def refused(self, step: str, **changed: Any) -> list[str]:
        """The errors of a step."""
        response = self.client.post(at(step), answers(self.certificate.pk)[step] | changed)
        self.assertEqual(response.status_code, 200)
        self.assertTrue(texts(response, "title")[0].startswith("Error: "))
        return texts(response, "#error-summary a")


class Steps(WizardTestCase):
    def test_the_whole_way_makes_group_and_key(self) -> None:
        self.assertIn(at("choose-key"), links(self.client.get("/service-edges/"), "main a"))
        self.assertIn(at("choose-key"), links(self.client.get("/service-edge-keys/add/"), "main a"))
        names = ("Choose key", "Signing certificate", "Group", "Key details", "Review")
        for number, (step, name) in enumerate(zip(STEPS, names, strict=True), 1):
            page = self.client.get(at(step))
            self.assertEqual(texts(page, "h1"), [name])
            self.assertEqual(texts(page, "title"), [f"{name}: step {number} of 5 · Service Edge Portal"])
            self.assertEqual(texts(page, "[aria-current=step]"), [name])
            self.assertEqual(links(page, ".steps a"), [at(done) for done in STEPS[: number - 1]])
            if step != "review":
                self.assertEqual(self.answer(step)["Location"], at(STEPS[number]))
        whats = ("signing certificate", "group", "key details")
        self.assertEqual(texts(page, ".reviewed a"), [f"Change {what}" for what in whats])
        self.assertIn("Location: Oslo, Norway", texts(page, ".values li"))
        self.assertNotIn("Time", "".join(texts(page, ".values li")))
        self.assertFalse(ServiceEdgeGroup.objects.filter(name="oslo DC-1").exists())
        ready = self.client.post(at("ready"), self.hidden())
        self.assertEqual(texts(ready, "h1"), ["Key ready"])
        key = ProvisioningKey.objects.select_related("group").get(name="oslo")
        self.assertEqual((key.max_uses, key.viewable, key.created_by), (3, True, "olga"))
        self.assertEqual(
            (key.group.name, key.group.description, key.group.location), ("oslo DC-1", "By the sea", "Oslo, Norway")
        )
        made = AuditEvent.objects.filter(object_name__in=("oslo DC-1", "oslo")).order_by("id")
        self.assertEqual(list(made.values_list("action", flat=True)), ["group.created", "key.created"])
        self.assertIn(key.token_head, the(ready, "#provisioning-key").text)
        self.assertTrue(texts(ready, "#deploy h2"))
        self.assertFalse(Draft.objects.exists())

    def test_f25_back_reload_and_change_keep_the_answers(self) -> None:
        self.answer()
        for step, field, value in (
            ("group", "name", "oslo DC-1"),
            ("group", "description", "By the sea"),
            ("key-details", "name", "oslo"),
            ("key-details", "max_uses", "3"),
        ):
            for _ in range(2):
                found = the(self.client.get(at(step)), f"[name={field}]")
                self.assertEqual(found.get("value", found.text.strip()), value)
        self.assertTrue(the(self.client.get(at("group")), "[name=choice][value=new]").has_attr("checked"))
        # Back keeps what was typed, however wrong, and the step is open again.
        back = self.client.post(at("key-details"), {"go": "back", "name": "a/b", "max_uses": "many"})
        self.assertEqual(back["Location"], at("group"))
        page = self.client.get(at("key-details"))
        self.assertEqual((the(page, "#id_name")["value"], the(page, "#id_max_uses")["value"]), ("a/b", "many"))
        self.assertFalse(parsed(page).select("#error-summary"))
        self.assertEqual(self.client.get(at("review"))["Location"], at("key-details"))
        self.answer("key-details")
        change = next(each for each in links(self.client.get(at("review")), ".reviewed a") if "certificate" in each)
        self.assertEqual(the(self.client.get(change), "form.form")["action"], change)
        sent = self.client.post(change, {"signing_certificate": self.certificate.pk})
        self.assertEqual(sent["Location"], at("review"))
        self.assertEqual(self.client.post(at("review"), {"go": "back"})["Location"], at("key-details"))

    def test_f26_a_later_step_leads_to_the_first_incomplete_one(self) -> None:
        for done, first in enumerate(STEPS[:-1]):
            for later in (*STEPS[done + 1 :], "ready"):
                with self.subTest(done=done, later=later):
                    self.assertEqual(self.client.get(at(later))["Location"], at(first))
                    self.assertEqual(self.client.post(at(later), {"x": "y"})["Location"], at(first))
            self.answer(first)
        self.assertEqual(self.client.get(at("ready"))["Location"], at("review"))
        # What was answered may be gone since.
        self.answer("group", group={"choice": "existing", "group": "Berlin DC-1"})
        self.group.delete()
        self.assertEqual(self.client.get(at("review"))["Location"], at("group"))
        self.assertIn("There is no group of this name", texts(self.client.get(at("group")), "#error-summary a")[0])
        self.assertFalse(ProvisioningKey.objects.exists())

    def test_each_step_shows_what_the_operations_would_refuse(self) -> None:
        make_key("taken", group=self.group)
        self.answer("choose-key")
        self.assertEqual(len(self.refused("certificate", signing_certificate="999")), 1)
        self.assertEqual(self.refused("certificate", signing_certificate=""), ["Choose a signing certificate."])
        self.answer("certificate")
        self.assertEqual(self.refused("group", choice="existing"), ["Choose a group."])
        self.assertEqual(self.refused("group", name="BERLIN DC-1"), ["A group with this name exists already."])
        self.assertEqual(len(self.refused("group", latitude="59.9")), 1)
        self.assertEqual(len(self.refused("group", name="", country_code="N", trusted_networks="")), 2)
        self.answer("group", group={"choice": "existing", "group": "berlin dc-1", "latitude": "wrong"})
        self.assertEqual(self.refused("key-details", name="Taken"), ["A key with this name exists already."])
        self.assertEqual(len(self.refused("key-details", max_uses="0", expires_at="2001-01-01T00:00")), 2)
        self.assertEqual(ServiceEdgeGroup.objects.count(), 1 + 1 - 1)
        self.assertEqual(ProvisioningKey.objects.count(), 1)

    def test_a_draft_holds_no_secret(self) -> None:
        _, text = make_key("secret", group=self.group)
        self.answer("choose-key", "certificate")
        self.assertEqual(len(self.refused("group", description=f"use {text}")), 1)
        self.client.post(at("group"), {**NEW_GROUP, "description": text, "go": "back"})
        stored = str(Draft.objects.values_list("answers", flat=True).get())
        self.assertIn("oslo DC-1", stored)
        self.assertNotIn("PSEK", stored)
        for way in ({"go": "back"}, {"choice": "existing", "group": self.group.name}):
            with self.subTest("a NUL, which PostgreSQL does not store", **way):
                self.client.post(at("group"), {**NEW_GROUP, "description": "a\0b", **way})
                draft = Draft.objects.get()
                self.assertEqual(draft.answers["group"]["description"], ["a\N{REPLACEMENT CHARACTER}b"])
        self.assertEqual(
            len(
                texts(
                    self.client.post(at("group"), {**NEW_GROUP, "trusted_networks": "x\n" * 20_000}), "#error-summary"
                )
            ),
            1,
        )

    def test_who_adds_an_edge_while_there_is_a_draft_learns_of_it(self) -> None:
        self.answer("choose-key", "certificate")
        begin, *_ = [each for each in links(self.client.get("/service-edges/"), "main a") if at("choose-key") in each]
        self.assertEqual(links(self.client.get(begin), "main .notice a"), [at("group"), "/service-edges/add/discard/"])
        # Who came back from a later step knows.
        self.assertEqual(texts(self.client.get(at("choose-key")), "main .notice"), [])
        self.client.post(at("discard"))
        self.assertEqual(texts(self.client.get(begin), "main .notice"), [])

    def test_the_address_above_the_steps_leads_to_the_first_and_to_the_draft(self) -> None:
        self.assertNotContains(self.client.get(START, follow=True), "You have a draft")
        self.answer("choose-key", "certificate")
        page = self.client.get(START, follow=True)
        self.assertEqual(page.redirect_chain, [(f"{at('choose-key')}?begin", 302)])
        self.assertIn(at("group"), links(page, ".notice a"))

    def test_only_who_may_add_keys(self) -> None:
        for who in ("vic", "tom", "sam", "nora"):
            self.sign_in(who)
            for step in (*STEPS, "ready", "discard", "ready/enrolled"):
                self.assertEqual(self.client.get(at(step)).status_code, 403)
            if who != "nora":
                self.assertNotIn(at("choose-key"), links(self.client.get("/service-edges/"), "main a"))

    def test_without_groups_a_new_one_is_proposed(self) -> None:
        ServiceEdgeGroup.objects.all().delete()
        self.answer("choose-key", "certificate")
        self.assertTrue(the(self.client.get(at("group")), "[name=choice][value=new]").has_attr("checked"))


class ExistingKeys(WizardTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.free, cls.text = make_key("edge free", group=cls.group, max_uses=5)
        cls.bad = {
            "hidden": make_key("edge hidden", group=cls.group, viewable=False)[0],
            "disabled": make_key("edge disabled", group=cls.group, enabled=False)[0],
            "expired": make_key("edge expired", group=cls.group)[0],
            "full": make_key("edge full", group=cls.group)[0],
            "blocked": make_key("edge blocked", group=make_group("Off", enabled=False))[0],
        }
        expire(cls.bad["expired"])
        ProvisioningKey.objects.filter(pk=cls.bad["full"].pk).update(uses=1)

    def test_f29_keys_that_cannot_be_used_are_listed_with_the_reason_and_cannot_be_chosen(self) -> None:
        states = {
            "hidden": "Not viewable", "disabled": "Disabled", "expired": "Expired",
            "full": "At limit", "blocked": "Blocked: group disabled",
        }  # fmt: skip
        for query in ("", "?choice=existing&q=edge"):
            page = parsed(self.client.get(at("choose-key") + query))
            for which, key in self.bad.items():
                with self.subTest(which, query=query):
                    radio = page.select_one(f"[name=key][value='{key.pk}']")
                    self.assertTrue(radio.has_attr("disabled"))
                    self.assertEqual(radio.parent.select_one(".state").text, states[which])
                    self.assertGreater(len(radio.parent.select_one(".why").text), 20)
                    self.assertEqual(radio.parent.select_one(".why a")["href"], key.get_absolute_url())
            self.assertEqual(words(page.select_one("#count")), "1 of 6 keys can be used.")
            free = page.select_one(f"[name=key][value='{self.free.pk}']")
            self.assertFalse(free.has_attr("disabled") or free.parent.select(".why"))
        for key in self.bad.values():
            response = self.client.post(at("choose-key"), {"choice": "existing", "key": key.pk})
            self.assertIn("can't be used", texts(response, "#error-summary a")[0])
        for key in ("", "x", "0", "9" * 30):
            self.assertEqual(self.client.post(at("choose-key"), {"choice": "existing", "key": key}).status_code, 200)

    def test_an_existing_key_leads_straight_to_the_end(self) -> None:
        sent = self.client.post(at("choose-key"), {"choice": "existing", "key": self.free.pk})
        self.assertEqual(sent["Location"], f"{at('ready')}?key={self.free.pk}")
        page = self.client.get(sent["Location"])
        self.assertEqual(texts(page, "h1"), ["Key ready"])
        self.assertTrue(texts(page, "#deploy h2"))
        self.assertNotContains(page, self.text)
        reveal = f"/service-edge-keys/{self.free.pk}/reveal/"
        self.assertIn(reveal, [each.get("formaction") for each in parsed(page).select("button")])
        self.assertFalse(Draft.objects.exists())
        for key in ("0", "999999", "x"):
            self.assertIn(self.client.get(f"{at('ready')}?key={key}").status_code, (302, 404))
        for which, key in self.bad.items():
            with self.subTest(which):
                page = self.client.get(f"{at('ready')}?key={key.pk}")
                # Without its text it still admits edges.
                admits = which == "hidden"
                words = "Key ready" if admits else "Key not ready"
                self.assertEqual(texts(page, "h1"), [words])
                self.assertEqual(bool(parsed(page).select("h1.unready")), not admits)
                waits = "Waiting for the first edge" if admits else "No edge can enroll now"
                self.assertEqual(texts(page, ".waiting h2"), [waits])
                self.assertContains(page, f"<title>{words}: ")

    def test_the_search_finds_what_that_of_the_keys_page_finds(self) -> None:
        """A pasted key text becomes its public id here too."""
        enrolled = enroll(self.text, make_csr(), caller=EDGE)
        event = AuditEvent.objects.get(action="edge.enrolled", object_name=enrolled.edge_name)
        event_id = event.request_id
        head, tail = self.free.token_head, self.free.token_tail
        searched = self.client.get(
            f"{at('choose-key')}?choice=existing", {"choice": "existing", "q": self.text}, follow=True
        )
        (pasted,) = [link.partition("?q=")[2] for link in links(searched, ".messages a")]
        for term in (
            pasted,
            self.free.public_id,
            tail,
            f"{head}\N{HORIZONTAL ELLIPSIS}{tail}",
            enrolled.edge_name,
            event_id,
        ):
            with self.subTest(term):
                page = self.client.get(at("choose-key"), {"choice": "existing", "q": term})
                keys = [each["value"] for each in parsed(page).select("[name=key]")]
                self.assertEqual(keys, [str(self.free.pk)])
        page = self.client.get(at("choose-key"), {"choice": "existing", "q": "0" * 32})
        self.assertIn("No key has", texts(page, "#rows")[0])

    def test_the_list_is_short_and_its_queries_do_not_grow(self) -> None:
        counts = []
        for number in range(2):
            with CaptureQueriesContext(connection) as captured:
                page = self.client.get(f"{at('choose-key')}?choice=existing&q=edge")
            counts.append(len(captured))
            self.assertLessEqual(len(parsed(page).select("[name=key]")), 20)
            if not number:
                for each in range(20):
                    make_key(f"edge {each}", group=self.group)
        self.assertEqual(counts[0], counts[1])
        self.assertIn("The first 20 by name, of which 20 can be used", texts(page, "#count")[0])


class Reviewing(WizardTestCase):
    def warned(self, **changed: dict[str, Any]) -> str:
        self.answer(**changed)
        return " ".join(texts(self.client.get(at("review")), ".notice.warning li"))

    def test_the_review_warns_of_what_would_surprise(self) -> None:
        existing = {"choice": "existing", "group": "Berlin DC-1"}
        details = answers(self.certificate.pk)["key-details"]
        self.assertEqual(self.warned(), "")
        self.assertIn("has no edges yet", self.warned(group=existing))
        ServiceEdgeGroup.objects.update(enabled=False)
        self.assertIn("“Berlin DC-1” is disabled", self.warned(group=existing))
        self.assertIn("shown once", self.warned(**{"key-details": details | {"viewable": ""}}))
        self.assertIn("The key is disabled", self.warned(**{"key-details": details | {"enabled": ""}}))
        soon = generated("Own", days=20)
        warned = self.warned(certificate={"signing_certificate": soon.pk})
        self.assertIn("“Own” expires in 19 days", warned)
        self.assertIn("different root", warned)

    def test_a_name_taken_since_is_shown_with_the_way_to_change_it(self) -> None:
        self.answer()
        sent = self.hidden()
        make_key("oslo", group=self.group)
        make_group("oslo DC-1")
        page = self.client.post(at("ready"), sent)
        self.assertEqual(texts(page, "h1"), ["Review"])
        self.assertIn("exists already", texts(page, "#error-summary li")[0])
        self.assertTrue(
            set(links(page, "#error-summary a")) <= {f"{at('key-details')}?change", f"{at('group')}?change"}
        )
        self.assertEqual(ProvisioningKey.objects.count(), 1)

    def test_what_another_tab_changed_is_reviewed_again(self) -> None:
        self.answer()
        sent = self.hidden()
        self.answer(
            "key-details", **{"key-details": {"name": "other", "max_uses": "9", "viewable": "on", "enabled": "on"}}
        )
        page = self.client.post(at("ready"), sent)
        self.assertIn("changed in another tab", texts(page, "#error-summary li")[0])
        self.assertFalse(ProvisioningKey.objects.exists())


class Creating(WizardTestCase):
    def test_f27_sent_twice_makes_one_and_both_answers_name_it(self) -> None:
        for viewable in ("on", ""):
            name = f"oslo {viewable}".strip()
            details = {"name": name, "max_uses": "3", "viewable": viewable, "enabled": "on"}
            self.answer(group=NEW_GROUP | {"name": f"G {viewable}"}, **{"key-details": details})
            sent = self.hidden()
            first, second = (self.client.post(at("ready"), sent) for _ in range(2))
            self.assertIn(name, the(first, "main").text)
            self.assertEqual(bool(parsed(first).select("[data-when-stored]")), not viewable)
            self.assertEqual(texts(second, "h1"), [f"Key “ {name} ” was made"])
            self.assertFalse(parsed(second).select("#provisioning-key"))
            self.assertIn("The page was reloaded, or its form sent twice", the(second, "main .lead").text)
            onward = links(second, "main .actions-line a")[0]
            self.assertEqual(texts(self.client.get(onward), "h1"), ["Key ready"] if viewable else [name])
        self.assertEqual(ProvisioningKey.objects.count(), 2)

    def test_f27_a_script_that_posts_to_the_review_makes_it_too(self) -> None:
        self.answer()
        self.assertContains(self.client.post(at("review")), "provisioning-key")
        self.assertEqual(self.client.post(at("review"))["Location"], at("choose-key"))


class Drafts(WizardTestCase):
    def test_the_list_of_edges_resumes_and_discards_it(self) -> None:
        self.answer("choose-key", "certificate")
        page = self.client.get("/service-edges/")
        self.assertIn("Resume draft (step 3)", texts(page, "main a"))
        self.assertIn(at("group"), links(page, "main a"))
        question = self.client.get(at("discard"))
        self.assertEqual(texts(question, "h1"), ["Discard this draft?"])
        self.assertTrue(Draft.objects.exists())
        self.assertEqual(self.client.post(at("discard"))["Location"], "/service-edges/")
        self.assertFalse(Draft.objects.exists())
        self.assertNotIn("Resume draft", self.client.get("/service-edges/").content.decode())
        self.assertEqual(self.client.get(at("discard")).status_code, 302)

    def test_a_page_of_a_discarded_draft_creates_nothing_and_the_next_page_shows_it(self) -> None:
        self.answer()
        sent = self.hidden()
        self.client.post(at("discard"))
        for step, fields in (("ready", sent), ("group", NEW_GROUP)):
            self.assertEqual(self.client.post(at(step), fields)["Location"], at("choose-key"))
            self.assertIn("Nothing was created", texts(self.client.get(at("choose-key")), ".messages")[0])
        self.assertFalse(ProvisioningKey.objects.exists())

    def test_a_draft_is_its_users_own_and_ends_after_a_day(self) -> None:
        self.answer("choose-key", "certificate")
        self.sign_in("ada")
        self.assertEqual(self.client.get(at("group"))["Location"], at("choose-key"))
        self.answer("choose-key")
        self.assertEqual(Draft.objects.count(), 2)
        olga = self.sign_in("olga")
        for age, is_there in ((drafts.KEPT_FOR - timedelta(minutes=1), True), (drafts.KEPT_FOR, False)):
            with time_machine.travel(timezone.now() + age):
                self.assertEqual(drafts.of(olga.pk) is not None, is_there)
                housekeeping.run()
            self.assertEqual(Draft.objects.count(), 2 if is_there else 0)


class Waiting(WizardTestCase):
    def test_the_address_shows_machines_that_enrolled_since(self) -> None:
        key, text = make_key("berlin-lab", group=self.group, max_uses=20)
        enroll(text, make_csr(), caller=EDGE)
        page = self.client.get(f"{at('ready')}?key={key.pk}")
        self.assertEqual(texts(page, "#enrolled li"), [])
        self.assertEqual(words(the(page, ".waiting h2")), "Waiting for the next edge")
        poll = the(page, "[data-wait]")["data-wait"]
        self.assertEqual(self.client.get(poll).json(), {"edges": [], "count": 0, "refused": {}})
        enroll(text, make_csr(), caller=EDGE)
        edge = ServiceEdge.objects.get(name="berlin-lab-2")
        with CaptureQueriesContext(connection) as captured:
            answer = self.client.get(poll).json()
        (statement,) = (each["sql"] for each in captured if "enrollment_serviceedge" in each["sql"])
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
                self.assertRegex(
                    str(cursor.fetchall()), r"SEARCH enrollment_serviceedge USING INDEX \w+ \(key_public_id=\?"
                )
        self.assertEqual(answer["count"], 1)
        self.assertEqual((answer["edges"][0]["name"], answer["edges"][0]["url"]), (edge.name, edge.get_absolute_url()))
        self.assertRegex(answer["edges"][0]["words"], r"\Aenrolled (just now|\d+ s ago), from 192\.0\.2\.7\Z")
        # Without JavaScript: the button Check.
        form = the(page, ".waiting form")
        fields = {each["name"]: each["value"] for each in form.select("input")}
        checked = self.client.get(form["action"], fields)
        self.assertIn("berlin-lab-2", texts(checked, "#enrolled li")[0])
        self.assertEqual(texts(checked, ".waiting h2"), ["1 edge enrolled"])
        for odd in ("", "?key=1", "?key=x&after=0", f"?key={key.pk}&after=-1"):
            self.assertEqual(self.client.get(f"{at('ready/enrolled')}{odd}")["Location"], at("ready"))

    def test_a_machine_that_is_refused_is_named_until_another_enrolls(self) -> None:
        key, text = make_key("berlin-lab", group=self.group)
        with self.assertRaises(Refused):
            enroll(text, "no request", caller=EDGE)
        page = self.client.get(f"{at('ready')}?key={key.pk}")
        self.assertRegex(texts(page, "#refused")[0], r"\ARefused .*, from 192\.0\.2\.7: Malformed CSR\.\Z")
        poll = the(page, "[data-wait]")["data-wait"]
        self.assertIn("Refused", self.client.get(poll).json()["refused"]["words"])
        enroll(text, make_csr(), caller=EDGE)
        self.assertEqual(self.client.get(poll).json()["refused"], {})
        with self.assertRaises(Refused):
            enroll(text, make_csr(), caller=EDGE)
        self.assertIn("Key used up", self.client.get(poll).json()["refused"]["words"])
        with time_machine.travel(timezone.now() + timedelta(minutes=11)):
            self.sign_in("olga")
            self.assertEqual(self.client.get(poll).json()["refused"], {})

    @pytest.mark.once
    def test_asking_is_no_use_of_the_session(self) -> None:
        key, _ = make_key("berlin-lab", group=self.group)
        poll = f"{at('ready/enrolled')}?key={key.pk}&after=0"
        before = UserSession.objects.get().seen_at
        with time_machine.travel(timezone.now() + 2 * SEEN_EVERY):
            self.assertEqual(self.client.get(poll).status_code, 200)
            self.assertEqual(UserSession.objects.get().seen_at, before)
            self.client.get(at("choose-key"))
            self.assertNotEqual(UserSession.objects.get().seen_at, before)
