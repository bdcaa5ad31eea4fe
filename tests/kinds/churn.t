#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# timeout: 300
"""Descriptors opened and closed in one slot as fast as it goes, while we list:
no crash, no row that is put together from two of them. CHURN_ROUNDS listings."""
import json
import os
import re
import sys
sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from lib import *

ROUNDS = int(os.environ.get("CHURN_ROUNDS", "300"))
if os.environ.get("SANITIZE"):
    ROUNDS = min(ROUNDS, 100)

# kind: how its name looks, and a fact that only this kind has.
KINDS = {
    "eventfd": (r"^anon_inode:\[eventfd\]$", "count"),
    "timerfd": (r"^anon_inode:\[timerfd\]$", "clockid"),
    "signalfd": (r"^anon_inode:\[signalfd\]$", "sigmask"),
    "epoll": (r"^anon_inode:\[eventpoll\]$", None),
    "inotify": (r"^anon_inode:inotify$", None),
    "memfd": (r"^/memfd:churn$", "memfd_name"),
    "pipe": (r"^pipe:\[(\d+)\]$", "end"),
    "unix": (r"^socket:\[(\d+)\]$", None),
    "udp": (r"^socket:\[(\d+)\]$", None),
    "tcp": (r"^socket:\[(\d+)\]$", None),
    "socket": (r"^socket:\[(\d+)\]$", None),
    "file": (r"^/", None),
    "char": (r"^/dev/", "rdev"),
    "dir": (r"^/", None),
}
OWN = {fact: kind for kind, (_, fact) in KINDS.items() if fact}
OWN.pop("rdev"), OWN.pop("end")


def mixed(row):
    """What does not fit together in this row, or None."""
    if row["error"]:
        return None if row["error"]["errno"] in ("ESTALE", "ENOENT") else "error %s" % row["error"]
    kind, name, detail = row["kind"], row["name"] or "", row["detail"]
    if kind not in KINDS:
        return "kind " + kind
    match = re.match(KINDS[kind][0], name)
    if not match:
        return "name"
    if match.groups() and int(match.group(1)) != row["ino"]:
        return "inode"
    if KINDS[kind][1] and KINDS[kind][1] not in detail:
        return "lacks " + KINDS[kind][1]
    for fact, of in OWN.items():
        if fact in detail and of != kind:
            return "has %s of %s" % (fact, of)
    if row["dev"] and ("anon_inode:" in name) != (row["dev"] == ANON_DEV):
        return "device"
    return None


# A table with few holes is tried number by number, and not listed.
with Victim("eventfd:fd=10", "file:fd=11,text=x", "pipe:fd=12,peer=13", "eventfd:fd=21,count=600") as v:
    ANON_DEV = [r for r in rows(v.pid) if r["fd"] == 10][0]["dev"]
    v.cmd("churn 20 %d" % (60 + ROUNDS))
    bad, kinds, listed, statuses = [], {}, 0, {}
    for i in range(ROUNDS):
        how = (["ls", "--json", v.pid], ["show", "--json", "%d:20" % v.pid])[i % 10 == 9]
        r = filch(*how)
        statuses.setdefault((how[0], r.status), r.stderr)
        for line in r.stdout.splitlines():
            row = json.loads(line)
            if row["fd"] != 20:
                continue
            listed += 1
            kinds[row["kind"]] = kinds.get(row["kind"], 0) + 1
            why = mixed(row)
            if why:
                bad.append((why, line))
    changes = v.cmd("churned")["churned"]
    diag("%d listings, %d rows of the slot, %d changes of it; %s" % (ROUNDS, listed, changes, kinds))
    is_(bad, [], "no row is a mixture")
    is_([s for s in statuses if s[1] != 0 and s != ("show", 4)], [],
        "ls succeeds each time, show too or finds it closed")
    ok(listed > ROUNDS // 20, "the slot was seen", listed)
    ok(changes > 100 * ROUNDS, "it changed all the time", changes)
    taken, wrong = {}, []
    for i in range(ROUNDS // 5):
        r = filch("peek", "--json", "%d:20" % v.pid)
        taken[r.status] = taken.get(r.status, 0) + 1
        if r.status not in (0, 1, 4) or (r.status and not r.stderr):
            wrong.append(r)
    diag("peek: %s" % taken)
    is_(wrong, [], "peek takes what it listed, or says why not")
    steady = {r["fd"]: r["kind"] for r in rows(v.pid) if r["fd"] in (10, 11, 12, 13)}
    is_(steady, {10: "eventfd", 11: "file", 12: "pipe", 13: "pipe"}, "the others stay as they are")
    is_(v.cmd("pos 11")["ok"], True, "the victim lives")
done()
