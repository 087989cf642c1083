"""Deploy: one line for each platform with the portal's own address, and what is wrong with that address."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

import pytest
from django.test import override_settings

from enrollment import downloads
from tests.enrollment.built_downloads import WithDownloads
from tests.keys.pages.base import KeyPageTestCase
from tests.support.html import parsed, texts, the

pytestmark = pytest.mark.once

# The test client speaks https by itself.
PLAIN = {"wsgi.url_scheme": "http"}
PLATFORMS = {
    "vm": "Virtual machine", "package": "Linux package", "container": "Container", "cloud-init": "cloud-init",
    "curl": "curl + openssl",
}  # fmt: skip


class DeployTests(WithDownloads, KeyPageTestCase):
    def command(self, platform: str, **headers: str) -> str:
        return the(self.client.get(self.address, headers=headers, secure=True), f"#deploy-{platform}").get_text()

    def test_f19_each_platform_has_one_line_and_the_first_is_open(self) -> None:
        page = self.client.get(self.address)
        self.assertEqual(texts(page, "[role=tab]"), list(PLATFORMS.values()))
        self.assertEqual(texts(page, "[role=tab][aria-selected=true]"), ["Virtual machine"])
        self.assertEqual(texts(page, ".tab-panel.selected h3"), ["Virtual machine"])
        for platform in set(PLATFORMS) - {"cloud-init"}:
            line = self.command(platform)
            self.assertNotIn("\n", line)
            self.assertIn("https://portal.example.com/", line)
            self.assertNotIn("PROVISIONING_KEY", line)
        self.assertNotIn("docs/", the(page, "#deploy").get_text())

    def test_each_file_is_checked_against_its_digest(self) -> None:
        for platform, name in (
            ("vm", "install-edge.sh"),
            ("package", "enroll-edge.deb"),
            ("container", "enroll-edge-container.tar"),
            ("cloud-init", "install-edge.sh"),
        ):
            found = downloads.find(name)
            self.assertRegex(
                self.command(platform),
                rf"curl -fsSo (\S+) https://portal.example.com/downloads/{re.escape(name)} "
                rf"&& echo '{found.sha256}  \1' \| sha256sum -c && ",
            )
        program = the(self.client.get(self.address), ".program")
        self.assertEqual(program.code.get_text(), downloads.find("enroll-edge.pyz").sha256)
        self.assertEqual(self.client.get(program.a["href"])["Cache-Control"], "public, max-age=31536000, immutable")

    @override_settings(ALLOWED_HOSTS=["*"], HAS_PORTAL_URL=False, SECURE_SSL_REDIRECT=False, TRUSTED_PROXIES=[])
    def test_without_portal_url_it_is_the_address_of_the_request(self) -> None:
        def address(**extra: str) -> str:
            line = the(self.client.get(self.address, **extra), "#deploy-vm").get_text()
            return line.rpartition(" ")[2]

        self.assertEqual(address(HTTP_HOST="portal.lan:8443"), "https://portal.lan:8443")
        self.assertEqual(address(HTTP_HOST="portal.lan", **PLAIN), "http://portal.lan")
        claims = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_HOST": "evil.example"}
        self.assertEqual(address(HTTP_HOST="portal.lan", **PLAIN, **claims), "http://portal.lan")
        with override_settings(TRUSTED_PROXIES=["127.0.0.1"]):
            self.assertEqual(address(HTTP_HOST="portal.lan", **PLAIN, **claims), "https://portal.lan")

    def test_an_address_that_others_do_not_reach_or_that_is_in_clear_is_pointed_out(self) -> None:
        here = "Only the portal's own machine reaches it"
        for url, words, network in (
            ("https://portal.example.com", set(), False),
            ("http://127.0.0.1:8000", {here, "Inside a container 127.0.0.1 is the container itself."}, True),
            ("http://[::1]:8000", {here, "Inside a container ::1 is the container itself."}, True),
            ("https://localhost:8443", {here, "Inside a container localhost is the container itself."}, True),
            ("http://portal.lan", {"over http the key would travel in clear text", "--insecure-http"}, False),
        ):
            with self.subTest(url), override_settings(PORTAL_URL=url):
                page = self.client.get(self.address)
                (shown,) = texts(page, "#deploy")
                for word in {here, "Inside a container", "in clear text", *words}:
                    self.assertEqual(word in shown, any(word in each for each in words), word)
                self.assertEqual("--network host" in the(page, "#deploy-container").get_text(), network)

    @override_settings(PORTAL_URL="http://[::1]:8000")
    def test_a_shell_takes_an_address_as_it_is_whatever_is_in_it(self) -> None:
        page = self.client.get(self.address)
        lines = {platform: the(page, f"#deploy-{platform}").get_text() for platform in PLATFORMS}
        lines["cloud-init"] = lines["cloud-init"].rpartition("  - ")[2]
        with tempfile.TemporaryDirectory() as directory:
            for program in ("curl", "docker", "openssl", "sha256sum", "sudo", "sh"):
                stub = Path(directory, program)
                stub.write_text(f'#!/bin/sh\necho {program} "$@" >>{directory}/log\n')
                stub.chmod(0o755)
            Path(directory, downloads.CONTEXT).touch()
            for platform, line in lines.items():
                with self.subTest(platform):
                    # As zsh does: brackets that match no file are an error.
                    run = ["/usr/bin/env", f"PATH={directory}:/usr/bin:/bin", "bash", "-O", "failglob", "-c", line]
                    result = subprocess.run(run, cwd=directory, capture_output=True, text=True)
                    self.assertEqual((result.returncode, result.stderr), (0, ""))
            logged = Path(directory, "log").read_text()
        for expected in (
            "sudo sh install-edge.sh http://[::1]:8000\n", "sudo enroll-edge-setup http://[::1]:8000\n",
            "--env PORTAL_URL=http://[::1]:8000 --network host enroll-edge\n",
            "sh /run/install-edge.sh http://[::1]:8000\n",
            "--data-binary @- http://[::1]:8000/.well-known/est/simpleenroll\n",
            "curl -fsSo install-edge.sh http://[::1]:8000/downloads/install-edge.sh\n",
        ):  # fmt: skip
            self.assertIn(expected, logged)

    def test_f19_only_the_user_data_takes_the_key_in_and_only_for_those_who_may_have_it(self) -> None:
        page = self.client.get(self.address)
        (button,) = parsed(page).select("[data-command]")
        self.assertEqual(
            (button["data-command"], button["formaction"]), ("deploy-cloud-init", f"{self.address}reveal/")
        )
        self.assertIn("      PROVISIONING_KEY\n", self.command("cloud-init"))
        self.assertNotContains(page, self.text[60:100])
        self.sign_in("vic")
        page = self.client.get(self.address)
        self.assertEqual(parsed(page).select("[data-command], #main [formaction]"), [])
        self.assertContains(page, "Copy", count=4)

    def test_what_was_not_built_is_named_and_nothing_fails(self) -> None:
        with tempfile.TemporaryDirectory() as empty, override_settings(DOWNLOADS_DIR=Path(empty)):
            page = self.client.get(self.address)
            self.assertEqual(texts(page, ".not-built > code:first-child"), [
                "install-edge.sh", "enroll-edge.deb", "enroll-edge-container.tar", "install-edge.sh",
            ])  # fmt: skip
            self.assertIn("enroll-edge.pyz , was not built", texts(page, ".program")[0])
            self.assertEqual([pre["id"] for pre in parsed(page).select(".command")], ["deploy-curl"])
