#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The arrows: a room of src may include only itself and rooms before it in this
# list; ui may include everything; nothing in src knows curses or ui.
set -eu

ROOMS="base proc net kind share survey stop take keep alter evidence"

for file in $(git ls-files 'src/*.[ch]'); do
	room=${file#src/} room=${room%%/*}
	allowed=${ROOMS%%"$room"*}$room
	case " $ROOMS " in
	*" $room "*) ;;
	*) echo "$file: the room $room is not in the list" ;;
	esac
	grep -n '^# *include' "$file" | while IFS= read -r line; do
		case $line in
		*curses* | *'<term.h>'* | *'"ui/'* | *'"tests/'*) bad=1 ;;
		*'"src/'*)
			of=${line#*\"src/} of=${of%%/*}
			case " $allowed " in *" $of "*) bad= ;; *) bad=1 ;; esac ;;
		*'"'*) bad=1 ;; # a project header is named from the top
		*) bad= ;;
		esac
		[ -z "$bad" ] || echo "$file:${line%%:*}: may not ${line#*:}"
	done
done >"${TMPDIR:-/tmp}/lint.$$"
cat "${TMPDIR:-/tmp}/lint.$$"
if [ -s "${TMPDIR:-/tmp}/lint.$$" ]; then bad=1; else bad=0; fi
rm -f "${TMPDIR:-/tmp}/lint.$$"
exit $bad
