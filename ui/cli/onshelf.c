/* SPDX-License-Identifier: MIT */
#include "ui/cli/onshelf.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define LOST_LINES 20

void onshelf_time(char *p, size_t size, int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(p, size, "%Y-%m-%dT%H:%M:%SZ", &tm))
		p[0] = '\0';
}

static void say_loss(struct cli *cli, const struct shelf *s)
{
	const char *at = s->lost_text;
	size_t lines = 0;
	char since[32];
	struct fail f;

	onshelf_time(since, sizeof(since), s->lost_since);
	fail_set(&f, ENOENT, "", "the shelf that held %zu descriptor%s since %s", s->lost,
		 s->lost == 1 ? "" : "s", since);
	fail_class(&f, FAIL_GONE);
	fail_why(&f, "it is gone: it was killed, or the machine was restarted; what it held is "
		     "closed");
	cli_failed(cli, &f);
	for (; at && *at && lines < LOST_LINES; lines++) {
		size_t len = strcspn(at, "\n");

		cli_message(cli, "lost: %.*s", (int)len, at);
		at += len + (at[len] == '\n');
	}
	if (s->lost > lines)
		cli_message(cli, "lost: and %zu more", s->lost - lines);
}

static void say_unknown_loss(struct cli *cli)
{
	struct fail f;

	fail_set(&f, ENOENT, "", "the shelf that was here");
	fail_class(&f, FAIL_GONE);
	fail_why(&f, "it was killed, and what it held, if anything, is closed: its disk was full, "
		     "so that it is not written down");
	cli_failed(cli, &f);
}

int onshelf_open(struct cli *cli, struct shelf *s, bool start)
{
	struct fail f = { 0 };
	int r = shelf_open(s, start, &f);

	if (s->lost)
		say_loss(cli, s);
	if (s->lost_unknown)
		say_unknown_loss(cli);
	if (r < 0)
		cli_failed(cli, &f);
	return r;
}

void onshelf_audit(struct cli *cli, const struct shelf_item *item, const struct fail *f)
{
	struct target t = { .pid = item->pid, .start = item->start, .comm_len = item->comm_len };

	memcpy(t.comm, item->comm, sizeof(t.comm));
	cli_audit(cli, cli->cmd->name, EFFECT_HOLD, &t, item->fd, f);
}
