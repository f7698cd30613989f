/*
 * A result file for other programs: every value of every variable as tables (CSV) or as objects
 * (JSON Lines), and the analyses of the paper in the layout of the authors' files.
 * docs/export.md describes them file by file.
 *
 *     int tables(struct result *r, struct err *err)
 *     {
 *         struct outputs out = {.dir = "results/demo/csv"};
 *         int code = export_csv(r, &out, err) || outputs_commit(&out, err);
 *
 *         outputs_release(&out);              // what was not committed is removed
 *         return code;
 *     }
 *
 * Variables are read by blocks (column.h). ERR_IO for what cannot be read or written.
 */
#ifndef LENSWEEP_REPORT_EXPORT_EXPORT_H
#define LENSWEEP_REPORT_EXPORT_EXPORT_H

#include "base/json_write.h"
#include "base/mem.h"
#include "base/writer.h"
#include "results/result.h"

/* Files that come into being together: each is written beside its place, and all are renamed at
   the end. */
struct outputs {
    const char *dir;
    struct arena arena;
    struct writer **file;
    size_t n, cap;
    const char *swept; /* the folder from which an earlier export's temporary files went last */
};

/* A file of that name below dir; folders are made. The parts of the name must be safe
   (str_safe_name); a name that is taken gets a number. *w lives until outputs_release. */
int outputs_add(struct outputs *o, struct writer **w, struct err *err, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
bool outputs_has(const struct outputs *o, const char *name);
int outputs_commit(struct outputs *o, struct err *err);
void outputs_release(struct outputs *o);

int export_csv(struct result *r, struct outputs *o, struct err *err);
int export_jsonl(struct result *r, struct outputs *o, struct err *err);

/* `model` is the model's name in their folders, such as meta-llama/Meta-Llama-3-8B-Instruct. What
   of the file has no place in their layout is told in *notes, a line each; ERR_CONFIG if nothing
   has one. */
int export_authors(struct result *r, const char *model, struct outputs *o, struct buf *notes,
                   struct err *err);

/* Groups of edges as circuits in the JSON of the Mechanistic Interpretability Benchmark; ERR_CONFIG
   if there are none. */
int export_circuits(struct result *r, struct outputs *o, struct err *err);

/* What the exporters share. */

/* A group's variables: [first, end) of r->all. */
struct section {
    size_t first, end;
};

/* "group.name", "name" at the root: fit for a file's name. NULL on error. */
const char *export_name(struct arena *a, const char *group, const char *name, struct err *err);

/* The element k of the entry of c, as text. A real number has as few digits as give back the same
   number of its type; what is not finite becomes one of the three. */
struct not_finite {
    const char *nan, *inf, *minus_inf;
};
int export_number(struct buf *b, const struct column *c, size_t k, const struct not_finite *words,
                  struct err *err);

/* A file section by section, then what it says of its groups and variables: variables.jsonl. */
int export_sections(struct result *r, struct outputs *o,
                    int (*write)(struct result *r, const struct section *g, struct outputs *o,
                                 struct err *err),
                    struct err *err);

#endif
