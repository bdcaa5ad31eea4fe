/* SPDX-License-Identifier: MIT */
/*
 * Our duplicate of another process's descriptor, checked against what was
 * listed. Effect: hold, from grab_take() to grab_release(). A re-open (exe,
 * cwd, root, mapped files) is a description of our own and holds the inode only.
 */
#ifndef TAKE_GRAB_H
#define TAKE_GRAB_H

#include <stdbool.h>

#include "src/base/fail.h"
#include "src/base/helper.h"
#include "src/kind/kind.h"
#include "src/proc/mountinfo.h"
#include "src/proc/target.h"

struct grab {
	int fd;
	bool reopened; /* a description of our own: offset and flags are not the target's */
};

/*
 * Take the descriptor that e describes. The slot may have been re-used since e
 * was read: our copy is compared with e by device, inode, type and, for what
 * has no inode of its own, by the kernel's name and id; and with the slot by
 * kcmp(2), so that the two meet. Returns 0, or -errno with f: -ESTALE if the
 * slot holds another file now, else see refusal_getfd().
 *
 * Never blocks. But closing what is on a filesystem that does not answer may
 * block for ever, even at exit: ask grab_may_hang() first, and if so take it only
 * in a helper, by grab_start().
 */
int grab_take(struct grab *g, const struct target *t, const struct fdent *e, int procfs,
	      struct fail *f);
void grab_release(struct grab *g);
void grab_release_scoped(struct grab *g);
#define autograb __attribute__((cleanup(grab_release_scoped))) struct grab

/* The name below /proc/PID of what is no descriptor: "exe", "map_files/START-END". */
void grab_assoc_path(const struct fdent *e, char *p, size_t size);

/*
 * May a close, a stat or a read of it wait for somebody who stopped answering?
 * By kind and mount; memfds and the like are on mounts of the kernel's own.
 */
bool grab_may_hang(const struct fdent *e, const struct kind_ctx *ctx);

/* How long such a filesystem is given to answer. */
#define GRAB_HANG_MS 5000

/*
 * Run fn in a helper that may be abandoned, with what a grab needs: t's
 * descriptors and procfs stay open there. See helper_start().
 */
int grab_start(struct helper *h, helper_fn *fn, void *arg, const struct target *t, int procfs,
	       struct fail *f);

#endif
