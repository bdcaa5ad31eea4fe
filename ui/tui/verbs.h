/* SPDX-License-Identifier: MIT */
/* What is done to the descriptor that the focus is on. */
#ifndef TUI_VERBS_H
#define TUI_VERBS_H

#include "ui/tui/app.h"
#include "ui/tui/subject.h"

/* Actions that are the same in every view that has a descriptor. */
void verbs_act(struct app *a, enum action action);

/* lookup.c */
void lookup_who(struct app *a);
void lookup_peer(struct app *a);
void lookup_sharer(struct app *a);
void lookup_why(struct app *a);
/* Show that descriptor, of whatever process. */
void lookup_goto(struct app *a, const struct fdent *e);

/* disturb.c */
void disturb_open(struct app *a);

/* disturbmany.c: the marked ones, two or more. */
void disturb_many(struct app *a);

/* dumping.c */
void dumping_open(struct app *a);
void dumping_subject(struct app *a, const struct subject *s, uint64_t offset);

/* handing.c */
void handing_open(struct app *a);

/* recovering.c */
void recover_open(struct app *a);

/* content.c */
void content_view(struct app *a);

#endif
