"""A machine in a directory: recipes run with their paths below it, and with stand-ins for what only a machine has.

The stand-ins do the part that matters here (unpacking a package, copying a file) and write down what they were told.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

from tests.support.live import ROOT

_PATH = re.compile(r"(?<![\w./:~-])/(?=(?:etc|usr|var|lib|run)/)")
# The same for sed; what it moves stays where it is.
_MOVE = r"s#(^|[^A-Za-z0-9_./:~-])/((etc|usr|var|lib|run)/)#\1{}/\2#g"
# {root} is the machine, {moved} the command that gives a script its paths.
_STAND_INS = {
    "sudo": 'exec "$@"',
    "useradd": "",
    "systemctl": "",
    "docker": "",
    "apt-get": 'for last; do :; done; case "$last" in *.deb) dpkg-deb -x "$last" {root} && '
    "{moved} -i {root}/usr/sbin/enroll-edge-setup;; esac",
    "runuser": 'shift 3; exec "$@"',
    "chown": "",
    "getent": "exit 2",
    "id": "echo 0",
    # A script has the paths of this machine too.
    "sh": 'if [ -f "$1" ]; then {moved} "$1" >"$1.here"; mv "$1.here" "$1"; fi; exec /bin/sh "$@"',
    # The users of a real machine are not known on this one.
    "install": (
        'n=$#; while [ $n -gt 0 ]; do a=$1; shift; n=$((n-1)); case "$a" in -o|-g) shift; n=$((n-1));; '
        '*) set -- "$@" "$a";; esac; done; exec /usr/bin/install "$@"'
    ),
}


def blocks(heading: str, kind: str) -> list[str]:
    """The blocks of one chapter of docs/edge.md."""
    chapter = (ROOT / "docs/edge.md").read_text().split(f"\n### {heading}\n")[1].split("\n## ")[0].split("\n### ")[0]
    return re.findall(rf"```{kind}\n(.*?)```", chapter, re.DOTALL)


class Machine:
    """`dist` is what `make edge` built, `url` the portal's address."""

    def __init__(self, root: Path, dist: Path, url: str) -> None:
        self.root, self.url, self.log = root / "machine", url, root / "log"
        self.bin, self.home = root / "bin", root / "home"
        for directory in ("etc", "run/systemd/system", "usr/bin", "var/lib"):
            (self.root / directory).mkdir(parents=True)
        (self.root / "usr/bin/python3").symlink_to("/usr/bin/python3")
        self.bin.mkdir()
        self.home.mkdir()
        (self.root / "etc/systemd/system").mkdir(parents=True)
        subprocess.run(["cp", "-r", f"{dist}/.", self.home], check=True)
        self.log.touch()
        for name, does in _STAND_INS.items():
            told = f"printf '%s\\n' {name}\" $*\" >> {self.log}"
            script = does.replace("{root}", str(self.root)).replace("{moved}", f"sed -E '{_MOVE.format(self.root)}'")
            (self.bin / name).write_text(f"#!/bin/sh\n{told}\n{script}\n")
            (self.bin / name).chmod(0o755)
        self.environment = {"PATH": f"{self.bin}:{self.root}/usr/sbin:/usr/bin:/bin", "HOME": str(self.home)}

    def here(self, text: str) -> str:
        """The text with the paths of this machine and the address of the portal."""
        return _PATH.sub(f"{self.root}/", text).replace("https://portal.example.com", self.url)

    def type(self, script: str, given: str = "") -> str:
        """Run commands as typed, in the directory that `dist` was copied to. What the shell ran, expanded."""
        result = subprocess.run(
            ["bash", "-euxc", self.here(script)], cwd=self.home, env=self.environment, input=given,
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        return result.stdout + result.stderr

    def run(self, line: list[str]) -> None:
        """Run one command as cloud-init does."""
        here = [self.here(word) for word in line]
        subprocess.run(here, cwd=self.home, env=self.environment, check=True, capture_output=True, timeout=60)

    def told(self) -> str:
        """What the stand-ins were told."""
        return self.log.read_text()

    def start_service(self) -> subprocess.Popen[str]:
        """Start what the unit says, as systemd would. Raises StopIteration without a unit."""
        places = ("etc/systemd/system", "lib/systemd/system")
        unit = next(path for place in places if (path := self.root / place / "enroll-edge.service").exists())
        content = unit.read_text()
        settings = dict(line.split("=", 1) for line in content.splitlines() if re.match(r"[A-Z]\w+=", line))
        assert "EnvironmentFile" in settings, f"{unit} is not the whole unit: {content!r}"
        lines = Path(self.here(settings["EnvironmentFile"])).read_text().splitlines()
        variables = dict(line.split("=", 1) for line in lines)
        return self.start(_expanded(settings["ExecStart"], variables), {})

    def start(self, line: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
        """Start a program of this machine; it beats every second, so that tests need not wait for a minute."""
        here = [self.here(word) for word in line] + ["--heartbeat-seconds", "1"]
        return subprocess.Popen(
            here, cwd="/", env={"PATH": os.environ["PATH"], **environment}, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip


def _expanded(line: str, variables: dict[str, str]) -> list[str]:
    """systemd's rules: `${NAME}` is one word, `$NAME` as many as it holds, none when it is not set."""
    words = []
    for word in shlex.split(line):
        if re.fullmatch(r"\$\w+", word):
            words += shlex.split(variables.get(word[1:], ""))
        else:
            words.append(re.sub(r"\$\{(\w+)\}", lambda name: variables[name[1]], word))
    return words
