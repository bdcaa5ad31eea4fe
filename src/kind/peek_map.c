/* SPDX-License-Identifier: MIT */
/*
 * Memory that only a mapping shows: memfd_secret(2) and dma-buf. Both want
 * MAP_SHARED; neither has seals that a read-only mapping could stand in the way of.
 */
#include "src/kind/peek.h"

#include <errno.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/alloc.h"

/* A multiple of the page size, small because it counts against RLIMIT_MEMLOCK. */
#define MAP_WINDOW ((size_t)64 * 1024)

static bool is_dmabuf(const struct peek *p)
{
	return p->ent && p->ent->kind && strcmp(p->ent->kind->name, "dmabuf") == 0;
}

static int dmabuf_sync(struct peek *p, uint64_t flags)
{
	struct dma_buf_sync sync = { .flags = flags | DMA_BUF_SYNC_READ };
	int r;

	do
		r = ioctl(p->fd, DMA_BUF_IOCTL_SYNC, &sync);
	while (r < 0 && (errno == EINTR || errno == EAGAIN));
	return r < 0 ? peek_fail(p, errno, "ioctl") : 0;
}

/*
 * Touching a page of secretmem that was never written would allocate it in the
 * target's file: show zeros for what is not resident (it is never swapped).
 */
static int copy_window(struct peek *p, char *copy, const char *map, size_t len, bool holes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char resident[MAP_WINDOW / 4096];

	memset(resident, 1, sizeof(resident));
	if (holes && mincore((void *)(uintptr_t)map, len, resident) < 0)
		return peek_fail(p, errno, "mincore");
	memset(copy, 0, len);
	for (size_t i = 0; i * page < len; i++) {
		size_t n = len - i * page < page ? len - i * page : page;

		if (resident[i] & 1)
			memcpy(copy + i * page, map + i * page, n);
	}
	return 0;
}

static int show_range(struct peek *p, uint64_t at, uint64_t end, bool holes)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	autofree char *copy = xmalloc(MAP_WINDOW);
	int r = 0;

	while (at < end && r == 0) {
		uint64_t base = at / page * page;
		size_t skip = (size_t)(at - base);
		size_t len = end - base < MAP_WINDOW ? (size_t)(end - base) : MAP_WINDOW;
		char *map = mmap(NULL, len, PROT_READ, MAP_SHARED, p->fd, (off_t)base);

		if (map == MAP_FAILED)
			return peek_fail(p, errno, "mmap");
		r = copy_window(p, copy, map, len, holes);
		munmap(map, len);
		if (r == 0)
			r = p->piece(p, &(struct peek_piece){
						.unit = PEEK_BYTES,
						.data = copy + skip,
						.len = len - skip,
						.offset = at,
						.full_len = len - skip,
					});
		at = base + len;
	}
	return r;
}

int peek_map(struct peek *p)
{
	struct pollfd pfd = { .fd = p->fd, .events = POLLIN };
	uint64_t at = p->has_offset ? p->offset : 0, end;
	bool dmabuf = is_dmabuf(p);
	struct stat st;
	int r, ended;

	p->method = "mmap";
	if (fstat(p->fd, &st) < 0)
		return peek_fail(p, errno, "fstat");
	end = (uint64_t)st.st_size;
	if (at >= end)
		return 0;
	if (p->limit < end - at)
		end = at + p->limit;
	if (!dmabuf)
		return show_range(p, at, end, true);

	/* The sync would wait for a device that is still writing. */
	if (poll(&pfd, 1, 0) == 0)
		return peek_refuse(p, EBUSY, "poll", "a device is still writing to this buffer",
				   "try again");
	r = dmabuf_sync(p, DMA_BUF_SYNC_START);
	if (r < 0)
		return r;
	r = show_range(p, at, end, false);
	ended = dmabuf_sync(p, DMA_BUF_SYNC_END);
	return r == 0 ? ended : r;
}
