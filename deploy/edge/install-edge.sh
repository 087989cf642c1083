#!/bin/sh
# Installs the edge's own program as a service of this machine, which has systemd, and enrolls it:
#   sudo sh install-edge.sh https://portal.example.com [OPTION...]
# It asks for the provisioning key, unless the machine is enrolled or /etc/enroll-edge/provision_key holds the key.
# Options, such as --ca-file, are those of enroll-edge; the service gets them too. You may run it again.
set -eu
if [ $# = 0 ]; then
    echo "usage: sudo sh $0 https://portal.example.com [OPTION...]" >&2
    exit 2
fi
if [ "$(id -u)" != 0 ]; then
    echo "$0: run it as root, with sudo" >&2
    exit 2
fi
if [ ! -d /run/systemd/system ]; then
    echo "$0: this machine does not run systemd, which the service needs" >&2
    exit 1
fi
is_ready() { /usr/bin/python3 -c 'import sys, cryptography; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
if ! is_ready; then
    if command -v apt-get >/dev/null; then
        apt-get update -q && apt-get install -y -q ca-certificates python3-cryptography
    elif command -v dnf >/dev/null; then
        dnf install -y -q ca-certificates python3-cryptography
    fi
fi
if ! is_ready; then
    echo "$0: /usr/bin/python3 must be Python 3.11 or newer with the package cryptography. Debian 12 and Ubuntu 24.04 have it." >&2
    exit 1
fi

program=$(mktemp)
trap 'rm -f "$program"' EXIT
curl -fsSo "$program" "${1%/}/downloads/enroll-edge.pyz"
echo "@SHA256@  $program" | sha256sum -c --quiet
install -m 755 "$program" /usr/bin/enroll-edge
getent passwd enroll-edge >/dev/null ||
    useradd --system --user-group --no-create-home --home-dir /var/lib/enroll-edge --shell /usr/sbin/nologin enroll-edge
cat >/etc/systemd/system/enroll-edge.service <<'END'
@UNIT@
END

@SETUP@
