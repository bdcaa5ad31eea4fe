#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What `make run` does with no terminal, and that it leaves nothing behind.
set -u

left() {
	find /tmp -maxdepth 1 -name 'filch-demo.*' -newer "$TMPDIR/began" 2>/dev/null
}

# filch that dumps something else than what is there
liar() {
	cat >"$TMPDIR/filch" <<-'END'
	#!/bin/sh
	"$REAL" "$@" || exit
	[ "$1" != dump ] || for out; do :; done
	[ "$1" != dump ] || printf X | dd of="$out" conv=notrunc status=none
	END
	chmod +x "$TMPDIR/filch"
	mkdir -p "$TMPDIR/tests"
	ln -s "$BUILD/tests/demo" "$TMPDIR/tests/demo"
	REAL=$FILCH BUILD=$TMPDIR sh tests/demo.sh
}

cd "$(dirname "$0")/../.." || exit 1
: >"$TMPDIR/began"
echo 1..4

sh tests/demo.sh >"$TMPDIR/out" 2>&1 && echo "ok 1 - exit 0" || echo "not ok 1 - exit 0"
sed 's/^/# /' "$TMPDIR/out"
grep -q 'the same: nothing was lost' "$TMPDIR/out" || printf 'not '
echo "ok 2 - the deleted log is the one that was written"

liar >"$TMPDIR/lie" 2>&1 && printf 'not '
grep -q 'not what was written' "$TMPDIR/lie" || printf 'not '
echo "ok 3 - a wrong byte is found"

[ -z "$(left)" ] || printf 'not '
echo "ok 4 - no folder is left"
