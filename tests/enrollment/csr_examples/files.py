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
from tests.enrollment.csr_examples.parts import MALFORMED, Example, info, key, rsa_key, signed
from tests.enrollment.raw_csr import oid, pem, sequence, tlv


def texts() -> Iterator[Example]:
    """The same good request in every text encoding."""
    good = pem(signed(info()))
    first, last = good.splitlines()[0], good.splitlines()[-1]
    yield Example("byte order mark", "\ufeff" + good)
    yield Example("line ends of windows", good.replace("\n", "\r\n"))
    yield Example("the label NEW", good.replace("CERTIFICATE", "NEW CERTIFICATE"))
    yield Example("text around", f"Certificate Request:\n    Data:\n{good}and more\n")
    yield Example("one line of base64", f"{first}\n{''.join(good.splitlines()[1:-1])}\n{last}\n")
    yield Example("indented", "\n".join(f"    {line}" for line in good.splitlines()))
    yield Example(
        "parameters before it", f"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{good}"
    )
    yield Example("headers", good.replace(first, f"{first}\nComment: made by a device\n"))
    yield Example(
        "headers without an end", good.replace(first, f"{first}\nComment: x"), MALFORMED, "An empty line is missing"
    )
    encrypted = good.replace(first, f"{first}\nProc-Type: 4,ENCRYPTED\n")
    yield Example("encrypted", encrypted, MALFORMED, "The block is encrypted")
    yield Example("two blocks", good + good, MALFORMED, "There are 2 requests")
    yield Example("no end", good.replace(last, ""), MALFORMED, f"The line {last} is missing")
    yield Example(
        "another end", good.replace(last, last.replace("CERT", "NEW CERT")), MALFORMED, f"The line {last} is missing"
    )
    yield Example("all on one line", good.replace("\n", " "), MALFORMED, "line breaks of the request were lost")
    yield Example("written line breaks", good.replace("\n", "\\n"), MALFORMED, r"two characters \n")
    yield Example("bare base64", "".join(good.splitlines()[1:-1]), MALFORMED, "are missing")
    quoted = "\n".join(f"> {line}" for line in good.splitlines())
    for name, marked in (("quotes", f'"{good}"'), ("marks of a mail", quoted)):
        yield Example(f"in {name}", marked, MALFORMED, "must stand alone, without quotes")
    yield Example("a text about a private key", f"Made with its private key, which stays where it is:\n{good}")
    yield Example("UTF-16", good.encode("utf-16-le").decode("latin-1"), MALFORMED, "UTF-16")
    yield Example("nothing", " \n", MALFORMED, "The request is empty")
    yield Example("an empty block", f"{first}\n{last}\n", MALFORMED, "The block is empty")
    yield Example("a word", "no request", MALFORMED, "There is no line -----BEGIN CERTIFICATE REQUEST-----")
    yield Example("URL-safe base64", good.replace("M", "-", 1), MALFORMED, "Character 1 of the base64")
    yield Example("cut base64", f"{first}\n{base64.b64encode(b'0' * 50).decode()[:-2]}\n{last}\n", MALFORMED, "cut off")
    yield Example("17,000 characters", good + "x" * 17_000, MALFORMED, "characters; at most 16,384")
    yield Example(
        "5,000 bytes", pem(signed(info(subject=raw_csr.common_name("n" * 5_000)))), MALFORMED, "bytes; at most 4,096"
    )


def other_files() -> Iterator[Example]:
    """Files that people send instead of a request: keys, certificates, wrapped requests."""
    secret = "This holds a private key"
    for name, kind in (("PKCS #8", PrivateFormat.PKCS8), ("traditional", PrivateFormat.TraditionalOpenSSL)):
        for each in (key(), rsa_key()):
            text = each.private_bytes(Encoding.PEM, kind, NoEncryption()).decode()
            yield Example(f"a private key, {name}, {type(each).__name__}", text, MALFORMED, secret)
            der = each.private_bytes(Encoding.DER, kind, NoEncryption())
            yield Example(f"the same as a request, {name}, {type(each).__name__}", pem(der), MALFORMED, secret)
    bare = base64.b64encode(key().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()
    yield Example("a private key as bare base64", bare, MALFORMED, secret)
    sealed = key().private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    yield Example("an encrypted private key", pem(sealed, "ENCRYPTED PRIVATE KEY"), MALFORMED, secret)
    yield Example("an encrypted private key as a request", pem(sealed), MALFORMED, secret)
    both = key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode() + pem(signed(info()))
    yield Example("a private key and its request", both, MALFORMED, secret)
    certificate = _certificate()
    yield Example("a certificate", pem(certificate, "CERTIFICATE"), MALFORMED, "This is a certificate")
    yield Example("a certificate as a request", pem(certificate), MALFORMED, "This is a certificate")
    public = raw_csr.spki(key().public_key())
    yield Example("a public key", pem(public, "PUBLIC KEY"), MALFORMED, "This is a public key")
    yield Example("a public key as a request", pem(public), MALFORMED, "This is a public key")
    wrapped = sequence(oid("1.2.840.113549.1.7.2"), tlv(0xA0, sequence(signed(info()))))
    yield Example("a request in PKCS #7", pem(wrapped, "NEW CERTIFICATE REQUEST"), MALFORMED, "This is PKCS #7")
    yield Example("PKCS #7", pem(wrapped, "PKCS7"), MALFORMED, "This is PKCS #7")
    yield Example("another block", pem(b"\x30\0", "X509 CRL"), MALFORMED, "None of the PEM blocks")


def _certificate() -> bytes:
    name = x509.Name([])
    day = datetime(2026, 1, 1, tzinfo=UTC)
    made: Any = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key().public_key())
    made = made.serial_number(7).not_valid_before(day).not_valid_after(day)
    return bytes(made.sign(key(), hashes.SHA256()).public_bytes(Encoding.DER))
