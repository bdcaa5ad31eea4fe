#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Lines reached, file by file: tests/coverage.sh FOLDER, a build with --coverage
# whose tests have run. A child that ends by _exit(2) is not counted.
set -eu

find "$1/src" "$1/ui" -name '*.gcda' 2>/dev/null | while read -r data; do
	gcov -n "$data" 2>/dev/null
done | awk '
	/^File/ { file = $2; gsub("\047", "", file) }
	/^Lines executed/ && file ~ /^(src|ui)\/.*\.c$/ {
		split($2, part, /[:%]/)
		lines[file] = $4; hit[file] = part[2] * $4 / 100
		file = ""
	}
	END {
		for (f in lines) {
			printf "%6.1f%% of %5d  %s\n", 100 * hit[f] / lines[f], lines[f], f | "sort -k4"
			all += lines[f]; reached += hit[f]
		}
		close("sort -k4")
		if (all)
			printf "%6.1f%% of %5d  together\n", 100 * reached / all, all
	}'
