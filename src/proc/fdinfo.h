/* SPDX-License-Identifier: MIT */
/*
 * The one parser of /proc/PID/fdinfo/N. Four lines are common to all kinds
 * (pos, flags, mnt_id, and ino since Linux 5.14); what follows belongs to the
 * kind, is kept as it is, and is read by the functions below. Nothing here
 * allocates: results point into the caller's text.
 */
#ifndef PROC_FDINFO_H
#define PROC_FDINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fdinfo {
	uint64_t pos;
	uint32_t flags; /* as in open(2), with O_CLOEXEC */
	uint32_t mnt_id;
	uint64_t ino;
	bool has_flags, has_mnt_id, has_ino;
	const char *rest; /* the kind's own lines, verbatim */
	size_t rest_len;
};

/* Returns 0, or -EINVAL if pos and flags are not there. */
int fdinfo_parse(struct fdinfo *fi, const char *text, size_t len);

/*
 * One line of `rest`. "eventfd-count:  2" has the key "eventfd-count"; a line
 * that opens with a bare word, such as "inotify wd:1 ino:2", has that as key.
 * value is what follows, without leading blanks.
 */
struct fdinfo_line {
	const char *key, *value;
	size_t key_len, value_len;
};

/* Step through the lines: *at starts at rest. False at the end. */
bool fdinfo_next(const char **at, const char *end, struct fdinfo_line *line);
bool fdinfo_key_is(const struct fdinfo_line *line, const char *key);

/* The first line with that key. */
bool fdinfo_find(const char *rest, size_t len, const char *key, struct fdinfo_line *line);

/* A number in the line with that key; base 0 reads 0x and leading 0 as C does. */
bool fdinfo_u64(const char *rest, size_t len, const char *key, int base, uint64_t *v);

/*
 * A named field inside a line: "events" in "tfd: 7 events: 19 data: 7".
 * The line's own key counts as a field too. Number, or word up to a blank.
 */
bool fdinfo_field_u64(const struct fdinfo_line *line, const char *field, int base, uint64_t *v);
bool fdinfo_field_word(const struct fdinfo_line *line, const char *field, const char **word,
		       size_t *len);

#endif
