#!/bin/bash
# SPDX-License-Identifier: MIT
# filch config: what is set, who says so, and what is wrong in the file.
. "$(dirname "$0")/../lib.sh"

export XDG_CONFIG_HOME=$tmp/xdg
file=$XDG_CONFIG_HOME/filch/config
unset NO_COLOR

config() { # config TEXT: write the file
	mkdir -p "${file%/*}"
	printf '%b' "$1" >"$file"
	chmod 600 "$file"
}

contains() { # contains TEXT PART NAME
	if [[ $1 == *"$2"* ]]; then
		ok "$3" true
	else
		is "$1" "*$2*" "$3"
	fi
}

value() { # value NAME KEY [OPTIONS]: a field of a setting
	local name=$1 key=$2
	shift 2
	"$FILCH" config --json "$name" "$@" 2>/dev/null | json "$key"
}

out=$("$FILCH" config 2>"$tmp/err")
is "$?" 0 "without a file: status 0"
is "$(cat "$tmp/err")" "" "and nothing is wrong"
contains "$out" "config is not there" "it says that there is none"
contains "$out" "refresh                          = 1s                           # default" \
	"a default"
contains "$out" "key.all.hold                     = a " "keys too"

config 'refresh = 2s\n# mouse = no\ncolumns = +ino\n'
is "$(value refresh value)" 2s "a value of the file"
is "$(value refresh origin)" file "it is said to be of the file"
is "$(value refresh file)" "$file" "of which one"
is "$(value columns line)" 3 "of which line"
is "$(value mouse origin)" default "a comment is none"
is "$(value refresh default)" 1s "the default stands beside it"

is "$(value theme value --color=never)" mono "an option"
is "$(value theme by --color=never)" --color "is said to be one"
is "$(NO_COLOR=1 value theme value)" mono "NO_COLOR"
is "$(NO_COLOR=1 value theme origin)" environment "is the environment"
config 'theme = color, ascii\nmouse = yes\n'
is "$(NO_COLOR=1 value theme origin)" file "the file wins over the environment"
is "$(value theme value --color=never)" mono,ascii "an option wins over the file, as far as it goes"
is "$(value theme value --ascii)" color,ascii "and so does --ascii"
is "$(value mouse value --no-mouse)" no "--no-mouse wins"
is "$(value mouse origin --no-mouse)" option "as an option"

config 'mouse = no\nrfresh = 2s\nkey.descriptors.hold = x\nkey.descriptors.dump = x\nsync = no\n'
"$FILCH" config >"$tmp/out" 2>"$tmp/err"
is "$?" 1 "bad lines: status 1"
is "$(sed -n 1p "$tmp/err")" \
	"filch config: $file:2: no such setting: \"rfresh\"; refresh?" "file, line, why and what was meant"
contains "$(sed -n 2p "$tmp/err")" "$file:4: two actions on one key: x is hold in descriptors, by line 3" \
	"two actions on one key"
is "$(wc -l <"$tmp/err")" 2 "and nothing else"
is "$(value mouse value)$(value sync value)" nono "the rest applies"
is "$(value key.descriptors.hold value)" x "the first binding too"
is "$(value key.descriptors.hold line)" 3 "and where it is from"
is "$(value key.detail.hold origin)" default "elsewhere it is the default"

"$FILCH" config nonsense >/dev/null 2>"$tmp/err"
is "$?" 2 "an unknown name: status 2"
contains "$(cat "$tmp/err")" 'no setting "nonsense"' "which is named"
"$FILCH" config --color=pink >/dev/null 2>&1
is "$?" 2 "a wrong option: status 2"

config 'mouse = no\n'
chmod 664 "$file"
"$FILCH" config >"$tmp/out" 2>"$tmp/err"
is "$?" 1 "a file that others may write: status 1"
contains "$(cat "$tmp/err")" "not read: others may write it" "is not read, which is said"
is "$(value mouse value)" yes "nor applied"
if [ "$(id -u)" = 0 ]; then
	chmod 644 "$file"
	chown 65534 "$file"
	"$FILCH" config >"$tmp/out" 2>"$tmp/err"
	contains "$(cat "$tmp/err")" "it belongs to user 65534, not to 0" "nor is another user's"
else
	skip 1 "another user's file needs root"
fi
rm -f "$file"

"$FILCH" config --default >"$tmp/default"
is "$?" 0 "--default"
is "$(grep -cv -e '^#' -e '^$' "$tmp/default")" 0 "comments alone"
"$FILCH" config --json >"$tmp/before"
config "$(sed 's/\\/\\\\/g' "$tmp/default")\n"
is "$("$FILCH" config --json)" "$(cat "$tmp/before")" "used as it is, it changes nothing"
sed -i 's/^#\([^ ]\)/\1/' "$file"
"$FILCH" config --json | sed 's/"origin".*//' >"$tmp/after"
is "$?" 0 "nor without the #"
is "$(cat "$tmp/after")" "$(sed 's/"origin".*//' "$tmp/before")" "every value is the same"
for name in columns sort group refresh theme mouse key.all.hold; do
	contains "$(cat "$tmp/default")" "#$name = " "$name is in it"
done

unset XDG_CONFIG_HOME
export HOME=$tmp/home
mkdir -p "$HOME/.config/filch"
echo 'mouse = no' >"$HOME/.config/filch/config"
chmod 600 "$HOME/.config/filch/config"
is "$(value mouse value)" no "without XDG_CONFIG_HOME: ~/.config"

# ---- help, manual and completion are of the same tables ----
"$FILCH" help --man >"$tmp/man"
for word in "SH TERMINAL INTERFACE" "SH CONFIGURATION" "Keys in: descriptors" "Keys in: viewer" \
	"(hold)" "(bookmark)" "sort.*processes" "SS \"config "; do
	ok "the manual has $word" grep -q "$word" "$tmp/man"
done
complete=$("$BASH" -c 'source <("$0" help --completion)
	COMP_WORDS=(filch config key.shelf.dr) COMP_CWORD=2
	_filch 2>/dev/null
	echo "${COMPREPLY[*]}"
	COMP_WORDS=(filch config key.shelf.rel) COMP_CWORD=2
	_filch
	echo "${COMPREPLY[*]}"
	COMP_WORDS=(filch --no-m) COMP_CWORD=1
	_filch
	echo "${COMPREPLY[*]}"' "$FILCH")
is "$complete" $'\nkey.shelf.release\n--no-mouse' "completion knows contexts, actions and options"
done_testing
