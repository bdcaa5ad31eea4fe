/* SPDX-License-Identifier: MIT */
/* Network interfaces made by a program: Documentation/networking/tuntap.rst */
#include <errno.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/peek.h"

/* Misc device 200: Documentation/admin-guide/devices.txt */
static bool tun_match(const struct fdent *e)
{
	struct fdinfo_line line;

	if (e->have & HAVE_STAT)
		return S_ISCHR(e->mode) && e->rdev == makedev(10, 200);
	return e->extra && fdinfo_find(e->extra, e->extra_len, "iff", &line);
}

static const struct word iff_flags[] = {
	{ IFF_TUN, "IFF_TUN" },
	{ IFF_TAP, "IFF_TAP" },
	{ IFF_NAPI, "IFF_NAPI" },
	{ IFF_NAPI_FRAGS, "IFF_NAPI_FRAGS" },
	{ 0x0040, "IFF_NO_CARRIER" },
	{ IFF_MULTI_QUEUE, "IFF_MULTI_QUEUE" },
	{ IFF_ATTACH_QUEUE, "IFF_ATTACH_QUEUE" },
	{ IFF_DETACH_QUEUE, "IFF_DETACH_QUEUE" },
	{ IFF_PERSIST, "IFF_PERSIST" },
	{ IFF_NOFILTER, "IFF_NOFILTER" },
	{ IFF_NO_PI, "IFF_NO_PI" },
	{ IFF_ONE_QUEUE, "IFF_ONE_QUEUE" },
	{ IFF_VNET_HDR, "IFF_VNET_HDR" },
};

static void tun_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	struct ifreq ifr;

	emit_info_text(e, "iff", "iff", out);
	if (ctx->grab < 0)
		return;
	memset(&ifr, 0, sizeof(ifr));
	if (ioctl(ctx->grab, TUNGETIFF, &ifr) == 0)
		emit_mask(out, "flags", iff_flags, sizeof(iff_flags) / sizeof(iff_flags[0]),
			  (uint16_t)ifr.ifr_flags);
	else if (errno == EBADFD) /* what the driver says of an unattached queue */
		fact_bool(out, "attached", false);
	else
		fact_fail(out, "flags", "ioctl(TUNGETIFF)", errno);
}

const struct kind kind_tun = {
	.name = "tun",
	.means = "network interface of a program",
	.match = tun_match,
	.facts = tun_facts,
	.brief = "{iff}[ {flags.*-IFF_}]",
	.peek = peek_state,
	.op = {
		CELLS_LOOK,
		[OP_PEEK] = { EFFECT_HOLD, "prints its state; packets cannot be looked at, only "
					   "taken" },
		CELL_NO_SEND,
		CELL_NO_DUMP("packets of an interface can only be taken; tcpdump(8) watches it"),
		[OP_READ] = { EFFECT_CONSUME, "takes a packet that the target would have "
					      "received" },
		[OP_WRITE] = { EFFECT_ALTER, "injects a packet into the network stack" },
		CELL_NO(OP_SEEK, "an interface has no position"),
		CELL_HOLD("keeps the interface, with its addresses and routes, up after the "
			  "target is gone"),
		[OP_TALK] = { EFFECT_ALTER, "takes packets and injects others" },
		CELL_NO(OP_SHUTDOWN, "an interface has no direction to end; ip link set down "
				     "stops it"),
		CELL_NO(OP_ABORT, "an interface is no connection"),
	},
};
