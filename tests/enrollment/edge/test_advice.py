"""Each refusal of the portal, as the edge's operator and their scripts see it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from enrollment.edge import retries, watching
from enrollment.edge.advice import ADVICE
from enrollment.edge.answer import refuse_other_than
from enrollment.edge.cli import main
from enrollment.edge.enrolling import Options
from enrollment.edge.outcomes import Stop
from enrollment.edge.transport import Reply
from enrollment.errors import REFUSALS
from keys.crypto import tokens
from tests.enrollment.edge.helpers_servers import Script, http, serving
from tests.support.live import ROOT

KEY = tokens.mint("api.private.example.com", b"p" * 32).text
# Another attempt may succeed without a change at the edge.
LATER = {"clock_differs", "rate_limited", "busy", "signer_unavailable", "issuer_unavailable"}
# Only a new edge helps.


def problem(code: str) -> bytes:
    return json.dumps({"code": code, "detail": REFUSALS[code].detail, "request_id": "r-1"}).encode()


def test_every_refusal_of_the_portal_has_advice() -> None:
    assert set(ADVICE) == set(REFUSALS)


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_a_refusal_is_told_with_its_code_and_ends_with_the_right_exit_code(
    code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries.time, "sleep", lambda seconds: None)
    (tmp_path / "key.txt").write_text(KEY)
    (tmp_path / "key.txt").chmod(0o600)
    line = ["--directory", str(tmp_path / "edge"), "--key-file", str(tmp_path / "key.txt")]
    with serving(Script(http(REFUSALS[code].status, problem(code)))) as port:
        exit_code = main(["--url", f"http://127.0.0.1:{port}", *line])
    assert exit_code == (75 if code in LATER else 1) == ADVICE[code].exit_code
    said = capsys.readouterr()
    assert said.out == ""
    last = said.err.splitlines()[-1]
    assert last.startswith(f"enroll_edge: {code} (HTTP {REFUSALS[code].status}): {REFUSALS[code].detail} ")
    assert ADVICE[code].text in last
    assert "(request r-1)" in last
    assert KEY[40:80] not in said.err
    # The key pair stays, so that the next attempt is the same edge.
    assert {path.name for path in (tmp_path / "edge").iterdir()} == {".lock", "key.pem"}


@pytest.mark.parametrize("code", sorted({*REFUSALS, ""}))
def test_a_watching_edge_waits_whatever_the_portal_says(code: str, tmp_path: Path) -> None:
    (tmp_path / "certificate.pem").touch()
    options = Options("http://127.0.0.1", tmp_path)
    status, body = (REFUSALS[code].status, problem(code)) if code else (404, b"<h1>Not here</h1>")
    with pytest.raises(Stop) as refused:
        refuse_other_than({200}, Reply(status, body))
    watching._seconds_to_wait(refused.value, options)
    (tmp_path / "certificate.pem").unlink()
    if code not in LATER:
        # An edge that never enrolled ends, so that its operator sees the failure.
        with pytest.raises(Stop):
            watching._seconds_to_wait(refused.value, options)


def rows() -> list[list[str]]:
    """The table of codes in docs/edge.md."""
    chapter = (ROOT / "docs/edge.md").read_text().split("\n### Refusals of the portal\n")[1].split("\n#")[0]
    lines = [line for line in chapter.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_document_says_what_the_program_does() -> None:
    documented = {code.strip("`"): (int(exit_code), watch, text) for code, exit_code, watch, text in rows()}
    assert documented == {code: (advice.exit_code, "waits", advice.text) for code, advice in ADVICE.items()}
    assert list(documented) == list(ADVICE)


def test_the_pause_grows_with_each_failure_up_to_a_bound() -> None:
    def about(usual: float, failures: int, asked_for: float = 0) -> float:
        return round(watching._pause(usual, failures, asked_for) / usual / 0.9, 1)

    assert 1 <= about(10, 0) <= 1.3
    assert 2 <= about(10, 1) <= 2.5
    assert 8 <= about(10, 3) <= 9.8
    assert 30 <= about(10, 99) <= 36.7
    # The edge waits as long as the portal asks, and a usual pause of a day stays a day.
    assert 12 <= about(10, 1, asked_for=120) <= 14.7
    assert 1 <= about(86400, 9) <= 1.3
