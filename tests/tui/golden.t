#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whole screens as tmux shows them, compared with the files of golden/.

Which terminal, whether it has colours, must not change a character, so that one file
stands for several rows of MATRIX. GOLDEN=update writes what is shown now. Pids, network
and files are of namespaces of our own (readme/scenes.py); what varies in spite of that
is in VARIES."""
import concurrent.futures
import difflib
import json
import os
import re
import resource
import shlex
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), HERE, os.path.join(HERE, "..", "readme")]
import scenes  # noqa: E402

UPDATE = os.environ.get("GOLDEN") == "update"
SPECS = ("file:fd=12,path=/srv/lost.log,size=300000,deleted",
         "file:fd=13,path=/srv/plain.log,text=hello",
         "pipe:fd=14,peer=15,text=abcdefgh", "unix:fd=16,peer=17,type=dgram,sizes=5+7",
         "eventfd:fd=18,value=3", "memfd:fd=19,name=jit,size=4096", "dup:fd=20,of=13",
         "char:fd=21,path=/dev/null", "tcp:fd=23,peer=24")

# Not what is mapped, nor our own pipes to it: these are of this machine.
ONE = "1 fvictim Enter 2 "
FDS = "ffd>=12 Enter "

# name of the file, size, keys after the table is there, what must be on it, and what
# terminals it must look the same on: (TERM, environment and options).
COLOUR, MONO, C, ASCII, NEVER = "", "NO_COLOR=1", "LC_ALL=C", "--ascii", "--color=never"
MATRIX = (
    ("descriptors", (80, 24), FDS + "g /18 Enter", "count 3",
     (("xterm-256color", COLOUR), ("vt100", MONO), ("linux", NEVER))),
    ("descriptors", (120, 30), FDS + "g /18 Enter", "EFFECTS",
     (("screen", COLOUR), ("tmux-256color", MONO))),
    ("panes", (150, 40), ONE + FDS + "g /18 Enter", "SHELF",
     (("tmux-256color", COLOUR), ("linux", MONO), ("vt100", C), ("xterm-256color", ASCII))),
    ("descriptors", (40, 12), FDS + "g /18 Enter", "eventfd",
     (("linux", COLOUR), ("screen", MONO))),
    ("descriptors", (40, 8), FDS + "g /18 Enter", "eventfd",
     (("vt100", COLOUR), ("xterm-256color", C))),
    ("panes", (160, 50), ONE + FDS + "g /18 Enter", "SHELF",
     (("xterm-256color", COLOUR), ("linux", NEVER))),
    ("handing", (80, 24), FDS + "g /12 Enter H ~ b", "Listen",
     (("tmux-256color", COLOUR), ("vt100", C))),
    ("nothing", (1, 1), "", "f", (("xterm-256color", COLOUR), ("vt100", C))),
    ("small", (39, 7), "", "needs", (("screen", COLOUR), ("linux", ASCII))),
    ("processes", (80, 24), ONE + "1", "4121", (("screen", COLOUR), ("linux", C))),
    ("processes", (150, 40), ONE + FDS + "1", "4121", (("xterm-256color", MONO),)),
    ("viewer", (80, 24), "g /12 Enter v", "VIEW", (("tmux-256color", COLOUR), ("linux", ASCII))),
    ("viewer-text", (120, 30), "g /13 Enter v Tab", "hello", (("vt100", COLOUR), ("screen", C))),
    ("queue", (40, 12), "g /14 Enter v", "VIEW", (("xterm-256color", NEVER),)),
    ("disturb", (80, 24), FDS + "g /12 Enter !", "DISTURB", (("screen", COLOUR), ("vt100", C))),
    ("disturb", (40, 12), FDS + "g /12 Enter !", "DISTURB", (("tmux-256color", MONO),)),
    ("seek", (120, 30), FDS + "g /12 Enter ! ~ k", "Offset", (("linux", COLOUR),)),
    ("typed", (80, 24), FDS + "g /14 Enter ! ~ x", "Type 4121:14",
     (("xterm-256color", MONO), ("linux", C))),
    ("dump", (120, 30), FDS + "g /12 Enter d", "Folder",
     (("xterm-256color", COLOUR), ("vt100", ASCII))),
    ("recover", (80, 24), FDS + "r", "RECOVER", (("screen", NEVER),)),
    ("who", (150, 40), ONE + FDS + "g /13 Enter w", "WHO HAS", (("tmux-256color", COLOUR),)),
    ("shelf", (80, 24), "g /12 Enter a 3", "SHELF   1", (("linux", MONO), ("xterm-256color", C))),
    ("jobs", (120, 30), "4", "JOBS", (("vt100", COLOUR),)),
    ("log", (80, 24), "g /14 Enter v q 5", "LOG", (("tmux-256color", COLOUR), ("vt100", ASCII))),
    ("help", (80, 24), "?", "EVERYWHERE", (("xterm-256color", COLOUR), ("vt100", C))),
    ("palette", (80, 24), FDS + ":", "ACTIONS", (("linux", COLOUR),)),
)

# What holds a descriptor shows in other tables as a sharer: one after the other.
HOLDS = ("viewer", "viewer-text", "queue", "log", "shelf")

VARIES = (
    (r"\b\d\d:\d\d:\d\d\b", "TIME"),
    (r"\bdev \d+:\d+", "dev D"),
    (r"\bfree [\d.]+[KMGT]?", "free N"),
    (r"\b(pipe|socket):\[\d+\]?", r"\1:[N]"),
    (r"\b(inode|mnt_id|eventfd-id|cookie|netns|ino) +\d+", r"\1 N"),
    (r"\b(\d+ms|\d+s|\d+m \d+s)\b", "T"),
    (r"\b\d+ processes +\d+ fds", "N processes N fds"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"\bof \d+ fds", "of N fds"),
    (r"PROCESSES  1 of \d+", "PROCESSES  1 of N"),
    (r"\bsort:? *(?=[|│])", "sort"),  # what such a number leaves room for
    (r"\b4121@\d+", "4121@START"),
    (r"\bsq [1-9]\d*", "sq N"),  # with what the kernel adds
    (r"\bid +\d+$", "id N"),
    (r"\b0x[0-9a-f]{8,}", "0xN"),
    (r"^\d+ +T +", ""),
)


def normal(screen):
    """SCREEN without what varies; a line that had such loses its runs of spaces too."""
    out = []
    for line in screen.rstrip("\n").split("\n"):
        new = line
        for pattern, to in VARIES:
            new = re.sub(pattern, to, new)
        new = line if new == line else re.sub(r"[ ─-]{2,}", "  ", new)
        out.append(new.rstrip())
    return "\n".join(out).rstrip("\n") + "\n"


def tmux(*words):
    return subprocess.run(["tmux", "-L", "golden", "-f", "/dev/null", *words], check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL, env=scenes.ENV).stdout


def in_ascii(screen):
    """What SCREEN is where no character beyond ASCII may be."""
    return normal(screen.translate(str.maketrans("│─┌┐└┘├┤", "|-++++++")))


class Tmux:
    """filch in a session of SIZE; the server is the only one of our namespaces."""

    def __init__(self, name, size, term, how):
        self.name = name
        env = dict(scenes.ENV, TERM=term, FILCH_SHELF="/srv/shelf-" + name)
        options = [how] if how.startswith("--") else []
        if "=" in how and not options:
            env.update([how.split("=")])
        words = ["env", "-i"] + ["%s=%s" % x for x in env.items()] + [scenes.HERE] + options
        tmux("new-session", "-d", "-c", "/srv", "-s", name, "-x", str(size[0]), "-y", str(size[1]),
             shlex.join(words + ["4121"]))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        tmux("kill-session", "-t", self.name)

    def shown(self):
        return tmux("capture-pane", "-p", "-t", self.name)

    def wait(self, condition, seconds=8):
        """What is shown once CONDITION(text) holds; the last that was if it never does."""
        end = time.monotonic() + seconds
        while True:
            text = self.shown()
            if condition(text) or time.monotonic() > end:
                return text
            time.sleep(0.03)

    def keys(self, words):
        """Press them; what comes after a `~` not before the screen is still."""
        for word in words.split():
            if word == "~":
                self.still()
            elif re.fullmatch(r"Enter|Tab|Escape", word):
                tmux("send-keys", "-t", self.name, word)
            else:
                tmux("send-keys", "-t", self.name, "-l", word)

    def still(self):
        """What is shown once it is the same three times."""
        last = []

        def same(text):
            last.append(text)
            return len(last) > 2 and len(set(last[-3:])) == 1
        return self.wait(same, 3)


def victim():
    scenes.world()
    scenes.do("cp", os.path.join(scenes.BUILD, "tests", "victim"), "/srv/bin/victim")
    os.mkdir("/srv/case")
    scenes.ENV.update(TMPDIR="/srv/case", HOME="/srv", PATH=scenes.ENV["PATH"])
    p = scenes.start(4121, ["/srv/bin/victim", *SPECS], keep=True, stdout=subprocess.PIPE)
    while not json.loads(p.stdout.readline()).get("ready"):
        pass
    resource.prlimit(4121, resource.RLIMIT_NOFILE, (1024, 1024))
    scenes.next_pid(4200)


def compare(number, name, size, keys, expect, term, how):
    """The difference to the file, "" if there is none."""
    path = os.path.join(HERE, "golden", "%s-%dx%d" % (name, *size))
    with Tmux("g%d" % number, size, term, how) as t:
        t.wait(lambda text: "idle" in text or "needs" in text or size == (1, 1) and text.strip())
        t.keys(keys)
        if UPDATE:
            t.wait(lambda text: expect in text)
            t.wait(lambda text: False, 3)  # until every pane has all that it will have
            text = normal(t.still())
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            return "" if expect in text else "no %r on it" % expect
        with open(path, encoding="utf-8") as f:
            want = f.read()
        view = in_ascii if how in (C, ASCII) else normal
        want = view(want)
        got = view(t.wait(lambda text: view(text) == want))
    return "\n".join(difflib.unified_diff(want.splitlines(), got.splitlines(), path, "shown",
                                          lineterm=""))


def result_of(look):
    return look[1], compare(look[0], *look[1])


def tell(look, result):
    name, size, _, _, term, how = look
    print(json.dumps(["%s at %dx%d, TERM=%s %s" % (name, *size, term, how), result]), flush=True)


def inside():
    """In the namespaces: what was looked at and how it differs, as JSON."""
    try:
        victim()
    except (scenes.CannotBe, OSError) as e:
        print(e, file=sys.stderr)
        return 77
    looks = [(name, size, keys, expect, *terminal) for name, size, keys, expect, terminals in MATRIX
             for terminal in terminals[:1 if UPDATE else None]]
    tmux("start-server", ";", "set", "-g", "status", "off", ";", "set", "-g", "remain-on-exit",
         "on", ";", "set", "-g", "exit-empty", "off")
    looks = list(enumerate(looks))
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        for look, result in pool.map(result_of, [x for x in looks if x[1][0] not in HOLDS]):
            tell(look, result)
    for look, result in map(result_of, [x for x in looks if x[1][0] in HOLDS]):
        tell(look, result)
    tmux("kill-server")
    return 0


def main():
    from lib import done, need, ok, skip_all
    need("tmux", "unshare")
    apart = ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--net",
             "--ipc", "--uts"]
    if subprocess.run(apart + ["true"], check=False, stderr=subprocess.DEVNULL).returncode:
        skip_all("no privilege for namespaces")
    p = subprocess.Popen(apart + [sys.executable, "-B", os.path.abspath(__file__), "inside"],
                         stdout=subprocess.PIPE, text=True)
    for line in p.stdout:
        name, difference = json.loads(line)
        ok(not difference, name, difference)
    if p.wait() == 77:
        skip_all("the scene cannot be set here")
    ok(p.returncode == 0, "all were shown")
    done()


if __name__ == "__main__":
    sys.exit(inside() if sys.argv[1:] == ["inside"] else main())
