"""Mutated files for the upload of a CA, in every form that is read: refused by a code of the list, or accepted."""

from __future__ import annotations

import base64
import functools
import random
import re

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, pkcs7, pkcs12
from django.db import transaction

from keys.crypto import uploaded_pem
from keys.errors import CERTIFICATE_FAULTS, BadCertificate
from keys.models import SigningCertificate
from keys.operations import upload_chain
from tests.factories import ACTOR
from tests.fuzz import mutations
from tests.keys import authorities

PASSWORD = "secret"
Upload = tuple[bytes, bytes, str]


class _Undone(Exception):
    """Takes back what was accepted."""


@functools.cache
def root() -> authorities.CA:
    return authorities.ca()


@functools.cache
def seeds() -> list[tuple[bytes, bytes]]:
    """Files as people have them, each with the private key that belongs to it, unless it is inside.

    RSA once in 41: testing the primes of a key of 3,072 bits takes a tenth of a second, ten times as long as the rest.
    """
    above = root()
    renewed = authorities.ca("Corporate Root", key=above.key, days=(-9, -1))
    own = authorities.ca("Own", above)
    rsa_own = authorities.ca("RSA", above, key=rsa.generate_private_key(65537, 3072))
    encrypted = BestAvailableEncryption(PASSWORD.encode())
    cheaply = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2048).build(PASSWORD.encode())
    both = [own.certificate, above.certificate]
    store = pkcs12.serialize_key_and_certificates(b"own", own.key, own.certificate, [above.certificate], cheaply)
    key_der = own.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, encrypted)
    others = [
        (own.pem + above.pem, own.key_pem),
        (own.pem + renewed.pem + above.pem, own.encrypted(encrypted)),
        (own.pem + own.key_pem + above.pem, b""),
        ((own.pem + above.pem).decode().encode("utf-16"), own.key_pem),
        (own.certificate.public_bytes(Encoding.DER) + above.certificate.public_bytes(Encoding.DER), key_der),
        (pkcs7.serialize_certificates(both, Encoding.DER), own.key_pem),
        (pkcs7.serialize_certificates(both, Encoding.PEM), own.key_pem),
        (store, b""),
    ]
    return [*(others * 5), (rsa_own.pem + above.pem, rsa_own.key_pem)]


def random_upload(chance: random.Random) -> Upload:
    certificates, key = chance.choice(seeds())
    password = chance.choice((PASSWORD, PASSWORD, PASSWORD, "", "wrong", "\u0000ä\U0001f511"))
    if key and chance.random() < 0.2:
        return certificates, _mutated(chance, key), password
    return _mutated(chance, certificates), key, password


def _mutated(chance: random.Random, given: bytes) -> bytes:
    """The bytes of the file or, inside PEM, of what a block holds."""
    if chance.random() < 0.25:
        return mutations.damaged_bytes(chance, given)
    if given[:1] == b"\x30":
        return mutations.mutated_der(chance, given)
    blocks = list(re.finditer(rb"-----BEGIN ([A-Z0-9 ]+)-----\n(.+?)-----END", given, re.DOTALL))
    if not blocks:
        return mutations.damaged_bytes(chance, given)
    block = chance.choice(blocks)
    inside = mutations.mutated_der(chance, base64.b64decode(block[2]))
    if block[1] == b"CERTIFICATE" and chance.random() < 0.6:
        # Under a good signature, so that judging goes beyond it.
        inside = mutations.signed_again(inside, root().key)
    return given[: block.start(2)] + base64.encodebytes(inside) + given[block.end(2) :]


def judge_upload(made: Upload) -> str:
    """An upload is accepted, or refused with a fault of the list; a form that shows it again raises nothing."""
    certificates, key, password = made
    shown = uploaded_pem.public_part([certificates, key])
    if "PRIVATE" in shown:
        raise AssertionError(f"shown again: {shown}")
    try:
        with transaction.atomic():
            upload_chain(
                SigningCertificate(name="Own"), certificates, private_key_pem=key, password=password, actor=ACTOR
            )
            raise _Undone
    except _Undone:
        return "accepted"
    except BadCertificate as refused:
        if refused.code not in CERTIFICATE_FAULTS:
            raise
        return refused.code
