/* SPDX-License-Identifier: MIT */
#include "ui/cli/opts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "src/base/text.h"

static void set_default(const struct opt *o, void *values)
{
	void *at = (char *)values + o->offset;

	switch (o->type) {
	case OPT_FLAG:
		*(bool *)at = false;
		break;
	case OPT_TEXT:
		*(const char **)at = NULL;
		break;
	case OPT_COUNT:
		*(int64_t *)at = -1;
		break;
	case OPT_SIZE:
		*(uint64_t *)at = UINT64_MAX;
		break;
	}
}

static int set_value(const char *verb, const struct opt *o, void *values, const char *text)
{
	void *at = (char *)values + o->offset;
	int r = 0;

	switch (o->type) {
	case OPT_FLAG:
		*(bool *)at = true;
		break;
	case OPT_TEXT:
		*(const char **)at = text;
		break;
	case OPT_COUNT:
		r = text_parse_int(text, 0, INT64_MAX, at);
		break;
	case OPT_SIZE:
		if (strcmp(text, "all") != 0)
			r = text_parse_size(text, at);
		break;
	}
	if (r < 0)
		fprintf(stderr, "filch %s: --%s wants %s, not \"%s\"\n", verb, o->name,
			o->type == OPT_SIZE ? "a size such as 4096, 64K or 1G" : "a number", text);
	return r;
}

static const struct opt *find(const struct opt_set *sets, size_t n, const char *name, size_t len,
			      char letter, void **values)
{
	for (size_t i = 0; i < n; i++) {
		for (const struct opt *o = sets[i].opts; o && o->name; o++) {
			bool same = letter ? o->letter == letter
					   : strlen(o->name) == len &&
						     memcmp(o->name, name, len) == 0;

			if (!same)
				continue;
			*values = sets[i].values;
			return o;
		}
	}
	return NULL;
}

struct parser {
	const char *verb;
	const struct opt_set *sets;
	size_t n_sets;
	int argc, at;
	char **argv;
};

static int complain(const struct parser *p, const char *what, const char *word)
{
	char *safe = text_display_new(word, TEXT_ASCII);

	fprintf(stderr, "filch %s: %s %s; see filch help %s\n", p->verb, what, safe, p->verb);
	__builtin_free(safe);
	return -EINVAL;
}

static int parse_long(struct parser *p, const char *word)
{
	const char *name = word + 2, *eq = strchr(name, '=');
	size_t len = eq ? (size_t)(eq - name) : strlen(name);
	void *values;
	const struct opt *o = find(p->sets, p->n_sets, name, len, 0, &values);

	if (!o)
		return complain(p, "unknown option", word);
	if (o->type == OPT_FLAG)
		return eq ? complain(p, "no value goes with", word)
			  : set_value(p->verb, o, values, NULL);
	if (eq)
		return set_value(p->verb, o, values, eq + 1);
	if (p->at + 1 >= p->argc)
		return complain(p, "a value is missing after", word);
	return set_value(p->verb, o, values, p->argv[++p->at]);
}

static int parse_letters(struct parser *p, const char *word)
{
	for (const char *c = word + 1; *c; c++) {
		void *values;
		const struct opt *o = find(p->sets, p->n_sets, "", 0, *c, &values);

		if (!o)
			return complain(p, "unknown option", word);
		if (o->type == OPT_FLAG) {
			set_value(p->verb, o, values, NULL);
			continue;
		}
		if (c[1])
			return set_value(p->verb, o, values, c + 1);
		if (p->at + 1 >= p->argc)
			return complain(p, "a value is missing after", word);
		return set_value(p->verb, o, values, p->argv[++p->at]);
	}
	return 0;
}

int opts_parse(const char *verb, const struct opt_set *sets, size_t n_sets, int argc, char **argv,
	       int *n_args, int *rest)
{
	struct parser p = { verb, sets, n_sets, argc, 0, argv };
	int r = 0;

	for (size_t i = 0; i < n_sets; i++)
		for (const struct opt *o = sets[i].opts; o && o->name; o++)
			set_default(o, sets[i].values);
	*n_args = 0;
	if (rest)
		*rest = -1;
	for (; p.at < argc && r == 0; p.at++) {
		char *word = argv[p.at];

		if (strcmp(word, "--") == 0) {
			if (rest)
				*rest = p.at + 1;
			else
				while (++p.at < argc)
					argv[(*n_args)++] = argv[p.at];
			break;
		}
		if (strncmp(word, "--", 2) == 0)
			r = parse_long(&p, word);
		else if (word[0] == '-' && word[1] && !(word[1] >= '0' && word[1] <= '9'))
			r = parse_letters(&p, word);
		else
			argv[(*n_args)++] = word;
	}
	return r;
}
