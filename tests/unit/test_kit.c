/*
 * What several kinds share, on four small prompts (r relation, s subject, a first answer):
 *
 *     query  item  step  tokens
 *     0      A     2     0 r r s s 5 a 7
 *     1      B     2     0 r s s s a 6
 *     2      C     1     0 r s 3 4 5
 *     3      A     1     0 s s 3 4
 */
#include "campaign_helper.h"
#include "experiments/kit/controls.h"
#include "experiments/kit/deviates.h"
#include "experiments/kit/field_sum.h"
#include "experiments/kit/match.h"
#include "experiments/kit/metrics.h"
#include "experiments/kit/partners.h"
#include "experiments/kit/places.h"
#include "experiments/kit/select.h"
#include "experiments/kit/trace_roles.h"
#include "experiments/kit/where.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define QUERY(ids, item, step, spans)                                                           \
    "{\"ids\": [" ids "], \"item\": \"" item "\", \"dataset\": \"lands\", \"template\": 1, "    \
    "\"step\": " step ", \"spans\": {" spans "}, \"targets\": {\"answer_1\": 5, \"answer_2\": " \
    "9, \"subject\": 83}, \"target\": \"answer_1\"}\n"

static const char prompts[] =
    QUERY("10, 11, 12, 13, 14, 15, 16, 17", "A", "2",
          "\"relation\": [1, 3], \"subject\": [3, 5], \"answer_1\": [6, 7]")
        QUERY("20, 21, 22, 23, 24, 25, 26", "B", "2",
              "\"relation\": [1, 2], \"subject\": [2, 5], \"answer_1\": [5, 6]")
            QUERY("30, 31, 32, 33, 34, 35", "C", "1", "\"relation\": [1, 2], \"subject\": [2, 3]")
                QUERY("40, 41, 42, 43, 44", "A", "1", "\"subject\": [1, 3]");

enum { QUERIES = 4, TOKENS = 8 };

static struct campaign c;
static struct experiment *x;
static const struct query *q;
static struct err err;

static int open_prompts(void **state)
{
    (void)state;
    if (make_folder(state))
        return -1;
    err_clear(&err);
    open_text(&c, prompts,
              "  - {name: d, kind: decode}\n"
              "  - {name: w, kind: decode, where: {step: 2, item: A}}\n"
              "  - {name: l, kind: decode, limit: 3}\n",
              NULL);
    x = &c.x[1];
    q = c.data.query;
    return 0;
}

static int close_prompts(void **state)
{
    campaign_close(&c);
    return remove_folder(state);
}

static void assert_tokens(const int *got, int n, const char *want)
{
    char text[128] = "";

    for (int i = 0; i < n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), i ? " %d" : "%d", got[i]);
    assert_string_equal(text, want);
}

/* --- select.h --- */

static void assert_set(int query, const char *name, const char *want)
{
    int tok[2 * TOKENS], n = token_set(&c.scene, &q[query], name, tok);

    assert_tokens(tok, n, want);
}

static void sets_of_tokens(void **state)
{
    int a[2 * TOKENS], b[2 * TOKENS], n;

    (void)state;
    assert_set(0, "subject", "3 4");
    assert_set(1, "subject", "2 3 4");
    assert_set(0, "first", "0");
    assert_set(2, "last", "5");
    assert_set(0, "other", "5");
    assert_set(1, "other", "");
    assert_set(2, "other", "3 4");
    assert_set(2, "answer_1", "");
    assert_set(0, "random_subject", ""); /* two of one */
    assert_set(0, "random_answer_1", "5");
    n = token_set(&c.scene, &q[2], "random_subject", a);
    assert_true(n == 1 && (a[0] == 3 || a[0] == 4));
    assert_int_equal(token_set(&c.scene, &q[2], "random_subject", b), 1);
    assert_int_equal(a[0], b[0]);
}

static void known_sets_and_their_order(void **state)
{
    const char *near;
    char room[DRAWN_NAME];
    int order[8];

    (void)state;
    assert_string_equal(token_set_drawn(&c.scene, "random_subject_2", room), "subject");
    assert_string_equal(token_set_drawn(&c.scene, "random_answer_1", room), "answer_1");
    assert_null(token_set_drawn(&c.scene, "subject", room));
    assert_true(token_set_known(&c.scene, "subject", &near));
    assert_true(token_set_known(&c.scene, "random_relation", &near));
    assert_true(token_set_known(&c.scene, "other", &near) &&
                token_set_known(&c.scene, "last", &near));
    assert_false(token_set_known(&c.scene, "subjekt", &near));
    assert_string_equal(near, "subject");
    assert_false(token_set_known(&c.scene, "answer_9_of_ten", &near));
    assert_int_equal(span_order(&c.data, order), 3);
    assert_string_equal(c.data.span_name[order[0]], "subject");
    assert_string_equal(c.data.span_name[order[1]], "answer_1");
    assert_string_equal(c.data.span_name[order[2]], "relation");
}

/* A selector's configurations as "label coordinate lo-hi ...". */
static void assert_selections(struct selector s, int n, const char *want)
{
    struct problems problems = {0};
    struct selections out;
    char text[256] = "";

    assert_int_equal(selections_of(&out, &s, n, x, "layers", &problems, &err), 0);
    assert_int_equal(problems.count, 0);
    for (size_t i = 0; i < out.n; i++) {
        const struct selection *v = &out.v[i];

        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s %d", i ? ", " : "",
                 out.label[i], (int)out.coordinate[i]);
        for (int k = 0; k < v->n; k++)
            snprintf(text + strlen(text), sizeof text - strlen(text), " %d-%d", v->range[k].lo,
                     v->range[k].hi);
    }
    assert_string_equal(text, want);
}

static void selections(void **state)
{
    const char *two[] = {"3", "1"}, *one[] = {"2"};

    (void)state;
    assert_selections((struct selector){.kind = SELECT_EACH}, 3, "0 0 0-1, 1 1 1-2, 2 2 2-3");
    assert_selections((struct selector){.kind = SELECT_ALL}, 5, "all -1 0-5");
    assert_selections((struct selector){.kind = SELECT_ALL}, 1, "all 0 0-1");
    assert_selections((struct selector){.kind = SELECT_LIST, .n = 2, .name = two}, 4,
                      "3 3 3-4, 1 1 1-2");
    assert_selections((struct selector){.kind = SELECT_TOGETHER, .n = 2, .name = two}, 4,
                      "3+1 -1 3-4 1-2");
    assert_selections((struct selector){.kind = SELECT_TOGETHER, .n = 1, .name = one}, 4,
                      "2 2 2-3");
    assert_selections((struct selector){.kind = SELECT_WINDOW, .window = 3, .stride = 2}, 6,
                      "0-2 1 0-3, 2-4 3 2-5");
    assert_selections((struct selector){.kind = SELECT_WINDOW, .window = 4, .stride = 1}, 4,
                      "0-3 2 0-4");
}

static void refused(struct selector s, int n, const char *text)
{
    struct problems problems = {0};
    struct selections out;

    assert_int_equal(selections_of(&out, &s, n, x, "layers", &problems, &err), 0);
    assert_int_equal(problems.count, 1);
    if (!strstr(problems.item[0].msg, text))
        fail_msg("'%s' is missing from: %s", text, problems.item[0].msg);
}

static void selections_that_do_not_fit(void **state)
{
    const char *beyond[] = {"4"}, *word[] = {"two"}, *below[] = {"-1"};

    (void)state;
    refused((struct selector){.kind = SELECT_LIST, .n = 1, .name = beyond}, 4, "0 to 3");
    refused((struct selector){.kind = SELECT_LIST, .n = 1, .name = word}, 4, "two");
    refused((struct selector){.kind = SELECT_TOGETHER, .n = 1, .name = below}, 4, "-1");
    refused((struct selector){.kind = SELECT_WINDOW, .window = 5, .stride = 1}, 4,
            "a window of 5 does not fit into 4");
}

/* --- places.h --- */

static void open_places(struct places *p, struct selector s)
{
    struct problems problems = {0};

    if (places_of(p, &s, x, "positions", &problems, &err) || problems.count)
        fail_msg("%s", problems.count ? problems.item[0].msg : err.msg);
}

static void assert_place(const struct places *p, size_t i, const char *label, int query,
                         const char *want)
{
    int tok[2 * TOKENS];

    assert_true(i < p->n);
    assert_string_equal(p->label[i], label);
    assert_tokens(tok, place_tokens(&p->v[i], &c.scene, &q[query], tok), want);
}

static void places_by_name(void **state)
{
    const char *list[] = {"last", "subject", "2", "subject[*]"}, *pair[] = {"subject", "first"};
    struct places p;

    (void)state;
    open_places(&p, (struct selector){.kind = SELECT_LIST, .n = 4, .name = list});
    assert_int_equal(p.n, 6); /* the longest subject has three tokens */
    assert_place(&p, 0, "last", 0, "7");
    assert_place(&p, 1, "subject", 1, "2 3 4");
    assert_place(&p, 2, "2", 3, "2");
    assert_place(&p, 3, "subject[0]", 0, "3");
    assert_place(&p, 4, "subject[1]", 0, "4");
    assert_place(&p, 5, "subject[2]", 0, "");
    assert_place(&p, 5, "subject[2]", 1, "4");
    open_places(&p, (struct selector){.kind = SELECT_TOGETHER, .n = 2, .name = pair});
    assert_int_equal(p.n, 1);
    assert_place(&p, 0, "subject+first", 0, "0 3 4"); /* in rising order */
    list[0] = "answer_1";
    open_places(&p, (struct selector){.kind = SELECT_LIST, .n = 1, .name = list});
    assert_true(places_any(&p, &c.scene, &q[0]) && !places_any(&p, &c.scene, &q[2]));
}

static void places_by_number(void **state)
{
    struct places p;

    (void)state;
    open_places(&p, (struct selector){.kind = SELECT_EACH});
    assert_int_equal(p.n, TOKENS); /* of the longest prompt */
    assert_place(&p, 4, "4", 3, "4");
    assert_place(&p, 5, "5", 3, "");
    open_places(&p, (struct selector){.kind = SELECT_ALL});
    assert_place(&p, 0, "all", 3, "0 1 2 3 4");
    open_places(&p, (struct selector){.kind = SELECT_WINDOW, .window = 3, .stride = 3});
    assert_int_equal(p.n, 2);
    assert_place(&p, 1, "3-5", 0, "3 4 5");
    assert_place(&p, 1, "3-5", 3, ""); /* it has only two of them */
}

static void places_by_label(void **state)
{
    static const char *const labels[] = {"last", "subject[1]", "subject+first", "2", "0-2", "all"};
    static const char *const want[] = {"7", "4", "0 3 4", "2", "0 1 2", "0 1 2 3 4 5 6 7"};
    static const char *const none[] = {"subject[9]", "subjekt", "subject+nothing", "8", "7-3"};
    struct places p;

    (void)state;
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        assert_int_equal(place_of_label(&p, labels[i], x, &err), 0);
        assert_place(&p, 0, labels[i], 0, want[i]);
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_int_equal(place_of_label(&p, none[i], x, &err), ERR_CONFIG);
        assert_non_null(strstr(err.msg, none[i]));
        err_clear(&err);
    }
}

/* --- match.h --- */

static void assert_roles(int query, const char *want)
{
    int role[TOKENS], order[8];
    char text[256] = "";

    span_order(&c.data, order);
    match_roles(&c.data, order, prompt_of(&q[query]), role);
    for (int t = 0; t < q[query].n; t++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", t ? " " : "",
                 match_role_name(&c.data, role[t], x->arena, &err));
    assert_string_equal(text, want);
}

static void assert_matched(int own, int other, const char *want)
{
    int tok[TOKENS], src[TOKENS], order[8];

    span_order(&c.data, order);
    for (int t = 0; t < q[own].n; t++)
        tok[t] = t;
    assert_int_equal(match_tokens(&c.data, order, prompt_of(&q[own]), prompt_of(&q[other]), tok,
                                  q[own].n, src, x->arena, &err),
                     0);
    assert_tokens(src, q[own].n, want);
}

static void tokens_matched_by_role(void **state)
{
    (void)state;
    assert_roles(0, "first relation.first relation.last subject.first subject.last other "
                    "answer_1.last last");
    assert_roles(1, "first relation.last subject.first subject.middle subject.last answer_1.last "
                    "last");
    assert_matched(0, 1, "0 -1 1 2 4 -1 5 6");
    assert_matched(1, 0, "0 2 3 -1 4 6 7");
    assert_matched(2, 0, "0 2 4 5 5 7"); /* its second other token: the last that there is */
    assert_matched(3, 3, "0 1 2 3 4");
}

static void lists_matched_by_part(void **state)
{
    static const int want[][5] = {{0, 3, -1, -1, -1}, {0, 1, 3, -1, -1}, {0, 1, 2, 2, 3}};

    (void)state;
    for (int n = 2; n < 6; n++) /* to a list of four */
        for (int i = 0; i < n && n != 4; i++)
            assert_int_equal(match_in_list(i, n, 4), want[n == 2 ? 0 : n == 3 ? 1 : 2][i]);
    assert_int_equal(match_in_list(0, 1, 4), 3); /* one is the last */
    assert_int_equal(match_in_list(0, 2, 1), -1);
    assert_int_equal(match_in_list(1, 3, 2), -1); /* it has no middle */
    assert_int_equal(match_in_list(2, 4, 4), 2);
}

/* --- partners.h --- */

static void assert_partners(const struct partners *p, int query, int first, int second)
{
    const struct query *a = partner_of(p, &c.data, &q[query], 0);
    const struct query *b = p->draws > 1 ? partner_of(p, &c.data, &q[query], 1) : NULL;

    assert_int_equal(a ? a - q : -1, first);
    assert_int_equal(b ? b - q : -1, second);
}

static void partners_are_alike(void **state)
{
    const char *subject[] = {"subject"}, *last[] = {"last"};
    struct places by_subject, by_last;
    struct run_spec spec[2];
    struct partners p;

    (void)state;
    open_places(&by_subject, (struct selector){.kind = SELECT_LIST, .n = 1, .name = subject});
    open_places(&by_last, (struct selector){.kind = SELECT_LIST, .n = 1, .name = last});
    assert_int_equal(partners_open(&p, x, &by_last, 2, MATCH_TEMPLATE | MATCH_STEP, &err), 0);
    assert_partners(&p, 0, 1, -1);
    assert_partners(&p, 1, 0, -1);
    assert_partners(&p, 2, 3, -1);
    assert_int_equal(partners_runs(&p, &c.data, &q[0], 0, spec), 1);
    assert_true(spec[0].ids == q[1].ids && spec[0].n == 7 && spec[0].all_rows);
    /* 1 has a token in the middle of its subject, which nobody else has; 2 and 3 are of step 1 */
    assert_int_equal(partners_open(&p, x, &by_subject, 2, MATCH_TEMPLATE | MATCH_STEP, &err), 0);
    assert_partners(&p, 0, 1, -1);
    assert_partners(&p, 1, -1, -1);
    assert_partners(&p, 2, 3, -1); /* a subject of one token is its last */
    assert_partners(&p, 3, -1, -1);
}

/* Any step: item A's other query is never a partner; who is taken does not depend on the order. */
static void partners_of_other_items(void **state)
{
    const char *last[] = {"last"};
    struct places places;
    struct partners one, two;

    (void)state;
    open_places(&places, (struct selector){.kind = SELECT_LIST, .n = 1, .name = last});
    assert_int_equal(partners_open(&one, x, &places, 1, 0, &err), 0);
    assert_int_equal(partners_open(&two, x, &places, 2, 0, &err), 0);
    for (int i = 0; i < QUERIES; i++) {
        const struct query *a = partner_of(&two, &c.data, &q[i], 0),
                           *b = partner_of(&two, &c.data, &q[i], 1);

        assert_true(a && b && a != b && a == partner_of(&one, &c.data, &q[i], 0));
        assert_string_not_equal(a->item, q[i].item);
        assert_string_not_equal(b->item, q[i].item);
        assert_false(hash_eq(partners_hash(&one, &c.data, &q[i], q[i].fingerprint),
                             partners_hash(&two, &c.data, &q[i], q[i].fingerprint)));
    }
}

static void partners_of_another_step(void **state)
{
    struct partners p;

    (void)state;
    assert_int_equal(partners_at_step(&p, x, 1, &err), 0);
    assert_partners(&p, 0, 3, -1);
    assert_partners(&p, 1, -1, -1);
    assert_partners(&p, 2, 2, -1); /* itself */
}

/* --- trace_roles.h --- */

static void assert_trace_roles(int query, int roles, const char *want)
{
    int8_t role[TOKENS];
    char text[256] = "";

    assert_int_equal(trace_roles(&c.scene, &q[query], role), roles);
    for (int t = 0; t < q[query].n; t++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", t ? " " : "",
                 role[t] < 0 ? "-" : trace_role_names[role[t]]);
    assert_string_equal(text, want);
}

/* Without a tokenizer there are no numbers in the prompt: what lies between is rest. */
static void roles_of_traces(void **state)
{
    struct query other = q[0];
    int8_t role[TOKENS] = {0};

    (void)state;
    assert_trace_roles(0, 17,
                       "before_relation relation_first relation_rest subject_first "
                       "subject_last before_answer_1 answer_1_last before_answer_2");
    assert_trace_roles(2, 10,
                       "before_relation relation_first subject_last after_subject "
                       "after_subject before_answer_1");
    assert_trace_roles(3, 10,
                       "before_relation subject_first subject_last after_subject "
                       "before_answer_1");
    other.step = 4;
    assert_int_equal(trace_roles(&c.scene, &other, (int8_t[TOKENS]){0}), 0);
    other.step = 3; /* has no answer_2: no token has a role */
    assert_int_equal(trace_roles(&c.scene, &other, role), 0);
    for (int t = 0; t < other.n; t++)
        assert_int_equal(role[t], -1);
}

/* --- where.h --- */

static void where_and_limit(void **state)
{
    (void)state;
    for (int i = 0; i < QUERIES; i++) {
        assert_null(where_skip(&c.x[1], &q[i]));
        if (i == 0)
            assert_null(where_skip(&c.x[2], &q[i]));
        else
            assert_string_equal(where_skip(&c.x[2], &q[i]), "not selected by where");
        if (i < 3)
            assert_null(where_skip(&c.x[3], &q[i]));
        else
            assert_string_equal(where_skip(&c.x[3], &q[i]), "beyond the experiment's limit");
    }
}

/* --- controls.h and metrics.h: targets answer_1, answer_2, subject --- */

static void same(float got, double want)
{
    if (isnan(want) ? !isnan(got) : !(fabs((double)got - want) < 1e-6))
        fail_msg("%.9g, expected %.9g", (double)got, want);
}

static void controls_are_split_from_targets(void **state)
{
    int32_t target[] = {5, 9, 83}, answers[] = {7, -1}, subjects[] = {3, 4}, none[] = {-1, -1};
    const char *names[] = {"answer_1", "answer_2", "subject"};
    struct dataset ds = {.n_targets = 3, .n_controls = 2, .target_name = names};
    struct model capped = {.shape = {.logit_cap = 30}};
    struct scene scene = {.data = &ds, .model = &capped};
    struct arena arena = {0};
    struct experiment e = {.scene = &scene,
                           .data = scene.data,
                           .shape = &scene.model->shape,
                           .arena = &arena,
                           .name = "e"};
    struct query one = {.target = target, .control = answers, .s_control = subjects};
    static const float decoded[2][7] = {{1, 2, 3, 10, 99, 6, 8}, {4, 5, 6, 20, 99, 1, 2}};
    float logit[6], own[2], other[2], centred[6];
    struct row row = {.x = &e, .q = &one, .at = {logit, own, other}};
    struct field_sum *sum;
    int32_t *ids;

    (void)state;
    assert_int_equal(
        add_axis(&e, "vector", 2, &err) || add_named_axis(&e, "target", 3, names, &err) ||
            add_field(&e, "logit", V_F32, "query vector target", "1", "", &err) ||
            declare_controls(&e, "query vector", &err) ||
            add_sum(&e, "mean", "stratum vector target", "1", "", CENTRED_LOGIT, &err) ||
            field_sum_open(&sum, &e, &e.aggregate[0], &arena, &err),
        0);
    assert_string_equal(e.field[0].var.long_name, "");
    assert_non_null(strstr(e.field[1].var.long_name, "; logits before the model's cap"));
    assert_int_equal(control_ids_n(&ds), 7);
    ids = control_ids(&ds, &one, &arena, &err);
    assert_memory_equal(ids, ((int32_t[]){5, 9, 83, 7, -1, 3, 4}), 7 * sizeof *ids);
    assert_true(is_subject(&e, 2) && !is_subject(&e, 0));
    row.q = &one;
    put_logits(&row, decoded[0], 0, 2);
    assert_memory_equal(logit, ((float[]){1, 2, 3, 4, 5, 6}), sizeof logit);
    same(own[0], 10); /* the second control is not there */
    same(own[1], 20);
    same(other[0], 7);
    same(other[1], 1.5);
    field_sum_value(sum, &row, centred);
    for (int i = 0; i < 6; i++)
        same(centred[i], ((double[]){-9, -8, -4, -16, -15, 4.5})[i]);
    one.control = none;
    row.q = &one;
    put_logits(&row, decoded[0], 1, 1);
    same(own[1], (double)NAN);
    same(other[1], 7);
    same(own[0], 10); /* the other vector stays */
    arena_release(&arena);
}

static void differences_and_masses(void **state)
{
    int32_t target[] = {4, 9, 9, 83}, lacking[] = {4, -1, 9, 83}, alike[] = {9, 9, 5, 83};
    unsigned char foil[] = {0, 1, 1, 1}, no_foil[4] = {0};
    const char *names[] = {"answer_1", "answer_2", "answer_3", "subject"};
    struct dataset ds = {.n_targets = 4, .target_name = names};
    struct query one = {.target = target, .foil = foil, .right = 0};
    const float logit[] = {5, 1, 3, 8};
    const float logprob[] = {logf(.5F), logf(.1F), logf(.1F), logf(.2F)};

    (void)state;
    same(logit_difference(&ds, &one, logit), 5 - (1 + 3 + 8) / 3.0);
    same(answer_mass(&ds, &one, logprob, true), log(.1)); /* one token, once; no subject */
    same(answer_mass(&ds, &one, logprob, false), log(.5));
    one.target = lacking;
    same(logit_difference(&ds, &one, logit), 5 - (3 + 8) / 2.0);
    same(answer_mass(&ds, &one, logprob, true), log(.1));
    one.target = alike; /* the right token is a foil's too: each set counts it for itself */
    same(answer_mass(&ds, &one, logprob, true), log(.1 + .1));
    same(answer_mass(&ds, &one, logprob, false), log(.5));
    one.foil = no_foil;
    same(logit_difference(&ds, &one, logit), (double)NAN);
    same(answer_mass(&ds, &one, logprob, true), (double)NAN);
    one.right = -1;
    same(logit_difference(&ds, &one, logit), (double)NAN);
}

/* Noise at several layers adds up in squares: draws, layers and tokens are independent, and a part
   of a row has the row's own deviates. */
static void deviates_are_independent(void **state)
{
    enum { WIDTH = 4000 };
    static float row[5][WIDTH];
    static const struct deviate_row rows[5] = {{0, 0, 3, 0, 2, WIDTH},
                                               {0, 1, 3, 0, 2, WIDTH},
                                               {0, 2, 3, 0, 2, WIDTH},
                                               {0, 0, 3, 1, 2, WIDTH},
                                               {1, 0, 3, 0, 2, WIDTH}};
    struct rng stream = rng_for(1, 2, "noise");
    float part[10];
    double sum = 0;

    (void)state;
    for (int i = 0; i < 5; i++)
        row_deviates(stream, &rows[i], 0, WIDTH, row[i]);
    for (int i = 0; i < 5; i++)
        for (int k = 0; k <= i; k++) {
            double product = 0;

            for (int e = 0; e < WIDTH; e++)
                product += (double)row[i][e] * (double)row[k][e] / WIDTH;
            assert_true(fabs(product - (i == k)) < 0.1);
        }
    for (int e = 0; e < WIDTH; e++) {
        double all = (double)row[0][e] + (double)row[1][e] + (double)row[2][e];

        sum += all * all / WIDTH;
    }
    assert_true(fabs(sum - 3) < 0.3); /* the same draw in each would make it 9 */
    row_deviates(stream, &rows[1], 7, 10, part);
    assert_memory_equal(part, row[1] + 7, sizeof part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deviates_are_independent),
        cmocka_unit_test(sets_of_tokens),
        cmocka_unit_test(known_sets_and_their_order),
        cmocka_unit_test(selections),
        cmocka_unit_test(selections_that_do_not_fit),
        cmocka_unit_test(places_by_name),
        cmocka_unit_test(places_by_number),
        cmocka_unit_test(places_by_label),
        cmocka_unit_test(tokens_matched_by_role),
        cmocka_unit_test(lists_matched_by_part),
        cmocka_unit_test(partners_are_alike),
        cmocka_unit_test(partners_of_other_items),
        cmocka_unit_test(partners_of_another_step),
        cmocka_unit_test(roles_of_traces),
        cmocka_unit_test(where_and_limit),
        cmocka_unit_test(controls_are_split_from_targets),
        cmocka_unit_test(differences_and_masses),
    };

    return cmocka_run_group_tests(tests, open_prompts, close_prompts);
}
