/* SPDX-License-Identifier: MIT */
#include "tests/victims/victim.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct job {
	struct world world;
	FILE *truth;
	int listener;
	char **specs, **table, **exec;
	const char *blockers[4];
	int nblockers, forks;
	bool dead_leader, spin, table_thread;
	pid_t leader;
};

enum {
	OPT_TRUTH = 256,
	OPT_COMM,
	OPT_COMM64,
	OPT_DUMPABLE,
	OPT_UID,
	OPT_GID,
	OPT_LATE,
	OPT_FORK,
	OPT_TABLE,
	OPT_DEAD_LEADER,
	OPT_CHROOT,
	OPT_NEW,
	OPT_SPIN,
	OPT_BLOCK,
	OPT_BLOCKER,
	OPT_LANDLOCK,
	OPT_STAY,
	OPT_CONTROL,
	OPT_NOFILE,
	OPT_EXEC,
	OPT_KEEP,
	OPT_PAUSE,
	OPT_ASK,
	OPT_PATTERN,
};

/* has_arg of an OPT_NEW option is 0, so its flag travels in val. */
#define NEW(name, flag)                                                                            \
	{                                                                                          \
		name, no_argument, NULL, (int)(OPT_NEW | (flag))                                   \
	}

static const struct option options[] = {
	{ "truth", required_argument, NULL, OPT_TRUTH },
	{ "comm", required_argument, NULL, OPT_COMM },
	{ "comm64", required_argument, NULL, OPT_COMM64 },
	{ "dumpable", required_argument, NULL, OPT_DUMPABLE },
	{ "uid", required_argument, NULL, OPT_UID },
	{ "gid", required_argument, NULL, OPT_GID },
	{ "late", no_argument, NULL, OPT_LATE },
	{ "fork", required_argument, NULL, OPT_FORK },
	{ "thread-table", no_argument, NULL, OPT_TABLE },
	{ "dead-leader", no_argument, NULL, OPT_DEAD_LEADER },
	{ "chroot", required_argument, NULL, OPT_CHROOT },
	NEW("newnet", CLONE_NEWNET),
	NEW("newns", CLONE_NEWNS),
	NEW("newuser", CLONE_NEWUSER),
	NEW("newpid", CLONE_NEWPID),
	{ "spin", no_argument, NULL, OPT_SPIN },
	{ "block", no_argument, NULL, OPT_BLOCK },
	{ "blocker", optional_argument, NULL, OPT_BLOCKER },
	{ "landlock", no_argument, NULL, OPT_LANDLOCK },
	{ "stay", no_argument, NULL, OPT_STAY },
	{ "control", required_argument, NULL, OPT_CONTROL },
	{ "nofile", required_argument, NULL, OPT_NOFILE },
	{ "exec", no_argument, NULL, OPT_EXEC },
	{ "keep-fds", no_argument, NULL, OPT_KEEP },
	{ "pause", required_argument, NULL, OPT_PAUSE },
	{ "ask", required_argument, NULL, OPT_ASK },
	{ "pattern", no_argument, NULL, OPT_PATTERN },
	{ NULL, 0, NULL, 0 },
};

/* --pattern SEED LEN [OFFSET]: the bytes on stdout. */
static int print_pattern(char **args)
{
	uint64_t seed, len, offset;
	char *buf;

	if (!args[0] || !args[1])
		die("--pattern SEED LEN [OFFSET]");
	seed = strtoull(args[0], NULL, 0);
	len = strtoull(args[1], NULL, 0);
	offset = args[2] ? strtoull(args[2], NULL, 0) : 0;
	buf = malloc(65536);
	while (len) {
		size_t n = len < 65536 ? (size_t)len : 65536;

		pattern(seed, offset, buf, n);
		if (fwrite(buf, 1, n, stdout) != n)
			die("write: %s", strerror(errno));
		offset += n;
		len -= n;
	}
	free(buf);
	return fflush(stdout) ? 1 : 0;
}

static void set_comm(struct world *w, const char *text, bool coded)
{
	w->comm = text;
	w->comm_len = strlen(text);
	if (coded)
		w->comm = base64_decode(text, &w->comm_len);
	if (!w->comm)
		die("--comm64: not base64");
}

static void set_world(struct world *w, int opt)
{
	switch (opt) {
	case OPT_DUMPABLE:
		w->dumpable = atoi(optarg);
		break;
	case OPT_UID:
		w->uid = atol(optarg);
		break;
	case OPT_GID:
		w->gid = atol(optarg);
		break;
	case OPT_LATE:
		w->late = true;
		break;
	case OPT_CHROOT:
		w->root = optarg;
		break;
	case OPT_LANDLOCK:
		w->landlock = true;
		break;
	case OPT_STAY:
		w->stay = true;
		break;
	case OPT_NOFILE:
		w->nofile = atol(optarg);
		break;
	case OPT_COMM:
	case OPT_COMM64:
		set_comm(w, optarg, opt == OPT_COMM64);
		break;
	default:
		if (opt & (CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID))
			w->unshare |= opt & ~OPT_NEW;
		else
			exit(2);
	}
}

static void set_job(struct job *j, int opt)
{
	switch (opt) {
	case OPT_TRUTH:
		j->truth = fopen(optarg, "we");
		if (!j->truth)
			die("%s: %s", optarg, strerror(errno));
		break;
	case OPT_CONTROL:
		j->listener = control_listen(optarg);
		break;
	case OPT_FORK:
		j->forks = atoi(optarg);
		break;
	case OPT_TABLE:
		j->table_thread = true;
		break;
	case OPT_DEAD_LEADER:
		j->dead_leader = true;
		break;
	case OPT_SPIN:
		j->spin = true;
		break;
	case OPT_BLOCK: /* what it does anyway */
		break;
	case OPT_KEEP: /* looked for before the others */
		break;
	case OPT_BLOCKER:
		if (j->nblockers == 4)
			die("more than 4 blockers");
		j->blockers[j->nblockers++] = optarg ? optarg : "epoll";
		break;
	default:
		set_world(&j->world, opt);
	}
}

/* The specs before "--" are for the first table, the others for the thread's. */
static void split_specs(struct job *j, char **args)
{
	static char *none[] = { NULL };

	j->specs = args;
	j->table = none;
	for (char **p = args; *p; p++) {
		if (strcmp(*p, "--") != 0)
			continue;
		*p = NULL;
		j->table = p + 1;
		return;
	}
}

static bool leader_is_gone(void *arg)
{
	char path[48], *line = NULL, *p = NULL;
	const struct job *j = arg;
	pid_t pid = outer_pid();
	size_t size = 0;
	bool gone = false;
	FILE *f;

	snprintf(path, sizeof(path), "%d/task/%d/stat", (int)pid, (int)pid);
	f = proc_open(path);
	if (!f)
		return !j->leader;
	if (getdelim(&line, &size, '\0', f) > 0)
		p = strrchr(line, ')');
	if (p)
		gone = p[2] == 'Z' || p[2] == 'X';
	fclose(f);
	free(line);
	return gone;
}

static void print_ready(FILE *out, const struct job *j, const pid_t *children, pid_t table)
{
	pid_t pid = outer_pid();

	fprintf(out, "{\"ready\":true,\"pid\":%d,\"start\":%llu,\"tid\":%d,\"children\":[",
		(int)pid, start_of(pid), (int)outer_tid());
	for (int i = 0; i < j->forks; i++)
		fprintf(out, "%s{\"pid\":%d,\"start\":%llu}", i ? "," : "", (int)children[i],
			start_of(children[i]));
	fputs("],\"table_tid\":", out);
	if (table)
		fprintf(out, "%d}\n", (int)table);
	else
		fputs("null}\n", out);
	fflush(out);
}

static void *run(void *arg)
{
	struct job *j = arg;
	FILE *truth = j->truth;
	pid_t *children = calloc((size_t)j->forks + 1, sizeof(*children)), table = 0;

	truth_begin();
	signals_watch();
	if (!j->world.late)
		world_drop(&j->world);
	for (char **spec = j->specs; *spec; spec++)
		spec_run(*spec);
	if (j->world.late)
		world_drop(&j->world);
	for (int i = 0; i < j->forks; i++)
		children[i] = child_new(false, NULL);
	truth_print(truth);
	for (int i = 0; i < j->nblockers; i++)
		blocker_start(j->blockers[i]);
	if (j->table_thread)
		table = table_start(j->table, truth);
	if (j->spin)
		spin_start();
	if (j->dead_leader && !poll_until(leader_is_gone, j, 2000))
		die("the leader lives");
	print_ready(truth, j, children, table);
	if (truth != stdout)
		fclose(truth);
	control_serve(j->listener, j->world.stay);
	temp_cleanup();
	_exit(0);
}

static void start(struct job *j)
{
	pthread_t thread;

	world_enter(&j->world);
	if (j->exec) {
		world_drop(&j->world);
		execvp(j->exec[0], j->exec);
		die("%s: %s", j->exec[0], strerror(errno));
	}
	if (!j->dead_leader)
		run(j);
	j->leader = getpid();
	if (pthread_create(&thread, NULL, run, j))
		die("pthread_create failed");
	pthread_exit(NULL);
}

int main(int argc, char **argv)
{
	bool keep = false;
	static struct job j = { .world = { .uid = -1, .gid = -1, .dumpable = 1 }, .listener = -1 };
	int opt;

	j.truth = stdout;
	for (int i = 1; i < argc; i++)
		keep |= strcmp(argv[i], "--keep-fds") == 0 || strcmp(argv[i], "--exec") == 0;
	/* Whoever started us may have left some open. */
	if (!keep)
		syscall(SYS_close_range, 3U, ~0U, 0U);
	while ((opt = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (opt == OPT_PAUSE) {
			pause_ms(atol(optarg));
			return 0;
		}
		if (opt == OPT_ASK)
			return control_ask(optarg, argv[optind] ? argv[optind] : "");
		if (opt == OPT_PATTERN)
			return print_pattern(argv + optind);
		if (opt == OPT_EXEC) {
			j.exec = argv + optind;
			break;
		}
		set_job(&j, opt);
	}
	split_specs(&j, argv + optind);
	start(&j);
}
