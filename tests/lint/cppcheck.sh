#!/bin/sh
# SPDX-License-Identifier: MIT
#
# cppcheck: errors, warnings, portability and performance of what we ship.
set -u

command -v cppcheck >/dev/null || { echo "no cppcheck"; exit 77; }
files=$(git ls-files 'src/*.c' 'ui/*.c')
[ -n "$files" ] || exit 0
exec cppcheck -q -j2 --std=c11 --error-exitcode=1 --inline-suppr -I. -D_GNU_SOURCE \
	-DFILCH_VERSION='"lint"' --enable=warning,portability,performance \
	--suppress=missingIncludeSystem --suppress=unknownMacro --suppress=normalCheckLevelMaxBranches \
	$files
