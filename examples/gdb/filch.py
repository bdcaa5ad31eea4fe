# SPDX-License-Identifier: MIT
"""Descriptors of the process being debugged, as commands of gdb.

    (gdb) source examples/gdb/filch.py
    (gdb) info fds                what it has open
    (gdb) fd show N               all that is known of one
    (gdb) fd peek N               what a read would return, without taking it
    (gdb) fd dump N FILE          its whole contents
    (gdb) fd who N                who else has it, or the other end
    (gdb) fd hold N               keep it, whatever becomes of the process

The program is $FILCH, or the filch in PATH. That gdb traces the process does not
hinder: taking a duplicate of a descriptor needs no tracing, and no call is made
inside the process, which stays where it stands.
"""

import json
import os
import subprocess

import gdb


def pid():
    inferior = gdb.selected_inferior()
    if not inferior.pid:
        raise gdb.GdbError("There is no process being debugged.")
    # Since gdb 12; a number in a core file, or of another machine, is somebody else's here.
    connection = getattr(inferior, "connection", None)
    kind = connection.type if connection else "native"
    if kind == "core":
        raise gdb.GdbError("This is a core file: its process has ended, and its descriptors with it.")
    if kind != "native":
        raise gdb.GdbError("The process is behind a connection (%s): run filch where it runs, "
                           "its number there is %d." % (kind, inferior.pid))
    return inferior.pid


def filch(*args):
    """What filch prints, or its complaint as an error of gdb."""
    program = os.environ.get("FILCH", "filch")
    try:
        done = subprocess.run([program] + list(args), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as e:
        raise gdb.GdbError("%s: %s (set FILCH to its path)" % (program, e.strerror))
    words = done.stderr.decode("utf-8", "replace").rstrip()
    if done.returncode and not done.stdout:
        raise gdb.GdbError(words or "%s: status %d" % (program, done.returncode))
    if words:
        gdb.write(words + "\n", gdb.STDERR)
    return done.stdout.decode("utf-8", "replace")


def objects(*args):
    return [json.loads(line) for line in filch(*args).splitlines()]


def safe(text):
    """Names are the target's: nothing of them may command the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def descriptor(arg):
    """N is an expression of gdb."""
    if not arg.strip():
        raise gdb.GdbError("Which descriptor?")
    process = pid()
    try:
        return "%d:%d" % (process, int(gdb.parse_and_eval(arg)))
    except gdb.error as e:
        raise gdb.GdbError("%s: %s" % (arg.strip(), e))


def facts(value, indent=0):
    for name, v in value.items():
        if v is None or v == [] or v == {}:
            continue
        if isinstance(v, dict):
            gdb.write("%s%s:\n" % (" " * indent, name))
            facts(v, indent + 2)
        elif isinstance(v, list):
            gdb.write("%s%-14s %s\n" % (" " * indent, name, safe(json.dumps(v))))
        else:
            gdb.write("%s%-14s %s\n" % (" " * indent, name, safe(str(v))))


class InfoFds(gdb.Command):
    """What the process being debugged has open."""

    def __init__(self):
        super().__init__("info fds", gdb.COMMAND_STATUS)

    def invoke(self, arg, from_tty):
        rows = objects("ls", "--json", str(pid()))
        gdb.write("%4s %-9s %-5s %s\n" % ("FD", "KIND", "MODE", "NAME"))
        for row in rows:
            if row["assoc"] == "fd" and row["fd"] is not None:
                gdb.write("%4d %-9s %-5s %s\n" % (row["fd"], row["kind"], row["access"] or "-",
                                                 safe(row["name"] or "")))


class Fd(gdb.Command):
    """Look at, copy and keep descriptors of the process being debugged."""

    def __init__(self):
        super().__init__("fd", gdb.COMMAND_DATA, gdb.COMPLETE_NONE, True)


class FdShow(gdb.Command):
    """fd show N: all that is known of it."""

    def __init__(self):
        super().__init__("fd show", gdb.COMMAND_DATA)

    def invoke(self, arg, from_tty):
        desc = descriptor(arg)
        for row in objects("show", "--grab", "--json", desc):
            facts(row)


class FdPeek(gdb.Command):
    """fd peek N: what a read would return, without taking it."""

    def __init__(self):
        super().__init__("fd peek", gdb.COMMAND_DATA)

    def invoke(self, arg, from_tty):
        desc = descriptor(arg)
        for piece in objects("peek", "--json", desc):
            for line in piece["data"].split("\n"):
                gdb.write(safe(line) + "\n")


class FdDump(gdb.Command):
    """fd dump N FILE: its whole contents."""

    def __init__(self):
        super().__init__("fd dump", gdb.COMMAND_DATA, gdb.COMPLETE_FILENAME)

    def invoke(self, arg, from_tty):
        n, _, name = arg.strip().rpartition(" ")
        if not n:
            raise gdb.GdbError("Which descriptor, and to which file?")
        desc = descriptor(n)
        for record in objects("dump", "--json", desc, "-o", os.path.expanduser(name)):
            gdb.write("%s: %d bytes%s\n" % (name, record["size"],
                                            "" if record["complete"] else ", not complete"))


class FdWho(gdb.Command):
    """fd who N: every descriptor that is the same, or the other end."""

    def __init__(self):
        super().__init__("fd who", gdb.COMMAND_DATA)

    def invoke(self, arg, from_tty):
        desc = descriptor(arg)
        for row in objects("who", "--json", desc):
            where = row["fd"] if row["fd"] is not None else row["assoc"]
            gdb.write("%d:%s %s %s\n" % (row["pid"], where, row["how"], safe(row["comm"] or "")))


class FdHold(gdb.Command):
    """fd hold N: keep it on filch's shelf, whatever becomes of the process."""

    def __init__(self):
        super().__init__("fd hold", gdb.COMMAND_DATA)

    def invoke(self, arg, from_tty):
        desc = descriptor(arg)
        gdb.write("%s is held as %s\n" % (desc, filch("hold", desc).strip()))


for command in (InfoFds, Fd, FdShow, FdPeek, FdDump, FdWho, FdHold):
    command()
