#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Measures filch against its budgets: `make bench`, or BENCH=quick for a subset.

Every figure is a ratio to something else measured in the same run, the two
taking turns; the time is the median. $FILCH is the program, $BUILD the folder
with the helpers of tests/bench.
"""

import contextlib
import json
import math
import os
import pwd
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import namedtuple

import tui

FILCH = os.environ["FILCH"]
HELPERS = os.path.join(os.environ["BUILD"], "tests/bench")
QUICK = os.environ.get("BENCH") == "quick"
MIB = 1 << 20
GIB = 1 << 30

Cost = namedtuple("Cost", "wall user system rss status")


class Report:
    """The table, printed line by line as the figures come."""

    def __init__(self):
        self.over = 0
        self.failed = 0

    def title(self, text):
        print(f"\n{text}", flush=True)

    def row(self, what, figure, budget="", good=None):
        verdict = "" if good is None else "pass" if good else "OVER"
        self.over += verdict == "OVER"
        print(f"  {what:<46} {figure:>12}  {budget:<16} {verdict}".rstrip(), flush=True)

    def at_least(self, what, value, limit):
        self.row(what, f"{value:.2f}x", f">= {limit}x", value >= limit)

    def at_most(self, what, value, limit, unit="x"):
        self.row(what, f"{value:.2f}{unit}", f"<= {limit}{unit}", value <= limit)

    def missing(self, what, why):
        self.failed += 1
        self.row(what, "-", why)


def measure(command, one_cpu=False):
    wrapped = [f"{HELPERS}/measure"] + (["-1"] if one_cpu else []) + command
    out = subprocess.run(wrapped, stdout=subprocess.PIPE, check=True, text=True).stdout.split()
    return Cost(*map(float, out[:3]), int(out[3]) * 1024, int(out[4]))


def median(runs):
    return Cost(*(statistics.median(getattr(run, f) for run in runs) for f in Cost._fields))


def best(runs):
    return min(runs, key=lambda run: run.wall)


def take_turns(commands, rounds, before=lambda: None, one_cpu=False, pick=median):
    """The cost of each named command; None for one that failed or is not there."""
    costs = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            if command[0].startswith("/") or shutil.which(command[0]):
                before()
                costs[name].append(measure(command, one_cpu))
    return {name: pick(runs) if runs and not any(run.status for run in runs) else None
            for name, runs in costs.items()}


@contextlib.contextmanager
def fleet(processes, descriptors, what="mixed", threads=1):
    """Processes with that many descriptors each, or with so many in each of some
    threads' own tables; gives their parent's pid."""
    command = [f"{HELPERS}/fleet", str(processes), str(descriptors), what, str(threads)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        if parent.stdout.readline() != b"ready\n":
            sys.exit("bench: the fleet did not get all its descriptors")
        try:
            yield parent.pid
        finally:
            parent.stdin.close()


def child_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return f.read().split()[0]


def show_cost(report, name, cost):
    report.row(name, f"{cost.wall:.3f} s",
               f"cpu {cost.user + cost.system:.2f} s, {cost.rss / MIB:.1f} MiB")


LS = [FILCH, "ls", "--json"]
FLOOR = [f"{HELPERS}/floor"]


def listing(report, processes, rounds):
    descriptors = processes * 500
    report.title(f"ls --json of everything, {processes} processes x 500 descriptors")
    commands = {"filch": LS, "kernel floor": FLOOR, "lsof -nP": ["lsof", "-nP"],
                "lsfd": ["lsfd"], "lsfd -J": ["lsfd", "-J"]}
    with fleet(processes, 500):
        cost = take_turns(commands, rounds)
        single = take_turns({"filch": LS, "floor": FLOOR}, rounds, one_cpu=True)
    for name in commands:
        if cost[name]:
            show_cost(report, name, cost[name])
        else:
            report.missing(name, "failed or missing")
    if not cost["filch"]:
        return
    for name, limit in (("lsof -nP", 2.5), ("lsfd", 3), ("lsfd -J", 3)):
        if cost[name]:
            report.at_least(f"faster than {name}", cost[name].wall / cost["filch"].wall, limit)
    if single["filch"] and single["floor"]:
        report.at_most("one processor: to the kernel floor",
                       single["filch"].wall / single["floor"].wall, 1.6)
    report.row("all processors: to the kernel floor",
               f"{cost['filch'].wall / cost['kernel floor'].wall:.2f}x")
    report.at_most("memory above 10 MiB, a descriptor",
                   max(0, cost["filch"].rss - 10 * MIB) / descriptors, 300, " B")


def scaling(report):
    report.title("ls --json, time a descriptor")
    each = {}
    for processes in (20, 200) if QUICK else (20, 200, 800):
        count = processes * 500
        with fleet(processes, 500):
            cost = take_turns({"filch": LS}, 3)["filch"]
        if not cost:
            report.missing(f"{count} descriptors", "filch failed")
            return
        each[count] = cost.wall / count * 1e6
        report.row(f"{count} descriptors", f"{each[count]:.2f} us", f"{cost.wall:.3f} s")
    report.at_most("most to fewest descriptors", each[max(each)] / each[min(each)], 1.25)


def kcmp_calls(pid):
    err = subprocess.run([*LS, "--stats", pid], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                         text=True, check=True).stderr
    return json.loads(err)["kcmp_calls"]


def alike(report):
    """Descriptors that only kcmp can tell apart."""
    count = 2000 if QUICK else 19000
    report.title(f"ls --json PID, {count} descriptors of one kind in one process")
    for what in ("timerfd", "null"):
        with fleet(1, count, what) as parent:
            pid = child_of(parent)
            cost = take_turns({"filch": LS + [pid], "lsof": ["lsof", "-nP", "-p", pid],
                               "lsfd": ["lsfd", "-p", pid]}, 3)
            calls = kcmp_calls(pid)
        if not cost["filch"]:
            report.missing(what, "filch failed")
            continue
        for name in cost:
            if cost[name]:
                show_cost(report, f"{what}: {name}", cost[name])
        if calls < count - 1:
            report.row(f"{what}: kcmp calls", calls, "too few to know", False)
            continue
        report.at_most(f"{what}: {calls} kcmp calls to n log2 n",
                       calls / (count * math.log2(count)), 1.1)


def small(report):
    """With TCP the kernel goes through its whole table of connections, however few there are,
    and those that ended a minute ago: so this comes before the fleets."""
    report.title("ls of one small process, longer than true")
    with fleet(1, 8) as parent, subprocess.Popen(["sleep", "1000"]) as quiet:
        try:
            cost = take_turns({"files": [FILCH, "ls", str(quiet.pid)],
                               "TCP": [FILCH, "ls", child_of(parent)], "true": ["true"]},
                              20 if QUICK else 40)
        finally:
            quiet.terminate()
    for what in ("files", "TCP"):
        if cost[what]:
            report.at_most(f"that has {what}", (cost[what].wall - cost["true"].wall) * 1e3, 3, " ms")
        else:
            report.missing(f"filch ls, {what}", "failed")


def fill(path, size):
    block = os.urandom(MIB)
    with open(path, "wb") as f:
        for _ in range(size // MIB):
            f.write(block)


@contextlib.contextmanager
def source(directory, make):
    """A file of ours, open, in a folder that goes away; gives (path, DESC, output)."""
    with tempfile.TemporaryDirectory(prefix="filch-bench.", dir=directory) as folder:
        path = os.path.join(folder, "source")
        make(path)
        with open(path, "rb") as f:
            yield path, f"{os.getpid()}:{f.fileno()}", os.path.join(folder, "out")


def remover(path):
    def remove():
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    return remove


def memory_available():
    with open("/proc/meminfo", encoding="ascii") as f:
        return int(re.search(r"MemAvailable:\s+(\d+)", f.read()).group(1)) * 1024


def ratio_row(report, cost, ours, theirs, limit=None):
    what = f"{ours} to {theirs}"
    if not cost[ours] or not cost[theirs]:
        report.missing(what, "failed or missing")
    elif limit:
        report.at_most(what, cost[ours].wall / cost[theirs].wall, limit)
    else:
        report.row(what, f"{cost[ours].wall / cost[theirs].wall:.2f}x")


def rates(report, cost, size):
    for name, value in cost.items():
        if value:
            report.row(name, f"{value.wall:.3f} s", f"{size / value.wall / GIB:.2f} GiB/s")


def give_back(path, size):
    """Use that much memory on the filesystem of the path, and no longer."""
    fill(path, size)
    os.unlink(path)


SIDE_BY_SIDE = 'cp --reflink=never "$1" "$2" & "$0" "$1" & wait'


def dump_memory(report, size):
    """Memory that is new to a virtual machine may cost several times the copy, for whoever
    copies. So each finds memory that was in use a moment before, and the best of some runs
    counts; of several GiB even that tells more of the machine than of us, and is judged
    by nobody. A stream needs no new memory."""
    if memory_available() < 3 * size or shutil.disk_usage("/dev/shm").free < 3 * size:
        report.title(f"dump on tmpfs: not measured, less than {3 * size / GIB} GiB free")
        return
    report.title(f"dump of {size // MIB} MiB on tmpfs")
    with source("/dev/shm", lambda path: fill(path, size)) as (path, desc, out):
        cost = take_turns({"dump to a stream": ["sh", "-c", '"$0" dump "$1" -o - >/dev/null 2>&1',
                                                FILCH, desc],
                           "nettle alone": [f"{HELPERS}/hash", path],
                           "openssl dgst": ["openssl", "dgst", "-sha256", path]}, 3, pick=best)
        cost |= take_turns({"dump to a file": [FILCH, "dump", desc, "-o", out],
                            "cp and nettle": ["sh", "-c", SIDE_BY_SIDE, f"{HELPERS}/hash", path,
                                              out],
                            "dump --hash none": [FILCH, "dump", "--hash", "none", desc, "-o", out],
                            "cp": ["cp", "--reflink=never", "--sparse=never", path, out]},
                           3, lambda: give_back(out, size), pick=best)
    rates(report, cost, size)
    ratio_row(report, cost, "dump to a stream", "nettle alone", 1.1)
    ratio_row(report, cost, "dump to a stream", "openssl dgst")
    ratio_row(report, cost, "dump to a file", "nettle alone", 1.1 if size < GIB else None)
    ratio_row(report, cost, "dump to a file", "cp and nettle", 1.2 if size < GIB else None)
    ratio_row(report, cost, "dump --hash none", "cp", 1.1)


def dump_disk(report, size):
    directory = os.environ["BUILD"]
    if shutil.disk_usage(directory).free < 4 * size:
        report.title("dump on disk: not measured, too little is free")
        return
    report.title(f"dump of {size // MIB} MiB on disk, synced")
    with source(directory, lambda path: fill(path, size)) as (path, desc, out):
        os.sync()
        cost = take_turns({"dump with SHA-256": [FILCH, "dump", desc, "-o", out],
                           "cp and hash side by side": ["sh", "-c", SIDE_BY_SIDE + '; sync "$2"',
                                                        f"{HELPERS}/hash", path, out]}, 3, remover(out))
    rates(report, cost, size)
    ratio_row(report, cost, "dump with SHA-256", "cp and hash side by side", 1.2)


def make_sparse(path):
    with open(path, "wb") as f:
        for at in range(4):
            f.seek(at << 38)
            f.write(os.urandom(MIB))
        f.truncate(1 << 40)


def dump_sparse(report):
    report.title("dump --hash none of a sparse 1 TiB with 4 MiB of data")
    for directory in ("/dev/shm", os.environ["BUILD"]):
        with source(directory, make_sparse) as (path, desc, out):
            cost = take_turns({"dump": [FILCH, "dump", "--hash", "none", desc, "-o", out]},
                              3, remover(out))["dump"]
            name = "tmpfs" if directory == "/dev/shm" else "disk"
            if not cost:
                report.missing(name, "failed")
                continue
            blocks = os.stat(out).st_blocks / os.stat(path).st_blocks
        report.row(f"{name}: time", f"{cost.wall:.3f} s")
        report.at_most(f"{name}: blocks written to blocks there", blocks, 1.1)


def key_to_paint(report, threads):
    per = 10000 if threads == 1 else 17000
    with fleet(1, per, threads=threads) as parent:
        with tui.Terminal([FILCH, child_of(parent)]) as t:
            t.idle()
            before = t.painting()
            times, sizes = tui.moves(t, 100 if QUICK else 400)
            painting = (t.painting() - before) / max(1, len(times))
            jumps = tui.jumps(t, 30 if QUICK else 100)
            rounds = 3 if QUICK else 10
            slow = (("a letter of a filter", tui.typing(t, b"f", "deleted", rounds)),
                    ("a letter of a search", tui.typing(t, b"/", "nowhere", rounds)),
                    ("the order turned round", tui.sorting(t, rounds * 5)))
    count = per * threads
    if not times or not jumps:
        report.missing(f"{count} rows", "no frame came")
        return
    report.row(f"{count} rows: a line, median", f"{statistics.median(times) * 1e3:.2f} ms",
               f"cpu {painting * 1e3:.2f} ms")
    report.at_most(f"{count} rows: a line, 95 %", tui.percentile(times, 95) * 1e3, 10, " ms")
    report.at_most(f"{count} rows: a page or an end, 95 %", tui.percentile(jumps, 95) * 1e3, 10,
                   " ms")
    for what, took in slow:
        if took:
            report.at_most(f"{count} rows: {what}, 95 %", tui.percentile(took, 95) * 1e3, 10,
                           " ms")
        else:
            report.missing(f"{count} rows: {what}", "no frame came")
    report.row(f"{count} rows: bytes a line, median", f"{statistics.median(sizes):.0f} B",
               "<= 700 B", statistics.median(sizes) <= 700)


def first_screen(report):
    processes = 2000 if QUICK else 10000
    user = b" " + pwd.getpwuid(os.getuid()).pw_name.encode()[:9]
    times = []
    with fleet(processes, 8, "null"):
        for _ in range(5):
            with tui.Terminal([FILCH]) as t:
                if t.until(lambda got: got.count(user) >= 20, 10) is not None:
                    times.append(time.monotonic() - t.began)
    if times:
        report.at_most(f"first screen, {processes} processes", statistics.median(times) * 1e3,
                       100, " ms")
    else:
        report.missing("first screen", "it did not come")


def idling(report):
    seconds = 5 if QUICK else 20
    with fleet(1, 500) as parent:
        with tui.Terminal([FILCH, child_of(parent)]) as t:
            t.idle()
            t.quiet(0.05, 3)
            before, bytes_before = t.cpu(), t.bytes
            t.until(lambda got: False, seconds)
            report.at_most("idle, 500 descriptors: of one processor",
                           (t.cpu() - before) / seconds * 100, 5, " %")
            report.row("idle: bytes a second", f"{(t.bytes - bytes_before) / seconds:.0f} B")


def escape(report):
    with fleet(1, 500) as parent:
        with tui.Terminal([FILCH, child_of(parent)]) as t:
            t.idle()
            times = []
            for _ in range(20):
                t.press(b"/")
                times.append(t.press(b"\033"))
    report.at_most("Esc out of a prompt, median", statistics.median(times) * 1e3, 30, " ms")


def interface(report):
    report.title("the terminal interface, 160x50")
    first_screen(report)
    for threads in (1, 6):
        key_to_paint(report, threads)
    escape(report)
    idling(report)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    report = Report()
    print(f"Linux {os.uname().release} {os.uname().machine}, {os.cpu_count()} processors, "
          f"load {os.getloadavg()[0]:.1f}")
    small(report)
    listing(report, 20 if QUICK else 200, 3)
    scaling(report)
    alike(report)
    dump_memory(report, GIB // 4)
    if not QUICK:
        dump_memory(report, 4 * GIB)
    dump_disk(report, GIB // 4 if QUICK else GIB)
    dump_sparse(report)
    interface(report)
    print(f"\n{report.over} over budget, {report.failed} not measured")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
