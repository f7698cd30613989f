/* Text for people, in lines of at most wrap_width() columns. */
#ifndef LENSWEEP_BASE_WRAP_H
#define LENSWEEP_BASE_WRAP_H

#include "base/buf.h"

enum { WRAP_KEY = 20 };

/* 100, or what a narrower terminal has, if standard output is one; asked once. */
size_t wrap_width(void);

/* From now on lines of at most so many columns (SIZE_MAX: nothing is broken; 0: as at first), for
   text that is not for a terminal. Returns what was set before, to be set again. */
size_t wrap_set_width(size_t width);

/* The words of `text` from column `indent` on, where the buffer's last line is already; then a line
   end. */
int wrap_text(struct buf *b, const char *text, size_t indent, struct err *err);

/* "  KEY" and its text beside it, from column WRAP_KEY on; below a key that is longer. */
int wrap_entry(struct buf *b, const char *key, const char *text, struct err *err);

/* `before` (two columns and perhaps a bracket), then what has gathered in `line`, wrapped from
   column 2 on; nothing for an empty line, which is released. */
int wrap_line(struct buf *b, const char *before, struct buf *line, struct err *err);

#endif
