#!/bin/sh
# Install missing packages: `prepare-machine.sh run` for make run, `prepare-machine.sh test` for make test.
# As root on Debian or Ubuntu it installs them; otherwise it prints the command. On macOS it uses wheels instead.
set -eu

say() { printf '%s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

policy=/usr/sbin/policy-rc.d

restore_policy() {
    rm -f "$policy"
    if [ -e "$policy.kept" ]; then mv "$policy.kept" "$policy"; fi
}

# Debian starts a service when it is installed, unless policy-rc.d forbids it. The tests start their own servers.
without_services() {
    # A run that was killed left its policy behind; the machine's own one is in policy-rc.d.kept.
    if [ -e "$policy.kept" ]; then mv "$policy.kept" "$policy"; fi
    if [ -e "$policy" ]; then mv "$policy" "$policy.kept"; fi
    trap 'restore_policy; exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    result=0
    "$@" || result=$?
    restore_policy
    trap - HUP INT TERM
    return $result
}

install_packages() {
    if [ "$(id -u)" = 0 ] && have apt-get; then
        say "Installing $*"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        without_services apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    else
        say "Missing: $*. As root type: apt-get install $*"
        return 1
    fi
}

python_is_ready() {
    directory=$(mktemp -d)
    "${PYTHON:-python3}" -m venv "$directory/venv" >/dev/null 2>&1
    result=$?
    rm -rf "$directory"
    return $result
}

prepare_run() {
    have "${PYTHON:-python3}" || install_packages python3
    "${PYTHON:-python3}" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
        say "Python 3.11 or newer is needed; set PYTHON=python3.x"
        exit 1
    }
    python_is_ready || install_packages python3-venv
}

has_chromium() {
    have chromium-headless-shell || have chromium || have chromium-browser || have google-chrome ||
        .venv/bin/python -c 'import pathlib, sys; from playwright.sync_api import sync_playwright
with sync_playwright() as p: sys.exit(not pathlib.Path(p.chromium.executable_path).exists())' 2>/dev/null
}

# Playwright contains a Node.js, which does not start on a minimal system without libatomic1.
playwright_starts() { .venv/bin/playwright --version >/dev/null 2>&1; }

has_postgresql() {
    .venv/bin/python -c 'from tests.support.postgresql import binaries; binaries()' 2>/dev/null
}

has_nginx() { have nginx || [ -x /usr/sbin/nginx ]; }

# It is installed only for the tests, so it must not start with the machine.
install_nginx() {
    install_packages nginx-light || return
    if [ -d /run/systemd/system ]; then systemctl disable --quiet nginx; fi
}

has_pgbouncer() { have pgbouncer || [ -x /usr/sbin/pgbouncer ]; }

install_pgbouncer() {
    install_packages pgbouncer || return
    if [ -d /run/systemd/system ]; then systemctl disable --quiet pgbouncer; fi
}

has_strongswan() {
    directory=$(mktemp -d)
    result=0
    pki --gen --type ecdsa --size 256 >"$directory/key" 2>/dev/null && [ -s "$directory/key" ] || result=1
    rm -rf "$directory"
    return $result
}

# Edges on Debian run with the system's cryptography, which is older than the portal's.
has_cryptography() { [ "$(uname)" != Linux ] || /usr/bin/python3 -c 'import cryptography' 2>/dev/null; }

prepare_test() {
    for program in curl openssl git; do
        have $program || install_packages $program
    done
    playwright_starts || install_packages libatomic1
    # chromium-headless-shell is the same browser without windows, so the tests are faster. Ubuntu has no such package.
    has_chromium || install_packages chromium-headless-shell || install_packages chromium ||
        .venv/bin/playwright install chromium
    has_postgresql || install_packages postgresql ||
        .venv/bin/python -m pip install -q --require-hashes -r requirements-postgres.txt
    has_cryptography || install_packages python3-cryptography
    has_nginx || install_nginx
    has_pgbouncer || install_pgbouncer
    # The plug-ins add elliptic curves, which the portal's certificates use.
    has_strongswan || install_packages strongswan-pki libstrongswan-standard-plugins
}

case "${1:-}" in
run) prepare_run ;;
test) prepare_test ;;
*)
    say "usage: $0 run|test"
    exit 2
    ;;
esac
