# SPDX-License-Identifier: MIT
"""TAP, victims and the program, for tests written in Python.

    import os, sys
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
    from lib import *

    with Victim("pipe:fd=10,peer=11,size=700K", "file:fd=12,deleted") as v:
        status, out, err = filch("ls", "--json", str(v.pid))
        is_(v.cmd("fionread 10")["fionread"], 716800, "nothing was taken")
    done()

A test that hangs is ended after TEST_TIMEOUT seconds (120).
"""

import atexit
import collections
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

__all__ = [
    "BUILD", "FILCH", "VICTIM", "TMP", "ok", "is_", "is_not", "like", "unlike", "skip", "skip_all",
    "diag", "done", "Victim", "filch", "rows", "wait_for", "pattern", "need", "need_root", "hangfs",
    "am_root", "as_nobody", "in_ns", "run",
]

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("BUILD") or os.path.join(TOP, "build")
FILCH = os.environ.get("FILCH") or os.path.join(BUILD, "filch")
VICTIM = os.path.join(BUILD, "tests", "victim")
NOBODY = 65534

# ---- TAP ----

_count = 0
_failed = 0
_finished = False


def diag(*lines):
    for line in "\n".join(str(x) for x in lines).split("\n"):
        print("# " + line.encode("ascii", "backslashreplace").decode())
    sys.stdout.flush()


def ok(condition, name, *why):
    """One test. WHY is shown when it fails. Returns whether it passed."""
    global _count, _failed
    _count += 1
    name = str(name).replace("#", "\\#").encode("ascii", "backslashreplace").decode()
    print("%sok %d - %s" % ("" if condition else "not ", _count, name))
    if not condition:
        _failed += 1
        frame = traceback.extract_stack()
        at = [f for f in frame if f.filename != __file__]
        diag("failed at line %s" % (at[-1].lineno if at else "?"), *why)
    sys.stdout.flush()
    return bool(condition)


def is_(got, want, name):
    return ok(got == want, name, "got:  %r" % (got,), "want: %r" % (want,))


def is_not(got, other, name):
    return ok(got != other, name, "got, and did not want: %r" % (got,))


def _text(x):
    return x.decode("utf-8", "surrogateescape") if isinstance(x, bytes) else str(x)


def like(got, regex, name):
    return ok(re.search(regex, _text(got), re.S), name, "got: %r" % (got,), "regex: " + regex)


def unlike(got, regex, name):
    return ok(not re.search(regex, _text(got), re.S), name, "got: %r" % (got,), "regex: " + regex)


def skip(reason, n=1):
    global _count
    for _ in range(n):
        _count += 1
        print("ok %d # SKIP %s" % (_count, reason))
    sys.stdout.flush()


def skip_all(reason):
    global _finished
    _finished = True
    print("1..0 # SKIP %s" % reason)
    sys.stdout.flush()
    sys.exit(0)


def done():
    """Prints the plan and leaves."""
    global _finished
    _finished = True
    print("1..%d" % _count)
    sys.stdout.flush()
    sys.exit(1 if _failed else 0)


def _broken(kind, value, tb):
    global _failed
    diag(*traceback.format_exception(kind, value, tb))
    _failed += 1
    print("not ok %d - %s" % (_count + 1, kind.__name__))
    print("1..%d" % (_count + 1))
    sys.stdout.flush()


def _too_long(signum, frame):
    raise TimeoutError("the whole test took longer than its limit")


sys.excepthook = _broken
signal.signal(signal.SIGALRM, _too_long)
# A little before tests/run ends us, so that we still clean up.
signal.alarm(max(5, int(os.environ.get("TEST_TIMEOUT", "120")) - 5))
signal.signal(signal.SIGTERM, lambda *a: sys.exit(143))

# ---- the folder of this test ----

TMP = tempfile.mkdtemp(prefix="filch-test.")
os.chmod(TMP, 0o1777)  # victims under another uid write here too
os.environ["TMPDIR"] = TMP
_owner = os.getpid()
_victims = []


@atexit.register
def _cleanup():
    if os.getpid() != _owner:
        return
    signal.alarm(0)
    for v in list(_victims):
        v.stop()
    shutil.rmtree(TMP, ignore_errors=True)


# ---- conditions ----


def wait_for(condition, seconds=5.0, step=0.01):
    """Polls until CONDITION() is true; its value, or the last false one at the end."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        select.select([], [], [], step)


def am_root():
    return os.geteuid() == 0


def need_root():
    if not am_root():
        skip_all("needs root")


def need(*commands):
    for c in commands:
        if not shutil.which(c):
            skip_all("needs %s" % c)


def hangfs(folder):
    """The server of a filesystem that can be told to stop answering, mounted at FOLDER in a mount
    namespace of its own; its first line is "mounted". Skips where there is no FUSE."""
    need_root()
    need("unshare", "nsenter")
    if not os.path.exists("/dev/fuse"):
        skip_all("needs /dev/fuse")
    os.mkdir(folder)
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hangfs.py")
    return subprocess.Popen(["unshare", "--mount", "--propagation", "private", "--",
                             sys.executable, program, folder],
                            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)


def as_nobody(*argv):
    """ARGV to run as uid and gid 65534 without capabilities."""
    return ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups",
            "--inh-caps=-all", "--"] + list(argv)


def in_ns(*argv):
    """ARGV to run with mounts and a network of its own."""
    return ["unshare", "--mount", "--net", "--"] + list(argv)


# ---- running things ----

Result = collections.namedtuple("Result", "status stdout stderr")


def run(argv, stdin=None, timeout=30, env=None, binary=False, cwd=None):
    """Runs ARGV to its end: (status, stdout, stderr); status -N for signal N,
    "timeout" if it had to be ended. Text unless BINARY (stdout only)."""
    if isinstance(stdin, str):
        stdin = stdin.encode("utf-8", "surrogateescape")
    full = dict(os.environ, **(env or {}))
    p = subprocess.Popen(argv, stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=full, cwd=cwd)
    try:
        out, err = p.communicate(stdin, timeout=timeout)
        status = p.returncode
    except subprocess.TimeoutExpired:
        p.kill()
        out, err = p.communicate()
        status = "timeout"
    return Result(status, out if binary else _text(out), _text(err))


def filch(*args, **options):
    """filch ARGS...: (status, stdout, stderr). wrap= puts a command before it."""
    wrap = options.pop("wrap", None) or (lambda *argv: list(argv))
    return run(wrap(FILCH, *[str(a) for a in args]), **options)


def rows(*args, **options):
    """The objects of filch ls --json ARGS."""
    r = filch("ls", "--json", *args, **options)
    if r.status == "timeout" or r.stderr:
        diag("ls --json %s: status %s: %s" % (args, r.status, r.stderr))
    return [json.loads(line) for line in r.stdout.splitlines()]


def pattern(seed, length, offset=0):
    """The bytes that a victim writes for seed SEED."""
    return subprocess.run([VICTIM, "--pattern", str(seed), str(length), str(offset)],
                          stdout=subprocess.PIPE, check=True, timeout=60).stdout


class Victim:
    """A process that holds what SPECS say; see tests/victims/README.md.

    pid, start   of the process, as /proc of this test numbers it
    truth        what it set up, one dict a descriptor
    ready        the last line of its truth
    """

    def __init__(self, *specs, **how):
        """options= before the specs; thread= specs of a thread with its own table;
        wrap= a command before it, such as as_nobody; limit= seconds to get ready."""
        wrap = how.pop("wrap", None) or (lambda *argv: list(argv))
        argv = [VICTIM] + [str(o) for o in how.pop("options", [])]
        thread = how.pop("thread", None)
        limit = how.pop("limit", 10)
        env = dict(os.environ, **how.pop("env", {}))
        if how:
            raise TypeError("unknown: %s" % sorted(how))
        argv += (["--thread-table"] if thread is not None else []) + list(specs)
        argv += ["--"] + list(thread) if thread is not None else []
        self.errors = tempfile.TemporaryFile(dir=TMP)
        self.proc = subprocess.Popen(wrap(*argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=self.errors, env=env)
        self.buf = b""
        self.truth = []
        _victims.append(self)
        while True:
            obj = json.loads(self._line(limit))
            if obj.get("ready"):
                break
            self.truth.append(obj)
        self.ready = obj
        self.pid = obj["pid"]
        self.start = obj["start"]
        self.children = [c["pid"] for c in obj["children"]]

    def __enter__(self):
        return self

    def __exit__(self, *a):
        self.stop()

    def _line(self, limit):
        end = time.monotonic() + limit
        while b"\n" not in self.buf:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.proc.stdout], [], [], left)[0]:
                raise TimeoutError("the victim does not answer")
            more = os.read(self.proc.stdout.fileno(), 1 << 16)
            if not more:
                self.errors.seek(0)
                raise RuntimeError("the victim ended: %s" % _text(self.errors.read()).strip())
            self.buf += more
        line, self.buf = self.buf.split(b"\n", 1)
        return line

    def cmd(self, line, limit=20):
        """One command; its answer as a dict, None if the victim ended over it."""
        if isinstance(line, str):
            line = line.encode("utf-8", "surrogateescape")
        try:
            self.proc.stdin.write(line + b"\n")
            self.proc.stdin.flush()
            return json.loads(self._line(limit))
        except (BrokenPipeError, RuntimeError):
            return None

    def fd(self, number):
        """The truth about one descriptor of the first table."""
        for t in self.truth:
            if t["fd"] == number and t["tid"] is None:
                return t
        raise KeyError(number)

    def skipped(self, kind):
        """Why KIND is not there, or None."""
        for t in self.truth:
            if t["kind"] == kind and "skipped" in t:
                return t["skipped"]
        return None

    def link(self, number):
        return os.readlink(b"/proc/%d/fd/%d" % (self.pid, number))

    def fdinfo(self, number, tid=None):
        """fdinfo as a dict of lists, for a field may come more than once."""
        fields = collections.defaultdict(list)
        path = "/proc/%d/task/%d/fdinfo/%d" % (self.pid, tid or self.pid, number)
        if tid is None:
            path = "/proc/%d/fdinfo/%d" % (self.pid, number)
        with open(path) as f:
            for line in f:
                key, _, value = line.rstrip("\n").partition(":")
                fields[key.strip()].append(value.strip())
        return fields

    def state(self):
        """The letter of proc_pid_stat(5), None once it is reaped."""
        try:
            with open("/proc/%d/stat" % self.pid, "rb") as f:
                return _text(f.read().rsplit(b")", 1)[1].split()[0])
        except (FileNotFoundError, ProcessLookupError):
            return None

    def kill(self, sig=signal.SIGKILL):
        os.kill(self.pid, sig)

    def wait(self, limit=10):
        """Its exit status as subprocess gives it."""
        return self.proc.wait(limit)

    def stop(self):
        if self in _victims:
            _victims.remove(self)
        if self.proc.poll() is None:
            try:
                os.kill(self.pid if hasattr(self, "pid") else self.proc.pid, signal.SIGCONT)
                self.proc.stdin.close()  # end of input: it cleans up and exits
                self.proc.wait(3)
            except (subprocess.TimeoutExpired, ProcessLookupError, BrokenPipeError):
                self.proc.kill()
                self.proc.wait()
        for f in (self.proc.stdin, self.proc.stdout, self.errors):
            try:
                f.close()
            except BrokenPipeError:
                pass
