/* SPDX-License-Identifier: MIT */
/* Listening sockets and the addresses of senders. See tcp(7), unix(7), netlink(7), packet(7). */
#include "src/kind/peek.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "src/kind/peek_sock.h"
#include "src/net/tables.h"

static void unix_address(struct buf *out, const struct sockaddr_un *un, size_t len)
{
	size_t n = len > offsetof(struct sockaddr_un, sun_path)
			   ? len - offsetof(struct sockaddr_un, sun_path)
			   : 0;

	if (n == 0)
		return;
	if (un->sun_path[0]) {
		buf_add(out, un->sun_path, strnlen(un->sun_path, n));
		return;
	}
	buf_addc(out, '@');
	buf_add(out, un->sun_path + 1, n - 1);
}

static void packet_address(struct buf *out, const struct sockaddr_ll *ll)
{
	buf_addf(out, "if %d type 0x%x", ll->sll_ifindex, ntohs(ll->sll_protocol));
	for (unsigned i = 0; i < ll->sll_halen && i < sizeof(ll->sll_addr); i++)
		buf_addf(out, "%c%02x", i ? ':' : ' ', ll->sll_addr[i]);
}

static void inet6_address(struct buf *out, const struct sockaddr_in6 *in6)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
	if (in6->sin6_scope_id)
		buf_addf(out, "[%s%%%u]:%u", text, in6->sin6_scope_id, ntohs(in6->sin6_port));
	else
		buf_addf(out, "[%s]:%u", text, ntohs(in6->sin6_port));
}

void peek_sock_address(struct buf *out, const struct sockaddr_storage *from, socklen_t len)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)from;
	const struct sockaddr_nl *nl = (const struct sockaddr_nl *)from;
	const struct sockaddr_vm *vm = (const struct sockaddr_vm *)from;
	char text[INET_ADDRSTRLEN];

	if (len < sizeof(from->ss_family))
		return;
	switch (from->ss_family) {
	case AF_UNIX:
		unix_address(out, (const struct sockaddr_un *)from, len);
		break;
	case AF_INET:
		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		buf_addf(out, "%s:%u", text, ntohs(in->sin_port));
		break;
	case AF_INET6:
		inet6_address(out, (const struct sockaddr_in6 *)from);
		break;
	case AF_NETLINK:
		buf_addf(out, "port %u groups 0x%x", nl->nl_pid, nl->nl_groups);
		break;
	case AF_PACKET:
		packet_address(out, (const struct sockaddr_ll *)from);
		break;
	case AF_VSOCK:
		buf_addf(out, "%u:%u", vm->svm_cid, vm->svm_port);
		break;
	default:
		buf_addf(out, "family %u", from->ss_family);
	}
}

static int state_line(struct peek *p, const struct buf *text)
{
	return p->piece(p, &(struct peek_piece){
				   .unit = PEEK_STATE,
				   .data = buf_str(text),
				   .len = text->len,
				   .full_len = text->len,
			   });
}

static int number_line(struct peek *p, const char *name, uint64_t v)
{
	autobuf text = BUF_INIT;

	buf_addf(&text, "%s: %llu", name, (unsigned long long)v);
	return state_line(p, &text);
}

/* "pending: 10.0.0.5:41234 ESTABLISHED recv_queue 12" */
static int pending_line(struct peek *p, const struct sock_info *s)
{
	autobuf text = BUF_INIT;

	buf_adds(&text, "pending: ");
	sock_remote_text(&text, s);
	if (sock_state_name(s))
		buf_addf(&text, " %s", sock_state_name(s));
	if (s->has & SOCK_HAS_QUEUES)
		buf_addf(&text, " recv_queue %u", s->rqueue);
	return state_line(p, &text);
}

/* The clients in a backlog are known by inode; bound ones have a name. */
static int unix_pending(struct peek *p, const struct sock_info *listener)
{
	int r = 0;

	p->method = "socket tables";
	for (uint32_t i = 0; i < listener->un.n_icons && r == 0; i++) {
		const struct sock_info *s = sock_tables_find(p->ctx->net, listener->un.icons[i]);
		autobuf text = BUF_INIT, name = BUF_INIT;

		buf_addf(&text, "pending: socket:[%u]", listener->un.icons[i]);
		if (s)
			sock_unix_name(&name, s);
		if (name.len)
			buf_addc(&text, ' ');
		text_display(&text, buf_str(&name), name.len, TEXT_UTF8);
		r = state_line(p, &text);
	}
	return r;
}

static int table_pending(struct peek *p, const struct sock_info *listener)
{
	size_t n = sock_tables_count(p->ctx->net);
	int r = 0;

	p->method = "socket tables";
	for (size_t i = 0; i < n && r == 0; i++) {
		const struct sock_info *s = sock_tables_at(p->ctx->net, i);

		if (s->inode == 0 && sock_tables_listener(p->ctx->net, s) == listener)
			r = pending_line(p, s);
	}
	return r;
}

/* Counts, where the tables of sockets are not at hand. */
static int listen_counts(struct peek *p)
{
	struct pollfd pfd = { .fd = p->fd, .events = POLLIN };
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);
	int r;

	if (getsockopt(p->fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0) {
		p->method = "TCP_INFO";
		r = number_line(p, "pending", info.tcpi_unacked);
		if (r == 0 && info.tcpi_unacked)
			peek_miss(p, "who waits: the socket tables were not read");
		return r;
	}
	p->method = "poll";
	if (poll(&pfd, 1, 0) > 0 && (pfd.revents & POLLIN))
		peek_miss(p, "connections are pending; who waits is in the socket tables, which "
			     "were not read");
	return 0;
}

int peek_listen(struct peek *p)
{
	const struct sock_info *s = p->ent->sock;

	if (!s || !p->ctx->net || (s->has & SOCK_FROM_PROC))
		return listen_counts(p);
	if (s->family == AF_UNIX)
		return unix_pending(p, s);
	return sock_is_inet(s) ? table_pending(p, s) : listen_counts(p);
}
