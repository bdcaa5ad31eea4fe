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

n=0
check() { # WHAT COMMAND...: one line of TAP
	what=$1
	n=$((n + 1))
	shift
	if "$@"; then echo "ok $n - $what"; else echo "not ok $n - $what"; fi
}

cd "$(dirname "$0")/../.." || exit 1
: >"$TMPDIR/began"

sh tests/demo.sh >"$TMPDIR/out" 2>&1
check "exit 0" [ $? -eq 0 ]
sed 's/^/# /' "$TMPDIR/out"
check "the deleted log is what was written" grep -q 'the same: nothing was lost' "$TMPDIR/out"
liar >"$TMPDIR/lie" 2>&1
check "a wrong byte is a failure" [ $? -ne 0 ]
check "and is said" grep -q 'not what was written' "$TMPDIR/lie"
check "no folder is left" [ -z "$(left)" ]
echo "1..$n"
