"""Concurrent changes of certificates and keys, in one process on a real database; prints what each left, as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import connection, connections

from keys import operations
from keys.models import ProvisioningKey, SigningCertificate
from tests import factories
from tests.factories import ACTOR
from tests.keys import authorities


def at_once(*acts: Callable[[], object]) -> list[str]:
    """Run each in a thread and a connection of its own, started together; the kind of what each raised, or empty."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], object]) -> str:
        try:
            barrier.wait(10)
            act()
        except Exception as error:  # told to the caller
            return type(error).__name__
        finally:
            connections.close_all()
        return ""

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def fresh(pk: int) -> SigningCertificate:
    return SigningCertificate.objects.get(pk=pk)


def completions() -> list[str]:
    corporate = authorities.ca()
    record = SigningCertificate(name="Own")
    operations.request_certificate(record, key_type="EC P-256", actor=ACTOR)
    request = x509.load_der_x509_csr(bytes(record.request)).public_bytes(Encoding.PEM)
    given = [authorities.sign(request, corporate).pem + corporate.pem for _ in range(4)]
    return at_once(
        *(lambda pem=pem: operations.complete_certificate(fresh(record.pk), pem, actor=ACTOR) for pem in given)
    )


def takings() -> list[list[str]]:
    """A key takes a certificate while it is deleted."""
    group, results = factories.make_group("group"), []
    for number in range(6):
        record = SigningCertificate(name=f"Taken {number}")
        operations.generate_certificate(record, key_type="EC P-256", days=9, actor=ACTOR)
        key = ProvisioningKey(name=f"key {number}", group=group, signing_certificate=record)
        pk = record.pk
        results.append(
            at_once(
                lambda key=key: operations.create_key(key, actor=ACTOR),
                lambda pk=pk: operations.delete_certificate(fresh(pk), actor=ACTOR),
            )
        )
    connection.check_constraints()
    return results


def uploads() -> list[str]:
    root = authorities.ca("Twice root")
    own = authorities.ca("Twice", root)

    def upload(name: str) -> None:
        text = own.pem + root.pem
        operations.upload_chain(SigningCertificate(name=name), text, private_key_pem=own.key_pem, actor=ACTOR)

    return at_once(lambda: upload("one"), lambda: upload("other"))


def double_submits() -> list[str]:
    """The same form of a key four times."""
    group, record = factories.make_group("of the form"), factories.signing_certificate()

    def submit() -> None:
        key = ProvisioningKey(name="sent at once", group=group, signing_certificate=record)
        operations.create_key(key, actor=ACTOR, form="d" * 64)

    return at_once(*[submit] * 4)


def main() -> None:
    # It uses `at_once` of this module.
    from tests.enrollment.wizard_race import wizard_submits

    races = (completions, takings, uploads, double_submits, wizard_submits)
    print(json.dumps({race.__name__: race() for race in races}))
