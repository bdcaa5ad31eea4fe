/* SPDX-License-Identifier: MIT */
/*
 * Failure is data. A function of the library returns -errno, and a caller that
 * wants to tell a person about it passes a struct fail, which keeps which call
 * failed, on what, why, and what might help. The library never prints it: the
 * interface makes the sentence.
 */
#ifndef BASE_FAIL_H
#define BASE_FAIL_H

#include <stddef.h>

/* Decides the exit status of a command; see "Exit status" in the manual. */
enum fail_class {
	FAIL_OTHER,      /* 1 */
	FAIL_USAGE,      /* 2: wrong words, or refused by --read-only */
	FAIL_PERMISSION, /* 3 */
	FAIL_GONE,       /* 4: target or descriptor gone, or never there */
	FAIL_OUTPUT,     /* 5: what was asked for could not be written */
};

struct fail {
	int err;               /* errno, positive; 0: nothing failed */
	enum fail_class class; /* by errno unless fail_class() said otherwise */
	char call[32];         /* the system call that failed; empty: none, on and why say it all */
	char on[256];          /* on what: raw bytes, sanitise before printing */
	char why[384];         /* the reason, if more is known than strerror() */
	char advice[256];      /* what to try; empty: nothing known */
};

/*
 * Record a failure and return -err. `on` is a printf format. f may be NULL.
 * An earlier failure in *f is overwritten: clear it only by fail_clear().
 * The class follows from err: EPERM and EACCES are permission, ESRCH and
 * EBADF are gone, ENOSPC, EDQUOT and EFBIG are output; everything else is
 * FAIL_OTHER.
 */
int fail_set(struct fail *f, int err, const char *call, const char *on, ...)
	__attribute__((format(printf, 4, 5)));

/* Add what is known beyond strerror(err). f may be NULL. */
void fail_why(struct fail *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void fail_advice(struct fail *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void fail_class(struct fail *f, enum fail_class class);

void fail_clear(struct fail *f);

/* The exit status that DESIGN gives to this class. */
int fail_status(const struct fail *f);

/* "EACCES" for 13: the constant's name, "E?" for a number without one. */
const char *fail_errno_name(int err);

#endif
