#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What README.md shows is what the program prints.

    make.py README.md            rewrite the blocks that differ (make readme)
    make.py --check README.md    say which differ, as TAP (tests/cli/readme.t)
    make.py --screens README.md  rewrite only the screens that differ (make screenshots)
    make.py --figures README.md  put what make bench printed, on stdin, in its block

A block is a fence between two comments:

    <!-- run: SCENE -->
    ```
    $ filch peek 4121:5
    parcel 17 for Ms Okafor, waiting for a courier
    ```
    <!-- end -->

Its "$ " lines are run in the SCENE (scenes.py), a world of its own: pids, mounts and
network. Blocks of one scene share it, in the order of the text. What varies from run
to run (normal() below) is not compared, and a block that is right is not touched.
Between `<!-- table: WORDS -->` and `<!-- end -->` stands what `filch WORDS` prints,
after `<!-- screen: NAME -->` what the interface shows (screens.py).
"""

import difflib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
MARK = re.compile(r"<!-- (run|table|figures|screen): ([^\n]*?) -->\n(.*?)<!-- end -->", re.S)
FENCE = re.compile(r"\A```\n(.*)```\n\Z", re.S)
FILCH = os.environ.get("FILCH") or os.path.join(HERE, "../../build/filch")

VARIES = [
    (r"\b[0-9a-f]{40,64}\b", "HASH"),
    (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ?", "DATE"),
    (r"\b(socket|pipe|net|anon_inode):\[\d+\]", r"\1:[N]"),
    (r"(127\.0\.0\.1|\[::1\]):\d{5}\b", r"\1:PORT"),
    (r"\b(in|for) \d+(\.\d+)?m?s\b", r"\1 TIME"),
    (r"^( *(start|ino|dev|mnt_id|atime|mtime|ctime|btime|entry)) .*$", r"\1 N"),
    (r"started at \d+|^ *\d{4} \d{5,} ", "START"),
    (r'"(start|ino|mnt_id|dev)": ?("[^"]*"|\d+)', r'"\1":N'),
    (r"^( *mem file).*/", r"\1 "),                        # a library has another size elsewhere
    (r"\b(ld-linux|libc)[\w.-]*\.so\.\d\b", r"\1"),
    (r"\b2[4-7](\.\dK|\d{3}\b)", "LOG"),                  # the log of the shop grows
    (r"order 00\d{4}: .*", "order"),
    (r"\b\d+% (?=\S)", "N% "),
    (r"^  (seccomp|yama|lsm|room|dumpable) .*\n(   .*\n)*", ""),  # why: of this machine
    (r"\b0x1f[0-9a-f]{6,}", "CAPS"),
    (r"[ \t]+", " "),
    (r" $", ""),
]


def normal(text, scene=""):
    """TEXT without what differs from run to run."""
    for pattern, to in VARIES + list(NUMBERS.get(scene, [])):
        text = re.sub(pattern, to, text, flags=re.M)
    return re.sub(r"watches ([\d, ]+\d)", lambda m: "watches " + " ".join(
        sorted(m.group(1).split(", "))), text)


NUMBERS = {
    # A leak grows by the clock: there only the words count.
    "leak": [(r"[+-]?\d+(\.\d+)?", "N")],
    # Another cat elsewhere.
    **dict.fromkeys(("processes", "descriptors", "viewer", "disturb"), [
        (r"^(.)~", r"\1 "), ("─+", "─"), (r"every 20\w*", "every N"),
        (r"\bof \d+ fds", "of N fds"), (r"\b\d+ms\b", "TIME"),
        (r"\binode +\d+ +dev .*$", "inode N"), (r"\d\d:\d\d:\d\d", "TIME"),
        (r"([│┐┘]).$", r"\1"), (r"4121@\d+", "4121@START"), (r"\b(busy|idle)\b", "idle")]),
    "fileless": [(r"\b(0x[0-9a-f]+|\d+(\.\d+)?[KM]?)$", "N"), (r"\bmemfd - \S+", "memfd - N"),
                 (r"^ +(debuglink|relro|bind_now|needed|osabi|machine).*\n", "")],
}


def apart(script, *args, data=None):
    """What SCRIPT prints in namespaces of its own, or None where that cannot be."""
    command = ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--net",
               "--ipc", "--uts"]
    if not shutil.which("unshare") or subprocess.run(command + ["true"], check=False,
                                                     stderr=subprocess.DEVNULL).returncode:
        return None  # no privilege for it
    command += [sys.executable, "-B", os.path.join(HERE, script), *args]
    done = subprocess.run(command, input=json.dumps(data), stdout=subprocess.PIPE, text=True,
                          check=False, env=dict(os.environ, FILCH=os.path.abspath(FILCH)))
    if done.returncode == 77:
        return None
    if done.returncode:
        sys.exit(f"make.py: {script} {' '.join(args)} ended with status {done.returncode}")
    return json.loads(done.stdout)


def run_scene(scene, blocks):
    """What the commands of BLOCKS print, or None where the scene cannot be set."""
    return apart("scenes.py", scene, data=blocks)


def screens(names):
    """The text of each screen; none where they cannot be shown."""
    if not names or not importlib.util.find_spec("pyte"):
        return {}
    return apart("screens.py", *names) or {}


def commands_of(body):
    fence = FENCE.match(body)
    if not fence:
        sys.exit(f"make.py: not one fence:\n{body}")
    return [line[2:] for line in fence.group(1).splitlines() if line.startswith("$ ")]


def table(words):
    text = subprocess.run([FILCH] + words, stdout=subprocess.PIPE, text=True, check=True).stdout
    return kinds(text) if "--kinds" in words else f"```\n{text}```\n"


def kinds(text):
    """filch help --kinds: of what looks at contents, one row for kinds that are alike."""
    cells, kind = {}, None
    for line in text.splitlines():
        name, words = line.split(None, 1)
        if not line.startswith(" "):
            kind = cells.setdefault(name.rstrip(":"), {})
            continue
        effect, words = words.split(None, 1)
        kind[name] = (f"*no*: {words}" if effect == "refused" else f"**{effect}**: {words}")
    alike = {}
    for name, kind in cells.items():
        alike.setdefault(tuple(kind[c] for c in ("peek", "dump", "read")), []).append(name)
    lines = ["| kind | peek | dump | read |", "| --- | --- | --- | --- |"]
    lines += ["| " + " ".join(f"`{n}`" for n in names) + " | " + " | ".join(
        c.replace("|", r"\|") for c in row) + " |" for row, names in alike.items()]
    return "\n".join(lines) + "\n"


class Page:
    """README.md, and what its blocks should be."""

    def __init__(self, path):
        self.path = path
        with open(path, encoding="utf-8") as f:
            self.text = f.read()
        self.blocks = list(MARK.finditer(self.text))

    def bodies(self, only=("run", "table", "screen")):
        """For each block what it should be, or None if that cannot be found out here."""
        scenes = {}
        for b in self.blocks:
            if b.group(1) == "run" and "run" in only:
                scenes.setdefault(b.group(2), []).append(commands_of(b.group(3)))
        shown = {s: run_scene(s, blocks) for s, blocks in scenes.items()}
        turn = {s: iter(texts or []) for s, texts in shown.items()}
        looks = screens([b.group(2) for b in self.blocks if b.group(1) == "screen"])
        for b in self.blocks:
            if b.group(1) not in only:
                yield None
            elif b.group(1) == "run":
                text = next(turn[b.group(2)], None)
                yield text and "```\n" + re.sub(r"[ \t\r]+$", "", text, flags=re.M) + "```\n"
            elif b.group(1) == "table":
                yield table(b.group(2).split())
            else:
                text = looks.get(b.group(2))
                yield text and f"```\n{text}```\n"

    def rewrite(self, new):
        """NEW: a body for each block, None for one that stays."""
        out, at = [], 0
        for b, body in zip(self.blocks, new):
            out += [self.text[at:b.start(3)], b.group(3) if body is None else body]
            at = b.end(3)
        out.append(self.text[at:])
        with open(self.path, "w", encoding="utf-8") as f:
            f.write("".join(out))


def same(block, body):
    return normal(block.group(3), block.group(2)) == normal(body, block.group(2))


def write(page, **which):
    new = [None if body is None or same(b, body) else body
           for b, body in zip(page.blocks, page.bodies(**which))]
    page.rewrite(new)
    print(f"{sum(n is not None for n in new)} of {len(new)} blocks rewritten")


def title(block):
    if block.group(1) == "run":
        return "; ".join(commands_of(block.group(3)))
    return f"{block.group(1)} {block.group(2)}"


def check(page):
    failed = 0
    print(f"1..{len(page.blocks)}")
    for n, (b, body) in enumerate(zip(page.blocks, page.bodies()), 1):
        name = title(b).replace("#", "")
        if body is None:
            print(f"ok {n} - {name} # SKIP not to be found out here")
            continue
        good = same(b, body)
        failed += not good
        print(f"{'' if good else 'not '}ok {n} - {name}")
        if not good:
            for line in difflib.unified_diff(normal(b.group(3), b.group(2)).splitlines(),
                                             normal(body, b.group(2)).splitlines(),
                                             "README.md", "printed now", lineterm=""):
                print(f"# {line}")
    return failed > 0


def figures(page):
    text = sys.stdin.read().strip("\n")
    page.rewrite([f"```\n{text}\n```\n" if b.group(1) == "figures" else None
                  for b in page.blocks])


def main(argv):
    page = Page(argv[-1])
    if argv[1:-1] == ["--check"]:
        return check(page)
    if argv[1:-1] == ["--figures"]:
        return figures(page)
    if argv[1:-1] == ["--screens"]:
        return write(page, only=("screen",))
    return write(page)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
