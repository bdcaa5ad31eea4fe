/* SPDX-License-Identifier: MIT */
/* The other ends of a descriptor, as a picture knows them. */
#ifndef TUI_PEEROF_H
#define TUI_PEEROF_H

#include "ui/tui/app.h"

/* Is there one that we can see? */
bool peer_any(const struct picture *p, const struct fdent *e);
/* Up to max of them; returns how many. e may be of another picture. */
size_t peer_list(const struct picture *p, const struct fdent *e, const struct fdent **at,
		 size_t max);
/* ", peer 4120:9 nginx" */
void peer_brief(struct app *a, struct buf *out, const struct picture *p, const struct fdent *e);

#endif
