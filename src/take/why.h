/* SPDX-License-Identifier: MIT */
/*
 * May we take a target's descriptors? The rules of ptrace(2), "Ptrace access
 * mode checking", for PTRACE_MODE_ATTACH_REALCREDS as pidfd_getfd(2) asks it,
 * one by one in the kernel's order, with what both sides have. Then reality:
 * pidfd_getfd(2) of a number that no table reaches is answered EPERM or EBADF, and
 * kcmp(2) asks for READ only. Effect: none; nothing is taken, stopped or read.
 */
#ifndef TAKE_WHY_H
#define TAKE_WHY_H

#include <stdbool.h>
#include <stddef.h>

#include "src/kind/facts.h"
#include "src/proc/target.h"

enum why_result {
	WHY_PASSED,
	WHY_REFUSED,
	WHY_UNKNOWN,  /* its facts may not be read */
	WHY_SKIPPED,  /* an earlier rule has settled it */
	WHY_OVERRULED /* would refuse, but CAP_SYS_PTRACE there overrules it */
};

struct why_rule {
	const char *name; /* "uid": static */
	enum why_result result;
	char facts[192]; /* values of both sides, in words */
	char help[192];  /* what would help; empty if it passed */
};

#define WHY_RULES_MAX 20

struct why {
	struct why_rule at[WHY_RULES_MAX];
	size_t n;
	int refusing; /* index of the first rule that refuses, or -1 */
	bool allowed;
	bool verified; /* allowed is what the kernel said, not what the rules say */
};

/*
 * Walk the rules. Returns 0; w->allowed is the answer. -errno with f only if
 * our own /proc cannot be read.
 */
int why_walk(struct why *w, const struct target *t, int procfs, struct fail *f);

const char *why_result_name(enum why_result r); /* "passed", "refused", ... */

/* allowed, verified, refusing and the list of rules. */
void why_facts(const struct why *w, struct facts *out);

/*
 * f as if pidfd_getfd had been refused by the first refusing rule: reason and
 * advice. False: no rule refuses, f is left alone.
 */
bool why_explain(const struct why *w, struct fail *f);

#endif
