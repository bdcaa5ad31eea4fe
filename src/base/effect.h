/* SPDX-License-Identifier: MIT */
/*
 * What an operation can do to others, at most. Data, not prose: confirmation,
 * --read-only, --dry-run, colours, help, manual and audit log read it.
 */
#ifndef BASE_EFFECT_H
#define BASE_EFFECT_H

#include <stdbool.h>

/* Ordered: a later one is worse, except for the first and the last. */
enum effect {
	EFFECT_UNSTATED, /* a cell that somebody forgot: a test fails       */
	EFFECT_NONE,     /* nobody can notice                               */
	EFFECT_HOLD,     /* we own a duplicate: delays EOF, FIN, close, free */
	EFFECT_SHARED,   /* changes the open file description for all holders */
	EFFECT_CONSUME,  /* takes data that the target would have received  */
	EFFECT_ALTER,    /* sends or changes data, or a connection          */
	EFFECT_STOP,     /* a signal, a pause, a system call run in the target */
	EFFECT_REFUSED,  /* this kind cannot do that; the words say why     */
};

const char *effect_name(enum effect e);  /* "hold" */
const char *effect_tag(enum effect e);   /* what a label says: "takes", "stops" */
const char *effect_means(enum effect e); /* a sentence for help and manual */

#endif
