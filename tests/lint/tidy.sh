#!/bin/sh
# SPDX-License-Identifier: MIT
#
# clang-tidy with the checks that find bugs. Left out are those that object to
# what the house style does on purpose (short names, swappable parameters,
# arrays of pointers, values kept for a cleanup attribute, signal-safe but "unsafe"
# calls, the C11 Annex K functions that libc lacks, memcpy() of bytes that are no
# string). It knows no cleanup attributes: what they free is no leak.
set -u

command -v clang-tidy >/dev/null || { echo "no clang-tidy"; exit 77; }
CHECKS='-*,clang-analyzer-*,bugprone-*,misc-redundant-expression
-clang-analyzer-security.insecureAPI.*,-clang-analyzer-valist.Uninitialized,-clang-analyzer-optin.performance.*,-clang-analyzer-deadcode.DeadStores
-bugprone-easily-swappable-parameters,-bugprone-reserved-identifier
-bugprone-narrowing-conversions,-bugprone-implicit-widening-of-multiplication-result
-bugprone-macro-parentheses,-bugprone-signal-handler
-bugprone-sizeof-expression,-bugprone-branch-clone,-bugprone-assignment-in-if-condition,-bugprone-not-null-terminated-result,-bugprone-suspicious-string-compare'
files=$(git ls-files 'src/*.c' 'ui/*.c')
[ -n "$files" ] || exit 0
out=$(printf '%s\n' $files | xargs -P2 -n4 sh -c 'clang-tidy -quiet -checks="$0" "$@" -- \
	-std=gnu11 -I. -D_GNU_SOURCE -DFILCH_VERSION=\"lint\" $PKG_CFLAGS 2>/dev/null' \
	"$(echo $CHECKS | tr ' ' ',')" |
	grep -E 'warning:|error:' | grep -v 'Potential leak' | sort -u)
[ -z "$out" ] || { printf '%s\n' "$out"; exit 1; }
