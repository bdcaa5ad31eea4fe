/* SPDX-License-Identifier: MIT */
/* TCP, Multipath TCP included. See tcp(7). */
#include "src/kind/kinds.h"
#include "src/kind/peek.h"
#include "src/kind/socket.h"

static bool tcp_match(const struct fdent *e)
{
	enum sock_table t = fdent_sock_table(e);

	return t == SOCK_TABLE_TCP || t == SOCK_TABLE_MPTCP;
}

/* The kernel counts microseconds. */
static void emit_times(const struct sock_tcp *t, struct facts *out)
{
	fact_ns(out, "rto", (uint64_t)t->rto * 1000);
	fact_ns(out, "rtt", (uint64_t)t->rtt * 1000);
	fact_ns(out, "rttvar", (uint64_t)t->rttvar * 1000);
	if (t->min_rtt && t->min_rtt != UINT32_MAX)
		fact_ns(out, "min_rtt", (uint64_t)t->min_rtt * 1000);
	fact_ns(out, "last_data_sent", (uint64_t)t->last_data_sent * 1000000);
	fact_ns(out, "last_data_recv", (uint64_t)t->last_data_recv * 1000000);
}

static void emit_segments(const struct sock_tcp *t, struct facts *out)
{
	fact_u64(out, "snd_cwnd", t->snd_cwnd);
	if (t->snd_ssthresh < 0x7fffffff) /* infinite until the first loss */
		fact_u64(out, "snd_ssthresh", t->snd_ssthresh);
	fact_u64(out, "snd_mss", t->snd_mss);
	fact_u64(out, "rcv_mss", t->rcv_mss);
	fact_u64(out, "pmtu", t->pmtu);
	fact_u64(out, "unacked", t->unacked);
	fact_u64(out, "lost", t->lost);
	fact_u64(out, "retrans", t->retrans);
	fact_u64(out, "total_retrans", t->total_retrans);
}

static void emit_bytes(const struct sock_tcp *t, struct facts *out)
{
	fact_size(out, "bytes_acked", t->bytes_acked);
	fact_size(out, "bytes_received", t->bytes_received);
	fact_size(out, "bytes_sent", t->bytes_sent);
	fact_size(out, "bytes_retrans", t->bytes_retrans);
	fact_size(out, "notsent_bytes", t->notsent);
	fact_size(out, "snd_wnd", t->snd_wnd);
	fact_size(out, "delivery_rate", t->delivery_rate);
}

static void tcp_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	const struct sock_more *more = e->sock ? e->sock->more : NULL;

	socket_facts(e, ctx, out);
	if (!more)
		return;
	if (more->congestion[0])
		fact_text(out, "congestion", more->congestion);
	if (more->ulp[0])
		fact_text(out, "ulp", more->ulp);
	if (!(more->has & SOCK_MORE_TCP) || !sock_has_remote(e->sock))
		return;
	emit_times(&more->tcp, out);
	emit_segments(&more->tcp, out);
	emit_bytes(&more->tcp, out);
}

const struct kind kind_tcp = {
	.name = "tcp",
	.means = "TCP socket",
	.match = tcp_match,
	.facts = tcp_facts,
	.brief = "[LISTEN {listening?}]{local}[ <-{accepted?}][ ->{accepted~}{remote?}][ {remote}]"
		 "[{listening~} {state}]"
		 "[{unlisted?}{local~}{protocol_name}, not bound, or of another namespace]",
	.peek = peek_socket,
	.op = {
		SOCKET_CELLS,
		[OP_PEEK_SEND] = { EFFECT_STOP, "stops the target for some milliseconds while the "
						"connection is in TCP_REPAIR; a blocked epoll_wait "
						"or timed recv returns EINTR" },
		CELL_HOLD("delays FIN; of a listener it keeps the port, and with SO_REUSEPORT "
			  "swallows connections that nobody accepts"),
		[OP_TALK] = { EFFECT_ALTER, "takes bytes that the target would have received, and "
					    "sends in its name" },
		[OP_SHUTDOWN] = { EFFECT_ALTER, "ends a direction for the target and its peer" },
		[OP_ABORT] = { EFFECT_ALTER, "resets the connection: the target gets ECONNABORTED, "
					     "the peer a RST, data queued is lost" },
	},
};
