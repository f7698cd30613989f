/*
 * The adapter of the released one-to-many files (docs/methods.md 1): {dataset}_{step}.jsonl, three
 * answers a line. Spans of answers that are still to come lie past the prompt and are left out;
 * keys that are not used are passed over, the released files differ in them.
 */
#include "base/str.h"
#include "data/fields.h"
#include "data/format.h"
#include "data/native.h"
#include "data/paths.h"

#include <inttypes.h>
#include <stdio.h>

enum { ANSWERS = QUERY_ANSWERS };

static const struct data_key one_to_many_keys[] = {
    {"query_input_ids", "array of integers", NULL, "token ids of the prompt", false},
    {"query", "string", "from the ids", "the prompt as text", false},
    {"target_answer_idx", "1 to 3", NULL, "the step", false},
    {"target_answer_tokens", "array of integers", "not checked",
     "token ids of the step's answer; must begin as that answer does", false},
    {"three_answers_label_list", "3 strings", NULL, "the answers as text", false},
    {"three_answers_token_list", "3 arrays of integers", NULL,
     "token ids of each answer: targets answer_1, answer_2, answer_3", false},
    {"three_answers_start_end_idx", "3 of [begin, end]", "from the keys below",
     "where the answers stand, in tokens; those from the step on are not looked at", false},
    {"prev_answer_1_start_end_idx", "[begin, end]", "none", "where answer 1 stands", false},
    {"prev_answer_2_start_end_idx", "[begin, end]", "none", "where answer 2 stands", false},
    {"prev_ans_1_start_end_idx", "[begin, end]", "none", "another name of prev_answer_1", false},
    {"prev_ans_2_start_end_idx", "[begin, end]", "none", "another name of prev_answer_2", false},
    {"subject", "string", NULL, "name of the subject, which is the item", false},
    {"subject_token_list", "array of integers", NULL, "its token ids: target subject", false},
    {"subject_start_end_idx", "[begin, end]", "none", "where the subject stands", false},
    {"relation_start_end_idx", "[begin, end]", "none", "where the relation stands", false},
};

static const char *const answer_name[ANSWERS] = {"answer_1", "answer_2", "answer_3"};

/* The array under key; NULL after a problem. n = 0: of any length. */
static const json_t *take_array(struct loader *l, const json_t *obj, const char *key, size_t n)
{
    const json_t *v = json_object_get(obj, key);

    if (json_is_array(v) && (!n || json_array_size(v) == n))
        return v;
    if (json_is_array(v))
        line_problem(l, key, NULL, "key \"%s\" has %zu %s, expected %zu", key, json_array_size(v),
                     str_noun(json_array_size(v), "entry", "entries"), n);
    else
        line_problem(l, v ? key : NULL, NULL, "key \"%s\" is %s, expected an array", key,
                     json_kind(v));
    return NULL;
}

static int add_target(struct loader *l, const char *name, const char *key, const json_t *tokens,
                      const char *text, struct err *err)
{
    struct named_target *t = &l->d.target[l->d.n_targets];
    char what[32];
    int32_t *ids;

    snprintf(what, sizeof what, "%s: ", name);
    if (take_ids(l, tokens, key, NULL, what, &ids, &t->n_ids, err))
        return err->code;
    t->name = target_index(l, name, key, err);
    if (t->name < 0)
        return err->code;
    t->text = text ? arena_strdup(&l->scratch, text, err) : NULL;
    if (text && !t->text)
        return err->code;
    t->ids = ids;
    t->id = t->n_ids ? ids[0] : -1;
    t->whole = true;
    l->d.n_targets++;
    return ids && !t->n_ids ? query_bad(l, err, "%sno tokens", what) : 0;
}

static int read_targets(struct loader *l, const json_t *obj, struct err *err)
{
    static const char *const lists = "three_answers_token_list";
    const json_t *tokens = take_array(l, obj, lists, ANSWERS);
    const json_t *labels = take_array(l, obj, "three_answers_label_list", ANSWERS);
    const json_t *subject = take_array(l, obj, "subject_token_list", 0);

    l->d.target = arena_alloc(&l->scratch, ANSWERS + 1, sizeof *l->d.target, err);
    l->q.answer = arena_alloc(&l->ds->arena, ANSWERS, sizeof *l->q.answer, err);
    if (!l->d.target || !l->q.answer)
        return err->code;
    for (size_t i = 0; tokens && labels && i < ANSWERS; i++) {
        const json_t *label = json_array_get(labels, i);

        if (!json_is_string(label))
            line_problem(l, "three_answers_label_list", NULL, "answer %zu is %s, expected a string",
                         i + 1, json_kind(label));
        l->q.answer[i] =
            arena_strdup(&l->ds->arena, json_is_string(label) ? json_string_value(label) : "", err);
        if (!l->q.answer[i] || add_target(l, answer_name[i], lists, json_array_get(tokens, i),
                                          json_string_value(label), err))
            return err->code;
    }
    if (!subject)
        return 0;
    return add_target(l, "subject", "subject_token_list", subject, NULL, err);
}

/* Where answer i (from 0) stands: some files say it in one list, some in keys of their own. */
static const json_t *answer_span(const json_t *obj, const json_t *all, size_t i, const char **key)
{
    static const char *const keys[ANSWERS - 1][2] = {
        {"prev_answer_1_start_end_idx", "prev_ans_1_start_end_idx"},
        {"prev_answer_2_start_end_idx", "prev_ans_2_start_end_idx"},
    };
    const json_t *v;

    *key = "three_answers_start_end_idx";
    if (all)
        return json_array_get(all, i);
    for (size_t k = 0; k < 2; k++) {
        *key = keys[i][k];
        v = json_object_get(obj, *key);
        if (v)
            return v;
    }
    return NULL;
}

static int read_spans(struct loader *l, const json_t *obj, struct draft_prompt *p, struct err *err)
{
    static const char *const lists = "three_answers_start_end_idx";
    static const char *const names[] = {"subject", "relation", "answer_1", "answer_2"};
    const json_t *all = json_object_get(obj, lists) ? take_array(l, obj, lists, ANSWERS) : NULL;
    const char *key;

    p->span = arena_alloc(&l->scratch, ANSWERS + 1, sizeof *p->span, err);
    if (!p->span)
        return err->code;
    /* in an order of their own, whichever step is read first */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (span_index(l, names[i], lists, err) < 0 && err->code)
            return err->code;
    if (native_span(l, "subject_start_end_idx", "subject",
                    json_object_get(obj, "subject_start_end_idx"), NULL, p, err) ||
        native_span(l, "relation_start_end_idx", "relation",
                    json_object_get(obj, "relation_start_end_idx"), NULL, p, err))
        return err->code;
    for (size_t i = 0; i + 1 < (size_t)l->q.step; i++) {
        const json_t *v = answer_span(obj, all, i, &key);

        if ((!v && query_bad(l, err, "no span of %s", answer_name[i])) ||
            native_span(l, key, answer_name[i], v, NULL, p, err))
            return err->code;
    }
    return 0;
}

static int read_names(struct loader *l, const json_t *obj, struct draft_prompt *p, struct err *err)
{
    const char *text = NULL, *subject = NULL;
    int64_t step = 1;
    struct err e;

    if (json_take_int(obj, "target_answer_idx", true, 1, ANSWERS, &step, &e))
        line_problem(l, "target_answer_idx", NULL, "%s", e.msg);
    if (json_take_string(obj, "subject", true, &subject, &e))
        line_problem(l, "subject", NULL, "%s", e.msg);
    field_take_text(l, obj, "query", &text);
    l->q.step = (int)step;
    l->q.subject = arena_strdup(&l->ds->arena, subject ? subject : "", err);
    if (text)
        p->text = arena_strdup(&l->ds->arena, text, err);
    if (!l->q.subject || (text && !p->text))
        return err->code;
    if (l->source->step && l->source->step != l->q.step)
        return query_bad(l, err, "target_answer_idx %d in a file of step %d", l->q.step,
                         l->source->step);
    return 0;
}

/* target_answer_tokens repeats one of the three answers: the line must agree with itself. */
static int check_right(struct loader *l, const json_t *obj, struct err *err)
{
    const json_t *v = json_array_get(json_object_get(obj, "target_answer_tokens"), 0);

    if (!json_is_integer(v) || l->d.n_targets < ANSWERS)
        return 0;
    if (json_integer_value(v) == l->d.target[l->q.step - 1].id)
        return 0;
    return query_bad(l, err,
                     "target_answer_tokens begins with %" JSON_INTEGER_FORMAT
                     ", answer %d with %" PRId32,
                     json_integer_value(v), l->q.step, l->d.target[l->q.step - 1].id);
}

static int read_line(struct loader *l, const json_t *obj, struct err *err)
{
    const json_t *ids = take_array(l, obj, "query_input_ids", 0);

    l->d.own.given = ids;
    if (read_names(l, obj, &l->d.own, err) ||
        (ids && take_ids(l, ids, "query_input_ids", NULL, "", &l->d.own.ids, &l->d.own.n, err)) ||
        read_targets(l, obj, err) || read_spans(l, obj, &l->d.own, err))
        return err->code;
    if (l->d.n_targets < ANSWERS)
        return 0;
    l->d.right = l->d.target[l->q.step - 1].name;
    return check_right(l, obj, err);
}

static int one_to_many_read(struct loader *l, const json_t *record, struct err *err)
{
    query_begin(l);
    return err_if(err, read_line(l, record, err) || query_end(l, err));
}

const struct format format_one_to_many = {
    .name = "one_to_many",
    .doc = "the paper's released files; other keys are passed over",
    .ending = ".jsonl",
    FORMAT_KEYS(one_to_many_keys),
    .marks = (const char *const[]){"query_input_ids", "three_answers_label_list", NULL},
    .read = one_to_many_read,
};
