/*
 * Answers found in the paper's own prompts (LENSWEEP_PAPER_DATA), of both tokenizer families
 * (LENSWEEP_TOKENIZERS): the same names as released, at the same tokens. What stands behind the
 * last answer is not released; it is taken to end there.
 */
#include "data_helper.h"

#include "base/json.h"
#include "data/answers.h"
#include "model/tokenizer/tokenizer.h"

struct family {
    const char *model, *folder, *tokenizer;
    bool same_ids; /* the tokenizer is the model's own: released spans must be found exactly */
    size_t due;    /* names: one is released without its question mark */
    size_t lines, names, spans;
};

static struct family families[] = {
    {"meta-llama", "meta-llama/Meta-Llama-3-8B-Instruct", "llama3", true, 359, 0, 0, 0},
    {"mistralai", "mistralai/Mistral-7B-Instruct-v0.2", "llama2", false, 360, 0, 0, 0},
};

static const char *trimmed(const char *s)
{
    return s + strspn(s, " \"");
}

/* What the tokens of a whole line spell, where each ends, and where its text begins. */
struct spelled_line {
    struct buf text;
    size_t end[512], from;
    int n;
};

static void spell_ids(struct spelled_line *s, const struct tokenizer *t, const int32_t *ids,
                      size_t n)
{
    struct err err = {0};

    buf_clear(&s->text);
    s->n = (int)n;
    for (size_t i = 0; i < n; i++) {
        size_t length;
        const char *bytes = tokenizer_bytes(t, ids[i], &length);

        assert_int_equal(buf_put(&s->text, bytes, length, &err), 0);
        s->end[i] = s->text.len;
    }
    assert_non_null(buf_str(&s->text, &err));
}

/* The line's ids, of the prompt and the last answer: as released, or of this tokenizer. */
static size_t ids_of(const struct family *f, const struct tokenizer *t, const json_t *line,
                     const char *text, int32_t *ids)
{
    const json_t *prompt = json_object_get(line, "query_input_ids");
    const json_t *last = json_array_get(json_object_get(line, "three_answers_token_list"), 2), *v;
    struct ids own = {0};
    struct err err = {0};
    size_t n = 0, i;

    if (f->same_ids) {
        json_array_foreach((json_t *)prompt, i, v) ids[n++] = (int32_t)json_integer_value(v);
        json_array_foreach((json_t *)last, i, v) ids[n++] = (int32_t)json_integer_value(v);
        return n;
    }
    assert_int_equal(tokenizer_encode(t, text, strlen(text), false, &own, &err), 0);
    n = own.n;
    memcpy(ids, own.v, n * sizeof *ids);
    ids_release(&own);
    return n;
}

static void check_line(struct family *f, const struct tokenizer *t, const json_t *line)
{
    const json_t *names = json_object_get(line, "three_answers_label_list");
    const json_t *spans = json_object_get(line, "three_answers_start_end_idx");
    static struct spelled_line s;
    struct answer_places all;
    char text[4096];
    const char *list;
    int32_t ids[512];
    size_t begin;

    snprintf(text, sizeof text, "%s%s", json_string_value(json_object_get(line, "query")),
             json_string_value(json_array_get(names, 2)));
    spell_ids(&s, t, ids, ids_of(f, t, line, text, ids));
    list = strstr(s.text.data, " 1.");
    assert_non_null(list);
    begin = (size_t)(list + 3 - s.text.data);
    answers_find(list + 3, s.text.len - begin, 3, true, &all);
    f->lines++;
    for (int i = 0; i < all.n; i++) {
        const struct answer_place *p = &all.place[i];
        const char *name = trimmed(json_string_value(json_array_get(names, (size_t)i)));
        const json_t *pair = json_array_get(spans, (size_t)i);
        size_t n = strlen(name);
        struct span at;

        while (n && strchr(" \".,", name[n - 1]))
            n--;
        if ((p->most != n && p->n != n) || memcmp(list + 3 + p->begin, name, n) != 0) {
            print_message("    another name: %s: %.*s\n", text, (int)p->most, list + 3 + p->begin);
            continue;
        }
        f->names++;
        at = answer_tokens(s.end, s.n, begin + p->begin, n);
        if (!f->same_ids) /* its tokens spell the name, and nothing but what surrounds names */
            f->spans += at.lo > 0 && s.end[at.hi - 1] >= begin + p->begin + n;
        else
            f->spans += at.lo == json_integer_value(json_array_get(pair, 0)) &&
                        at.hi == json_integer_value(json_array_get(pair, 1));
        if (f->same_ids && (at.lo != json_integer_value(json_array_get(pair, 0)) ||
                            at.hi != json_integer_value(json_array_get(pair, 1))))
            print_message("    other tokens: %s: [%d, %d)\n", text, at.lo, at.hi);
    }
    if (all.n < 3)
        print_message("    %d answers: %s\n", all.n, text);
}

static void check_family(struct family *f, const char *data, const char *tokenizers)
{
    static const char *const sets[] = {"actor_movies", "artist_songs", "country_cities"};
    struct tokenizer *t;
    struct err err = {0};
    char path[1024];

    snprintf(path, sizeof path, "%s/%s/tokenizer.json", tokenizers, f->tokenizer);
    assert_int_equal(tokenizer_open(&t, path, &err), 0);
    for (size_t k = 0; k < 3; k++) {
        struct buf text = {0};
        char *line, *rest;

        snprintf(path, sizeof path, "%s/%s/%s/prompt_template_1/%s_3.jsonl", data, sets[k],
                 f->folder, sets[k]);
        assert_int_equal(file_read(&text, path, 1 << 28, &err), 0);
        rest = buf_str(&text, &err);
        while ((line = strtok_r(rest, "\n", &rest))) {
            json_t *v = json_parse(line, strlen(line), ERR_CONFIG, path, 1, &err);

            assert_non_null(v);
            check_line(f, t, v);
            json_decref(v);
        }
        buf_release(&text);
    }
    tokenizer_close(t);
    print_message("    %s: %zu lines, %zu of %zu names, %zu spans as released\n", f->model,
                  f->lines, f->names, 3 * f->lines, f->spans);
    assert_int_equal(f->lines, 120);
    assert_int_equal(f->names, f->due);
    assert_int_equal(f->spans, f->due);
}

static void spans_are_the_released_ones(void **state)
{
    const char *data = getenv("LENSWEEP_PAPER_DATA"), *tokenizers = getenv("LENSWEEP_TOKENIZERS");

    (void)state;
    for (size_t i = 0; i < 2; i++)
        check_family(&families[i], data, tokenizers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(spans_are_the_released_ones)};

    if (!getenv("LENSWEEP_PAPER_DATA") || !getenv("LENSWEEP_TOKENIZERS")) {
        print_message("skip: no LENSWEEP_PAPER_DATA or no LENSWEEP_TOKENIZERS\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
