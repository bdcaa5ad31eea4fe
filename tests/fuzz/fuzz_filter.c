/* SPDX-License-Identifier: MIT */
/*
 * A filter as somebody types it: it compiles or says where it is wrong, and
 * what compiles can be asked of rows. A filter and its negation never both pass.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/survey/filter.h"
#include "tests/unit/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(const struct filter_error *error, size_t len)
{
	if (error->at > len || error->at + error->len > len || !error->words[0])
		abort();
}

static void check_match(const char *text, const struct filter *f, struct picture *pic)
{
	size_t len = strlen(text);
	char *negated = malloc(len + 4);
	struct filter_error error;
	struct columns columns;
	struct filter *not_f;

	negated[0] = '!';
	negated[1] = '(';
	memcpy(negated + 2, text, len);
	memcpy(negated + 2 + len, ")", 2);
	columns_init(&columns, &pic->s, TEXT_UTF8);
	/* Parentheses nest only so deep. */
	if (filter_compile(&not_f, negated, &error) == 0) {
		for (uint32_t i = 0; i < pic->proc[0].n_rows; i++) {
			const struct fdent *e = &pic->proc[0].rows[i];

			if (filter_match(f, &columns, e) == filter_match(not_f, &columns, e))
				abort();
		}
		filter_unseen(f);
		filter_free(not_f);
	}
	columns_release(&columns);
	free(negated);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct picture pic = { 0 };
	struct filter_error error;
	struct filter *f;
	char *text;

	/* glibc's regcomp takes exponential time and memory for some long ones. */
	if (size > 200)
		return 0;
	text = calloc(size + 1, 1);
	if (size)
		memcpy(text, data, size);
	picture_add(&pic, 4121, 4);
	if (filter_compile(&f, text, &error) < 0) {
		check_error(&error, strlen(text));
	} else {
		if (text[strspn(text, " \t\n\v\f\r")])
			check_match(text, f, &pic);
		filter_free(f);
	}
	picture_release(&pic);
	free(text);
	return 0;
}
