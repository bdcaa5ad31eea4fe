#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every key in every context; random keys in LOOK mode change nothing for anybody."""
import random
import time
import os
import sys

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
from lib import *  # noqa: E402,F403
from screen import *  # noqa: E402,F403

os.environ["FILCH_SHELF"] = os.path.join(TMP, "shelf")
SECONDS = float(os.environ.get("FILCH_RANDOM_SECONDS", "15"))
KEYS = ([chr(c) for c in range(33, 127) if chr(c) not in "qQ"] +
        [" ", ENTER, TAB, UP, DOWN, LEFT, RIGHT, PGUP, PGDN, HOME, END, "\033[Z",
         "\x02", "\x04", "\x06", "\x0c", "\x15", "\033OP", "\033OQ", "\033OS", "\033[15~",
         "\033[17~", "\033[18~", "\033[20~"])
ZOO = ("file:fd=12,name=plain.log,size=3000", "file:fd=13,name=gone.log,size=500,deleted",
       "pipe:fd=14,peer=15,size=100", "tcp:fd=16,peer=17,queued=50", "udp:fd=18,peer=19,sizes=5",
       "unix:fd=20,peer=21,type=dgram,sizes=5+7", "eventfd:fd=22,value=3", "timerfd:fd=23,value=60000",
       "signalfd:fd=24", "epoll:fd=25,watch=14", "inotify:fd=26", "memfd:fd=27,size=4096",
       "pidfd:fd=28", "tty:fd=29,peer=30", "dup:fd=31,of=12", "dir:fd=32", "namespace:fd=33",
       "char:fd=34,path=/dev/zero")
CONTEXTS = (("processes", "1"), ("descriptors", "2"), ("detail", "2\t"), ("viewer", "2g/plain\rv"),
            ("shelf", "3"), ("jobs", "4"), ("log", "5"), ("help", "?"))


def facts(v):
    return {n: v.cmd(c) for n, c in (
        ("pos", "pos 12"), ("pos13", "pos 13"), ("pipe", "fionread 14"), ("tcp", "fionread 16"),
        ("udp", "fionread 18"), ("flags", "flags 12"), ("unix", "fionread 20"))}


with Victim(*ZOO) as v:
    before = facts(v)
    for name, way in CONTEXTS:
        with Screen([FILCH, "--read-only", str(v.pid)], rows=30, cols=100) as s:
            s.wait_text("plain.log", "idle")
            for key in KEYS:
                s.keys(ESC + ESC)
                s.settle(0.02)
                s.keys(way)
                s.settle(0.02)
                s.keys(key)
                s.settle(0.02)
                if s.poll() is not None:
                    break
            ok(s.poll() is None, "every key in %s: it runs on" % name,
               "the last key was %r" % key, s.text())
            s.keys(ESC + ESC)
            s.settle(0.1)
            s.keys("2")
            s.wait_text("FD  KIND")

    with Screen([FILCH, "--read-only", str(v.pid)], rows=40, cols=150) as s:
        s.wait_text("plain.log", "idle")
        seed = int(os.environ.get("FILCH_RANDOM_SEED", str(int(time.time()))))
        rand = random.Random(seed)
        end = time.monotonic() + SECONDS
        pressed_keys = []
        while time.monotonic() < end and s.poll() is None:
            key = rand.choice(KEYS + [ESC])
            pressed_keys.append(key)
            s.keys(key)
            s.pump(0.002)
            if rand.random() < 0.01:
                s.resize(rand.randint(1, 60), rand.randint(1, 180))
        ok(s.poll() is None, "random keys (seed %d, %d of them): it runs on" % (
            seed, len(pressed_keys)), repr(pressed_keys[-30:]))
        s.resize(40, 150)
    is_(facts(v), before, "and no victim changed")
done()
