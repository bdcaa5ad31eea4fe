#!/bin/sh
# SPDX-License-Identifier: MIT
#
# "Too many open files": which kind leaks, how fast, and since when?
#
#	examples/hunt-leak.sh [PID]
#
# Without PID it makes a server that leaks. Needs filch in PATH (or in $FILCH)
# and python3. Nothing is attached to, stopped or duplicated.
set -eu

filch=${FILCH:-filch}
python=${PYTHON:-python3}
dir=$(mktemp -d "${TMPDIR:-/tmp}/leak.XXXXXX")
server=''
cleanup() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || :
	rm -rf "$dir"
}
trap cleanup EXIT

cat >"$dir/server.py" <<'END'
import ctypes, os, socket, time
libc = ctypes.CDLL(None)
kept = [socket.socket() for _ in range(3)]
print("up", flush=True)
while True:                       # a request every 20 ms:
    f = open(os.devnull)          # this is closed,
    libc.eventfd(0, 0)            # this is forgotten
    f.close()
    time.sleep(0.02)
END

pid=${1:-}
if [ -z "$pid" ]; then
	"$python" "$dir/server.py" >"$dir/up" &
	server=$! pid=$!
	n=0
	until [ -s "$dir/up" ]; do
		n=$((n + 1))
		[ "$n" -lt 500 ] || exit 1
		"$python" -c 'import time; time.sleep(0.02)'
	done
fi

echo "1. What it has, and what grows:"
"$filch" ls --summary --watch --interval 0.5 --times 4 "$pid" | sed 's/^/  /'

echo "2. The kind that grows fastest, and by how many a minute:"
"$filch" ls --summary --watch --interval 0.5 --times 4 --json "$pid" >"$dir/looks"
kind=$(sed -n '$s/.*"growing":\[{[^}]*"kind":"\([^"]*\)".*/\1/p' "$dir/looks")
rate=$(sed -n '$s/.*"per_minute":\([0-9]*\).*/\1/p' "$dir/looks")
[ -n "$kind" ] || { echo "  nothing grows"; exit 0; }
echo "  $kind: $rate"

echo "3. The oldest of them, the most likely to be the first that was forgotten:"
"$filch" ls "$pid" -f "kind=$kind" -o FD,KIND,DETAIL --no-headings | head -3 | sed 's/^/  /'
