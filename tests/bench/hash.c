/* SPDX-License-Identifier: MIT */
/* SHA-256 of a file by nettle, in one thread, and nothing else: hash FILE */
#include <err.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static unsigned char block[1 << 18], digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;
	ssize_t n;
	int fd, i;

	if (argc != 2)
		errx(2, "usage: hash FILE");
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", argv[1]);
	sha256_init(&ctx);
	while ((n = read(fd, block, sizeof(block))) > 0)
		sha256_update(&ctx, (size_t)n, block);
	if (n < 0)
		err(1, "%s", argv[1]);
	sha256_digest(&ctx, sizeof(digest), digest);
	for (i = 0; i < SHA256_DIGEST_SIZE; i++)
		printf("%02x", digest[i]);
	printf("  %s\n", argv[1]);
	return 0;
}
