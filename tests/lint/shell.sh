#!/bin/sh
# SPDX-License-Identifier: MIT
#
# All shell scripts, whatever they are called, through shellcheck.
# Off: unquoted words that are lists on purpose, sourced files, literal $ in
# single quotes, A && B || C used as if-then-else on purpose.
set -u

command -v shellcheck >/dev/null || { echo "no shellcheck"; exit 77; }
for file in $(git ls-files '*.sh' '*.t' .ci tests/run examples); do
	case $(head -1 "$file") in
	'#!'*sh) echo "$file" ;;
	esac
done | xargs -r shellcheck -x -P SCRIPTDIR -f gcc -S warning -e SC2015,SC2046,SC2086,SC1090,SC1091,SC2016
