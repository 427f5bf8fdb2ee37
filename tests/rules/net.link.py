# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""A link that is not sound."""

from expect import finding


def fire(t):
    """The carrier comes and goes."""
    t.link("eth0", carrier=[1, 0, 1, 1, 0, 1], changes=[8, 9, 10, 10, 11, 12], speed=1000)
    return finding("net.link:eth0", "wrong", culprit=("hardware", "eth0"), text="flaps", since=1)


def fire_down(t):
    t.link("eth0", carrier=[1, 1, 1, 1, 0, 0], changes=[8, 8, 8, 8, 9, 9], sent=[1000, 2000, 3000, 4000, 4000, 4000])
    return finding("net.link:eth0", "wrong", culprit=("hardware", "eth0"), text="went down")


def fire_damaged(t):
    """A bad cable."""
    t.link("eth0", crc=7, speed=1000)
    return finding("net.link:eth0", "wrong", severity="warning", culprit=("hardware", "eth0"), text="damaged")


def fire_half_duplex(t):
    t.link("eth0", collisions=40, speed=100, duplex=0)
    return finding("net.link:eth0", "wrong", severity="warning", culprit=("hardware", "eth0"), text="half duplex")


def quiet(t):
    """A port without a cable, and an interface of a container that came up."""
    t.link("eth1", carrier=0, packets=0)
    t.link("veth1", kind="veth", carrier=[0, 0, 1, 1, 1, 1], changes=[1, 1, 2, 2, 2, 2])


def quiet_switched_off(t):
    t.link("eth0", carrier=[1, 1, 1, 0, 0, 0], up=lambda i: i < 3)


def quiet_off_and_on(t):
    """An administrator switches it off and on: ifdown, ifup."""
    t.link("eth0", carrier=[1, 1, 0, 0, 1, 1], changes=[8, 8, 9, 9, 10, 10], up=lambda i: i not in (2, 3), speed=1000)


def fire_off_and_on_again(t):
    """Something switches it off and on without end."""
    t.link("eth0", carrier=[1, 0, 1, 0, 1, 0], changes=[8, 9, 10, 11, 12, 13], up=lambda i: i % 2 == 0, speed=1000)
    return finding("net.link:eth0", "wrong", culprit=("hardware", "eth0"), text="flaps")


def fire_one_cable(t):
    """A virtual cable, both of whose ends are here: the other one is switched off and on."""
    net = t.netns("web", 4026532200)
    net.link("eth0", kind="veth", carrier=[1, 0, 1, 0, 1, 1], changes=[2, 3, 4, 5, 6, 6])
    t.link("veth1", kind="veth", carrier=[1, 0, 1, 0, 1, 1], changes=[2, 3, 4, 5, 6, 6], up=lambda i: i != 1)
    return finding("net.link:eth0", "wrong", culprit=("interface", "eth0"), text="flaps", netns="web")


def quiet_bridge_of_containers(t):
    """A bridge without a port has no carrier: it comes and goes with the only container."""
    t.link("docker0", kind="bridge", carrier=[1, 0, 1, 0, 1, 0], changes=[8, 9, 10, 11, 12, 13])


def quiet_vlan(t):
    """What lies on a link that flaps is the same trouble, told where it is."""
    t.link("eth0.10", kind="vlan", carrier=[1, 1, 1, 1, 0, 0], changes=[8, 8, 8, 8, 9, 9], sent=[1000, 2000, 3000, 4000, 4000, 4000])
