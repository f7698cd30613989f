/* Loading: both formats, problems with their places, statuses, files and directories. */
#include "data/property.h"
#include "data_helper.h"

#include <limits.h>

#define FIXTURES "tests/fixtures/data/"

static const struct data_options plain = {.seed = 1};

static void native_fields(void **state)
{
    struct dataset ds;
    const struct query *q;

    (void)state;
    load_text(&ds, "cities.jsonl",
              "{\"ids\": [5, 6, 7, 8], \"text\": \"t\", \"item\": \"Chad\", \"subject\": \"S\","
              " \"dataset\": \"d\", \"template\": 2, \"step\": 2, \"spans\": {\"s\": [1, 3]},"
              " \"targets\": {\"answer_1\": 9, \"answer_2\": 10, \"subject\": 6, \"x\": 3},"
              " \"target\": \"answer_2\", \"foils\": [\"x\"], \"controls\": [20, 21],"
              " \"counterfactual\": {\"ids\": [5, 1, 2, 8], \"spans\": {\"s\": [2, 3]}}}\n"
              "{\"ids\": [4], \"targets\": {\"y\": 1}}",
              plain, NULL);
    assert_int_equal(ds.n, 2);
    q = &ds.query[0];
    assert_null(q->status);
    assert_string_equal(q->text, "t");
    assert_string_equal(q->item, "Chad");
    assert_string_equal(q->subject, "S");
    assert_string_equal(q->dataset, "d");
    assert_int_equal(q->template, 2);
    assert_int_equal(q->step, 2);
    assert_ids(q->ids, (size_t)q->n, IDS(5, 6, 7, 8));
    assert_span(&ds, 0, "s", 1, 3);
    assert_span(&ds, 0, "first", 0, 1);
    assert_span(&ds, 0, "last", 3, 4);
    assert_string_equal(ds.span_name[0], "first");
    assert_string_equal(ds.span_name[1], "last");
    assert_int_equal(ds.n_spans, 3);
    assert_int_equal(ds.n_targets, 5);
    assert_int_equal(target_of(&ds, 0, "answer_1"), 9);
    assert_int_equal(target_of(&ds, 0, "y"), -1);
    assert_int_equal(q->right, dataset_target(&ds, "answer_2"));
    assert_int_equal(q->foil[dataset_target(&ds, "x")], 1);
    assert_int_equal(q->foil[dataset_target(&ds, "answer_1")], 0);
    assert_int_equal(ds.n_controls, 16);
    assert_ids(q->control, 3, IDS(20, 21, -1));
    assert_ids(q->cf_ids, 4, IDS(5, 1, 2, 8));
    assert_int_equal(q->cf_span[dataset_span(&ds, "s")].lo, 2);
    assert_int_equal(q->cf_span[dataset_span(&ds, "last")].lo, 3);
    assert_int_equal(dataset_target(&ds, "z"), -1);
    assert_int_equal(dataset_span(&ds, "z"), -1);
    dataset_release(&ds);
}

/* The table that `where` and the result file read queries by. */
static void properties_of_a_query(void **state)
{
    const char *text[] = {"item", "Chad",  "subject",       "S", "dataset", "d",
                          "text", "the p", "answer_prefix", ""};
    struct query q = {.item = "Chad",
                      .subject = "S",
                      .dataset = "d",
                      .text = "the p",
                      .answer_prefix = "",
                      .template = 2,
                      .step = 3,
                      .n = 300,
                      .target_generic = 1};
    int sum = 0;

    (void)state;
    for (size_t i = 0; i < sizeof text / sizeof *text; i += 2)
        assert_string_equal(property_text(property_find(text[i]), &q), text[i + 1]);
    assert_int_equal(property_number(property_find("template"), &q), 2);
    assert_int_equal(property_number(property_find("step"), &q), 3);
    assert_int_equal(property_number(property_find("n_tokens"), &q), 300);
    assert_int_equal(property_number(property_find("target_generic"), &q), 1);
    for (size_t i = 0; i < n_properties; i++)
        if (properties[i].type == PROPERTY_FLAG)
            sum += property_number(&properties[i], &q);
    assert_int_equal(sum, 1);
    assert_null(property_find("items"));
}

/* What a line leaves out. */
static void native_defaults(void **state)
{
    struct dataset ds;

    (void)state;
    load_text(&ds, "cities.jsonl",
              "{\"ids\": [4], \"targets\": {\"y\": 1}}\n"
              "{\"ids\": [4], \"subject\": \"Chad\", \"targets\": {\"y\": 1, \"z\": 2}}\n"
              "{\"ids\": [5], \"step\": 3, \"targets\": {\"answer_1\": 1, \"answer_2\": 2,"
              " \"answer_3\": 3, \"answer_10\": 10, \"subject\": 5}}\n"
              "{\"ids\": [6], \"target\": \"answer_2\", \"targets\": {\"answer_1\": 1,"
              " \"answer_2\": 2, \"answer_3\": 3}}\n",
              plain, NULL);
    assert_int_equal(ds.n, 4);
    assert_string_equal(ds.query[0].dataset, "cities");
    assert_string_equal(ds.query[0].subject, "");
    assert_string_equal(ds.query[0].text, "");
    assert_int_equal(ds.query[0].item[0], '#');
    assert_string_not_equal(ds.query[0].item, ds.query[2].item);
    assert_string_equal(ds.query[1].item, "Chad");
    assert_int_equal(ds.query[0].right, dataset_target(&ds, "y"));
    assert_int_equal(ds.query[1].right, -1);
    for (size_t q = 2; q < 4; q++) { /* step 3, or before the right one */
        assert_string_equal(ds.target_name[ds.query[q].right], q == 2 ? "answer_3" : "answer_2");
        assert_int_equal(ds.query[q].foil[dataset_target(&ds, "answer_1")], 1);
        assert_int_equal(ds.query[q].foil[dataset_target(&ds, "answer_2")], q == 2);
        assert_int_equal(ds.query[q].foil[dataset_target(&ds, "answer_3")], 0);
        assert_int_equal(ds.query[q].foil[dataset_target(&ds, "answer_10")], 0);
        assert_int_equal(ds.query[q].foil[dataset_target(&ds, "subject")], 0);
    }
    assert_int_equal(ds.query[2].line, 3);
    dataset_release(&ds);
}

static void text_is_tokenised(void **state)
{
    struct dataset ds;

    (void)state;
    load_text(&ds, "t.jsonl",
              "{\"text\": \"a\\u00e9b\", \"char_spans\": {\"s\": [1, 2], \"t\": [2, 3]},"
              " \"targets\": {\"y\": \"cd\", \"z\": 7}, \"controls\": [\"x\", 3],"
              " \"counterfactual\": {\"text\": \"abcd\", \"char_spans\": {\"t\": [0, 1]}}}\n"
              "{\"text\": \"<s>ab\", \"ids\": [256, 97, 98], \"char_spans\": {\"s\": [4, 5]},"
              " \"targets\": {\"y\": 1}}\n"
              "{\"text\": \"ab\", \"ids\": [256, 97, 98], \"char_spans\": {\"s\": [0, 1]},"
              " \"targets\": {\"y\": 1}}\n"
              "{\"ids\": [97, 255, 98, 0], \"targets\": {\"y\": 1}}\n"
              "{\"text\": \"ab\", \"ids\": [97, 99], \"char_spans\": {\"s\": [0, 1]},"
              " \"targets\": {\"y\": 1}}\n"
              "{\"text\": \"a\\tb\", \"targets\": {\"y\": 1}}\n"
              "{\"text\": \"ab\", \"targets\": {\"y\": \"\"}}\n"
              "{\"text\": \"ab\", \"targets\": {\"y\": 1}, \"char_spans\": {\"s\": [1, 3]}}\n"
              "{\"text\": \"\", \"targets\": {\"y\": 1}}\n",
              plain, &bytes_codec);
    assert_null(ds.query[0].status);
    assert_ids(ds.query[0].ids, 4, IDS('a', 0xc3, 0xa9, 'b'));
    assert_span(&ds, 0, "s", 1, 3);
    assert_span(&ds, 0, "t", 3, 4);
    assert_int_equal(target_of(&ds, 0, "y"), 'c');
    assert_int_equal(target_of(&ds, 0, "z"), 7);
    assert_ids(ds.query[0].control, 3, IDS('x', 3, -1));
    assert_ids(ds.query[0].cf_ids, 4, IDS('a', 'b', 'c', 'd'));
    assert_int_equal(ds.query[0].cf_span[dataset_span(&ds, "t")].lo, 0);
    assert_int_equal(ds.query[0].cf_span[dataset_span(&ds, "s")].lo, 1); /* as in the prompt */
    assert_span(&ds, 1, "s", 2, 3);
    assert_span(&ds, 2, "s", 1, 2);
    assert_string_equal(ds.query[3].text, "a\xef\xbf\xbd"
                                          "b\xef\xbf\xbd");
    assert_string_equal(ds.query[4].status, "char_spans: the tokens do not spell the text");
    assert_string_equal(ds.query[5].status, "no tabs here");
    assert_string_equal(ds.query[6].status, "target y: no tokens");
    assert_string_equal(ds.query[7].status,
                        "span s [1, 3) lies outside the prompt of 2 characters");
    assert_string_equal(ds.query[8].status, "empty prompt");
    dataset_release(&ds);
}

/* All tokens of an answer: as text or ids, of a target that is named as well or by itself. */
static void answers_are_whole(void **state)
{
    struct dataset ds;
    struct tokens whole;

    (void)state;
    load_text(&ds, "t.jsonl",
              "{\"text\": \"ab\", \"answers\": {\"answer_1\": \"cde\", \"answer_2\": [7, 8]},"
              " \"targets\": {\"answer_1\": \"c\", \"subject\": 5}, \"step\": 2}\n"
              "{\"text\": \"ab\", \"targets\": {\"answer_1\": 9}}\n"
              "{\"text\": \"ab\", \"answers\": {\"y\": \"cd\"}, \"targets\": {\"y\": \"d\"}}\n"
              "{\"text\": \"ab\", \"answers\": {\"y\": \"\"}}\n",
              plain, &bytes_codec);
    assert_true(ds.has_whole);
    assert_null(ds.query[0].status);
    whole = ds.query[0].whole[dataset_target(&ds, "answer_1")];
    assert_ids(whole.ids, (size_t)whole.n, IDS('c', 'd', 'e'));
    whole = ds.query[0].whole[dataset_target(&ds, "answer_2")];
    assert_ids(whole.ids, (size_t)whole.n, IDS(7, 8));
    assert_int_equal(ds.query[0].whole[dataset_target(&ds, "subject")].n, 0);
    assert_int_equal(target_of(&ds, 0, "answer_1"), 'c');
    assert_int_equal(target_of(&ds, 0, "answer_2"), 7);
    assert_int_equal(ds.query[0].right, dataset_target(&ds, "answer_2"));
    assert_int_equal(ds.query[1].whole[dataset_target(&ds, "answer_1")].n, 0);
    assert_string_equal(ds.query[2].status,
                        "answer y: begins with token 99, but its target is token 100");
    assert_string_equal(ds.query[3].status, "answer y: no tokens");
    dataset_release(&ds);
}

static void bos_is_added_once(void **state)
{
    const char *text =
        "{\"ids\": [1, 2], \"spans\": {\"s\": [1, 2]}, \"targets\": {\"y\": 1},"
        " \"counterfactual\": {\"ids\": [3, 4], \"spans\": {\"s\": [0, 1]}}}\n"
        "{\"ids\": [256, 2], \"spans\": {\"s\": [1, 2]}, \"targets\": {\"y\": 1}}\n"
        "{\"text\": \"ab\", \"char_spans\": {\"s\": [1, 2]}, \"targets\": {\"y\": 1}}\n"
        "{\"text\": \"<s>ab\", \"char_spans\": {\"s\": [3, 4]},"
        " \"targets\": {\"y\": 1}}";
    struct data_options opt = {.add_bos = true, .max_tokens = 3};
    struct dataset ds;

    (void)state;
    load_text(&ds, "t.jsonl", text, opt, &bos_codec);
    assert_ids(ds.query[0].ids, (size_t)ds.query[0].n, IDS(256, 1, 2));
    assert_span(&ds, 0, "s", 2, 3);
    assert_span(&ds, 0, "first", 0, 1);
    assert_span(&ds, 0, "last", 2, 3);
    assert_ids(ds.query[0].cf_ids, 3, IDS(256, 3, 4));
    assert_int_equal(ds.query[0].cf_span[dataset_span(&ds, "s")].lo, 1);
    assert_ids(ds.query[1].ids, (size_t)ds.query[1].n, IDS(256, 2));
    assert_span(&ds, 1, "s", 1, 2);
    assert_ids(ds.query[2].ids, (size_t)ds.query[2].n, IDS(256, 'a', 'b'));
    assert_span(&ds, 2, "s", 2, 3);
    assert_ids(ds.query[3].ids, (size_t)ds.query[3].n, IDS(256, 'a', 'b'));
    assert_span(&ds, 3, "s", 1, 2);
    assert_int_equal(ds.max_tokens, 3);
    for (int q = 0; q < 4; q++)
        assert_true(ds.query[q].bos);
    dataset_release(&ds);

    opt.add_bos = false;
    load_text(&ds, "t.jsonl", text, opt, &bos_codec);
    assert_false(ds.query[0].bos);
    assert_true(ds.query[1].bos);
    dataset_release(&ds);

    opt.add_bos = true;
    opt.max_tokens = 2; /* what the model sees counts */
    load_text(&ds, "t.jsonl", text, opt, &bos_codec);
    assert_string_equal(ds.query[0].status, "prompt of 3 tokens is longer than 2");
    assert_int_equal(ds.query[0].n, 0);
    assert_null(ds.query[1].status);
    dataset_release(&ds);

    load_path(&ds, write_text("t.jsonl", text), opt, NULL);
    assert_problem(0, "data", "add_bos is set, but there is no tokenizer with a BOS");
    dataset_release(&ds);
}

/* Each made-up released file, by its place in reading order. */
static void released_files(void **state)
{
    struct dataset ds;

    (void)state;
    load_path(&ds, FIXTURES "released", plain, NULL);
    assert_int_equal(problems.count, 0);
    assert_int_equal(ds.n, 6);
    assert_int_equal(ds.n_files, 3);
    assert_int_equal(ds.n_spans, 6);
    assert_int_equal(ds.n_targets, 4);
    for (size_t i = 0; i < 6; i++) {
        const struct query *q = &ds.query[i];
        int step = (int)i / 2 + 1;

        assert_null(q->status);
        assert_string_equal(q->dataset, "fruits");
        assert_string_equal(q->item, i % 2 ? "Blueland" : "Redland");
        assert_string_equal(q->subject, q->item);
        assert_int_equal(q->template, 2);
        assert_int_equal(q->step, step);
        assert_int_equal(q->right, step - 1);
        for (int t = 0; t < 4; t++) {
            static const char *const names[] = {"answer_1", "answer_2", "answer_3", "subject"};
            static const int32_t id[2][4] = {{40, 41, 43, 20}, {44, 46, 40, 22}};

            assert_string_equal(ds.target_name[t], names[t]);
            assert_int_equal(q->target[t], id[i % 2][t]);
            assert_int_equal(q->foil[t], t < step - 1);
        }
        assert_span(&ds, i, "subject", 3, i % 2 ? 4 : 5);
        assert_span(&ds, i, "relation", 2, 3);
    }
    assert_span(&ds, 0, "answer_1", 0, 0);
    assert_span(&ds, 2, "answer_1", 8, 9);
    assert_span(&ds, 2, "answer_2", 0, 0);
    assert_span(&ds, 3, "answer_1", 7, 9); /* prev_ans_1 */
    assert_span(&ds, 4, "answer_2", 11, 13);
    assert_span(&ds, 5, "answer_2", 11, 12); /* prev_ans_2 */
    assert_int_equal(ds.max_tokens, 15);
    dataset_release(&ds);
}

#define RELEASED(idx, first)                                                               \
    "{\"query_input_ids\": [1, 2, 3], \"target_answer_idx\": " idx ", \"subject\": \"S\"," \
    " \"subject_token_list\": [2], \"three_answers_label_list\": [\"a\", \"b\", \"c\"],"   \
    " \"three_answers_token_list\": [[5], [6], [7]], \"target_answer_tokens\": [" first "]"

static void released_lines_must_agree(void **state)
{
    struct dataset ds;

    (void)state;
    load_text(&ds, "x/prompt_template_3/q_2.jsonl",
              RELEASED("3", "7") "}\n" RELEASED("2", "7") "}\n" RELEASED("2", "6") "}\n" RELEASED(
                  "2", "6") ", \"three_answers_start_end_idx\": [[2, 4], [5, 6], [7, "
                            "8]]}\n" RELEASED("2", "6") ", \"three_answers_start_end_idx\": [[1, "
                                                        "2], [5, 6], [7, 8]]}\n",
              plain, NULL);
    assert_string_equal(ds.query[0].status, "target_answer_idx 3 in a file of step 2");
    assert_string_equal(ds.query[1].status, "no span of answer_1");
    assert_string_equal(ds.query[2].status, "no span of answer_1");
    assert_string_equal(ds.query[3].status,
                        "span answer_1 [2, 4) lies outside the prompt of 3 tokens");
    assert_null(ds.query[4].status);
    assert_int_equal(ds.query[4].template, 3);
    dataset_release(&ds);
    load_text(&ds, "q.jsonl", RELEASED("1", "6") "}\n", plain, NULL);
    assert_string_equal(ds.query[0].status, "target_answer_tokens begins with 6, answer 1 with 5");
    assert_string_equal(ds.query[0].dataset, "q");
    assert_int_equal(ds.query[0].template, 0);
    dataset_release(&ds);
}

/* Every file of a fixture folder gives exactly the problems in its .expected. */
static void problems_have_places(void **state)
{
    static const char *const names[] = {"lines", "keys", "more_keys", "other", "fruits_2"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128], expected[128];
        struct buf want = {0}, got = {0};
        struct dataset ds;
        struct err err = {0};

        snprintf(path, sizeof path, FIXTURES "bad/%s.jsonl", names[i]);
        snprintf(expected, sizeof expected, FIXTURES "bad/%s.expected", names[i]);
        load_path(&ds, path, plain, NULL);
        for (int k = 0; k < problems.count; k++)
            buf_printf(&got, &err, "%s: %s\n", problems.item[k].where + strlen(FIXTURES "bad/"),
                       problems.item[k].msg);
        assert_int_equal(file_read(&want, expected, 1 << 20, &err), 0);
        assert_string_equal(buf_str(&got, &err), buf_str(&want, &err));
        buf_release(&want);
        buf_release(&got);
        dataset_release(&ds);
    }
}

static void bad_queries_have_a_status(void **state)
{
    struct data_options opt = {.vocab = 300, .max_tokens = 8};
    struct buf want = {0}, got = {0};
    struct dataset ds;
    struct err err = {0};

    (void)state;
    load_path(&ds, FIXTURES "status/status.jsonl", opt, NULL);
    assert_int_equal(problems.count, 0);
    for (size_t i = 0; i < ds.n; i++)
        buf_printf(&got, &err, "%s\n", ds.query[i].status ? ds.query[i].status : "ok");
    assert_int_equal(file_read(&want, FIXTURES "status/status.expected", 1 << 20, &err), 0);
    assert_string_equal(buf_str(&got, &err), buf_str(&want, &err));
    assert_int_equal(ds.max_tokens, 4);
    buf_release(&want);
    buf_release(&got);
    dataset_release(&ds);
}

#define LINE(id) "{\"ids\": [" id "], \"targets\": {\"y\": 1}}"

static void bytes_that_are_no_text(void **state)
{
    static const char nul[] = LINE("1") "\n{\"ids\"\0: [1]}\n\0\n\0\n",
                      cut[] = "{\"text\": \"\xc3\"}";
    size_t n = (16 << 20) + 1;
    char *longest = test_malloc(n);
    struct dataset ds;

    (void)state;
    load_path(&ds, write_bytes("nul.jsonl", nul, sizeof nul - 1), plain, NULL);
    assert_int_equal(ds.n, 1);
    assert_int_equal(problems.count, 1);
    assert_problem(0, "nul.jsonl:2:7", "a NUL byte, expected JSON");
    dataset_release(&ds);

    memset(longest, 0, 4096);
    for (int i = 0; i < 4096; i += 64)
        longest[i] = '\n';
    load_path(&ds, write_bytes("binary.jsonl", longest, 4096), plain, NULL);
    assert_int_equal(problems.count, 1);
    assert_problem(0, "binary.jsonl:1:1",
                   "a binary file (it has NUL bytes): expected JSON Lines, JSON or CSV");
    dataset_release(&ds);

    load_path(&ds, write_text("utf8.jsonl", cut), plain, NULL);
    assert_int_equal(problems.count, 1);
    assert_non_null(strstr(problems.item[0].where, "utf8.jsonl:1:"));
    assert_non_null(strstr(problems.item[0].msg, "unable to decode byte 0xc3"));
    dataset_release(&ds);

    memset(longest, '[', n); /* long and nested */
    load_path(&ds, write_bytes("long.jsonl", longest, n), plain, NULL);
    assert_int_equal(problems.count, 1);
    assert_problem(0, "long.jsonl:1:1", "line of 16777217 bytes, at most 16777216 are read");
    dataset_release(&ds);
    load_path(&ds, write_bytes("deep.jsonl", longest, 100000), plain, NULL);
    assert_int_equal(problems.count, 1);
    assert_non_null(strstr(problems.item[0].msg, "maximum parsing depth reached"));
    dataset_release(&ds);
    test_free(longest);

    load_text(&ds, "dos.jsonl", "\xef\xbb\xbf" LINE("1") "\r\n \t\r\n" LINE("2") "\r\n", plain,
              NULL);
    assert_int_equal(ds.n, 2);
    assert_int_equal(ds.query[1].line, 3);
    dataset_release(&ds);
}

static void names_are_limited(void **state)
{
    struct buf b = {0};
    struct dataset ds;
    struct err err = {0};

    (void)state;
    buf_puts(&b, "{\"ids\": [1], \"targets\": {\"t0\": 1", &err);
    for (int i = 1; i < 257; i++)
        buf_printf(&b, &err, ", \"t%d\": 1", i);
    buf_puts(&b, "}}", &err);
    load_path(&ds, write_bytes("names.jsonl", b.data, b.len), plain, NULL);
    assert_int_equal(problems.count, 1);
    assert_non_null(strstr(problems.item[0].msg, "target \"t256\" is one name too many"));
    dataset_release(&ds);
    buf_release(&b);
}

static void directories_are_walked(void **state)
{
    static const char *const order[] = {"d/a.jsonl", "d/a/z.jsonl", "d/b.jsonl"};
    struct data_options one = {.limit = 1};
    const char *twice[2];
    struct dataset ds;
    char path[128], other[128], cwd[PATH_MAX];

    (void)state;
    assert_non_null(getcwd(cwd, sizeof cwd));
    write_text("d/b.jsonl", LINE("3") "\n" LINE("4"));
    write_text("d/a/z.jsonl", LINE("2") "\n" LINE("5"));
    write_text("d/a.jsonl", LINE("1"));
    write_text("d/.hidden/a.jsonl", LINE("9"));
    write_text("d/notes.txt", "no data");
    snprintf(path, sizeof path, "%s/d/a/loop", folder);
    assert_int_equal(symlink("..", path), 0);
    snprintf(path, sizeof path, "%s/d", folder);
    load_path(&ds, path, one, NULL);
    assert_int_equal(problems.count, 0);
    assert_int_equal(ds.n_files, 3);
    assert_int_equal(ds.n, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(ds.file[i] + strlen(folder) + 1, order[i]);
        assert_int_equal(ds.query[i].ids[0], i + 1);
        assert_int_equal(ds.query[i].file, i);
    }
    dataset_release(&ds);

    /* One file counts once, by its own name: by two spellings, in a folder that is named as
       well, and where a link stands beside it. */
    snprintf(other, sizeof other, "%s/d/0.jsonl", folder);
    assert_int_equal(symlink("b.jsonl", other), 0);
    twice[0] = path;
    twice[1] = "./d/b.jsonl";
    assert_int_equal(chdir(folder), 0);
    load_paths(&ds, twice, 2, plain, NULL);
    assert_int_equal(chdir(cwd), 0);
    assert_int_equal(problems.count, 0);
    assert_int_equal(ds.n_files, 3);
    assert_int_equal(ds.n, 5);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(ds.file[i] + strlen(folder) + 1, order[i]);
    dataset_release(&ds);

    /* Listed twice it is a mistake, however it is spelled. */
    for (int i = 0; i < 3; i++) {
        twice[0] = "d/b.jsonl";
        twice[1] = i == 0 ? "./d/b.jsonl" : i == 1 ? "d/0.jsonl" : "d/b.jsonl";
        assert_int_equal(chdir(folder), 0);
        load_paths(&ds, twice, 2, plain, NULL);
        assert_int_equal(chdir(cwd), 0);
        assert_int_equal(problems.count, 1);
        assert_problem(0, twice[1], "named twice, also as d/b.jsonl");
        dataset_release(&ds);
    }
    assert_int_equal(unlink(other), 0);
}

static void missing_and_empty(void **state)
{
    const char *none[2];
    struct dataset ds;
    struct err err = {0};
    char path[128];

    (void)state;
    snprintf(path, sizeof path, "%s/hollow", folder);
    assert_int_equal(mkdir(path, 0777), 0);
    none[0] = path;
    none[1] = "no/such.jsonl";
    load_paths(&ds, none, 2, plain, NULL);
    assert_int_equal(ds.n, 0);
    assert_int_equal(problems.count, 2);
    assert_problem(0, "hollow", "the directory does not contain a .jsonl file");
    assert_problem(1, "no/such.jsonl", "no such file or directory");
    dataset_release(&ds);

    load_path(&ds, write_text("empty.jsonl", "\n\n"), plain, NULL);
    assert_problem(0, "empty.jsonl", "no query: the dataset is empty");
    dataset_release(&ds);

    none[0] = "/dev/null";
    assert_int_equal(dataset_load(&ds, none, 1, &plain, NULL, &problems, &err), ERR_IO);
    dataset_release(&ds);
}

static void two_models_are_told_apart(void **state)
{
    char path[128];
    struct dataset ds;

    (void)state;
    write_text("m/one/prompt_template_1/q_1.jsonl", RELEASED("1", "5") "}\n");
    write_text("m/two/prompt_template_1/q_1.jsonl", RELEASED("1", "5") "}\n");
    write_text("m/two/prompt_template_2/q_1.jsonl", RELEASED("1", "5") "}\n");
    snprintf(path, sizeof path, "%s/m", folder);
    load_path(&ds, path, plain, NULL);
    assert_int_equal(problems.count, 1);
    assert_non_null(strstr(problems.item[0].where, "m/two/prompt_template_1/q_1.jsonl"));
    assert_non_null(strstr(problems.item[0].msg, "files of two models?"));
    dataset_release(&ds);
}

/* Every allocation fails once: an error, nothing leaked, nothing left in ds. */
static void memory_runs_out(void **state)
{
    const char *paths[] = {FIXTURES "released", FIXTURES "status/status.jsonl"};
    struct data_options opt = {.add_bos = true};
    long n = 0;
    int code;

    (void)state;
    do {
        struct dataset ds;
        struct err err = {0};

        memset(&problems, 0, sizeof problems);
        mem_fail_nth(++n);
        code = dataset_load(&ds, paths, 2, &opt, &bos_codec, &problems, &err);
        mem_fail_nth(0);
        if (code) {
            assert_int_equal(code, ERR_MEMORY);
            assert_null(ds.query);
        }
        dataset_release(&ds);
    } while (code);
    assert_in_range(n, 10, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(native_fields),
        cmocka_unit_test(properties_of_a_query),
        cmocka_unit_test(native_defaults),
        cmocka_unit_test(text_is_tokenised),
        cmocka_unit_test(answers_are_whole),
        cmocka_unit_test(bos_is_added_once),
        cmocka_unit_test(released_files),
        cmocka_unit_test(released_lines_must_agree),
        cmocka_unit_test(problems_have_places),
        cmocka_unit_test(bad_queries_have_a_status),
        cmocka_unit_test(bytes_that_are_no_text),
        cmocka_unit_test(names_are_limited),
        cmocka_unit_test(directories_are_walked),
        cmocka_unit_test(missing_and_empty),
        cmocka_unit_test(two_models_are_told_apart),
        cmocka_unit_test(memory_runs_out),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
