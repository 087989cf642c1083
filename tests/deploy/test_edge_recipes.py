"""The recipes of docs/edge.md and the steps on the key's page, typed against a portal that runs."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.deploy.cloud_config import parse
from tests.deploy.edge_machine import Machine, blocks
from tests.enrollment.edge.helpers import WHOLE, make_key, modes, uses
from tests.support.html import the
from tests.support.live import ROOT, LivePortal

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(sys.platform != "linux", reason="recipes for Linux, with dpkg-deb"),
]
KEY_FILE = "berlin.provisioning-key.txt"


@pytest.fixture(scope="module")
def portal() -> Iterator[LivePortal]:
    with LivePortal() as running:
        yield running


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "deploy/edge/build.py", directory]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return directory


@pytest.fixture
def machine(portal: LivePortal, dist: Path, tmp_path: Path) -> Machine:
    return Machine(tmp_path, dist, portal.url)


def contact(portal: LivePortal, key: str) -> object:
    with closing(sqlite3.connect(portal.state_dir / "portal.sqlite3", timeout=20)) as database:
        row = database.execute("SELECT last_contact_at FROM enrollment_serviceedge WHERE key_name = ?", [key])
        return (row.fetchone() or [None])[0]


def require_connected(portal: LivePortal, machine: Machine, key: str, process: subprocess.Popen[str]) -> None:
    """The service enrolls, is heard of, keeps its directory private and ends when told to."""
    deadline = time.monotonic() + 60
    while contact(portal, key) is None and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert out.startswith(f"Enrolled as {key}-1 in group Berlin;")
    assert contact(portal, key)
    directory = machine.root / "var/lib/enroll-edge"
    assert set(modes(directory)) == WHOLE
    assert set(modes(directory).values()) == {"0o600"}
    assert uses(portal, key) == 1


def require_secret(machine: Machine, text: str, *said: str) -> None:
    """The key is in its file and nowhere else."""
    secret = text.strip()[60:]
    assert secret not in machine.told() + "".join(said)
    holders = [
        path for path in machine.root.parent.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()
    ]
    assert [path.name for path in holders] == ["provision_key"]
    assert oct(holders[0].stat().st_mode & 0o777) == "0o400"


@pytest.mark.parametrize("platform", ["Virtual machine", "Linux package"])
def test_a_recipe_leads_to_an_edge_that_is_connected(portal: LivePortal, machine: Machine, platform: str) -> None:
    name = platform.replace(" ", "-")
    text = make_key(portal, name, machine.home / KEY_FILE, 1).read_text()
    (recipe,) = blocks(platform, "sh")
    said = machine.type(recipe)
    assert "systemctl enable --now enroll-edge" in machine.told()
    require_secret(machine, text, said)
    require_connected(portal, machine, name, machine.start_service())


def test_the_package_is_whole_and_its_scripts_are_sh(dist: Path, tmp_path: Path) -> None:
    (package,) = dist.glob("*.deb")
    subprocess.run(["dpkg-deb", "-R", package, tmp_path / "tree"], check=True)
    for script in ("postinst", "prerm", "postrm"):
        path = tmp_path / "tree/DEBIAN" / script
        subprocess.run(["sh", "-n", path], check=True)
        assert path.stat().st_mode & 0o777 == 0o755
    fields = subprocess.check_output(["dpkg-deb", "-f", package, "Package", "Architecture", "Depends"], text=True)
    assert "Package: enroll-edge\nArchitecture: all\n" in fields
    assert "python3-cryptography (>= 38)" in fields
    listed = subprocess.check_output(["dpkg-deb", "-c", package], text=True)
    assert all(" root/root " in line for line in listed.splitlines())


def test_the_service_comes_back_from_everything_but_a_refusal() -> None:
    lines = (ROOT / "deploy/edge/enroll-edge.service").read_text().splitlines()
    for line in ("Restart=always", "RestartPreventExitStatus=1 2", "RestartSec=30", "StartLimitIntervalSec=0"):
        assert line in lines


def test_the_unit_is_one_that_systemd_accepts_and_calls_safe(tmp_path: Path) -> None:
    unit = tmp_path / "enroll-edge.service"
    unit.write_text((ROOT / "deploy/edge/enroll-edge.service").read_text().replace("/usr/bin/enroll-edge", "/bin/true"))
    try:
        verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
        exposed = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--threshold=20", unit], capture_output=True, text=True
        )
    except FileNotFoundError:
        pytest.skip("no systemd on this machine")
    assert "enroll-edge.service" not in verified.stderr
    assert exposed.returncode == 0, exposed.stdout


def container_line(machine: Machine, verb: str) -> list[str]:
    (line,) = (line for line in machine.told().splitlines() if line.startswith(f"docker {verb} "))
    return shlex.split(line)


def test_the_container_leads_to_an_edge_that_is_connected(portal: LivePortal, machine: Machine) -> None:
    text = make_key(portal, "contained", machine.home / KEY_FILE, 1).read_text()
    (recipe,) = blocks("Container", "sh")
    said = machine.type(recipe)
    require_secret(machine, text, said)
    line = container_line(machine, "run")
    volumes = [line[at + 1] for at, word in enumerate(line) if word == "--volume"]
    (environment,) = (line[at + 1] for at, word in enumerate(line) if word == "--env")
    # What the engine mounts, where the entry point of this machine looks.
    key_file = f"{machine.root}/etc/enroll-edge/provision_key:/run/secrets/provision_key:ro"
    assert volumes == ["enroll-edge:/var/lib/enroll-edge", key_file]
    (machine.root / "run/secrets").mkdir()
    (machine.root / "run/secrets/provision_key").symlink_to(machine.root / "etc/enroll-edge/provision_key")
    process = machine.start([str(installed(machine))], dict([environment.split("=", 1)]))
    require_connected(portal, machine, "contained", process)


def installed(machine: Machine) -> Path:
    """The entry point and the program, put where the Containerfile copies them."""
    for source, target in re.findall(r"^COPY \S+ (\S+) (\S+)$", containerfile(machine), re.MULTILINE):
        path = machine.root / target[1:]
        path.write_bytes((machine.home / "container" / source).read_bytes())
        path.chmod(0o755)
    entrypoint = machine.root / "usr/bin/entrypoint"
    shebang, script = entrypoint.read_text().split("\n", 1)
    entrypoint.write_text(f"{shebang}\n{machine.here(script)}")
    return entrypoint


def containerfile(machine: Machine) -> str:
    return (machine.home / "container/Containerfile").read_text()


def test_the_containerfile_is_sound_and_takes_no_key(machine: Machine) -> None:
    whole = re.sub(r"\\\n\s*", "", containerfile(machine))
    steps = [line.split(" ", 1) for line in whole.splitlines() if line and not line.startswith("#")]
    assert [step for step, _ in steps] == ["FROM", "RUN", "COPY", "COPY", "USER", "VOLUME", "ENTRYPOINT"]
    said = dict(steps)
    assert re.fullmatch(r"debian:\d+-slim", said["FROM"])
    assert said["USER"] == "10001:10001"
    assert "--uid 10001 " in said["RUN"]
    assert json.loads(said["ENTRYPOINT"]) == ["/usr/bin/entrypoint"]
    subprocess.run(["sh", "-nc", said["RUN"]], check=True)
    # All that the image is built from; there is nothing else to fall into it.
    assert {path.name for path in (machine.home / "container").iterdir()} == {
        "Containerfile", "entrypoint", "enroll-edge.pyz",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "--env PORTAL_URL="),
        ({"PORTAL_URL": "http://127.0.0.1", "ZPA_PROVISION_KEY": "1|x|PSEKsecret"}, "Mount it"),
    ],
)
def test_the_entry_point_refuses_what_cannot_work(environment: dict[str, str], words: str) -> None:
    result = subprocess.run(
        [ROOT / "deploy/edge/container/entrypoint"], env={"PATH": "/usr/bin:/bin", **environment}, capture_output=True,
        text=True,
    )  # fmt: skip
    assert result.returncode == 2
    assert words in result.stderr
    assert "PSEK" not in result.stderr


def test_the_user_data_leads_to_an_edge_that_is_connected(portal: LivePortal, machine: Machine, tmp_path: Path) -> None:
    text = make_key(portal, "clouded", tmp_path / "key.txt", 1).read_text()
    (tmp_path / "key.txt").unlink()
    (user_data,) = blocks("cloud-init", "yaml")
    assert user_data.startswith("#cloud-config\n")
    config = parse(user_data.replace("PROVISIONING_KEY", text.strip()))
    # cloud-init logs the commands and what they print, never the content of files.
    assert text.strip() not in json.dumps(config["runcmd"])
    for file in config["write_files"]:
        path = Path(machine.here(file["path"]))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(machine.here(file["content"]))
        path.chmod(int(file.get("permissions", "0644"), 8))
    key = config["write_files"][1]
    # Users are made after the first files are written.
    assert (key["owner"], key["defer"], key["permissions"]) == ("enroll-edge:enroll-edge", "true", "0400")
    assert config["users"][1]["name"] == "enroll-edge"
    for line in config["runcmd"]:
        machine.run(line)
    assert machine.told().endswith("systemctl enable --now enroll-edge\n")
    require_secret(machine, text)
    require_connected(portal, machine, "clouded", machine.start_service())


def steps(platform: str, url: str, text: str) -> str:
    """The commands of the key's page, with the key inserted as the button does."""
    page = (ROOT / "templates/keys/_deploy.html").read_text()
    # Browsers drop a line break at the start of a `pre`.
    commands = the(page, f"#deploy-{platform}").get_text().removeprefix("\n")
    return commands.replace("{{ portal_url }}", url).replace("PROVISIONING_KEY", text.strip(), 1)


def paste(machine: Machine, commands: str) -> str:
    """Paste commands into an interactive shell on a terminal. What the shell wrote into its history."""
    history = machine.home / "history"
    environment = machine.environment | {"HISTFILE": str(history), "TERM": "xterm", "PS1": "> "}
    ours, theirs = pty.openpty()
    shell = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"], cwd=machine.home, env=environment, stdin=theirs, stdout=theirs,
        stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    reader = threading.Thread(target=drain, args=[ours], daemon=True)
    reader.start()
    for line in [*machine.here(commands).split("\n"), "exit"]:
        os.write(ours, f"{line}\n".encode())
    assert shell.wait(60) == 0
    os.close(ours)
    return history.read_text()


def drain(terminal: int) -> None:
    with contextlib.suppress(OSError):
        while os.read(terminal, 65536):
            pass


@pytest.mark.parametrize("platform", ["vm", "package"])
def test_f19_the_steps_on_the_keys_page_work_and_leave_no_key_in_the_history(
    portal: LivePortal, machine: Machine, tmp_path: Path, platform: str
) -> None:
    name = f"page-{platform}"
    text = make_key(portal, name, tmp_path / "key.txt", 1).read_text()
    (tmp_path / "key.txt").unlink()
    if platform == "vm":
        # The image of the recipe, made without a key and without a start.
        (recipe,) = blocks("Virtual machine", "sh")
        machine.type(re.sub(r"^(?:sudo install -m 400|rm|sudo systemctl enable).*\n", "", recipe, flags=re.MULTILINE))
    history = paste(machine, steps(platform, portal.url, text))
    assert "set +o history" in history
    assert "systemctl enable --now enroll-edge" in history
    require_secret(machine, text, history)
    require_connected(portal, machine, name, machine.start_service())


def test_f19_the_steps_for_a_container_are_those_of_the_recipe(machine: Machine, portal: LivePortal) -> None:
    text = "1|api.private.example.com|" + "PSEK" + "x" * 120
    history = paste(machine, steps("container", "https://portal.example.com", text))
    require_secret(machine, text, history)
    (recipe,) = blocks("Container", "sh")
    ours = container_line(machine, "run")
    machine.log.write_text("")
    (machine.home / KEY_FILE).write_text(text)
    machine.type(recipe)
    assert container_line(machine, "run") == ours
