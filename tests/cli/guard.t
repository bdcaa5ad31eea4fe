#!/bin/bash
# SPDX-License-Identifier: MIT
# timeout: 240
# guard: nothing is lost when a process ends, and until then it notices nothing.
. "$(dirname "$0")/../lib.sh"

export FILCH_SHELF=$tmp/shelf
serial=0 gout='' gerr='' gjob=''

# guard_start ARG...: sets gjob, gout, gerr once the guard is there.
guard_start() {
	serial=$((serial + 1))
	gout=$tmp/out.$serial gerr=$tmp/err.$serial
	: >"$gerr"
	"${GUARD_WRAP[@]}" timeout -k 2 60 "$FILCH" guard "$@" >"$gout" 2>"$gerr" &
	gjob=$!
	lib_victims+=("$gjob") # ended with the test, whatever happens
	wait_for 10 guard_is_there_or_gone
	guard_is_there
}
GUARD_WRAP=()

guard_is_there() {
	grep -q '^filch guard: guarding ' "$gerr"
}

guard_is_there_or_gone() {
	guard_is_there || ! kill -0 "$gjob" 2>/dev/null
}

guard_pid() { # the guard below timeout
	pgrep -P "$gjob" -x filch
}

guard_wait() { # its status, in gstatus
	gstatus=0
	wait "$gjob" || gstatus=$?
	lib_forget "$gjob" 2>/dev/null
}

gone() { # gone PID: it has ended, a zombie at most
	[ ! -e "/proc/$1/stat" ] || [ "$(cut -d' ' -f3 "/proc/$1/stat")" = Z ]
}

held_of() { # held_of PID FD: its name on the shelf
	filch held --json | json_get - "pid == $1 and fd == $2" id
}

drop_all() {
	local h
	for h in $(filch held --json | jqp id -); do
		filch drop "$h"
	done
}

tracer() {
	sed -n 's/^TracerPid:\t//p' "/proc/$1/status"
}

end_all() { # a shelf outlives a test that fails
	drop_all >/dev/null 2>&1
	FILCH_SHELF=$tmp/open/shelf drop_all >/dev/null 2>&1
	lib_cleanup
}
trap end_all EXIT

# ---- every way to end ----

for way in exit ABRT SEGV KILL; do
	victim_start pipe:fd=10,peer=11,text=queued memfd:fd=20,text=contents
	ok "$way: it starts to guard" guard_start "$vpid"
	pid=$vpid
	# A question to it would wait for its answer's end, that is for the held copy.
	if [ "$way" = exit ]; then
		kill -TERM "$pid"
	else
		kill -"$way" "$pid"
	fi
	lib_forget "$vjob" 2>/dev/null
	guard_wait
	is "$gstatus" 0 "$way: the guard ends with its target"
	pipe=$(held_of "$pid" 10) memfd=$(held_of "$pid" 20)
	is "$(filch peek "$pipe")" queued "$way: the pipe is held, with what is in it"
	is "$(filch peek --offset 0 "$memfd")" contents "$way: the memfd is held"
	drop_all
done
like "$(cat "$gerr")" "process $pid \\(.*\\) was ended by SIGKILL: [0-9]+ of its descriptors" \
	"it says how it ended"
like "$(cat "$gout")" "h[0-9]+ +$pid:10 +pipe +pipe:" "one line a descriptor"

# ---- a folder ----

victim_start memfd:fd=20,size=300K,data=7 file:fd=21,path="$tmp/log",text=last,deleted eventfd:fd=22
pid=$vpid
ok "with -o" guard_start "$vpid" -o "$tmp/dumps" --json
victim_kill "$vjob"
guard_wait
is "$gstatus" 0 "it ends well"
record=$tmp/dumps/guard.jsonl
is "$(json_get "$record" 'fd == 21' '[pid, kind, complete, size, held, error]')" \
	"[$pid, \"file\", true, 4, null, null]" "the record of a deleted file"
is "$(json_get "$record" 'fd == 21' cause)" '{"signal": "SIGKILL"}' "with the cause of death"
file=$tmp/dumps/$(json_get "$record" 'fd == 21' file)
is "$(cat "$file")" last "its contents"
"$VICTIM" --pattern 7 307200 >"$tmp/want"
file=$tmp/dumps/$(json_get "$record" 'fd == 20' file)
ok "the contents of a memfd" cmp "$file" "$tmp/want"
is "$(json_get "$record" 'fd == 20' sha256)" "$(sha256sum <"$file" | cut -d' ' -f1)" "its hash"
is "$(jqp fd "$gout" | sort)" "$(jqp fd "$record" | sort)" "--json has the same on standard output"
is "$(filch held --json)" "" "nothing is held without --hold"

# ---- only some, and both ----

victim_start memfd:fd=20,text=a pipe:fd=10,peer=11
pid=$vpid
ok "with --only and both ways" guard_start "$vpid" --hold -o "$tmp/both" --only kind=memfd
victim_kill "$vjob"
guard_wait
is "$(jqp fd "$tmp/both/guard.jsonl")" 20 "only what the filter lets pass"
like "$(json_get "$tmp/both/guard.jsonl" True held)" '^h[0-9]+$' "it is held"
is "$(cat "$tmp/both/$(json_get "$tmp/both/guard.jsonl" True file)")" a "and dumped"
drop_all
victim_start eventfd
is "$(filch guard "$vpid" --only 'kind ~ (' 2>&1 >/dev/null | head -1 | cut -c1-26)" \
	"filch guard: the filter is" "a wrong filter is told"

# ---- it goes on without us ----

ok "guarding again" guard_start "$vpid"
is_not "$(tracer "$vpid")" 0 "it is traced"
kill -KILL "$(guard_pid)"
guard_wait
ok "SIGKILL of the guard: nobody traces it any more" wait_for 5 test "$(tracer "$vpid")" = 0
is "$(victim_cmd 'eventfd-read 10' | json ok)" false "and it lives and answers"
for sig in INT TERM HUP; do
	ok "SIG$sig: guarding" guard_start "$vpid"
	kill -"$sig" "$(guard_pid)"
	guard_wait
	is "$gstatus" 0 "SIG$sig: it lets go"
	is "$(tracer "$vpid")" 0 "SIG$sig: nobody traces it"
	like "$(tail -1 "$gerr")" "let go of process $vpid .* it goes on" "SIG$sig: it says so"
done
like "$(victim_cmd sigcount)" '"ok":true' "the target answers"

# ---- who may, and who not ----

ok "one guard" guard_start "$vpid"
first=$(guard_pid)
filch guard "$vpid" >/dev/null 2>"$tmp/second"
is "$?" 1 "a second one is refused"
like "$(cat "$tmp/second")" "process [0-9]+ traces it already" "and names who traces it"
tid=$(sed -n 's/.*process \([0-9]*\) traces it.*/\1/p' "$tmp/second")
ok "that is the first" test -e "/proc/$first/task/$tid"
kill -INT "$first"
guard_wait
filch guard $$ --dry-run >/dev/null 2>"$tmp/dry"
like "$(cat "$tmp/dry")" "effect stop" "--dry-run says the effect"
is "$(tracer $$)" 0 "and does nothing"
filch guard --read-only $$ 2>/dev/null
is "$?" 2 "--read-only refuses"
filch guard "$vpid/$vpid" "$vpid" 2>/dev/null
is "$?" 2 "one target"
filch guard 2 2>"$tmp/kthread"
is_not "$?" 0 "not a kernel thread"
victim_stop

if [ "$(id -u)" = 0 ]; then
	shelf=$FILCH_SHELF
	mkdir -m 0777 "$tmp/open"
	VICTIM_WRAP=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --)
	GUARD_WRAP=("${VICTIM_WRAP[@]}" env "FILCH_SHELF=$tmp/open/shelf")
	victim_start memfd:fd=20,text=mine
	pid=$vpid
	ok "a user guards a process of his own" guard_start "$vpid" --hold -o "$tmp/open/dumps"
	like "$(cat "$gerr")" "set-user-ID program" "he is told what it costs"
	like "$(cat "$gerr")" "may get past the guard.*SCHED_FIFO" "and what may happen without priority"
	kill -KILL "$pid"
	lib_forget "$vjob" 2>/dev/null
	guard_wait
	is "$gstatus" 0 "and it ends well"
	is "$(json_get "$tmp/open/dumps/guard.jsonl" 'fd == 20' '[size, complete]')" '[4, true]' \
		"with what it had"
	export FILCH_SHELF=$tmp/open/shelf
	h=$(as_nobody "$FILCH" held --json | json_get - 'fd == 20' id)
	is "$(as_nobody "$FILCH" peek --offset 0 "$h")" mine "on his own shelf"
	for h in $(as_nobody "$FILCH" held --json | jqp id -); do
		as_nobody "$FILCH" drop "$h"
	done
	export FILCH_SHELF=$shelf
	VICTIM_WRAP=() GUARD_WRAP=()

	# ---- a program that is set-user-ID, executed while guarded ----
	mkfifo -m 0666 "$tmp/go"
	cp /usr/bin/id "$tmp/setid" && chmod 4755 "$tmp/setid"
	for who in user root; do
		[ "$who" = user ] && GUARD_WRAP=(setpriv --reuid=65534 --regid=65534
			--clear-groups --inh-caps=-all -- env "FILCH_SHELF=$tmp/open/shelf")
		setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all -- \
			sh -c "read x <'$tmp/go'; exec '$tmp/setid' -u" >"$tmp/euid" &
		job=$!
		wait_for 5 grep -q '^sh' "/proc/$job/comm"
		ok "$who: guards what will execute it" guard_start "$job"
		echo >"$tmp/go"
		wait "$job"
		guard_wait
		if [ "$who" = user ]; then
			is "$(cat "$tmp/euid")" 65534 "a user's guard costs it its privilege"
		elif grep -q nosuid < <(findmnt -no OPTIONS -T "$tmp"); then
			skip "$tmp is mounted nosuid"
		else
			is "$(cat "$tmp/euid")" 0 "root's guard does not"
		fi
		GUARD_WRAP=()
		drop_all
	done
	for h in $(FILCH_SHELF=$tmp/open/shelf as_nobody "$FILCH" held --json | jqp id -); do
		FILCH_SHELF=$tmp/open/shelf as_nobody "$FILCH" drop "$h"
	done
else
	skip "needs root" 9
fi

# ---- threads, children, namespaces ----

victim_start --dead-leader memfd:fd=20,text=orphan
pid=$vpid
ok "a leader that is dead already" guard_start "$pid"
kill -KILL "$pid"
lib_forget "$vjob" 2>/dev/null
guard_wait
is "$(filch peek --offset 0 "$(held_of "$pid" 20)")" orphan "its threads' table is held"
drop_all

victim_start memfd:fd=20,text=family
ok "with --children" guard_start "$vpid" --children -o "$tmp/family"
child=$(victim_cmd fork | json pid)
victim_kill "$vjob"
kill -KILL "$child" 2>/dev/null
guard_wait
is "$(json_get "$tmp/family/guard.jsonl" "fd == 20 and pid == $vpid" complete)" true "the parent's"
is "$(json_get "$tmp/family/guard.jsonl" "fd == 20 and pid == $child" complete)" true \
	"and the child's"

if [ "$(id -u)" = 0 ]; then
	victim_start --newpid memfd:fd=20,text=inside
	ok "the init of another pid namespace" guard_start "$vpid" --audit "$tmp/audit"
	pid=$vpid
	kill -KILL "$pid"
	lib_forget "$vjob" 2>/dev/null
	guard_wait
	is "$(filch peek --offset 0 "$(held_of "$pid" 20)")" inside "what it had is held"
	is "$(json_get "$tmp/audit" 'operation == "guard" and fd is None' '[pid, effect, outcome]')" \
		"[$pid, \"stop\", \"ok\"]" "--audit has the guard"
	is "$(json_get "$tmp/audit" 'fd == 20' '[pid, effect, outcome]')" \
		"[$pid, \"hold\", \"ok\"]" "--audit has each descriptor"
	drop_all
else
	skip "needs root" 4
fi

# ---- the server is going to die: scenario 8 ----

cat >"$tmp/server.py" <<'END'
import os, socket, sys, tempfile, time
s = socket.create_server(("127.0.0.1", 0))
r, w = os.pipe()
os.write(w, b"in the pipe")
f = tempfile.TemporaryFile(dir=sys.argv[1])
f.write(b"not saved yet"); f.flush()
open(sys.argv[2] + ".new", "w").write("%d %d %d\n" % (s.getsockname()[1], r, f.fileno()))
os.rename(sys.argv[2] + ".new", sys.argv[2])
c, _ = s.accept()
c.sendall(b"welcome\n")
c.recv(1)
open(sys.argv[2] + ".new", "w").write("%d %d\n" % (c.fileno(), s.fileno()))
os.rename(sys.argv[2] + ".new", sys.argv[2] + ".peer")
while True: time.sleep(0.1)
END
"$PYTHON" "$tmp/server.py" "$tmp" "$tmp/port" &
server=$!
lib_victims+=("$server")
wait_for 10 test -s "$tmp/port"
read -r port pipe file <"$tmp/port"
exec 7<>"/dev/tcp/127.0.0.1/$port"
read -r -t 5 -u 7 greeting
is "$greeting" welcome "scenario 8: a server with a client"
printf x >&7
wait_for 10 test -s "$tmp/port.peer"
read -r conn listener <"$tmp/port.peer"
ok "scenario 8: guarded" guard_start "$server" --hold -o "$tmp/server"
victim_kill "$server"
guard_wait
is "$(jqp 'held is None' "$tmp/server/guard.jsonl" | sort -u)" false "everything is held"
is "$(filch peek "$(held_of "$server" "$pipe")")" "in the pipe" "the pipe"
is "$(filch peek --offset 0 "$(held_of "$server" "$file")")" "not saved yet" "the deleted file"
h=$(held_of "$server" "$conn")
like "$(filch show "$h" --json)" 'ESTAB' "the connection lives"
echo "from the shelf" | filch write "$h"
read -r -t 5 -u 7 line
is "$line" "from the shelf" "its peer is talked to"
echo "thanks" >&7
ok "and answers" wait_for 5 eval '[ "$(filch peek "$h")" = thanks ]'
ok "the listener accepts into its queue still" eval 'exec 8<>"/dev/tcp/127.0.0.1/$port"'
is_not "$(held_of "$server" "$listener")" "" "for it is held"
exec 7>&- 8>&-
drop_all

# ---- as fast as before ----

# The fastest of many short batches, free and guarded in turns: what else runs
# here meets both.
cat >"$tmp/calls.py" <<'END'
import os, sys, time
stat = os.open("/proc/self/status", os.O_RDONLY)
while not os.path.exists(sys.argv[1] + ".end"):
    turn = 1 << 60
    traced = b"TracerPid:\t0\n" not in os.pread(stat, 4096, 0)
    for _ in range(200):
        begin = time.perf_counter_ns()
        for _ in range(2000): os.getppid()
        turn = min(turn, time.perf_counter_ns() - begin)
    if traced != (b"TracerPid:\t0\n" not in os.pread(stat, 4096, 0)): continue
    with open(sys.argv[1], "a") as f: print("traced" if traced else "free", turn, file=f)
END
"$PYTHON" "$tmp/calls.py" "$tmp/turns" &
job=$!
lib_victims+=("$job")
turns() { # turns SORT N: N more batches of that sort were measured
	local want=$(($(grep -c "$1" "$tmp/turns") + $2))
	wait_for 30 eval "[ \$(grep -c $1 '$tmp/turns') -ge $want ]"
}
best() { # best SORT: of all batches until now
	sed -n "s/^$1 //p" "$tmp/turns" | sort -n | head -1
}
switches() { # how often it gave the processor away by itself, as at each stop
	sed -n 's/^voluntary_ctxt_switches:\t//p' "/proc/$job/status"
}
wait_for 10 test -s "$tmp/turns"
# What is really slower never comes within the limit, however often it is measured.
for round in 1 2 3 4 5 6 7 8 9 10; do
	turns free 3
	ok "a target that makes system calls all the time, round $round" \
		guard_start "$job" --only kind=memfd
	turns traced 1
	before=$(switches)
	turns traced 2
	after=$(switches)
	kill -INT "$(guard_pid)"
	guard_wait
	[ "$(best traced)" -ge $(($(best free) * 101 / 100)) ] || break
done
touch "$tmp/turns.end"
wait "$job"
diag "2000 system calls: $(best free) ns alone, $(best traced) ns guarded"
# The rounds end once it is less than 1 %. Beside other tests a machine that is shared may never
# be even enough to show that: what is certain is the next line.
ok "it is slowed by less than 5 %" [ "$(best traced)" -lt $(($(best free) * 105 / 100)) ]
ok "800,000 of them, and it stopped for none" [ $((after - before)) -lt 100 ]

done_testing
