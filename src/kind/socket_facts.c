/* SPDX-License-Identifier: MIT */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "src/base/buf.h"
#include "src/kind/socket.h"
#include "src/net/tables.h"

static void emit_identity(const struct fdent *e, struct facts *out)
{
	const struct sock_info *s = e->sock;

	if (sock_family_name(s->family))
		fact_text(out, "family", sock_family_name(s->family));
	else
		fact_u64(out, "family_number", s->family);
	if (s->type && sock_type_name(s->type))
		fact_text(out, "type", sock_type_name(s->type));
	if (s->protocol)
		fact_u64(out, "protocol", s->protocol);
	if (s->table == SOCK_TABLE_NETLINK && sock_netlink_name(s->protocol))
		fact_text(out, "protocol_name", sock_netlink_name(s->protocol));
	else if (s->table != SOCK_TABLE_RAW && s->table != SOCK_TABLE_PACKET)
		fact_text(out, "protocol_name", sock_table_name((enum sock_table)s->table));
}

/*
 * Accepted or connected? A listener with its address in the same namespace
 * says that it was accepted there.
 */
static bool has_listener(const struct sock_info *s, const struct kind_ctx *ctx)
{
	struct sock_info pending;

	if (!ctx->net || s->table != SOCK_TABLE_TCP || !sock_has_remote(s))
		return false;
	pending = *s;
	pending.inode = 0;
	return sock_tables_listener(ctx->net, &pending) != NULL;
}

static void emit_addresses(const struct sock_info *s, const struct kind_ctx *ctx, struct facts *out)
{
	autobuf text = BUF_INIT;

	sock_local_text(&text, s);
	if (text.len)
		fact_text(out, "local", text.data);
	buf_reset(&text);
	sock_remote_text(&text, s);
	if (text.len)
		fact_text(out, "remote", text.data);
	if (facts_wants(out, "accepted") && has_listener(s, ctx))
		fact_bool(out, "accepted", true);
	if (sock_is_inet(s) && s->in.ifindex)
		fact_u64(out, "ifindex", s->in.ifindex);
	if (s->has & SOCK_V6ONLY)
		fact_bool(out, "v6only", true);
}

static void emit_state(const struct sock_info *s, struct facts *out)
{
	static const struct word ways[] = { { 1, "SHUT_RD" }, { 2, "SHUT_WR" } };
	const char *state = sock_state_name(s);

	if (state)
		fact_text(out, "state", state);
	if (state && strcmp(state, "LISTEN") == 0)
		fact_bool(out, "listening", true);
	if ((s->has & SOCK_HAS_SHUTDOWN) && s->shutdown)
		emit_mask(out, "shutdown", ways, 2, s->shutdown);
	if (s->has & SOCK_HAS_QUEUES) {
		fact_size(out, "recv_queue", s->rqueue);
		fact_size(out, "send_queue", s->wqueue);
	}
	if (s->has & SOCK_HAS_BACKLOG)
		fact_u64(out, "backlog", s->rqueue);
	if (s->has & SOCK_HAS_LIMIT)
		fact_u64(out, "backlog_limit", s->wqueue);
	if ((s->has & SOCK_HAS_TIMER) && sock_timer_name(s->timer)) {
		fact_text(out, "timer", sock_timer_name(s->timer));
		fact_ns(out, "timer_expires", (uint64_t)s->expires * 1000000);
		fact_u64(out, "retransmits", s->retrans);
	}
}

static void emit_ids(const struct sock_info *s, struct facts *out)
{
	if (s->has & SOCK_HAS_UID)
		fact_u64(out, "uid", s->uid);
	if (s->has & SOCK_HAS_COOKIE)
		fact_u64(out, "cookie", s->cookie);
	if (s->netns)
		fact_u64(out, "netns", s->netns);
	if (s->has & SOCK_FROM_PROC)
		fact_text(out, "source", "/proc/net");
	if (s->has & SOCK_DOUBTFUL)
		fact_bool(out, "doubtful", true);
}

static void emit_memory(const struct sock_more *m, struct facts *out)
{
	if (!(m->has & SOCK_MORE_MEM))
		return;
	fact_size(out, "rmem_alloc", m->rmem);
	fact_size(out, "rcvbuf", m->rcvbuf);
	fact_size(out, "wmem_alloc", m->wmem);
	fact_size(out, "sndbuf", m->sndbuf);
	if (m->drops)
		fact_u64(out, "drops", m->drops);
}

static void emit_more(const struct sock_more *m, struct facts *out)
{
	if (m->has & SOCK_MORE_TOS)
		fact_hex(out, "tos", m->tos);
	if (m->has & SOCK_MORE_TCLASS)
		fact_hex(out, "tclass", m->tclass);
	if ((m->has & SOCK_MORE_MARK) && m->mark)
		fact_hex(out, "mark", m->mark);
	if ((m->has & SOCK_MORE_CGROUP) && m->cgroup)
		fact_u64(out, "cgroup", m->cgroup);
	emit_memory(m, out);
}

void socket_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	const struct sock_info *s = e->sock;

	if (!s && fdent_is_socket(e) && socket_proto_name(e->proto)) {
		fact_text(out, "protocol_name", socket_proto_name(e->proto));
		fact_bool(out, "unlisted", true);
	}
	if (s) {
		emit_identity(e, out);
		emit_addresses(s, ctx, out);
		emit_state(s, out);
		emit_ids(s, out);
		if (s->more)
			emit_more(s->more, out);
	}
	if (ctx->grab >= 0)
		socket_option_facts(e, ctx->grab, out);
}
