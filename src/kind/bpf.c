/* SPDX-License-Identifier: MIT */
/* Programs, maps and links of the kernel's virtual machine. See bpf(2). */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "src/kind/bpf_names.h"
#include "src/kind/emit.h"
#include "src/kind/kinds.h"
#include "src/kind/peek.h"

/* BPF_OBJ_GET_INFO_BY_FD; what an older kernel lacks stays 0. */
static int object_info(int fd, void *info, size_t size)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = (uint32_t)size;
	attr.info.info = (uint64_t)(uintptr_t)info;
	if (syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) < 0)
		return -errno;
	return 0;
}

static void emit_name(struct facts *out, const char *name, int err)
{
	if (err < 0)
		fact_fail(out, "bpf_name", "bpf(BPF_OBJ_GET_INFO_BY_FD)", -err);
	else
		fact_bytes(out, "bpf_name", name, strnlen(name, BPF_OBJ_NAME_LEN));
}

static void emit_type(const struct fdent *e, const char *key, const char *word_name,
		      const char *(*name)(uint64_t), struct facts *out)
{
	uint64_t type;

	if (!info_u64(e, key, 10, &type))
		return;
	fact_u64(out, key, type);
	if (name(type))
		fact_text(out, word_name, name(type));
}

static bool map_match(const struct fdent *e)
{
	return fdent_is_anon_or_has(e, "bpf-map", "map_type");
}

static void map_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	static const struct info_field fields[] = {
		{ "map_id", "map_id", FACT_U64, 10 },
		{ "key_size", "key_size", FACT_SIZE, 10 },
		{ "value_size", "value_size", FACT_SIZE, 10 },
		{ "max_entries", "max_entries", FACT_U64, 10 },
		{ "map_flags", "map_flags", FACT_HEX, 0 },
		{ "map_extra", "map_extra", FACT_HEX, 0 },
		{ "memlock", "memlock", FACT_SIZE, 10 },
		{ "frozen", "frozen", FACT_BOOL, 10 },
		{ "owner_prog_type", "owner_prog_type", FACT_U64, 10 },
		{ "owner_jited", "owner_jited", FACT_BOOL, 10 },
	};
	struct bpf_map_info info;
	int err;

	emit_type(e, "map_type", "map_type_name", bpf_map_type_name, out);
	emit_info(e, fields, sizeof(fields) / sizeof(fields[0]), out);
	if (ctx->grab < 0 || !facts_wants(out, "bpf_name"))
		return;
	memset(&info, 0, sizeof(info));
	err = object_info(ctx->grab, &info, sizeof(info));
	emit_name(out, info.name, err);
}

const struct kind kind_bpf_map = {
	.name = "bpf-map",
	.means = "map of eBPF programs",
	.match = map_match,
	.facts = map_facts,
	.brief = "{map_type_name}[ id {map_id}][ \"{bpf_name}\"][, {max_entries} entries]",
	.peek = peek_state,
	.op = {
		CELLS_LOOK,
		CELL_PEEK_STATE,
		CELL_NO_SEND,
		CELL_NO_DUMP("filch does not read entries of a map; bpftool map dump id does"),
		CELL_NO(OP_READ, "a map has no read(2); its entries are read by bpf(2)"),
		CELL_NO(OP_WRITE, "a map has no write(2); its entries are changed by bpf(2)"),
		CELL_NO(OP_SEEK, "a map has no position"),
		CELL_HOLD("keeps the map and its entries; a program array keeps its programs, "
			  "which it drops when no descriptor is left"),
		CELL_NO_STREAM("a map is no stream"),
	},
};

static bool prog_match(const struct fdent *e)
{
	return fdent_is_anon_or_has(e, "bpf-prog", "prog_type");
}

static void prog_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	static const struct info_field fields[] = {
		{ "prog_id", "prog_id", FACT_U64, 10 },
		{ "prog_jited", "prog_jited", FACT_BOOL, 10 },
		{ "memlock", "memlock", FACT_SIZE, 10 },
		{ "run_time_ns", "run_time", FACT_NS, 10 },
		{ "run_cnt", "run_cnt", FACT_U64, 10 },
		{ "recursion_misses", "recursion_misses", FACT_U64, 10 },
		{ "verified_insns", "verified_insns", FACT_U64, 10 },
	};
	struct bpf_prog_info info;
	int err;

	emit_type(e, "prog_type", "prog_type_name", bpf_prog_type_name, out);
	emit_info_text(e, "prog_tag", "prog_tag", out);
	emit_info(e, fields, sizeof(fields) / sizeof(fields[0]), out);
	if (ctx->grab < 0 || !(facts_wants(out, "bpf_name") || facts_wants(out, "load_time")))
		return;
	memset(&info, 0, sizeof(info));
	err = object_info(ctx->grab, &info, sizeof(info));
	emit_name(out, info.name, err);
	if (err == 0 && info.load_time)
		fact_ns(out, "load_time", info.load_time); /* since boot */
}

const struct kind kind_bpf_prog = {
	.name = "bpf-prog",
	.means = "eBPF program",
	.match = prog_match,
	.facts = prog_facts,
	.brief = "{prog_type_name}[ id {prog_id}][ \"{bpf_name}\"][ tag {prog_tag}]",
	.peek = peek_state,
	.op = {
		CELLS_LOOK,
		CELL_PEEK_STATE,
		CELL_NO_SEND,
		CELL_NO_DUMP("filch does not copy programs; bpftool prog dump id does"),
		CELL_NO(OP_READ, "a program has no read(2)"),
		CELL_NO(OP_WRITE, "a program has no write(2)"),
		CELL_NO(OP_SEEK, "a program has no position"),
		CELL_HOLD("keeps the program loaded"),
		CELL_NO_STREAM("a program is no stream"),
	},
};

/* "bpf_link" as the kernel names it; the other spelling is bpftool's. */
static bool link_match(const struct fdent *e)
{
	return fdent_is_anon_or_has(e, "bpf_link", "link_type") || fdent_is_anon(e, "bpf-link");
}

static void link_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	static const struct info_field fields[] = {
		{ "link_id", "link_id", FACT_U64, 10 },
		{ "prog_id", "prog_id", FACT_U64, 10 },
		{ "cgroup_id", "cgroup_id", FACT_U64, 10 },
		{ "attach_type", "attach_type", FACT_U64, 10 },
		{ "target_obj_id", "target_obj_id", FACT_U64, 10 },
		{ "target_btf_id", "target_btf_id", FACT_U64, 10 },
		{ "ifindex", "ifindex", FACT_U64, 10 },
	};
	struct bpf_link_info info;
	int err;

	emit_info_text(e, "link_type", "link_type_name", out);
	emit_info(e, fields, sizeof(fields) / sizeof(fields[0]), out);
	emit_info_text(e, "prog_tag", "prog_tag", out);
	emit_info_text(e, "tp_name", "tp_name", out);
	if (ctx->grab < 0)
		return;
	memset(&info, 0, sizeof(info));
	err = object_info(ctx->grab, &info, sizeof(info));
	if (err < 0)
		fact_fail(out, "link_type", "bpf(BPF_OBJ_GET_INFO_BY_FD)", -err);
	else
		fact_u64(out, "link_type", info.type);
}

const struct kind kind_bpf_link = {
	.name = "bpf-link",
	.means = "attachment of an eBPF program",
	.match = link_match,
	.facts = link_facts,
	.brief = "{link_type_name}[ id {link_id}][, program {prog_id}]",
	.peek = peek_state,
	.op = {
		CELLS_LOOK,
		CELL_PEEK_STATE,
		CELL_NO_SEND,
		CELL_NO_DUMP("a link has no contents: show prints what it attaches"),
		CELL_NO(OP_READ, "a link has no read(2)"),
		CELL_NO(OP_WRITE, "a link has no write(2)"),
		CELL_NO(OP_SEEK, "a link has no position"),
		CELL_HOLD("keeps the program attached: it goes on running after the target is "
			  "gone"),
		CELL_NO_STREAM("a link is no stream"),
	},
};
