"""The command line of `enroll_edge`: options in, exit code out."""

from __future__ import annotations

import argparse
import io
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from enrollment.edge.enrolling import Options, enroll
from enrollment.edge.outcomes import DONE, INTERRUPTED, USAGE, explain
from enrollment.edge.watching import watch

HELP = "Enroll this machine as a Private Service Edge. Needs neither settings nor a database."
EPILOG = """\
DIRECTORY is made if needed and holds key.pem, certificate.pem, chain.pem, trust-anchor.pem and edge.json. With a
valid certificate in it nothing is done until a third of its life is left, then it is renewed; neither needs the
provisioning key. With --watch the command stays, sends a heartbeat every minute and renews when due. After any
failure run the same command again: with the same directory an enrollment never costs a second use of the key.

exit codes: 0 enrolled, renewed, enrolled already, or --watch was ended; 1 refused, with a code; 2 wrong
usage; 75 try again later; 130 interrupted from the keyboard
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to `parser`, which is this program's or Django's."""
    parser.add_argument("--url", required=True, help="address of the portal, https://HOST[:PORT]/")
    parser.add_argument("--directory", required=True, type=Path, help="where this edge keeps its key and certificate")
    parser.add_argument("--key-file", type=Path, help="file with the provisioning key; without it the key is asked for")
    parser.add_argument("--ca-file", type=Path, help="PEM file to verify the https server by (default: system store)")
    parser.add_argument(
        "--proxy", metavar="URL",
        help="HTTP proxy, http://[USER:PASSWORD@]HOST:PORT; '' for none (default: HTTPS_PROXY, except for NO_PROXY)",
    )  # fmt: skip
    parser.add_argument("--insecure-http", action="store_true", help="allow http to other machines, in clear text")
    parser.add_argument("--keep-key-pair", action="store_true", help="renew with the present key pair, not a new one")
    parser.add_argument("--watch", action="store_true", help="stay: send heartbeats, renew when due, until terminated")
    parser.add_argument("--heartbeat-seconds", type=_seconds, default=60.0, help="with --watch (default: 60)")


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 1 <= seconds <= 86400:
        raise argparse.ArgumentTypeError("from 1 to 86400")
    return seconds


def main(argv: Sequence[str], program: str = "manage.py enroll_edge") -> int:
    """Run the command and return its exit code."""
    # Before the parser, whose error message would repeat the key.
    if any("|PSEK" in argument for argument in argv):
        _print_error(
            "A key does not belong on the command line, where others can see it. Use --key-file, and replace this key."
        )
        return USAGE
    parser = argparse.ArgumentParser(
        prog=program,
        description=HELP,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_arguments(parser)
    return run(Options(**vars(parser.parse_args(argv))))


def run(options: Options) -> int:
    """Enroll or watch, print the result and return the exit code.

    Success goes to standard output, everything else to standard error.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A group's name that the terminal cannot show must not end a run.
            stream.reconfigure(errors="backslashreplace")
    # The library's warnings about certificates are for programmers; `verification` judges the certificates.
    warnings.simplefilter("ignore")
    try:
        if options.watch:
            watch(options, _print_result, _print_error)
            return DONE
        _print_result(enroll(options, _print_error))
    except KeyboardInterrupt:
        _print_error("Interrupted. Run the same command again to continue.")
        return INTERRUPTED
    except Exception as error:
        stop = explain(error, options.directory)
        _print_error(str(stop))
        return stop.exit_code
    return DONE


def _print_result(result: str) -> None:
    # A full disk or a closed pipe must not end an edge.
    with suppress(OSError):
        # The journal of a service shows each line at once.
        print(result, flush=True)


def _print_error(message: str) -> None:
    with suppress(OSError):
        print(f"enroll_edge: {message}", file=sys.stderr)
