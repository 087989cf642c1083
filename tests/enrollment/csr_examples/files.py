"""Files that are sent as a CSR: a good one in every text encoding, and other files."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tests.enrollment import raw_csr
from tests.enrollment.csr_examples.parts import MALFORMED, Odd, info, key, rsa_key, signed
from tests.enrollment.raw_csr import oid, pem, sequence, tlv


def texts() -> Iterator[Odd]:
    """The same good request in every text encoding."""
    good = pem(signed(info()))
    first, last = good.splitlines()[0], good.splitlines()[-1]
    yield Odd("byte order mark", "\ufeff" + good)
    yield Odd("line ends of windows", good.replace("\n", "\r\n"))
    yield Odd("the label NEW", good.replace("CERTIFICATE", "NEW CERTIFICATE"))
    yield Odd("text around", f"Certificate Request:\n    Data:\n{good}and more\n")
    yield Odd("one line of base64", f"{first}\n{''.join(good.splitlines()[1:-1])}\n{last}\n")
    yield Odd("indented", "\n".join(f"    {line}" for line in good.splitlines()))
    yield Odd(
        "parameters before it", f"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{good}"
    )
    yield Odd("headers", good.replace(first, f"{first}\nComment: made by a device\n"))
    yield Odd(
        "headers without an end", good.replace(first, f"{first}\nComment: x"), MALFORMED, "An empty line is missing"
    )
    encrypted = good.replace(first, f"{first}\nProc-Type: 4,ENCRYPTED\n")
    yield Odd("encrypted", encrypted, MALFORMED, "The block is encrypted")
    yield Odd("two blocks", good + good, MALFORMED, "There are 2 requests")
    yield Odd("no end", good.replace(last, ""), MALFORMED, f"The line {last} is missing")
    yield Odd(
        "another end", good.replace(last, last.replace("CERT", "NEW CERT")), MALFORMED, f"The line {last} is missing"
    )
    yield Odd("all on one line", good.replace("\n", " "), MALFORMED, "line breaks of the request were lost")
    yield Odd("written line breaks", good.replace("\n", "\\n"), MALFORMED, r"two characters \n")
    yield Odd("bare base64", "".join(good.splitlines()[1:-1]), MALFORMED, "are missing")
    quoted = "\n".join(f"> {line}" for line in good.splitlines())
    for name, marked in (("quotes", f'"{good}"'), ("marks of a mail", quoted)):
        yield Odd(f"in {name}", marked, MALFORMED, "must stand alone, without quotes")
    yield Odd("a text about a private key", f"Made with its private key, which stays where it is:\n{good}")
    yield Odd("UTF-16", good.encode("utf-16-le").decode("latin-1"), MALFORMED, "UTF-16")
    yield Odd("nothing", " \n", MALFORMED, "The request is empty")
    yield Odd("an empty block", f"{first}\n{last}\n", MALFORMED, "The block is empty")
    yield Odd("a word", "no request", MALFORMED, "There is no line -----BEGIN CERTIFICATE REQUEST-----")
    yield Odd("URL-safe base64", good.replace("M", "-", 1), MALFORMED, "Character 1 of the base64")
    yield Odd("cut base64", f"{first}\n{base64.b64encode(b'0' * 50).decode()[:-2]}\n{last}\n", MALFORMED, "cut off")
    yield Odd("17,000 characters", good + "x" * 17_000, MALFORMED, "characters; at most 16,384")
    yield Odd(
        "5,000 bytes", pem(signed(info(subject=raw_csr.common_name("n" * 5_000)))), MALFORMED, "bytes; at most 4,096"
    )


def other_files() -> Iterator[Odd]:
    """Files that people send instead of a request: keys, certificates, wrapped requests."""
    secret = "This holds a private key"
    for name, kind in (("PKCS #8", PrivateFormat.PKCS8), ("traditional", PrivateFormat.TraditionalOpenSSL)):
        for each in (key(), rsa_key()):
            text = each.private_bytes(Encoding.PEM, kind, NoEncryption()).decode()
            yield Odd(f"a private key, {name}, {type(each).__name__}", text, MALFORMED, secret)
            der = each.private_bytes(Encoding.DER, kind, NoEncryption())
            yield Odd(f"the same as a request, {name}, {type(each).__name__}", pem(der), MALFORMED, secret)
    bare = base64.b64encode(key().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()
    yield Odd("a private key as bare base64", bare, MALFORMED, secret)
    sealed = key().private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    yield Odd("an encrypted private key", pem(sealed, "ENCRYPTED PRIVATE KEY"), MALFORMED, secret)
    yield Odd("an encrypted private key as a request", pem(sealed), MALFORMED, secret)
    both = key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode() + pem(signed(info()))
    yield Odd("a private key and its request", both, MALFORMED, secret)
    certificate = _certificate()
    yield Odd("a certificate", pem(certificate, "CERTIFICATE"), MALFORMED, "This is a certificate")
    yield Odd("a certificate as a request", pem(certificate), MALFORMED, "This is a certificate")
    public = raw_csr.spki(key().public_key())
    yield Odd("a public key", pem(public, "PUBLIC KEY"), MALFORMED, "This is a public key")
    yield Odd("a public key as a request", pem(public), MALFORMED, "This is a public key")
    wrapped = sequence(oid("1.2.840.113549.1.7.2"), tlv(0xA0, sequence(signed(info()))))
    yield Odd("a request in PKCS #7", pem(wrapped, "NEW CERTIFICATE REQUEST"), MALFORMED, "This is PKCS #7")
    yield Odd("PKCS #7", pem(wrapped, "PKCS7"), MALFORMED, "This is PKCS #7")
    yield Odd("another block", pem(b"\x30\0", "X509 CRL"), MALFORMED, "None of the PEM blocks")


def _certificate() -> bytes:
    name = x509.Name([])
    day = datetime(2026, 1, 1, tzinfo=UTC)
    made: Any = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key().public_key())
    made = made.serial_number(7).not_valid_before(day).not_valid_after(day)
    return bytes(made.sign(key(), hashes.SHA256()).public_bytes(Encoding.DER))
