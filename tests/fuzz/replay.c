/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzzer's saved inputs without libFuzzer, as an ordinary test: those in
 * tests/fuzz/corpus/NAME, where NAME is what the program is called, after the
 * empty input and each single byte.
 */
#include <dirent.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In a block of just that size, so that a sanitizer sees a byte too far. */
static void try(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		err(1, "malloc");
	if (size)
		memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void try_file(const char *path)
{
	static uint8_t data[1 << 20];
	FILE *f = fopen(path, "r");
	size_t size;

	if (!f)
		err(1, "%s", path);
	size = fread(data, 1, sizeof(data), f);
	fclose(f);
	try(data, size);
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	char folder[256], path[1024];
	int i, n = 1;
	struct dirent *d;
	DIR *dir;

	if (argc > 1) {
		for (i = 1; i < argc; i++)
			try_file(argv[i]);
		return 0;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	try(NULL, 0);
	for (i = 0; i < 256; i++)
		try(&(uint8_t){ (uint8_t)i }, 1);
	puts("ok 1 - nothing, and each byte");
	snprintf(folder, sizeof(folder), "tests/fuzz/corpus/%s", slash ? slash + 1 : argv[0]);
	dir = opendir(folder);
	while (dir && (d = readdir(dir))) {
		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, d->d_name);
		try_file(path);
		printf("ok %d - %s\n", ++n, d->d_name);
	}
	if (dir)
		closedir(dir);
	printf("1..%d\n", n);
	return 0;
}
