/* SPDX-License-Identifier: MIT */
/*
 * Who is at the other end: for pipes and FIFOs the descriptors open the other
 * way, for sockets those of the connected socket (across network namespaces
 * too), for a pty master its slave's and back. For what has no ends (eventfd,
 * message queue, a FIFO opened for both) the object's other descriptors.
 *
 * Computed over the rows of one survey, from what they say; no system call, no
 * effect. Equal inode numbers of different filesystems never match. Lists are
 * kept once per object, not per row: memory is linear.
 */
#ifndef SHARE_PEERS_H
#define SHARE_PEERS_H

#include <stddef.h>
#include <stdint.h>

#include "src/kind/fdent.h"
#include "src/net/tables.h"
#include "src/proc/mountinfo.h"

struct peers;

/*
 * The rows must not move while *p lives. net NULL: sockets stay without;
 * mounts NULL: pty masters of /dev/ptmx too, where several devpts are mounted.
 */
struct peers *peers_find(struct procent *const *procs, size_t n_procs,
			 const struct sock_tables *net, const struct mounts *mounts);
void peers_free(struct peers *p); /* NULL is fine */

/*
 * The peers of e, in the order of the rows; borrowed. The list may contain e
 * itself: pass over it (peers_next does). NULL p, or none: *n is 0.
 */
void peers_of(const struct peers *p, const struct fdent *e, const struct fdent *const **list,
	      size_t *n);

/* for (size_t at = 0; (o = peers_next(p, e, &at));): each peer but e itself. */
const struct fdent *peers_next(const struct peers *p, const struct fdent *e, size_t *at);

/* How many, e itself not counted. */
size_t peers_count(const struct peers *p, const struct fdent *e);

/*
 * The descriptors that have the socket with that inode (as in "socket:[N]"),
 * whatever namespace it is in. For who, and for sockets in a backlog.
 */
void peers_of_socket(const struct peers *p, uint64_t inode, const struct fdent *const **list,
		     size_t *n);

size_t peers_memory(const struct peers *p); /* bytes */

#endif
