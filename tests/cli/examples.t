#!/bin/bash
# SPDX-License-Identifier: MIT
# timeout: 300
# Every script in examples/ does what it says, and leaves nothing behind.
. "$(dirname "$0")/../lib.sh"

export FILCH BUILD PYTHON
mkdir "$tmp/place"

example() { # example NAME: its output in $tmp/NAME, its status
	local wrap=()
	# One that wants a network of its own says so in how it is to be called.
	if sed 1,20p -n "$lib_top/examples/$1" | grep -q 'unshare --net'; then
		[ "$(id -u)" = 0 ] || return 77
		wrap=(unshare --net --mount --)
	fi
	TMPDIR=$tmp/place timeout -k 5 100 "${wrap[@]}" "$lib_top/examples/$1" >"$tmp/$1" 2>&1
}

for path in "$lib_top"/examples/*.sh; do
	name=${path##*/}
	example "$name"
	status=$?
	if [ "$status" = 77 ]; then
		skip "$name cannot run here" 2
		continue
	fi
	is "$status" 0 "$name" || diag "$(cat "$tmp/$name")"
	is "$(ls -A "$tmp/place")" "" "$name: nothing is left"
done

# What an older systemd does not know it says, and passes over.
unit=$lib_top/examples/keeper.service
if command -v systemd-analyze >/dev/null; then
	mkdir "$tmp/runtime"
	is "$(XDG_RUNTIME_DIR=$tmp/runtime systemd-analyze --user --man=no verify "$unit" 2>&1 |
		grep -v "Unknown key 'FileDescriptorStorePreserve'")" "" \
		"keeper.service: systemd-analyze finds nothing wrong"
else
	skip "no systemd-analyze"
fi

said() { # said NAME: in one line
	tr '\n' ' ' <"$tmp/$1"
}
like "$(said rescue-connection.sh)" "reads: welcome .*ended by SIGKILL.*says: thank you .*reads: we have to move" \
	"rescue-connection.sh: the client of a killed server reads and answers"
like "$(said keep-database.sh)" "has \['alice'\].*exited.*has \['alice', 'bob'\]" \
	"keep-database.sh: the new program has the rows of the old one"
like "$(said hunt-leak.sh)" "eventfd [0-9]+ -> [0-9]+.*eventfd: [0-9]{3,}" \
	"hunt-leak.sh: names the kind and its pace"
done_testing
