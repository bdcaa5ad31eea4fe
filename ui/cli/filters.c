/* SPDX-License-Identifier: MIT */
#include "ui/cli/filters.h"

#include <string.h>

/* A caret under the fault, below the text that has it. */
static void complain(struct cli *cli, const char *text, const struct filter_error *err)
{
	autobuf line = BUF_INIT;
	size_t cells;

	text_display(&line, text, err->at, cli->text);
	cells = text_width(buf_str(&line), line.len);
	text_display(&line, text + err->at, strlen(text) - err->at, cli->text);
	cli_message(cli, "the filter is wrong: %s\n  %s\n  %*s^", err->words, buf_str(&line),
		    (int)cells, "");
}

int filters_compile(struct cli *cli, const char *text, struct filter **f)
{
	struct filter_error err;
	int r = filter_compile(f, text, &err);

	if (r < 0)
		complain(cli, text, &err);
	return r;
}
