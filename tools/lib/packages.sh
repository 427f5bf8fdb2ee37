# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
# Sourced by run and check: installs Debian packages, and only those that are missing.

packages_missing() {
    local p
    for p; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || printf '%s ' "$p"
    done
}

# packages_need PACKAGE... : 0 when all are there in the end. Services that come with a package are not started.
packages_need() {
    local missing sudo='' log policy
    missing=$(packages_missing "$@")
    [ -z "$missing" ] && return 0
    command -v apt-get >/dev/null || { echo "missing packages: $missing(no apt-get here: install them by hand)" >&2; return 1; }
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || { echo "missing packages: $missing(become root, or install sudo)" >&2; return 1; }
        sudo=sudo
    fi
    echo "installing: $missing" >&2
    log=$(mktemp)
    policy=
    if [ ! -e /usr/sbin/policy-rc.d ]; then # a test's server is started by the test, not by its installation
        printf '#!/bin/sh\nexit 101\n' | $sudo tee /usr/sbin/policy-rc.d >/dev/null && $sudo chmod 755 /usr/sbin/policy-rc.d && policy=yes
    fi
    # shellcheck disable=SC2086 # a list of words
    { $sudo apt-get -q update && $sudo env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $missing; } >"$log" 2>&1
    [ -n "$policy" ] && $sudo rm -f /usr/sbin/policy-rc.d
    missing=$(packages_missing $missing)
    if [ -n "$missing" ]; then
        tail -5 "$log" >&2
        echo "could not install: $missing(see above)" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}
