/* A run's checks of itself: what must hold of edges is checked of every sort of sender, operation
   and place, and holds. (tests/mutants has the mistakes that each of them finds.) */
#include "campaign/audit.h"
#include "campaign/bundle.h"
#include "campaign/unit.h"
#include "campaign_helper.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The worst residual of each check, and of how many audits of the campaign's. */
static void run_audits(struct campaign *c, double worst[AUDIT_COUNT], int n[AUDIT_COUNT])
{
    struct buf rows = {0};
    struct unit_rows u;
    struct err err;

    err_clear(&err);
    assert_int_equal(campaign_bundle(c, NULL, 1, &err), 0);
    assert_int_equal(campaign_start(c, 1, &err), 0);
    for (uint64_t i = 0; i < c->n_bundles; i++) {
        struct cursor at;

        buf_clear(&rows);
        assert_int_equal(bundle_run(c, i, &rows, &err), 0);
        at = (struct cursor){(const unsigned char *)rows.data, rows.len, 0, 0};
        while (bundle_next(c, i, &at, &u)) {
            struct cursor own = {u.rows, u.n, 0, 0};

            if (c->unit[u.unit].work != UNIT_AUDIT)
                continue;
            assert_int_equal(cursor_u32(&own), 0); /* the status */
            for (int k = 0; k < AUDIT_COUNT; k++) {
                double v = cursor_f64(&own);

                worst[k] = fmax(worst[k], v);
                n[k] += !isnan(v);
            }
        }
    }
    buf_release(&rows);
}

static void edges_hold_their_identities(void **state)
{
    static const char edges[] =
        "  - {name: z, kind: edges, operation: {kind: zero}, receivers: {kinds: logits}}\n"
        "  - {name: h, kind: edges, operation: {kind: zero}, senders: {kinds: head}, positions: "
        "[subject, last], receivers: {kinds: logits}}\n"
        "  - {name: r, kind: edges, operation: {kind: resample, draws: 2, match: [template]}, "
        "positions: all, receivers: {kinds: mlp}}\n"
        "  - {name: s, kind: edges, operation: {kind: scale, factor: -2}, senders: {kinds: [head, "
        "embedding]}, positions: {each_token: subject}, receivers: {kinds: mlp, layers: [2]}}\n";
    double worst[AUDIT_COUNT] = {0};
    int n[AUDIT_COUNT] = {0};
    struct campaign c;

    (void)state;
    open_whole(&c, three_queries, edges, "run.audit=all");
    run_audits(&c, worst, n);
    /* Of 12: less those that cannot reach the last row, or have no partner. */
    assert_true(n[AUDIT_EDGES] >= 6 && n[AUDIT_EDGES_ALL] >= 6 && n[AUDIT_EDGES_DIRECT] >= 6);
    assert_true(worst[AUDIT_EDGES] <= audit_tolerance(AUDIT_EDGES, false));
    assert_true(worst[AUDIT_EDGES_ALL] <= audit_tolerance(AUDIT_EDGES_ALL, false));
    assert_true(worst[AUDIT_EDGES_DIRECT] <= audit_tolerance(AUDIT_EDGES_DIRECT, false));
    campaign_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(edges_hold_their_identities)};

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
