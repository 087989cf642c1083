"""Across modules: the renewal of docs/enrollment.md, typed as printed there, with openssl and curl."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.enrollment.edge.helpers import make_key
from tests.enrollment.edge.helpers_old_edges import make_aged
from tests.support.live import ROOT, LivePortal

pytestmark = pytest.mark.once


def recipe() -> str:
    """The block of commands below "With openssl and curl:" of the chapter on renewal."""
    chapter = (ROOT / "docs/enrollment.md").read_text().split("\n## Renewal\n")[1].split("\n## ")[0]
    (block,) = re.findall(r"```sh\n(.*?)```", chapter, re.DOTALL)
    return block


def test_d07_the_recipe_renews_with_openssl_and_curl(tmp_path: Path) -> None:
    with LivePortal(aged=True) as portal:
        edge = tmp_path / "edge"
        make_aged(portal, make_key(portal, "recipe", tmp_path / "key.txt", 1), [edge])
        for source, target in (("key.pem", "edge.key"), ("certificate.pem", "edge.pem")):
            (edge / source).rename(tmp_path / target)
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "PORTAL": portal.url}
        subprocess.run(["sh", "-euc", recipe()], cwd=tmp_path, env=environment, check=True, timeout=60)
        answer = json.loads((tmp_path / "next.json").read_text())
        assert answer["edge"]["name"] == "recipe-1", answer
        (tmp_path / "next.pem").write_text(answer["certificate"])
        asked = subprocess.check_output(["openssl", "x509", "-in", "next.pem", "-noout", "-pubkey"], cwd=tmp_path)
        ours = subprocess.check_output(["openssl", "pkey", "-in", "next.key", "-pubout"], cwd=tmp_path)
        assert asked == ours
