#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs the lint scripts beside it, or those named: tests/lint/run.sh [NAME...].
# Each prints what it objects to and exits 0 (fine), 1 (not), 77 (its tool is
# not installed). $BUILD holds the library that was built.
set -u

[ $# -gt 0 ] || set -- includes symbols sizes words format shell spelling cppcheck tidy analyzer
status=0
for name in "$@"; do
	out=$(sh "tests/lint/$name.sh" 2>&1)
	case $? in
	0) verdict=ok ;;
	77) verdict=skipped ;;
	*) verdict=FAILED status=1 ;;
	esac
	printf 'lint: %-9s %s\n' "$name" "$verdict"
	[ -z "$out" ] || printf '%s\n' "$out" | sed 's/^/    /'
done
exit $status
