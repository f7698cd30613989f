/* Edges, and circuits of them: what must hold whatever the model does so in a run's audit
   (tests/mutants has mistakes that each of its checks finds), the memory that plans count is what
   is taken, and how many cells are in memory at once changes no bit. */
#include "campaign/audit.h"
#include "campaign/bundle.h"
#include "campaign_helper.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char edges[] =
    "  - {name: z, kind: edges, operation: {kind: zero}}\n"
    "  - {name: h, kind: edges, operation: {kind: zero}, senders: {kinds: head}, positions: "
    "[subject, last], receivers: {kinds: logits}}\n"
    "  - {name: r, kind: edges, operation: {kind: resample, draws: 2, match: [template]}, "
    "positions: all, receivers: {kinds: mlp}}\n"
    "  - {name: s, kind: edges, operation: {kind: scale, factor: -2}, senders: {kinds: [head, "
    "embedding]}, positions: {each_token: subject}, receivers: {kinds: mlp, layers: [2]}}\n";

static void open_edges(struct campaign *c, const char *experiments)
{
    struct err err;

    err_clear(&err);
    open_whole(c, three_queries, experiments, "run.audit=all");
    assert_int_equal(campaign_bundle(c, NULL, 1, &err), 0);
    assert_int_equal(campaign_start(c, 1, &err), 0);
}

static void audits_of_edges(void **state)
{
    struct campaign_report report;
    struct buf rows = {0};
    struct campaign c;

    (void)state;
    open_edges(&c, edges);
    run_whole(&c, &rows, NULL, &report);
    for (int i = AUDIT_EDGES; i < AUDIT_COUNT; i++) /* not NaN: there was something to check */
        assert_true(report.audit[i] <= audit_tolerance((enum audit)i, false));
    buf_release(&rows);
    campaign_close(&c);
}

/* The clean run of the first query. */
static struct run *clean_run(struct campaign *c, struct arena *a)
{
    const struct query *q = &c->data.query[0];
    struct err err;
    struct run *run;
    struct variant v = {.ids = q->ids, .n = q->n};

    err_clear(&err);
    v.into = run = arena_alloc(a, RUNS_MAX, sizeof *run, &err);
    assert_int_equal(run_alloc(run, &c->model->shape, q->n, KEEP_ALL, a, &err), 0);
    engine_run(&c->engine, &v, 1);
    return run;
}

/* One target's logit in the clean run is NaN, that the others agree does not make up for it. */
static void no_number_is_no_agreement(void **state)
{
    struct arena runs = {0}, own = {0};
    struct cost cost = {0, 0};
    double worst[AUDIT_COUNT];
    struct campaign c;
    struct err err;

    (void)state;
    err_clear(&err);
    open_edges(&c, edges);
    for (int t = 0; t < 2; t++) {
        struct run *run = clean_run(&c, &runs);
        struct worker w = {&c.engine, &own};

        run->logits[c.data.query[0].target[t]] = NAN;
        assert_int_equal(audit_run(worst, &w, &c.x[0], c.data.query, run, 0, &cost, &err), 0);
        assert_true(worst[AUDIT_PARTS] > 1 && worst[AUDIT_NOOP] > 1);
    }
    arena_release(&runs);
    arena_release(&own);
    campaign_close(&c);
}

static void assert_planned(double planned, double taken)
{
    if (!(planned >= taken && planned <= 1.5 * taken))
        fail_msg("%.0f bytes planned, %.0f taken", planned, taken);
}

/* What u' - u of all senders takes; it is part of the plan's memory. */
static void operands_are_planned(void **state)
{
    struct arena runs = {0}, own = {0};
    struct kind uncounted[2];
    double most = 0, with;
    struct campaign c;
    struct err err;

    (void)state;
    err_clear(&err);
    open_edges(&c, edges);
    with = campaign_bytes(&c, 1);
    for (size_t i = 1; i <= 2; i++) { /* of the clean run alone */
        struct cell query = {.q = c.data.query, .run = clean_run(&c, &runs)};
        const struct experiment *x = &c.x[i];
        struct worker w = {&c.engine, &own};
        double planned = x->kind->prepared_bytes(x, &c.data.query[0]);

        arena_reset(&own);
        assert_int_equal(x->kind->prepare(x, &query, 0, query_cells(x, c.data.query[0].n), &w,
                                          &query.prepared, &err),
                         0);
        assert_planned(planned, (double)own.used);
        most = fmax(most, planned);
        uncounted[i - 1] = *x->kind;
        uncounted[i - 1].prepared_bytes = NULL;
        c.x[i].kind = &uncounted[i - 1];
    }
    c.n = 3;
    assert_true(with - campaign_bytes(&c, 1) >= most);
    arena_release(&runs);
    arena_release(&own);
    campaign_close(&c);
}

/* A circuit's arrays, which each cell has for itself. */
static void circuits_are_planned(struct campaign *c)
{
    const struct experiment *x = &c->x[1];
    struct arena runs = {0}, planned = {0}, taken = {0};
    struct run bare[1] = {{0}};
    struct cell plan = {.q = c->data.query, .run = bare};
    struct cell real = {.q = c->data.query, .run = clean_run(c, &runs)};
    struct err err;

    err_clear(&err);
    *bare = (struct run){.ids = real.run->ids, .n = c->data.query[0].n};
    assert_int_equal(x->kind->variants(x, &plan, &planned, &err), 0);
    assert_int_equal(x->kind->variants(x, &real, &taken, &err), 0);
    assert_planned((double)(planned.used + plan.bytes), (double)taken.used);
    arena_release(&runs);
    arena_release(&planned);
    arena_release(&taken);
}

static void circuits(void **state)
{
    struct campaign_report report;
    struct buf rows[2] = {{0}, {0}};
    size_t last[2];
    struct campaign c;
    char text[512];

    (void)state;
    open_edges(&c, "  - {name: z, kind: edges, operation: {kind: zero}, metrics: [logit]}\n");
    run_whole(&c, &rows[0], NULL, &report);
    campaign_close(&c);
    snprintf(text, sizeof text,
             "  - {name: c, kind: faithfulness, from: \"%s\", groups: [z], operation: {kind: "
             "zero}}\n",
             in_folder("result.h5"));
    open_edges(&c, text);
    circuits_are_planned(&c);
    for (int i = 0; i < 2; i++) { /* many cells at once, then one after the other */
        buf_clear(&rows[i]);
        c.block_bytes = i ? 1 : c.block_bytes;
        run_whole(&c, &rows[i], NULL, &report);
        last[i] = c.unit_arena.used;
        for (int k = AUDIT_EDGES; k < AUDIT_COUNT; k++)
            assert_true(report.audit[k] <= audit_tolerance((enum audit)k, false));
    }
    assert_true(rows[0].len == rows[1].len && !memcmp(rows[0].data, rows[1].data, rows[0].len));
    assert_true(last[1] < last[0] / 2);
    buf_release(&rows[0]);
    buf_release(&rows[1]);
    campaign_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(audits_of_edges),
        cmocka_unit_test(no_number_is_no_agreement),
        cmocka_unit_test(operands_are_planned),
        cmocka_unit_test(circuits),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
