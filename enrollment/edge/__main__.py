"""The entry point of `python -m enrollment.edge` and of the archive `enroll-edge.pyz`."""

from __future__ import annotations

import sys

from enrollment.edge.cli import main

sys.exit(main(sys.argv[1:], "enroll-edge"))
