/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "src/evidence/elf_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_bytes(const struct elf_info *info, struct elf_bytes b, size_t max)
{
	if (!elf_has(b))
		return;
	check(b.len <= max && b.at < info->text_len && b.len < info->text_len - b.at);
	check(info->text[b.at + b.len] == '\0');
}

/* Whatever the image, what is said of it must pass as an honest answer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct {
		struct elf_answer answer;
		struct elf_info info;
	} m;
	static struct elf_info taken;
	struct elf_source src = { .fd = -1, .bytes = data, .size = size, .left = ELF_READ_MAX };
	struct fail f;

	/* Two ways in: as an image, and as the answer of a reader gone bad. */
	elf_answer_take(data, size, &taken, &f);
	memset(&m, 0, sizeof(m));
	m.answer.magic = ELF_ANSWER_MAGIC;
	if (elf_parse(&src, &m.info) < 0)
		return 0;
	check_bytes(&m.info, m.info.interp, ELF_STRING_MAX);
	check_bytes(&m.info, m.info.build_id, ELF_BUILD_ID_MAX);
	for (uint32_t i = 0; i < m.info.n_needed; i++)
		check_bytes(&m.info, m.info.needed[i], ELF_STRING_MAX);
	check(elf_answer_take(&m,
			      sizeof(m.answer) + offsetof(struct elf_info, text) + m.info.text_len,
			      &taken, &f) == 0);
	return 0;
}
