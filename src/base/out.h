/* Standard output, for the commands. */
#ifndef LENSWEEP_BASE_OUT_H
#define LENSWEEP_BASE_OUT_H

#include "base/err.h"

#include <stddef.h>

/* A failed write (a full disk, a closed pipe) is an error, not silence, and nothing is written once
   err is set. Names in text may be others': what a terminal would obey is escaped (buf_shown). */
int out_printf(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
int out_text(const char *s, size_t n, struct err *err);
/* buf_word. */
int out_word(const char *s, struct err *err);
/* Bytes as they are. */
int out_write(const void *p, size_t n, struct err *err);
int out_flush(struct err *err);

#endif
