/* SPDX-License-Identifier: MIT */
/* Sink: a flat list of "name.0.name" facts. */
#include "src/kind/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool flat_wants(const struct facts *sink, const char *name)
{
	const struct facts_flat *s = (const struct facts_flat *)sink;
	size_t n = strlen(name);

	/* What is inside a list or an object was asked for as a whole. */
	return !s->only || s->depth ||
	       (strncmp(s->only, name, n) == 0 && (!s->only[n] || s->only[n] == '.'));
}

/* Append ".name", or ".3" inside a list; returns the length to go back to. */
static size_t path_push(struct facts_flat *s, const char *name)
{
	size_t len = strlen(s->path);
	const char *dot = len ? "." : "";

	if (name)
		snprintf(s->path + len, sizeof(s->path) - len, "%s%s", dot, name);
	else
		snprintf(s->path + len, sizeof(s->path) - len, "%s%u", dot,
			 s->index[s->depth & 15]++);
	return len;
}

static void flat_value(struct facts *sink, const struct fact *fact)
{
	struct facts_flat *s = (struct facts_flat *)sink;
	size_t back = path_push(s, fact->name);
	struct fact *copy;

	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 32;
		s->at = xreallocarray(s->at, s->cap, sizeof(*s->at));
	}
	copy = &s->at[s->n++];
	*copy = *fact;
	copy->name = arena_copy(&s->arena, s->path, strlen(s->path));
	if (fact->text)
		copy->text = arena_copy(&s->arena, fact->text, fact->len);
	s->path[back] = '\0';
}

static void flat_open(struct facts *sink, const char *name, bool list)
{
	struct facts_flat *s = (struct facts_flat *)sink;

	(void)list;
	path_push(s, name);
	s->depth++;
	s->index[s->depth & 15] = 0;
}

static void flat_close(struct facts *sink, bool list)
{
	struct facts_flat *s = (struct facts_flat *)sink;
	char *dot = strrchr(s->path, '.');

	s->depth--;
	if (dot)
		*dot = '\0';
	else
		s->path[0] = '\0';
	(void)list;
}

void facts_flat_init(struct facts_flat *s, const char *only)
{
	static const struct facts_ops ops = {
		.wants = flat_wants,
		.value = flat_value,
		.open = flat_open,
		.close = flat_close,
	};

	*s = (struct facts_flat){ .sink = { &ops }, .only = only };
}

void facts_flat_reset(struct facts_flat *s)
{
	arena_reset(&s->arena);
	s->n = 0;
	s->depth = 0;
	s->path[0] = '\0';
}

void facts_flat_release(struct facts_flat *s)
{
	arena_release(&s->arena);
	free(s->at);
	s->at = NULL;
	s->n = s->cap = 0;
}

const struct fact *facts_flat_find(const struct facts_flat *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->at[i].name, name) == 0)
			return &s->at[i];
	return NULL;
}
