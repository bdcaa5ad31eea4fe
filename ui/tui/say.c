/* SPDX-License-Identifier: MIT */
/* The message line, and how failures read there. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/tui/app.h"

void say(struct app *a, enum role role, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) >= 0) {
		buf_reset(&a->message);
		buf_adds(&a->message, s);
		free(s);
	}
	va_end(ap);
	a->message_role = role;
	a->message_ms = a->now;
	a->dirty = true;
}

void fail_sentence(struct buf *out, const struct fail *f, enum text_mode mode)
{
	if (*f->on) {
		text_display(out, f->on, strlen(f->on), mode);
		buf_adds(out, ": ");
	}
	if (*f->call)
		buf_addf(out, "%s: %s", f->call, f->err ? fail_errno_name(f->err) : "");
	if (*f->why) {
		buf_adds(out, *f->call ? ", " : "");
		text_display(out, f->why, strlen(f->why), mode);
	} else if (f->err) {
		buf_addf(out, " (%s)", strerrordesc_np(f->err) ? strerrordesc_np(f->err) : "?");
	}
	if (*f->advice) {
		buf_adds(out, "; ");
		text_display(out, f->advice, strlen(f->advice), mode);
	}
}

void say_fail(struct app *a, const struct fail *f)
{
	autobuf b = BUF_INIT;

	fail_sentence(&b, f, a->mode);
	say(a, ROLE_ERROR, "%s", buf_str(&b));
}

void add_text(struct app *a, struct buf *out, const char *s, size_t len)
{
	text_display(out, s, len, a->mode);
}

void add_quoted(struct buf *out, const char *s)
{
	buf_addc(out, '\'');
	for (; *s; s++)
		buf_adds(out, *s == '\'' ? "'\\''" : (char[]){ *s, '\0' });
	buf_addc(out, '\'');
}

void add_duration(struct buf *out, uint64_t ms)
{
	uint64_t s = ms / 1000;

	if (s < 60)
		buf_addf(out, "%us", (unsigned)s);
	else if (s < 3600)
		buf_addf(out, "%um", (unsigned)(s / 60));
	else if (s < 86400)
		buf_addf(out, "%uh", (unsigned)(s / 3600));
	else
		buf_addf(out, "%ud", (unsigned)(s / 86400));
}

bool allowed(struct app *a, enum effect e)
{
	if (!a->opts->read_only || e <= EFFECT_NONE)
		return true;
	say(a, ROLE_WARNING, "LOOK mode (--read-only): refused, because its effect is \"%s\": %s",
	    effect_name(e), effect_means(e));
	return false;
}

void arm(struct app *a)
{
	a->armed = true;
}
