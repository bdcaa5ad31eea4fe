/* SPDX-License-Identifier: MIT */
/*
 * All text that comes from a target is hostile bytes: names of files, commands
 * and sockets. These functions are the only way from such bytes to a terminal
 * or a log.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "src/base/buf.h"

/*
 * Decode one UTF-8 character of s[0..len). Returns its length, 1 to 4, or 0 if
 * the bytes are no well-formed UTF-8 (overlong, surrogate, above U+10FFFF,
 * truncated) or len is 0.
 */
size_t text_utf8_decode(const char *s, size_t len, uint32_t *cp);
bool text_is_utf8(const char *s, size_t len);

/*
 * True for what must never reach a terminal as it is: C0, DEL, C1, line and
 * paragraph separators, bidirectional controls, zero-width and tag characters,
 * non-characters and private use.
 */
bool text_cp_is_hostile(uint32_t cp);

enum text_mode {
	TEXT_UTF8,  /* printable UTF-8 stays */
	TEXT_ASCII, /* everything beyond ASCII is escaped too: locale C, --ascii */
	/*
	 * As text_mode_of_locale() says, asked when there is a character beyond ASCII: to
	 * set a locale takes longer than to list a small process.
	 */
	TEXT_LOCALE,
};

/*
 * Append a display form of s[0..len): what is harmless stays, a backslash is
 * doubled, the rest becomes \n \t \r \e \xHH (a byte) or \u{HHHH} (a
 * character). Unambiguous, one line, never longer than 10 bytes a byte.
 */
void text_display(struct buf *out, const char *s, size_t len, enum text_mode mode);

/* The same for a C string, as a new string to be freed by the caller. */
char *text_display_new(const char *s, enum text_mode mode);

/*
 * Cells that display text (the output of text_display) takes on a terminal,
 * and the longest prefix, in bytes, that fits into `cells` cells.
 */
size_t text_width(const char *s, size_t len);
size_t text_fit(const char *s, size_t len, size_t cells, size_t *used_cells);

/*
 * Mode for the locale of the environment: TEXT_UTF8 only where its codeset is UTF-8. Sets
 * LC_CTYPE of the whole process by it (setlocale(3)), so the first call must be over before
 * other threads begin to show text.
 */
enum text_mode text_mode_of_locale(void);

void text_base64(struct buf *out, const void *p, size_t len);

/*
 * A component for a file name made of hostile bytes: no '/', no control, no
 * leading '.' or '-', never empty, at most `max` bytes (>= 8), cut at a
 * character. What is not in [A-Za-z0-9._+=@,-] or printable UTF-8 becomes '_'.
 */
void text_file_name(struct buf *out, const char *s, size_t len, size_t max);

/* "1536" -> "1.5K"; exact below 1024. */
void text_size(struct buf *out, uint64_t bytes);

/*
 * Parse a size: digits with an optional suffix K M G T P E (powers of 1024; an
 * "iB" or "B" may follow). Returns 0, or -EINVAL, or -ERANGE.
 */
int text_parse_size(const char *s, uint64_t *bytes);

/* All of s is a decimal number in [min, max]. Returns 0, -EINVAL or -ERANGE. */
int text_parse_int(const char *s, int64_t min, int64_t max, int64_t *value);

#endif
