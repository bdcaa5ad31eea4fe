/* SPDX-License-Identifier: MIT */
/* One line made of facts by a template. */
#include "src/kind/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many elements the list has: NAME.0, NAME.1, ... */
static uint64_t list_count(const struct facts_flat *facts, const char *name)
{
	size_t len = strlen(name);
	uint64_t count = 0;

	for (size_t i = 0; i < facts->n; i++) {
		const char *at = facts->at[i].name;
		uint64_t index;

		if (strncmp(at, name, len) != 0 || at[len] != '.')
			continue;
		index = strtoull(at + len + 1, NULL, 10) + 1;
		count = index > count ? index : count;
	}
	return count;
}

static bool is_set(const struct fact *fact)
{
	switch (fact->type) {
	case FACT_FAIL:
	case FACT_NULL:
		return false;
	case FACT_BOOL:
		return fact->yes;
	case FACT_TEXT:
	case FACT_BYTES:
		return fact->len > 0;
	default:
		return fact->u64 != 0;
	}
}

/* What stands between the braces. */
struct word_spec {
	char name[64];
	char mode; /* '!', '?', '~', '#', or NUL */
	const char *cut;
	size_t cut_len;
};

static void word_parse(struct word_spec *w, const char *word, size_t len)
{
	const char *cut = memchr(word, '-', len);

	*w = (struct word_spec){ .cut = cut ? cut + 1 : NULL };
	if (cut) {
		w->cut_len = len - (size_t)(cut + 1 - word);
		len = (size_t)(cut - word);
	}
	if (len && strchr("!?~#", word[len - 1]))
		w->mode = word[--len];
	snprintf(w->name, sizeof(w->name), "%.*s", (int)len, word);
}

static void show_value(struct buf *out, const struct fact *fact, const struct word_spec *w,
		       enum text_mode mode)
{
	size_t from = out->len;

	fact_display(out, fact, mode);
	if (!w->cut)
		return;
	if (out->len - from >= w->cut_len && memcmp(out->data + from, w->cut, w->cut_len) == 0) {
		out->len -= w->cut_len;
		memmove(out->data + from, out->data + from + w->cut_len, out->len - from + 1);
	}
	for (char *s = out->data + from; *s; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s += 'a' - 'A';
}

/* "watches.12.tfd" against "watches.*.tfd" */
static bool path_matches(const char *path, const char *pattern)
{
	for (; *pattern; pattern++) {
		if (*pattern != '*') {
			if (*path++ != *pattern)
				return false;
			continue;
		}
		while (*path >= '0' && *path <= '9')
			path++;
	}
	return *path == '\0';
}

/* Of many the first three and the last: "6, 7, 11 .. 29". */
static bool show_list(struct buf *out, const struct facts_flat *facts, const struct word_spec *w,
		      enum text_mode mode)
{
	enum { SHOWN = 3 };
	const struct fact *last = NULL;
	size_t n = 0;

	for (size_t i = 0; i < facts->n; i++) {
		if (!path_matches(facts->at[i].name, w->name))
			continue;
		if (n < SHOWN) {
			buf_adds(out, n ? ", " : "");
			show_value(out, &facts->at[i], w, mode);
		}
		last = &facts->at[i];
		n++;
	}
	if (n > SHOWN) {
		buf_adds(out, n == SHOWN + 1 ? ", " : " .. ");
		show_value(out, last, w, mode);
	}
	return n > 0;
}

/* Expand what stands in the braces; true if it is there and says something. */
static bool expand(struct buf *out, const char *word, size_t len, const struct facts_flat *facts,
		   enum text_mode mode)
{
	const struct fact *fact;
	struct word_spec w;

	word_parse(&w, word, len);
	if (w.mode == '#') {
		uint64_t n = list_count(facts, w.name);

		buf_addu(out, n);
		return n > 0;
	}
	if (strchr(w.name, '*'))
		return show_list(out, facts, &w, mode);
	fact = facts_flat_find(facts, w.name);
	if (w.mode == '~')
		return !fact || !is_set(fact);
	if (fact && w.mode != '?')
		show_value(out, fact, &w, mode);
	return fact && ((w.mode == '!' && fact->type != FACT_FAIL && fact->type != FACT_NULL) ||
			is_set(fact));
}

void facts_brief(struct buf *out, const char *tmpl, const struct facts_flat *facts,
		 enum text_mode mode)
{
	size_t group_start = 0, start = out->len, skip;
	bool in_group = false, group_ok = true;

	for (const char *t = tmpl; *t; t++) {
		if (*t == '[') {
			in_group = group_ok = true;
			group_start = out->len;
		} else if (*t == ']' && in_group) {
			if (!group_ok && out->data) {
				out->len = group_start;
				out->data[out->len] = '\0';
			}
			in_group = false;
		} else if (*t == '{') {
			const char *end = strchr(t, '}');

			if (!end)
				return;
			group_ok &= expand(out, t + 1, (size_t)(end - t - 1), facts, mode);
			t = end;
		} else {
			buf_addc(out, *t);
		}
	}
	/* What stood before a separator was not there. */
	skip = out->len > start ? strspn(out->data + start, ", ") : 0;
	if (skip) {
		out->len -= skip;
		memmove(out->data + start, out->data + start + skip, out->len - start + 1);
	}
}
