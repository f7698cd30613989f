/*
 * A finished result file, opened for whatever reads one: its variables, and the groups of its
 * experiments with what they say of themselves.
 *
 *     int list_groups(struct err *err)
 *     {
 *         struct result r;
 *
 *         result_open(&r, "results/demo", err);
 *         for (size_t i = 0; i < r.n_groups; i++)
 *             printf("%s: %s\n", r.group[i].name, r.group[i].kind);
 *         result_close(&r);                               // also after an error
 *         return err->code;
 *     }
 */
#ifndef LENSWEEP_RESULTS_RESULT_H
#define LENSWEEP_RESULTS_RESULT_H

#include "base/mem.h"
#include "results/column.h"
#include "results/describe.h"

/* An experiment's group; texts in the arena. */
struct result_group {
    const char *name, *kind;
    struct headline_list headlines;
    struct figure_list figures;
};

struct result {
    const char *path; /* of the file, in the arena */
    struct h5file *file;
    struct catalogue all;
    struct result_group *group; /* (n_groups) in name order, without `queries` */
    size_t n_groups, max_groups;
    const char *null; /* what is random in it (`data.null`): it is about nothing; NULL = nothing */
    struct result *beside; /* (n_beside) once result_nulls has looked */
    size_t n_beside, max_beside;
    const char *unread; /* folder of the last of them that could not be read; NULL = none */
    bool looked;
    int layers_from;    /* what averages call the first layer: 0, or 1 as in many papers; set after
                           opening */
    struct arena arena; /* as long as it is open */
};

/* path: a file, or a folder with a result.h5 or else a partial.h5. */
int result_open(struct result *r, const char *path, struct err *err);
void result_close(struct result *r);

/* Opens, as r->beside, what the same run says about nothing: result files in folders NULL_FOLDER*
   beside r's that are of the same model, data and config but for data.null. None if r is one. A
   damaged one is not an error: r->unread says so. */
#define NULL_FOLDER "null_"
int result_nulls(struct result *r, struct err *err);

const struct result_group *result_find(const struct result *r, const char *group);

/* The graph that the group's averages over edges are drawn as; NULL = it has none. */
const struct figure *result_graph(const struct result_group *g);

/* Who stands at one end of each edge of a graph, (n): -1 = it has no layer, or no head. */
struct graph_ends {
    size_t n;
    const char **name;
    double *layer, *head;
};
/* The i-th of graph->ends, in r's arena; name = NULL: the graph does not say. */
int result_ends(struct result *r, const char *group, const struct figure *graph, size_t i,
                struct graph_ends *end, struct err *err);

/* The same; if there is none: NULL and ERR_CONFIG, which lists those that there are. */
const struct result_group *result_named(const struct result *r, const char *group, struct err *err);

/* Entries of a variable's first dimension; 0 = the group does not have it. */
size_t result_size(const struct result *r, const char *group, const char *name);

/* The whole text of an attribute, in the arena; *value NULL where there is none. */
int result_attr(struct result *r, const char *group, const char *name, const char **value,
                struct err *err);

/* Do the intervals of a group take queries for what varies independently (statistics.cluster), and
   not items? */
int result_by_query(struct result *r, const char *group, bool *by_query, struct err *err);

/* A whole variable along one dimension of n entries, in the arena. ERR_IO if the file has it in
   another shape; text: what is not text is printed as %.9g. */
int result_text(struct result *r, const char *group, const char *name, size_t n, const char ***v,
                struct err *err);
int result_numbers(struct result *r, const char *group, const char *name, size_t n, double **v,
                   struct err *err);

#endif
