#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every fact that ls --json tells has a name that -o, -s and -f know, with --grab too."""
import collections
import json
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

# The queue too: others change routes.
MOVING = {"recv_queue", "rmem_alloc", "it_value", "last_data_sent", "last_data_recv", "atime", "load_time", "uid"}


def flat(facts, before=""):
    """Each fact by its dotted name, without the numbers of lists, and its value."""
    for name, value in facts.items():
        if isinstance(value, list):
            yield before + name, None
            for x in value:
                if isinstance(x, dict):
                    yield from flat(x, before + name + ".")
                else:
                    yield before + name, x
        elif isinstance(value, dict):
            yield before + name, None
            yield from flat(value, before + name + ".")
        else:
            yield before + name, value


def literal(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    return '"%s"' % value.replace("\\", "\\\\").replace('"', '\\"')


def ls(*args):
    r = filch("ls", "--grab", *args, v.pid)
    if r.status != 0 or r.stderr:
        wrong.append((args, r.status, r.stderr))
    return r.stdout.splitlines()


v = Victim("file:fd=10,size=5K,lock=posix", "file:fd=11,size=4K,lease=r,mode=r", "tty:fd=12,peer=13,text=hi",
           "pipe:fd=14,peer=15,size=700", "tcp:fd=16,peer=17,queued=1000", "unix:fd=18,peer=19,sizes=5+6",
           "netlink:fd=20,groups=9", "eventfd:fd=21,value=7", "timerfd:fd=22,value=60000",
           "signalfd:fd=23,mask=10+12", "epoll:fd=24,watch=21+14", "inotify:fd=25", "pidfd:fd=26,of=zombie",
           "memfd:fd=27,name=jit,size=4K,seals=shrink", "mqueue:fd=28,depth=3", "bpf-prog:fd=29", "bpf-map:fd=30",
           "symlink:fd=31,target=/nowhere", "fanotify:fd=32")
rows = [json.loads(x) for x in filch("ls", "--grab", "--json", "-f", "assoc=fd", v.pid).stdout.splitlines()]
values = collections.defaultdict(lambda: collections.defaultdict(set))
for row in rows:
    for name, value in flat(row["detail"]):
        if not name.endswith("_b64"):
            values[name][row["fd"]].add(value)
ok(len(values) > 120, "there are many facts", len(values))

wrong = []
for name, of in sorted(values.items()):
    told = [x.split(None, 1) for x in ls("--no-headings", "-o", "fd,detail." + name, "-f", "assoc=fd")]
    missing = [fd for fd, text in told if int(fd) in of and of[int(fd)] - {None, ""} and text == "-"]
    if missing:
        wrong.append(("-o", name, missing))
is_(wrong, [], "-o knows each")

wrong = []
for name in sorted(values):
    for sign in "", "-":
        if len(ls("--json", "-s", sign + "detail." + name, "-f", "assoc=fd")) != len(rows):
            wrong.append(("-s", sign + name))
is_(wrong, [], "-s too")

wrong = []
for name, of in sorted(values.items()):
    for value in sorted(set().union(*of.values()) - {None}, key=str)[:4]:
        if name in MOVING or value == "":
            continue
        want = {fd for fd, has in of.items() if any(type(x) is type(value) and x == value for x in has)}
        got = {json.loads(x)["fd"]
               for x in ls("--json", "-f", "assoc=fd and detail.%s=%s" % (name, literal(value)))}
        if not want <= got or (got - want and isinstance(value, int)):
            wrong.append(("-f", name, value, sorted(got), sorted(want)))
is_(wrong, [], "-f finds each by its value")

is_(sorted(json.loads(x)["fd"] for x in ls("--json", "-f", "watches or locks or marks")), [10, 11, 24, 25, 32],
    "a list of objects is there, and has a length")
is_([x.split() for x in ls("--no-headings", "-o", "fd,watches", "-f", "watches>1")], [["24", "2"]],
    "which can be compared")
is_([x.split() for x in ls("--no-headings", "-o", "fd,rq", "-f", "kind=tty and rq>0")], [["12", "3"]],
    "the queue of a terminal, by a grab, is in the column of queues")
r = filch("ls", "-f", "seals", v.pid)
like(r.stderr, r"no row has a fact named seals \(some need --grab\)", "what needs a grab is said")
r = filch("ls", "--grab", "-f", "cloexec=maybe", v.pid)
like(r.stderr, "cloexec of no row can be compared with maybe", "what cannot be compared is said")

audit = os.path.join(TMP, "audit")
filch("ls", "--grab", "--audit", audit, "-o", "fd", "-f", "kind=pipe and queued>0", v.pid)
with open(audit) as f:
    is_({json.loads(x)["fd"] for x in f} <= {0, 1, 14, 15}, True, "only what the filter comes to is taken")
v.stop()
done()
