/* Sections about the run as a whole. */
#include "report/web/html.h"
#include "report/web/web.h"

#include "base/file.h"
#include "base/json.h"
#include "base/outdir.h"
#include "base/str.h"

#include <math.h>
#include <stdio.h>

/* What was asked --------------------------------------------------------------------------- */

static const char *title_of(const struct result_group *g)
{
    if (g->figures.n && g->figures.v[0].title)
        return g->figures.v[0].title;
    return g->headlines.n ? g->headlines.v[0].title : g->kind;
}

int web_asked(struct result *r, struct buf *b, struct err *err)
{
    buf_puts(b, "<section id=\"asked\"><h2>What was asked</h2>\n", err);
    for (size_t i = 0; i < r->n_groups; i++) {
        const struct result_group *g = &r->group[i];
        const char *config;

        if (result_attr(r, g->name, "config", &config, err))
            return err->code;
        html_printf(b, err,
                    "<details><summary><b>%s</b> (%s): %s</summary><pre>%s</pre></details>\n",
                    g->name, g->kind, title_of(g), config);
    }
    return buf_puts(b, "</section>\n", err);
}

/* Model and data --------------------------------------------------------------------------- */

static void put_count(struct buf *b, const char *name, size_t n, struct err *err)
{
    html_printf(b, err, "<tr><th scope=\"row\">%s</th><td>%zu</td></tr>\n", name, n);
}

static size_t count_different(const char *const *v, size_t n)
{
    size_t different = 0;

    for (size_t i = 0; i < n; i++)
        different += str_index(v, i, v[i]) == i;
    return different;
}

/* What the run's last start says of itself beside the result, which has no paths; NULL: nothing, or
   nothing that can be read, and the page does without. */
static json_t *last_start(struct result *r, struct err *err)
{
    const char *path = file_sibling(&r->arena, r->path, OUTDIR_LOG, err);
    json_t *start = NULL;
    struct mapping log = {0};
    struct err e = ERR_CLEAR;

    if (path && file_exists(path) && !file_map(&log, path, &e))
        for (size_t end = log.size, at; end && !start; end = at ? at - 1 : 0) {
            json_t *o;

            for (at = end; at && log.data[at - 1] != '\n';)
                at--;
            o = json_loadb((const char *)log.data + at, end - at, 0, NULL);
            if (json_object_get(o, "model"))
                start = json_incref(o);
            json_decref(o);
        }
    file_unmap(&log);
    if (e.code == ERR_MEMORY)
        *err = e;
    return start;
}

/* The last part of a path, or of each in a list of paths: where things lie is nobody else's. */
static void put_names(struct buf *b, const char *name, const json_t *paths, struct err *err)
{
    size_t n = json_is_array(paths) ? json_array_size(paths) : 1;
    struct buf text = {0};

    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_is_array(paths) ? json_array_get(paths, i) : paths;

        if (json_is_string(one))
            buf_printf(&text, err, "%s%s", text.len ? ", " : "",
                       str_last_part(json_string_value(one)));
    }
    if (text.len && buf_str(&text, err))
        html_row(b, name, text.data, err);
    buf_release(&text);
}

/* The first prompt that was computed, as an example. */
static void put_example(struct buf *b, const char **status, const char **text, size_t n,
                        struct err *err)
{
    for (size_t q = 0; q < n; q++)
        if (str_eq(status[q], "ok") && *text[q]) {
            html_row(b, "for example", text[q], err);
            break;
        }
}

/* "30 layers of 9 heads": of the group that has the most of each. */
static void put_shape(struct result *r, struct buf *b, struct err *err)
{
    size_t layers = 0, heads = 0;
    char text[64];

    for (size_t i = 0; i < r->n_groups; i++) {
        size_t l = result_size(r, r->group[i].name, "layer");
        size_t h = result_size(r, r->group[i].name, "head");

        layers = l > layers ? l : layers;
        heads = h > heads ? h : heads;
    }
    snprintf(text, sizeof text, heads ? "%zu %s, %zu %s" : "%zu %s", layers,
             str_noun(layers, "layer", "layers"), heads, str_noun(heads, "head", "heads"));
    if (layers)
        html_row(b, "looked at", text, err);
}

int web_card(struct result *r, struct buf *b, struct err *err)
{
    const size_t n = result_size(r, "queries", "status");
    const char *architecture, **item, **dataset, **status, **text;
    json_t *start;
    size_t ok = 0;

    if (result_attr(r, "provenance", "architecture", &architecture, err) ||
        result_text(r, "queries", "item", n, &item, err) ||
        result_text(r, "queries", "status", n, &status, err) ||
        result_text(r, "queries", "dataset", n, &dataset, err) ||
        result_text(r, "queries", "text", n, &text, err))
        return err->code;
    for (size_t q = 0; q < n; q++)
        ok += str_eq(status[q], "ok");
    start = last_start(r, err);
    buf_puts(b, "<section id=\"card\"><h2>Model and data</h2>\n<table>\n", err);
    put_names(b, "model", json_object_get(start, "model"), err);
    html_row(b, "architecture", architecture ? architecture : "not known", err);
    put_shape(r, b, err);
    put_names(b, "data", json_object_get(start, "data"), err);
    put_count(b, "queries", n, err);
    put_count(b, "of them used", ok, err);
    put_count(b, "items", count_different(item, n), err);
    put_count(b, "datasets", count_different(dataset, n), err);
    put_example(b, status, text, n, err);
    json_decref(start);
    return buf_puts(b, "</table>\n</section>\n", err);
}

/* What was left out ------------------------------------------------------------------------ */

/* Each reason of a group with how many queries have it; *any. */
static int put_reasons(struct result *r, const char *group, bool *any, struct buf *b,
                       struct err *err)
{
    const size_t n = result_size(r, group, "status");
    const char **status;

    if (!n || result_text(r, group, "status", n, &status, err))
        return err->code;
    for (size_t i = 0; i < n; i++) {
        size_t count = 0, first = 0;

        while (!str_eq(status[first], status[i]))
            first++;
        if (first < i || str_eq(status[i], "ok"))
            continue;
        for (size_t k = i; k < n; k++)
            count += str_eq(status[k], status[i]);
        if (!*any)
            buf_puts(b, "<table>\n<tr><th>experiment</th><th>queries</th><th>why</th></tr>\n", err);
        html_printf(b, err, "<tr><td>%s</td><td>%zu of %zu</td><td>%s</td></tr>\n", group, count, n,
                    status[i]);
        *any = true;
    }
    return err->code;
}

int web_left_out(struct result *r, struct buf *b, struct err *err)
{
    bool any = false;

    buf_puts(b, "<section id=\"left-out\"><h2>What was left out</h2>\n", err);
    put_reasons(r, "queries", &any, b, err);
    for (size_t i = 0; i < r->n_groups && !err->code; i++)
        put_reasons(r, r->group[i].name, &any, b, err);
    return buf_puts(b,
                    any ? "</table>\n</section>\n"
                        : "<p>Nothing: every query is in every experiment.</p>\n</section>\n",
                    err);
}

/* Checks and provenance -------------------------------------------------------------------- */

int web_checks(struct result *r, struct buf *b, struct err *err)
{
    const size_t n = result_size(r, "provenance", "audit");
    const char **check;
    double *audit;

    if (result_text(r, "provenance", "check", n, &check, err) ||
        result_numbers(r, "provenance", "audit", n, &audit, err))
        return err->code;
    buf_puts(b, "<section id=\"checks\"><h2>Self-check of the run</h2>\n<table>\n", err);
    for (size_t i = 0; i < n; i++) {
        char text[64] = "not checked";

        if (!isnan(audit[i]))
            snprintf(text, sizeof text, "relative error at most %.0e", audit[i]);
        html_row(b, check[i], text, err);
    }
    return buf_puts(
        b,
        "</table>\n<p>Decoded parts add up to the logits; an edit that puts back what is "
        "there changes nothing; random cells agree with a plain forward pass. A run that "
        "fails a check writes no result.</p>\n</section>\n",
        err);
}

int web_provenance(struct result *r, struct buf *b, struct err *err)
{
    static const struct {
        const char *words, *name;
    } rows[] = {{"lensweep", "lensweep_version"},
                {"commit", "git_commit"},
                {"model, hash", "model_fingerprint"},
                {"data, hash", "data_fingerprint"},
                {"HDF5", "hdf5_version"},
                {"BLAS", "blas"}};
    enum { VERSION, COMMIT, MODEL, DATA, ROWS = sizeof rows / sizeof *rows };
    const char *config, *value[ROWS];

    if (result_attr(r, "provenance", "config", &config, err))
        return err->code;
    buf_puts(b, "<section id=\"provenance\"><h2>Provenance</h2>\n<table>\n", err);
    for (int i = 0; i < ROWS; i++) {
        if (result_attr(r, "provenance", rows[i].name, &value[i], err))
            return err->code;
        if (value[i])
            html_row(b, rows[i].words, value[i], err);
    }
    html_printf(b, err,
                "</table>\n<details><summary>The whole config, as far as results depend on "
                "it</summary><pre>%s</pre></details>\n</section>\n",
                config);
    return html_printf(
        b, err,
        "<section id=\"cite\"><h2>How to cite</h2>\n<pre>@software{lensweep,\n  author = {{The "
        "lensweep authors}},\n  title = {lensweep: exact interpretability sweeps over every head "
        "and layer of a language model},\n  version = {%s},\n  note = {commit %s; model %s, data "
        "%s}\n}</pre>\n<p>Beside it the paper whose analyses these are, where they are: Yan and "
        "Jia, Promote, Suppress, Iterate: How Language Models Answer One-to-Many Factual Queries, "
        "EMNLP 2025, arXiv 2502.20475. The two hashes name the model and the queries: whoever has "
        "the same gets the same numbers, bit for bit.</p>\n</section>\n",
        value[VERSION], value[COMMIT], value[MODEL], value[DATA]);
}
