/* SPDX-License-Identifier: MIT */
#include "src/kind/facts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "src/base/fail.h"

bool facts_wants(const struct facts *sink, const char *name)
{
	return !sink->ops->wants || sink->ops->wants(sink, name);
}

static void number(struct facts *sink, const char *name, enum fact_type type, uint64_t v)
{
	sink->ops->value(sink, &(struct fact){ .name = name, .type = type, .u64 = v });
}

void fact_u64(struct facts *sink, const char *name, uint64_t v)
{
	number(sink, name, FACT_U64, v);
}

void fact_i64(struct facts *sink, const char *name, int64_t v)
{
	sink->ops->value(sink, &(struct fact){ .name = name, .type = FACT_I64, .i64 = v });
}

void fact_size(struct facts *sink, const char *name, uint64_t bytes)
{
	number(sink, name, FACT_SIZE, bytes);
}

void fact_hex(struct facts *sink, const char *name, uint64_t v)
{
	number(sink, name, FACT_HEX, v);
}

void fact_octal(struct facts *sink, const char *name, uint64_t v)
{
	number(sink, name, FACT_OCTAL, v);
}

void fact_ns(struct facts *sink, const char *name, uint64_t ns)
{
	number(sink, name, FACT_NS, ns);
}

void fact_time(struct facts *sink, const char *name, int64_t ns)
{
	sink->ops->value(sink, &(struct fact){ .name = name, .type = FACT_TIME, .i64 = ns });
}

void fact_bool(struct facts *sink, const char *name, bool v)
{
	sink->ops->value(sink, &(struct fact){ .name = name, .type = FACT_BOOL, .yes = v });
}

static void text(struct facts *sink, const char *name, enum fact_type type, const char *s, size_t n)
{
	sink->ops->value(sink, &(struct fact){ .name = name, .type = type, .text = s, .len = n });
}

void fact_text(struct facts *sink, const char *name, const char *s)
{
	text(sink, name, FACT_TEXT, s, strlen(s));
}

void fact_bytes(struct facts *sink, const char *name, const char *bytes, size_t len)
{
	text(sink, name, FACT_BYTES, bytes, len);
}

void fact_fail(struct facts *sink, const char *name, const char *call, int err)
{
	sink->ops->value(sink, &(struct fact){ .name = name,
					       .type = FACT_FAIL,
					       .err = err,
					       .text = call,
					       .len = strlen(call) });
}

void fact_null(struct facts *sink, const char *name)
{
	sink->ops->value(sink, &(struct fact){ .name = name, .type = FACT_NULL });
}

void fact_list(struct facts *sink, const char *name)
{
	sink->ops->open(sink, name, true);
}

void fact_end_list(struct facts *sink)
{
	sink->ops->close(sink, true);
}

void fact_object(struct facts *sink, const char *name)
{
	sink->ops->open(sink, name, false);
}

void fact_end_object(struct facts *sink)
{
	sink->ops->close(sink, false);
}

static void display_time(struct buf *out, int64_t ns)
{
	time_t sec = (time_t)(ns / 1000000000);
	struct tm tm;
	char s[32];

	if (localtime_r(&sec, &tm) && strftime(s, sizeof(s), "%Y-%m-%d %H:%M:%S", &tm))
		buf_adds(out, s);
}

static void display_ns(struct buf *out, uint64_t ns)
{
	static const struct {
		uint64_t unit;
		const char *name;
	} units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" }, { 1, "ns" } };
	const uint64_t second = 1000000000, day = 86400 * second;
	size_t i = 0;

	/* "7.2e+03s" is no time of day. */
	if (ns >= 4 * day) {
		buf_addf(out, "%" PRIu64 "d", ns / day);
		return;
	}
	if (ns >= 1000 * second) {
		buf_addf(out, "%" PRIu64 "s", ns / second);
		return;
	}
	while (i < 3 && ns < units[i].unit)
		i++;
	if (ns % units[i].unit == 0)
		buf_addf(out, "%" PRIu64 "%s", ns / units[i].unit, units[i].name);
	else
		buf_addf(out, "%.3g%s", (double)ns / (double)units[i].unit, units[i].name);
}

void fact_display(struct buf *out, const struct fact *fact, enum text_mode mode)
{
	switch (fact->type) {
	case FACT_U64:
		buf_addu(out, fact->u64);
		break;
	case FACT_I64:
		buf_addf(out, "%" PRId64, fact->i64);
		break;
	case FACT_SIZE:
		text_size(out, fact->u64);
		break;
	case FACT_HEX:
		buf_addf(out, "0x%" PRIx64, fact->u64);
		break;
	case FACT_OCTAL:
		buf_addf(out, "0%" PRIo64, fact->u64);
		break;
	case FACT_NS:
		display_ns(out, fact->u64);
		break;
	case FACT_TIME:
		display_time(out, fact->i64);
		break;
	case FACT_BOOL:
		buf_adds(out, fact->yes ? "yes" : "no");
		break;
	case FACT_TEXT:
	case FACT_BYTES:
		text_display(out, fact->text, fact->len, mode);
		break;
	case FACT_FAIL:
		buf_addf(out, "%s from %s", fail_errno_name(fact->err), fact->text);
		break;
	case FACT_NULL:
		break;
	}
}
