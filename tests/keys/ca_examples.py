"""CAs as people have them, with one flaw each, and the fault that an upload of each is refused with.

OpenSSL makes what cryptography cannot.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.conf import settings

from tests.keys import authorities
from tests.keys.authorities import CA

ANY = x509.ObjectIdentifier("2.5.29.32.0")


@dataclass(frozen=True)
class Example:
    """A chain from the signing CA up. `code` is that of the refusal, empty when it is accepted; `verifies` says whether
    OpenSSL accepts edges below it all the same, when it is refused for another reason than that it does not."""

    name: str
    chain: tuple[CA, ...]
    code: str = ""
    verifies: bool = False


def name(text: str, kind: _ASN1Type = _ASN1Type.UTF8String) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text, kind)])


def _identifier(
    key: bytes | None = None, issuer: x509.Name | None = None, serial: int | None = None
) -> tuple[x509.ExtensionType, bool]:
    return x509.AuthorityKeyIdentifier(key, [x509.DirectoryName(issuer)] if issuer else None, serial), False


def _below(root: CA, **flaw: Any) -> tuple[CA, CA]:
    return authorities.ca("Own", root, **flaw), root


def _key_of(root: CA) -> bytes:
    return x509.SubjectKeyIdentifier.from_public_key(root.key.public_key()).digest


def made_with_cryptography() -> list[Example]:
    """Those that cryptography makes."""
    root, no_ski = authorities.ca(), authorities.ca("Root without identifier", no_identifier=True)
    serial, subject = root.certificate.serial_number, root.certificate.subject
    other = authorities.ca("Other root")
    middle = authorities.ca("Middle", root)
    aki = {"no_issuer_identifier": True}
    p521 = authorities.ca("P-521 root", key=ec.generate_private_key(ec.SECP521R1()))
    rsa_root = authorities.ca("RSA root", key=rsa.generate_private_key(65537, 2048))
    shallow = authorities.ca("Shallow root", constraints=x509.BasicConstraints(ca=True, path_length=1))
    below_shallow = authorities.ca("Middle", shallow)
    return [
        Example("good", _below(root)),
        Example("good with a middle", (authorities.ca("Own", middle), middle, root)),
        Example("root alone", (root,)),
        Example("P-521 root", _below(p521)),
        Example("RSA root", _below(rsa_root)),
        Example("pathlen enough", _below(shallow)),
        Example("pathlen too short", (authorities.ca("Own", below_shallow), below_shallow, shallow), "path_too_long"),
        Example("AKI of another key", _below(root, **aki, more=(_identifier(b"\1" * 20),)), "issuer_key_differs"),
        Example(
            "AKI of an old serial",
            _below(root, **aki, more=(_identifier(_key_of(root), subject, serial + 1),)),
            "issuer_serial_differs",
        ),
        Example(
            "AKI of another issuer",
            _below(root, **aki, more=(_identifier(_key_of(root), other.certificate.subject, serial),)),
            "issuer_issuer_differs",
        ),
        Example("AKI with everything", _below(root, **aki, more=(_identifier(_key_of(root), subject, serial),))),
        Example(
            "AKI without key id",
            _below(root, **aki, more=(_identifier(None, subject, serial),)),
            "issuer_identifier_missing",
        ),
        Example("no AKI", _below(root, **aki), "issuer_identifier_missing"),
        Example("root without SKI", _below(no_ski), "key_identifier_missing"),
        Example(
            "root with a foreign AKI", (authorities.ca("R", more=(_identifier(b"\1" * 20),)),), "issuer_key_differs"
        ),
        Example("root without keyUsage", _below(authorities.ca("R", no_usage=True)), "cannot_sign_certificates"),
        Example("no keyCertSign", _below(root, key_usage=authorities.usage(sign=False)), "cannot_sign_certificates"),
        Example("root with free constraints", _below(authorities.ca("R", critical=False)), "constraints_not_critical"),
        *_limited(root),
        *_named(root),
        *_keyed(root),
    ]  # fmt: skip


def _limited(root: CA) -> list[Example]:
    """Extensions that exclude edges, or might."""
    permitted = x509.NameConstraints([x509.DirectoryName(name("Nobody"))], None)
    excluded = x509.NameConstraints(None, [x509.UniformResourceIdentifier(settings.CLOUD_DOMAIN)])
    elsewhere = x509.NameConstraints([x509.DNSName("example.com")], None)
    server, anything = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
    clients = ExtendedKeyUsageOID.CLIENT_AUTH
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\5\0")
    policies = x509.CertificatePolicies([x509.PolicyInformation(ANY, None)])

    def more(value: x509.ExtensionType, critical: bool = False) -> tuple[CA, CA]:
        return _below(root, more=((value, critical),))

    return [
        Example("names of nobody", more(permitted), "constrained"),
        Example("names of nobody, critical", more(permitted, True), "constrained"),
        Example("the edges' addresses excluded", more(excluded), "constrained"),
        Example("names that do not matter", more(elsewhere), "constrained", verifies=True),
        Example("for servers", more(x509.ExtendedKeyUsage([server])), "not_for_clients"),
        Example("for anything", more(x509.ExtendedKeyUsage([anything])), "not_for_clients"),
        Example("for clients and servers", more(x509.ExtendedKeyUsage([clients, server]), True)),
        Example("unknown", more(odd)),
        Example("unknown and critical", more(odd, True), "critical_unknown"),
        Example("a policy", more(policies, True)),
        Example("policy required", more(x509.PolicyConstraints(0, None)), "constrained"),
        Example("policy required, critical", more(x509.PolicyConstraints(0, None), True), "constrained"),
        Example("no mapping", more(x509.PolicyConstraints(None, 0), True)),
        Example("no anyPolicy", more(x509.InhibitAnyPolicy(0))),
        Example("no anyPolicy, critical", more(x509.InhibitAnyPolicy(0), True), "critical_unknown", verifies=True),
    ]  # fmt: skip


def _named(root: CA) -> list[Example]:
    """Names in other string types and cases, and with what nobody sees."""
    printable = authorities.ca(subject=name("Printable Root", _ASN1Type.PrintableString))
    found = [
        Example("PrintableString", _below(printable)),
        Example("BMPString", _below(authorities.ca(subject=name("Root", _ASN1Type.BMPString)))),
        Example(
            "issuer in another type",
            _below(printable, issuer_name=name("Printable Root")),
            "issuer_misnamed",
            verifies=True,
        ),
        Example(
            "issuer in another case",
            _below(printable, issuer_name=name("PRINTABLE root", _ASN1Type.PrintableString)),
            "issuer_misnamed",
            verifies=True,
        ),
        Example("issuer renamed", _below(root, issuer_name=name("Root of old")), "issuer_misnamed"),
        Example("no subject", (authorities.ca(subject=x509.Name([]), parent=root), root), "name_unusable"),
        Example("not ASCII", _below(authorities.ca("Größe 根"))),
    ]
    hidden = (
        "a\u00a0b",
        "a\u200bb",
        "\ufeffa",
        "a\u00ad",
        "a\u202eb",
        "a\u3164",
        "a\ufe0f",
        "a\u2800b",
        "a\tb",
        "a\x00b",
    )
    for text in hidden:
        found.append(Example(f"{text!a} in the root", _below(authorities.ca(text)), "name_unusable", verifies=True))
    found.append(
        Example("hidden in its own name", (authorities.ca("Own\u00a0", root), root), "name_unusable", verifies=True)
    )
    return found


def _keyed(root: CA) -> list[Example]:
    """Kinds of keys and signatures."""
    edwards = authorities.ca("Ed25519 root", key=ed25519.Ed25519PrivateKey.generate())
    goldilocks = authorities.ca("Ed448 root", key=ed448.Ed448PrivateKey.generate())
    rsa_root = authorities.ca("RSA root", key=rsa.generate_private_key(65537, 3072))
    return [
        Example("Ed25519 root", _below(edwards), "unsupported_key", verifies=True),
        Example("Ed448 root", _below(goldilocks), "unsupported_key", verifies=True),
        Example("P-521", _below(root, key=ec.generate_private_key(ec.SECP521R1())), "weak_key"),
        Example("brainpool", _below(root, key=ec.generate_private_key(ec.BrainpoolP256R1())), "weak_key"),
        Example("RSA", _below(root, key=rsa.generate_private_key(65537, 3072))),
        Example("signed with PSS", _below(rsa_root, rsa_padding=padding.PSS(padding.MGF1(SHA256()), 32))),
    ]


_EXTENSIONS = """basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
"""
P256, RSA = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "-algorithm RSA -pkeyopt rsa_keygen_bits:3072"
_OPENSSL: dict[str, tuple[str, str, str, bool]] = {
    # name: key of the root, how the root signs itself, code, whether edges verify all the same
    "RSASSA-PSS key": (RSA.replace("RSA ", "RSA-PSS "), "-sha256", "pss_key", False),
    "explicit curve": (f"{P256} -pkeyopt ec_param_enc:explicit", "-sha256", "curve_not_named", False),
    "SHA-1 root": (P256, "-sha1", "", True),
    "MD5 root": (RSA, "-md5", "", True),
    "serial 0": (P256, "-set_serial 0", "serial_unusable", True),
    "serial negative": (P256, "-set_serial -5", "serial_unusable", True),
    "exponent 3": (f"{RSA} -pkeyopt rsa_keygen_pubexp:3", "-sha256", "weak_key", True),
    "serial of 21 octets": (P256, f"-set_serial 0x{'ff' * 20}", "serial_unusable", True),
}


def made_with_openssl() -> list[Example]:
    """Those that openssl makes: roots that sign edges themselves, and a CA below each."""
    found = []
    for title, (key, signing, code, verifies) in _OPENSSL.items():
        root = openssl_root(key, signing)
        found.append(Example(title, (root,), code, verifies))
        if title not in {"RSASSA-PSS key"}:
            found.append(Example(f"below: {title}", _below(root), code, verifies))
    return [*found, Example("SHA-1 link", sha1_link(), "weak_signature", verifies=True)]


def shell(script: str, **files: bytes) -> dict[str, bytes]:
    """Run a script in a directory with these files; the files there afterwards."""
    with tempfile.TemporaryDirectory() as place:
        for each, content in files.items():
            (Path(place) / each).write_bytes(content)
        ran = subprocess.run(["sh", "-euc", script], cwd=place, capture_output=True, timeout=60)
        if ran.returncode:
            raise AssertionError(ran.stderr.decode())
        return {path.name: path.read_bytes() for path in Path(place).iterdir()}


def openssl_root(key: str, signing: str) -> CA:
    own = _EXTENSIONS.replace("authorityKeyIdentifier = keyid:always", "")
    files = shell(
        f"openssl genpkey {key} -out key 2>/dev/null; "
        f"openssl req -x509 -key key -subj /O=Example/CN=Root -days 99 {signing} -out root -config config "
        "-extensions e",
        config=f"[req]\ndistinguished_name=d\n[d]\n[e]\n{own}".encode(),
    )
    return CA(x509.load_pem_x509_certificate(files["root"]), load_pem_private_key(files["key"], None))


def sha1_link() -> tuple[CA, ...]:
    root, own = authorities.ca(), authorities.ca("Own")
    files = shell(
        "openssl x509 -x509toreq -in own -signkey key -out csr 2>/dev/null; openssl x509 -req -in csr -CA root "
        "-CAkey rootkey -CAcreateserial -sha1 -days 9 -extfile extensions -out signed 2>/dev/null",
        own=own.pem, key=own.key_pem, root=root.pem, rootkey=root.key_pem, extensions=_EXTENSIONS.encode(),
    )  # fmt: skip
    return CA(x509.load_pem_x509_certificate(files["signed"]), own.key), root
