"""Whether verifiers accept what a CA signs: a throw-away certificate below it, verified by OpenSSL in this process.

The rules in `keys.crypto.authority_rules` name what is known to go wrong; this finds what they do not know. The app
that makes the certificates of edges registers what makes the throw-away one, so that both are alike. Pure: no Django.
"""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from keys.crypto.authority_rules import name_of
from keys.crypto.ca_certificates import Authority, PrivateKey
from keys.errors import BadCertificate

LeafMaker = Callable[[Authority, datetime], tuple[x509.Certificate, PrivateKey]]
_makers: list[LeafMaker] = []
# X509_V_FLAG_NO_CHECK_TIME: times are judged by the rules, against the portal's clock. X509_V_FLAG_POLICY_CHECK.
_NO_TIME, _POLICIES = 0x200000, 0x80
_NORMALLY = ssl.VERIFY_X509_TRUSTED_FIRST | _NO_TIME
_STRICTLY = _NORMALLY | ssl.VERIFY_X509_STRICT | _POLICIES
# What current distributions ask of every chain: 112 bits, no SHA-1 except in a root's own signature.
_CIPHERS = "DEFAULT:@SECLEVEL=2"


def register(maker: LeafMaker) -> None:
    """Let `maker` make the certificates that are verified; it raises ValueError when the CA does not let it."""
    _makers[:] = [maker]


def require_verifiable(authority: Authority, above: Sequence[x509.Certificate], now: datetime) -> None:
    """Raise BadCertificate unless OpenSSL accepts an edge's certificate below `authority`, normally and strictly.

    `above` goes from its issuer up to the root, and is empty for a root.
    """
    found = fault(authority, above, now)
    if found:
        raise found


def fault(authority: Authority, above: Sequence[x509.Certificate], now: datetime) -> BadCertificate | None:
    """Why `require_verifiable` would raise, if it would."""
    name = name_of(authority.certificate)
    try:
        leaf, private_key = _makers[0](authority, now)
    except ValueError as error:
        return BadCertificate("unsignable", name=name, reason=str(error).rstrip("."))
    *between, root = [authority.certificate, *above]
    chain = b"".join(each.public_bytes(Encoding.PEM) for each in (leaf, *between))
    key = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    # What passes the strict checks passes the others, which are among them.
    strictly = _refusal(chain + key, root, _STRICTLY)
    if not strictly:
        return None
    normally = _refusal(chain + key, root, _NORMALLY)
    return BadCertificate(
        "unverifiable", name=name, reason=normally or strictly, strictly="" if normally else ", as strict verifiers do"
    )


def _refusal(chain_and_key: bytes, root: x509.Certificate, flags: int) -> str:
    """What OpenSSL says against a client with this certificate; empty when it lets it in.

    A handshake in memory is the only way the standard library offers to verify a chain, and is what proxies do.
    """
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    server.verify_mode = ssl.CERT_REQUIRED
    try:
        # The library reads these from a file only. They are public, but for a key that ends here.
        with tempfile.NamedTemporaryFile(prefix="leaf-", suffix=".pem") as file:
            file.write(chain_and_key)
            file.flush()
            for context in (server, client):
                context.set_ciphers(_CIPHERS)
                context.load_cert_chain(file.name)
        server.load_verify_locations(cadata=root.public_bytes(Encoding.DER))
        server.verify_flags = ssl.VerifyFlags(flags)
        _shake_hands(client, server)
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except ssl.SSLError as error:
        return str(error.reason or error).lower().replace("_", " ")
    except OSError as error:
        return f"the check could not be made ({error.strerror})"
    return ""


def _shake_hands(client: ssl.SSLContext, server: ssl.SSLContext) -> None:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (ours, theirs, ours):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    # By now everything has arrived: whoever still waits for more failed.
    theirs.do_handshake()
