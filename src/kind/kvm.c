/* SPDX-License-Identifier: MIT */
/* Virtual machines of the kernel: /dev/kvm, machines, processors, devices. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/peek.h"

static const char head[] = "anon_inode:kvm-";
static const char vcpu[] = "anon_inode:kvm-vcpu:";

/* Misc device 232: Documentation/admin-guide/devices.txt */
static bool is_device(const struct fdent *e)
{
	return S_ISCHR(e->mode) && e->rdev == makedev(10, 232);
}

static bool kvm_match(const struct fdent *e)
{
	return is_device(e) || ((e->have & HAVE_LINK) && fdent_name_has(e, head));
}

static void kvm_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	size_t skip = sizeof("anon_inode:") - 1, n = sizeof(vcpu) - 1;
	int64_t id;
	char number[16];

	(void)ctx;
	if (is_device(e)) {
		fact_text(out, "object", "kvm");
		return;
	}
	fact_bytes(out, "object", e->name + skip, e->name_len - skip);
	if (!fdent_name_has(e, vcpu) || e->name_len - n >= sizeof(number))
		return;
	memcpy(number, e->name + n, e->name_len - n);
	number[e->name_len - n] = '\0';
	if (text_parse_int(number, 0, INT32_MAX, &id) == 0)
		fact_i64(out, "vcpu", id);
}

const struct kind kind_kvm = {
	.name = "kvm",
	.means = "virtual machine of the kernel",
	.match = kvm_match,
	.facts = kvm_facts,
	.brief = "{object}",
	.peek = peek_state,
	.op = {
		CELLS_LOOK,
		CELL_PEEK_STATE,
		CELL_NO_SEND,
		CELL_NO_DUMP("a machine's memory belongs to the process that runs it"),
		CELL_NO(OP_READ, "it has no read(2); all is done by ioctl(2)"),
		CELL_NO(OP_WRITE, "it has no write(2); all is done by ioctl(2)"),
		CELL_NO(OP_SEEK, "it has no position"),
		CELL_HOLD("keeps the machine's memory slots and devices after its process is "
			  "gone"),
		CELL_NO_STREAM("it is no stream"),
	},
};
