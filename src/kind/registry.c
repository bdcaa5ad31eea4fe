/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "src/kind/common.h"
#include "src/kind/kind.h"
#include "src/kind/kinds.h"

const struct kind *const kinds[] = {
	/* Those that look like files come before them. */
	&kind_mqueue,
	&kind_memfd,
	&kind_secretmem,
	&kind_namespace,
	&kind_dmabuf,
	/* Devices with a kind of their own come before char. */
	&kind_kvm,
	&kind_tun,
	&kind_tty,
	/* Told by the type of the inode, or by the name the kernel gives. */
	&kind_file,
	&kind_dir,
	&kind_symlink,
	&kind_block,
	&kind_char,
	&kind_pipe,
	&kind_fifo,
	&kind_eventfd,
	&kind_timerfd,
	&kind_signalfd,
	&kind_epoll,
	&kind_inotify,
	&kind_fanotify,
	&kind_pidfd,
	&kind_io_uring,
	&kind_bpf_prog,
	&kind_bpf_map,
	&kind_bpf_link,
	&kind_perf,
	&kind_userfaultfd,
	&kind_seccomp,
	&kind_landlock,
	&kind_fscontext,
	/* Sockets; the last takes what the others leave. */
	&kind_tcp,
	&kind_udp,
	&kind_udplite,
	&kind_raw,
	&kind_icmp,
	&kind_unix,
	&kind_netlink,
	&kind_packet,
	&kind_vsock,
	&kind_socket,
	/* What is left. */
	&kind_anon,
	&kind_unknown,
	NULL,
};

const struct kind *kind_of(const struct fdent *e)
{
	size_t i = 0;

	while (kinds[i + 1] && !kinds[i]->match(e))
		i++;
	return kinds[i];
}

void kind_facts(const struct fdent *e, const struct kind_ctx *ctx, struct facts *out)
{
	e->kind->facts(e, ctx, out);
	common_facts(e, ctx, out);
}

const struct kind *kind_by_name(const char *name)
{
	for (size_t i = 0; kinds[i]; i++)
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
	return NULL;
}

const char *op_name(enum op op)
{
	static const char *const names[] = {
		[OP_LOOK] = "look",   [OP_GRAB] = "grab",
		[OP_PEEK] = "peek",   [OP_PEEK_SEND] = "peek --queue send",
		[OP_DUMP] = "dump",   [OP_FREEZE] = "freeze",
		[OP_READ] = "read",   [OP_WRITE] = "write",
		[OP_SEEK] = "seek",   [OP_HOLD] = "hold",
		[OP_TALK] = "talk",   [OP_SHUTDOWN] = "shutdown",
		[OP_ABORT] = "abort",
	};

	return names[op];
}

const struct cell *kind_cell(const struct kind *k, enum op op)
{
	return &k->op[op];
}

static const struct {
	const char *name;
	struct cell cell;
} target_ops[] = {
	[TARGET_OP_SIGNAL] = { "signal", { EFFECT_STOP, "the target receives a signal" } },
	[TARGET_OP_FREEZE] = { "freeze",
			       { EFFECT_STOP, "stops the target; a blocked epoll_wait or "
					      "timed recv returns EINTR" } },
	[TARGET_OP_GUARD] = { "guard",
			      { EFFECT_STOP, "traces the target: it gets EINTR even from "
					     "signals that it ignores" } },
};

const struct cell *target_cell(enum target_op op)
{
	return &target_ops[op].cell;
}

const char *target_op_name(enum target_op op)
{
	return target_ops[op].name;
}

const char *assoc_name(enum assoc a)
{
	static const char *const names[] = { "fd", "cwd", "root", "exe", "mem" };

	return names[a];
}

const char *deleted_name(enum deleted d)
{
	static const char *const names[] = { "no", "name", "inode", "unknown" };

	return names[d];
}

const char *fdent_access(const struct fdent *e)
{
	if (!(e->have & HAVE_INFO))
		return "";
	if (e->flags & O_PATH)
		return "path";
	switch (e->flags & O_ACCMODE) {
	case O_RDONLY:
		return "r";
	case O_WRONLY:
		return "w";
	default:
		return "rw";
	}
}

bool fdent_name_has(const struct fdent *e, const char *prefix)
{
	size_t n = strlen(prefix);

	return e->name_len >= n && memcmp(e->name, prefix, n) == 0;
}

bool fdent_is_anon(const struct fdent *e, const char *what)
{
	static const char head[] = "anon_inode:";
	const char *s;
	size_t n;

	if (!fdent_name_has(e, head))
		return false;
	s = e->name + sizeof(head) - 1;
	n = e->name_len - (sizeof(head) - 1);
	if (n >= 2 && s[0] == '[' && s[n - 1] == ']') {
		s++;
		n -= 2;
	}
	return n == strlen(what) && memcmp(s, what, n) == 0;
}
