/* SPDX-License-Identifier: MIT */
/* "did you mean": of many words the one that a wrong one was most likely meant to be. */
#ifndef TUI_NEAREST_H
#define TUI_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

#define NEAREST_MAX 40 /* bytes of a word that is looked at; longer ones resemble nothing */

struct nearest {
	const char *word; /* the wrong one; len bytes */
	size_t len;
	const char *best; /* NULL: nothing resembles it */
	unsigned distance;
};

void nearest_init(struct nearest *n, const char *word, size_t len);
/* candidate must outlive n. Case does not matter. */
void nearest_offer(struct nearest *n, const char *candidate);

#endif
