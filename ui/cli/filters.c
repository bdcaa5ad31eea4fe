/* SPDX-License-Identifier: MIT */
#include "ui/cli/filters.h"

#include <string.h>

#define AROUND 30 /* bytes of a long text that are shown on each side */

static size_t next_character(const char *text, size_t at)
{
	while (((unsigned char)text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

/* A caret under the fault, below the text that has it, or what is near of a long one. */
static void complain(struct cli *cli, const char *text, const struct filter_error *err)
{
	autobuf line = BUF_INIT;
	size_t from = 0, to = strlen(text), cells;
	bool is_long = to > 2 * AROUND + 10;

	if (is_long && err->at > AROUND)
		from = next_character(text, err->at - AROUND);
	if (is_long && to - err->at > AROUND)
		to = next_character(text, err->at + AROUND);
	buf_adds(&line, from ? "... " : "");
	text_display(&line, text + from, err->at - from, cli->text);
	cells = text_width(buf_str(&line), line.len);
	text_display(&line, text + err->at, to - err->at, cli->text);
	buf_adds(&line, text[to] ? " ..." : "");
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
