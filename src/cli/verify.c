#include "campaign/verify.h"

#include "cli/command.h"
#include "cli/past.h"

#include "base/json_write.h"
#include "base/str.h"
#include "results/h5read.h"

#include <inttypes.h>
#include <math.h>

struct verify_options {
    const char *result;
    int64_t cells, seed;
    bool json;
};

static const struct argument_row arguments[] = {
    {ARGUMENT_ONE(struct verify_options, result), "RESULT",
     "a result file with its config.yaml beside it, or the folder of a run"}};

static const struct option_row options[] = {
    {OPTION_INTO(int, struct verify_options, cells), .name = "cells", .value = "N",
     .fallback = "100", .lo = 1, .hi = INFINITY, .doc = "so many cells are drawn"},
    {OPTION_INTO(int, struct verify_options, seed), .name = "seed", .value = "S", .fallback = "1",
     .hi = INFINITY, .doc = "another seed draws others"},
    OPTION_JSON(struct verify_options, json)};

static int put_difference(struct json_out *j, const struct difference *d, struct err *err)
{
    return json_begin(j, NULL, '{', err) || json_str(j, "variable", d->variable, err) ||
                   json_int(j, "query", (int64_t)d->query, err) ||
                   json_str(j, "item", d->item, err) || json_str(j, "place", d->place, err) ||
                   json_str(j, "file", d->file, err) || json_str(j, "anew", d->anew, err) ||
                   json_end(j, '}', err)
               ? err->code
               : 0;
}

static int put_json(const struct verified *v, struct buf *b, struct err *err)
{
    struct json_out j = {.out = b};

    json_begin(&j, NULL, '{', err);
    json_int(&j, "cells", (int64_t)v->cells, err);
    json_int(&j, "units", (int64_t)v->units, err);
    json_int(&j, "values", (int64_t)v->values, err);
    json_int(&j, "differ", (int64_t)v->differ, err);
    json_begin(&j, "differences", '[', err);
    for (uint64_t i = 0; i < v->differ && i < VERIFY_NAMED && !err->code; i++)
        put_difference(&j, &v->difference[i], err);
    json_end(&j, ']', err);
    return json_end(&j, '}', err);
}

static int put_text(const struct verified *v, struct buf *b, struct err *err)
{
    uint64_t named = v->differ < VERIFY_NAMED ? v->differ : VERIFY_NAMED;

    for (uint64_t i = 0; i < named; i++) {
        const struct difference *d = &v->difference[i];
        char name[STR_NAME];

        if (buf_printf(b, err, "%s: query %zu (", d->variable, d->query) ||
            buf_escaped(b, str_name(name, d->item), err) ||
            buf_printf(b, err, ")%s%s: %s in the file, %s computed anew\n", *d->place ? ", " : "",
                       d->place, d->file, d->anew))
            return err->code;
    }
    if (v->differ > named && buf_printf(b, err, "%" PRIu64 " more differ\n", v->differ - named))
        return err->code;
    return buf_printf(
        b, err, "%" PRIu64 " %s drawn, %" PRIu64 " %s computed anew, %" PRIu64 " %s compared: %s\n",
        v->cells, str_noun(v->cells, "cell", "cells"), v->units,
        str_noun(v->units, "unit", "units"), v->values, str_noun(v->values, "value", "values"),
        v->differ ? "some differ" : "all equal");
}

/* Equal by having nothing to be equal would say more than is known. */
static int check_compared(const struct verified *v, const char *path, struct err *err)
{
    if (v->values)
        return 0;
    return err_set(err, ERR_CONFIG,
                   "nothing was compared: of %" PRIu64 " %s that %s drawn none has a value in %s; "
                   "draw more with --cells, or finish the run first",
                   v->cells, str_noun(v->cells, "cell", "cells"), str_noun(v->cells, "was", "were"),
                   path);
}

static int verify(const struct call *call, struct err *err)
{
    const struct verify_options *o = call->options;
    struct past p = {0};
    struct verified v = {0};
    struct buf b = {0};
    const char *dir = file_is_dir(o->result) ? o->result : file_folder(&p.arena, o->result, err);
    const char *path = h5_find(&p.arena, o->result, err);

    if (!file_exists(o->result))
        err_set(err, ERR_IO, "%s does not exist: expected a result file or the folder of a run",
                o->result);
    if (!err->code && dir && path && !past_open(&p, &dir, 1, err) &&
        !verify_result(&v, &p.campaign, path, (uint64_t)o->cells, (uint64_t)o->seed, err) &&
        !check_compared(&v, path, err) &&
        !(o->json ? put_json(&v, &b, err) : put_text(&v, &b, err)) && !print_buf(&b, err) &&
        v.differ)
        err->code = ERR_DIFFERS;
    buf_release(&b);
    verify_release(&v);
    past_close(&p);
    return err->code;
}

const struct command command_verify = {
    .name = "verify",
    .summary = "compute cells of a finished result anew and compare them bit for bit",
    .notes =
        "The cells are drawn at random; what they need of the whole data is computed anew as "
        "well. Each experiment is computed by itself, where a run computes them together. Exit "
        "status: 0 all values are equal, 1 some differ (they are named), 2 model, data or config "
        "are not those of the result, or it was made with run.gemm: openblas, or by the naive "
        "executor with another BLAS.",
    .size = sizeof(struct verify_options),
    .run = verify,
    ARGUMENTS(arguments),
    OPTIONS(options),
};
