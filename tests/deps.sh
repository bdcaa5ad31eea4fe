#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Installs what is missing: tests/deps.sh STAGE... with the table in $DEPS, as
# `make deps` calls it. Rows: stage | probe | Debian | Fedora | Arch | Alpine,
# where a/b in a cell means the first that the distribution has. Says first
# what it is going to do; NO_INSTALL=1 stops there. Starts no service, and
# the ones it brings (named in $SERVICES) are not started at boot either.
set -eu

PKG_CONFIG=${PKG_CONFIG:-pkg-config}
PYTHON=${PYTHON:-/usr/bin/python3}
POLICY=/usr/sbin/policy-rc.d

# Is what the probe names there? An absent pkg-config finds nothing.
probe() {
	what=${1#*:}
	case $1 in
	cmd:*) PATH=$PATH:/usr/sbin:/sbin command -v "$what" ;;
	pc:*) "$PKG_CONFIG" --exists "$what" ;;
	py:*) "$PYTHON" -c "import $what" ;;
	fuzzer:*) echo 'int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void) {return 0;}' |
		"$what" -x c -fsanitize=fuzzer -o /dev/null - ;;
	*) echo "deps: no such probe: $1" >&2; exit 2 ;;
	esac >/dev/null 2>&1
}

# The number of the table's column for this system.
distribution() {
	ids=$(. /etc/os-release 2>/dev/null && echo "${ID:-} ${ID_LIKE:-}") || ids=
	for id in $ids; do
		case $id in
		debian | ubuntu) echo 3; return ;;
		fedora | rhel | centos) echo 4; return ;;
		arch) echo 5; return ;;
		alpine) echo 6; return ;;
		esac
	done
	echo 0
}

# The packages of that column whose probe fails, for the stages asked for.
missing() {
	column=$1
	shift
	printf '%s\n' "$DEPS" | while IFS='|' read -r stage test deb fed arch alp; do
		stage=$(echo $stage) test=$(echo $test)
		case " $* " in *" $stage "*) ;; *) continue ;; esac
		[ -n "$test" ] && ! probe "$test" || continue
		case $column in
		3) echo $deb ;;
		4) echo $fed ;;
		5) echo $arch ;;
		6) echo $alp ;;
		*) echo "$test" ;;
		esac
	done | tr ' ' '\n' | sed '/^$/d' | sort -u | tr '\n' ' '
}

# a/b/c: the first that apt-get has; nothing (and a word) if it has none.
pick() {
	for name in $(echo "$1" | tr / ' '); do
		if apt-cache show "$name" >/dev/null 2>&1; then
			echo "$name"
			return
		fi
	done
	echo "deps: this system has no package $1, going on without it" >&2
}

# Says no to every start of a service, but only while this script lives, so
# that even a copy left behind by kill -9 forbids nothing.
forbid_services() {
	[ ! -e $POLICY ] || return 0
	start=$(cut -d' ' -f22 /proc/$$/stat)
	trap 'rm -f $POLICY' EXIT
	trap 'exit 130' INT HUP TERM
	cat >$POLICY <<-END
	#!/bin/sh
	# Made by filch's "make deps" for the time of one installation.
	[ "\$(cut -d' ' -f22 /proc/$$/stat 2>/dev/null)" = "$start" ] && exit 101
	exit 0
	END
	chmod 755 $POLICY
}

# Those of $SERVICES that were not there before must not come up at boot.
disable_services() {
	for name in "$@"; do
		command -v systemctl >/dev/null && systemctl -q disable "$name" || :
		command -v update-rc.d >/dev/null && update-rc.d "$name" disable || :
	done >/dev/null 2>&1
}

absent_services() {
	for name in ${SERVICES:-}; do
		[ -e "/etc/init.d/$name" ] || [ -e "/lib/systemd/system/$name.service" ] ||
			echo "$name"
	done
}

apt_install() {
	export DEBIAN_FRONTEND=noninteractive
	new=$(absent_services)
	forbid_services
	apt-get -q update || echo "deps: apt-get update failed, trying with what is known" >&2
	names=
	for name in "$@"; do
		names="$names $(pick "$name")"
	done
	apt-get -q install -y --no-install-recommends $names
	disable_services $new
}

become_root() {
	[ "$(id -u)" -ne 0 ] || return 0
	if ! command -v sudo >/dev/null; then
		echo "deps: not root and no sudo: let somebody install the above" >&2
		exit 1
	fi
	ask=-n
	[ -t 0 ] && ask=
	exec sudo $ask env DEPS="$DEPS" SERVICES="${SERVICES:-}" PKG_CONFIG="$PKG_CONFIG" \
		PYTHON="$PYTHON" sh "$0" "$@"
}

main() {
	column=$(distribution)
	packages=$(missing "$column" "$@")
	[ -n "$packages" ] || return 0
	case $column in
	3) command="apt-get install -y --no-install-recommends" ;;
	4) command="dnf install" ;;
	5) command="pacman -S --needed" ;;
	6) command="apk add" ;;
	*) command="not found here:" ;;
	esac
	echo "deps: $command $packages"
	[ -z "${NO_INSTALL:-}" ] || exit 1
	if [ "$column" != 3 ]; then
		echo "deps: install these, then come back" >&2
		exit 1
	fi
	become_root "$@"
	apt_install $packages
	left=$(missing "$column" "$@")
	[ -z "$left" ] || echo "deps: still not there: $left" >&2
}

main "$@"
