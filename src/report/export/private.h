/* What the exporters share. */
#ifndef LENSWEEP_REPORT_EXPORT_PRIVATE_H
#define LENSWEEP_REPORT_EXPORT_PRIVATE_H

#include "base/json_write.h"
#include "report/export/export.h"
#include "results/column.h"

/* A file as its exporters see it. */
struct export_source {
    struct h5file *file;
    struct catalogue all;
    struct arena arena;
};

int source_open(struct export_source *s, struct h5file *f, struct err *err);
void source_close(struct export_source *s);

/* A group's variables: [first, end) of s->all. Returns false after the last. */
struct section {
    size_t first, end;
};
bool next_section(const struct export_source *s, struct section *g);

/* "group.name", "name" at the root: fit for a file's name. NULL on error. */
const char *export_name(struct export_source *s, const char *group, const char *name,
                        struct err *err);

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
int export_sections(struct h5file *f, struct outputs *o,
                    int (*write)(struct export_source *s, const struct section *g,
                                 struct outputs *o, struct err *err),
                    struct err *err);

#endif
