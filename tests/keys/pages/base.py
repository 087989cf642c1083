"""What the tests of the pages of keys and certificates share."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from keys.models import ProvisioningKey, SigningCertificate
from tests.base import PortalTestCase
from tests.factories import make_key, make_managed
from tests.keys.base import generated
from tests.support.html import markup, parts, the, words

LIST = "/service-edge-keys/"
CERTIFICATES = "/enrollment-certificates/"


def row(response: HttpResponse, key: ProvisioningKey) -> str:
    """The tbody of one key, as HTML."""
    return markup(the(response, f"tbody.record:has(#n-{key.pk})"))


def names(response: HttpResponse) -> list[str]:
    """The names in the list, from top to bottom."""
    return [words(link) for link in parts(response, "th", scope="row").select("th > a")]


def use_up(key: ProvisioningKey, uses: int | None = None) -> None:
    """Enrollments happened; counted as a machine does, without an edit."""
    ProvisioningKey.objects.filter(pk=key.pk).update(uses=key.max_uses if uses is None else uses)


def managed_key(name: str = "Vendor key", **fields: Any) -> ProvisioningKey:
    """A key the vendor manages."""
    make_managed(groups=[{"name": "Vendor"}], keys=[{"name": name, "group": "Vendor", "max_uses": 2, **fields}])
    return ProvisioningKey.objects.get(name=name)


def field_errors(response: HttpResponse) -> dict[str, list[str]]:
    """The errors of the form on the page, by field."""
    return {name: list(errors) for name, errors in response.context["form"].errors.items()}


class KeyPageTestCase(PortalTestCase):
    """Signed in as the operator Olga, with one viewable key and its text."""

    key: ProvisioningKey
    text: str

    @classmethod
    def setUpTestData(cls) -> None:
        cls.key, cls.text = make_key("Oregon", max_uses=5)

    def setUp(self) -> None:
        self.sign_in("olga")
        self.address = f"{LIST}{self.key.pk}/"


class CertificatePageTestCase(PortalTestCase):
    def setUp(self):
        self.sign_in("ada")

    def post(self, address: str, **fields):
        return self.client.post(f"{CERTIFICATES}{address}", {"client_type": "NONE", **fields})

    def one(self, name: str) -> SigningCertificate:
        return SigningCertificate.objects.get(name=name)


class OwnCertificateTestCase(CertificatePageTestCase):
    """With a certificate of the organization, *Own*."""

    def setUp(self):
        super().setUp()
        self.record = generated("Own")
        self.address = f"{self.record.pk}/"

    def edit(self, **fields):
        return self.post(f"{self.address}edit/", **{"name": "Own", "enabled": "on", "version": "1", **fields})
