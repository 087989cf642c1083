"""Storing an answer of the portal in the edge's directory."""

from __future__ import annotations

import json

from enrollment.edge import store
from enrollment.edge.answer import Answer, moment
from enrollment.edge.pem import write_certificates


def write_answer(directory: store.EdgeDirectory, answer: Answer, url: str) -> None:
    """Store a verified answer. The certificate is written last: where it exists, the other files do too."""
    description = {
        "edge": answer.edge,
        "portal": url,
        "not_after": moment(answer.certificate),
        "renew_after": answer.renew_after,
    }
    directory.write(store.CHAIN, write_certificates(answer.chain))
    directory.write(store.TRUST_ANCHOR, write_certificates([answer.trust_anchor]))
    directory.write(store.DESCRIPTION, json.dumps(description, indent=2, ensure_ascii=False).encode() + b"\n")
    directory.write(store.CERTIFICATE, write_certificates([answer.certificate]))
