#!/bin/bash
# SPDX-License-Identifier: MIT
# timeout: 300
#
# Every examples/*.sh does what it says, and leaves nothing behind.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

export FILCH BUILD PYTHON
cd "$lib_top" || exit 1
for example in examples/*.sh; do
	mkdir "$tmp/work"
	TMPDIR=$tmp/work timeout -k 5 60 "$BASH" "$example" >"$tmp/out" 2>&1 </dev/null
	status=$?
	if [ "$status" -eq 77 ]; then
		skip "$example: $(tail -n 1 "$tmp/out")" 2
	else
		is "$status" 0 "$example" || diag "$(cat "$tmp/out")"
		is "$(ls -A "$tmp/work")" "" "$example leaves no file"
	fi
	rm -rf "$tmp/work"
done
done_testing
