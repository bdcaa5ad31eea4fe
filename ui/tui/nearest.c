/* SPDX-License-Identifier: MIT */
#include "ui/tui/nearest.h"

#include <ctype.h>
#include <string.h>

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* How many letters must be added, taken or changed (Levenshtein). */
static unsigned distance(const char *a, size_t an, const char *b, size_t bn)
{
	unsigned row[NEAREST_MAX + 1];

	for (size_t j = 0; j <= bn; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= an; i++) {
		unsigned corner = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= bn; j++) {
			bool same = tolower((unsigned char)a[i - 1]) ==
				    tolower((unsigned char)b[j - 1]);
			unsigned above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1, corner + !same);
			corner = above;
		}
	}
	return row[bn];
}

void nearest_init(struct nearest *n, const char *word, size_t len)
{
	/* A third of the letters may be wrong, and never more than three. */
	unsigned most = len < 9 ? (unsigned)(len + 2) / 3 : 3;

	*n = (struct nearest){ .word = word, .len = len, .distance = most + 1 };
}

void nearest_offer(struct nearest *n, const char *candidate)
{
	size_t len = strlen(candidate);
	unsigned d;

	if (n->len > NEAREST_MAX || len > NEAREST_MAX)
		return;
	d = distance(n->word, n->len, candidate, len);
	if (d >= n->distance)
		return;
	n->distance = d;
	n->best = candidate;
}
