/* SPDX-License-Identifier: MIT */
#include "src/take/flight.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "src/take/grab.h"

int flight_describe(int procfs, int fd, unsigned want, struct survey **s, const struct fdent **ent,
		    struct fail *f)
{
	const struct target_name self = { .pid = getpid() };
	struct survey_opts opts = {
		.procfs = procfs,
		.targets = &self,
		.n_targets = 1,
		.want = want,
		.only = true,
		.only_fd = fd,
		.only_assoc = ASSOC_FD,
	};
	int r = survey_take(s, &opts, f);

	if (r < 0)
		return r;
	*ent = survey_find(*s, self.pid, 0, fd);
	if (*ent)
		return 0;
	survey_free(*s);
	*s = NULL;
	return fail_set(f, EBADF, "open", "descriptor %d of filch itself", fd);
}

const struct cell flight_unread_cell = { EFFECT_HOLD, "takes a duplicate to find out what it is" };

bool flight_is_unread(const struct fdent *e)
{
	return e->err && fdent_is_fd(e) && !(e->have & (HAVE_LINK | HAVE_STAT));
}

int flight_take(struct grab *g, const struct target *t, const struct fdent *e, int procfs,
		struct survey **s, const struct fdent **ent, struct fail *f)
{
	int r = grab_take(g, t, e, procfs, f);

	if (r < 0)
		return r;
	r = flight_describe(procfs, g->fd, SURVEY_NET, s, ent, f);
	if (r < 0)
		grab_release(g);
	return r;
}
