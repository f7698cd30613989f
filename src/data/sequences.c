#include "data/sequences.h"

#include "base/rng.h"
#include "data/native.h"
#include "data/paths.h"

#include <stdio.h>

enum { TOKENS = 25 }; /* that stand twice */

/* FIRST r1 .. rn r1 .. r(n-1), after which comes rn as after the earlier r(n-1). */
static json_t *sequence(const struct loader *l, size_t number)
{
    struct rng r = rng_for(l->opt->seed, number, "random sequences");
    json_t *ids = json_array(), *record;
    int32_t id[TOKENS + 1];
    char item[32];

    for (int i = 0; i <= TOKENS; i++)
        id[i] = (int32_t)rng_below(&r, (uint64_t)l->opt->vocab);
    if (l->codec->bos >= 0)
        id[0] = l->codec->bos;
    for (int i = 0; i < 2 * TOKENS; i++)
        json_array_append_new(ids, json_integer(id[i > TOKENS ? i - TOKENS : i]));
    snprintf(item, sizeof item, "sequence %zu", number);
    record = json_pack("{s:o, s:s, s:s, s:{s:[i,i], s:[i,i]}, s:{s:i}}", "ids", ids, "item", item,
                       "dataset", "sequences", "spans", "earlier", TOKENS - 1, TOKENS, "copied",
                       TOKENS, TOKENS + 1, "targets", "copied", id[TOKENS]);
    return record;
}

int make_sequences(struct loader *l, struct err *err)
{
    static const char *name[] = {"random tokens that stand twice"};
    static struct source source = {.path = "", .dataset = "sequences"};

    l->ds->file = name;
    l->ds->n_files = 1;
    l->source = &source;
    l->path = name[0];
    l->line = "";
    for (size_t i = 0; i < l->opt->sequences && !err->code; i++) {
        json_t *record = sequence(l, i);

        l->line_no = i + 1;
        if (!record)
            return err_set(err, ERR_MEMORY, "no memory for %zu sequences", l->opt->sequences);
        native_read(l, record, NULL, err);
        json_decref(record);
    }
    return err->code;
}
