#!/bin/bash
# Prepares the machine for `make`. It is called by the Makefile:
#   prepare.sh python              print a Python that serves (3.11 or later, able to make environments)
#   prepare.sh environment KIND    bring .venv up to the lock of KIND (demo or dev)
#   prepare.sh assets              bring what others wrote for the pages (services/gateway/web/package-lock.json)
#   prepare.sh debian KIND         see to the Debian packages of KIND (demo, country, test or bench)
# Only root installs packages. Without root and with something missing, the one command that mends it is printed;
# `debian demo` then goes on (the licence is HTML instead of PDF), the others stop with exit 2.
set -euo pipefail
cd "$(dirname "$0")/.."

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3.14 python3 /usr/bin/python3; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    if [ "$(id -u)" = 0 ] && [ "${1:-}" != again ] && command -v apt-get >/dev/null; then
        install_packages python3-venv >&2
        find_python again
        return
    fi
    echo "No Python 3.11 or later with venv was found. Run:  sudo apt-get install python3 python3-venv" >&2
    exit 2
}

environment() {
    local lock="requirements-$1.txt" stamp=".venv/.installed-$1"
    if [ -x .venv/bin/python ] && [ -f "$stamp" ] && cmp -s "$lock" "$stamp"; then
        return
    fi
    # Everything the demo needs is in the developer's lock too.
    if [ "$1" = demo ] && [ -x .venv/bin/python ] && cmp -s requirements-dev.txt .venv/.installed-dev 2>/dev/null; then
        return
    fi
    if [ ! -x .venv/bin/python ]; then
        local python
        python="$(find_python)"
        echo "Making .venv with $python"
        "$python" -m venv .venv
    fi
    echo "Installing $lock into .venv"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
    cp "$lock" "$stamp"
}

# Node comes from the same place as the Python packages where the machine has none of its own.
assets() {
    local npm=npm
    if ! command -v npm >/dev/null; then
        npm="$PWD/.venv/bin/npm"
        [ -x "$npm" ] || .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
            -r requirements-npm.txt
        export PATH="$PWD/.venv/bin:$PATH"
    fi
    NPM="$npm" services/gateway/web/vendor.sh
}

has_file() { compgen -G "$1" >/dev/null; }

missing_packages() {
    # The PDF's libraries are judged by what the linker finds, not by dpkg: they may come from elsewhere.
    if ! .venv/bin/python -c 'import weasyprint' >/dev/null 2>&1; then
        echo libpango-1.0-0 libpangoft2-1.0-0
    fi
    /sbin/ldconfig -p | grep -q 'libharfbuzz-subset\.so\.0' || echo libharfbuzz-subset0
    has_file '/usr/share/fonts/truetype/noto/NotoNaskhArabic-*' || echo fonts-noto-core
    if [ "$1" != demo ]; then
        { [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] && command -v erl_call >/dev/null; } || echo rabbitmq-server
        command -v setpriv >/dev/null || echo util-linux
    fi
    if [ "$1" = test ]; then
        # Either will do; the one without windows opens pages for less.
        command -v chromium-headless-shell chromium >/dev/null || echo chromium-headless-shell
    fi
    if [ "$1" = bench ]; then
        command -v chromium >/dev/null || echo chromium
        command -v wrk >/dev/null || echo wrk
    fi
}

POLICY=/usr/sbin/policy-rc.d
SAVED=/usr/sbin/policy-rc.d.saved-by-shubbak

restore_policy() {
    if [ -e "$SAVED" ]; then
        mv -f "$SAVED" "$POLICY"
    elif [ "${policy_is_ours:-no}" = yes ]; then
        rm -f "$POLICY"
    fi
}

# Debian starts a server as soon as it is installed. Ours are started by hand on other ports, and a RabbitMQ that
# nobody asked for would stay behind: while packages are installed, no server may be started.
forbid_server_starts() {
    if [ -x "$POLICY" ]; then
        local answer=0
        "$POLICY" rabbitmq-server start >/dev/null 2>&1 || answer=$?
        [ "$answer" = 101 ] && return
        mv "$POLICY" "$SAVED"
    fi
    policy_is_ours=yes
    trap restore_policy EXIT
    trap 'exit 130' INT TERM HUP
    printf '#!/bin/sh\nexit 101\n' >"$POLICY"
    chmod 755 "$POLICY"
}

install_packages() {
    export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l
    forbid_server_starts
    # Said in full, because `set -e` sleeps inside an `if`.
    apt-get update -qq || return 1
    apt-get install -y -qq --no-install-recommends "$@" || return 1
    # Nor at the next boot.
    if [[ " $* " == *" rabbitmq-server "* ]] && command -v systemctl >/dev/null; then
        systemctl disable --quiet rabbitmq-server.service || echo "rabbitmq-server may start at the next boot"
    fi
}

debian() {
    local missing
    missing="$(missing_packages "$1" | xargs)"
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing Debian packages: $missing"
        # shellcheck disable=SC2086
        if install_packages $missing >build-apt.log 2>&1; then
            rm -f build-apt.log
            return 0
        fi
        cat build-apt.log >&2
        rm -f build-apt.log
    fi
    echo "Missing on this machine. Run:  sudo apt-get install --no-install-recommends $missing" >&2
    if [ "$1" = demo ]; then
        echo "The demo goes on; where a PDF cannot be made, the licence is shown as HTML." >&2
        return 0
    fi
    exit 2
}

case "${1:-}" in
    python) find_python ;;
    environment) environment "$2" ;;
    assets) assets ;;
    debian) debian "$2" ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
