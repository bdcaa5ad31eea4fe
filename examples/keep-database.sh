#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A database was deleted while its program has it open. Keep it while the
# program is restarted, and put it back for the new one:
#
#	examples/keep-database.sh
#
# needs filch in PATH (or in $FILCH) and python3 with sqlite3. It runs in a
# folder of its own, with a shelf of its own, and removes both.
set -eu

filch=${FILCH:-filch}
python=${PYTHON:-python3}
dir=$(mktemp -d "${TMPDIR:-/tmp}/keep.XXXXXX")
export FILCH_SHELF="$dir/shelf"
program=''
cleanup() {
	"$filch" drop --all --last 2>/dev/null || :
	[ -z "$program" ] || kill "$program" 2>/dev/null || :
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

cat >"$dir/program.py" <<'END'
import signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("create table if not exists visits (who text)")
db.execute("insert into visits values (?)", [sys.argv[2]])
db.commit()
print([row[0] for row in db.execute("select who from visits")], flush=True)
signal.pause()
END

start() { # start WHO
	: >"$dir/says"
	"$python" "$dir/program.py" "$dir/app.db" "$1" >"$dir/says" &
	program=$!
	wait_for test -s "$dir/says"
	echo "  the program has $(cat "$dir/says")"
}

echo "1. A program and its database, which somebody deletes:"
start alice
rm "$dir/app.db"
"$filch" ls "$program" -f 'deleted and name~"app"' -o FD,KIND,NAME | sed 's/^/  /'

echo "2. The descriptor goes onto the shelf, and the program may end:"
fd=$("$filch" ls "$program" -f 'deleted and name~"app"' -o FD --no-headings | tr -d ' ')
held=$("$filch" hold "$program:$fd" 2>/dev/null)
kill "$program"
wait "$program" 2>/dev/null || :
program=''
"$filch" held | sed 's/^/  /'

echo "3. What is held is copied back to its name:"
"$filch" dump "$held" -o "$dir/app.db" --hash none
echo "  app.db: $(wc -c <"$dir/app.db") bytes"

echo "4. The program starts again, and nothing is missing:"
start bob
grep -q alice "$dir/says"
