/* SPDX-License-Identifier: MIT */
#include "src/take/flight.h"

#include <errno.h>
#include <unistd.h>

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
