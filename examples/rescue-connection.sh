#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A server crashes; its client does not notice, and gets a last word:
#
#	examples/rescue-connection.sh
#
# needs filch in PATH (or in $FILCH) and python3. It runs in a folder of its
# own, with a shelf of its own, and removes both.
set -eu

filch=${FILCH:-filch}
python=${PYTHON:-python3}
dir=$(mktemp -d "${TMPDIR:-/tmp}/rescue.XXXXXX")
export FILCH_SHELF="$dir/shelf"
server='' client='' guard=''
cleanup() {
	"$filch" drop --all --last 2>/dev/null || :
	for p in $server $client $guard; do
		kill "$p" 2>/dev/null || :
	done
	rm -rf "$dir"
}
trap cleanup EXIT

# wait_for COMMAND...: at most ten seconds
wait_for() {
	n=0
	until "$@"; do
		n=$((n + 1))
		[ "$n" -lt 500 ] || { echo "this did not come true: $*" >&2; exit 1; }
		"$python" -c 'import time; time.sleep(0.02)'
	done
}

cat >"$dir/server.py" <<'END'
import signal, socket, sys
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
c, _ = s.accept()
c.sendall(b"welcome\n")
signal.pause()
END
cat >"$dir/client.py" <<'END'
import socket, sys
c = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
lines = c.makefile("rw")
for word in lines:
    print("  the client reads:", word.strip(), flush=True)
    if "move" in word:
        lines.write("thank you\n")
        break
END

"$python" "$dir/server.py" >"$dir/port" &
server=$!
wait_for test -s "$dir/port"
"$python" "$dir/client.py" "$(cat "$dir/port")" >"$dir/client" &
client=$!
wait_for grep -q welcome "$dir/client"
echo "1. A server with a client:"
cat "$dir/client"

echo "2. It is guarded, and then it crashes:"
"$filch" guard "$server" >"$dir/taken" 2>"$dir/notes" &
guard=$!
wait_for grep -q 'guarding process' "$dir/notes"
kill -KILL "$server"
wait "$guard"
server='' guard=''
sed -n 's/^filch guard: process/  process/p' "$dir/notes"

echo "3. Its connection is on the shelf, and it is still up:"
while read -r held _ kind _; do
	if [ "$kind" = tcp ] && "$filch" show "$held" | grep -q ESTABLISHED; then
		connection=$held
	fi
done <"$dir/taken"
"$filch" held | sed 's/^/  /'

echo "4. We talk to the client in the server's place:"
echo "we have to move you" | timeout 20 "$filch" talk "$connection" | sed 's/^/  the client says: /'
wait "$client"
client=''
tail -1 "$dir/client"
