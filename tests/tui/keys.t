#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# timeout: 240
"""Every key in every context; random keys in LOOK mode change nothing for anybody.

FILCH_RANDOM_SECONDS is for how long, FILCH_RANDOM_SEED repeats a run."""
import os
import random
import re
import select
import sys
import time

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
from lib import *  # noqa: E402,F403
from screen import *  # noqa: E402,F403

os.environ["FILCH_SHELF"] = os.path.join(TMP, "shelf")
SECONDS = float(os.environ.get("FILCH_RANDOM_SECONDS", "12"))
KEYS = ([chr(c) for c in range(33, 127) if chr(c) not in "qQ"] +
        [" ", ENTER, TAB, UP, DOWN, LEFT, RIGHT, PGUP, PGDN, HOME, END, "\033[Z", "\x7f",
         "\x02", "\x04", "\x06", "\x0c", "\x15", "\033OP", "\033OQ", "\033OS", "\033[15~",
         "\033[17~", "\033[18~", "\033[20~", "\033[3~", "\033[<0;5;9M", "\033[<64;5;9M",
         "\033[200~q!\033[201~", "\xe4".encode("latin-1"), "\u00e4", "\u4e16", "\0"])
LEAVE = ["q", "Q", "\x03", "\033[21~"]  # what may leave

# One of each kind that can be made here.
ZOO = ("file:fd=12,name=plain.log,size=3000", "file:fd=13,name=gone.log,size=500,deleted",
       "pipe:fd=14,peer=15,size=100", "tcp:fd=16,peer=17,queued=50", "udp:fd=18,peer=19,sizes=5",
       "unix:fd=20,peer=21,type=dgram,sizes=5+7", "eventfd:fd=22,value=3",
       "timerfd:fd=23,value=60000", "signalfd:fd=24", "epoll:fd=25,watch=14", "inotify:fd=26",
       "memfd:fd=27,size=4096", "pidfd:fd=28", "tty:fd=29,peer=30,text=typed", "dup:fd=31,of=12",
       "dir:fd=32", "namespace:fd=33", "char:fd=34,path=/dev/zero", "fifo:fd=35,peer=36,text=first",
       "unix:fd=37,peer=38,cargo=2", "unix:fd=39,listen,abstract=zoo,pending=1",
       "tcp:fd=41,listen,pending=1", "netlink:fd=43", "packet:fd=44", "raw:fd=45,proto=253",
       "vsock:fd=46", "secretmem:fd=47,size=4096", "mqueue:fd=48", "io_uring:fd=49",
       "bpf-map:fd=50", "bpf-prog:fd=51", "perf:fd=52", "userfaultfd:fd=53", "landlock:fd=54",
       "fscontext:fd=55,type=tmpfs", "anon:fd=56", "fanotify:fd=57", "symlink:fd=58", "block:fd=59",
       "udplite:fd=60,peer=61,sizes=5", "icmp:fd=62", "seccomp:fd=63", "tun:fd=64", "socket:fd=65",
       "reopen:fd=66,of=12", "kvm:fd=67", "dmabuf:fd=68", "bpf-link:fd=69",
       "unix:fd=70,peer=71,type=seqpacket,sizes=9")

LOOK = (("processes", "1"), ("descriptors", "2"), ("detail", "2\t"), ("marked", "2 j "),
        ("shelf", "3"), ("jobs", "4"), ("log", "5"), ("help", "?"), ("a search", "2/"),
        ("a filter", "2f"), ("a filter of processes", "1f"), ("a menu", "2s"),
        ("the palette", "2:"), ("why", "2W"), ("who", "2g/plain\rw"))
# What LOOK mode refuses, opened as anybody would. Nothing acts without its token.
SAFE = (("the viewer", "2g/plain\rv"), ("a search in it", "2g/plain\rv/"),
        ("an offset", "2g/plain\rv:"), ("a queue", "2g/14 pipe\rv"), ("text", "2g/plain\rv\t"),
        ("dump", "2g/plain\rd"), ("disturb", "2g/14 pipe\r!"), ("seek", "2g/plain\r!k"),
        ("read", "2g/14 pipe\r!x"), ("write", "2g/15 pipe\r!w"), ("signal", "2g/plain\r!g"),
        ("recover", "2r"), ("hand over", "2g/plain\rH"), ("a command", "2g/plain\rHr"),
        ("a socket", "2g/plain\rHs"))


def facts(v):
    """All of the victim that somebody could have changed, what only time changes apart."""
    asked = {c: v.cmd(c) for t in v.truth if "skipped" not in t
             for c in ["flags %d" % t["fd"], "pos %d" % t["fd"]] +
             ["fionread %d" % t["fd"]] * (t["kind"] in ("pipe", "fifo", "tcp", "udp", "unix",
                                                        "udplite", "tty", "inotify"))}
    for row in rows(v.pid):
        if row["assoc"] == "fd" and row["fd"] > 9:
            detail = {k: x for k, x in (row["detail"] or {}).items()
                      if not re.search("time|last|remain|expir|_ms|rto|rtt|ticks|value", k)}
            asked[row["fd"]] = (row["kind"], row["flags"], row["pos"], row["size"], row["ino"],
                                detail)
    return asked


def unseen(master):
    """Take what there is and do not look at it: that is most of the work."""
    try:
        os.read(master, 1 << 16)
    except OSError:
        pass


def put(s, text):
    os.write(s.master, text if isinstance(text, bytes) else text.encode())


def look(s):
    """From now on what is shown counts."""
    s.display.reset()
    put(s, "\x0c")


class Many:
    """Screens that get the same keys side by side: what takes time is waiting."""

    def __init__(self, contexts, *options):
        self.contexts = contexts
        # Enter in a dialog that asks for a folder means this one.
        self.at = [Screen([FILCH, *options], rows=30, cols=100, preexec=lambda: os.chdir(TMP))
                   for _ in contexts]
        self.last = {}
        for s in self.at:
            s.wait_text("plain.log", "idle", timeout=30)

    def pump(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            left = max(0, end - time.monotonic())
            for master in select.select([s.master for s in self.at], [], [], left)[0]:
                unseen(master)

    def send(self, text_of):
        for s, (_, way) in zip(self.at, self.contexts):
            if s.poll() is None:
                put(s, text_of(way))

    def press(self, key):
        """KEY in each context, reached from wherever the last key led."""
        self.send(lambda way: ESC + ESC)
        self.pump(0.04)
        head = [re.split("(?<=[!])", way) for _, way in self.contexts]
        self.send(lambda way: re.split("(?<=[!])", way)[0])
        if any(len(h) > 1 for h in head):
            self.pump(0.04)  # a dialog that disturbs drops what was typed ahead
            self.send(lambda way: "".join(re.split("(?<=[!])", way)[1:]))
            self.pump(0.04)
        for s, (name, _) in zip(self.at, self.contexts):
            if s.poll() is None:
                put(s, key)
                self.last[name] = key

    def verdict(self, mode):
        self.send(lambda way: ESC + ESC)
        self.pump(0.1)
        self.send(lambda way: "2")
        self.pump(0.1)
        for s, (name, _) in zip(self.at, self.contexts):
            try:
                if s.poll() is None:
                    look(s)
                good = s.poll() is None and s.wait_text("FD  KIND")
            except Timeout:
                good = False
            ok(good, "%s: every key in %s, and it runs on" % (mode, name),
               "the last key was %r" % self.last[name], "status %r" % s.status, s.text())

    def leave(self, keys):
        """Keys that may leave: in each context they do that, or it runs on."""
        bad = []
        for key in keys:
            self.press(key)
            self.pump(0.2)
            for s, (name, _) in zip(self.at, self.contexts):
                if s.poll() is not None and os.waitstatus_to_exitcode(s.status) != 0:
                    bad.append((name, key, s.status))
        is_(bad, [], "q, Q, ^C and F10 leave cleanly where they leave")
        for s in self.at:
            s.close()


def every_key(v, contexts, mode, *options):
    many = Many(contexts, *options, str(v.pid))
    for key in KEYS:
        many.press(key)
    many.verdict(mode)
    many.leave(LEAVE)


def random_keys(v):
    seed = int(os.environ.get("FILCH_RANDOM_SEED", str(int(time.time()))))
    rand = random.Random(seed)
    pressed_keys = []
    with Screen([FILCH, "--read-only", str(v.pid)], rows=40, cols=150) as s:
        s.wait_text("plain.log", "idle", timeout=30)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and s.poll() is None:
            key = rand.choice(KEYS + [ESC])
            pressed_keys.append(key)
            put(s, key)
            if select.select([s.master], [], [], 0.002)[0]:
                unseen(s.master)
            if rand.random() < 0.01:
                s.resize(rand.randint(1, 60), rand.randint(1, 180))
        ok(s.poll() is None, "random keys (seed %d, %d of them): it runs on" % (
            seed, len(pressed_keys)), repr(pressed_keys[-30:]), "status %r" % s.poll(), s.text())


with Victim(*ZOO, limit=30) as victim:
    skipped = [t["kind"] for t in victim.truth if "skipped" in t]
    diag("kinds that cannot be made here: " + (", ".join(skipped) or "none"))
    before = facts(victim)
    every_key(victim, LOOK, "LOOK", "--read-only")
    is_(facts(victim), before, "LOOK: no victim changed")
    random_keys(victim)
    is_(facts(victim), before, "random keys: no victim changed")
    every_key(victim, SAFE, "SAFE")
    is_(facts(victim), before, "SAFE: nothing that disturbs was done without its token")
done()
