/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/alloc.h"
#include "src/proc/target.h"

static int bad_desc(struct fail *f, const char *text, const char *why)
{
	fail_set(f, EINVAL, "", "descriptor \"%s\"", text);
	fail_class(f, FAIL_USAGE);
	fail_why(f, "%s", why);
	fail_advice(f, "write TARGET:FD[,FD-FD...], TARGET:*, TARGET:exe, :cwd, :root, or hN "
		       "for a held one");
	return -EINVAL;
}

static void add(struct desc_list *list, const struct desc *d)
{
	list->at = xreallocarray(list->at, list->n + 1, sizeof(*list->at));
	list->at[list->n++] = *d;
}

/* A descriptor number at *s, moved behind it; -1 if there is none. */
static int take_fd(const char **s)
{
	const char *from = *s;
	long v = 0;

	for (; **s >= '0' && **s <= '9'; (*s)++) {
		v = v * 10 + (**s - '0');
		if (v > INT_MAX)
			return -1;
	}
	return *s > from ? (int)v : -1;
}

static int parse_numbers(struct desc_list *list, struct desc *d, const char *s, const char *text,
			 struct fail *f)
{
	d->what = DESC_FD;
	for (;;) {
		d->first = d->last = take_fd(&s);
		if (d->first < 0)
			return bad_desc(f, text, "a descriptor is a number from 0 to 2147483647");
		if (*s == '-') {
			s++;
			d->last = take_fd(&s);
		}
		if (d->last < d->first)
			return bad_desc(f, text, "a range is FIRST-LAST, the smaller number first");
		add(list, d);
		if (!*s)
			return 0;
		if (*s++ != ',')
			return bad_desc(f, text, "numbers are parted by commas");
	}
}

static bool parse_word(struct desc *d, const char *word)
{
	static const struct {
		const char *word;
		enum desc_what what;
	} words[] = {
		{ "*", DESC_ALL },
		{ "exe", DESC_EXE },
		{ "cwd", DESC_CWD },
		{ "root", DESC_ROOT },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i].word) != 0)
			continue;
		d->what = words[i].what;
		return true;
	}
	return false;
}

static bool parse_held(struct desc *d, const char *text)
{
	const char *s = text + 1;

	if (text[0] != 'h')
		return false;
	d->what = DESC_HELD;
	d->first = d->last = take_fd(&s);
	return d->first > 0 && !*s;
}

int desc_parse(struct desc_list *list, const char *text, struct fail *f)
{
	struct desc d = { .first = -1, .last = -1 };
	/* The last colon: a =NAME may hold one itself. */
	const char *colon = strrchr(text, ':');
	int r;

	if (!colon) {
		if (!parse_held(&d, text))
			return bad_desc(f, text, "there is no ':' between target and descriptor");
		add(list, &d);
		return 0;
	}
	r = target_name_parse(&d.target, text, (size_t)(colon - text), f);
	if (r < 0)
		return r;
	if (!parse_word(&d, colon + 1))
		return parse_numbers(list, &d, colon + 1, text, f);
	add(list, &d);
	return 0;
}

void desc_list_release(struct desc_list *list)
{
	free(list->at);
	*list = (struct desc_list){ 0 };
}
