#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The demonstration behind `make run`: starts tests/demo.c and opens filch on
# it. With no terminal it does the job by commands instead: prints the table,
# recovers the deleted log, and succeeds only if it is what was written.
set -eu

filch=${BUILD:=build}/filch
dir=$(mktemp -d /tmp/filch-demo.XXXXXX)
demo=

finish() {
	if [ -n "$demo" ]; then
		kill "$demo" 2>/dev/null || :
		wait "$demo" 2>/dev/null || :
	fi
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT HUP TERM

start() {
	mkfifo "$dir/ready"
	"$BUILD/tests/demo" "$dir" >"$dir/ready" &
	demo=$!
	read -r pid log <"$dir/ready" || { echo "the demonstration did not start" >&2; exit 1; }
	rm "$dir/ready"
}

say() {
	printf '\n$ %s\n' "$*"
	"$@"
}

# The log still grows: what was recovered must be the beginning of the ledger.
recover() {
	say "$filch" dump "$pid:$log" -o "$dir/recovered" >"$dir/sum" || return
	cat "$dir/sum"
	size=$(wc -c <"$dir/recovered")
	got=$(sha256sum <"$dir/recovered")
	want=$(head -c "$size" "$dir/ledger" | sha256sum)
	printf '\nrecovered %s bytes of the deleted log\n  written   %s\n  recovered %s\n' \
		"$size" "${want%% *}" "${got%% *}"
	[ "$size" -ge "$1" ] || { echo "less than was written" >&2; return 1; }
	[ "$got" = "$want" ] || { echo "not what was written" >&2; return 1; }
	grep -q "^${got%% *}" "$dir/sum" || { echo "filch said another SHA-256" >&2; return 1; }
	echo "the same: nothing was lost"
}

start
if [ -t 0 ] && [ -t 1 ]; then
	"$filch" "$pid"
else
	before=$(wc -c <"$dir/ledger")
	say "$filch" ls "$pid"
	recover "$((before - 256))" # a line may be in the ledger and not yet in the log
fi
