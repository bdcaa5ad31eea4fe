/* SPDX-License-Identifier: MIT */
#include "tests/victims/victim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void open_netlink(struct spec *s)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(a);
	int proto = (int)spec_num(s, "proto", NETLINK_ROUTE);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, proto);
	struct held *h;

	if (!usable(s, fd, "socket(AF_NETLINK)"))
		return;
	h = held_new(place(s, fd), "netlink");
	a.nl_groups = (unsigned)spec_num(s, "groups", 0);
	must(bind(h->fd, (struct sockaddr *)&a, sizeof(a)), "bind");
	must(getsockname(h->fd, (struct sockaddr *)&a, &len), "getsockname");
	held_num(h, "protocol", proto);
	held_num(h, "portid", a.nl_pid);
	held_num(h, "groups", a.nl_groups);
}

void open_packet(struct spec *s)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	bool dgram = spec_flag(s, "dgram");
	const char *dev = spec_str(s, "dev", NULL);
	int fd = socket(AF_PACKET, (dgram ? SOCK_DGRAM : SOCK_RAW) | SOCK_CLOEXEC, 0);
	struct held *h;

	if (!usable(s, fd, "socket(AF_PACKET)"))
		return;
	h = held_new(place(s, fd), "packet");
	if (dev) {
		a.sll_ifindex = (int)if_nametoindex(dev);
		must(bind(h->fd, (struct sockaddr *)&a, sizeof(a)), "bind");
		held_str(h, "dev_name", dev);
		held_num(h, "ifindex", a.sll_ifindex);
	}
	held_str(h, "type", dgram ? "dgram" : "raw");
}

void open_vsock(struct spec *s)
{
	struct sockaddr_vm a = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY };
	socklen_t len = sizeof(a);
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct held *h;

	if (!usable(s, fd, "socket(AF_VSOCK)"))
		return;
	h = held_new(place(s, fd), "vsock");
	a.svm_port = (unsigned)spec_num(s, "port", (long long)VMADDR_PORT_ANY);
	must(bind(h->fd, (struct sockaddr *)&a, sizeof(a)), "bind");
	must(listen(h->fd, 4), "listen");
	must(getsockname(h->fd, (struct sockaddr *)&a, &len), "getsockname");
	held_num(h, "cid", a.svm_cid);
	held_num(h, "port", a.svm_port);
	held_str(h, "state", "LISTEN");
}

/* A family that has no kind of its own; AF_XDP unless told. */
void open_socket(struct spec *s)
{
	int family = (int)spec_num(s, "family", AF_XDP);
	int type = (int)spec_num(s, "type", SOCK_RAW);
	int fd = socket(family, type | SOCK_CLOEXEC, (int)spec_num(s, "proto", 0));
	struct held *h;

	if (!usable(s, fd, "socket"))
		return;
	h = held_new(place(s, fd), "socket");
	held_num(h, "family", family);
	held_num(h, "type", type);
}
