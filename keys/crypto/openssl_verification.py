"""Checking that verifiers accept what a CA signs: OpenSSL verifies a test certificate below the CA, in this process.

`keys.crypto.authority_rules` names the known faults; this check finds the others. The app that makes the certificates
of edges registers the function that makes the test certificate, so that both are alike. Pure: no Django.
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
# X509_V_FLAG_NO_CHECK_TIME, because the rules compare times with the portal's clock, and X509_V_FLAG_POLICY_CHECK.
_NO_TIME, _POLICIES = 0x200000, 0x80
_NORMALLY = ssl.VERIFY_X509_TRUSTED_FIRST | _NO_TIME
_STRICTLY = _NORMALLY | ssl.VERIFY_X509_STRICT | _POLICIES
# The default of current distributions: 112 bits, and no SHA-1 except in a root's own signature.
_CIPHERS = "DEFAULT:@SECLEVEL=2"


def register(maker: LeafMaker) -> None:
    """Let `maker` make the test certificates. It raises ValueError when it cannot make one below the CA."""
    _makers[:] = [maker]


def require_verifiable(authority: Authority, above: Sequence[x509.Certificate], now: datetime) -> None:
    """Raise BadCertificate unless OpenSSL accepts an edge's certificate below `authority`, normally and strictly.

    `above` holds the certificates from the authority's issuer up to the root. It is empty for a root.
    """
    found = fault(authority, above, now)
    if found:
        raise found


def fault(authority: Authority, above: Sequence[x509.Certificate], now: datetime) -> BadCertificate | None:
    """The exception that `require_verifiable` would raise, or None."""
    name = name_of(authority.certificate)
    try:
        leaf, private_key = _makers[0](authority, now)
    except ValueError as error:
        return BadCertificate("unsignable", name=name, reason=str(error).rstrip("."))
    *between, root = [authority.certificate, *above]
    chain = b"".join(each.public_bytes(Encoding.PEM) for each in (leaf, *between))
    key = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    # The strict checks include the normal ones.
    strictly = _refusal(chain + key, root, _STRICTLY)
    if not strictly:
        return None
    normally = _refusal(chain + key, root, _NORMALLY)
    return BadCertificate(
        "unverifiable", name=name, reason=normally or strictly, strictly="" if normally else ", as strict verifiers do"
    )


def _refusal(chain_and_key: bytes, root: x509.Certificate, flags: int) -> str:
    """The reason for which OpenSSL refuses a client with this certificate, or "".

    The standard library verifies a chain only in a TLS handshake, which takes place in memory here.
    """
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    server.verify_mode = ssl.CERT_REQUIRED
    try:
        # The library reads these from a file only. The certificates are public, and the private key is not used again.
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
    client_side = client.wrap_bio(to_client, to_server)
    server_side = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (client_side, server_side, client_side):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    # The server has all messages now. It raises when the handshake is not complete.
    server_side.do_handshake()
