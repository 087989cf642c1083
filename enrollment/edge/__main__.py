"""`python -m enrollment.edge`, and what the archive `enroll-edge.pyz` starts with."""

from __future__ import annotations

import sys

from enrollment.edge.cli import main

sys.exit(main(sys.argv[1:], "enroll-edge"))
