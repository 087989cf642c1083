"""How the edge reads the portal's answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrollment.edge.advice import ADVICE
from enrollment.edge.answer import Answer, parse_answer, refuse_other_than
from enrollment.edge.outcomes import Stop, TryLater
from enrollment.edge.printable import printable
from enrollment.edge.transport import Reply
from enrollment.errors import REFUSALS
from keys.crypto.ca_certificates import LONGEST_CHAIN
from tests.enrollment.edge.helpers import make_pki, pem
from tests.factories import make_private_key

PKI = make_pki()
KEY = make_private_key()


def read_answer(reply: Reply) -> Answer:
    return parse_answer(refuse_other_than({200, 201}, reply).body)


def problem(code: str, status: int, **members: Any) -> bytes:
    return json.dumps({"code": code, "status": status, "detail": "What to do.", **members}).encode()


@pytest.mark.parametrize("status", [200, 201])
def test_an_accepted_enrollment_is_parsed(status: int) -> None:
    answer = read_answer(Reply(status, json.dumps(PKI.document(KEY)).encode()))
    assert answer.edge["name"] == "Branch-1"
    assert pem(answer.chain[0]) == pem(PKI.issuer.certificate)


@pytest.mark.parametrize("code", [code for code, refusal in REFUSALS.items() if refusal.status < 429])
def test_a_refusal_is_final_and_keeps_the_words_of_the_portal(code: str) -> None:
    refusal = REFUSALS[code]
    body = problem(code, refusal.status, detail=refusal.detail, request_id="abc-1")
    with pytest.raises(Stop) as stop:
        read_answer(Reply(refusal.status, body))
    assert stop.value.exit_code == ADVICE[code].exit_code
    assert f"{code} (HTTP {refusal.status}): {refusal.detail}" in str(stop.value)
    assert "abc-1" in str(stop.value)


@pytest.mark.parametrize(("status", "soon"), [(408, True), (429, False), (500, True), (502, True), (503, True)])
def test_a_passing_trouble_asks_to_try_later(status: int, soon: bool) -> None:
    with pytest.raises(TryLater, match="Try again in 17 seconds") as later:
        read_answer(Reply(status, problem("busy", status), retry_after=17))
    assert (later.value.exit_code, later.value.soon) == (75, soon)


def test_a_redirect_is_told_and_not_followed() -> None:
    with pytest.raises(Stop, match=r"redirects to https://elsewhere\.example\.com/"):
        read_answer(Reply(307, b"", location="https://elsewhere.example.com/"))


@pytest.mark.parametrize(
    "changes",
    [
        {"edge": None}, {"edge": {"id": 1, "name": "a", "group": "b"}}, {"edge": {"name": "a", "group": "b"}},
        {"certificate": ""}, {"certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
        {"chain": None}, {"chain": "x"}, {"chain": [1]}, {"trust_anchor": 7}, {"renew_after": None},
        {"edge": {"id": "\ud800", "name": "a", "group": "b"}}, {"chain": [pem(PKI.root.certificate)] * LONGEST_CHAIN},
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Stop, match="not one of an enrollment portal"):
        PKI.answer(KEY, **changes)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"{}", b"\xff", b"[" * 100_000])
@pytest.mark.parametrize("status", [200, 404])
def test_the_page_of_another_server_is_refused(status: int, body: bytes) -> None:
    with pytest.raises(Stop, match="Check --url"):
        read_answer(Reply(status, body))


@given(st.integers(100, 599), st.recursive(st.none() | st.text(), lambda inner: st.dictionaries(
    st.sampled_from(["edge", "id", "name", "group", "certificate", "chain", "trust_anchor", "code", "detail"]), inner)
    | st.lists(inner)))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_no_answer_breaks_the_reader(status: int, document: Any) -> None:
    with pytest.raises(Stop):
        read_answer(Reply(status, json.dumps(document).encode()))


def test_strange_words_cannot_reach_the_terminal_nor_repeat_a_secret() -> None:
    secret = "PSEK" + "a1B/" * 30 + "=="
    with pytest.raises(Stop) as stop:
        read_answer(Reply(403, problem("x\x1b[31m", 403, detail=f"\u202eno\r\n{secret} \x1b]0;title\x07")))
    assert str(stop.value).isprintable()
    assert secret[:40] not in str(stop.value)
    assert len(printable("word " * 1000)) <= 500
