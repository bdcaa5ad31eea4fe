#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The server was stopped, and its port is still taken: somebody has the same
# socket. Find out who. $FILCH is the program, or filch in the PATH.
set -euo pipefail

filch=${FILCH:-filch}
dir=$(mktemp -d "${TMPDIR:-/tmp}/same-socket.XXXXXX")
server='' bystander='' worker=''

finish() {
	# shellcheck disable=SC2086 # those that are not there are no word
	kill $server $bystander $worker 2>/dev/null || :
	rm -rf "$dir"
}
trap finish EXIT

say() {
	printf '\n%s\n' "$*"
}

show() { # the command as one would type it, then what it prints
	local word line='$ filch'
	for word in "${@:2}"; do
		[[ $word != *[\ \"]* ]] || word="'$word'"
		line+=" $word"
	done
	echo "$line"
	"$@"
}

# A server that starts a worker and lets it inherit the listening socket.
serving='
import os, signal, socket, subprocess, sys
listener = socket.create_server(("127.0.0.1", 0))
listener.set_inheritable(True)
worker = subprocess.Popen(["tail", "-f", "/dev/null"], close_fds=False, stdout=subprocess.DEVNULL)
print(os.getpid(), listener.getsockname()[1], listener.fileno(), worker.pid, flush=True)
signal.pause()
'
# Another program with a listening socket, which has nothing to do with it.
listening='
import os, signal, socket
listener = socket.create_server(("127.0.0.1", 0))
print(os.getpid(), listener.fileno(), flush=True)
signal.pause()
'
can_bind() { # can_bind PORT
	python3 -c 'import socket, sys; socket.create_server(("127.0.0.1", int(sys.argv[1])))' "$1" \
		2>"$dir/refused"
}

exec 3< <(exec python3 -c "$serving") 4< <(exec python3 -c "$listening")
read -r server port fd worker <&3
read -r bystander other_fd <&4

say "A server listens at port $port. Who has its socket?"
show "$filch" who "$server:$fd"
say "Its worker does: one open file description. The bystander has one of its own:"
show "$filch" same "$server:$fd" "$worker:$fd"
show "$filch" same "$server:$fd" "$bystander:$other_fd" || echo "(status $?)"

kill "$server"
cat <&3 >/dev/null # its end
server=
say "The server is stopped, and a new one cannot start:"
if can_bind "$port"; then
	echo "the port is free: this example proves nothing" >&2
	exit 1
fi
tail -n 1 "$dir/refused"

say "Who is it, if only the port is known?"
show "$filch" ls -f "kind=tcp and local~\":$port\$\"" -o pid,comm,fd,state,local

kill "$worker"
# The socket closes with its last holder.
for _ in {1..200}; do
	if can_bind "$port"; then
		worker=
		say "Without the worker the port is free."
		exit 0
	fi
done
echo "the port is still taken" >&2
exit 1
