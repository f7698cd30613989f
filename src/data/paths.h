/* Private to this floor: the files meant by a path, and what a file's own path says. */
#ifndef LENSWEEP_DATA_PATHS_H
#define LENSWEEP_DATA_PATHS_H

#include "data/load.h"

struct source {
    const char *path;    /* of ds->file */
    const char *dataset; /* its name without .jsonl and, for one_to_many, without the step */
    int template, step;  /* 0 = its path does not say */
    bool one_to_many;
};
/* ds->file, each once by whatever names it has, and their sources (ds->n_files, in the scratch
   arena). */
int find_files(struct loader *l, const char *const *paths, size_t n, struct source **sources,
               struct err *err);
/* The name of a file of the released layout: {dataset}_{step}.jsonl. */
int split_step(struct loader *l, struct source *s, struct err *err);
/* Reports files that are the same dataset, template and step: prompts of two models, as a rule. */
int check_sources(struct loader *l, const struct source *sources, struct err *err);

#endif
