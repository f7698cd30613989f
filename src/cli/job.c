#include "cli/job.h"

#include "base/str.h"

#include <stdio.h>

struct campaign_request job_request(const struct job_options *o, size_t which)
{
    return (struct campaign_request){
        .config = o->config, .set = o->set.v, .n_set = o->set.n, .which = which};
}

/* Why its queries are left out, if all are; NULL = some are not. */
static const char *why_empty(const struct campaign *c, const struct experiment *x)
{
    const char *why = NULL;

    for (size_t q = 0; q < c->data.n; q++) {
        const char *skip = query_skip(x, &c->data.query[q]);

        if (!skip)
            return NULL;
        why = c->data.query[q].status && why ? why : skip;
    }
    return why;
}

static void warn_empty(const struct campaign *c)
{
    for (size_t i = 1; i < c->n; i++) {
        const char *why = why_empty(c, &c->x[i]);

        if (why)
            fprintf(stderr, "  warning: %s computes nothing, %s: %s\n", c->x[i].name,
                    str_noun(c->data.n, "the only query is left out", "all queries are left out"),
                    why);
    }
}

void warn_inputs(const struct campaign *c)
{
    const struct dataset *ds = &c->data;

    if (c->no_tokenizer.code)
        fprintf(
            stderr,
            "  warning: the model's tokenizer cannot be used, tokens are told by their ids: %s\n",
            c->no_tokenizer.msg);
    if (ds->n_unspaced)
        fprintf(stderr,
                "  warning: %zu target%s without a leading space, where the model would write one: "
                "%s\n",
                ds->n_unspaced, ds->n_unspaced == 1 ? "" : "s, the first", ds->unspaced);
    if (ds->n_misspelt)
        fprintf(stderr,
                "  warning: %zu of %zu %s token ids that do not spell their text: ids of another "
                "model? The ids are computed; %s%s\n",
                ds->n_misspelt, ds->n, str_noun(ds->n, "query has", "queries have"),
                ds->n_misspelt == 1 ? "" : "the first: ", ds->misspelt);
    warn_empty(c);
}

int check_some_good(const struct campaign *c, struct err *err)
{
    const struct query *q = c->data.query;

    for (size_t i = 0; i < c->data.n; i++)
        if (!q[i].status)
            return 0;
    return err_set(err, ERR_DIFFERS,
                   "no query can be used: all %zu are bad, the first (%s:%zu): %s", c->data.n,
                   c->data.file[q[0].file], q[0].line, q[0].status);
}

int judge_queries(const struct campaign *c, size_t ok, size_t bad, struct err *err)
{
    if (check_some_good(c, err))
        return err->code;
    if (!ok)
        return err_set(err, ERR_DIFFERS, "no query could be computed: all %zu are bad", bad);
    if (bad && c->config.run.fail_on_bad)
        return err_set(err, ERR_DIFFERS, "%zu bad %s, and run.fail_on_bad is set", bad,
                       str_noun(bad, "query", "queries"));
    return 0;
}
