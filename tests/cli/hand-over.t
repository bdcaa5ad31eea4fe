#!/bin/bash
# SPDX-License-Identifier: MIT
# Scenario: nginx under load hands its listener over, and nobody is refused.
. "$(dirname "$0")/../lib.sh"

need_root
need nginx ip unshare python3

out=$tmp/out
FILCH=$FILCH timeout -k 5 90 unshare --net --mount \
	sh "$(dirname "$0")/../../examples/hand-over.sh" >"$out" 2>&1
is "$?" 0 "examples/hand-over.sh"
like "$(cat "$out")" "both serve" "both served for a while"
like "$(cat "$out")" "refused or failed: 0" "no connection was refused"
like "$(cat "$out")" "answers of the second server: [0-9]{4}" "the second server took over"
diag "$(tail -3 "$out")"
done_testing
