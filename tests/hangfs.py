# SPDX-License-Identifier: MIT
"""A filesystem that stops answering: hangfs.py DIR mounts it (as FUSE speaks it, see
fuse(4)), prints "mounted", serves any name as a file with the text "hang\\n" ("mapped..." may
be mapped shared), and on SIGUSR1 answers nothing any more and is named "silent".
Its death is an abort: nobody stays blocked."""
import ctypes
import errno
import os
import signal
import stat
import struct
import sys

LOOKUP, FORGET, GETATTR, SETATTR, UNLINK, OPEN, READ, STATFS, RELEASE = 1, 2, 3, 4, 10, 14, 15, 17, 18
WRITE = 16
FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, ACCESS, CREATE, INTERRUPT, BATCH = \
    25, 26, 27, 28, 29, 34, 35, 36, 42
TEXT = b"hang\n"
FOPEN_DIRECT_IO = 1
VALID = 0  # seconds that the kernel may remember attributes: it asks us each time

names, gone = {}, set()


def attr(node):
    is_dir = node == 1
    mode = stat.S_IFDIR | 0o755 if is_dir else stat.S_IFREG | 0o644
    links = 2 if is_dir else 0 if node in gone else 1
    return struct.pack("<6Q10I", node, 0 if is_dir else len(TEXT), 1, 1, 1, 1, 0, 0, 0, mode,
                       links, 0, 0, 0, 4096, 0)


def entry(name):
    node = names.setdefault(name, len(names) + 2)
    return struct.pack("<4Q2I", node, 0, VALID, VALID, 0, 0) + attr(node)


def opened(node):
    cached = any(n.startswith(b"mapped") for n in names if names[n] == node)
    return struct.pack("<Q2I", 1, 0 if cached else FOPEN_DIRECT_IO, 0)


def answer(op, node, body):
    """The body of the answer, or an errno."""
    name = body.split(b"\0")[0]
    if op == INIT:
        return struct.pack("<4I2H2I2H8I", 7, 31, 4096, 0, 12, 9, 4096, 1, 1, 0, *[0] * 8)
    if op == LOOKUP:
        return errno.ENOENT if names.get(name) in gone else entry(name)
    if op == CREATE:
        made = entry(body[16:].split(b"\0")[0])
        return made + opened(struct.unpack_from("<Q", made)[0])
    if op in (GETATTR, SETATTR):
        return struct.pack("<Q2I", VALID, 0, 0) + attr(node)
    if op in (OPEN, OPENDIR):
        return opened(node)
    if op == READ:
        at, size = struct.unpack_from("<QI", body, 8)
        return TEXT[at:at + size]
    if op == WRITE:  # taken, and forgotten
        return struct.pack("<2I", struct.unpack_from("<QQI", body)[2], 0)
    if op == UNLINK:
        gone.add(names[name])
        return b""
    if op == STATFS:
        return bytes(80)
    return b"" if op in (READDIR, FLUSH, RELEASE, RELEASEDIR, ACCESS) else errno.ENOSYS


def stop(*_):
    # PR_SET_NAME: who waits for it sees it in /proc/PID/comm.
    ctypes.CDLL(None).prctl(15, b"silent", 0, 0, 0)
    while True:
        signal.pause()


def main(where):
    dev = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    libc = ctypes.CDLL(None, use_errno=True)
    options = b"fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other" % dev
    if libc.mount(b"hangfs", os.fsencode(where), b"fuse.hangfs", 6, options) < 0:
        sys.exit("mount: " + os.strerror(ctypes.get_errno()))
    signal.signal(signal.SIGUSR1, stop)
    print("mounted", flush=True)
    while True:
        try:
            request = os.read(dev, 1 << 17)
        except OSError as e:
            if e.errno in (errno.ENODEV, errno.ECONNABORTED):
                return
            continue
        op, unique, node = struct.unpack_from("<IQQ", request, 4)
        if op in (FORGET, BATCH, INTERRUPT):
            continue
        out = answer(op, node, request[40:])
        err = -out if isinstance(out, int) else 0
        body = b"" if err else out
        os.write(dev, struct.pack("<IiQ", 16 + len(body), err, unique) + body)


main(sys.argv[1])
