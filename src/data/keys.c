#include "data/keys.h"

const struct data_key native_keys[] = {
    {"ids", "array of integers", "from text",
     "token ids of the prompt; what is computed, text or not", true},
    {"text", "string", "from ids",
     "the prompt; without ids it is tokenised as the model's tokenizer does it, BOS included",
     true},
    {"spans", "{name: [begin, end]}", "{}",
     "named spans in tokens of the prompt; first, last and other are reserved", true},
    {"char_spans", "{name: [begin, end]}", "{}",
     "the same in characters (code points) of text: the tokens that spell any of them", true},
    {"targets", "{name: token}", NULL,
     "tokens to follow: an id, or a text whose first token is meant; at least one", false},
    {"target", "name", "answer_STEP, or the only one", "the target that counts as right", false},
    {"foils", "array of names", "answers before the step",
     "targets that the right one is compared with", false},
    {"controls", "array of tokens", "drawn",
     "control tokens, each an id or a text whose first token is meant", false},
    {"counterfactual", "object", "drawn",
     "another prompt of equal length: ids or text, spans, char_spans", false},
    {"item", "string", "subject, or a hash of the prompt", "the unit of statistics", false},
    {"subject", "string", "empty", "name of the subject", false},
    {"dataset", "string", "the file's name", "what controls and partners are drawn within", false},
    {"template", "0 to 127", "from the folder, or 0",
     "number of the prompt's wording; 0 = not known", false},
    {"step", "0 to 127", "0", "number of the answer that comes next; 0 = not known", false},
};
const size_t n_native_keys = sizeof native_keys / sizeof *native_keys;

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

static const struct {
    const char *name, *doc;
    const struct data_key *keys;
    size_t n;
} formats[] = {
    {"native", "one query a line; a key that is not listed is an error", native_keys,
     sizeof native_keys / sizeof *native_keys},
    {"one_to_many", "the paper's released files; other keys are passed over", one_to_many_keys,
     sizeof one_to_many_keys / sizeof *one_to_many_keys},
};

static int put_key(const struct data_key *k, bool markdown, struct buf *out, struct err *err)
{
    const char *fallback = k->fallback ? k->fallback : "required";

    if (markdown)
        return buf_printf(out, err, "| `%s` | %s | %s | %s%s |\n", k->name, k->type, fallback,
                          k->meaning, k->both ? "; also in counterfactual" : "");
    return buf_printf(out, err, "  %s\n      %s, %s%s\n      %s%s\n", k->name, k->type,
                      k->fallback ? "default: " : "", fallback, k->meaning,
                      k->both ? "; also in counterfactual" : "");
}

int data_reference(bool markdown, struct buf *out, struct err *err)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (buf_printf(out, err, markdown ? "%sFormat `%s`: %s.\n\n" : "%sformat %s: %s\n",
                       i ? "\n" : "", formats[i].name, formats[i].doc))
            return err->code;
        if (markdown &&
            buf_puts(out, "| key | value | default | meaning |\n|---|---|---|---|\n", err))
            return err->code;
        for (size_t k = 0; k < formats[i].n; k++)
            if (put_key(&formats[i].keys[k], markdown, out, err))
                return err->code;
    }
    return 0;
}
