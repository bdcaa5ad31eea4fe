/* SPDX-License-Identifier: MIT */
#include "src/base/effect.h"

static const struct {
	const char *name, *tag, *means;
} effects[] = {
	[EFFECT_UNSTATED] = { "unstated", "?", "nobody said what this does" },
	[EFFECT_NONE] = { "none", "", "nobody can notice" },
	[EFFECT_HOLD] = { "hold", "hold",
			  "we own a duplicate for a while; what waits for the last "
			  "close waits for us" },
	[EFFECT_SHARED] = { "shared", "shared",
			    "changes the open file description for every holder" },
	[EFFECT_CONSUME] = { "consume", "takes", "takes data that the target would have received" },
	[EFFECT_ALTER] = { "alter", "sends", "sends or changes data, or a connection" },
	[EFFECT_STOP] = { "stop", "stops",
			  "a signal, a pause, or a system call run in the target" },
	[EFFECT_REFUSED] = { "refused", "-", "this kind cannot do that" },
};

const char *effect_name(enum effect e)
{
	return effects[e].name;
}

const char *effect_tag(enum effect e)
{
	return effects[e].tag;
}

const char *effect_means(enum effect e)
{
	return effects[e].means;
}
