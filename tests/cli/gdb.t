#!/bin/bash
# SPDX-License-Identifier: MIT
# examples/gdb/filch.py, with gdb attached to a live process at a breakpoint.
. "$(dirname "$0")/../lib.sh"
need gdb
gdb -batch -nx -ex 'python import json, subprocess' >/dev/null 2>&1 || skip_all "gdb without python"

export FILCH FILCH_SHELF=$tmp/shelf
end_all() {
	for h in $(filch held --json 2>/dev/null | jqp id -); do
		filch drop "$h"
	done
	lib_cleanup
}
trap end_all EXIT

victim_start pipe:fd=10,peer=11,text=queued memfd:fd=12,text=contents \
	file:fd=13,path="$tmp/"$'e\e[31mvil',text=x
in_gdb() { # in_gdb COMMAND...: attached, at the breakpoint that the victim's next command hits
	local args=() c
	for c in "$@"; do
		args+=(-ex "$c")
	done
	timeout -k 2 60 gdb -batch -nx -p "$vpid" -ex 'set pagination off' -ex 'break write' \
		-ex "shell touch '$tmp/attached'" -ex continue \
		-ex "source $lib_top/examples/gdb/filch.py" "${args[@]}" -ex 'delete' -ex detach 2>&1
}
ask_when_attached() { # so that it comes to the breakpoint
	wait_for 20 test -e "$tmp/attached"
	victim_cmd 'pos 12' >"$tmp/answer"
}
ask_when_attached &
asker=$!
in_gdb 'info fds' 'echo == show\n' 'fd show 10' 'echo == peek\n' 'fd peek 10' 'echo == again\n' \
	'fd peek 5 * 2' 'echo == who\n' 'fd who 10' 'echo == dump\n' "fd dump 12 $tmp/dumped" \
	'echo == hold\n' 'fd hold 12' 'echo == wrong\n' 'python
try:
    gdb.execute("fd show 999")
except gdb.error as e:
    print("refused:", e)
end' >"$tmp/gdb"
wait "$asker"
part() { # part NAME: what was said under it
	sed -n "/^== $1\$/,/^== /p" "$tmp/gdb" | sed '1d;/^== /d'
}
like "$(cat "$tmp/gdb")" "Breakpoint 1, .*write" "gdb stands at a breakpoint of the live process"
like "$(cat "$tmp/gdb")" "10 pipe +r +pipe:" "info fds lists a pipe"
like "$(cat "$tmp/gdb")" "12 memfd +rw? +/memfd:" "and a memfd"
is "$(grep -c $'\e' "$tmp/gdb")" 0 "no byte of a name commands the terminal"
like "$(part show)" "kind +pipe" "fd show: the facts"
like "$(part show)" "queued +6" "with those that need a grab"
is "$(part peek)" queued "fd peek: what is in the pipe"
is "$(part again)" queued "again, for nothing was taken; N is an expression"
like "$(part who)" "$vpid:11 other-end" "fd who: the other end"
is "$(cat "$tmp/dumped")" contents "fd dump: the contents"
like "$(part hold)" "$vpid:12 is held as h[0-9]+" "fd hold: held"
h=$(part hold | sed -n 's/.* is held as //p')
is "$(filch peek --offset 0 "$h")" contents "and it is on the shelf"
like "$(cat "$tmp/gdb")" "refused: .*999" "what filch refuses is an error of gdb"
is "$(json ok <"$tmp/answer")" true "the process went on and answered"

# ---- where there is nothing to look at, or not here ----

alone() { # alone ARG...: gdb with these, then the commands
	timeout -k 2 60 gdb -batch -nx -ex 'set pagination off' "$@" 2>&1
}
helper=(-ex "source $lib_top/examples/gdb/filch.py" -ex 'info fds' -ex 'fd hold 12')
like "$(alone "${helper[@]}")" "There is no process being debugged" "without a process"
like "$(FILCH=/nowhere alone -p "$vpid" "${helper[@]}" -ex detach)" \
	"/nowhere: No such file.*set FILCH" "without filch"
like "$(alone -p "$vpid" "${helper[@]:0:2}" -ex 'fd peek nosuch' -ex detach)" \
	'nosuch: No symbol "nosuch"' "an expression that has no value"
alone -p "$vpid" -ex "gcore $tmp/core" -ex detach >/dev/null
if [ -s "$tmp/core" ]; then
	core=$(alone -c "$tmp/core" "${helper[@]}")
	like "$core" "This is a core file" "a core file"
	is "$(grep -cE "KIND|held as" <<<"$core")" 0 "nothing of whoever has that number now"
else
	skip "no core file can be made" 2
fi
if command -v gdbserver >/dev/null; then
	gdbserver --attach localhost:0 "$vpid" >"$tmp/server" 2>&1 &
	lib_victims+=("$!")
	wait_for 10 grep -q 'on port' "$tmp/server"
	port=$(sed -n 's/.*on port //p' "$tmp/server")
	like "$(alone -ex "target remote localhost:$port" "${helper[@]}" -ex detach)" \
		"behind a connection .*number there is $vpid" "a process of a gdbserver"
else
	skip "no gdbserver"
fi
like "$(alone -p "$vpid" -ex "shell kill -KILL $vpid" "${helper[@]}")" \
	"zombie|exited|ended" "one that was killed meanwhile"
lib_forget "$vjob" 2>/dev/null
is "$(filch held --json | jqp id -)" "$h" "of all these nothing was held"
done_testing
