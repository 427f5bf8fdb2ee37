# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A loop at a bridge: it says so itself, and its ports say whether it is a storm."""

from expect import finding, note


def bridge(t, packets):
    t.link("br0", kind="bridge", packets=10)
    for name in ("up1", "up2"):
        t.link(name, kind="veth", packets=packets, master="br0", port_state=3)


def told(t, port=b"up2"):
    first = b"6,100,900000000,-;eth0: link up\n"
    t.set("kmsg", lambda i: first if i < 2 else
          b"4,%d,%d,-;br0: received packet on %s with own address as source address (addr:02:42:ac:11:00:02, vlan:0)\n" % (100 + i, 10**11 + i * 10**6, port))


def fire(t):
    bridge(t, 3000)
    told(t)
    return finding("net.loop:br0", "wrong", culprit=("interface", "up2"), used=6000)


def quiet(t):
    """Many packets, and the bridge has nothing to say."""
    bridge(t, 30000)


def quiet_same_address(t):
    """Two machines with one address: no storm."""
    bridge(t, 20)
    told(t)
    return note("net.loop:br0")


def fire_two_bridges(t):
    """The loop goes through two bridges of this machine, and both say so: one trouble."""
    bridge(t, 3000)
    t.link("br1", kind="bridge", packets=10)
    for name in ("down1", "down2"):
        t.link(name, kind="veth", packets=3100, master="br1", port_state=3)
    line = "4,%d,%d,-;%s: received packet on %s with own address as source address (addr:02:42:ac:11:00:02, vlan:0)\n"
    t.set("kmsg", lambda i: b"6,100,900000000,-;eth0: link up\n" if i < 2 else "".join(
        line % (100 + 2 * i + k, 10**11 + i * 10**6 + k, *where) for k, where in enumerate((("br0", "up2"), ("br1", "down1")))).encode())
    return finding("net.loop:br0", "wrong", culprit=("interface", "up2"), used=6000)
