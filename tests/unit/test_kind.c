/* SPDX-License-Identifier: MIT */
/* What kinds say of records made by hand, as this and older kernels show them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "src/kind/kind.h"
#include "src/kind/kinds.h"
#include "src/kind/origin.h"
#include "src/kind/socket.h"

#define LARGEFILE 0100000
/* makedev(3) for small numbers, as a constant. */
#define DEV(major, minor)                                                                          \
	((dev_t)(major) << 8 | ((dev_t)(minor)&0xff) | ((dev_t)(minor)&0xff00) << 12)
#define ANON_DEV DEV(0, 16)

/* Without a grab, without /proc. */
static const struct kind_ctx no_ctx = { .procfs = -1, .grab = -1 };

struct sample {
	const char *name; /* NULL: the link could not be read */
	const char *extra;
	mode_t mode;
	dev_t dev, rdev;
	unsigned flags, nlink, size, blocks;
	enum origin origin;
	const char *kind;
	const char *json;  /* of its facts; NULL: not looked at */
	const char *brief; /* NULL: not looked at */
};

static struct fdent record(const struct sample *s)
{
	struct fdent e = { .fd = 5, .assoc = ASSOC_FD, .have = HAVE_INFO };

	if (s->name) {
		e.name = s->name;
		e.name_len = (uint32_t)strlen(s->name);
		e.have |= HAVE_LINK;
	}
	if (s->mode || s->dev) {
		e.have |= HAVE_STAT | HAVE_INO | HAVE_NLINK;
		e.ino = 26;
	}
	if (S_ISREG(s->mode))
		e.have |= HAVE_SIZE;
	e.extra = s->extra;
	e.extra_len = s->extra ? (uint32_t)strlen(s->extra) : 0;
	e.mode = (uint16_t)s->mode;
	e.dev = s->dev;
	e.rdev = s->rdev;
	e.flags = s->flags;
	e.nlink = s->nlink;
	e.size = s->size;
	e.blocks = s->blocks;
	if (!S_ISSOCK(s->mode))
		e.origin = (uint8_t)s->origin;
	e.kind = kind_of(&e);
	return e;
}

static const struct sample samples[] = {
	/* ---- counters, timers, signals ---- */
	{ .name = "anon_inode:[eventfd]",
	  .mode = 0600,
	  .dev = ANON_DEV,
	  .extra = "eventfd-count:                7\neventfd-id: 1\neventfd-semaphore: 1\n",
	  .kind = "eventfd",
	  .json = "{\"count\":7,\"semaphore\":true,\"id\":1}",
	  .brief = "count 7, semaphore" },
	{ .name = "anon_inode:[eventfd]", /* Linux 3.8: no id; the count is in hex */
	  .mode = 0600,
	  .dev = ANON_DEV,
	  .extra = "eventfd-count:               1f\n",
	  .kind = "eventfd",
	  .json = "{\"count\":31}",
	  .brief = "count 31" },
	{ .name = "anon_inode:[eventfd]",
	  .mode = 0600,
	  .extra = "eventfd-count:                0\neventfd-semaphore: 0\n",
	  .kind = "eventfd",
	  .brief = "count 0" },
	{ .name = "anon_inode:[eventfd]",
	  .mode = 0600,
	  .extra = "eventfd-count: fffffffffffffffe\n",
	  .kind = "eventfd",
	  .json = "{\"count\":18446744073709551614}" },
	{ .name = "anon_inode:[timerfd]",
	  .mode = 0600,
	  .extra = "clockid: 1\nticks: 0\nsettime flags: 01\nit_value: (9, 765768947)\n"
		   "it_interval: (1, 500)\n",
	  .kind = "timerfd",
	  .json = "{\"clockid\":1,\"clockid_name\":\"CLOCK_MONOTONIC\",\"ticks\":0,"
		  "\"settime_flags\":[\"TFD_TIMER_ABSTIME\"],\"it_value\":9765768947,"
		  "\"it_interval\":1000000500}",
	  .brief = "CLOCK_MONOTONIC, in 9.77s, every 1s" },
	{ .name = "anon_inode:[timerfd]",
	  .mode = 0600,
	  .extra = "clockid: 77\nticks: 3\nsettime flags: 00\nit_value: (0, 0)\n"
		   "it_interval: (0, 0)\n",
	  .kind = "timerfd",
	  .json = "{\"clockid\":77,\"ticks\":3,\"it_value\":0,\"it_interval\":0}",
	  .brief = "3 ticks" },
	{ .name = "anon_inode:[signalfd]",
	  .mode = 0600,
	  .extra = "sigmask:\t8000000200000202\n",
	  .kind = "signalfd",
	  .json = "{\"sigmask\":9223372045444710914,\"signals\":[\"SIGINT\",\"SIGUSR1\","
		  "\"SIGRTMIN\",\"SIGRTMIN+30\"]}",
	  .brief = "SIGINT, SIGUSR1, SIGRTMIN, SIGRTMIN+30" },
	/* ---- sets of descriptors and marks ---- */
	{ .name = "anon_inode:[eventpoll]",
	  .mode = 0600,
	  .extra = "tfd:        3 events: 80000019 data:     deadbeefcafe  pos:0 ino:98ef7 "
		   "sdev:f\n",
	  .kind = "epoll",
	  .json = "{\"watches\":[{\"tfd\":3,\"events\":\"EPOLLIN|EPOLLERR|EPOLLHUP|EPOLLET\","
		  "\"data\":244837814094590,\"ino\":626423,\"dev\":\"0:15\"}]}",
	  .brief = "watches 3 (1)" },
	{ .name = "anon_inode:[eventpoll]", /* Linux 3.8: no inode */
	  .mode = 0600,
	  .extra = "tfd:        6 events:        0 data: ffffffffffffffff\n"
		   "tfd:        7 events:        1 data:                7\n"
		   "tfd:       11 events:        1 data:                b\n"
		   "tfd:       12 events:        1 data:                c\n"
		   "tfd:       29 events:        1 data:               1d\n",
	  .kind = "epoll",
	  .brief = "watches 6, 7, 11 .. 29 (5)" },
	{ .name = "anon_inode:[eventpoll]",
	  .mode = 0600,
	  .kind = "epoll",
	  .json = "{}",
	  .brief = "" },
	{ .name = "anon_inode:inotify",
	  .mode = 0600,
	  .extra = "inotify wd:1 ino:3c51a sdev:fe00000 mask:3 ignored_mask:0 fhandle-bytes:8 "
		   "fhandle-type:1 f_handle:1ac5030000000000\n",
	  .kind = "inotify",
	  .json = "{\"watches\":[{\"wd\":1,\"dev\":\"254:0\",\"ino\":247066,"
		  "\"mask\":\"IN_ACCESS|IN_MODIFY\"}]}",
	  .brief = "1 watched" },
	{ .name = "anon_inode:[fanotify]",
	  .mode = 0600,
	  .extra = "fanotify flags:4 event-flags:8000\n"
		   "fanotify mnt_id:1b mflags:0 mask:20 ignored_mask:0\n"
		   "fanotify ino:4f969 sdev:800013 mflags:40 mask:3b ignored_mask:40000000 "
		   "fhandle-bytes:8 fhandle-type:1 f_handle:69f90400c275b5b4\n"
		   "fanotify sdev:fe00000 mflags:0 mask:1000 ignored_mask:0\n",
	  .kind = "fanotify",
	  .json = "{\"flags\":[\"FAN_CLASS_CONTENT\"],\"event_flags\":32768,\"marks\":["
		  "{\"type\":\"mount\",\"mnt_id\":27,\"mask\":\"FAN_OPEN\"},"
		  "{\"type\":\"inode\",\"dev\":\"8:19\",\"ino\":325993,"
		  "\"mflags\":\"FAN_MARK_IGNORED_SURV_MODIFY\","
		  "\"mask\":\"FAN_ACCESS|FAN_MODIFY|FAN_CLOSE_WRITE|FAN_CLOSE_NOWRITE|FAN_OPEN\","
		  "\"ignored_mask\":\"FAN_ONDIR\"},"
		  "{\"type\":\"filesystem\",\"dev\":\"254:0\",\"mask\":\"FAN_OPEN_EXEC\"}]}",
	  .brief = "3 marks" },
	/* ---- processes ---- */
	{ .name = "anon_inode:[pidfd]",
	  .mode = 0700,
	  .extra = "Pid:\t-1\nNSpid:\t-1\n",
	  .kind = "pidfd",
	  .json = "{\"pid\":-1,\"nspid\":\"-1\",\"alive\":false}",
	  .brief = "ended" },
	{ .name = "pidfd:[9277]", /* as pidfs would name it */
	  .mode = 0700,
	  .flags = O_EXCL,
	  .extra = "Pid:\t9276\nNSpid:\t9276\t12\n",
	  .kind = "pidfd",
	  .json = "{\"pid\":9276,\"nspid\":\"9276\\u000912\",\"alive\":true,\"thread\":true}",
	  .brief = "process 9276, a thread" },
	/* ---- memory ---- */
	{ .name = "/memfd:jit cache\x1b[2J",
	  .mode = S_IFREG | 0777,
	  .dev = DEV(0, 1),
	  .flags = LARGEFILE | O_RDWR,
	  .size = 5000,
	  .blocks = 16,
	  .origin = ORIGIN_KERNEL,
	  .kind = "memfd",
	  .json = "{\"memfd_name\":\"jit cache\\u001b[2J\",\"size\":5000,\"blocks\":16}",
	  .brief = "jit cache\\e[2J" },
	{ .name = "/memfd:not utf-8 \xff",
	  .mode = S_IFREG | 0777,
	  .dev = DEV(0, 1),
	  .flags = LARGEFILE | O_RDWR,
	  .kind = "memfd",
	  .json = "{\"memfd_name\":\"not utf-8 \\\\xff\",\"memfd_name_b64\":"
		  "\"bm90IHV0Zi04IP8=\",\"size\":0,\"blocks\":0}",
	  .brief = "not utf-8 \\xff" },
	{ .name = "/memfd:in a tree", /* a deleted file of that name */
	  .mode = S_IFREG | 0644,
	  .dev = DEV(254, 0),
	  .flags = LARGEFILE,
	  .kind = "file" },
	{ .name = "/memfd:on tmpfs",
	  .mode = S_IFREG | 0644,
	  .dev = DEV(0, 30),
	  .flags = LARGEFILE,
	  .origin = ORIGIN_MOUNT,
	  .kind = "file" },
	{ .name = "/memfd:queue", /* a message queue of that name, deleted */
	  .mode = S_IFREG | 0600,
	  .dev = DEV(0, 20),
	  .flags = O_RDWR,
	  .size = 80,
	  .origin = ORIGIN_KERNEL,
	  .kind = "mqueue" },
	{ .name = "/secretmem",
	  .mode = S_IFREG | 0600,
	  .dev = DEV(0, 14),
	  .flags = LARGEFILE | O_RDWR,
	  .nlink = 1,
	  .size = 8192,
	  .origin = ORIGIN_KERNEL,
	  .kind = "secretmem",
	  .json = "{\"size\":8192,\"blocks\":0}",
	  .brief = "8.0K" },
	{ .name = "/secretmem",
	  .mode = S_IFREG | 0600,
	  .dev = DEV(0, 30),
	  .flags = LARGEFILE,
	  .nlink = 1,
	  .origin = ORIGIN_MOUNT,
	  .kind = "file" },
	{ .name = "/dev/zero",
	  .mode = S_IFREG | 0777,
	  .dev = DEV(0, 1),
	  .flags = LARGEFILE,
	  .kind = "anon" },
	{ .name = "/SYSV00bc614e (deleted)",
	  .mode = S_IFREG | 0600,
	  .dev = DEV(0, 1),
	  .kind = "anon" },
	{ .name = "/SYSVrc.log",
	  .mode = S_IFREG | 0600,
	  .dev = DEV(0, 1),
	  .flags = LARGEFILE,
	  .kind = "file" },
	{ .name = "/dmabuf:frame",
	  .mode = 0600,
	  .dev = DEV(0, 13),
	  .extra = "size:\t4096\ncount:\t2\nexp_name:\tudmabuf\nname:\tframe 1\n",
	  .kind = "dmabuf",
	  .json = "{\"size\":4096,\"count\":2,\"exp_name\":\"udmabuf\",\"dmabuf_name\":"
		  "\"frame 1\"}",
	  .brief = "udmabuf \"frame 1\", 4.0K" },
	{ .name = "/dmabuf:frame",
	  .mode = S_IFREG | 0600,
	  .dev = DEV(254, 0),
	  .flags = LARGEFILE,
	  .nlink = 1,
	  .kind = "file" },
	/* ---- message queues ---- */
	{ .name = "/jobs",
	  .mode = S_IFREG | 0600,
	  .dev = DEV(0, 20),
	  .flags = O_RDWR,
	  .nlink = 1,
	  .size = 80,
	  .kind = "mqueue",
	  .json = "{\"queue\":\"/jobs\"}",
	  .brief = "/jobs" },
	{ .name = "/dev/mqueue/jobs",
	  .mode = S_IFREG | 0600,
	  .dev = DEV(0, 20),
	  .flags = LARGEFILE | O_RDONLY,
	  .nlink = 1,
	  .size = 80,
	  .origin = ORIGIN_MQUEUE,
	  .kind = "mqueue" },
	{ .name = "/eighty",
	  .mode = S_IFREG | 0600,
	  .dev = DEV(0, 30),
	  .flags = LARGEFILE,
	  .nlink = 1,
	  .size = 80,
	  .kind = "file" },
	/* ---- files and devices ---- */
	{ .name = "/var/log/x",
	  .mode = S_IFREG | 0644,
	  .dev = DEV(254, 0),
	  .flags = LARGEFILE | O_WRONLY,
	  .nlink = 1,
	  .size = 300,
	  .blocks = 8,
	  .extra = "lock:\t1: FLOCK  ADVISORY  WRITE 9276 fe:00:10952769 0 EOF\n"
		   "lock:\t2: OFDLCK ADVISORY  READ -1 fe:00:10952769 3 9\n",
	  .kind = "file",
	  .json = "{\"size\":300,\"blocks\":8,\"nlink\":1,\"locks\":[{\"type\":\"FLOCK\","
		  "\"class\":\"ADVISORY\",\"mode\":\"WRITE\",\"pid\":9276,\"start\":0,"
		  "\"end\":\"EOF\"},{\"type\":\"OFDLCK\",\"class\":\"ADVISORY\","
		  "\"mode\":\"READ\",\"pid\":-1,\"start\":3,\"end\":9}]}" },
	{ .name = "/srv", .mode = S_IFDIR | 0755, .dev = DEV(254, 0), .kind = "dir" },
	{ .name = "/etc/mtab",
	  .mode = S_IFLNK | 0777,
	  .dev = DEV(254, 0),
	  .flags = O_PATH | O_NOFOLLOW,
	  .kind = "symlink" },
	{ .name = "/dev/vda",
	  .mode = S_IFBLK | 0600,
	  .dev = DEV(0, 6),
	  .rdev = DEV(8, 1),
	  .kind = "block",
	  .json = "{\"rdev\":\"8:1\",\"device\":\"sd\"}" },
	{ .name = "/dev/null",
	  .mode = S_IFCHR | 0666,
	  .dev = DEV(0, 6),
	  .rdev = DEV(1, 3),
	  .kind = "char",
	  .json = "{\"rdev\":\"1:3\",\"device\":\"null\"}" },
	{ .name = "/dev/dri/renderD128",
	  .mode = S_IFCHR | 0666,
	  .dev = DEV(0, 6),
	  .rdev = DEV(226, 128),
	  .extra = "drm-driver:\tamdgpu\ndrm-pdev:\t0000:0b:00.0\n",
	  .kind = "char",
	  .json = "{\"rdev\":\"226:128\",\"device\":\"drm\",\"fdinfo\":["
		  "\"drm-driver:\\u0009amdgpu\",\"drm-pdev:\\u00090000:0b:00.0\"]}" },
	{ .name = "/dev/kvm",
	  .mode = S_IFCHR | 0660,
	  .dev = DEV(0, 6),
	  .rdev = DEV(10, 232),
	  .kind = "kvm",
	  .json = "{\"object\":\"kvm\"}",
	  .brief = "kvm" },
	{ .name = "anon_inode:kvm-vcpu:12",
	  .mode = 0600,
	  .dev = ANON_DEV,
	  .kind = "kvm",
	  .json = "{\"object\":\"kvm-vcpu:12\",\"vcpu\":12}",
	  .brief = "kvm-vcpu:12" },
	{ .name = "anon_inode:kvm-vcpu-stats:0", .mode = 0600, .kind = "kvm" },
	{ .name = "/dev/net/tun",
	  .mode = S_IFCHR | 0666,
	  .dev = DEV(0, 6),
	  .rdev = DEV(10, 200),
	  .extra = "iff:\ttap\x1b"
		   "0\n",
	  .kind = "tun",
	  .json = "{\"iff\":\"tap\\u001b0\"}",
	  .brief = "tap\\e0" },
	{ .name = "/dev/ptmx",
	  .mode = S_IFCHR | 0666,
	  .dev = DEV(0, 6),
	  .rdev = DEV(5, 2),
	  .extra = "tty-index:\t4\n",
	  .kind = "tty",
	  .json = "{\"tty\":\"/dev/ptmx\",\"rdev\":\"5:2\",\"driver\":\"pty_master\","
		  "\"tty_index\":4,\"slave\":\"/dev/pts/4\"}",
	  .brief = "/dev/ptmx, slave /dev/pts/4" },
	{ .name = "/run/c1/pts/ptmx",
	  .mode = S_IFCHR | 0666,
	  .dev = DEV(0, 40),
	  .rdev = DEV(5, 2),
	  .extra = "tty-index:\t0\n",
	  .kind = "tty",
	  .brief = "/run/c1/pts/ptmx, slave /run/c1/pts/0" },
	{ .name = "/dev/pts/300",
	  .mode = S_IFCHR | 0620,
	  .dev = DEV(0, 26),
	  .rdev = DEV(136, 300),
	  .kind = "tty",
	  .json = "{\"tty\":\"/dev/pts/300\",\"rdev\":\"136:300\",\"driver\":\"pty_slave\","
		  "\"tty_index\":300}",
	  .brief = "/dev/pts/300" },
	{ .name = "/dev/ttyGS0",
	  .mode = S_IFCHR | 0620,
	  .dev = DEV(0, 6),
	  .rdev = DEV(511, 0),
	  .kind = "tty" },
	/* ---- pipes ---- */
	{ .name = "pipe:[626424]",
	  .mode = S_IFIFO | 0600,
	  .dev = DEV(0, 15),
	  .flags = O_WRONLY | O_DIRECT,
	  .kind = "pipe",
	  .json = "{\"end\":\"write\",\"packet_mode\":true}",
	  .brief = "write end, packets" },
	{ .name = "/run/fifo",
	  .mode = S_IFIFO | 0600,
	  .dev = DEV(0, 24),
	  .flags = O_RDWR,
	  .kind = "fifo",
	  .json = "{\"end\":\"both\",\"packet_mode\":false}" },
	{ .name = "/run/fifo",
	  .mode = S_IFIFO | 0600,
	  .dev = DEV(0, 24),
	  .flags = O_PATH,
	  .kind = "fifo",
	  .json = "{}" },
	/* ---- the rest of the anonymous inodes ---- */
	{ .name = "anon_inode:[io_uring]",
	  .mode = 0600,
	  .extra = "SqMask:\t0x7\nSqHead:\t1\nSqTail:\t2\nCachedSqHead:\t1\nCqMask:\t0xf\n"
		   "CqHead:\t0\nCqTail:\t0\nCachedCqTail:\t0\nSQEs:\t1\nCQEs:\t0\n"
		   "SqThread:\t-1\nSqThreadCpu:\t-1\nUserFiles:\t2\n    0: /etc/passwd\n"
		   "    1: pipe:[4]\nUserBufs:\t1\n    0: 0x7f00/4096\nPollList:\n",
	  .kind = "io_uring",
	  .json = "{\"sq_entries\":8,\"cq_entries\":16,\"sq_head\":1,\"sq_tail\":2,"
		  "\"cached_sq_head\":1,\"cq_head\":0,\"cq_tail\":0,\"cached_cq_tail\":0,"
		  "\"sqes\":1,\"cqes\":0,\"user_files\":2,\"user_bufs\":1,"
		  "\"registered_files\":[\"/etc/passwd\",\"pipe:[4]\"]}",
	  .brief = "sq 8, cq 16, 2 files" },
	{ .name = "anon_inode:bpf-map",
	  .mode = 0600,
	  .extra = "map_type:\t1\nkey_size:\t4\nvalue_size:\t8\nmax_entries:\t1024\n"
		   "map_flags:\t0x1\nmemlock:\t2320\nmap_id:\t41\nfrozen:\t0\n",
	  .kind = "bpf-map",
	  .json = "{\"map_type\":1,\"map_type_name\":\"hash\",\"map_id\":41,\"key_size\":4,"
		  "\"value_size\":8,\"max_entries\":1024,\"map_flags\":1,\"memlock\":2320,"
		  "\"frozen\":false}",
	  .brief = "hash id 41, 1024 entries" },
	{ .name = "anon_inode:bpf-prog",
	  .mode = 0600,
	  .extra = "prog_type:\t1\nprog_jited:\t1\nprog_tag:\t59f4a931744dcdc6\n"
		   "memlock:\t4096\nprog_id:\t97\n",
	  .kind = "bpf-prog",
	  .json = "{\"prog_type\":1,\"prog_type_name\":\"socket_filter\",\"prog_tag\":"
		  "\"59f4a931744dcdc6\",\"prog_id\":97,\"prog_jited\":true,\"memlock\":4096}",
	  .brief = "socket_filter id 97 tag 59f4a931744dcdc6" },
	{ .name = "anon_inode:bpf_link",
	  .mode = 0600,
	  .extra = "link_type:\txdp\nlink_id:\t3\nprog_tag:\tabc\nprog_id:\t9\nifindex:\t2\n",
	  .kind = "bpf-link",
	  .json = "{\"link_type_name\":\"xdp\",\"link_id\":3,\"prog_id\":9,\"ifindex\":2,"
		  "\"prog_tag\":\"abc\"}",
	  .brief = "xdp id 3, program 9" },
	{ .name = "anon_inode:bpf-link", .mode = 0600, .kind = "bpf-link" },
	{ .name = "anon_inode:[perf_event]", .mode = 0600, .kind = "perf", .json = "{}" },
	{ .name = "anon_inode:[userfaultfd]",
	  .mode = 0600,
	  .extra = "pending:\t1\ntotal:\t4\nAPI:\taa:0:80000000000001ff\n",
	  .kind = "userfaultfd",
	  .json = "{\"pending\":1,\"total\":4,\"api\":\"aa:0:80000000000001ff\"}",
	  .brief = "userfaultfd, 1 pending" },
	{ .name = "anon_inode:seccomp notify", .mode = 0600, .kind = "seccomp" },
	{ .name = "anon_inode:landlock-ruleset", .mode = 0600, .kind = "landlock" },
	{ .name = "anon_inode:[landlock-ruleset]", .mode = 0600, .kind = "landlock" },
	{ .name = "anon_inode:[fscontext]", .mode = 0600, .kind = "fscontext" },
	{ .name = "net:[4026531833]",
	  .mode = S_IFREG | 0444,
	  .dev = DEV(0, 4),
	  .flags = LARGEFILE,
	  .nlink = 1,
	  .kind = "namespace",
	  .json = "{\"type\":\"net\",\"inode\":26}",
	  .brief = "net 26" },
	{ .name = "/run/netns/blue",
	  .mode = S_IFREG | 0444,
	  .dev = DEV(0, 4),
	  .flags = LARGEFILE,
	  .nlink = 1,
	  .origin = ORIGIN_NSFS,
	  .kind = "namespace" },
	/* ---- what a future kernel may bring, and what could not be read ---- */
	{ .name = "anon_inode:[quantumfd]",
	  .mode = 0600,
	  .extra = "qubits:\t3\nspin: up\n",
	  .kind = "anon",
	  .json = "{\"type\":\"anon_inode:[quantumfd]\",\"fdinfo\":[\"qubits:\\u00093\","
		  "\"spin: up\"]}",
	  .brief = "anon_inode:[quantumfd]" },
	{ .name = "newns:[4026531999]", .mode = 0444, .kind = "anon" },
	{ .name = NULL, .kind = "unknown", .json = "{}", .brief = "" },
	{ .name = "/srv/nobody answered", .kind = "unknown" },
	{ .name = NULL, .extra = "eventfd-count: 1\n", .kind = "eventfd", .brief = "count 1" },
	{ .name = NULL, .extra = "tty-index:\t3\n", .kind = "tty" },
	{ .name = NULL, .extra = "Pid:\t1\nNSpid:\t1\n", .kind = "pidfd" },
};

#define N_SAMPLES (sizeof(samples) / sizeof(samples[0]))

static void test_names(void **state)
{
	static const char *const names[] = {
		"file",     "dir",       "symlink",     "block",    "char",     "tty",
		"fifo",     "pipe",      "tcp",         "udp",      "udplite",  "raw",
		"icmp",     "unix",      "netlink",     "packet",   "vsock",    "socket",
		"eventfd",  "timerfd",   "signalfd",    "epoll",    "inotify",  "fanotify",
		"pidfd",    "memfd",     "secretmem",   "io_uring", "bpf-prog", "bpf-map",
		"bpf-link", "perf",      "userfaultfd", "seccomp",  "landlock", "fscontext",
		"mqueue",   "namespace", "kvm",         "dmabuf",   "tun",      "anon",
		"unknown",
	};
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_non_null(kind_by_name(names[i]));
	for (; kinds[n]; n++) {
		assert_ptr_equal(kind_by_name(kinds[n]->name), kinds[n]);
		assert_true(kinds[n]->means && *kinds[n]->means);
	}
	assert_int_equal(n, sizeof(names) / sizeof(names[0]));
}

static void test_cells(void **state)
{
	(void)state;
	for (size_t i = 0; kinds[i]; i++) {
		const struct kind *k = kinds[i];

		for (int op = 0; op < OP_COUNT; op++) {
			const struct cell *c = kind_cell(k, (enum op)op);

			if (c->effect == EFFECT_UNSTATED || !c->words || strlen(c->words) < 8)
				fail_msg("%s: %s is not stated", k->name, op_name((enum op)op));
		}
		assert_int_equal(kind_cell(k, OP_LOOK)->effect, EFFECT_NONE);
		/* Looking and keeping a copy never do more than hold. */
		assert_int_equal(kind_cell(k, OP_GRAB)->effect, EFFECT_HOLD);
		assert_int_equal(kind_cell(k, OP_HOLD)->effect, EFFECT_HOLD);
		assert_int_equal(kind_cell(k, OP_PEEK)->effect == EFFECT_REFUSED, !k->peek);
		/* Nothing to freeze for where nothing is dumped. */
		if (kind_cell(k, OP_DUMP)->effect == EFFECT_REFUSED)
			assert_int_equal(kind_cell(k, OP_FREEZE)->effect, EFFECT_REFUSED);
	}
}

static void test_match(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SAMPLES; i++) {
		struct fdent e = record(&samples[i]);

		if (strcmp(e.kind->name, samples[i].kind) != 0)
			fail_msg("%s is %s, not %s", samples[i].name, e.kind->name,
				 samples[i].kind);
	}
}

static void test_json(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SAMPLES; i++) {
		struct fdent e = record(&samples[i]);
		autobuf text = BUF_INIT;
		struct facts_json sink;
		struct json j;

		if (!samples[i].json)
			continue;
		json_init(&j, &text);
		json_object(&j, NULL);
		facts_json_init(&sink, &j);
		kind_facts(&e, &no_ctx, &sink.sink);
		json_end_object(&j);
		assert_string_equal(buf_str(&text), samples[i].json);
	}
}

static void test_brief(void **state)
{
	struct facts_flat flat;

	(void)state;
	facts_flat_init(&flat, NULL);
	for (size_t i = 0; i < N_SAMPLES; i++) {
		struct fdent e = record(&samples[i]);
		autobuf text = BUF_INIT;

		facts_flat_reset(&flat);
		kind_facts(&e, &no_ctx, &flat.sink);
		if (e.kind->brief)
			facts_brief(&text, e.kind->brief, &flat, TEXT_UTF8);
		if (samples[i].brief)
			assert_string_equal(buf_str(&text), samples[i].brief);
		/* Whatever was in it, nothing reaches a terminal. */
		for (size_t k = 0; k < text.len; k++)
			assert_true((unsigned char)text.data[k] >= ' ');
	}
	facts_flat_release(&flat);
}

/* A filter wants one fact: the others are not computed, nested ones are whole. */
static void test_only(void **state)
{
	struct facts_flat flat;
	struct fdent e = record(&samples[7]);

	(void)state;
	assert_string_equal(e.kind->name, "epoll");
	facts_flat_init(&flat, "watches");
	kind_facts(&e, &no_ctx, &flat.sink);
	assert_non_null(facts_flat_find(&flat, "watches.0.tfd"));
	assert_non_null(facts_flat_find(&flat, "watches.0.events"));
	facts_flat_release(&flat);

	facts_flat_init(&flat, "count");
	kind_facts(&e, &no_ctx, &flat.sink);
	assert_int_equal(flat.n, 0);
	facts_flat_release(&flat);
}

static void test_templates(void **state)
{
	static const struct {
		const char *tmpl, *want;
	} cases[] = {
		{ "{n}", "0" },
		{ "[a {n}]", "" },
		{ "[a {n!}]", "a 0" },
		{ "[a {none!}]", "" },
		{ "[yes{word?}]", "yes" },
		{ "[no{word~}][none{none~}]", "none" },
		{ "{word-SOCK_}", "stream" },
		{ "{list#} of {list.*}", "5 of A_ONE, A_TWO, A_THREE .. A_FIVE" },
		{ "{list.*-A_}", "one, two, three .. five" },
		{ "[{empty#} in it]", "" },
		{ "[{failed}]", "" },
		{ "unclosed {word", "unclosed " },
		{ "", "" },
	};
	static const char *const list[] = { "A_ONE", "A_TWO", "A_THREE", "A_FOUR", "A_FIVE" };
	struct facts_flat flat;

	(void)state;
	facts_flat_init(&flat, NULL);
	fact_u64(&flat.sink, "n", 0);
	fact_text(&flat.sink, "word", "SOCK_STREAM");
	fact_fail(&flat.sink, "failed", "kcmp", 1);
	fact_list(&flat.sink, "empty");
	fact_end_list(&flat.sink);
	fact_list(&flat.sink, "list");
	for (size_t i = 0; i < 5; i++)
		fact_text(&flat.sink, NULL, list[i]);
	fact_end_list(&flat.sink);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autobuf text = BUF_INIT;

		facts_brief(&text, cases[i].tmpl, &flat, TEXT_UTF8);
		assert_string_equal(buf_str(&text), cases[i].want);
	}
	facts_flat_release(&flat);
}

static void test_protocols(void **state)
{
	struct fdent e = { .name = "socket:[7]",
			   .name_len = 10,
			   .mode = S_IFSOCK | 0777,
			   .have = HAVE_LINK | HAVE_INO };
	static const char *const want[][2] = {
		{ "TCP", "tcp" },          { "TCPv6", "tcp" },
		{ "MPTCP", "tcp" },        { "UDP", "udp" },
		{ "UDP-Lite", "udplite" }, { "UDPLITEv6", "udplite" },
		{ "RAWv6", "raw" },        { "PING", "icmp" },
		{ "UNIX", "unix" },        { "UNIX-STREAM", "unix" },
		{ "NETLINK", "netlink" },  { "PACKET", "packet" },
		{ "AF_VSOCK", "vsock" },   { "SCTP", "socket" },
		{ "ALG", "socket" },       { "FROM THE FUTURE", "socket" },
		{ "", "socket" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		e.proto = socket_proto_parse(want[i][0], strlen(want[i][0]) + 1);
		assert_string_equal(kind_of(&e)->name, want[i][1]);
		if (e.proto)
			assert_string_equal(socket_proto_name(e.proto), want[i][0]);
	}
	assert_int_equal(socket_proto_parse("TCPv", 4), 0);
	assert_null(socket_proto_name(255));
	/* Without the attribute fdinfo tells a unix socket. */
	e.proto = 0;
	e.extra = "scm_fds: 2\n";
	e.extra_len = (uint32_t)strlen(e.extra);
	assert_string_equal(kind_of(&e)->name, "unix");
}

static void brief_of(struct buf *text, const struct sock_info *s, const char *kind)
{
	struct fdent e = { .name = "socket:[7]",
			   .name_len = 10,
			   .mode = S_IFSOCK | 0777,
			   .have = HAVE_LINK | HAVE_INO,
			   .sock = s };
	struct facts_flat flat;

	e.kind = kind_of(&e);
	assert_string_equal(e.kind->name, kind);
	facts_flat_init(&flat, NULL);
	kind_facts(&e, &no_ctx, &flat.sink);
	buf_reset(text);
	facts_brief(text, e.kind->brief, &flat, TEXT_UTF8);
	facts_flat_release(&flat);
}

static void test_sockets(void **state)
{
	struct sock_info s = { .table = SOCK_TABLE_TCP,
			       .family = 2,
			       .type = 1,
			       .state = 10,
			       .has = SOCK_HAS_BACKLOG | SOCK_HAS_LIMIT };
	struct sock_info u = { .table = SOCK_TABLE_UNIX, .family = 1, .type = 1, .state = 1 };
	autobuf text = BUF_INIT;

	(void)state;
	s.in.local = sock_addr_v4("\0\0\0");
	s.in.remote = sock_addr_v4("\0\0\0");
	s.in.lport = 443;
	brief_of(&text, &s, "tcp");
	assert_string_equal(buf_str(&text), "LISTEN 0.0.0.0:443");
	s.state = 1;
	s.in.local = sock_addr_v4("\n\0\0\5");
	s.in.remote = sock_addr_v4("\n\t\1\7");
	s.in.rport = 50112;
	brief_of(&text, &s, "tcp");
	assert_string_equal(buf_str(&text), "10.0.0.5:443 -> 10.9.1.7:50112 ESTABLISHED");
	u.un.name = "\0evil\x1b";
	u.un.name_len = 6;
	brief_of(&text, &u, "unix");
	assert_string_equal(buf_str(&text), "stream @evil\\e");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),     cmocka_unit_test(test_cells),
		cmocka_unit_test(test_match),     cmocka_unit_test(test_json),
		cmocka_unit_test(test_brief),     cmocka_unit_test(test_only),
		cmocka_unit_test(test_templates), cmocka_unit_test(test_protocols),
		cmocka_unit_test(test_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
