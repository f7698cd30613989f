/* Paths as a shell would have them. */
#ifndef LENSWEEP_BASE_EXPAND_H
#define LENSWEEP_BASE_EXPAND_H

#include "base/mem.h"

/* In the arena: `~` at the path's beginning, `$NAME` and `${NAME}` are replaced. NULL after
   ERR_CONFIG: a variable that is not set, another user's home, no HOME. */
const char *path_expand(struct arena *a, const char *path, struct err *err);

#endif
