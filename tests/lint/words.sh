#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Words that must not be in the tree: what is unfinished, places of somebody's
# machine, and tests that wait for luck instead of a condition.
set -u

status=0
refuse() {
	git grep -nIE "$@" && status=1
}

me=':!tests/lint/words.sh'
refuse '\b(TODO|FIXME|XXX|HACK)\b' -- . "$me"
refuse '(^|[^[:alnum:]_./$}])/(home|root|work|build|Users)/[[:alnum:]._-]+' -- . "$me"
refuse '(^|[;&|({]|then|do|else)[[:space:]]*(sleep|usleep)[[:space:]]+[0-9]*[1-9]' -- \
	'tests/*.sh' 'tests/*.t' 'tests/run' examples "$me"
refuse '\b(time\.sleep|sleep)\((0\.[5-9]|[1-9])|\busleep\([0-9]{6}' -- tests examples "$me"
refuse '^(<<<<<<<|>>>>>>>)' -- . "$me"
refuse '[[:blank:]]+$' -- . ':!tests/fuzz/corpus' "$me"
for file in $(git ls-files 'src/*.[ch]' 'ui/*.[ch]' 'tests/*.[ch]' '*.sh' '*.py' '*.t'); do
	head -3 "$file" | grep -q 'SPDX-License-Identifier: MIT' && continue
	echo "$file: no SPDX line"
	status=1
done
exit $status
