#!/usr/bin/python3
# SPDX-FileCopyrightText: 2026 The Plimsoll authors
# SPDX-License-Identifier: ISC
"""slowdev.py IMAGE FILE REQUESTS_PER_S BYTES_PER_S: shows IMAGE as FILE, through FUSE, read only and as slowly as asked. While the file
IMAGE.gone exists it answers no read at all, as a storage server does that is gone.

A loop device on FILE then is a slow disk with a utilisation, a queue and waiting times of its own in /proc/diskstats. A
throttle of the block layer would not do: it holds requests back before the device and so leaves the device idle.

The protocol is linux/fuse.h; a mount of a single file needs no look-up, and the kernel is content with ENOSYS elsewhere."""
import ctypes
import errno
import os
import stat
import struct
import sys
import time

FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, FLUSH, INIT, INTERRUPT, BATCH_FORGET = 2, 3, 14, 15, 17, 18, 25, 26, 36, 42
DIRECT_IO = 1                   # no page cache in front of the device, or the second read would be quick
LARGEST = 128 << 10


class Device:
    def __init__(self, image, rate, speed):
        self.image = os.open(image, os.O_RDONLY)
        self.size = os.fstat(self.image).st_size
        self.rate, self.speed = rate, speed

    def attributes(self):       # struct fuse_attr_out: valid for an hour; inode 1
        return struct.pack("<QII" "QQQ" "QQQ" "III" "III" "II" "II", 3600, 0, 0, 1, self.size, self.size // 512, 0, 0, 0, 0, 0, 0,
                           stat.S_IFREG | 0o444, 1, 0, 0, 0, 4096, 0)

    def read(self, offset, size):
        time.sleep(1 / self.rate + size / self.speed)
        while os.path.exists(sys.argv[1] + ".gone"):
            time.sleep(0.1)
        return os.pread(self.image, size, offset)

    def answer(self, operation, body):
        """The body of the answer; None: this request has none."""
        if operation == INIT:
            minor = min(31, struct.unpack_from("<II", body)[1])
            return struct.pack("<IIII" "HHI" "IHHI" "28x", 7, minor, LARGEST, 0, 16, 12, 4096, 1, LARGEST // 4096, 0, 0)
        if operation == GETATTR:
            return self.attributes()
        if operation == OPEN:
            return struct.pack("<QII", 1, DIRECT_IO, 0)
        if operation == READ:
            return self.read(*struct.unpack_from("<QI", body, 8))
        if operation == STATFS:
            return struct.pack("<QQQQQIIII24x", self.size >> 12, 0, 0, 1, 0, 4096, 255, 4096, 0)
        if operation in (RELEASE, FLUSH):
            return b""
        if operation in (FORGET, BATCH_FORGET, INTERRUPT):
            return None
        raise OSError(errno.ENOSYS, "")


def main(image, file, rate, speed):
    device = Device(image, float(rate), float(speed))
    fuse = os.open("/dev/fuse", os.O_RDWR)
    libc = ctypes.CDLL(None, use_errno=True)
    options = b"fd=%d,rootmode=%o,user_id=0,group_id=0" % (fuse, stat.S_IFREG | 0o444)
    if libc.mount(b"blockstore", file.encode(), b"fuse", 0, options):
        sys.exit("slowdev: mount: " + os.strerror(ctypes.get_errno()))
    with open("/proc/self/comm", "w") as comm:
        comm.write("blockstore")
    while True:
        try:
            request = os.read(fuse, LARGEST + 4096)
        except InterruptedError:
            continue
        except OSError as error:            # ENODEV: unmounted
            sys.exit(0 if error.errno == errno.ENODEV else "slowdev: " + error.strerror)
        _, operation, unique, _ = struct.unpack_from("<IIQQ", request)
        failed = 0
        try:
            body = device.answer(operation, request[40:])
        except OSError as error:
            body, failed = b"", error.errno
        if body is not None:
            try:
                os.write(fuse, struct.pack("<IiQ", 16 + len(body), -failed, unique) + body)
            except OSError:
                pass                        # ENOENT: whoever asked was ended meanwhile


if len(sys.argv) != 5:
    sys.exit(__doc__)
main(*sys.argv[1:])
