# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# TAP, victims and the program, for tests written in bash:
#
#	#!/bin/bash
#	. "$(dirname "$0")/../lib.sh"
#	victim_start pipe:fd=10,peer=11,size=700K
#	filch ls "$vpid" >"$tmp/out"
#	is "$?" 0 "it lists"
#	is "$(victim_cmd 'fionread 10' | json fionread)" 716800 "nothing was taken"
#	done_testing
#
# $tmp is a folder that goes away with the test. A test that hangs is ended
# after TEST_TIMEOUT seconds, a filch after FILCH_TIMEOUT.

if [ -z "${LIB_TIMED:-}" ]; then
	LIB_TIMED=1 exec timeout -k 5 "${TEST_TIMEOUT:-120}" "$BASH" "$0" "$@"
fi
unset LIB_TIMED

lib_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || exit 1
BUILD=${BUILD:-$lib_top/build}
FILCH=${FILCH:-$BUILD/filch}
VICTIM=$BUILD/tests/victim
PYTHON=${PYTHON:-/usr/bin/python3}

tmp=$(mktemp -d "${TMPDIR:-/tmp}/filch-test.XXXXXX") || exit 1
chmod 1777 "$tmp" # victims under another uid write here too
export TMPDIR=$tmp

lib_count=0 lib_failed=0 lib_plan='' lib_victims=() lib_serial=0

# ---- TAP ----

plan() { # plan N
	lib_plan=$1
	echo "1..$1"
}

diag() { # diag TEXT...
	printf '%s\n' "$@" | sed 's/^/# /'
}

# lib_result STATUS NAME: the one place that counts.
lib_result() {
	lib_count=$((lib_count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $lib_count - $2"
		return 0
	fi
	lib_failed=$((lib_failed + 1))
	echo "not ok $lib_count - $2"
	diag "failed at line ${BASH_LINENO[1]} of $0"
	return 1
}

ok() { # ok NAME COMMAND...
	local name=$1 status=0
	shift
	"$@" || status=1
	lib_result "$status" "$name"
}

is() { # is GOT WANT NAME
	local status=0
	[ "$1" = "$2" ] || status=1
	lib_result "$status" "$3" || {
		diag "got:  $1" "want: $2"
		return 1
	}
}

is_not() { # is_not GOT OTHER NAME
	local status=0
	[ "$1" != "$2" ] || status=1
	lib_result "$status" "$3" || {
		diag "got, and did not want: $1"
		return 1
	}
}

like() { # like GOT EXTENDED-REGEX NAME
	local status=0
	[[ $1 =~ $2 ]] || status=1
	lib_result "$status" "$3" || {
		diag "got:   $1" "regex: $2"
		return 1
	}
}

skip() { # skip REASON [N]
	local i
	for ((i = 0; i < ${2:-1}; i++)); do
		lib_count=$((lib_count + 1))
		echo "ok $lib_count # SKIP $1"
	done
}

skip_all() { # skip_all REASON
	lib_plan=0
	echo "1..0 # SKIP $1"
	exit 0
}

done_testing() {
	[ -n "$lib_plan" ] || echo "1..$lib_count"
	lib_plan='done'
	[ "$lib_failed" -eq 0 ]
	exit
}

# ---- conditions ----

need() { # need COMMAND...
	local c
	for c in "$@"; do
		command -v "$c" >/dev/null || skip_all "needs $c"
	done
}

need_root() {
	[ "$(id -u)" = 0 ] || skip_all "needs root"
}

wait_for() { # wait_for SECONDS COMMAND...: bounded poll
	local end=$((SECONDS + $1 + 1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		"$VICTIM" --pause 20
	done
}

as_nobody() { # as_nobody COMMAND...: uid and gid 65534, no capabilities
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all -- "$@"
}

in_ns() { # in_ns COMMAND...: mounts and a network of its own
	unshare --mount --net -- "$@"
}

# ---- the program ----

filch() {
	timeout -k 2 "${FILCH_TIMEOUT:-30}" "$FILCH" "$@"
}

# ---- JSON lines ----

# Names in the expressions below are keys of the object; a missing one is None.
lib_json='
import builtins, json, sys
class Keys(dict):
    def __missing__(self, k):
        if hasattr(builtins, k): raise KeyError(k)
        return {"true": True, "false": False}.get(k)
def objects(path):
    for line in sys.stdin if path == "-" else open(path):
        yield Keys(json.loads(line))
def show(x):
    print(x if isinstance(x, str) else json.dumps(x))
'

# json_get FILE CONDITION KEY: KEY of the first object that CONDITION is true of.
# FILE may be "-"; KEY may be an expression as well. Fails if there is none.
json_get() {
	"$PYTHON" -c "$lib_json"'
for o in objects(sys.argv[1]):
    if eval(sys.argv[2], {"o": o}, o):
        show(eval(sys.argv[3], {"o": o}, o))
        sys.exit(0)
sys.exit(1)' "$1" "$2" "$3"
}

json() { # json KEY: of the one object on stdin
	json_get - True "$1"
}

# jqp EXPRESSION [FILE]: EXPRESSION of every object; the truth unless told.
jqp() {
	"$PYTHON" -c "$lib_json"'
for o in objects(sys.argv[2]):
    show(eval(sys.argv[1], {"o": o}, o))' "$1" "${2:-$vtruth}"
}

# ---- victims ----

# victim_start [OPTIONS] SPEC...: sets vpid, vstart, vtruth (a file) and vctl.
# Several may live; vctl says which one victim_cmd asks. It must not be called
# in a subshell, for a victim dies with who started it. VICTIM_WRAP may hold a
# command to put before it.
VICTIM_WRAP=()
victim_start() {
	local dir=$tmp/victim.$((++lib_serial)) job
	mkdir "$dir" && chmod 1777 "$dir"
	vtruth=$dir/truth vctl=$dir/control
	"${VICTIM_WRAP[@]}" "$VICTIM" --control "$vctl" --truth "$vtruth" "$@" \
		</dev/null >/dev/null 2>"$dir/errors" &
	job=$!
	lib_victims+=("$job")
	if ! wait_for 10 lib_ready_or_gone "$job" || ! lib_ready; then
		diag "the victim did not come up: $(cat "$dir/errors")"
		return 1
	fi
	# shellcheck disable=SC2034 # for the test
	{
		vpid=$(json_get "$vtruth" ready pid)
		vstart=$(json_get "$vtruth" ready start)
	}
	vjob=$job
}

lib_ready() {
	grep -qs '^{"ready":true' "$vtruth"
}

lib_ready_or_gone() {
	lib_ready || ! kill -0 "$1" 2>/dev/null
}

victim_cmd() { # victim_cmd LINE: the answer, one JSON object
	timeout -k 2 20 "$VICTIM" --ask "$vctl" "$1"
}

lib_forget() { # lib_forget JOB: reap it, no need to end it again
	local rest=() j
	wait "$1" 2>/dev/null
	for j in "${lib_victims[@]}"; do
		[ "$j" = "$1" ] || rest+=("$j")
	done
	lib_victims=("${rest[@]}")
}

victim_stop() { # the one started last: it cleans up and exits
	kill -CONT "$vjob" 2>/dev/null
	victim_cmd 'exit 0' >/dev/null 2>&1 || kill -KILL "$vjob" 2>/dev/null
	lib_forget "$vjob"
}

victim_kill() { # victim_kill JOB: at once; vjob was its number
	# All of it silent: bash announces who was killed as soon as it notices.
	{
		kill -KILL "$1"
		lib_forget "$1"
	} 2>/dev/null
}

lib_cleanup() {
	local status=$? j
	trap - EXIT
	for j in "${lib_victims[@]}"; do
		victim_kill "$j"
	done
	rm -rf "$tmp"
	if [ -z "$lib_plan" ]; then
		echo "Bail out! the test ended before its plan"
		status=255
	fi
	exit "$status"
}
trap lib_cleanup EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
