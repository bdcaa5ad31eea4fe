#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whole jobs in the interface, by people: one who knows htop and reads the hint bar, one who
hands a listener over, one who wonders what is in a pipe, one who looks for the other end."""
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
from lib import *  # noqa: E402,F403
from screen import *  # noqa: E402,F403

os.environ["FILCH_SHELF"] = os.path.join(TMP, "shelf")
KEYS = {"Enter": ENTER, "Esc": ESC, "Tab": TAB, "Space": " "}
OUT = os.path.join(TMP, "out")


def hinted(s, word):
    """Press the key that the screen now offers for WORD: the hint bar, or the last line of
    the dialog. Nothing that is not offered is ever pressed."""
    offer = r"(?:^|\s)(Enter|Esc|Tab|Space|\S) %s\b" % re.escape(word)

    def bars(x):
        return [line for line in x.lines() if "Esc cancel" in line or
                line.endswith("? help")]

    def offered(x):
        return [re.search(offer, line) for line in bars(x) if re.search(offer, line)]
    s.wait("a key for " + word, offered)
    key = offered(s)[0].group(1)
    s.keys(KEYS.get(key, key))


def on(s, fd, kind):
    s.keys("g/%d %s" % (fd, kind) + ENTER)
    s.wait("the cursor on %d" % fd, lambda x: x.cursor_line()[2:6].strip() == str(fd))


def htop_user(cols, rows):
    """From `filch` to a recovered deleted file with what the hint bar says, letters of
    prompts and Enter apart."""
    out = "%s-%d" % (OUT, cols)
    with Victim("file:fd=12,name=lost.log,size=300000,deleted", "file:fd=13,name=other.log") as v:
        with Screen([FILCH], rows=rows, cols=cols) as s:
            s.wait_text("PROCESSES", "SAFE  idle")
            hinted(s, "filter")
            s.keys(str(v.pid) + ENTER)
            s.wait("only it", lambda x: "PROCESSES  1 of" in x.text() and
                   str(v.pid) in x.cursor_line())
            hinted(s, "open")
            s.wait_text("[deleted]")
            hinted(s, "find")
            s.keys("lost.log" + ENTER)
            s.wait("the lost file", lambda x: re.search(r">\s+12  file .*lost\.log  \[deleted\]",
                                                        x.text()))
            hinted(s, "view")
            s.wait_text("VIEW", pattern(1, 8).hex(" "))
            hinted(s, "back")
            s.wait_text("FD  KIND")
            hinted(s, "dump")
            s.wait_text("DUMP", "Folder", "free")
            s.keys("\x15" + out)
            hinted(s, "start")
            wait_for(lambda: os.path.isdir(out) and
                     any("partial" not in n for n in os.listdir(out)))
            names = [n for n in os.listdir(out) if "partial" not in n]
            is_([open(os.path.join(out, n), "rb").read() == pattern(1, 300000) for n in names],
                [True], "%dx%d: the hint bar alone leads to the lost file" % (cols, rows))
            hinted(s, "back")
            s.wait_text("PROCESSES")
            hinted(s, "back")
            is_(s.wait_exit(), 0, "and out")


OLD = """import os, signal, socket
stop = []
signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
l = socket.create_server(("127.0.0.1", 0), backlog=64)
l.settimeout(0.05)
print(l.getsockname()[1], l.fileno(), flush=True)
while not stop:
    try:
        c = l.accept()[0]
    except TimeoutError:
        continue
    c.sendall(b"old")
    c.close()
"""
NEW = """import os, socket
assert os.environ["LISTEN_PID"] == str(os.getpid()) and os.environ["LISTEN_FDS"] == "1"
assert os.environ["LISTEN_FDNAMES"] == "tcp-h1"
l = socket.socket(fileno=3)
l.settimeout(60)
while True:
    c = l.accept()[0]
    c.sendall(b"new")
    c.close()
"""


class Clients:
    """Four that connect again and again, and note what they are told."""

    def __init__(self, port):
        self.port, self.answers, self.errors, self.stop = port, [], [], False
        self.threads = [threading.Thread(target=self.ask) for _ in range(4)]
        for t in self.threads:
            t.start()

    def ask(self):
        while not self.stop:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 20) as c:
                    c.settimeout(20)
                    self.answers.append(c.recv(10))
            except OSError as e:
                self.errors.append(e)
            time.sleep(0.005)

    def end(self):
        self.stop = True
        for t in self.threads:
            t.join(25)

    def count(self, word):
        return self.answers.count(word)


def script(name, text):
    path = os.path.join(TMP, name)
    with open(path, "w") as f:
        f.write(text)
    return path


def hand_over():
    """Scenario 2, all of it in the interface: the listener of a server that has clients is
    held, a second server gets it, and the first is told to quit."""
    old = subprocess.Popen([sys.executable, script("old.py", OLD)], stdout=subprocess.PIPE)
    port, fd = map(int, old.stdout.readline().split())
    clients = Clients(port)
    new = None
    try:
        with Screen([FILCH, str(old.pid)], rows=30, cols=110) as s:
            s.wait_text("LISTEN", "idle")
            on(s, fd, "tcp")
            hinted(s, "hold")
            s.wait_text("held as h1")
            s.keys("3")
            s.wait_text("SHELF   1 held", "%d:%d" % (old.pid, fd), "running")
            hinted(s, "hand over")
            s.wait_text("HAND OVER h1", "Run it in the background")
            s.keys("b")
            s.wait_text("RUN IN THE BACKGROUND WITH h1", "hold: ", "filch exec --listen h1 -- CMD")
            s.keys(ENTER)
            s.wait_text("which command?")
            s.keys("%s %s" % (sys.executable, script("new.py", NEW)))
            s.wait_text("exec --listen h1 -- %s" % sys.executable)
            s.keys(TAB + TAB + "\x15" + os.path.join(TMP, "new.out") + ENTER)
            s.wait_text("h1 handed over: process ")
            new = int(re.search(r"handed over: process (\d+)", s.text()).group(1))
            wait_for(lambda: clients.count(b"new") > 10)
            ok(clients.count(b"old") > 0, "the second server answers beside the first")
            s.keys("2")
            s.wait_text("FD  KIND")
            hinted(s, "disturb")
            s.wait_text("DISTURB")
            s.keys("g")
            s.wait_text("Signal", "stops:")
            s.keys(TAB + TAB + str(old.pid) + ENTER)
            s.wait_text("SIGTERM sent")
            is_(old.wait(20), 0, "the first is told to quit, and does")
            before = len(clients.answers)
            wait_for(lambda: len(clients.answers) > before + 40)
            is_(set(clients.answers[before + 10:]), {b"new"}, "from then on the second serves")
            s.keys("3")
            s.wait_text("SHELF   1 held", "exited", timeout=20)
            hinted(s, "release")
            s.wait_text("SHELF   0 held")
            before = len(clients.answers)
            wait_for(lambda: len(clients.answers) > before + 20)
            s.keys("5")
            s.wait_text("LOG", "hold", "exec", "signal", "drop")
            ok(True, "the log has each step")
    finally:
        clients.end()
        for pid in [old.pid] * (old.poll() is None) + [new] * (new is not None):
            os.kill(pid, signal.SIGKILL)
        old.wait()
    is_(clients.errors, [], "and nobody was refused or reset")
    is_(open(os.path.join(TMP, "new.out")).read(), "", "nor did the second complain")


def stuck_pipe():
    """Scenario 4: 700 KB, looked at twice."""
    size = 700 * 1024
    with Victim("pipe:fd=14,peer=15,capacity=1M,size=%d" % size) as v:
        data = pattern(1, size)
        with Screen([FILCH, str(v.pid)], rows=30, cols=118) as s:
            s.wait_text("pipe", "idle")
            on(s, 14, "pipe")
            seen = []
            for _ in range(2):
                hinted(s, "view")
                s.wait_text("snapshot at", "of %dK" % (size // 1024))
                s.keys(":%d" % (size - 64) + ENTER)
                s.wait("its end", lambda x: data[size - 64:size - 56].hex(" ") in x.text())
                seen.append([line for line in s.lines() if re.match("[0-9a-f]{8}  ", line)])
                hinted(s, "back")
                s.wait_text("FD  KIND")
            is_(seen[0], seen[1], "a pipe looked at twice is the same")
            is_(v.cmd("fionread 14")["fionread"], size, "nothing was drained")
            hinted(s, "dump")
            s.wait_text("DUMP", "free")
            s.keys("\x15" + OUT + "-pipe")
            hinted(s, "start")
            wait_for(lambda: os.path.isdir(OUT + "-pipe") and
                     any("partial" not in n for n in os.listdir(OUT + "-pipe")))
            is_([open(os.path.join(OUT + "-pipe", n), "rb").read() == data
                 for n in os.listdir(OUT + "-pipe")], [True], "and dumped it is what was written")
            v.cmd("close 15")
            rest = v.cmd("readall 14")
            is_((rest["bytes"], rest["eof"]), (size, True),
                "end of file comes in time, after all of it")


def other_ends():
    """Scenario 5: the exact set, for each kind that has another end."""
    from collections import defaultdict
    want = {14: ("pipe", 15), 16: ("unix", 17), 18: ("tcp", 19), 20: ("tty", 21), 22: ("fifo", 23)}
    with Victim("pipe:fd=14,peer=15", "unix:fd=16,peer=17", "tcp:fd=18,peer=19",
                "tty:fd=20,peer=21", "fifo:fd=22,peer=23", options=["--fork", "1"]) as v:
        pids = {v.pid, *v.children}
        with Screen([FILCH, str(v.pid)], rows=40, cols=118) as s:
            s.wait_text("fifo", "idle")
            got, expect = {}, {}
            for fd, (kind, peer) in want.items():
                on(s, fd, kind)
                s.keys("w")
                s.wait_text("WHO HAS %d:%d" % (v.pid, fd), "Enter goes there")
                found = defaultdict(set)
                for line in s.lines():
                    m = re.search(r"(\d+):(\d+) \S+ +.*(same open file|other end|same file)", line)
                    if m:
                        found[m.group(3)].add((int(m.group(1)), int(m.group(2))))
                got[fd] = dict(found)
                expect[fd] = {"same open file": {(p, fd) for p in pids - {v.pid}},
                              "other end": {(p, peer) for p in pids}}
                s.keys(ESC)
                s.wait_gone("WHO HAS")
            is_(got, expect, "who has it, and who the other end: exactly those")


def equal_numbers():
    """Two FIFOs with one inode number, on two filesystems."""
    places = [os.path.join(TMP, x) for x in ("one", "two")]
    if not am_root():
        skip("no mounting here")
        return
    for p in places:
        os.mkdir(p)
        if run(["mount", "-t", "tmpfs", "none", p]).status:
            skip("no mounting here")
            return
    try:
        with Victim(*["fifo:fd=%d,peer=%d,path=%s/f" % (fd, fd + 1, p)
                      for fd, p in zip((30, 40), places)]) as v:
            same = os.stat(places[0] + "/f").st_ino == os.stat(places[1] + "/f").st_ino
            with Screen([FILCH, str(v.pid)], cols=118) as s:
                s.wait_text("fifo", "idle")
                on(s, 30, "fifo")
                s.keys("w")
                s.wait_text("WHO HAS", "the other end")
                ok(same and "%d:31" % v.pid in s.text() and
                   not re.search(r"│ .*%d:4[01] .*│" % v.pid, s.text()),
                   "two FIFOs of one inode number on two filesystems are no peers", s.text())
    finally:
        for p in places:
            run(["umount", p])


htop_user(80, 24)
htop_user(150, 40)
hand_over()
stuck_pipe()
other_ends()
equal_numbers()
done()
