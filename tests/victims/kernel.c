/* SPDX-License-Identifier: MIT */
#include "tests/victims/victim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/io_uring.h>
#include <linux/kvm.h>
#include <linux/landlock.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

void open_io_uring(struct spec *s)
{
	struct io_uring_params params;
	unsigned entries = (unsigned)spec_num(s, "entries", 8);
	long long files[SIZES_MAX];
	int n = spec_list(s, "files", files), list[SIZES_MAX], fd;
	struct held *h;

	memset(&params, 0, sizeof(params));
	fd = (int)syscall(SYS_io_uring_setup, entries, &params);
	if (!usable(s, fd, "io_uring_setup"))
		return;
	h = held_new(place(s, fd), "io_uring");
	for (int i = 0; i < n; i++)
		list[i] = (int)files[i];
	if (n)
		must(syscall(SYS_io_uring_register, h->fd, IORING_REGISTER_FILES, list, n),
		     "IORING_REGISTER_FILES");
	held_num(h, "sq_entries", params.sq_entries);
	held_num(h, "cq_entries", params.cq_entries);
	held_list(h, "registered", files, n);
}

static int bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

void open_bpf_map(struct spec *s)
{
	const char *name = spec_str(s, "name", "victim_map");
	union bpf_attr attr;
	struct held *h;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = (unsigned)spec_num(s, "type", BPF_MAP_TYPE_ARRAY);
	attr.key_size = (unsigned)spec_num(s, "key", 4);
	attr.value_size = (unsigned)spec_num(s, "value", 8);
	attr.max_entries = (unsigned)spec_num(s, "max", 16);
	snprintf(attr.map_name, sizeof(attr.map_name), "%s", name);
	fd = bpf(BPF_MAP_CREATE, &attr);
	if (!usable(s, fd, "BPF_MAP_CREATE"))
		return;
	h = held_new(place(s, fd), "bpf-map");
	held_num(h, "map_type", attr.map_type);
	held_num(h, "key_size", attr.key_size);
	held_num(h, "value_size", attr.value_size);
	held_num(h, "max_entries", attr.max_entries);
	held_str(h, "name", name);
}

/* A program of two instructions: return VALUE. */
static int bpf_prog(unsigned type, unsigned attach, int value)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = value },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	static const char license[] = "GPL";
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.expected_attach_type = attach;
	attr.insns = (uintptr_t)code;
	attr.insn_cnt = sizeof(code) / sizeof(*code);
	attr.license = (uintptr_t)license;
	snprintf(attr.prog_name, sizeof(attr.prog_name), "victim_prog");
	return bpf(BPF_PROG_LOAD, &attr);
}

void open_bpf_prog(struct spec *s)
{
	int fd = bpf_prog(BPF_PROG_TYPE_SOCKET_FILTER, 0, 0);
	struct held *h;

	if (!usable(s, fd, "BPF_PROG_LOAD"))
		return;
	h = held_new(place(s, fd), "bpf-prog");
	held_num(h, "prog_type", BPF_PROG_TYPE_SOCKET_FILTER);
	held_str(h, "name", "victim_prog");
}

/* In a thread with a network namespace of its own, so that the link, which
 * accepts every lookup, touches nobody's traffic. */
static void *link_thread(void *arg)
{
	int *fd = arg, ns, prog;
	union bpf_attr attr;

	*fd = -1;
	if (unshare(CLONE_NEWNET) < 0)
		return NULL;
	ns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	prog = bpf_prog(BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP, SK_PASS);
	if (ns >= 0 && prog >= 0) {
		memset(&attr, 0, sizeof(attr));
		attr.link_create.prog_fd = (unsigned)prog;
		attr.link_create.target_fd = (unsigned)ns;
		attr.link_create.attach_type = BPF_SK_LOOKUP;
		*fd = bpf(BPF_LINK_CREATE, &attr);
	}
	if (ns >= 0)
		close(ns);
	if (prog >= 0)
		close(prog);
	return NULL;
}

void open_bpf_link(struct spec *s)
{
	pthread_t thread;
	int fd = -1;

	if (pthread_create(&thread, NULL, link_thread, &fd) == 0)
		pthread_join(thread, NULL);
	if (fd < 0) {
		skip(s, "no link to a network namespace of our own");
		return;
	}
	held_num(held_new(place(s, fd), "bpf-link"), "link_type", BPF_LINK_TYPE_NETNS);
}

/* An anonymous inode that has no kind of its own: the smallest BTF there is. */
void open_anon(struct spec *s)
{
	struct {
		struct btf_header head;
		struct btf_type type;
		unsigned int_data;
		char names[5];
	} btf = {
		.head = { .magic = BTF_MAGIC,
			  .version = BTF_VERSION,
			  .hdr_len = sizeof(struct btf_header) },
		.type = { .name_off = 1, .info = BTF_KIND_INT << 24, .size = 4 },
		.int_data = 32,
		.names = "\0int",
	};
	union bpf_attr attr;
	int fd;

	btf.head.type_len = sizeof(btf.type) + sizeof(btf.int_data);
	btf.head.str_off = btf.head.type_len;
	btf.head.str_len = sizeof(btf.names);
	memset(&attr, 0, sizeof(attr));
	attr.btf = (uintptr_t)&btf;
	attr.btf_size = (unsigned)(sizeof(btf.head) + btf.head.str_off + btf.head.str_len);
	fd = bpf(BPF_BTF_LOAD, &attr);
	if (usable(s, fd, "BPF_BTF_LOAD"))
		held_str(held_new(place(s, fd), "anon"), "anon_name", "btf");
}

void open_perf(struct spec *s)
{
	struct perf_event_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.size = sizeof(attr);
	attr.type = PERF_TYPE_SOFTWARE;
	attr.config = PERF_COUNT_SW_TASK_CLOCK;
	attr.disabled = attr.exclude_kernel = attr.exclude_hv = 1;
	fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (usable(s, fd, "perf_event_open"))
		held_new(place(s, fd), "perf");
}

void open_userfaultfd(struct spec *s)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	struct held *h;

	if (!usable(s, fd, "userfaultfd"))
		return;
	h = held_new(place(s, fd), "userfaultfd");
	must(ioctl(h->fd, UFFDIO_API, &api), "UFFDIO_API");
}

struct listener {
	int fd;
	pid_t pid;
};

/* A filter for a call that nobody makes; its listener goes through SOCK. */
static _Noreturn void seccomp_child(int sock)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_acct, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = sizeof(code) / sizeof(*code), .filter = code };
	struct listener l = { .pid = outer_pid() };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	l.fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &prog);
	if (write(sock, &l, sizeof(l)) != sizeof(l) || l.fd < 0)
		_exit(1);
	/* Our parent took it when it hangs up; nobody else shall hold it. */
	if (read(sock, &l, sizeof(l)) != 0)
		_exit(1);
	syscall(SYS_close_range, 3U, ~0U, 0U);
	child_rest();
}

void open_seccomp(struct spec *s)
{
	struct listener l = { .fd = -1 };
	int p[2], pidfd, fd;
	struct held *h;
	pid_t pid;

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p), "socketpair");
	pid = (pid_t)must(fork(), "fork");
	if (pid == 0) {
		close(p[0]);
		die_with_parent();
		seccomp_child(p[1]);
	}
	close(p[1]);
	if (read(p[0], &l, sizeof(l)) != sizeof(l))
		l.fd = -1;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	fd = l.fd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, l.fd, 0);
	if (pidfd >= 0)
		close(pidfd);
	close(p[0]);
	if (fd < 0) {
		skip(s, "no seccomp listener");
		return;
	}
	h = held_new(place(s, fd), "seccomp");
	held_num(h, "filtered_pid", l.pid);
}

int landlock_ruleset(uint64_t handled)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = handled };

	return (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
}

void open_landlock(struct spec *s)
{
	int fd = landlock_ruleset(LANDLOCK_ACCESS_FS_EXECUTE);

	if (usable(s, fd, "landlock_create_ruleset"))
		held_new(place(s, fd), "landlock");
}

void open_fscontext(struct spec *s)
{
	const char *type = spec_str(s, "type", "tmpfs");
	int fd = (int)syscall(SYS_fsopen, type, 1 /* FSOPEN_CLOEXEC */);

	if (usable(s, fd, "fsopen"))
		held_str(held_new(place(s, fd), "fscontext"), "type", type);
}

void open_namespace(struct spec *s)
{
	const char *ns = spec_str(s, "ns", "net");
	char path[64];
	struct held *h;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", ns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (!usable(s, fd, path))
		return;
	h = held_new(place(s, fd), "namespace");
	held_str(h, "ns", ns);
}

void open_kvm(struct spec *s)
{
	int dev = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm;
	bool with_vm = spec_flag(s, "vm");
	struct held *h;

	if (!usable(s, dev, "/dev/kvm"))
		return;
	vm = with_vm ? ioctl(dev, KVM_CREATE_VM, 0) : dev;
	if (vm != dev)
		close(dev);
	if (!usable(s, vm, "KVM_CREATE_VM"))
		return;
	h = held_new(place(s, vm), "kvm");
	held_str(h, "role", with_vm ? "vm" : "dev");
}

/* Best with --newnet: the interface appears in our network namespace. */
void open_tun(struct spec *s)
{
	const char *name = spec_str(s, "name", "victim%d");
	int dev = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	bool tap = spec_flag(s, "tap");
	struct held *h;
	struct ifreq req;

	if (!usable(s, dev, "/dev/net/tun"))
		return;
	memset(&req, 0, sizeof(req));
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	req.ifr_flags = (short)((tap ? IFF_TAP : IFF_TUN) | IFF_NO_PI);
	if (ioctl(dev, TUNSETIFF, &req) < 0) {
		usable(s, -1, "TUNSETIFF");
		close(dev);
		return;
	}
	h = held_new(place(s, dev), "tun");
	held_str(h, "iff", req.ifr_name);
	held_bool(h, "tap", tap);
}
