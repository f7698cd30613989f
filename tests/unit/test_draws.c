/* Flags, controls and counterfactuals: what is derived from the whole dataset. */
#include "data_helper.h"

static const struct data_options plain = {.seed = 1};

/* n more bytes of a file that is being made up. */
static void add(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void add(struct buf *b, const char *fmt, ...)
{
    char text[512];
    struct err err = {0};
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    assert_int_equal(buf_puts(b, text, &err), 0);
}

static const char *save(struct buf *b, const char *name)
{
    const char *path = write_bytes(name, b->data, b->len);

    buf_release(b);
    return path;
}

static void flags_of_targets(void **state)
{
    static const struct {
        const char *targets;
        int collision, in_prompt;
    } cases[] = {
        {"\"answer_1\": 1, \"answer_2\": 2", 0, 0}, {"\"answer_1\": 1, \"answer_2\": 1", 1, 0},
        {"\"answer_1\": 1, \"subject\": 1", 1, 0},  {"\"answer_1\": 8, \"answer_2\": 2", 0, 1},
        {"\"answer_1\": 2, \"answer_2\": 8", 0, 0}, /* another target in the prompt */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dataset ds;
        struct buf b = {0};

        add(&b, "{\"ids\": [7, 8], \"target\": \"answer_1\", \"targets\": {%s}}", cases[i].targets);
        load_path(&ds, save(&b, "f.jsonl"), plain, NULL);
        assert_int_equal(ds.query[0].target_collision, cases[i].collision);
        assert_int_equal(ds.query[0].target_in_prompt, cases[i].in_prompt);
        dataset_release(&ds);
    }
}

static void flags_of_prefixes(void **state)
{
    static const struct {
        const char *text, *prefix;
    } cases[] = {
        {"1. \\\"", "quote"}, {"1. '", "quote"}, {"1. \\u201c", "quote"}, {"1. \\u00ab", "quote"},
        {"1. ", "space"},     {"1.", ""},        {"\\\"1", ""},           {"\\u00a9", ""},
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        const struct codec *codec = i % 2 ? &bytes_codec : NULL;
        struct dataset ds;
        struct buf b = {0};

        add(&b, "{\"text\": \"%s\"%s, \"targets\": {\"y\": 1}}", cases[i / 2].text,
            codec ? "" : ", \"ids\": [1]");
        load_path(&ds, save(&b, "f.jsonl"), plain, codec);
        assert_string_equal(ds.query[0].answer_prefix, cases[i / 2].prefix);
        dataset_release(&ds);
    }
}

/* n answers, of which the first `same` begin with the token 't'. Is the first query generic? */
static int generic_of(int n, int same, bool spelled)
{
    struct buf b = {0};
    struct dataset ds;
    int flag;

    for (int i = 0; i < n; i++)
        if (spelled)
            add(&b,
                "{\"ids\": [1], \"item\": \"%d\", \"target\": \"answer_1\","
                " \"targets\": {\"answer_1\": \"%c%d\", \"subject\": \"t\"}}\n",
                i, i < same ? 't' : 'a' + i % 8, i);
        else
            add(&b, "{\"ids\": [1], \"item\": \"%d\", \"targets\": {\"answer_1\": %d}}\n", i,
                i < same ? 9 : 10 + i);
    load_path(&ds, save(&b, "g.jsonl"), plain, &bytes_codec);
    flag = ds.query[0].target_generic;
    for (int i = 1; i < same; i++)
        assert_int_equal(ds.query[i].target_generic, flag);
    assert_int_equal(ds.query[n - 1].target_generic, spelled ? ds.query[n - 9].target_generic : 0);
    dataset_release(&ds);
    return flag;
}

/* More than 2 % and at least three. */
static void flags_of_generic_targets(void **state)
{
    (void)state;
    assert_int_equal(generic_of(149, 3, true), 1);
    assert_int_equal(generic_of(150, 3, true), 0);
    assert_int_equal(generic_of(150, 4, true), 1);
    assert_int_equal(generic_of(20, 2, true), 0);
    assert_int_equal(generic_of(149, 3, false), 1);
    assert_int_equal(generic_of(150, 3, false), 0);
}

/* The same answer at several steps, of several items and with spaces around it is one answer. */
static void generic_counts_different_answers(void **state)
{
    struct dataset ds;

    (void)state;
    load_text(&ds, "g.jsonl",
              "{\"ids\": [1], \"item\": \"a\", \"targets\": {\"y\": \"The\"}}\n"
              "{\"ids\": [1], \"item\": \"b\", \"targets\": {\"y\": \"The \"}}\n"
              "{\"ids\": [1], \"item\": \"c\", \"targets\": {\"y\": \"Then\"}}\n",
              plain, &bytes_codec);
    assert_int_equal(ds.query[0].target_generic, 0);
    dataset_release(&ds);
    load_text(&ds, "g.jsonl",
              "{\"ids\": [1], \"item\": \"a\", \"targets\": {\"y\": \"The\"}}\n"
              "{\"ids\": [1], \"item\": \"b\", \"targets\": {\"y\": \"Thy\"}}\n"
              "{\"ids\": [1], \"item\": \"c\", \"targets\": {\"y\": \"Then\"}}\n",
              plain, &bytes_codec);
    assert_int_equal(ds.query[0].target_generic, 1);
    dataset_release(&ds);
}

enum { ITEMS = 40 };

/* Answers 1000 + 3 item + k, subjects 5000 + item; items 0 to 4 share the first answer 777. */
static void add_item(struct buf *b, int item, int step)
{
    add(b,
        "{\"ids\": [1, %d, %d, 3], \"item\": \"i%d\", \"template\": 1, \"step\": %d,"
        " \"spans\": {\"subject\": [1, 3]}, \"targets\": {\"answer_1\": %d, \"answer_2\": %d,"
        " \"answer_3\": %d, \"subject\": %d}}\n",
        5000 + item, step, item, step, item < 5 ? 777 : 1000 + 3 * item, 1001 + 3 * item,
        1002 + 3 * item, 5000 + item);
}

/* Files a_1 .. a_3 of all items, in that order or backwards, with `more` items. */
static void load_items_as(struct dataset *ds, struct data_options opt, int more, bool backwards)
{
    const char *paths[3];
    char name[16];

    for (int f = 0; f < 3; f++) {
        int step = backwards ? 3 - f : f + 1;
        struct buf b = {0};

        for (int i = 0; i < ITEMS + more; i++)
            add_item(&b, backwards ? ITEMS + more - 1 - i : i, step);
        snprintf(name, sizeof name, "%d/a.jsonl", step);
        paths[f] = save(&b, name);
    }
    load_paths(ds, paths, 3, opt, NULL);
    assert_int_equal(problems.count, 0);
    assert_int_equal(ds->n, 3 * (ITEMS + more));
}

static void load_items(struct dataset *ds, uint64_t seed, int more, bool backwards)
{
    load_items_as(ds, (struct data_options){.seed = seed}, more, backwards);
}

static const struct query *find(const struct dataset *ds, const char *item, int step)
{
    for (size_t i = 0; i < ds->n; i++)
        if (ds->query[i].step == step && str_eq(ds->query[i].item, item))
            return &ds->query[i];
    fail_msg("no %s at step %d", item, step);
    return NULL;
}

static bool in(int32_t id, const int32_t *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (v[i] == id)
            return true;
    return false;
}

static void controls_are_others(void **state)
{
    size_t drawn[ITEMS] = {0};
    struct dataset ds;

    (void)state;
    load_items(&ds, 1, 0, false);
    assert_int_equal(ds.controls_min, 16);
    for (size_t i = 0; i < ds.n; i++) {
        const struct query *q = &ds.query[i];
        int item = atoi(q->item + 1);

        for (size_t k = 0; k < 16; k++) {
            int of = (q->control[k] - 1000) / 3;

            assert_false(in(q->control[k], q->target, ds.n_targets));
            assert_false(in(q->control[k], q->control, k));
            assert_true(q->control[k] == 777 || (of != item && of >= 0 && of < ITEMS));
            assert_in_range(q->s_control[k], 5000, 5000 + ITEMS - 1);
            assert_int_not_equal(q->s_control[k], 5000 + item);
            assert_false(in(q->s_control[k], q->s_control, k));
            drawn[q->s_control[k] - 5000]++;
        }
        assert_memory_equal(q->control, find(&ds, q->item, 1)->control, 16 * sizeof(int32_t));
        assert_memory_equal(q->s_control, find(&ds, q->item, 1)->s_control, 16 * sizeof(int32_t));
    }
    assert_memory_not_equal(ds.query[0].control, ds.query[9].control, 16 * sizeof(int32_t));
    for (int i = 0; i < ITEMS; i++) /* each is 1 of 39 for 39 items: 16 expected, times 3 steps */
        assert_in_range(drawn[i], 3 * 5, 3 * 27);
    dataset_release(&ds);
}

/* Each item has the targets of another, the same one at all steps; all targets are still there. */
static void targets_are_shuffled(void **state)
{
    struct data_options o = {.seed = 1};
    struct dataset plain_data, shuffled;
    bool taken[ITEMS] = {false};
    int generic = 0;

    (void)state;
    load_items(&plain_data, 1, 0, false);
    o.shuffled_targets = true;
    load_items_as(&shuffled, o, 0, false);
    for (size_t i = 0; i < shuffled.n; i++) {
        const struct query *q = &shuffled.query[i], *own = find(&plain_data, q->item, q->step);
        int subject = dataset_target(&shuffled, "subject"), of = q->target[subject] - 5000;

        assert_in_range(of, 0, ITEMS - 1);
        assert_int_not_equal(of, atoi(q->item + 1));
        assert_int_equal(q->target[subject], find(&shuffled, q->item, 1)->target[subject]);
        assert_memory_equal(q->ids, own->ids, (size_t)q->n * sizeof *q->ids);
        assert_false(hash_eq(q->fingerprint, own->fingerprint));
        assert_int_equal(q->target_generic, q->target[q->right] == 777);
        generic += q->target_generic && !own->target_generic;
        for (size_t k = 0; k < 16; k++) { /* the real ones would stand out of the controls */
            assert_false(in(q->control[k], q->target, shuffled.n_targets) ||
                         in(q->control[k], own->target, shuffled.n_targets));
            assert_false(q->s_control[k] == q->target[subject] ||
                         q->s_control[k] == own->target[subject]);
        }
        taken[of] |= q->step == 1;
    }
    for (int i = 0; i < ITEMS; i++)
        assert_true(taken[i]);
    assert_true(generic > 0);
    dataset_release(&plain_data);
    dataset_release(&shuffled);
}

/* What a query of a pair is asked for, and what is derived of that, is the other's; what belongs to
   its prompt, controls that the data give too, stays. */
static void what_moves_with_targets(void **state)
{
    struct data_options o = {.seed = 1, .shuffled_targets = true};
    struct dataset ds;
    const struct query *q;

    (void)state;
    load_text(&ds, "two.jsonl",
              "{\"ids\": [66], \"item\": \"a\", \"targets\": {\"x\": \"A\", \"y\": \"A\"}, "
              "\"target\": \"x\", \"controls\": [3, 4]}\n"
              "{\"ids\": [67], \"item\": \"b\", \"targets\": {\"x\": \"DE\", \"y\": \"B\"}, "
              "\"answers\": {\"y\": \"BE\"}, "
              "\"target\": \"y\", \"foils\": [\"x\"], \"controls\": [5, 6]}\n",
              o, &bytes_codec);
    q = &ds.query[0];
    assert_true(q->right == 1 && q->foil[0] && !q->foil[1] && !q->target_collision);
    assert_true(q->target_in_prompt && q->whole[1].n == 2 && q->whole[1].ids[1] == 'E');
    assert_ids(q->control, 2, IDS(3, 4));
    q = &ds.query[1];
    assert_true(q->right == 0 && !q->foil[0] && q->target_collision);
    assert_true(!q->target_in_prompt && !q->whole[1].n);
    assert_ids(q->control, 2, IDS(5, 6));
    dataset_release(&ds);
}

/* Other items with the same targets are no shuffle. */
static void same_targets_are_not_shuffled(void **state)
{
    struct data_options o = {.seed = 1, .shuffled_targets = true};
    struct dataset ds;

    (void)state;
    load_path(&ds,
              write_text("same.jsonl",
                         "{\"ids\": [1], \"item\": \"a\", \"targets\": {\"x\": 5, \"y\": 6}}\n"
                         "{\"ids\": [2], \"item\": \"b\", \"targets\": {\"x\": 5, \"y\": 6}}\n"),
              o, NULL);
    assert_problem(0, "data",
                   "null: shuffled_targets would change nothing: no dataset, template and step has "
                   "items with different targets");
    dataset_release(&ds);
}

/* An item of more queries than all others together has no target of its own either; which one is
   right, and what its foils are, goes with the targets. */
static void shuffled_items_of_many_queries(void **state)
{
    struct data_options o = {.seed = 1, .shuffled_targets = true};
    struct dataset ds;
    struct buf b = {0};

    (void)state;
    for (int i = 0; i < 16; i++) {
        int item = i < 12 ? 0 : i - 11; /* 12, 1, 1, 1 and 1 */

        add(&b,
            "{\"ids\": [1, %d, 3], \"item\": \"%c\", \"targets\": {\"yes\": \"yes\", \"no\": "
            "\"no\","
            " \"own\": \"%c\"}, \"target\": \"%s\", \"foils\": [\"%s\"]}\n",
            4000 + i, 'A' + item, 'A' + item, item ? "no" : "yes", item ? "yes" : "no");
    }
    load_path(&ds, save(&b, "many.jsonl"), o, &bytes_codec);
    assert_int_equal(problems.count, 0);
    assert_int_equal(ds.n, 16);
    for (size_t i = 0; i < ds.n; i++) {
        const struct query *q = &ds.query[i];
        int of = q->target[dataset_target(&ds, "own")];

        assert_int_not_equal(of, q->item[0]);
        assert_int_equal(q->right, dataset_target(&ds, of == 'A' ? "yes" : "no"));
        assert_true(q->foil[dataset_target(&ds, of == 'A' ? "no" : "yes")]);
    }
    dataset_release(&ds);
}

/* Prompts of other lengths are not a reason to keep one's own. */
static void targets_are_shuffled_over_lengths(void **state)
{
    struct data_options o = {.seed = 1, .shuffled_targets = true};
    struct dataset ds;
    struct buf b = {0};

    (void)state;
    add(&b, "{\"ids\": [1], \"item\": \"a\", \"targets\": {\"y\": 5}}\n"
            "{\"ids\": [1, 2], \"item\": \"b\", \"targets\": {\"y\": 6}}\n");
    load_path(&ds, save(&b, "two.jsonl"), o, NULL);
    assert_true(ds.query[0].target[0] == 6 && ds.query[1].target[0] == 5);
    dataset_release(&ds);
}

static void draws_depend_on_the_seed_alone(void **state)
{
    struct dataset a, b, c;
    bool differs = false;

    (void)state;
    load_items(&a, 1, 0, false);
    load_items(&b, 1, 0, true);
    load_items(&c, 2, 0, false);
    for (size_t i = 0; i < a.n; i++) {
        const struct query *q = &a.query[i], *r = find(&b, q->item, q->step);

        assert_memory_equal(q->control, r->control, 16 * sizeof(int32_t));
        assert_memory_equal(q->s_control, r->s_control, 16 * sizeof(int32_t));
        assert_memory_equal(q->cf_ids, r->cf_ids, 4 * sizeof(int32_t));
        assert_true(hash_eq(q->fingerprint, r->fingerprint));
        differs |= q->cf_ids[1] != c.query[i].cf_ids[1];
    }
    assert_true(differs);
    assert_memory_not_equal(a.query[0].control, c.query[0].control, 16 * sizeof(int32_t));
    assert_false(hash_eq(dataset_fingerprint(&a), dataset_fingerprint(&b))); /* order counts */
    assert_false(hash_eq(dataset_fingerprint(&a), dataset_fingerprint(&c)));
    dataset_release(&a);
    dataset_release(&b);
    dataset_release(&c);
}

/* An appended item may take places in a draw; it moves nothing else. */
static void appending_moves_little(void **state)
{
    struct dataset a, b;
    size_t entered = 0, partners = 0;

    (void)state;
    load_items(&a, 1, 0, false);
    load_items(&b, 1, 1, false);
    for (size_t i = 0; i < a.n; i++) {
        const struct query *q = &a.query[i], *r = find(&b, q->item, q->step);

        for (size_t k = 0; k < 16; k++) {
            bool is_new = r->control[k] >= 1000 + 3 * ITEMS;

            entered += is_new;
            assert_true(is_new || in(r->control[k], q->control, 16));
        }
        partners += r->cf_ids[1] != q->cf_ids[1];
    }
    assert_in_range(entered, 1, a.n); /* 16 * 3 / 119 of a query's places: 0.4 a query */
    assert_in_range(partners, 1, 3);  /* one a step: whom the new item stands behind */
    dataset_release(&a);
    dataset_release(&b);
}

static void controls_run_short(void **state)
{
    struct dataset ds;

    (void)state;
    load_text(&ds, "a.jsonl",
              "{\"ids\": [1], \"item\": \"a\", \"targets\": {\"y\": 10}}\n"
              "{\"ids\": [1], \"item\": \"a\", \"targets\": {\"y\": 11}}\n"
              "{\"ids\": [1], \"item\": \"b\", \"targets\": {\"y\": 12}}\n"
              "{\"ids\": [1], \"item\": \"c\", \"targets\": {\"y\": 12}}\n"
              "{\"ids\": [], \"item\": \"d\", \"targets\": {\"y\": 13}}\n"
              "{\"ids\": [1], \"item\": \"e\", \"dataset\": \"other\", \"targets\": {\"y\": 14}}\n",
              plain, NULL);
    assert_ids(ds.query[0].control, 2, IDS(12, -1)); /* 11 is its own item's */
    assert_ids(ds.query[1].control, 2, IDS(12, -1));
    assert_true(in(10, ds.query[2].control, 2) && in(11, ds.query[2].control, 2));
    assert_int_equal(ds.query[2].control[2], -1); /* 12 is its own target, 13 of a bad query */
    assert_int_equal(ds.query[5].control[0], -1); /* alone in its dataset */
    assert_int_equal(ds.query[0].s_control[0], -1);
    assert_int_equal(ds.controls_min, 0);
    dataset_release(&ds);
}

/* Where some targets are answer_..., only those are answers; any number can be asked for. */
static void controls_are_answers(void **state)
{
    struct data_options opt = {.n_controls = 3};
    struct dataset ds;

    (void)state;
    load_text(&ds, "a.jsonl",
              "{\"ids\": [1], \"item\": \"a\", \"targets\": {\"answer_1\": 10, \"x\": 12}}\n"
              "{\"ids\": [1], \"item\": \"b\", \"targets\": {\"answer_1\": 11, \"x\": 21}}\n"
              "{\"ids\": [1], \"item\": \"c\", \"targets\": {\"answer_1\": 12, \"x\": 22},"
              " \"controls\": [1, 2, 3, 4, 5]}\n",
              opt, NULL);
    assert_int_equal(ds.n_controls, 5);
    assert_ids(ds.query[0].control, 2, IDS(11, -1)); /* 12 is its own x */
    assert_true(in(10, ds.query[1].control, 2) && in(12, ds.query[1].control, 2));
    assert_int_equal(ds.query[1].control[2], -1);
    assert_ids(ds.query[2].control, 5, IDS(1, 2, 3, 4, 5));
    assert_int_equal(ds.controls_min, 1);
    dataset_release(&ds);
}

static void counterfactuals_match(void **state)
{
    size_t served[ITEMS] = {0};
    struct dataset ds;

    (void)state;
    load_items(&ds, 1, 0, false);
    for (size_t i = 0; i < ds.n; i++) {
        const struct query *q = &ds.query[i];

        assert_non_null(q->cf_ids);
        assert_int_not_equal(q->cf_ids[1], q->ids[1]); /* another item */
        assert_int_equal(q->cf_ids[2], q->step);       /* the same step */
        assert_int_equal(q->cf_span[dataset_span(&ds, "subject")].hi, 3);
        served[q->cf_ids[1] - 5000]++;
    }
    for (int i = 0; i < ITEMS; i++)
        assert_int_equal(served[i], 3);
    dataset_release(&ds);
}

static void counterfactuals_that_do_not_match(void **state)
{
#define Q(item, ids, more) \
    "{\"ids\": " ids ", \"item\": \"" item "\", \"targets\": {\"y\": 1}" more "}\n"
    static const char text[] = Q("a", "[1, 2, 3]", ", \"spans\": {\"s\": [1, 2]}")
        Q("b", "[1, 2]", ", \"spans\": {\"s\": [1, 2]}")    /* shorter */
        Q("c", "[1, 4, 3]", ", \"spans\": {\"s\": [1, 3]}") /* a longer span */
        Q("d", "[1, 5, 3]", "")                             /* a span less */
        Q("e", "[1, 6, 3]", ", \"spans\": {\"s\": [1, 2]}, \"step\": 2")
            Q("f", "[1, 7, 3]", ", \"spans\": {\"s\": [1, 2]}, \"template\": 2")
                Q("g", "[1, 8, 3]", ", \"spans\": {\"s\": [1, 2]}, \"dataset\": \"o\"")
                    Q("a", "[1, 9, 3]", ", \"spans\": {\"s\": [1, 2]}")     /* the same item */
        Q("h", "[1, 9, 3]", ", \"spans\": {\"s\": [1, 2], \"t\": [4, 5]}"); /* bad */
    struct dataset ds;

    (void)state;
    load_text(&ds, "a.jsonl", text, plain, NULL);
    assert_non_null(ds.query[8].status);
    for (size_t i = 0; i < ds.n; i++)
        assert_null(ds.query[i].cf_ids);
    dataset_release(&ds);
}

static void first_distinct_targets(void **state)
{
    static const struct {
        const char *tokens;
        int32_t first[3], distinct[3];
        int collision;
    } cases[] = {
        {"[5, 6], [7, 6], [8, 6]", {5, 7, 8}, {5, 7, 8}, 0},
        {"[5, 6], [5, 7], [8, 9]", {5, 5, 8}, {6, 7, 9}, 0},
        {"[5, 6, 1], [5, 6, 2], [5, 9, 3]", {5, 5, 5}, {1, 2, 3}, 0},
        {"[5], [5, 7], [8, 9]", {5, 5, 8}, {5, 5, 8}, 1}, /* the beginning of another */
        {"[5, 6], [5, 6], [8, 9]", {5, 5, 8}, {5, 5, 8}, 1},
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        struct data_options opt = {.first_distinct = i % 2};
        struct buf b = {0};
        struct dataset ds;

        add(&b,
            "{\"query_input_ids\": [1, 2], \"target_answer_idx\": 1, \"subject\": \"S\","
            " \"subject_token_list\": [90, 91], \"three_answers_label_list\": [\"a\", \"b\", "
            "\"c\"],"
            " \"three_answers_token_list\": [%s]}",
            cases[i / 2].tokens);
        load_path(&ds, save(&b, "q.jsonl"), opt, NULL);
        assert_null(ds.query[0].status);
        assert_ids(ds.query[0].target, 3, i % 2 ? cases[i / 2].distinct : cases[i / 2].first, 3);
        assert_int_equal(target_of(&ds, 0, "subject"), 90);
        assert_int_equal(ds.query[0].target_collision,
                         i % 2 ? cases[i / 2].collision
                               : cases[i / 2].first[0] == cases[i / 2].first[1]);
        dataset_release(&ds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_of_targets),
        cmocka_unit_test(flags_of_prefixes),
        cmocka_unit_test(flags_of_generic_targets),
        cmocka_unit_test(generic_counts_different_answers),
        cmocka_unit_test(controls_are_others),
        cmocka_unit_test(draws_depend_on_the_seed_alone),
        cmocka_unit_test(targets_are_shuffled),
        cmocka_unit_test(what_moves_with_targets),
        cmocka_unit_test(same_targets_are_not_shuffled),
        cmocka_unit_test(shuffled_items_of_many_queries),
        cmocka_unit_test(targets_are_shuffled_over_lengths),
        cmocka_unit_test(appending_moves_little),
        cmocka_unit_test(controls_run_short),
        cmocka_unit_test(controls_are_answers),
        cmocka_unit_test(counterfactuals_match),
        cmocka_unit_test(counterfactuals_that_do_not_match),
        cmocka_unit_test(first_distinct_targets),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
