#!/bin/sh
# SPDX-License-Identifier: MIT
#
# gcc -fanalyzer over the library and the interface. It knows no cleanup
# attributes and no libelf, so leaks of scoped variables and what a library fills
# in are left out.
set -u

gcc -fanalyzer -x c -c -o /dev/null /dev/null 2>/dev/null || { echo "no gcc -fanalyzer"; exit 77; }
files=$(git ls-files 'src/*.c' 'ui/*.c')
[ -n "$files" ] || exit 0
out=$(printf '%s\n' $files | xargs -P2 -n1 sh -c 'gcc -fanalyzer -O1 -std=gnu11 -I. -D_GNU_SOURCE \
	-DFILCH_VERSION=\"lint\" $PKG_CFLAGS -Wno-analyzer-malloc-leak -Wno-analyzer-fd-leak \
	-Wno-analyzer-use-of-uninitialized-value \
	-fdiagnostics-plain-output -c -o /dev/null "$0" 2>&1' | grep 'warning:')
[ -z "$out" ] || { printf '%s\n' "$out" | sort -u; exit 1; }
