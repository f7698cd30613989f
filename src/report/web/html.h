/* Text of an HTML page: names and texts of a result file may hold anything. */
#ifndef LENSWEEP_REPORT_WEB_HTML_H
#define LENSWEEP_REPORT_WEB_HTML_H

#include "base/buf.h"

/* Appends n bytes of text, escaped; control characters become spaces, ill-formed UTF-8 U+FFFD. */
int html_text_n(struct buf *b, const char *s, size_t n, struct err *err);
int html_text(struct buf *b, const char *s, struct err *err);
/* <tag>text</tag>; tag may have attributes. */
int html_element(struct buf *b, const char *tag, const char *text, struct err *err);
/* A row of a table: a heading and a text. */
int html_row(struct buf *b, const char *name, const char *text, struct err *err);

#endif
