/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/sockios.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "src/base/fd.h"
#include "src/kind/socket.h"

/* In <linux/sockios.h> since Linux 4.10 */
#ifndef SIOCGSKNS
#define SIOCGSKNS 0x894C
#endif

struct option {
	int level, number;
	const char *name; /* that of the constant, in lower case */
	enum fact_type type;
};

static const struct option any[] = {
	{ SOL_SOCKET, SO_RCVBUF, "so_rcvbuf", FACT_SIZE },
	{ SOL_SOCKET, SO_SNDBUF, "so_sndbuf", FACT_SIZE },
	{ SOL_SOCKET, SO_RCVLOWAT, "so_rcvlowat", FACT_U64 },
	{ SOL_SOCKET, SO_REUSEADDR, "so_reuseaddr", FACT_BOOL },
	{ SOL_SOCKET, SO_REUSEPORT, "so_reuseport", FACT_BOOL },
	{ SOL_SOCKET, SO_KEEPALIVE, "so_keepalive", FACT_BOOL },
	{ SOL_SOCKET, SO_BROADCAST, "so_broadcast", FACT_BOOL },
	{ SOL_SOCKET, SO_DONTROUTE, "so_dontroute", FACT_BOOL },
	{ SOL_SOCKET, SO_OOBINLINE, "so_oobinline", FACT_BOOL },
	{ SOL_SOCKET, SO_TIMESTAMP, "so_timestamp", FACT_BOOL },
	{ SOL_SOCKET, SO_PRIORITY, "so_priority", FACT_U64 },
	{ SOL_SOCKET, SO_MARK, "so_mark", FACT_HEX },
	{ SOL_SOCKET, SO_INCOMING_CPU, "so_incoming_cpu", FACT_I64 },
	{ SOL_SOCKET, SO_BUSY_POLL, "so_busy_poll", FACT_U64 },
	{ SOL_SOCKET, SO_PEEK_OFF, "so_peek_off", FACT_I64 },
	{ SOL_SOCKET, SO_ZEROCOPY, "so_zerocopy", FACT_BOOL },
	{ SOL_SOCKET, SO_PASSCRED, "so_passcred", FACT_BOOL },
};

static const struct option tcp[] = {
	{ IPPROTO_TCP, TCP_NODELAY, "tcp_nodelay", FACT_BOOL },
	{ IPPROTO_TCP, TCP_CORK, "tcp_cork", FACT_BOOL },
	{ IPPROTO_TCP, TCP_QUICKACK, "tcp_quickack", FACT_BOOL },
	{ IPPROTO_TCP, TCP_MAXSEG, "tcp_maxseg", FACT_U64 },
	{ IPPROTO_TCP, TCP_KEEPIDLE, "tcp_keepidle", FACT_U64 },
	{ IPPROTO_TCP, TCP_KEEPINTVL, "tcp_keepintvl", FACT_U64 },
	{ IPPROTO_TCP, TCP_KEEPCNT, "tcp_keepcnt", FACT_U64 },
	{ IPPROTO_TCP, TCP_DEFER_ACCEPT, "tcp_defer_accept", FACT_U64 },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT, "tcp_user_timeout", FACT_U64 },
	{ IPPROTO_TCP, TCP_FASTOPEN, "tcp_fastopen", FACT_U64 },
};

static void emit_option(int fd, const struct option *o, struct facts *out)
{
	socklen_t len = sizeof(int);
	int v = 0;

	/* What this family or kernel does not have is left out. */
	if (!facts_wants(out, o->name) || getsockopt(fd, o->level, o->number, &v, &len) < 0)
		return;
	switch (o->type) {
	case FACT_BOOL:
		fact_bool(out, o->name, v != 0);
		break;
	case FACT_I64:
		fact_i64(out, o->name, v);
		break;
	case FACT_HEX:
		fact_hex(out, o->name, (unsigned)v);
		break;
	case FACT_SIZE:
		fact_size(out, o->name, (unsigned)v);
		break;
	default:
		fact_u64(out, o->name, (unsigned)v);
		break;
	}
}

static void emit_timeout(int fd, int number, const char *name, struct facts *out)
{
	struct timeval tv;
	socklen_t len = sizeof(tv);

	if (getsockopt(fd, SOL_SOCKET, number, &tv, &len) == 0 && (tv.tv_sec || tv.tv_usec))
		fact_ns(out, name, (uint64_t)tv.tv_sec * 1000000000 + (uint64_t)tv.tv_usec * 1000);
}

static void emit_special(int fd, struct facts *out)
{
	struct linger linger;
	char device[32];
	socklen_t len = sizeof(linger);

	if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len) == 0) {
		fact_bool(out, "so_linger", linger.l_onoff != 0);
		if (linger.l_onoff)
			fact_ns(out, "so_linger_time", (uint64_t)linger.l_linger * 1000000000);
	}
	len = sizeof(device);
	if (getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, &len) == 0 && len > 1)
		fact_bytes(out, "so_bindtodevice", device, strnlen(device, len));
	emit_timeout(fd, SO_RCVTIMEO, "so_rcvtimeo", out);
	emit_timeout(fd, SO_SNDTIMEO, "so_sndtimeo", out);
}

/* Of the time of connect(2) or socketpair(2), not of today. */
static void emit_credentials(int fd, struct facts *out)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0 || cred.pid <= 0)
		return;
	fact_object(out, "so_peercred");
	fact_i64(out, "pid", cred.pid);
	fact_i64(out, "uid", (int64_t)(int32_t)cred.uid);
	fact_i64(out, "gid", (int64_t)(int32_t)cred.gid);
	fact_end_object(out);
}

static void emit_queue(int fd, unsigned long request, const char *name, struct facts *out)
{
	int n;

	if (facts_wants(out, name) && ioctl(fd, request, &n) == 0)
		fact_size(out, name, (unsigned)n);
}

static void set_address(const struct sockaddr_storage *ss, struct sock_addr *addr, uint16_t *port)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)ss;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ss;

	if (ss->ss_family == AF_INET) {
		*addr = sock_addr_v4(&in->sin_addr);
		*port = ntohs(in->sin_port);
	} else if (ss->ss_family == AF_INET6) {
		memcpy(addr->ip, &in6->sin6_addr, sizeof(addr->ip));
		*port = ntohs(in6->sin6_port);
	}
}

static void set_vsock(const struct sockaddr_storage *ss, uint32_t *cid, uint32_t *port)
{
	const struct sockaddr_vm *vm = (const struct sockaddr_vm *)ss;

	if (ss->ss_family == AF_VSOCK) {
		*cid = vm->svm_cid;
		*port = vm->svm_port;
	}
}

/* Addresses of a socket that no table told, such as one of a foreign namespace. */
static void emit_own_addresses(const struct fdent *e, int fd, struct facts *out)
{
	struct sock_info info = { .table = (uint8_t)fdent_sock_table(e) };
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	autobuf text = BUF_INIT;

	if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0 ||
	    (ss.ss_family != AF_INET && ss.ss_family != AF_INET6 && ss.ss_family != AF_VSOCK))
		return;
	info.family = (uint8_t)ss.ss_family;
	if (ss.ss_family == AF_VSOCK)
		set_vsock(&ss, &info.vm.local_cid, &info.vm.local_port);
	else
		set_address(&ss, &info.in.local, &info.in.lport);
	sock_local_text(&text, &info);
	fact_text(out, "local", buf_str(&text));
	len = sizeof(ss);
	if (getpeername(fd, (struct sockaddr *)&ss, &len) < 0)
		return;
	if (info.family == AF_VSOCK)
		set_vsock(&ss, &info.vm.remote_cid, &info.vm.remote_port);
	else
		set_address(&ss, &info.in.remote, &info.in.rport);
	buf_reset(&text);
	sock_remote_text(&text, &info);
	if (text.len)
		fact_text(out, "remote", text.data);
}

/* No table has one that is in state CLOSE: never bound, or its connection ended. */
static void emit_tcp_state(const struct fdent *e, int fd, struct facts *out)
{
	struct sock_info info = { .table = SOCK_TABLE_TCP };
	struct tcp_info now;
	socklen_t len = sizeof(now);

	if (fdent_sock_table(e) != SOCK_TABLE_TCP ||
	    getsockopt(fd, IPPROTO_TCP, TCP_INFO, &now, &len) < 0)
		return;
	info.state = now.tcpi_state;
	if (sock_state_name(&info))
		fact_text(out, "state", sock_state_name(&info));
}

static void emit_untold(const struct fdent *e, int fd, struct facts *out)
{
	autoclose int netns = -1;
	socklen_t len = sizeof(int);
	struct stat st;
	int v;

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &v, &len) == 0 && sock_family_name((unsigned)v))
		fact_text(out, "family", sock_family_name((unsigned)v));
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &v, &len) == 0 && sock_type_name((unsigned)v))
		fact_text(out, "type", sock_type_name((unsigned)v));
	if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &v, &len) == 0 && v)
		fact_u64(out, "protocol", (unsigned)v);
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &v, &len) == 0 && v)
		fact_bool(out, "listening", true);
	emit_own_addresses(e, fd, out);
	emit_tcp_state(e, fd, out);
	netns = ioctl(fd, SIOCGSKNS);
	if (netns >= 0 && fstat(netns, &st) == 0)
		fact_u64(out, "netns", st.st_ino);
}

void socket_option_facts(const struct fdent *e, int fd, struct facts *out)
{
	struct pollfd p = { .fd = fd };

	if (!e->sock)
		emit_untold(e, fd, out);
	/* poll(2) says that there is an error, and leaves it for the target. */
	if (poll(&p, 1, 0) >= 0)
		fact_bool(out, "error_pending", (p.revents & POLLERR) != 0);
	emit_queue(fd, SIOCINQ, e->sock && (e->sock->has & SOCK_HAS_QUEUES) ? "inq" : "recv_queue",
		   out);
	emit_queue(fd, SIOCOUTQ,
		   e->sock && (e->sock->has & SOCK_HAS_QUEUES) ? "outq" : "send_queue", out);
	for (size_t i = 0; i < sizeof(any) / sizeof(any[0]); i++)
		emit_option(fd, &any[i], out);
	for (size_t i = 0;
	     fdent_sock_table(e) == SOCK_TABLE_TCP && i < sizeof(tcp) / sizeof(tcp[0]); i++)
		emit_option(fd, &tcp[i], out);
	emit_special(fd, out);
	if (fdent_sock_table(e) == SOCK_TABLE_UNIX)
		emit_credentials(fd, out);
}
