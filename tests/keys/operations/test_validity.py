"""Across modules: each bad value of each field is refused with the same code by every page and command.

Operations own validity, and nothing is stored. The cases come from `bad_values`; a field without bad values fails.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest
from django import forms
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.template.base import NodeList
from django.utils import timezone
from django.utils.safestring import SafeString

from enrollment.models import ServiceEdge
from enrollment.operations import edit_edge, enroll
from keys import operations
from keys.crypto import ca_certificates
from keys.errors import Managed
from keys.models import ProvisioningKey, ServiceEdgeGroup, SigningCertificate
from portal.forms import LinesField
from portal.models import AuditEvent
from portal.refusals import Invalid
from tests import factories
from tests.base import PortalTestCase
from tests.factories import ACTOR
from tests.keys import authorities
from tests.keys.base import make_certificate
from tests.keys.operations.bad_values import BAD, CANNOT_SIGN, Bad, fields_of

Refused = list[tuple[str, str]]
Attempt = Callable[[str, Any], Refused]
KEY_PAGES, ADMIN = "/service-edge-keys/", "/admin/keys/"
CERTIFICATE_PAGES = "/enrollment-certificates/"


class Door(NamedTuple):
    """One way to some fields of a model. `attempt` answers which fields were refused, and with which codes."""

    name: str
    model: type
    fields: set[str]
    attempt: Attempt
    takes: Callable[[str, Any], bool] = lambda field, value: True
    is_page: bool = False


def found(refused: Invalid) -> Refused:
    return [(fault.field, fault.code) for fault in refused.faults]


def attempted(act: Callable[[], Any]) -> Refused:
    try:
        act()
    except Invalid as refused:
        return found(refused)
    return []


def is_typed(control: Any, value: Any) -> bool:
    """Whether a form can send this value in this field: what it sends for the others is something else."""
    if isinstance(control, forms.BooleanField):
        return value is True
    if isinstance(value, datetime) and value.tzinfo is None:
        return False
    if isinstance(value, bool | bytes | dict | Decimal) or value in (None, []) or "\\ud" in repr(value):
        return False
    if isinstance(control, LinesField):
        return isinstance(value, list)
    is_text = type(control) in (forms.CharField, forms.ChoiceField, forms.TypedChoiceField)
    return isinstance(value, str) if is_text else not isinstance(value, list) and value != ""


def without_drawing() -> AbstractContextManager[Any]:
    """Templates are handed over to the test with their context, as always, and are not drawn: that takes most time."""
    return patch.object(NodeList, "render", lambda nodes, context: SafeString(""))


def typed(value: Any) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M") if value.tzinfo is UTC else value.isoformat()
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def is_argument(field: str, value: Any) -> bool:
    """Whether a command's argument can be this value; argparse itself refuses what is no number."""
    return type(value) is (int if field == "max_uses" else str)


def is_in_json(field: str, value: Any) -> bool:
    names = field in {"group", "signing_certificate"}
    return value in CANNOT_SIGN if names else not isinstance(value, bytes | datetime | Decimal)


class ValidityTest(PortalTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.key, text = factories.make_key("berlin", max_uses=5)
        enroll(text, factories.make_csr(), caller=factories.EDGE)
        cls.group, cls.edge = cls.key.group, ServiceEdge.objects.get()
        factories.make_managed(
            certificates=[{"name": "Vendor CA", "years": 1}],
            groups=[{"name": "Cloud"}],
            keys=[{"name": "vendor", "group": "Cloud", "max_uses": 5}],
        )
        cls.certificate = make_certificate("Own CA")
        now, day = timezone.now(), timedelta(days=1)
        states: dict[str, dict[str, Any]] = {
            "disabled": {"enabled": False},
            "expired": {"not_before": now - 2 * day, "not_after": now - day},
            "not yet": {"not_before": now + day},
            "keyless": {"sealed_private_key": None, "sealed_with": None},
        }
        for name, values in states.items():
            make_certificate(name)
            SigningCertificate.objects.filter(name=name).update(**values)
        operations.request_certificate(SigningCertificate(name="pending"), key_type="EC P-256", actor=ACTOR)
        cls.unable = dict(SigningCertificate.objects.filter(name__in=CANNOT_SIGN).values_list("name", "pk"))
        cls.authority = ca_certificates.make_authority("New", "An organization", now=now, days=365)
        cls.chain = authorities.ca("Corporate Root").pem

    def test_every_field_that_people_edit_has_bad_values(self) -> None:
        for model, fields in BAD.items():
            self.assertEqual(set(fields), fields_of(model), model)

    def test_each_bad_value_is_refused_by_operations_commands_and_manifest_and_nothing_is_stored(self) -> None:
        self.assert_all_refused((*self.operations(), *self.command_and_manifest()), at_least=1000)

    # A page hands what its form accepts to an operation, and operations refuse the same on both databases above.
    @pytest.mark.once
    def test_each_bad_value_is_refused_by_every_page_and_nothing_is_stored(self) -> None:
        self.sign_in("sue")
        self.assert_all_refused((*self.pages(), *self.support_pages()), at_least=100)

    def assert_all_refused(self, doors: Iterable[Door], *, at_least: int) -> None:
        tried = 0
        for door in doors:
            before = self.stored(door.model)
            for field, bad in self.cases(door):
                tried += 1
                with self.subTest(door=door.name, field=field, value=repr(bad.value)[:40]):
                    self.assert_refused(door, field, bad, before)
        self.assertGreater(tried, at_least)

    def test_each_bad_argument_beside_the_record_is_refused(self) -> None:
        bad = {
            "key_type": ("banana", "", None, 7, True, [], {}, "EC P-256\0"),
            "days": (0, -1, 30 * 365 + 1, 10**30, None, True, "9", 9.0, []),
        }
        before = self.stored(SigningCertificate)
        for make, good in (
            (operations.generate_certificate, {"key_type": "EC P-256", "days": 9}),
            (operations.request_certificate, {"key_type": "EC P-256"}),
        ):
            for name in good:
                for value in bad[name]:
                    with self.subTest(operation=make.__name__, argument=name, value=value):
                        record = SigningCertificate(name="new")
                        refused = attempted(partial(make, record, **{**good, name: value}, actor=ACTOR))
                        self.assertEqual([field for field, _ in refused], [name])
                        self.assertEqual(self.stored(SigningCertificate), before)

    def test_each_bad_parent_of_a_generated_certificate_is_refused(self) -> None:
        before = self.stored(SigningCertificate)
        for value in ("", [], 0, 1.5, True, 10**30, "1"):
            for make, more in (
                (operations.generate_certificate, {"key_type": "EC P-256", "days": 9}),
                (operations.create_certificate, {"authority": self.authority}),
            ):
                with self.subTest(operation=make.__name__, value=value):
                    record = SigningCertificate(name="new", parent_id=value)
                    refused = attempted(partial(make, record, **more, actor=ACTOR))
                    self.assertEqual([field for field, _ in refused], ["parent"])
                    self.assertEqual(self.stored(SigningCertificate), before)

    def test_a_version_that_is_no_whole_number_and_a_purpose_that_does_not_exist_are_refused(self) -> None:
        for value in ("1", 1.0, True, None, [], Decimal("sNaN")):
            for stored, edit in (
                (self.key, operations.edit_key),
                (self.group, operations.edit_group),
                (self.certificate, operations.edit_certificate),
            ):
                with self.subTest(operation=edit.__name__, value=value):
                    record = type(stored).objects.get(pk=stored.pk)
                    record.name = "renamed"
                    refused = attempted(partial(edit, record, fields=["name"], version=value, actor=ACTOR))
                    self.assertEqual(refused, [("version", "invalid")])
        before = AuditEvent.objects.count()
        for value in ("x", "", None, [], {}):
            with self.subTest(purpose=value):
                refused = attempted(partial(operations.reveal_key, self.key, purpose=value, actor=ACTOR))
                self.assertEqual(refused, [("for", "invalid_choice")])
        self.assertEqual(AuditEvent.objects.count(), before)

    def test_only_the_manifest_makes_records_of_the_vendor(self) -> None:
        signing = self.key.signing_certificate
        for make in (
            lambda: operations.create_key(
                ProvisioningKey(name="new", group=self.group, signing_certificate=signing, managed=True), actor=ACTOR
            ),
            lambda: operations.create_group(ServiceEdgeGroup(name="new", managed=True), actor=ACTOR),
            lambda: operations.generate_certificate(
                SigningCertificate(name="new", managed=True), key_type="EC P-256", days=9, actor=ACTOR
            ),
        ):
            with transaction.atomic(), self.assertRaises(Managed):
                make()
        for model in (ProvisioningKey, ServiceEdgeGroup, SigningCertificate):
            self.assertFalse(model.objects.filter(name="new").exists())

    @staticmethod
    def cases(door: Door) -> Iterator[tuple[str, Bad]]:
        sent = set()
        for field in sorted(door.fields):
            for bad in BAD[door.model][field]:
                # A page takes its time: it gets one value for each code, and each certificate that cannot sign.
                kind = (field, bad.code, bad.value if bad.value in CANNOT_SIGN else "")
                if door.takes(field, bad.value) and not (door.is_page and kind in sent):
                    sent.add(kind)
                    yield field, bad

    def assert_refused(self, door: Door, field: str, bad: Bad, before: Any) -> None:
        mark = transaction.savepoint()
        try:
            refused = door.attempt(field, bad.value)
            after = self.stored(door.model)
        finally:
            # What should not have been stored is no part of the next case.
            transaction.savepoint_rollback(mark)
        self.assertEqual(refused, [(bad.at or field, bad.code)])
        self.assertEqual(after, before)

    @staticmethod
    def stored(model: type) -> Any:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {model._meta.db_table} ORDER BY id")
            return cursor.fetchall(), AuditEvent.objects.count()

    # Operations

    def operations(self) -> Iterator[Door]:
        new_key = ProvisioningKey(name="new", group=self.group, signing_certificate=self.key.signing_certificate)
        yield self.creating("create_key", new_key, operations.create_key)
        yield self.creating("create_group", ServiceEdgeGroup(name="new"), operations.create_group)
        new = SigningCertificate(name="New")
        for make, more in (
            (operations.create_certificate, {"authority": self.authority}),
            (operations.generate_certificate, {"key_type": "EC P-256", "days": 9}),
            (operations.request_certificate, {"key_type": "EC P-256"}),
            (operations.upload_chain, {"certificates": self.chain}),
        ):
            yield self.creating(make.__name__, new, make, **more)
        yield self.editing(self.key, operations.edit_key, without={"group"}, version=1)
        yield self.editing(self.group, operations.edit_group, version=1)
        yield self.editing(self.certificate, operations.edit_certificate, version=1)
        yield self.editing(self.edge, edit_edge)

        def new_group(_: str, value: Any) -> Refused:
            key = ProvisioningKey(name="new", signing_certificate=self.key.signing_certificate)
            refused = attempted(lambda: operations.create_key(key, actor=ACTOR, new_group=value))
            return [({"new_group": "name", "group": "name"}[field], code) for field, code in refused]

        yield Door("create_key new_group", ServiceEdgeGroup, {"name"}, new_group, lambda _, value: bool(value))

    def creating(self, name: str, template: Any, create: Callable[..., Any], **more: Any) -> Door:
        def attempt(field: str, value: Any) -> Refused:
            record = type(template)(**{each.attname: getattr(template, each.attname) for each in template._meta.fields
                                       if each.editable and not each.primary_key})  # fmt: skip
            self.give(record, field, value)
            return attempted(lambda: create(record, **more, actor=ACTOR))

        return Door(name, type(template), fields_of(type(template)), attempt)

    def editing(self, stored: Any, edit: Callable[..., Any], without: set[str] = frozenset(), **more: Any) -> Door:
        def attempt(field: str, value: Any) -> Refused:
            record = type(stored).objects.get(pk=stored.pk)
            self.give(record, field, value)
            return attempted(lambda: edit(record, fields=[field], **more, actor=ACTOR))

        return Door(edit.__name__, type(stored), fields_of(type(stored)) - without, attempt)

    def give(self, record: Any, field: str, value: Any) -> None:
        setattr(record, record._meta.get_field(field).attname, self.of(field, value))

    def of(self, field: str, value: Any) -> Any:
        named = field == "signing_certificate" and isinstance(value, str)
        return self.unable[value] if named else value

    # Pages

    def pages(self) -> Iterator[Door]:
        add = {"name": "new", "max_uses": "1", "group": str(self.group.pk)}
        yield self.page(f"{KEY_PAGES}add/", ProvisioningKey, **add)
        yield self.page(f"{KEY_PAGES}{self.key.pk}/edit/", ProvisioningKey)
        yield self.page(f"{CERTIFICATE_PAGES}add/generate/", SigningCertificate, name="new")
        yield self.page(f"{CERTIFICATE_PAGES}add/request/", SigningCertificate, name="new")
        yield self.page(
            f"{CERTIFICATE_PAGES}add/upload/", SigningCertificate, name="x", certificates=self.chain.decode()
        )
        yield self.page(f"{CERTIFICATE_PAGES}{self.certificate.pk}/edit/", SigningCertificate)

    def support_pages(self) -> Iterator[Door]:
        signing = str(self.key.signing_certificate_id)
        sound = {"name": "new", "max_uses": "1", "group": str(self.group.pk), "signing_certificate": signing}
        yield self.page(f"{ADMIN}provisioningkey/add/", ProvisioningKey, **sound)
        yield self.page(f"{ADMIN}provisioningkey/{self.key.pk}/change/", ProvisioningKey)
        yield self.page(f"{ADMIN}serviceedgegroup/add/", ServiceEdgeGroup, name="new")
        yield self.page(f"{ADMIN}serviceedgegroup/{self.group.pk}/change/", ServiceEdgeGroup)
        yield self.page(f"{ADMIN}signingcertificate/{self.certificate.pk}/change/", SigningCertificate)
        yield self.page(f"/admin/enrollment/serviceedge/{self.edge.pk}/change/", ServiceEdge)

    def page(self, address: str, model: type, **sound: str) -> Door:
        """A form as it opens, filled in with what is sound."""
        form = self.form_of(self.client.get(address))
        shown = {name: form[name].value() for name in form.fields} | sound
        sent = {name: "on" if value is True else value for name, value in shown.items() if value not in (None, False)}

        seen: set[str] = set()

        def attempt(field: str, value: Any) -> Refused:
            data = {**sent, field: "on" if value is True else typed(self.of(field, value))}
            # The page with an error at a field is drawn once; after that its context says what is refused.
            with without_drawing() if field in seen else nullcontext():
                response = self.client.post(address, data)
            seen.add(field)
            if response.status_code == 302 or "text" in response.context:
                return []
            self.assertEqual(response.status_code, 200)
            errors = self.form_of(response).errors.get_json_data()
            return [(name, error["code"]) for name, each in errors.items() for error in each]

        offered = {name for name in form.fields if not form.fields[name].disabled}
        takes = lambda field, value: is_typed(form.fields[field], value)  # noqa: E731
        return Door(address, model, offered & fields_of(model), attempt, takes, is_page=True)

    @staticmethod
    def form_of(response: Any) -> Any:
        return response.context["adminform"].form if "adminform" in response.context else response.context["form"]

    # Command and manifest

    def command_and_manifest(self) -> Iterator[Door]:
        options = {"name": "--name", "max_uses": "--max-uses", "signing_certificate": "--signing-certificate"}

        def command(options: dict[str, str]) -> Attempt:
            def attempt(field: str, value: Any) -> Refused:
                given = {"--name": "new", "--group": "G", "--max-uses": "1"} | {options[field]: str(value)}
                try:
                    arguments = [f"{option}={each}" for option, each in given.items()]
                    call_command("create_key", *arguments, stdout=io.StringIO(), stderr=io.StringIO())
                except CommandError as error:
                    return [("name" if at == "new_group" else at, code) for at, code in found(error.__cause__)]
                return []

            return attempt

        yield Door("create_key", ProvisioningKey, set(options), command(options), is_argument)
        group = command({"name": "--group"})
        yield Door(
            "create_key --group", ServiceEdgeGroup, {"name"}, group, lambda _, value: is_argument("", value) and value
        )
        key = {"name": "new", "group": "Cloud", "max_uses": 1}
        yield self.manifest(
            "keys", ProvisioningKey, key, {"name", "max_uses", "viewable", "enabled", "signing_certificate"}
        )
        yield self.manifest("keys", ProvisioningKey, key | {"name": "vendor"}, {"max_uses", "enabled"})
        yield self.manifest("groups", ServiceEdgeGroup, {"name": "new"}, fields_of(ServiceEdgeGroup))
        yield self.manifest("groups", ServiceEdgeGroup, {"name": "Cloud"}, fields_of(ServiceEdgeGroup) - {"name"})
        certificate = {"name": "new", "years": 1}
        yield self.manifest("certificates", SigningCertificate, certificate, fields_of(SigningCertificate))
        existing = certificate | {"name": "Vendor CA"}
        yield self.manifest("certificates", SigningCertificate, existing, fields_of(SigningCertificate) - {"name"})

    def manifest(self, part: str, model: type, entry: dict[str, Any], fields: set[str]) -> Door:
        def attempt(field: str, value: Any) -> Refused:
            return attempted(lambda: operations.apply_manifest({part: [{**entry, field: value}]}, actor=ACTOR))

        return Door(f"manifest {entry}", model, fields, attempt, is_in_json)
