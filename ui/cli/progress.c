/* SPDX-License-Identifier: MIT */
#include "ui/cli/progress.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "src/base/text.h"

#define BAR_CELLS 24

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void add_time(struct buf *out, uint64_t seconds)
{
	if (seconds >= 3600)
		buf_addf(out, "%lluh%02llum", (unsigned long long)(seconds / 3600),
			 (unsigned long long)(seconds / 60 % 60));
	else
		buf_addf(out, "%llum%02llus", (unsigned long long)(seconds / 60),
			 (unsigned long long)(seconds % 60));
}

static void add_bar(struct buf *out, uint64_t done, uint64_t total)
{
	unsigned full = (unsigned)((double)done / (double)total * BAR_CELLS);

	buf_adds(out, " [");
	for (unsigned i = 0; i < BAR_CELLS; i++)
		buf_addc(out, i < full ? '=' : i == full ? '>' : ' ');
	buf_addf(out, "] %3d%%", (int)((double)done / (double)total * 100));
}

void progress_draw(void *arg, uint64_t done, uint64_t total)
{
	struct progress *p = arg;
	uint64_t now = now_ns(), rate;
	autobuf line = BUF_INIT;

	if (!p->began_ns)
		p->began_ns = now;
	if (!isatty(STDERR_FILENO) || now - p->began_ns < 300000000u)
		return;
	rate = (uint64_t)((double)done / ((double)(now - p->began_ns) / 1e9));
	buf_addf(&line, "\r%s: ", p->what);
	text_size(&line, done);
	if (total) {
		add_bar(&line, done, total);
		buf_adds(&line, " of ");
		text_size(&line, total);
	}
	buf_adds(&line, "  ");
	text_size(&line, rate);
	buf_adds(&line, "/s");
	if (total && rate) {
		buf_adds(&line, "  left ");
		add_time(&line, (total - done) / rate);
	}
	buf_adds(&line, "\033[K");
	fputs(buf_str(&line), stderr);
	fflush(stderr);
	p->shown = true;
}

void progress_clear(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
	p->began_ns = 0;
}

static atomic_bool *cancel_flag;

static volatile sig_atomic_t signals_seen;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (cancel_flag)
		atomic_store(cancel_flag, true);
	/* A parent passes on what may have been sent to us too: see apart.h. */
	if (info->si_code == SI_QUEUE && info->si_pid == getppid())
		return;
	if (signals_seen++) {
		signal(sig, SIG_DFL);
		raise(sig);
	}
}

void progress_signals(atomic_bool *cancel)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = SIG_DFL };

	cancel_flag = cancel;
	signals_seen = 0;
	if (cancel) {
		sa.sa_sigaction = on_signal;
		sa.sa_flags = SA_SIGINFO;
	}
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction old;

		/* What was ignored, as by nohup(1), stays ignored. */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			continue;
		sigaction(signals[i], &sa, NULL);
	}
}
