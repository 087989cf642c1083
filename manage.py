#!/usr/bin/env python
"""Run a management command. `enroll_edge` runs alone: an edge has neither settings nor a database."""

import os
import sys


def main() -> None:
    if sys.argv[1:2] == ["enroll_edge"]:
        from enrollment.edge.cli import main as enroll_edge

        sys.exit(enroll_edge(sys.argv[2:]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.core.management import execute_from_command_line

    from portal import startup

    if "--traceback" in sys.argv:
        execute_from_command_line(sys.argv)
        return
    with startup.explained("manage.py cannot do this"):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
