/* SPDX-License-Identifier: MIT */
#include "src/net/procnet.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

static const struct procnet_file files[] = {
	{ "net/tcp", PROCNET_INET4, SOCK_TABLE_TCP, SOCK_STREAM, IPPROTO_TCP },
	{ "net/tcp6", PROCNET_INET6, SOCK_TABLE_TCP, SOCK_STREAM, IPPROTO_TCP },
	{ "net/udp", PROCNET_INET4, SOCK_TABLE_UDP, SOCK_DGRAM, IPPROTO_UDP },
	{ "net/udp6", PROCNET_INET6, SOCK_TABLE_UDP, SOCK_DGRAM, IPPROTO_UDP },
	{ "net/unix", PROCNET_UNIX, SOCK_TABLE_UNIX, 0, 0 },
	{ "net/netlink", PROCNET_NETLINK, SOCK_TABLE_NETLINK, 0, 0 },
	{ "net/packet", PROCNET_PACKET, SOCK_TABLE_PACKET, 0, 0 },
	{ "net/raw", PROCNET_INET4, SOCK_TABLE_RAW, SOCK_RAW, 0 },
	{ "net/raw6", PROCNET_INET6, SOCK_TABLE_RAW, SOCK_RAW, 0 },
	{ "net/icmp", PROCNET_INET4, SOCK_TABLE_PING, SOCK_DGRAM, IPPROTO_ICMP },
	{ "net/icmp6", PROCNET_INET6, SOCK_TABLE_PING, SOCK_DGRAM, IPPROTO_ICMPV6 },
	{ "net/udplite", PROCNET_INET4, SOCK_TABLE_UDPLITE, SOCK_DGRAM, IPPROTO_UDPLITE },
	{ "net/udplite6", PROCNET_INET6, SOCK_TABLE_UDPLITE, SOCK_DGRAM, IPPROTO_UDPLITE },
	{ "net/sctp/eps", PROCNET_SCTP_EPS, SOCK_TABLE_SCTP, 0, IPPROTO_SCTP },
	{ "net/sctp/assocs", PROCNET_SCTP_ASSOCS, SOCK_TABLE_SCTP, 0, IPPROTO_SCTP },
	/* Protocols are BTPROTO_*: l2cap 0, hci 1, sco 2, rfcomm 3, bnep 4, cmtp 5, hidp 6, iso 8. */
	{ "net/l2cap", PROCNET_BLUETOOTH, SOCK_TABLE_BLUETOOTH, 0, 0 },
	{ "net/hci", PROCNET_BLUETOOTH, SOCK_TABLE_BLUETOOTH, 0, 1 },
	{ "net/sco", PROCNET_BLUETOOTH, SOCK_TABLE_BLUETOOTH, 0, 2 },
	{ "net/rfcomm", PROCNET_BLUETOOTH, SOCK_TABLE_BLUETOOTH, 0, 3 },
	{ "net/bnep", PROCNET_BLUETOOTH, SOCK_TABLE_BLUETOOTH, 0, 4 },
	{ "net/cmtp", PROCNET_BLUETOOTH, SOCK_TABLE_BLUETOOTH, 0, 5 },
	{ "net/hidp", PROCNET_BLUETOOTH, SOCK_TABLE_BLUETOOTH, 0, 6 },
	{ "net/iso", PROCNET_BLUETOOTH, SOCK_TABLE_BLUETOOTH, 0, 8 },
};

const struct procnet_file *procnet_file(enum sock_table t, size_t i)
{
	size_t k;

	for (k = 0; k < sizeof(files) / sizeof(files[0]); k++) {
		if (files[k].table == t && i-- == 0)
			return &files[k];
	}
	return NULL;
}

/* What is left of a line. Every step fails for good once one has failed. */
struct scan {
	const char *p, *end;
	bool bad;
};

static void scan_blanks(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t'))
		s->p++;
}

static void scan_char(struct scan *s, char c)
{
	if (s->p < s->end && *s->p == c)
		s->p++;
	else
		s->bad = true;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return 16;
}

/* A number of at most max_digits; blanks before it are skipped. */
static uint64_t scan_number(struct scan *s, int base, int max_digits)
{
	uint64_t v = 0;
	int n = 0;

	scan_blanks(s);
	while (s->p < s->end && n < max_digits && digit_value(*s->p) < base) {
		v = v * (unsigned)base + (unsigned)digit_value(*s->p++);
		n++;
	}
	if (n == 0)
		s->bad = true;
	return s->bad ? 0 : v;
}

static uint64_t scan_dec(struct scan *s)
{
	return scan_number(s, 10, 19);
}

static uint32_t scan_hex(struct scan *s)
{
	return (uint32_t)scan_number(s, 16, 8);
}

/* A signed number where the kernel prints %d of what may be -1. */
static int64_t scan_int(struct scan *s)
{
	scan_blanks(s);
	if (s->p < s->end && *s->p == '-') {
		s->p++;
		return -(int64_t)scan_dec(s);
	}
	return (int64_t)scan_dec(s);
}

static void scan_word(struct scan *s)
{
	scan_blanks(s);
	if (s->p == s->end)
		s->bad = true;
	while (s->p < s->end && *s->p != ' ' && *s->p != '\t')
		s->p++;
}

static void scan_words(struct scan *s, int n)
{
	while (n-- > 0)
		scan_word(s);
}

/* Addresses are words in host order, without blanks between them. */
static void scan_addr(struct scan *s, bool v6, struct sock_addr *a, uint16_t *port)
{
	uint32_t w[4];
	int i, n = v6 ? 4 : 1;

	for (i = 0; i < n; i++)
		w[i] = scan_hex(s);
	if (v6)
		memcpy(a->ip, w, sizeof(w));
	else
		*a = sock_addr_v4(w);
	scan_char(s, ':');
	*port = (uint16_t)scan_number(s, 16, 4);
}

static void inet_fix(struct sock_info *i)
{
	if (i->table == SOCK_TABLE_RAW) {
		i->protocol = i->in.lport;
		i->in.lport = 0;
		i->in.rport = 0;
	}
	/* The limit is not in this file; only tcp keeps the backlog there. */
	if (i->state == TCP_LISTEN && i->table == SOCK_TABLE_TCP)
		i->has |= SOCK_HAS_BACKLOG;
	else
		i->has |= SOCK_HAS_QUEUES;
	i->has |= SOCK_HAS_UID;
	if (i->table == SOCK_TABLE_TCP)
		i->has |= SOCK_HAS_TIMER;
}

/* sl local:port remote:port st tx:rx tr:when retrnsmt uid timeout inode ... */
static bool parse_inet(struct scan *s, const struct procnet_file *f, struct sock_draft *d)
{
	bool v6 = f->format == PROCNET_INET6;
	struct sock_info *i = &d->info;

	i->family = v6 ? AF_INET6 : AF_INET;
	scan_dec(s);
	scan_char(s, ':');
	scan_addr(s, v6, &i->in.local, &i->in.lport);
	scan_addr(s, v6, &i->in.remote, &i->in.rport);
	i->state = (uint8_t)scan_number(s, 16, 2);
	i->wqueue = scan_hex(s);
	scan_char(s, ':');
	i->rqueue = scan_hex(s);
	i->timer = (uint8_t)scan_number(s, 16, 2);
	scan_char(s, ':');
	i->expires = (uint32_t)scan_number(s, 16, 16) * 10; /* 1/100 s: USER_HZ */
	i->retrans = (uint8_t)scan_hex(s);
	i->uid = (uint32_t)scan_dec(s);
	scan_int(s);
	i->inode = scan_dec(s);
	inet_fix(i);
	/* Requests and TIME_WAIT are no sockets: nobody can hold them. */
	return !s->bad && !(i->table == SOCK_TABLE_TCP && !i->inode &&
			    (i->state == TCP_TIME_WAIT || i->state == TCP_SYN_RECV));
}

/* Num: RefCount Protocol Flags Type St Inode[ Path] */
static bool parse_unix(struct scan *s, const struct procnet_file *f, struct sock_draft *d)
{
	enum { ACCEPTCON = 1 << 16, CONNECTED = 3 }; /* __SO_ACCEPTCON, SS_CONNECTED */
	struct sock_info *i = &d->info;
	uint32_t flags, st;

	(void)f;
	i->family = AF_UNIX;
	scan_number(s, 16, 16);
	scan_char(s, ':');
	scan_hex(s);
	i->protocol = (uint16_t)scan_hex(s);
	flags = scan_hex(s);
	i->type = (uint8_t)scan_number(s, 16, 4);
	st = (uint32_t)scan_number(s, 16, 2);
	i->inode = scan_dec(s);
	if (flags & ACCEPTCON)
		i->state = TCP_LISTEN;
	else
		i->state = st == CONNECTED ? TCP_ESTABLISHED : TCP_CLOSE;
	if (s->bad || !i->inode)
		return false;
	if (s->p == s->end)
		return true;
	scan_char(s, ' ');
	if (s->bad || s->end - s->p > UINT16_MAX)
		return false;
	i->un.name = s->p;
	i->un.name_len = (uint16_t)(s->end - s->p);
	i->has |= SOCK_NAME_LOSSY;
	return true;
}

/* sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode */
static bool parse_netlink(struct scan *s, const struct procnet_file *f, struct sock_draft *d)
{
	struct sock_info *i = &d->info;

	(void)f;
	i->family = AF_NETLINK;
	scan_word(s);
	i->protocol = (uint16_t)scan_dec(s);
	i->nl.portid = (uint32_t)scan_dec(s);
	d->more.mark = scan_hex(s); /* a place that lives as long as the draft */
	i->nl.groups = (const uint8_t *)&d->more.mark;
	i->nl.groups_len = sizeof(d->more.mark);
	i->rqueue = (uint32_t)scan_int(s);
	i->wqueue = (uint32_t)scan_int(s);
	scan_words(s, 2);
	i->nl.drops = (uint32_t)scan_dec(s);
	i->inode = scan_dec(s);
	i->has |= SOCK_HAS_QUEUES | SOCK_HAS_DROPS;
	return !s->bad;
}

/* sk RefCnt Type Proto Iface R Rmem User Inode */
static bool parse_packet(struct scan *s, const struct procnet_file *f, struct sock_draft *d)
{
	struct sock_info *i = &d->info;

	(void)f;
	i->family = AF_PACKET;
	scan_words(s, 2);
	i->type = (uint8_t)scan_dec(s);
	i->protocol = (uint16_t)scan_number(s, 16, 4);
	i->link.ifindex = (uint32_t)scan_int(s);
	scan_dec(s);
	i->rqueue = (uint32_t)scan_dec(s);
	i->uid = (uint32_t)scan_dec(s);
	i->inode = scan_dec(s);
	i->has |= SOCK_HAS_UID; /* the send queue is not there */
	return !s->bad;
}

/* The first of the addresses that end the line: "10.0.0.1" or "fd00::1" or "*10.0.0.1". */
static void scan_text_addr(struct scan *s, struct sock_info *i, struct sock_addr *a)
{
	char word[INET6_ADDRSTRLEN] = "";
	const char *from;
	uint8_t ip[16];

	scan_blanks(s);
	if (s->p < s->end && *s->p == '*')
		s->p++;
	from = s->p;
	while (s->p < s->end && *s->p != ' ' && *s->p != '\t')
		s->p++;
	if (s->p == from || (size_t)(s->p - from) >= sizeof(word))
		return;
	memcpy(word, from, (size_t)(s->p - from));
	if (inet_pton(AF_INET, word, ip) == 1) {
		*a = sock_addr_v4(ip);
		i->family = AF_INET;
	} else if (inet_pton(AF_INET6, word, ip) == 1) {
		memcpy(a->ip, ip, 16);
		i->family = AF_INET6;
	}
}

/* ENDPT SOCK STY SST HBKT LPORT UID INODE LADDRS */
static bool parse_sctp_eps(struct scan *s, const struct procnet_file *f, struct sock_draft *d)
{
	struct sock_info *i = &d->info;

	(void)f;
	i->family = AF_INET;
	i->in.remote = sock_addr_v4("\0\0\0");
	scan_words(s, 2);
	i->type = scan_dec(s) == 0 ? SOCK_SEQPACKET : SOCK_STREAM; /* SCTP_SOCKET_UDP is 0 */
	i->state = (uint8_t)scan_dec(s);
	scan_int(s);
	i->in.lport = (uint16_t)scan_dec(s);
	i->uid = (uint32_t)scan_dec(s);
	i->inode = scan_dec(s);
	i->has |= SOCK_HAS_UID;
	scan_text_addr(s, i, &i->in.local);
	return !s->bad;
}

/*
 * ASSOC SOCK STY SST ST HBKT ASSOC-ID TX_QUEUE RX_QUEUE UID INODE LPORT RPORT
 * LADDRS <-> RADDRS ...
 */
static bool parse_sctp_assocs(struct scan *s, const struct procnet_file *f, struct sock_draft *d)
{
	struct sock_info *i = &d->info;

	(void)f;
	i->family = AF_INET;
	scan_words(s, 2);
	i->type = scan_dec(s) == 0 ? SOCK_SEQPACKET : SOCK_STREAM;
	scan_dec(s);
	i->state = (uint8_t)scan_dec(s);
	scan_int(s);
	scan_dec(s);
	i->wqueue = (uint32_t)scan_dec(s);
	i->rqueue = (uint32_t)scan_dec(s);
	i->uid = (uint32_t)scan_dec(s);
	i->inode = scan_dec(s);
	i->in.lport = (uint16_t)scan_dec(s);
	i->in.rport = (uint16_t)scan_dec(s);
	i->has |= SOCK_HAS_UID | SOCK_HAS_QUEUES;
	if (s->bad)
		return false;
	scan_text_addr(s, i, &i->in.local);
	while (s->p < s->end && *s->p != '<')
		s->p++;
	scan_word(s);
	scan_text_addr(s, i, &i->in.remote);
	return true;
}

/* sk RefCnt Rmem Wmem User Inode Parent */
static bool parse_bluetooth(struct scan *s, const struct procnet_file *f, struct sock_draft *d)
{
	struct sock_info *i = &d->info;

	(void)f;
	i->family = AF_BLUETOOTH;
	scan_words(s, 2);
	i->rqueue = (uint32_t)scan_dec(s);
	i->wqueue = (uint32_t)scan_dec(s);
	i->uid = (uint32_t)scan_dec(s);
	i->inode = scan_dec(s);
	i->has |= SOCK_HAS_UID | SOCK_HAS_QUEUES;
	return !s->bad && i->inode;
}

typedef bool parse_fn(struct scan *, const struct procnet_file *, struct sock_draft *);

static parse_fn *const parsers[] = {
	[PROCNET_INET4] = parse_inet,
	[PROCNET_INET6] = parse_inet,
	[PROCNET_UNIX] = parse_unix,
	[PROCNET_NETLINK] = parse_netlink,
	[PROCNET_PACKET] = parse_packet,
	[PROCNET_SCTP_EPS] = parse_sctp_eps,
	[PROCNET_SCTP_ASSOCS] = parse_sctp_assocs,
	[PROCNET_BLUETOOTH] = parse_bluetooth,
};

static bool next_line(const char **at, const char *end, struct scan *line)
{
	const char *nl;

	if (*at >= end)
		return false;
	nl = memchr(*at, '\n', (size_t)(end - *at));
	*line = (struct scan){ .p = *at, .end = nl ? nl : end };
	*at = nl ? nl + 1 : end;
	return true;
}

int procnet_parse(const struct procnet_file *file, uint32_t netns, const char *text, size_t len,
		  sock_sink *sink, void *arg)
{
	const char *at = text, *end = text + len;
	struct sock_draft d;
	struct scan line;
	int r;

	/* The first line is a heading, which no parser must take for a socket. */
	if (!next_line(&at, end, &line))
		return 0;
	while (next_line(&at, end, &line)) {
		memset(&d.info, 0, sizeof(d.info));
		d.more.has = 0;
		d.info.table = (uint8_t)file->table;
		d.info.type = file->type;
		d.info.protocol = file->protocol;
		d.info.netns = netns;
		d.info.has = SOCK_FROM_PROC;
		if (!parsers[file->format](&line, file, &d))
			continue;
		r = sink(arg, &d);
		if (r < 0)
			return r;
	}
	return 0;
}

static void emit_v4(const struct in_addr *ip, procnet_addr_sink *sink, void *arg)
{
	struct sock_addr a = sock_addr_v4(ip);

	sink(arg, &a);
}

/*
 * The local table of fib_trie names an address on one line, "|-- 10.0.0.5",
 * and what it is on the next, "/32 host LOCAL". The main table may repeat it.
 */
void procnet_parse_fib_trie(const char *text, size_t len, procnet_addr_sink *sink, void *arg)
{
	static const char mark[] = "|-- ", local[] = "/32 host LOCAL";
	const char *at = text, *end = text + len;
	char ip[INET_ADDRSTRLEN] = "";
	struct in_addr a;
	struct scan line;

	while (next_line(&at, end, &line)) {
		const char *found = memmem(line.p, (size_t)(line.end - line.p), mark,
					   sizeof(mark) - 1);
		size_t n;

		if (!found) {
			if (ip[0] &&
			    memmem(line.p, (size_t)(line.end - line.p), local, sizeof(local) - 1)) {
				if (inet_pton(AF_INET, ip, &a) == 1)
					emit_v4(&a, sink, arg);
				ip[0] = '\0';
			}
			continue;
		}
		found += sizeof(mark) - 1;
		n = (size_t)(line.end - found);
		if (n >= sizeof(ip))
			n = 0;
		memcpy(ip, found, n);
		ip[n] = '\0';
	}
}

/* Each line opens with 32 digits of an address in network order. */
void procnet_parse_if_inet6(const char *text, size_t len, procnet_addr_sink *sink, void *arg)
{
	const char *at = text, *end = text + len;
	struct scan line;

	while (next_line(&at, end, &line)) {
		struct sock_addr a;
		int i;

		for (i = 0; i < 16; i++)
			a.ip[i] = (uint8_t)scan_number(&line, 16, 2);
		if (!line.bad)
			sink(arg, &a);
	}
}
