/* Text for people, in lines of at most WRAP_WIDTH columns. */
#ifndef LENSWEEP_BASE_WRAP_H
#define LENSWEEP_BASE_WRAP_H

#include "base/buf.h"

enum { WRAP_WIDTH = 100, WRAP_KEY = 20 };

/* The words of `text` from column `indent` on, where the buffer's last line is already; then a line
   end. */
int wrap_text(struct buf *b, const char *text, size_t indent, struct err *err);

/* "  KEY" and its text beside it, from column WRAP_KEY on; below a key that is longer. */
int wrap_entry(struct buf *b, const char *key, const char *text, struct err *err);

#endif
