/* SPDX-License-Identifier: MIT */
#include "ui/cli/sums.h"

#include <ctype.h>
#include <string.h>

#include "src/base/json.h"

/* sha256sum(1): a line that begins with a backslash has \\, \n and \r escaped in its name. */
static void add_name(struct buf *out, const char *name)
{
	for (; *name; name++) {
		switch (*name) {
		case '\\':
			buf_adds(out, "\\\\");
			break;
		case '\n':
			buf_adds(out, "\\n");
			break;
		case '\r':
			buf_adds(out, "\\r");
			break;
		default:
			buf_addc(out, *name);
		}
	}
}

static void add_path(struct buf *out, const char *folder, const char *name)
{
	if (folder) {
		add_name(out, folder);
		if (folder[strlen(folder) - 1] != '/')
			buf_addc(out, '/');
	}
	add_name(out, name);
}

void sums_lines(struct buf *out, const struct hash_result *hash, const char *folder,
		const char *name)
{
	bool escaped = strpbrk(name, "\\\n\r") || (folder && strpbrk(folder, "\\\n\r"));

	for (int i = 0; i < HASH_COUNT; i++) {
		if (!hash->hex[i][0])
			continue;
		if (escaped)
			buf_addc(out, '\\');
		if (i == HASH_SHA256) {
			buf_addf(out, "%s  ", hash->hex[i]);
			add_path(out, folder, name);
			buf_addc(out, '\n');
			continue;
		}
		for (const char *c = hash_name((enum hash_kind)i); *c; c++)
			buf_addc(out, (char)toupper((unsigned char)*c));
		buf_adds(out, " (");
		add_path(out, folder, name);
		buf_addf(out, ") = %s\n", hash->hex[i]);
	}
}

void sums_skipped(struct buf *out, const char *label, const char *kind, const char *why)
{
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	json_str(&j, "desc", label);
	json_bool(&j, "skipped", true);
	json_str(&j, "kind", kind);
	json_str(&j, "why", why);
	json_end_object(&j);
	json_line(&j);
}

void sums_record(struct buf *out, const char *label, const struct dump_result *r)
{
	struct facts_json facts;
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	json_str(&j, "desc", label);
	facts_json_init(&facts, &j);
	dump_facts(r, &facts.sink);
	json_end_object(&j);
	json_line(&j);
}
