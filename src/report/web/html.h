/* Text of an HTML page: names and texts of a result file may hold anything. */
#ifndef LENSWEEP_REPORT_WEB_HTML_H
#define LENSWEEP_REPORT_WEB_HTML_H

#include "base/buf.h"

/* Appends fmt, which has only %s, %.*s and %zu, with its texts escaped: control characters become
   spaces, ill-formed UTF-8 becomes U+FFFD, NULL nothing. Nothing is added once err is set. */
int html_printf(struct buf *b, struct err *err, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* A row of a table: a heading and a text. */
int html_row(struct buf *b, const char *name, const char *text, struct err *err);

#endif
