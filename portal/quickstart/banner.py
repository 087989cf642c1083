"""The output of `make run`: the address, the sign-in, and commands that enroll an edge with openssl and curl."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from django.urls import reverse

RECIPE = """\
# An edge in a few lines: a key pair, a request, one POST, the answer.
cd {directory}
umask 077
openssl ecparam -name prime256v1 -genkey -noout -out edge.key
openssl req -new -key edge.key -subj /CN=edge -outform DER | openssl base64 -A > edge.csr
printf '{{"provisioning_key":"%s","csr":"-----BEGIN CERTIFICATE REQUEST-----\\\\n%s\\\\n-----END CERTIFICATE REQUEST-----\\\\n"}}' \\
  "$(cat {key_file})" "$(cat edge.csr)" \\
  | curl -sS -H 'Content-Type: application/json' --data-binary @- {url} > edge.json
printf '%b' "$(sed 's/.*"certificate": "\\([^"]*\\)".*/\\1/' edge.json)" \\
  | openssl x509 -noout -subject -issuer -enddate 2>/dev/null || cat edge.json
"""


def recipe(url: str, key_file: Path) -> str:
    """The commands for a portal at `url`; they read the key's text from `key_file` and write beside it."""
    directory, name = quote(str(key_file.parent)), quote(key_file.name)
    return RECIPE.format(url=quote(url + reverse("enrollment:enroll")), directory=directory, key_file=name)


def banner(url: str, username: str, password: str | None, key_file: Path, warning: str) -> str:
    """The text that `make run` prints. `password` is None unless it was generated in this run."""
    lost = f"If it is lost: .venv/bin/python manage.py restore_administrator --username {quote(username)}"
    known = f"{username}, with the password you know\n           {lost}"
    sign_in = f"{username} / {password}   (shown once)" if password else known
    lines = ["", f"  Portal   {url}/", f"  Sign in  {sign_in}", ""]
    if warning:
        lines += [f"  WARNING  {warning}", ""]
    if key_file.exists():
        lines += ["Enroll an edge with the demo key “berlin-lab”, in another shell:", "", recipe(url, key_file)]
    return "\n".join(lines)
