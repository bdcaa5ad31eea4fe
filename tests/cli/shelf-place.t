#!/bin/bash
# SPDX-License-Identifier: MIT
# Where the shelf of a user is, and that nobody else can prepare the place.
. "$(dirname "$0")/../lib.sh"

need_root
need unshare setpriv
unset FILCH_SHELF XDG_RUNTIME_DIR
export FILCH

# In a /tmp and a /run of their own, which may hide where the program was built.
cat >"$tmp/inside" <<'END'
mount -t tmpfs -o mode=755 none /run && cp "$FILCH" /run/program &&
	mount -t tmpfs -o mode=1777 none /tmp || exit 77
FILCH=/run/program
user() { setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all -- "$@"; }
setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all -- sleep 100 </dev/null &
pid=$!
"$FILCH" hold $pid:0 >/dev/null 2>&1; stat -c 'root: %n %u %a' /run/filch-0
"$FILCH" drop --all --last
i=0; until user readlink /proc/$pid/exe >/dev/null || [ $i -gt 500 ]; do i=$((i + 1)); done
user "$FILCH" hold $pid:0 2>/dev/null; stat -c 'user: %n %u %a' /tmp/filch-65534
user "$FILCH" drop --all --last
rm -r /tmp/filch-65534
mkdir -m 700 /tmp/filch-65534
user "$FILCH" hold $pid:0; echo "squatted: $?"
mkdir -m 700 /run/65534; chown 65534 /run/65534
export XDG_RUNTIME_DIR=/run/65534
user "$FILCH" hold $pid:0 2>/dev/null; stat -c 'runtime: %n %u %a' /run/65534/filch
user "$FILCH" drop --all --last
rm -r /run/65534/filch
chmod 755 /run/65534
user "$FILCH" hold $pid:0 2>/dev/null; echo "open runtime: $?"
rm -r /tmp/filch-65534
mkdir /tmp/elsewhere; chown 65534 /tmp/elsewhere; chmod 700 /tmp/elsewhere
ln -s /tmp/elsewhere /tmp/filch-65534
user "$FILCH" hold $pid:0 2>/dev/null; echo "link: $?"
kill $pid
END
out=$(timeout -k 5 60 unshare --mount --propagation private sh "$tmp/inside" 2>&1)
[ $? -ne 77 ] || skip_all "tmpfs cannot be mounted"
like "$out" "root: /run/filch-0 0 700" "root: in /run"
like "$out" "user: /tmp/filch-65534 65534 700" "a user: in /tmp"
like "$out" "belongs to user 0, not to us" "made by somebody else before: refused"
like "$out" "squatted: 3" "with the status of a refusal"
like "$out" "runtime: /run/65534/filch 65534 700" "but for XDG_RUNTIME_DIR, if it is ours alone"
like "$out" "open runtime: 3" "not if others may enter it"
like "$out" "link: 3" "no symbolic link is followed"
diag "$out"
done_testing
