# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Kernel keys of a user."""

from expect import finding


def users(count, size):
    return "    0:    12 11/11 9/1000000 200/25000000\n 1000:   %d %d/%d %d/200 %d/20000\n" % (count, count, count, count, size)


def fire(t):
    t.set("proc/key-users", users(200, 9000))
    t.proc(600, "containerd", uid=1000)
    return finding("keys:1000", "exhausted", culprit=("process", "containerd", 600), used=200, limit=200)


def fire_bytes(t):
    t.set("proc/key-users", users(60, 19990))
    t.proc(600, "containerd", uid=1000)
    return finding("keys:1000", "exhausted", culprit=("process", "containerd", 600), used=19990, limit=20000)


def quiet(t):
    t.set("proc/key-users", users(150, 9000))
