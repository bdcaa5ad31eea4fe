#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The library never prints, never reads a terminal, never ends the program and
# has no state of its own. Proved from the symbols of the archive.
set -eu

archive=${BUILD:-build}/libfilch.a

# Object and symbol that are all right, and why.
allowed() {
	cat <<-'END'
	alloc.o abort    out of memory and no hook was installed
	alloc.o oom_hook the one hook, set once by main() before any thread
	helper.o _exit   ends a child of ours
	run.o _exit      the same
	launch.o _exit   the same
	daemon.o _exit   ends a child of ours
	apart.o _exit    ends a child of ours
	END
}

refuse() {
	allowed | awk '
		NR == FNR { fine[$1 " " $2] = 1; next }
		!(($1 " " $2) in fine) { print $1 ": " $2 ": " $3; bad = 1 }
		END { exit bad }' - "$1"
}

list=$(mktemp)
trap 'rm -f "$list"' EXIT

# "archive:object:  U name"
nm -A --undefined-only "$archive" | sed 's/^[^:]*:\([^:]*\):/\1/' | awk '
	$3 ~ /^(__)?v?f?printf(_chk)?$|^(f|put)?put(s|c|char)(_unlocked)?$|^fwrite|^perror$/ ||
	$3 ~ /^v?(err|warn)x?$|^error$|^std(in|out|err)$/    { print $1, $3, "prints" }
	$3 ~ /^(_?_?exit|_Exit|quick_exit|atexit|abort|__assert_fail)$/ { print $1, $3, "ends" }
	$3 ~ /^(tcgetattr|tcsetattr|isatty|ttyname|initscr|newterm|setupterm)$/ {
		print $1, $3, "terminal" }' >"$list"
nm -A -f sysv --defined-only "$archive" | tr -d ' ' | awk -F'|' '
	$7 ~ /^\.(data|bss|tdata|tbss)|COM/ && $7 !~ /^\.data\.rel\.ro/ {
		n = split($1, part, ":"); sub(/\.[0-9]+$/, "", part[n])
		print part[n - 1], part[n], "changes" }' >>"$list"
refuse "$list"
