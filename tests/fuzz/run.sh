#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs each fuzzer for a while: tests/fuzz/run.sh SECONDS FUZZER... Begins from
# tests/fuzz/corpus/NAME where there is one; what it finds is thrown away, but
# an input that crashes stays beside the fuzzer.
set -u

seconds=$1
shift
status=0
for fuzzer in "$@"; do
	name=$(basename "$fuzzer")
	found=$(mktemp -d)
	seeds=tests/fuzz/corpus/$name
	[ -d "$seeds" ] || seeds=
	if "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -verbosity=0 \
		-print_final_stats=1 -artifact_prefix="$fuzzer-" "$found" $seeds >"$found.log" 2>&1; then
		printf 'ok      %-12s %s runs\n' "$name" \
			"$(sed -n 's/^stat::number_of_executed_units: //p' "$found.log")"
	else
		printf 'CRASHED %-12s\n' "$name"
		cat "$found.log"
		status=1
	fi
	rm -rf "$found" "$found.log"
done
exit $status
