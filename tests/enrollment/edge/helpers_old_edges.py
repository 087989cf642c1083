"""Directories of edges that enrolled 70 days ago, so that they are to renew now."""

from __future__ import annotations

import json
from pathlib import Path

from enrollment.edge import store
from enrollment.edge.answer import parse_answer
from enrollment.edge.key_pair import make_csr, make_key_pair, to_pem
from enrollment.edge.placing import write_answer
from tests.support.live import LivePortal

_PROGRAM = """
import json
from enrollment.endpoints import representations
from tests.enrollment.old_enrollments import enroll_long_ago
answers = enroll_long_ago(*json.loads({given!r}))
print(json.dumps([representations.enrolled(answer) for answer in answers]))
"""


def make_aged(portal: LivePortal, key_file: Path, directories: list[Path]) -> None:
    """Fill each directory as an enrollment 70 days ago left it."""
    pairs = [make_key_pair() for _ in directories]
    given = json.dumps([key_file.read_text(), [make_csr(pair) for pair in pairs]])
    answers = json.loads(portal.manage("shell", "--verbosity", "0", "-c", _PROGRAM.format(given=given)))
    for path, pair, answer in zip(directories, pairs, answers, strict=True):
        directory = store.EdgeDirectory(path)
        with directory.locked():
            directory.write(store.KEY, to_pem(pair))
            write_answer(directory, parse_answer(json.dumps(answer).encode()), portal.url)
