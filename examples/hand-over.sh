#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Hand nginx's listening socket to a second nginx, under load, without one
# refused connection:
#
#	unshare --net --mount examples/hand-over.sh
#
# needs filch in PATH (or in $FILCH), nginx, python3 and ip(8), and, for a network
# namespace of its own, root. It runs from a folder of its own and removes it.
set -eu

filch=${FILCH:-filch}
dir=$(mktemp -d "${TMPDIR:-/tmp}/hand-over.XXXXXX")
clients='' second=''
cleanup() {
	for p in $clients $second $(cat "$dir"/*/nginx.pid 2>/dev/null); do
		kill "$p" 2>/dev/null || :
	done
	rm -rf "$dir"
}
trap cleanup EXIT

# server NAME: its folder and configuration. NGINX=3; in its environment makes
# nginx take descriptor 3 for its listener instead of opening one.
server() {
	mkdir -p "$dir/$1/logs"
	cat >"$dir/$1/nginx.conf" <<-END
		daemon on;
		worker_processes 1;
		pid $dir/$1/nginx.pid;
		error_log $dir/$1/logs/error.log;
		events { worker_connections 256; }
		http {
			access_log off;
			client_body_temp_path $dir/$1; proxy_temp_path $dir/$1;
			fastcgi_temp_path $dir/$1; uwsgi_temp_path $dir/$1; scgi_temp_path $dir/$1;
			server { listen 127.0.0.1:8080; return 200 "$1\n"; }
		}
	END
}

# Ask all the time, each time by a new connection; one line an answer or a failure.
cat >"$dir/client.py" <<'END'
import os, socket, sys
with open(sys.argv[2], "w", buffering=1) as out:
    while not os.path.exists(sys.argv[1] + "/stop"):
        try:
            s = socket.create_connection(("127.0.0.1", 8080), 10)
            s.sendall(b"GET / HTTP/1.0\r\n\r\n")
            answer = b""
            while more := s.recv(4096):
                answer += more
            s.close()
            out.write(answer.split(b"\r\n\r\n", 1)[1].decode())
        except (OSError, IndexError) as e:
            out.write("failed: %s\n" % e)
END

answers() { # answers TEXT MIN: wait until the clients together saw it so often
	i=0
	until [ "$(cat "$dir"/client.[1-4] | grep -c "$1")" -ge "$2" ]; do
		i=$((i + 1))
		[ $i -lt 200 ] || { echo "no answers of the $1 server" >&2; exit 1; }
		sleep 0.1
	done
}

ip link set lo up
chmod 755 "$dir"
server first
server second
nginx -p "$dir/first" -c "$dir/first/nginx.conf"
first=$(cat "$dir/first/nginx.pid")
for n in 1 2 3 4; do
	python3 "$dir/client.py" "$dir" "$dir/client.$n" &
	clients="$clients $!"
done
answers first 1000

# Which of its descriptors is the listener?
listener=$("$filch" ls "$first" --json | sed -n 's/.*"fd":\([0-9]*\),.*"kind":"tcp".*"state":"LISTEN".*/\1/p')
echo "process $first listens on its descriptor $listener"

# The second server gets it as descriptor 3, and nginx is told so.
# (With inherited sockets it stays in the foreground.)
NGINX="3;" "$filch" exec "$first:$listener=3" -- nginx -p "$dir/second" -c "$dir/second/nginx.conf" &
second=$!
answers second 100
echo "both serve"

# The first one finishes what it has begun, and goes; then nobody is left of it.
kill -QUIT "$first"
i=0
while kill -0 "$first" 2>/dev/null && [ $i -lt 50 ]; do
	i=$((i + 1))
	sleep 0.1
done
kill -KILL "$first" 2>/dev/null || :
before=$(cat "$dir"/client.[1-4] | grep -c second)
answers second $((before + 1000))

touch "$dir/stop"
for p in $clients; do
	wait "$p"
done
clients=''
echo "answers of the first server: $(cat "$dir"/client.[1-4] | grep -c '^first')"
echo "answers of the second server: $(cat "$dir"/client.[1-4] | grep -c '^second')"
echo "connections refused or failed: $(cat "$dir"/client.[1-4] | grep -cv '^first$\|^second$' || :)"
! grep -hv '^first$\|^second$' "$dir"/client.[1-4]
