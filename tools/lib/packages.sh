# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
# Sourced by run and check: installs Debian packages, only those that are missing, and sets up build directories.

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin # a user's, and root's after `su`, lacks them; dpkg refuses to work then

# What a build needs. python3 embeds the page; clang, bpftool and libbpf make the probes; the last three ask servers.
packages_build="gcc libc6-dev meson ninja-build pkg-config python3 libjansson-dev libzstd-dev libpcre2-dev libmicrohttpd-dev libcurl4-gnutls-dev libsnappy-dev libidn2-dev libunistring-dev libncurses-dev clang bpftool libbpf-dev libpq-dev libmariadb-dev libgnutls28-dev libsodium-dev"

# npm brings what the page draws with. Where node comes from elsewhere, Debian's npm does not fit beside it, and is not needed.
command -v npm >/dev/null || packages_build="$packages_build npm"

packages_missing() {
    local p
    for p; do # a package may be there for two architectures
        dpkg-query -W -f='${db:Status-Status}\n' "$p" 2>/dev/null | grep -qx installed || printf '%s ' "$p"
    done
}

# packages_need PACKAGE... : 0 when all are there in the end, 77 when some are missing and we cannot become root, 1 when apt failed
packages_need() {
    local missing sudo='' log
    command -v dpkg-query >/dev/null || return 0 # no Debian: the build and the tests say themselves what they miss
    missing=$(packages_missing "$@")
    [ -z "$missing" ] && return 0
    if [ "$(id -u)" != 0 ]; then
        sudo=sudo
        if ! { command -v sudo && sudo true; } >/dev/null 2>&1; then
            echo "missing packages: $missing(to install them, become root or be allowed sudo)" >&2
            return 77
        fi
    fi
    echo "installing: $missing" >&2
    log=$(mktemp)
    # shellcheck disable=SC2086 # a list of words
    $sudo bash -c "$(declare -f packages_enabled packages_as_root); packages_as_root \"\$@\"" packages $missing >"$log" 2>&1 </dev/null
    # shellcheck disable=SC2086
    missing=$(packages_missing $missing)
    if [ -n "$missing" ]; then
        tail -8 "$log" >&2
        echo "could not install: $missing(see above)" >&2
        rm -f "$log"
        return 1
    fi
    sed -n 's/^neither started nor enabled: /installed, &/p' "$log" >&2
    rm -f "$log"
}

packages_enabled() { systemctl list-unit-files --type=service --state=enabled --no-legend --no-pager 2>/dev/null | awk '{print $1}' | sort; }

# Asks nothing, removes no package to make room for another, keeps changed configuration files. Services that come with a package are
# not started, now or at the next boot: a test starts its own. policy-rc.d forbids it to our installation only, and so is harmless
# when we are killed and it stays; one that is there already, as in a container, keeps its say.
packages_as_root() {
    local policy=/usr/sbin/policy-rc.d before new
    export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 PLIMSOLL_INSTALLS=yes
    umask 022
    if [ ! -e $policy ] || grep -q PLIMSOLL_INSTALLS $policy; then
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
        trap 'exit 130' INT
        trap 'exit 143' TERM HUP
        # shellcheck disable=SC2016 # for sh
        printf '#!/bin/sh\n[ -z "$PLIMSOLL_INSTALLS" ] || exit 101\n' >$policy && chmod 755 $policy || return 1
    fi
    before=$(packages_enabled)
    set -- apt-get -q install -y --no-install-recommends --no-remove -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
        -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
    # The lists may be missing or old, somebody else may be fetching them, an earlier installation may have been cut off.
    "$@" || {
        apt-get -q update -o Acquire::Retries=3 || { sleep 10; apt-get -q update; }
        dpkg --force-confdef --force-confold --configure -a
        "$@"
    }
    new=$(comm -13 <(echo "$before") <(packages_enabled))
    # shellcheck disable=SC2086
    [ -z "$new" ] || { systemctl disable --quiet $new; echo "neither started nor enabled:" $new; }
}

# page_parts CLONE: what npm's lock file names is in CLONE/web/node_modules. Where npm cannot bring it, that is said, and the page is built without it.
page_parts() {
    local web=$1/web log
    [ "$web/node_modules/.package-lock.json" -nt "$web/package-lock.json" ] && return 0
    if ! log=$(cd "$web" && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=30000 2>&1); then
        echo "$log" | grep -v "^npm warn" | tail -3 >&2
        echo "npm ci in $web failed: the page is built without graphs" >&2
        return 1
    fi
    give_back "$1" "$web/node_modules"
}

# What is there of them decides at setup what is built; DIR/.page is of the last setup that looked (ninja writes build.ninja anew at any time).
page_parts_newer() { [ "$1/web/package-lock.json" -nt "$2" ] || [ "$1/web/node_modules/.package-lock.json" -nt "$2" ]; }

# build_setup DIR CLONE [MESON OPTION...]: a clone that was moved or copied takes its build directories along, and meson would go on looking
# at the old place; a setup that was cut off leaves one that is none. Both are set up again; what is compiled stays.
build_setup() {
    local dir=$1 clone=$2
    shift 2
    [ -e "$dir/build.ninja" ] && [ "$(cat "$dir/.clone" 2>/dev/null || echo "$clone")" = "$clone" ] && ! page_parts_newer "$clone" "$dir/.page" && return 0
    page_parts "$clone"
    rm -rf "$dir/build.ninja" "$dir/meson-private" "$dir/meson-info"
    meson setup "$dir" "$clone" "$@" && echo "$clone" >"$dir/.clone" && touch "$dir/.page"
}

# give_back CLONE FILE...: what root makes in a user's clone (`sudo ./run`) becomes the user's, who could not build there any more
give_back() {
    local clone=$1
    shift
    [ "$(id -u)" != 0 ] || [ "$(stat -c %u "$clone")" = 0 ] || chown -R --reference="$clone" "$@" 2>/dev/null
    return 0
}
