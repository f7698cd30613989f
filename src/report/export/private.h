/* What the exporters share. */
#ifndef LENSWEEP_REPORT_EXPORT_PRIVATE_H
#define LENSWEEP_REPORT_EXPORT_PRIVATE_H

#include "base/json_write.h"
#include "report/export/export.h"
#include "results/column.h"

/* A group's variables: [first, end) of r->all. Returns false after the last. */
struct section {
    size_t first, end;
};
bool next_section(const struct result *r, struct section *g);

/* "group.name", "name" at the root: fit for a file's name. NULL on error. */
const char *export_name(struct arena *a, const char *group, const char *name, struct err *err);

/* The element k of the entry of c, as text. A real number has as few digits as give back the same
   number of its type; what is not finite becomes one of the three. */
struct not_finite {
    const char *nan, *inf, *minus_inf;
};
int export_number(struct buf *b, const struct column *c, size_t k, const struct not_finite *words,
                  struct err *err);

int export_json_element(struct buf *b, const struct column *c, size_t k, struct err *err);
extern const struct not_finite export_json_words;

/* A file section by section, then what it says of its groups and variables: variables.jsonl. */
int export_sections(struct result *r, struct outputs *o,
                    int (*write)(struct result *r, const struct section *g, struct outputs *o,
                                 struct err *err),
                    struct err *err);

#endif
