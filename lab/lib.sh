# shellcheck shell=bash disable=SC2034  # some names are only used by the cases
# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
#
# The life of a lab case; sourced by cases/NAME/inject.
#
#   inject prepare          build the case's world and its healthy load; no fault yet
#   inject start [SECONDS]  put the fault in force, print the truth; undone by itself after SECONDS (60; 0: only by stop)
#   inject check            prove with standard tools that it is real; exit status 0 when it is
#   inject truth            print the ground truth again (JSON)
#   inject stop             undo everything; harmless when nothing runs, and to repeat
#   inject run [SECONDS]    start, check, hold, stop; exit status of check
#
# A case defines case_prepare, case_start (which ends with `truth`) and case_check (which prints `proof`). Whatever it makes
# lies below LAB_TMP/TAG; every process it starts is in one control group (and a session) of the case, and only those are
# ended. TAG is a number, so that no path or namespace tells the program under test which case it sees.

set -u
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
HERE=$(cd "$(dirname "$0")" && pwd)
NAME=${HERE##*/}
LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TAG=$(printf %s "$NAME" | cksum | cut -c1-5)
W=${LAB_TMP:-/tmp/plimsoll-lab}/$TAG
PY=/usr/bin/python3
SRV=srv$TAG CLI=cli$TAG                 # network namespaces of `world`: the server, and its users 10.78.0.2 to .9
ADDR=10.78.0.1

say()   { printf '%s: %s\n' "$NAME" "$*" >&2; }
fail()  { say "$*"; exit 1; }
proof() { printf '  proof: %s\n' "$*"; }
later() { { printf '%q ' "$@"; echo; } >>"$W/undo"; }           # a command for stop; the last one given runs first
until_true() { # SECONDS COMMAND...
    local n=$(($1 * 10)); shift
    while ! "$@" >/dev/null 2>&1; do n=$((n - 1)); [ $n -gt 0 ] || return 1; sleep 0.1; done
}

# cgroup_mount CONTROLLER: where that version 1 hierarchy is mounted; "2": the version 2 tree
cgroup_mount() {
    awk -v c="$1" '(c == "2") ? $3 == "cgroup2" : $3 == "cgroup" && ("," $4 ",") ~ ("," c ",") { print $2; exit }' /proc/mounts
}
V2=$(cgroup_mount 2)
HOLD=$V2; [ -n "$HOLD" ] || HOLD=$(cgroup_mount freezer)
HOLD=${HOLD:+$HOLD/lab$TAG}             # all processes of the case; empty where there are no control groups at all

# limit NAME CONTROLLER VALUE: a control group for `GROUP=NAME spawn`. pids: processes, cpu: percent of one processor,
# memory: bytes, io: "MAJOR:MINOR BYTES" read in a second. A machine may have the controller in version 2 or, also in mixed set-ups, in version 1.
limit() {
    local dir joins
    if [ -n "$V2" ] && grep -qw "$2" "$V2/cgroup.controllers"; then
        dir=$HOLD/$1 joins=$HOLD/$1
        echo "+$2" >"$V2/cgroup.subtree_control" && echo "+$2" >"$HOLD/cgroup.subtree_control" && mkdir -p "$dir" || return 1
        case $2 in
        pids) echo "$3" >"$dir/pids.max";;
        cpu) echo "$(($3 * 1000)) 100000" >"$dir/cpu.max";;
        memory) echo "$3" >"$dir/memory.max";;
        io) echo "${3% *} rbps=${3#* }" >"$dir/io.max";;
        esac
    else
        dir=$(cgroup_mount "${2/#io/blkio}")
        [ -n "$dir" ] || { say "no $2 controller"; return 1; }
        dir=$dir/lab$TAG-$1 joins="$dir ${HOLD:+$HOLD/main}"
        mkdir "$dir" && later rmdir "$dir"
        case $2 in
        pids) echo "$3" >"$dir/pids.max";;
        cpu) echo 100000 >"$dir/cpu.cfs_period_us"; echo $(($3 * 1000)) >"$dir/cpu.cfs_quota_us";;
        memory) echo "$3" >"$dir/memory.limit_in_bytes";;
        io) echo "$3" >"$dir/blkio.throttle.read_bps_device";;
        esac
    fi || return 1
    echo "$joins" >"$W/$1.joins"
    echo "$dir" >"$W/$1.dir"
}
group_dir()  { cat "$W/$1.dir"; }
group_name() { case $(group_dir "$1") in "$HOLD"/*) echo "lab$TAG/$1";; *) echo "lab$TAG-$1";; esac; }

# spawn NAME COMMAND...: in the background, pid in $W/NAME.pid, output in $W/NAME.log. Variables before the call:
# NS=namespace, GROUP=a group made by `limit`, NOFILE=limit of descriptors.
spawn() {
    local name=$1 joins=${HOLD:+$HOLD/main}; shift
    [ -z "${GROUP:-}" ] || joins=$(cat "$W/$GROUP.joins")
    [ -z "${NS:-}" ] || set -- ip netns exec "$NS" "$@"
    rm -f "$W/$name.pid"
    # the pid is written before the group is joined: a group at its limit allows no further process
    setsid bash -c '
        echo $$ >"$0.pid"
        [ -z "$2" ] || ulimit -n "$2"
        for group in $1; do echo $$ >"$group/cgroup.procs" || exit; done
        shift 2; exec "$@"' "$W/$name" "$joins" "${NOFILE:-}" "$@" >>"$W/$name.log" 2>&1 </dev/null &
    disown
    until_true 5 test -s "$W/$name.pid" || fail "could not start $name"
}
# daemon NAME ARGUMENTS...: spawn the case's own program NAME from a neutral place; the kernel then shows it as NAME
daemon() {
    local name=$1; shift
    mkdir -p "$W/bin" && install -m 755 "$HERE/$name" "$W/bin/$name" && spawn "$name" "$W/bin/$name" "$@"
}
pid() { cat "$W/$1.pid"; }
srv() { ip netns exec "$SRV" "$@"; }
cli() { ip netns exec "$CLI" "$@"; }
listens() { srv ss -Hltn "sport = :$1" | grep -q .; }

# users NAME ARGUMENTS...: users of a server (users.py) in the client namespace.
# seen NAME SECONDS: what they saw lately: requests N, BAD of them failed, MEDIAN and SLOWEST in ms, and SEEN, all of it as text.
users() { local name=$1; shift; NS=$CLI spawn "$name" "$PY" "$LAB/users.py" "$@"; }
seen()  { SEEN=$("$PY" "$LAB/users.py" --sum "$W/$1.log" --last "$2"); read -r N BAD MEDIAN SLOWEST _ < <(tr -c '0-9\n' ' ' <<<"$SEEN"); }

# world: two network namespaces joined by a cable
world() {
    local i
    ip netns add "$SRV" && later ip netns del "$SRV" && ip netns add "$CLI" && later ip netns del "$CLI" || return 1
    ip link add eth0 netns "$SRV" type veth peer name eth0 netns "$CLI" || return 1
    srv ip link set lo up; srv ip link set eth0 up; srv ip addr add $ADDR/24 dev eth0
    cli ip link set lo up; cli ip link set eth0 up
    for i in 2 3 4 5 6 7 8 9; do cli ip addr add 10.78.0.$i/24 dev eth0; done
}
# loop_mount NAME FILE [mount options]: FILE through a loop device on $W/NAME; the device's name in $W/NAME.dev
loop_mount() {
    local name=$1 file=$2 dev; shift 2
    dev=$(losetup -f --show "$file") || fail "no loop device"
    later losetup -d "$dev"; echo "${dev#/dev/}" >"$W/$name.dev"
    mkdir -p "$W/$name" && mount "$@" "$dev" "$W/$name" || fail "cannot mount"
    later umount "$W/$name"
}

# truth KEY=VALUE...: dots in a key nest, a key with [] takes a list
truth() {
    "$PY" - "$W/truth.json" "$NAME" "$(cat "$W/begin")" "$@" <<'PYTHON'
import json, sys, time
path, name, begin = sys.argv[1:4]
number = lambda text: int(text) if text.lstrip("-").isdigit() else text
told = {"id": name, "t_begin": float(begin), "t_force": round(time.time(), 3)}
for argument in sys.argv[4:]:
    key, value = argument.split("=", 1)
    *outer, last = key.removesuffix("[]").split(".")
    place = told
    for part in outer:
        place = place.setdefault(part, {})
    place[last] = [number(word) for word in value.split()] if key.endswith("[]") else number(value)
text = json.dumps(told)
with open(path, "w") as file:
    file.write(text + "\n")
print(text)
PYTHON
}

end_processes() {
    local round file p pids
    for round in $(seq 50); do
        [ -n "$HOLD" ] && [ -d "$HOLD" ] || break
        [ ! -e "$HOLD/cgroup.kill" ] || echo 1 >"$HOLD/cgroup.kill"
        pids=$(cat "$HOLD/cgroup.procs" "$HOLD"/*/cgroup.procs 2>/dev/null | awk '$1 > 1')
        [ -n "$pids" ] || break
        # shellcheck disable=SC2086
        kill -9 $pids 2>/dev/null
        sleep 0.1
    done
    for file in "$W"/*.pid; do          # where there is no group: sessions whose leader still is the process we started
        p=$(cat "$file" 2>/dev/null) && [ -n "$p" ] || continue
        [ "$(ps -o sid= -p "$p" 2>/dev/null | tr -d ' ')" != "$p" ] || kill -9 -- "-$p" 2>/dev/null
    done
}
lab_stop() {
    local line p
    [ -d "$W" ] || return 0
    if [ -z "${LAB_WATCHDOG:-}" ] && p=$(cat "$W/watchdog" 2>/dev/null); then
        [ "$(ps -o sid= -p "$p" 2>/dev/null | tr -d ' ')" != "$p" ] || kill -9 -- "-$p" 2>/dev/null
    fi
    end_processes
    if [ -e "$W/undo" ]; then
        tac "$W/undo" | while IFS= read -r line; do
            until_true 3 eval "$line" || say "could not undo: $line"
        done
    fi
    [ -z "$HOLD" ] || [ ! -d "$HOLD" ] || find "$HOLD" -depth -type d -exec rmdir {} + 2>/dev/null
    rm -rf --one-file-system "$W"
}
lab_prepare() {
    [ ! -e "$W/ready" ] || return 0
    [ "$(id -u)" = 0 ] || fail "must be root"
    trap 'trap - EXIT; lab_stop' EXIT; trap 'exit 1' INT TERM HUP
    mkdir -p "$W" && chmod 755 "$W" || fail "cannot write to $W"
    [ -z "$HOLD" ] || mkdir -p "$HOLD/main" || fail "cannot make a control group"
    case_prepare || fail "prepare failed"
    trap - EXIT INT TERM HUP
    touch "$W/ready"
}
lab_start() {
    local seconds=${1:-60}
    [ ! -e "$W/truth.json" ] || fail "already started"
    lab_prepare
    trap 'trap - EXIT; lab_stop' EXIT; trap 'exit 1' INT TERM HUP
    date +%s.%3N >"$W/begin"
    case_start || fail "the fault did not take effect"
    trap - EXIT INT TERM HUP
    [ "$seconds" -gt 0 ] || return 0
    setsid bash -c 'echo $$ >"$0/watchdog"; sleep "$1"; LAB_WATCHDOG=1 exec "$2" stop' \
        "$W" "$seconds" "$HERE/inject" >/dev/null 2>&1 </dev/null &
    disown
}
lab_main() {
    local status
    case ${1:-} in
    prepare) lab_prepare;;
    start) lab_start "${2:-60}";;
    check) [ -e "$W/truth.json" ] || fail "not started"; case_check;;
    truth) cat "$W/truth.json" 2>/dev/null || fail "not started";;
    stop) lab_stop;;
    run) lab_start 0; case_check; status=$?; sleep "${2:-5}"; lab_stop; exit $status;;
    *) echo "usage: inject prepare | start [SECONDS] | check | truth | stop | run [SECONDS]" >&2; exit 2;;
    esac
}
