/* The format `mib_arithmetic`: rows of the MIB benchmark's sums and differences. */
#include "data/fields.h"
#include "data/format.h"
#include "data/forms/mib.h"

static const struct data_key keys[] = {
    {"prompt", "string", NULL, "the prompt", false},
    {"label", "string or integer", NULL, "the right answer: target answer_1", false},
    {"operand1", "integer", "no span", "span operand_1: where it stands first", false},
    {"operand2", "integer", "no span", "span operand_2: where it stands last", false},
    {"random_counterfactual.prompt", "string", "drawn", "the counterfactual prompt", false},
    {"random_counterfactual.label", "string or integer", "none",
     "its answer: target and foil foil_1", false},
};

static const json_t *take_operand(struct loader *l, const json_t *record, const char *key)
{
    const json_t *v = json_object_get(record, key);

    if (v && !json_is_null(v) && !json_is_integer(v))
        line_problem(l, key, NULL, "%s is %s, expected an integer", key, json_kind(v));
    return v;
}

/* Of equal operands the first place is the first's, the last place the second's. */
static void mark_operands(struct recast *r, const json_t *record, struct err *err)
{
    const json_t *first = take_operand(r->l, record, "operand1");
    const json_t *second = take_operand(r->l, record, "operand2");

    if (json_is_integer(first))
        recast_find(r, "operand_1", mib_choice(r->l, first, err), 1);
    if (json_is_integer(second))
        recast_find(r, "operand_2", mib_choice(r->l, second, err),
                    json_equal(first, second) ? 2 : 1);
}

static int read(struct loader *l, const json_t *record, struct err *err)
{
    static const char *const counterfactuals[] = {"random_counterfactual", NULL};
    const json_t *other = mib_counterfactual(l, record, counterfactuals);
    const json_t *label = need(l, record, "label"), *wrong = json_object_get(other, "label");
    struct recast r;

    err_clear(err);
    recast_begin(&r, l, need_text(l, record, "prompt"));
    if (label)
        recast_answer(&r, mib_choice(l, label, err), true);
    if (wrong && !json_equal(wrong, label))
        recast_answer(&r, mib_choice(l, wrong, err), false);
    mark_operands(&r, record, err);
    recast_counterfactual(&r, mib_prompt(l, other));
    return recast_end(&r, err);
}

const struct format format_mib_arithmetic = {
    .name = "mib_arithmetic",
    .doc = "rows of the MIB benchmark's arithmetic_addition (_subtraction) as JSON Lines; other "
           "keys are passed over",
    .ending = ".jsonl",
    FORMAT_KEYS(keys),
    .marks = (const char *const[]){"prompt+label+operand1", NULL},
    .read = read,
};
