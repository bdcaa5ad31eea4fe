/* SPDX-License-Identifier: MIT */
/* filch peek DESC: what a read would return, without taking it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "src/base/json.h"
#include "src/take/look.h"
#include "ui/cli/aside.h"
#include "ui/cli/cmds.h"
#include "ui/cli/descs.h"

struct peek_values {
	const char *bytes, *queue;
	uint64_t offset;
	bool json, hex;
};

struct show {
	struct cli *cli;
	const struct peek_values *v;
	uint64_t limit;
	bool all, terminal;
	uint64_t hex_at;
};

static const struct opt peek_opts[] = {
	{ "bytes", 'n', OPT_TEXT, offsetof(struct peek_values, bytes), "BYTES|all",
	  "at most so much (64K); all: whatever is there, and every message" },
	{ "offset", 0, OPT_SIZE, offsetof(struct peek_values, offset), "N",
	  "files: from here instead of the current position" },
	{ "queue", 0, OPT_TEXT, offsetof(struct peek_values, queue), "recv|send",
	  "TCP: send shows what the other end has not acknowledged; stops the target for "
	  "that moment" },
	{ "hex", 0, OPT_FLAG, offsetof(struct peek_values, hex), NULL, "as a hex dump" },
	{ "json", 0, OPT_FLAG, offsetof(struct peek_values, json), NULL,
	  "one JSON object a piece or message" },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

static void hex_line(struct buf *out, uint64_t at, const unsigned char *p, size_t n)
{
	buf_addf(out, "%08llx ", (unsigned long long)at);
	for (size_t i = 0; i < 16; i++) {
		if (i == 8)
			buf_addc(out, ' ');
		if (i < n)
			buf_addf(out, " %02x", p[i]);
		else
			buf_adds(out, "   ");
	}
	buf_adds(out, "  |");
	for (size_t i = 0; i < n; i++)
		buf_addc(out, p[i] >= 0x20 && p[i] < 0x7f ? (char)p[i] : '.');
	buf_adds(out, "|\n");
}

static void show_hex(struct show *s, const struct peek_piece *piece)
{
	const unsigned char *p = piece->data;
	uint64_t at = piece->unit == PEEK_BYTES ? piece->offset : 0;

	for (size_t i = 0; i < piece->len; i += 16)
		hex_line(&s->cli->out, at + i, p + i, piece->len - i < 16 ? piece->len - i : 16);
}

static void show_json(struct show *s, const struct peek_piece *piece)
{
	static const char *const units[] = {
		[PEEK_BYTES] = "bytes",
		[PEEK_MESSAGE] = "message",
		[PEEK_ENTRY] = "entry",
		[PEEK_STATE] = "state",
	};
	struct json j;

	json_init(&j, &s->cli->out);
	json_object(&j, NULL);
	json_str(&j, "unit", units[piece->unit]);
	if (piece->unit == PEEK_BYTES)
		json_u64(&j, "offset", piece->offset);
	else
		json_null(&j, "offset");
	json_u64(&j, "len", piece->len);
	json_u64(&j, "full_len", piece->full_len);
	if (piece->sender)
		json_bytes(&j, "sender", piece->sender, piece->sender_len);
	else
		json_null(&j, "sender");
	json_bytes_always(&j, "data", piece->data, piece->len);
	json_end_object(&j);
	json_line(&j);
}

/* A terminal gets no control characters of a target's: lines stay lines. */
static void show_on_terminal(struct show *s, const struct peek_piece *piece)
{
	const char *at = piece->data, *end = at + piece->len;

	while (at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));

		text_display(&s->cli->out, at, (size_t)((eol ? eol : end) - at), s->cli->text);
		if (eol)
			buf_addc(&s->cli->out, '\n');
		at = eol ? eol + 1 : end;
	}
	if (piece->unit == PEEK_MESSAGE && piece->len && end[-1] != '\n')
		buf_addc(&s->cli->out, '\n');
}

static int show_piece(struct peek *p, const struct peek_piece *piece)
{
	struct show *s = p->arg;

	if (s->v->json)
		show_json(s, piece);
	else if (s->v->hex && piece->unit <= PEEK_MESSAGE)
		show_hex(s, piece);
	else if (s->terminal)
		show_on_terminal(s, piece);
	else
		buf_add(&s->cli->out, piece->data, piece->len);
	if (!s->v->json && piece->unit > PEEK_MESSAGE)
		buf_addc(&s->cli->out, '\n');
	cli_flush(s->cli, false);
	return s->cli->out_failed ? -EIO : 0;
}

static void say_missing(struct cli *cli, const struct desc_ref *d, const struct peek *p)
{
	struct fail f;

	if (!p->incomplete)
		return;
	fail_set(&f, 0, "", "%s", d->label);
	fail_why(&f, "not seen: %s", p->missing);
	cli_failed(cli, &f);
}

static int peek_one(struct cli *cli, const struct desc_ref *d, void *arg)
{
	struct show *s = arg;
	struct kind_ctx ctx = survey_ctx(d->survey);
	struct fail f = { 0 };
	struct peek p = {
		.ent = d->ent,
		.ctx = &ctx,
		.limit = s->limit,
		.has_offset = s->v->offset != UINT64_MAX,
		.offset = s->v->offset,
		.send_queue = s->v->queue && strcmp(s->v->queue, "send") == 0,
		.may_move_peek_off = s->all,
		.piece = show_piece,
		.arg = s,
		.fail = &f,
	};
	struct cell c = look_effect(&p);
	int r;

	if (!cli_gate(cli, p.send_queue ? "peek --queue send" : "peek", c.effect, c.words,
		      d->label))
		return 0;
	r = look(&p, d->target);
	cli_audit(cli, p.send_queue ? "peek --queue send" : "peek", c.effect, d->target, d->ent->fd,
		  r < 0 ? &f : NULL);
	if (r < 0 && !cli->out_failed) {
		cli_failed(cli, &f);
		return r;
	}
	cli_done(cli);
	if (p.pause_ns)
		cli_message(cli, "%s: the target stood still for %.1f ms", d->label,
			    (double)p.pause_ns / 1e6);
	if (p.pause_warning)
		cli_message(cli, "%s: %s", d->label, p.pause_warning);
	say_missing(cli, d, &p);
	return 0;
}

struct sweep {
	struct show *show;
	int n;
	char **argv;
};

static int peek_all(struct cli *cli, void *arg)
{
	const struct descs_opts opts = { .want = SURVEY_NET };
	struct sweep *s = arg;

	return descs_each(cli, s->n, s->argv, &opts, peek_one, s->show);
}

static int peek_run(struct cli *cli, const void *values, int n, char **argv)
{
	const struct peek_values *v = values;
	struct show s = { .cli = cli, .v = v, .limit = PEEK_DEFAULT_LIMIT };
	struct sweep sweep = { .show = &s, .n = n, .argv = argv };

	if (v->queue && strcmp(v->queue, "send") != 0 && strcmp(v->queue, "recv") != 0)
		return cli_usage(cli, "--queue is recv or send");
	if (v->bytes && strcmp(v->bytes, "all") == 0) {
		s.limit = PEEK_ALL;
		s.all = true;
	} else if (v->bytes && text_parse_size(v->bytes, &s.limit) < 0) {
		return cli_usage(cli, "-n wants a size such as 4096 or 64K, or all");
	}
	if (!v->json && !descs_is_single(cli, n, argv))
		return cli_status(cli);
	s.terminal = !v->json && isatty(STDOUT_FILENO);
	return descs_has_held(n, argv) ? aside_run(cli, NULL, peek_all, &sweep)
				       : peek_all(cli, &sweep);
}

const struct cmd cmd_peek = {
	.name = "peek",
	.args = "DESC",
	.summary = "look at what a read would return, without taking it",
	.effect = EFFECT_HOLD,
	.about = "A file is shown from its current offset, a stream from its head; of datagrams\n"
		 "and packets the first. Nothing there: no output, status 0. The target's offset,\n"
		 "flags and queues stay as they are, and it is not stopped. What could not be\n"
		 "seen is said on standard error, and the status is 1.\n\n"
		 "With -n all, messages behind the first are seen by moving SO_PEEK_OFF of the\n"
		 "socket for moments (effect: shared).",
	.opts = peek_opts,
	.values_size = sizeof(struct peek_values),
	.run = peek_run,
};
