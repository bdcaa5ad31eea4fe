/* SPDX-License-Identifier: MIT */
#include "tests/victims/victim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <mqueue.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

static const struct {
	const char *name;
	int seal;
} seals[] = {
	{ "seal", F_SEAL_SEAL },   { "shrink", F_SEAL_SHRINK },       { "grow", F_SEAL_GROW },
	{ "write", F_SEAL_WRITE }, { "future", F_SEAL_FUTURE_WRITE },
};

static void seal(struct spec *s, struct held *h, int fd)
{
	char *list = strdup(spec_str(s, "seals", "")), *save = NULL;
	int mask = 0;

	for (char *p = strtok_r(list, "+", &save); p; p = strtok_r(NULL, "+", &save)) {
		int before = mask;

		for (size_t i = 0; i < sizeof(seals) / sizeof(*seals); i++)
			if (strcmp(seals[i].name, p) == 0)
				mask |= seals[i].seal;
		if (mask == before)
			die("unknown seal: %s", p);
	}
	if (mask)
		must(fcntl(fd, F_ADD_SEALS, mask), "F_ADD_SEALS");
	held_num(h, "seals", mask);
	free(list);
}

void open_memfd(struct spec *s)
{
	size_t len = 0;
	char *name = spec_bytes(s, "name", &len);
	struct held *h = held_new(-1, "memfd");
	int fd = memfd_create(name ? name : "", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	must(fd, "memfd_create");
	fill_file(s, h, fd);
	held_bytes(h, "name", name ? name : "", len);
	held_str(h, "deleted", "inode");
	if (spec_str(s, "mapped", NULL)) {
		map_file(s, h, fd);
		if (strcmp(spec_str(s, "mapped", ""), "keep") != 0) {
			seal(s, h, fd);
			close(fd);
			free(name);
			return;
		}
	}
	h->fd = place(s, fd);
	seal(s, h, h->fd);
	if (spec_str(s, "offset", NULL))
		must(lseek(h->fd, (off_t)spec_num(s, "offset", 0), SEEK_SET), "lseek");
	free(name);
}

void open_secretmem(struct spec *s)
{
	size_t size = (size_t)spec_num(s, "size", 4096);
	struct held *h;
	void *at;
	int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);

	if (!usable(s, fd, "memfd_secret"))
		return;
	h = held_new(place(s, fd), "secretmem");
	must(ftruncate(h->fd, (off_t)size), "ftruncate");
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, h->fd, 0);
	if (at == MAP_FAILED)
		die("mmap of secret memory: %s", strerror(errno));
	h->seed = (uint64_t)spec_num(s, "data", 1);
	pattern(h->seed, 0, at, size);
}

static int udmabuf_new(size_t size, uint64_t seed)
{
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int mem = memfd_create("udmabuf", MFD_CLOEXEC | MFD_ALLOW_SEALING), fd = -1;
	struct udmabuf_create arg = { .memfd = (uint32_t)mem,
				      .flags = UDMABUF_FLAGS_CLOEXEC,
				      .size = size };

	if (dev >= 0 && mem >= 0 && ftruncate(mem, (off_t)size) == 0) {
		pattern_pwrite(mem, seed, 0, size);
		fcntl(mem, F_ADD_SEALS, F_SEAL_SHRINK);
		fd = ioctl(dev, UDMABUF_CREATE, &arg);
	}
	if (dev >= 0)
		close(dev);
	if (mem >= 0)
		close(mem);
	return fd;
}

static int dma_heap_new(size_t size)
{
	struct dma_heap_allocation_data arg = { .len = size, .fd_flags = O_RDWR | O_CLOEXEC };
	int dev = open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC), rc = -1;

	if (dev >= 0) {
		rc = ioctl(dev, DMA_HEAP_IOCTL_ALLOC, &arg);
		close(dev);
	}
	return rc < 0 ? -1 : (int)arg.fd;
}

void open_dmabuf(struct spec *s)
{
	size_t size = (size_t)spec_num(s, "size", 65536);
	uint64_t seed = (uint64_t)spec_num(s, "data", 1);
	int fd = udmabuf_new(size, seed);
	struct held *h;

	if (fd < 0) {
		seed = 0;
		fd = dma_heap_new(size);
	}
	if (!usable(s, fd, "neither /dev/udmabuf nor /dev/dma_heap/system"))
		return;
	h = held_new(place(s, fd), "dmabuf");
	h->seed = seed;
	held_num(h, "bytes", (long long)size);
}

void open_mqueue(struct spec *s)
{
	static int serial;
	struct mq_attr attr = { .mq_maxmsg = (long)spec_num(s, "max", 8),
				.mq_msgsize = (long)spec_num(s, "each", 64) };
	long long depth = spec_num(s, "depth", 0);
	const char *given = spec_str(s, "name", NULL);
	struct held *h;
	char name[64], *msg;
	int fd;

	if (given)
		snprintf(name, sizeof(name), "/%s", given);
	else
		snprintf(name, sizeof(name), "/victim-%d-%d", (int)outer_pid(), serial++);
	fd = mq_open(name, O_CREAT | (open_mode(s, "rw") & ~O_CLOEXEC), 0600, &attr);
	if (!usable(s, fd, "mq_open"))
		return;
	h = held_new(place(s, fd), "mqueue");
	h->seed = (uint64_t)spec_num(s, "data", 1);
	msg = malloc((size_t)attr.mq_msgsize);
	for (long long i = 0; i < depth; i++) {
		pattern(h->seed, h->sent, msg, (size_t)attr.mq_msgsize);
		must(mq_send(h->fd, msg, (size_t)attr.mq_msgsize, (unsigned)i), "mq_send");
		h->sent += (uint64_t)attr.mq_msgsize;
	}
	free(msg);
	held_str(h, "name", name);
	held_num(h, "queued", depth);
	held_num(h, "bytes", depth * attr.mq_msgsize);
	if (spec_flag(s, "deleted"))
		must(mq_unlink(name), "mq_unlink");
	else
		cleanup_mq(name);
}
