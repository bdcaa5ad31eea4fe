#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A program writes a log; somebody deletes it. The name is gone, the file is not:
# the program still has it open. Save what is there, then follow to the last line.
# $FILCH is the program, or filch in the PATH.
set -euo pipefail

filch=${FILCH:-filch}
dir=$(mktemp -d "${TMPDIR:-/tmp}/recover-log.XXXXXX")
writer=

finish() {
	[ -z "$writer" ] || kill "$writer" 2>/dev/null || :
	rm -rf "$dir"
}
trap finish EXIT

say() {
	printf '\n%s\n' "$*"
}

show() { # the command as one would type it, then what it prints
	local word line='$ filch'
	for word in "${@:2}"; do
		[[ $word != *[\ \"]* ]] || word="'$word'"
		line+=" $word"
	done
	echo "$line"
	"$@"
}

# The program: 50 lines, a word on its standard output, and so on until it is told
# to stop. Its ledger is what the log must be in the end.
program='
import os, random, select, signal, sys
signal.signal(signal.SIGTERM, lambda *a: globals().update(running=False))
running, n = True, 0
log = open(sys.argv[1] + "/app.log", "ab", buffering=0)
ledger = open(sys.argv[1] + "/ledger", "ab", buffering=0)
while running:
    n += 1
    line = b"%06d %s\n" % (n, random.randbytes(random.randrange(40)).hex().encode())
    ledger.write(line)
    log.write(line)
    if n % 50 == 0:
        print(n, flush=True)
    select.select([], [], [], 0.001)
'
exec 3< <(exec python3 -c "$program" "$dir")
writer=$!
read -r lines <&3

rm "$dir/app.log"
say "app.log was deleted after $lines lines, and process $writer goes on writing to it:"
show "$filch" ls "$writer" -f deleted
fd=$("$filch" ls "$writer" -f deleted -o fd --no-headings)

say "What there is by now, in one command:"
show "$filch" recover "$writer" -o "$dir/saved"
size=$(stat -c %s "$dir/saved/app.log")
cmp -n "$size" "$dir/saved/app.log" "$dir/ledger"
echo "$size bytes, and each as it was written."

say "To the end, while it is written:"
show "$filch" dump "$writer:${fd// /}" -o "$dir/app.log" --follow >"$dir/sum" &
copy=$!
# Once it has the file it does not need the program any more.
while [ ! -e "$dir/app.log.partial" ] && kill -0 "$copy"; do
	read -r lines <&3
done
read -r lines <&3
kill "$writer" # it finishes its line, and exits
cat <&3 >/dev/null
writer=
wait "$copy"
cat "$dir/sum"
cmp "$dir/app.log" "$dir/ledger"
say "All $(wc -l <"$dir/ledger") lines are there, to the last byte."
