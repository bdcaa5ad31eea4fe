#!/bin/sh
# SPDX-License-Identifier: MIT
#
# No function over 80 lines, no file over 800.
set -eu

files=$(git ls-files '*.c' '*.h' '*.sh' '*.py' '*.t')
long=$(wc -l $files | awk '$2 != "total" && $1 > 800 { print $2 ": " $1 " lines" }')
ctags --version 2>/dev/null | grep -q Universal || {
	echo "no universal-ctags: functions not measured"
	[ -z "$long" ] || { echo "$long"; exit 1; }
	exit 77
}
long="$long$(ctags -x --_xformat='%{input}:%{line}: %N ends %{end} %{line}' --kinds-C=f \
	--languages=C $(git ls-files '*.c' '*.h') |
	awk '{ n = $(NF - 1) - $NF + 1 } n > 80 { print $1, $2 "(): " n " lines" }')"
[ -z "$long" ] || { echo "$long"; exit 1; }
