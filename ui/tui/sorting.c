/* SPDX-License-Identifier: MIT */
#include "ui/tui/sorting.h"

#include <string.h>
#include <strings.h>

/* Orders that need no text of a row: quick, and what a person means by the name. */
static const struct {
	const char *name;   /* in the heading */
	const char *column; /* for ls */
	const char *also[3];
} quick[FDS_BY_COLUMN] = {
	[FDS_BY_FD] = { "FD", "fd", { "fd" } },
	[FDS_BY_KIND] = { "KIND", "kind", { "kind" } },
	[FDS_BY_MODE] = { "MODE", "access", { "mode", "access" } },
	[FDS_BY_POS] = { "POS", "pos", { "pos" } },
	[FDS_BY_SIZE] = { "SIZE", "size", { "size", "pos_size" } },
	[FDS_BY_SHARE] = { "SHARE", "ofd", { "share", "shares", "ofd" } },
	[FDS_BY_NAME] = { "NAME", "name", { "name", "detail" } },
	[FDS_BY_CHANGE] = { "CHANGE", NULL, { "change" } },
};

void fds_order_by(struct fds_order *o, const struct column_ref *column)
{
	const char *name = column->column ? column->column->name : "";

	for (int i = 0; i < FDS_BY_COLUMN; i++) {
		for (size_t k = 0; k < 3 && quick[i].also[k]; k++) {
			if (strcmp(name, quick[i].also[k]) == 0) {
				o->by = (enum fds_sort)i;
				return;
			}
		}
	}
	o->by = FDS_BY_COLUMN;
	o->column = *column;
}

bool fds_order_parse(struct fds_order *o, const char *text)
{
	bool invert = *text == '-';
	struct column_ref ref;

	text += invert;
	if (strcasecmp(text, "change") == 0) {
		*o = (struct fds_order){ .by = FDS_BY_CHANGE, .invert = invert };
		return true;
	}
	if (column_find(&ref, text, strlen(text)) < 0)
		return false;
	o->invert = invert;
	fds_order_by(o, &ref);
	return true;
}

const char *fds_order_name(const struct fds_order *o)
{
	return o->by == FDS_BY_COLUMN ? column_heading(&o->column) : quick[o->by].name;
}

const char *fds_order_column(const struct fds_order *o)
{
	if (o->by != FDS_BY_COLUMN)
		return quick[o->by].column;
	return o->column.column ? o->column.column->name : o->column.fact;
}

static const char *const procs_names[PROCS_SORT_COUNT] = {
	[PROCS_BY_FDS] = "FDS",   [PROCS_BY_PID] = "PID",     [PROCS_BY_USER] = "USER",
	[PROCS_BY_LIMIT] = "LIM", [PROCS_BY_GROWTH] = "GROW", [PROCS_BY_COMMAND] = "COMMAND",
};

const char *procs_sort_name(enum procs_sort by)
{
	return procs_names[by];
}

bool procs_order_parse(struct procs_order *o, const char *text)
{
	bool invert = *text == '-';

	for (int i = 0; i < PROCS_SORT_COUNT; i++) {
		if (strcasecmp(text + invert, procs_names[i]) == 0) {
			*o = (struct procs_order){ (enum procs_sort)i, invert };
			return true;
		}
	}
	return false;
}
