"""The recipes of docs/edge.md and the steps on the key's page, typed against a portal that runs."""

from __future__ import annotations

import contextlib
import hashlib
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
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.deploy.cloud_config import parse
from tests.deploy.edge_machine import Machine, blocks
from tests.enrollment.edge.helpers import WHOLE, make_key, modes, uses
from tests.support.html import csrf_token, the
from tests.support.live import PASSWORD, ROOT, LivePortal

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


def require_connected(
    portal: LivePortal, machine: Machine, key: str, process: subprocess.Popen[str], first: str = ""
) -> None:
    """The service says `first` or that it enrolled, is heard of, keeps its directory private and ends when told to."""
    deadline = time.monotonic() + 60
    while contact(portal, key) is None and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert out.startswith(first or f"Enrolled as {key}-1 in group Berlin;")
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


@pytest.fixture(scope="module")
def browser(portal: LivePortal) -> urllib.request.OpenerDirector:
    """Signed in as the administrator."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with opener.open(f"{portal.url}/accounts/login/") as page:
        token = csrf_token(page.read().decode())
    fields = {"username": "admin", "password": PASSWORD, "csrfmiddlewaretoken": token}
    opener.open(f"{portal.url}/accounts/login/", urllib.parse.urlencode(fields).encode()).close()
    return opener


def offered(
    portal: LivePortal, browser: urllib.request.OpenerDirector, name: str, platform: str, directory: Path
) -> tuple[str, str]:
    """The text of a new key for one edge, which is in no file, and what its page shows for a platform."""
    path = make_key(portal, name, directory / "key.txt", 1)
    text = path.read_text().strip()
    path.unlink()
    with closing(sqlite3.connect(portal.state_dir / "portal.sqlite3", timeout=20)) as database:
        (pk,) = database.execute("SELECT id FROM keys_provisioningkey WHERE name = ?", [name]).fetchone()
    with browser.open(f"{portal.url}/service-edge-keys/{pk}/") as page:
        return text, the(page.read().decode(), f"#deploy-{platform}").get_text()


def paste(machine: Machine, line: str, key: str) -> tuple[str, str]:
    """Paste a line into an interactive shell on a terminal, and the key where it is asked for: screen and history."""
    history = machine.home / "history"
    environment = machine.environment | {"HISTFILE": str(history), "TERM": "xterm", "PS1": "$ "}
    ours, theirs = pty.openpty()
    shell = subprocess.Popen(
        ["setsid", "--ctty", "--wait", "bash", "--norc", "--noprofile", "-i"], cwd=machine.home, env=environment,
        stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    screen = bytearray()
    reader = threading.Thread(target=read_into, args=[screen, ours], daemon=True)
    reader.start()
    os.write(ours, f"{line}\n".encode())
    deadline = time.monotonic() + 60
    while not re.search(rb"Provisioning key: |password for user", screen) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.write(ours, f"{key}\n".encode())
    time.sleep(0.2)
    os.write(ours, b"exit\n")
    try:
        shell.wait(60)
    finally:
        shell.kill()
    # It reads until the terminal has ended. The next file or connection that is opened gets the number of a closed one,
    # and a thread that still reads takes what is sent to it.
    reader.join(20)
    assert not reader.is_alive()
    os.close(ours)
    return screen.decode(), history.read_text()


def read_into(screen: bytearray, terminal: int) -> None:
    with contextlib.suppress(OSError):
        while part := os.read(terminal, 65536):
            screen += part


def require_nowhere(machine: Machine, text: str, *said: str) -> None:
    """The key is in no file, no log and on no screen."""
    secret = text.strip()[60:]
    assert secret not in machine.told() + "".join(said)
    files = (path for path in machine.root.parent.rglob("*") if path.is_file())
    assert not [path for path in files if secret.encode() in path.read_bytes()]


@pytest.mark.parametrize("platform", ["vm", "package"])
def test_f19_one_line_of_the_keys_page_enrolls_a_machine_and_leaves_the_key_nowhere(
    portal: LivePortal, browser: urllib.request.OpenerDirector, machine: Machine, tmp_path: Path, platform: str
) -> None:
    name = f"page-{platform}"
    text, line = offered(portal, browser, name, platform, tmp_path)
    assert "\n" not in line
    screen, history = paste(machine, line, text)
    assert line in history.replace(f"{machine.root}/", "/")
    assert f"Enrolled as {name}-1 in group Berlin;" in screen
    assert machine.told().endswith("systemctl daemon-reload\nsystemctl enable --now enroll-edge\n")
    require_nowhere(machine, text, screen, history)
    require_connected(portal, machine, name, machine.start_service(), "Already enrolled: ")


def test_f19_a_line_refuses_what_is_not_the_file_of_the_page(
    portal: LivePortal, browser: urllib.request.OpenerDirector, machine: Machine, tmp_path: Path
) -> None:
    name = "page-changed"
    text, line = offered(portal, browser, name, "vm", tmp_path)
    digest = re.search("[0-9a-f]{64}", line)
    screen, _ = paste(
        machine, line.replace(digest[0], "0" * 64) + " || printf '%s %s: ' Provisioning key; read -r _", text
    )
    assert "install-edge.sh: FAILED" in screen
    assert "sudo" not in machine.told()
    assert uses(portal, name) == 0


def test_f19_the_lines_for_a_container_ask_for_the_key_and_keep_only_the_identity(
    portal: LivePortal, browser: urllib.request.OpenerDirector, machine: Machine, tmp_path: Path
) -> None:
    name = "page-container"
    text, line = offered(portal, browser, name, "container", tmp_path)
    said = machine.type(line)
    build, ask, stay = [shlex.split(line) for line in machine.told().splitlines() if line.startswith("docker ")]
    assert build[:2] == ["docker", "build"]
    assert {"--interactive", "--tty", "--rm"} <= set(ask)
    assert "--detach" in stay
    for run in (ask, stay):
        # The portal of this test is at a loopback address, which a container has too.
        assert run[run.index("--network") + 1] == "host"
        assert run[run.index("--env") + 1] == f"PORTAL_URL={portal.url}"
        assert run[run.index("--volume") + 1] == "enroll-edge:/var/lib/enroll-edge"
    tar = subprocess.check_output(["tar", "--list", "--file", machine.home / "enroll-edge-container.tar"], text=True)
    assert set(tar.split()) == {"Containerfile", "enroll-edge.pyz", "entrypoint"}
    entrypoint = installed(machine)
    screen, history = paste(machine, f"PORTAL_URL={portal.url} {entrypoint}", text)
    assert f"Enrolled as {name}-1 in group Berlin;" in screen
    require_nowhere(machine, text, said, screen, history)
    process = machine.start([str(entrypoint)], {"PORTAL_URL": portal.url})
    require_connected(portal, machine, name, process, "Already enrolled: ")


def test_f19_the_user_data_of_the_keys_page_enrolls_a_machine_at_its_first_start(
    portal: LivePortal, browser: urllib.request.OpenerDirector, machine: Machine, tmp_path: Path
) -> None:
    name = "page-cloud"
    text, user_data = offered(portal, browser, name, "cloud-init", tmp_path)
    assert user_data.startswith("#cloud-config\n")
    config = parse(user_data.replace("PROVISIONING_KEY", text))
    assert text not in json.dumps(config["runcmd"])
    (file,) = config["write_files"]
    path = Path(machine.here(file["path"]))
    path.parent.mkdir(parents=True)
    path.write_text(file["content"])
    path.chmod(int(file["permissions"], 8))
    (line,) = config["runcmd"]
    machine.run(["sh", "-c", line])
    assert machine.told().endswith("systemctl enable --now enroll-edge\n")
    require_secret(machine, text)
    require_connected(portal, machine, name, machine.start_service())


def test_f19_curl_and_openssl_enroll_with_the_key_as_password(
    portal: LivePortal, browser: urllib.request.OpenerDirector, machine: Machine, tmp_path: Path
) -> None:
    name = "page-curl"
    text, line = offered(portal, browser, name, "curl", tmp_path)
    screen, history = paste(machine, line, text)
    require_nowhere(machine, text, screen, history)
    assert uses(portal, name) == 1, screen
    shown = subprocess.check_output(["openssl", "x509", "-in", machine.home / "edge.pem", "-noout", "-pubkey"])
    ours = subprocess.check_output(["openssl", "pkey", "-in", machine.home / "edge.key", "-pubout"])
    assert shown == ours
    assert modes(machine.home)["edge.key"] == "0o600"


def test_the_program_that_the_portal_serves_enrolls_an_edge(portal: LivePortal, tmp_path: Path) -> None:
    address = f"{portal.url}/downloads/enroll-edge.pyz"
    with urllib.request.urlopen(address) as answer, urllib.request.urlopen(f"{address}.sha256") as digest:
        program = answer.read()
        assert digest.read().decode() == f"{hashlib.sha256(program).hexdigest()}\n"
    (tmp_path / "enroll-edge.pyz").write_bytes(program)
    key = make_key(portal, "downloaded", tmp_path / "key.txt", 1)
    line = ["--url", portal.url, "--directory", tmp_path / "edge", "--key-file", key]
    result = subprocess.run(["/usr/bin/python3", tmp_path / "enroll-edge.pyz", *line], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("Enrolled as downloaded-1 in group Berlin;")
