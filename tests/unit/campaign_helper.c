#include "campaign_helper.h"

#include "base/writer.h"
#include "campaign/bundle.h"
#include "campaign/cut.h"
#include "campaign/unit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define QUERY_A                                                                                    \
    "{\"ids\": [78, 105, 89, 83, 122], \"item\": \"A\", \"dataset\": \"lands\", \"template\": 1, " \
    "\"step\": 1, \"spans\": {\"subject\": [3, 4]}, \"targets\": {\"answer_1\": 5, \"subject\": "  \
    "83}, \"target\": \"answer_1\"}\n"
#define QUERY_B                                                                                    \
    "{\"ids\": [70, 15, 89, 84, 85, 122], \"item\": \"B\", \"dataset\": \"lands\", \"template\": " \
    "1, \"step\": 1, \"spans\": {\"subject\": [3, 5]}, \"targets\": {\"answer_1\": 6, "            \
    "\"subject\": 84}, \"target\": \"answer_1\"}\n"
#define QUERY_C                                                                                   \
    "{\"ids\": [71, 25, 89, 85, 122], \"item\": \"C\", \"dataset\": \"lands\", \"template\": 1, " \
    "\"step\": 1, \"spans\": {\"subject\": [3, 4]}, \"targets\": {\"answer_1\": 7, \"subject\": " \
    "85}, \"target\": \"answer_1\"}\n"
#define QUERY_D                                                                                   \
    "{\"ids\": [71, 25, 89, 86, 122, 9], \"item\": \"D\", \"dataset\": \"lands\", \"template\": " \
    "1, \"step\": 1, \"spans\": {\"subject\": [3, 4]}, \"targets\": {\"answer_1\": 8, "           \
    "\"subject\": 86}, \"target\": \"answer_1\"}\n"

const char query_a[] = QUERY_A, query_b[] = QUERY_B, query_c[] = QUERY_C, query_d[] = QUERY_D;
const char three_queries[] = QUERY_A QUERY_B QUERY_C;
const char four_queries[] = QUERY_A QUERY_B QUERY_C QUERY_D;

const char kinds_of_work[] =
    "  - {name: d, kind: decode}\n"
    "  - {name: k, kind: knockout, sets: [subject, last]}\n"
    "  - {name: h, kind: ablation, site: head, operation: {kind: "
    "zero}, positions: [\"0\", \"1\", \"2\", first, subject, last]}\n"
    "  - {name: m, kind: ablation, site: mlp, operation: {kind: "
    "mean}}\n"
    "  - {name: n, kind: noop, cells: 100, values: 4}\n"
    "  - {name: z, kind: ablation, site: mlp, operation: {kind: noise, draws: 100}}\n";

const char weights_alone[] =
    "  - {name: d, kind: decode}\n  - {name: w, kind: attention, weights: true}\n";

const struct unit *units_end(const struct campaign *c)
{
    return c->unit + c->n_units;
}

void write_file(const char *name, const char *text)
{
    struct err err;

    if (file_replace(in_folder(name), text, strlen(text), &err))
        fail_msg("%s", err.msg);
}

static void open_it(struct campaign *c, const char *data, const char *experiments, const char *set,
                    bool shape_only)
{
    struct campaign_request request = {
        .config = in_folder("c.yaml"), .set = &set, .n_set = set ? 1 : 0, .shape_only = shape_only};
    struct problems problems = {0};
    struct err err;
    char text[4096];

    write_file("q.jsonl", data);
    snprintf(text, sizeof text,
             "model: {path: \"%s/fixtures/models/llama3-sharded-bf16\"}\n"
             "data: {path: \"%s/q.jsonl\"}\noutput: \"%s/out\"\nexperiments:\n%s",
             TEST_DIR, folder, folder, experiments);
    write_file("c.yaml", text);
    memset(c, 0, sizeof *c);
    err_clear(&err);
    if (campaign_open(c, &request, &problems, &err) || problems.count || campaign_cut(c, &err))
        fail_msg("%s", problems.count ? problems.item[0].msg : err.msg);
}

void open_text(struct campaign *c, const char *data, const char *experiments, const char *set)
{
    open_it(c, data, experiments, set, true);
}

void open_whole(struct campaign *c, const char *data, const char *experiments, const char *set)
{
    open_it(c, data, experiments, set, false);
}

/* What the engine did is what was planned, and some small sums: no check of a run is left out. */
static void assert_done(uint64_t done, uint64_t planned)
{
    if (done < planned || (double)done > 1.02 * (double)planned)
        fail_msg("%llu FLOP planned, %llu done", (unsigned long long)planned,
                 (unsigned long long)done);
}

void run_whole(struct campaign *c, struct buf *rows, row_change_fn *change,
               struct campaign_report *report)
{
    struct journal *journal;
    struct journal_stats found;
    char dir[512];
    struct err err;

    err_clear(&err);
    snprintf(dir, sizeof dir, "%s", in_folder("journal"));
    assert_int_equal(journal_clear(dir, &err), 0);
    assert_int_equal(journal_open(&journal, dir, &found, &err), 0);
    for (uint64_t i = 0; i < c->n_bundles; i++) {
        uint64_t flops = c->engine.team.flops;
        size_t before = rows->len;
        struct cursor at;
        struct unit_rows u;
        bool left_out = false;

        assert_int_equal(bundle_run(c, i, rows, &err), 0);
        flops = c->engine.team.flops - flops;
        at = (struct cursor){(const unsigned char *)rows->data + before, rows->len - before, 0, 0};
        while (bundle_next(c, i, &at, &u)) {
            unsigned char *own = (unsigned char *)rows->data + before + at.pos - u.n;

            left_out |= own[0] != 0; /* the length of a status */
            if (change)
                change(c, u.unit, own, u.n);
            assert_int_equal(journal_append(journal, c->unit[u.unit].key, u.rows, u.n, 0, &err), 0);
        }
        if (!left_out)
            assert_done(flops, c->bundle[i].flops);
    }
    if (campaign_write(c, journal, in_folder("result.h5"), false, report, NULL, NULL, &err))
        fail_msg("%s", err.msg);
    journal_close(journal);
}
