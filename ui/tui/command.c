/* SPDX-License-Identifier: MIT */
#include "ui/tui/command.h"

void command_show(struct app *a)
{
	autobuf b = BUF_INIT;

	if (a->focus->command)
		a->focus->command(a, &b);
	if (!b.len) {
		say(a, ROLE_WARNING, "no command does what this screen shows");
		return;
	}
	term_copy(&a->term, buf_str(&b), b.len);
	say(a, ROLE_OK, "%s   (sent to the clipboard by OSC 52)", buf_str(&b));
}
