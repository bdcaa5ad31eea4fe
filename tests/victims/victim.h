/* SPDX-License-Identifier: MIT */
/*
 * A victim holds descriptors of any kind on request and tells what it set up.
 * It is the ground truth of the tests: nothing here is shared with the program.
 * tests/victims/README.md describes specs, options and commands.
 */
#ifndef TESTS_VICTIM_H
#define TESTS_VICTIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define SPEC_KEYS 24
#define SIZES_MAX 64
#define FIRST_FD  10 /* lower numbers belong to the victim itself */

/* ---- spec.c: KIND[:key=value,...] ---- */

struct spec {
	char *buf, *kind;
	struct {
		char *key, *val;
		bool used;
	} kv[SPEC_KEYS];
	int nkv;
	int iter; /* which repetition this is, from 0 */
};

/* Every getter marks its key as known; spec_run() refuses the others. */
const char *spec_str(struct spec *s, const char *key, const char *otherwise);
long long spec_num(struct spec *s, const char *key, long long otherwise);
bool spec_flag(struct spec *s, const char *key);
/* "5+100+0" into an array; returns how many. */
int spec_list(struct spec *s, const char *key, long long *list);
/* The bytes of key, or of key64 in base64; NULL if neither. Allocated. */
char *spec_bytes(struct spec *s, const char *key, size_t *len);
/* Parses TEXT and opens it as often as it asks for. */
void spec_run(const char *text);
/* Moves RAW to the number that KEY names, or to the lowest free from 10 up. */
int place_at(struct spec *s, const char *key, int raw);
int place(struct spec *s, int raw);
/* True if RC is a success; else records why this kind was skipped. */
bool usable(struct spec *s, int rc, const char *call);
void skip(struct spec *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Dies with errno unless RC >= 0; returns RC. */
long must(long rc, const char *what);

/* ---- truth.c: one JSON object a descriptor ---- */

struct held {
	int fd; /* -1: nothing open under a number */
	char kind[16];
	bool table; /* of the thread with a table of its own */
	int same_as;
	uint64_t seed, sent; /* of the pattern that was, or will be, written */
	FILE *more;
	char *text;
	size_t len;
};

/* The calling thread's table is the process's first one. */
void truth_begin(void);
struct held *held_new(int fd, const char *kind);
struct held *held_find(int fd);
void held_num(struct held *h, const char *key, long long value);
void held_bool(struct held *h, const char *key, bool value);
void held_str(struct held *h, const char *key, const char *value);
void held_bytes(struct held *h, const char *key, const void *bytes, size_t len);
void held_list(struct held *h, const char *key, const long long *list, int n);
void held_raw(struct held *h, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Prints what the calling thread's table holds. */
void truth_print(FILE *out);
void truth_one(FILE *out, struct held *h);
void json_string(FILE *out, const void *bytes, size_t len);
/* "key":"text", and "key_b64" where text is not plain ASCII. */
void json_bytes(FILE *out, const char *key, const void *bytes, size_t len);

/* ---- bytes.c ---- */

/* Byte N of pattern SEED never depends on where one starts. */
void pattern(uint64_t seed, uint64_t offset, void *to, size_t len);
/* All of it at OFFSET of a file, or in order where pwrite(2) cannot. */
void pattern_pwrite(int fd, uint64_t seed, uint64_t offset, uint64_t len);
/* As much as fits without blocking; returns how many bytes. */
uint64_t pattern_queue(int fd, uint64_t seed, uint64_t offset, uint64_t len);
uint64_t fnv1a(uint64_t hash, const void *bytes, size_t len);
#define FNV_START 0xcbf29ce484222325ULL
void base64_print(FILE *out, const void *bytes, size_t len);
/* Decodes in a new buffer, NUL-terminated; NULL if it is not base64. */
char *base64_decode(const char *text, size_t *len);
/* A path in the victim's folder, which goes away with it. Allocated. */
char *temp_path(const char *name, size_t len);
void temp_cleanup(void);
void cleanup_mq(const char *name);

/* ---- openers, one file a family ---- */

void open_file(struct spec *s);
void open_dir(struct spec *s);
void open_symlink(struct spec *s);
void open_block(struct spec *s);
void open_char(struct spec *s);
void open_dup(struct spec *s);
void open_reopen(struct spec *s);
void open_memfd(struct spec *s);
void open_secretmem(struct spec *s);
void open_dmabuf(struct spec *s);
void open_mqueue(struct spec *s);
void open_tty(struct spec *s);
void open_fifo(struct spec *s);
void open_pipe(struct spec *s);
void open_tcp(struct spec *s);
void open_udp(struct spec *s);
void open_udplite(struct spec *s);
void open_raw(struct spec *s);
void open_icmp(struct spec *s);
void open_unix(struct spec *s);
void open_netlink(struct spec *s);
void open_packet(struct spec *s);
void open_vsock(struct spec *s);
void open_socket(struct spec *s);
void open_eventfd(struct spec *s);
void open_timerfd(struct spec *s);
void open_signalfd(struct spec *s);
void open_epoll(struct spec *s);
void open_inotify(struct spec *s);
void open_fanotify(struct spec *s);
void open_pidfd(struct spec *s);
void open_io_uring(struct spec *s);
void open_bpf_map(struct spec *s);
void open_bpf_prog(struct spec *s);
void open_bpf_link(struct spec *s);
void open_anon(struct spec *s);
void open_perf(struct spec *s);
void open_userfaultfd(struct spec *s);
void open_seccomp(struct spec *s);
void open_landlock(struct spec *s);
void open_fscontext(struct spec *s);
void open_namespace(struct spec *s);
void open_kvm(struct spec *s);
void open_tun(struct spec *s);

/* Shared between openers. */
void fill_file(struct spec *s, struct held *h, int fd);
void map_file(struct spec *s, struct held *h, int fd);
int open_mode(struct spec *s, const char *otherwise);
int landlock_ruleset(uint64_t handled);

/* ---- world.c: what is set up around the process ---- */

struct world {
	const char *comm, *root;
	size_t comm_len;
	long uid, gid;
	int unshare, dumpable;
	bool late, landlock, stay;
	long nofile;
};

void world_enter(const struct world *w);
void world_drop(const struct world *w);
/* /proc as it was before a chroot. */
FILE *proc_open(const char *path);
/* Our number, and our start time, as the namespace of /proc sees them. */
pid_t outer_pid(void);
pid_t outer_tid(void);
unsigned long long start_of(pid_t pid);
pid_t thread_id(void);
/* A child that lives until we do, with our descriptors or BARE, without them;
 * returns its outer number, and the one of our namespace in INNER. */
pid_t child_new(bool bare, pid_t *inner);
void child_rest(void) __attribute__((noreturn));
void die_with_parent(void);
/* Waits so many milliseconds; interrupted early by signals. */
void pause_ms(long ms);
/* Polls READY(ARG) for at most MS milliseconds; true when it held. */
bool poll_until(bool (*ready)(void *), void *arg, long ms);

/* ---- thread.c ---- */

void signals_watch(void);
void signals_report(FILE *out);
void blocker_start(const char *mode);
void blocker_report(FILE *out);
void note_eintr(void);
void spin_start(void);
long long spin_gap(void);
void churn_start(int fd, double seconds);
unsigned long long churn_count(void);
/* Opens SPECS in a thread with a table of its own, prints its truth. */
pid_t table_start(char **specs, FILE *truth);
/* Runs a command line in that thread. */
void table_command(char *line, FILE *out);

/* ---- command.c, control.c ---- */

void command(char *line, FILE *out);
int control_listen(const char *path);
/* Serves commands until end of input, for ever if STAY. LISTENER may be -1. */
void control_serve(int listener, bool stay);
int control_ask(const char *path, const char *line);

#endif
