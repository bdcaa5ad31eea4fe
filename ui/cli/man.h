/* SPDX-License-Identifier: MIT */
/* The manual page and shell completion, made from the same tables as the help. */
#ifndef CLI_MAN_H
#define CLI_MAN_H

#include "src/base/buf.h"

void man_page(struct buf *out); /* roff for man(1) */
void man_bash_completion(struct buf *out);

#endif
