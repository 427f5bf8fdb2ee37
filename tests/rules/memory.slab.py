# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""Memory that belongs to no process and cannot be given back."""

from expect import finding


def fire(t):
    """Unreclaimable objects grow on a line to the end of the memory."""
    t.memory(available=t.line(7168, 5120))
    t.slab = t.line(3000, 5048)
    t.cache("kmalloc-2k", t.line(1500000, 2500000), 2048, pages_each=8)
    t.cache("filp", 20000, 256)
    return finding("memory.slab:kmalloc-2k", "filling", culprit=("kernel", "kmalloc-2k"), effects=["memory"], eta=(11, 14))


def fire_now(t):
    """It has come to its end: most of the memory is such objects."""
    t.memory(free=80, available=300, cached=150, anon=2000)
    t.psi(memory=0.3)
    t.slab = 12000
    t.cache("sock_inode_cache", 10, 832)
    t.cache("kmalloc-1k", 11000000, 1024, pages_each=4)
    return finding("memory.slab:kmalloc-1k", "saturated", culprit=("kernel", "kmalloc-1k"), effects=["memory"])


def quiet(t):
    """A walk through many files: names and inodes, which the kernel gives back; they stay available."""
    t.memory(free=t.line(6000, 4000), available=11000)
    t.cache("ext4_inode_cache", t.line(100000, 1500000), 1096, pages_each=8)


def quiet_far(t):
    """Sockets of a burst: the line is there, its end is not."""
    t.memory(available=t.line(11000, 10900))
    t.slab = t.line(150, 250)
