#include "h5_sample.h"

#include <math.h>
#include <stdbool.h>

const struct variable logit = {"logit", V_F32, "query layer target", "logit of the target token",
                               "1"};

const struct variable rank = {"rank", V_I4, "query target", "rank of the target token", "1"};

const struct variable status = {"status", V_STR, "query", "ok, or why not", NULL};

const struct variable none = {"none", V_F32, "query control", "of an empty dimension", "1"};

const struct variable wide = {"wide", V_F32, "query big", "large enough to be chunked", "1"};

const struct variable texts = {"texts", V_STR, "query layer target", "many strings", NULL};

const struct variable flag = {"flag", V_I1, "query", "a flag", "1"};

const struct variable audit = {"audit", V_F64, "", "a scalar", "1"};

const struct variable item = {"item", V_STR, "query", "unit of statistics", NULL};

const struct variable step = {"step", V_I1, "query", "step of the query", NULL};

const struct variable kv_head = {"kv_head", V_I4, "layer", "of the layer", NULL};

const struct variable span = {"span", V_I4, "query span bound", "begin and end", "token"};

const struct variable span_name = {"span_name", V_STR, "span", "name of the span", NULL};

const struct variable mean = {"mean", V_F64, "stratum layer", "mean over queries", "1"};

float logit_of(size_t q, size_t layer, size_t target)
{
    return (float)(q * 1000 + layer * 10 + target) / 8;
}

static const char *const target_names[TARGETS] = {"answer_1", "answer_2", "answer_3", "subject"};

static const char *const strata[2] = {"cities 1 1", ""};

const int64_t numbers[QUERIES] = {3, 4, 5, 1LL << 40, -1};

static const char *const items[QUERIES] = {"Zürich", "日本", NULL, "bad \xff\xc3", ""};

const char *const items_read[QUERIES] = {"Zürich", "日本", "", "bad \xEF\xBF\xBD\xEF\xBF\xBD", ""};

static int define_all(struct h5group *g, const struct variable *const *v, size_t n, bool coordinate,
                      struct err *err)
{
    for (size_t i = 0; i < n; i++)
        if (coordinate ? h5_coordinate(g, v[i], err) : h5_define(g, v[i], err))
            return err->code;
    return 0;
}

static int write_queries(struct h5group *g, struct err *err)
{
    static float cells[LAYERS * TARGETS], row[BIG];
    const char *words[LAYERS * TARGETS];
    int8_t steps[QUERIES] = {1, 2, 3, 1, -1};

    if (h5_write(g, "item", 0, QUERIES, items, err) || h5_write(g, "step", 0, QUERIES, steps, err))
        return err->code;
    for (size_t q = 0; q + 1 < QUERIES; q++) { /* the last one stays what its fill value is */
        for (size_t i = 0; i < LAYERS * TARGETS; i++) {
            cells[i] = logit_of(q, i / TARGETS, i % TARGETS);
            words[i] = target_names[i % TARGETS];
        }
        for (size_t i = 0; i < BIG; i++)
            row[i] = (float)(q + i);
        if (h5_write(g, "logit", q, 1, cells, err) || h5_write(g, "wide", q, 1, row, err) ||
            h5_write(g, "texts", q, 1, words, err) ||
            h5_write(g, "status", q, 1, &(const char *){"ok"}, err))
            return err->code;
    }
    return h5_write(g, "audit", 0, 1, &(double){0.1}, err);
}

static int write_decode(struct h5file *f, struct err *err)
{
    const struct variable *const coordinates[] = {&item, &step, &kv_head};
    const struct variable *const variables[] = {&logit, &rank,  &status, &none,
                                                &wide,  &texts, &flag,   &audit};
    const struct dim dims[] = {
        {"query", QUERIES, V_I8, numbers, "query, in file order"},
        {"layer", LAYERS, V_I4, NULL, "layer, from 0"},
        {"target", TARGETS, V_STR, target_names, "target token"},
        {"control", 0, V_I4, NULL, NULL},
        {"big", BIG, V_I4, NULL, NULL},
    };
    struct h5group *g;

    if (h5_group(f, "decode", dims, sizeof dims / sizeof *dims, &g, err) ||
        h5_attr_str(g, "kind", "decode", err) || h5_attr_str(g, "empty", "", err) ||
        h5_attr_f64(g, "noise", 0.1, err) || h5_attr_i64(g, "seed", 1LL << 40, err) ||
        define_all(g, coordinates, 3, true, err) || define_all(g, variables, 8, false, err))
        return err->code;
    return write_queries(g, err);
}

static int write_others(struct h5file *f, struct err *err)
{
    const struct dim span_dim = {"span", 2, V_STR, target_names, "name of the span"};
    const struct dim queries[] = {{"query", 1, V_I8, NULL, "query"},
                                  {"bound", 2, V_I4, NULL, "begin, end"}};
    const struct dim stats[] = {{"stratum", 2, V_STR, strata, "dataset, template, step"},
                                {"layer", 2, V_I4, NULL, "layer"}};
    const double means[4] = {1, (double)NAN, 3, 1e300};
    const int32_t spans[4] = {1, 2, 5, 7};
    struct h5group *g;

    if (h5_group(f, "", &span_dim, 1, &g, err) || h5_group(f, "queries", queries, 2, &g, err) ||
        h5_coordinate(g, &span_name, err) || h5_define(g, &span, err) ||
        h5_write(g, "span_name", 0, 2, target_names, err) || h5_write(g, "span", 0, 1, spans, err))
        return err->code;
    if (h5_group(f, "decode/stats", stats, 2, &g, err) || h5_define(g, &mean, err) ||
        h5_write(g, "mean", 0, 2, means, err))
        return err->code;
    return 0;
}

int write_sample(const char *to, struct err *err)
{
    struct h5file *f;

    if (h5_create(&f, to, err))
        return err->code;
    if (write_decode(f, err) || write_others(f, err)) {
        h5_abandon(f);
        return err->code;
    }
    return h5_commit(f, NULL, NULL, err);
}
