# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""No progress, and no disk of this machine to blame."""

from expect import finding


def fire(t):
    """A network filesystem whose server is gone."""
    t.tasks(blocked=0)
    t.proc(600, "backup", state="D", switches=0, wchan="rpc_wait_bit_killable")
    return finding("hang:backup", "stalled", culprit=("destination", "a server of NFS"), victims=["backup"])


def fire_several(t):
    """What hangs with it is one finding."""
    for k in range(3):
        t.proc(600 + k, "httpd", state="D", switches=0, wchan="request_wait_answer")
    return finding("hang:httpd", "stalled", culprit=("destination", "the program behind a FUSE filesystem"), victims=["httpd"])


def quiet(t):
    """A slow disk: it is woken by each answer."""
    t.disk("sda", reads=10, read_bytes=10 << 20, busy=0.99, queue=1.2, inflight=1)
    t.proc(600, "tar", state="D", switches=10, wchan="folio_wait_bit_common")


def quiet_vfork(t):
    """It waits for its child, as it is meant to."""
    t.proc(600, "make", state="D", switches=0, wchan="kernel_vfork")


def quiet_moment(t):
    t.proc(600, "tar", state=["S", "D", "D", "S", "D", "S"], switches=20, wchan="folio_wait_bit_common")
