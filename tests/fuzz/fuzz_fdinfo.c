/* SPDX-License-Identifier: MIT */
/*
 * Input: link text, a newline, then a whole fdinfo file. It is parsed, its
 * record goes to every kind, matching or not, and their facts to both sinks
 * and the brief line.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "src/kind/kind.h"
#include "src/proc/fdinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Types of inode, with the devices that kinds look for. */
static const struct {
	mode_t mode;
	unsigned major, minor;
} inodes[] = {
	{ S_IFREG | 0644, 0, 0 },
	{ 0600, 0, 0 },
	{ S_IFIFO | 0600, 0, 0 },
	{ S_IFSOCK | 0777, 0, 0 },
	{ S_IFCHR | 0600, 5, 2 },
	{ S_IFCHR | 0600, 10, 200 },
	{ S_IFCHR | 0600, 136, 4 },
	{ S_IFCHR | 0600, 10, 232 },
	{ 0, 0, 0 },
};

static void emit(const struct fdent *e)
{
	static const struct kind_ctx ctx = { .procfs = -1, .grab = -1 };
	autobuf text = BUF_INIT;
	struct facts_flat flat;
	struct facts_json sink;
	struct json j;

	json_init(&j, &text);
	json_object(&j, NULL);
	facts_json_init(&sink, &j);
	kind_facts(e, &ctx, &sink.sink);
	json_end_object(&j);
	if (!text_is_utf8(text.data, text.len))
		abort();
	facts_flat_init(&flat, NULL);
	kind_facts(e, &ctx, &flat.sink);
	buf_reset(&text);
	if (e->kind->brief)
		facts_brief(&text, e->kind->brief, &flat, TEXT_ASCII);
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < ' ' || text.data[i] == 0x7f)
			abort();
	facts_flat_release(&flat);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *nl = size ? memchr(data, '\n', size) : NULL;
	struct fdent e = { .fd = 5, .assoc = ASSOC_FD };
	struct fdinfo fi;
	char *name, *text;
	size_t len;

	if (!nl)
		return 0;
	/* Copies that end where they end: what reads beyond is found. */
	e.name_len = (uint32_t)(nl - (const char *)data);
	len = size - e.name_len - 1;
	name = malloc(e.name_len + 1u);
	memcpy(name, data, e.name_len);
	name[e.name_len] = '\0';
	text = malloc(len ? len : 1);
	memcpy(text, nl + 1, len);
	fdinfo_parse(&fi, text, len);
	e.name = name;
	e.flags = fi.flags;
	e.mnt_id = fi.mnt_id;
	e.extra = fi.rest;
	e.extra_len = (uint32_t)fi.rest_len;
	for (size_t i = 0; i < sizeof(inodes) / sizeof(inodes[0]); i++) {
		e.have = HAVE_INFO | (e.name_len ? HAVE_LINK : 0);
		e.have |= inodes[i].mode ? HAVE_STAT | HAVE_INO | HAVE_SIZE : 0;
		e.mode = (uint16_t)inodes[i].mode;
		e.rdev = makedev(inodes[i].major, inodes[i].minor);
		e.kind = kind_of(&e);
		emit(&e);
	}
	free(text);
	free(name);
	return 0;
}
