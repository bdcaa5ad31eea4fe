/* SPDX-License-Identifier: MIT */
#include "src/kind/socket.h"

#include <string.h>
#include <sys/stat.h>

/* Names of struct proto in the kernel; the number of a protocol is its place here plus one. */
static const struct {
	const char *name;
	enum sock_table table;
} protos[] = {
	{ "TCP", SOCK_TABLE_TCP },
	{ "TCPv6", SOCK_TABLE_TCP },
	{ "UDP", SOCK_TABLE_UDP },
	{ "UDPv6", SOCK_TABLE_UDP },
	{ "UDP-Lite", SOCK_TABLE_UDPLITE },
	{ "UDPLITEv6", SOCK_TABLE_UDPLITE },
	{ "RAW", SOCK_TABLE_RAW },
	{ "RAWv6", SOCK_TABLE_RAW },
	{ "PING", SOCK_TABLE_PING },
	{ "PINGv6", SOCK_TABLE_PING },
	{ "MPTCP", SOCK_TABLE_MPTCP },
	{ "MPTCPv6", SOCK_TABLE_MPTCP },
	{ "SCTP", SOCK_TABLE_SCTP },
	{ "SCTPv6", SOCK_TABLE_SCTP },
	{ "DCCP", SOCK_TABLE_DCCP },
	{ "DCCPv6", SOCK_TABLE_DCCP },
	{ "UNIX", SOCK_TABLE_UNIX },
	{ "UNIX-STREAM", SOCK_TABLE_UNIX },
	{ "NETLINK", SOCK_TABLE_NETLINK },
	{ "PACKET", SOCK_TABLE_PACKET },
	{ "AF_VSOCK", SOCK_TABLE_VSOCK },
	{ "XDP", SOCK_TABLE_XDP },
	{ "TIPC", SOCK_TABLE_TIPC },
	{ "SMC", SOCK_TABLE_SMC },
	{ "SMC6", SOCK_TABLE_SMC },
	{ "HCI", SOCK_TABLE_BLUETOOTH },
	{ "L2CAP", SOCK_TABLE_BLUETOOTH },
	{ "RFCOMM", SOCK_TABLE_BLUETOOTH },
	{ "SCO", SOCK_TABLE_BLUETOOTH },
	{ "BNEP", SOCK_TABLE_BLUETOOTH },
	{ "ISO", SOCK_TABLE_BLUETOOTH },
	{ "CMTP", SOCK_TABLE_BLUETOOTH },
	{ "HIDP", SOCK_TABLE_BLUETOOTH },
	{ "ALG", SOCK_TABLES },
	{ "CAN_RAW", SOCK_TABLES },
	{ "CAN_BCM", SOCK_TABLES },
	{ "CAN_ISOTP", SOCK_TABLES },
	{ "CAN_J1939", SOCK_TABLES },
	{ "KCM", SOCK_TABLES },
	{ "KEY", SOCK_TABLES },
	{ "L2TP/IP", SOCK_TABLES },
	{ "L2TP/IPv6", SOCK_TABLES },
	{ "LLC", SOCK_TABLES },
	{ "MCTP", SOCK_TABLES },
	{ "PHONET", SOCK_TABLES },
	{ "PPPOE", SOCK_TABLES },
	{ "QIPCRTR", SOCK_TABLES },
	{ "RDS", SOCK_TABLES },
	{ "RXRPC", SOCK_TABLES },
	{ "X25", SOCK_TABLES },
	{ "AX25", SOCK_TABLES },
	{ "NETROM", SOCK_TABLES },
	{ "ROSE", SOCK_TABLES },
	{ "DDP", SOCK_TABLES },
	{ "CAIF", SOCK_TABLES },
};

#define N_PROTOS (sizeof(protos) / sizeof(protos[0]))
_Static_assert(N_PROTOS < UINT8_MAX, "e->proto is one byte");

uint8_t socket_proto_parse(const char *xattr, size_t len)
{
	len = strnlen(xattr, len);
	for (size_t i = 0; i < N_PROTOS; i++)
		if (strlen(protos[i].name) == len && memcmp(protos[i].name, xattr, len) == 0)
			return (uint8_t)(i + 1);
	return 0;
}

const char *socket_proto_name(uint8_t proto)
{
	return proto && proto <= N_PROTOS ? protos[proto - 1].name : NULL;
}

enum sock_table socket_proto_table(uint8_t proto)
{
	return proto && proto <= N_PROTOS ? protos[proto - 1].table : SOCK_TABLES;
}

bool fdent_is_socket(const struct fdent *e)
{
	return S_ISSOCK(e->mode) || fdent_name_has(e, "socket:[");
}

enum sock_table fdent_sock_table(const struct fdent *e)
{
	struct fdinfo_line line;

	if (!fdent_is_socket(e))
		return SOCK_TABLES;
	if (e->sock)
		return (enum sock_table)e->sock->table;
	if (e->proto)
		return socket_proto_table(e->proto);
	/* Only unix sockets have this line in fdinfo, since Linux 5.10. */
	if (e->extra && fdinfo_find(e->extra, e->extra_len, "scm_fds", &line))
		return SOCK_TABLE_UNIX;
	return SOCK_TABLES;
}
