/* The tables of all commands as pages for other programs: man and shells' completion. */
#ifndef LENSWEEP_CLI_PAGES_H
#define LENSWEEP_CLI_PAGES_H

#include "base/buf.h"

/* lensweep(1), for man. */
int manual_page(struct buf *out, struct err *err);

/* What each shell sources to complete the commands, their options and an option's choices; where
   these say nothing, it completes names of files. */
int bash_completion(struct buf *out, struct err *err);
int zsh_completion(struct buf *out, struct err *err);
int fish_completion(struct buf *out, struct err *err);

#endif
