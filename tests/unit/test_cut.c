/* The list of units: each cell once, at the cost that was asked for. */
#include "base/file.h"
#include "base/mem.h"
#include "campaign/audit.h"
#include "campaign/bundle.h"
#include "campaign/survey.h"
#include "campaign/unit.h"
#include "campaign_helper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Units of a query stand side by side and cover its cells without gap or overlap; queries rise
   within an experiment, experiments rise. */
static void every_cell_once(void **state)
{
    struct campaign c;
    const struct unit *u;

    (void)state;
    open_text(&c, three_queries, kinds_of_work, NULL);
    u = c.unit + c.n_survey;
    for (uint32_t x = 0; x < c.n; x++)
        for (uint32_t q = 0; q < c.data.n; q++) {
            uint64_t at = 0, cells = query_cells(&c.x[x], c.data.query[q].n);

            assert_true(cells > 0);
            while (at < cells) {
                assert_true(u < units_end(&c) && u->work == UNIT_CELLS);
                assert_true(u->experiment == x && u->query == q && u->first == at && u->n > 0);
                at += u++->n;
            }
            assert_true(at == cells);
            for (; u < units_end(&c) && u->work == UNIT_AUDIT; u++) /* of the file's first */
                assert_true(u->experiment == x && u->query == q && q == 0);
        }
    assert_true(u == units_end(&c));
    assert_true(c.n_units > c.n_survey + c.n * c.data.n); /* some are cut */
    campaign_close(&c);
}

static void surveys_cover_the_data(void **state)
{
    static const uint32_t of[] = {MEANS, NOISE};
    struct campaign c;

    (void)state;
    open_text(&c, three_queries, kinds_of_work, NULL);
    assert_int_equal(c.n_survey, 2); /* a block of queries for each that asks */
    for (size_t i = 0; i < c.n_survey; i++) {
        const struct unit *u = &c.unit[i];

        assert_true(u->work == UNIT_SURVEY && u->experiment == of[i] && u->query == 0 &&
                    u->n == c.data.n);
        assert_true(u->cost.flops == survey_flops(&c.x[of[i]], 0, c.data.n));
    }
    campaign_close(&c);
}

/* What a unit costs, cell by cell, and what it would without its last cell. */
static struct cost count_cells(const struct campaign *c, const struct unit *u,
                               struct runs_cost *runs, uint64_t *before_last)
{
    const struct experiment *x = &c->x[u->experiment];
    const struct query *q = &c->data.query[u->query];
    struct arena a = {0};
    struct run *run;
    struct cost sum = {0, 0};
    struct err err;

    err_clear(&err);
    run = arena_alloc(&a, RUNS_MAX, sizeof *run, &err);
    assert_int_equal(runs_cost(run, x, q, &a, runs, &err), 0);
    if (!u->first)
        sum.flops += query_extra(x, q);
    for (uint64_t i = 0; i < u->n; i++) {
        struct cell cell = {.q = q, .run = run};

        *before_last = sum.flops;
        cell_index(x, q->n, u->first + i, cell.index);
        assert_int_equal(cell_cost(x, &cell, &a, &sum, &err), 0);
    }
    arena_release(&a);
    return sum;
}

/* Costs that were taken from alike cells and queries are those of the cells; a unit ends with the
   cell that brings it to its bound. */
static void costs_and_their_bound(void **state)
{
    struct campaign c;
    int cut = 0; /* units of the noise that do not end their query */

    (void)state;
    open_text(&c, three_queries, kinds_of_work, NULL); /* the bound: 5 times the query's runs */
    for (const struct unit *u = c.unit + c.n_survey; u < units_end(&c); u++) {
        struct runs_cost runs;
        uint64_t before_last, bound;
        struct cost sum;
        bool last = u + 1 == units_end(&c) || u[1].query != u->query ||
                    u[1].experiment != u->experiment || u[1].work != UNIT_CELLS;

        if (u->work == UNIT_AUDIT)
            continue;
        sum = count_cells(&c, u, &runs, &before_last);
        bound = 5 * (runs.clean + runs.others);
        assert_true(sum.flops == u->cost.flops && sum.variants == u->cost.variants);
        assert_true(runs.clean == u->runs.clean && runs.others == u->runs.others);
        assert_true(last || u->cost.flops >= bound);
        cut += u->experiment == NOISE && !last;
        assert_true(u->n == 1 || before_last < bound);
    }
    assert_true(cut > 0);
    campaign_close(&c);
}

static int made; /* cells whose variants were made */
static int (*real_variants)(const struct experiment *x, struct cell *cell, struct arena *a,
                            struct err *err);

static int count_variants(const struct experiment *x, struct cell *cell, struct arena *a,
                          struct err *err)
{
    made++;
    return real_variants(x, cell, a, err);
}

/* A sweep of ten million cells is cut without making each: only cells that differ along axes that
   matter to their cost, and of queries that cost the same those of the first. */
static void few_cells_are_made(void **state)
{
    struct campaign c;
    struct kind counting;
    struct err err;

    (void)state;
    err_clear(&err);
    open_text(&c, three_queries, kinds_of_work, NULL);
    counting = *c.x[SWEEP].kind;
    real_variants = counting.variants;
    counting.variants = count_variants;
    c.x[SWEEP].kind = &counting;
    mem_free(c.unit);
    c.unit = NULL;
    c.n_units = 0;
    made = 0;
    c.config.run.audit = AUDIT_NONE;
    assert_int_equal(campaign_cut(&c, &err), 0);
    assert_int_equal(query_cells(&c.x[SWEEP], 5), 3 * 4 * 6); /* layers, heads, positions */
    assert_int_equal(made, 2 * 3 * 6); /* A and C cost the same, and so do heads */
    campaign_close(&c);
}

static void smaller_units_are_more(void **state)
{
    struct campaign few, many;

    (void)state;
    open_text(&few, three_queries, kinds_of_work, "run.unit_flops=100");
    open_text(&many, three_queries, kinds_of_work, NULL);
    assert_true(many.n_units > few.n_units);
    campaign_close(&few);
    campaign_close(&many);
}

/* --- bundles --- */

/* What a bundle's units cost, with one clean run of each query and an experiment's others once. */
static uint64_t bundle_sum(const struct campaign *c, const struct bundle *b, size_t *clean)
{
    uint64_t sum = 0, most = 0;

    for (size_t m = 0; m < b->n; m++) {
        const struct unit *u = &c->unit[c->order[b->first + m]];

        if (!m || u->query != c->unit[c->order[b->first + m - 1]].query)
            most = 0;
        *clean += !most && u->runs.clean;
        sum += u->cost.flops + (bundle_begins(c, b, m) ? u->runs.others : 0);
        if (u->runs.clean > most) { /* all rows, or those that its own answer needs */
            sum += u->runs.clean - most;
            most = u->runs.clean;
        }
    }
    return sum;
}

/* Whatever is to do and however many share it, each unit is in one bundle, and a bundle costs what
   its units cost. Returns how many clean runs there are. */
static size_t bundled_once(struct campaign *c, const unsigned char *todo, int ranks)
{
    size_t clean = 0, said = 0, n = 0;
    unsigned char seen[4096] = {0};
    struct err err;

    err_clear(&err);
    assert_true(c->n_units <= sizeof seen);
    assert_int_equal(campaign_bundle(c, todo, ranks, &err), 0);
    for (size_t i = 0; i < c->n_bundles; i++) {
        const struct bundle *b = &c->bundle[i];

        assert_true(b->first == n && b->n > 0);
        n += b->n;
        for (size_t m = 0; m < b->n; m++)
            assert_int_equal(seen[c->order[b->first + m]]++, 0);
        assert_true(b->flops == bundle_sum(c, b, &clean));
        said += b->n_clean;
    }
    for (size_t u = 0; u < c->n_units; u++)
        assert_int_equal(seen[u], !todo || todo[u]);
    assert_int_equal(clean, said);
    return clean;
}

static void each_unit_in_one_bundle(void **state)
{
    static const char with_runs[] =
        "  - {name: t, kind: causal_trace, noise: 0.1, samples: 2, corrupt: [subject]}\n"
        "  - {name: r, kind: ablation, site: head, operation: {kind: resample, draws: 2}}\n";
    unsigned char todo[4096];
    struct campaign c;

    (void)state;
    for (int k = 0; k < 2; k++) {
        open_text(&c, three_queries, k ? with_runs : kinds_of_work, NULL);
        for (int ranks = 1; ranks <= 512; ranks *= 8) {
            bundled_once(&c, NULL, ranks);
            for (size_t u = 0; u < c.n_units; u++)
                todo[u] = u % 7 % 2;
            bundled_once(&c, todo, ranks);
        }
        campaign_close(&c);
    }
}

/* Analyses that only read a query's clean run make it once, however many ranks there are; and so
   does an audit. */
static void readers_share_a_run(void **state)
{
    struct campaign c;

    (void)state;
    open_text(&c, four_queries,
              "  - {name: d, kind: decode}\n  - {name: t, kind: token_lens}\n"
              "  - {name: h, kind: heads}\n  - {name: x, kind: dump, sites: [residual, mlp]}\n",
              NULL);
    for (int ranks = 1; ranks <= 512; ranks *= 8)
        assert_int_equal(bundled_once(&c, NULL, ranks), 4);
    assert_true(c.n_bundles <= 4);
    campaign_close(&c);
}

/* Every unit is in one share, and so are surveys in each; shares are of about equal work. */
static void shares_are_a_partition(void **state)
{
    enum { SHARES = 3 };
    struct campaign c;
    double work[SHARES] = {0}, all = 0;
    unsigned char seen[4096] = {0}, todo[4096];
    struct err err;

    (void)state;
    err_clear(&err);
    open_text(&c, three_queries, kinds_of_work, "run.unit_flops=1");
    for (int i = 0; i < SHARES; i++) {
        assert_int_equal(campaign_share(&c, todo, i, SHARES, &err), 0);
        for (size_t u = 0; u < c.n_units; u++) {
            seen[u] += todo[u];
            work[i] += u >= c.n_survey && todo[u] ? (double)unit_flops(&c.unit[u]) : 0;
        }
        all += work[i];
    }
    for (size_t u = 0; u < c.n_units; u++)
        assert_int_equal(seen[u], u < c.n_survey ? SHARES : 1);
    for (int i = 0; i < SHARES; i++)
        assert_true(work[i] > 0.6 * all / SHARES && work[i] < 1.4 * all / SHARES);
    campaign_close(&c);
}

/* --- audits --- */

/* A run's checks of itself take at most a hundredth of its work where that is much. */
static void audits_are_few(void **state)
{
    static const char big[] = "  - {name: z, kind: ablation, site: attn, operation: {kind: noise, "
                              "draws: 100}, metrics: [logit]}\n"
                              "  - {name: d, kind: decode}\n";
    struct campaign c;
    double all = 0, audits = 0;
    struct err err;
    int n = 0;

    (void)state;
    err_clear(&err);
    open_text(&c, three_queries, big, NULL);
    for (const struct unit *u = c.unit; u < units_end(&c); u++) {
        assert_true(u->work != UNIT_AUDIT || u->experiment != 2); /* it reads the clean run */
        n += u->work == UNIT_AUDIT;
    }
    assert_int_equal(n, 2 + AUDIT_CELLS - 1); /* of little work: all of them */
    campaign_close(&c);
    open_text(&c, three_queries, big, "run.audit=none");
    for (const struct unit *u = c.unit; u < units_end(&c); u++)
        assert_true(u->work != UNIT_AUDIT);
    campaign_close(&c);
    open_text(&c, three_queries, big, NULL);
    c.model->shape.d_ff = 1 << 26; /* so that a pass costs more than any run can spare */
    mem_free(c.unit);
    c.unit = NULL;
    c.n_units = 0;
    assert_int_equal(campaign_cut(&c, &err), 0);
    for (const struct unit *u = c.unit; u < units_end(&c); u++)
        *(u->work == UNIT_AUDIT ? &audits : &all) += (double)unit_flops(u);
    assert_true(audits > 0 && audits <= all / 100);
    campaign_close(&c);
}

/* --- keys --- */

/* The products of a bundle are those that were planned, but for what each cell does without
   `product`: eigenvalues, and the mixing of what its head writes. */
static void weights_cost_what_was_planned(void **state)
{
    struct campaign c;
    struct buf rows = {0};
    struct err err = {0};
    uint64_t cells = 0, dh, own;

    (void)state;
    open_whole(&c, three_queries, weights_alone, "run.threads=1");
    dh = (uint64_t)c.model->shape.d_head;
    own = 40 * dh * dh * dh + 2 * dh * dh * (uint64_t)c.model->shape.d_model;
    assert_int_equal(campaign_bundle(&c, NULL, 3, &err), 0);
    assert_int_equal(campaign_start(&c, 1, &err), 0);
    assert_int_equal(campaign_vocab_stats(&c, in_folder("vocab.bin"), true, &err), 0);
    for (size_t i = 0; i < c.n_bundles; i++) {
        const struct bundle *b = &c.bundle[i];
        uint64_t before = c.engine.team.flops, n = 0;

        if (c.unit[c.order[b->first]].experiment != 2)
            continue;
        for (size_t m = 0; m < b->n; m++)
            n += c.unit[c.order[b->first + m]].n;
        assert_int_equal(bundle_run(&c, i, &rows, &err), 0);
        assert_true(c.engine.team.flops - before == b->flops - n * own);
        cells += n;
    }
    assert_int_equal(cells, c.model->shape.n_layers * c.model->shape.n_heads);
    buf_release(&rows);
    campaign_close(&c);
}

/* Where a file that the config names is read, too. */
static void lack_of_memory_is_not_a_mistake_of_the_config(void **state)
{
    struct campaign_request request = {.config = in_folder("c.yaml"), .shape_only = true};
    struct campaign c;
    char text[1024];
    int code;

    (void)state;
    write_file("u.txt", "0 1\n");
    write_file("n.json",
               "{\"lands\": {\"llama3-sharded-bf16\": {\"subject\": 1, \"answers\": 1}}}");
    snprintf(text, sizeof text,
             "  - {name: u, kind: ablation, site: neurons, neuron_file: %s/u.txt, operation: "
             "{kind: zero}}\n  - {name: t, kind: causal_trace, noise: published, noise_file: "
             "%s/n.json}\n",
             folder, folder);
    open_text(&c, three_queries, text, NULL);
    campaign_close(&c);
    for (long n = 1; n < 200; n++) {
        struct problems problems = {0};
        struct err err;

        err_clear(&err);
        mem_fail_nth(n);
        code = campaign_open(&c, &request, &problems, &err);
        mem_fail_nth(0);
        campaign_close(&c);
        assert_int_equal(problems.count, 0);
        assert_true(!code || code == ERR_MEMORY);
    }
    assert_int_equal(code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_once),
        cmocka_unit_test(surveys_cover_the_data),
        cmocka_unit_test(costs_and_their_bound),
        cmocka_unit_test(few_cells_are_made),
        cmocka_unit_test(smaller_units_are_more),
        cmocka_unit_test(each_unit_in_one_bundle),
        cmocka_unit_test(readers_share_a_run),
        cmocka_unit_test(shares_are_a_partition),
        cmocka_unit_test(audits_are_few),
        cmocka_unit_test(weights_cost_what_was_planned),
        cmocka_unit_test(lack_of_memory_is_not_a_mistake_of_the_config),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
