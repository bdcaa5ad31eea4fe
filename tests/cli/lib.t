#!/bin/bash
# SPDX-License-Identifier: MIT
# What tests/lib.sh promises to the shell tests.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# Lines of TAP that a failing test prints; it runs with counters of its own.
failing() {
	(
		trap - EXIT
		lib_count=0 lib_failed=0
		"$@"
		echo "failed $lib_failed"
	)
}

like "$(failing is a b name)" "^not ok 1 - name.*got:  a.*want: b.*failed 1$" "is fails"
like "$(failing like abc '^b' name)" "^not ok 1.*failed 1$" "like fails"
like "$(failing ok name false)" "^not ok 1.*failed 1$" "ok fails"
like "$(failing is_not a a name)" "^not ok 1.*failed 1$" "is_not fails"
is "$(failing skip why 2 | grep -c SKIP)" 2 "skip counts"
ok "a folder of our own" test -d "$tmp"

SECONDS=0
ok "wait_for sees it" wait_for 5 true
ok "wait_for gives up" eval '! wait_for 0 false'
ok "in time" test "$SECONDS" -le 3

victim_start pipe:fd=10,peer=11,size=700K,capacity=1M memfd:fd=12,name=x,size=10
first=$vpid
ok "a victim lives" kill -0 "$vpid"
is "$(json_get "$vtruth" 'fd == 10' queued)" 716800 "the truth about one descriptor"
is "$(json_get "$vtruth" 'kind == "memfd" and size == 10' name)" x "a condition of two parts"
is "$(json_get "$vtruth" 'fd == 99' fd || echo none)" none "no such descriptor"
is "$(jqp 'fd' | tr '\n' ' ')" "10 11 12 null " "an expression of every object"
is "$(victim_cmd 'fionread 10' | json fionread)" 716800 "a command"
is "$(victim_cmd 'pos 99' | json errno)" EBADF "a refusal"
is "$(cut -d' ' -f22 "/proc/$vpid/stat")" "$vstart" "start time"
victim_stop
ok "it is gone" wait_for 5 eval "! kill -0 $first 2>/dev/null"
victim_start eventfd
victim_kill "$vjob"
ok "killed and reaped" eval "! kill -0 $vpid 2>/dev/null"

if [ "$(id -u)" = 0 ]; then
	VICTIM_WRAP=(as_nobody)
	victim_start file:fd=10,size=3
	VICTIM_WRAP=()
	is "$(stat -c %u "/proc/$vpid")" 65534 "as nobody"
	is_not "$(in_ns readlink /proc/self/ns/net)" "$(readlink /proc/self/ns/net)" "in_ns"
	victim_start --newnet --newpid tcp:listen,fd=10
	is "$(victim_cmd 'flags 10' | json ok)" true "in namespaces of its own"
	mkdir "$tmp/root"
	victim_start --chroot "$tmp/root" pipe:fd=10,peer=11,text=hi
	is "$(readlink "/proc/$vpid/root")" "$tmp/root" "in another root"
	is "$(victim_cmd 'read 10' | json data)" aGk= "and can be talked to"
else
	skip "needs root" 5
fi
done_testing
