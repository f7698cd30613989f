/* Data of other forms: each reader on an example of our own, what holds the records (a list, an
   object, lines, CSV), and prompts given as messages. */
#include "data_helper.h"

#include "data/answers.h"
#include "data/csv.h"

static const struct data_options plain = {.seed = 1};

static void assert_text(const struct dataset *ds, size_t q, const char *text)
{
    assert_null(ds->query[q].status);
    assert_string_equal(ds->query[q].text, text);
}

/* The characters of a span: with the tokenizer of bytes they are the tokens. */
static void assert_spells(const struct dataset *ds, size_t q, const char *span, const char *text)
{
    struct span s = ds->query[q].span[dataset_span(ds, span)];

    assert_int_equal(span_len(s), strlen(text));
    assert_memory_equal(ds->query[q].text + s.lo, text, strlen(text));
}

static const char *right_name(const struct dataset *ds, size_t q)
{
    return ds->target_name[ds->query[q].right];
}

static const char counterfact[] =
    "[\n  {\"case_id\": 0, \"pararel_idx\": 7,\n"
    "   \"requested_rewrite\": {\"prompt\": \"The river through {} is the\", \"relation_id\": "
    "\"P1\",\n"
    "     \"target_new\": {\"str\": \"Po\", \"id\": \"Q1\"}, \"target_true\": {\"str\": "
    "\"Isar\"},\n"
    "     \"subject\": \"Munich\"}, \"paraphrase_prompts\": [\"x\"]},\n"
    "  {\"case_id\": 1,\n   \"requested_rewrite\": {\"prompt\": \"no place\", \"subject\": "
    "\"Rome\",\n"
    "     \"target_true\": 5, \"target_new\": null}}\n]\n";

static void of_counterfact(void **state)
{
    struct data_options two = plain;
    struct dataset ds;

    (void)state;
    two.limit = 1;
    load_text(&ds, "cf.json", counterfact, two, &bytes_codec);
    assert_int_equal(ds.n, 1);
    assert_text(&ds, 0, "The river through Munich is the");
    assert_spells(&ds, 0, "subject", "Munich");
    assert_string_equal(ds.query[0].item, "Munich");
    assert_string_equal(ds.query[0].dataset, "P1");
    assert_string_equal(right_name(&ds, 0), "answer_1");
    assert_int_equal(target_of(&ds, 0, "answer_1"), ' ');
    assert_int_equal(ds.query[0].foil[dataset_target(&ds, "foil_1")], 1);
    assert_int_equal(ds.query[0].line, 2);
    assert_int_equal(ds.n_unspaced, 0);
    dataset_release(&ds);
    load_path(&ds, write_text("cf.json", counterfact), plain, &bytes_codec);
    assert_int_equal(problems.count, 3);
    assert_problem(0, "cf.json:7:26", "the prompt does not have {} for the subject");
    assert_problem(1, "cf.json:8:6", "target_true is an integer, expected an object");
    assert_problem(2, "cf.json:6:3", "key \"target_new\" is missing");
    dataset_release(&ds);
}

static void of_known(void **state)
{
    struct dataset ds;

    (void)state;
    load_text(
        &ds, "known.json",
        "[{\"known_id\": 3, \"subject\": \"Oslo\", \"attribute\": \"Norway\", \"template\": \"In"
        " Oslo, {} lies in\", \"prompt\": \"In Oslo, Oslo lies in\", \"prediction\": \" N\"},"
        " {\"known_id\": 4, \"subject\": \"Rome\", \"attribute\": \"Italy\", \"prompt\": \"x\"}]",
        plain, &bytes_codec);
    assert_int_equal(ds.n, 2);
    assert_text(&ds, 0, "In Oslo, Oslo lies in");
    assert_span(&ds, 0, "subject", 9, 13);
    assert_string_equal(ds.query[0].dataset, "known");
    assert_string_equal(ds.query[1].status, "the subject \"Rome\" does not stand in the prompt");
    dataset_release(&ds);
}

static const char relation[] =
    "{\n  \"name\": \"capital city\",\n  \"prompt_templates\": [\"{} is ruled from\", \"The seat "
    "of {}"
    " is\"],\n  \"properties\": {\"symmetric\": false},\n"
    "  \"samples\": [\n    {\"subject\": \"Chad\", \"object\": \"N'Djamena\"},\n"
    "    {\"subject\": \"Togo\", \"object\": \"Lom\xc3\xa9\"}\n  ]\n}\n";

static void of_relation(void **state)
{
    struct dataset ds;

    (void)state;
    load_text(&ds, "capital.json", relation, plain, &bytes_codec);
    assert_int_equal(ds.n, 4);
    assert_text(&ds, 1, "Togo is ruled from");
    assert_text(&ds, 2, "The seat of Chad is");
    assert_spells(&ds, 2, "subject", "Chad");
    assert_int_equal(ds.query[1].template, 1);
    assert_int_equal(ds.query[2].template, 2);
    assert_int_equal(ds.query[2].number, 3);
    assert_string_equal(ds.query[3].item, "Togo");
    assert_string_equal(ds.query[3].dataset, "capital city");
    dataset_release(&ds);
}

static void of_eap_csv(void **state)
{
    struct dataset ds;

    (void)state;
    load_text(&ds, "pairs.csv",
              ",clean,corrupted,correct_idx,incorrect_idx\r\n"
              "3,\"Ann, and \"\"Bob\"\"\",\"Ann, and \"\"Ted\"\"\",65,\"[66, 67]\"\r\n\r\n"
              "4,ab,cd,\"[9, 8]\",7",
              plain, &bytes_codec);
    assert_int_equal(ds.n, 2);
    assert_text(&ds, 0, "Ann, and \"Bob\"");
    assert_ids(ds.query[0].cf_ids + 10, 3, IDS('T', 'e', 'd'));
    assert_int_equal(target_of(&ds, 0, "answer_1"), 65);
    assert_int_equal(target_of(&ds, 0, "foil_2"), 67);
    assert_int_equal(target_of(&ds, 1, "answer_1"), 9);
    assert_int_equal(target_of(&ds, 1, "foil_2"), -1);
    assert_int_equal(ds.query[1].line, 4);
    dataset_release(&ds);
    load_text(&ds, "pairs.csv", "clean,corrupted,correct,incorrect\nIt is,He is,Ann, Bob\n", plain,
              &bytes_codec);
    assert_int_equal(target_of(&ds, 0, "answer_1"), ' '); /* the space is put there */
    dataset_release(&ds);
}

static void of_mib_ioi(void **state)
{
    struct dataset ds;

    (void)state;
    load_text(
        &ds, "ioi.jsonl",
        "{\"template\": \"t\", \"metadata\": {\"indirect_object\": \"Eve\", \"subject\":"
        " \"Max\", \"random_a\": \"Pia\"}, \"prompt\": \"Maxi: Max and Eve ran; Max fed\","
        " \"choices\": [\"Max\", \"Eve\"], \"answerKey\": 1, \"abc_counterfactual\": {\"prompt\":"
        " \"no\"}, \"s2_io_flip_counterfactual\": {\"prompt\":"
        " \"Maxi: Max and Eve ran; Eve fed\", \"choices\": [], \"answerKey\": 0}}\n",
        plain, &bytes_codec);
    assert_text(&ds, 0, "Maxi: Max and Eve ran; Max fed");
    assert_span(&ds, 0, "s1", 6, 9);
    assert_span(&ds, 0, "s2", 23, 26);
    assert_span(&ds, 0, "io", 14, 17);
    assert_string_equal(right_name(&ds, 0), "answer_1");
    assert_ids(ds.query[0].cf_ids + 23, 3, IDS('E', 'v', 'e'));
    dataset_release(&ds);
}

static void of_mib_mcqa(void **state)
{
    struct dataset ds;

    (void)state;
    load_text(
        &ds, "mcqa.jsonl",
        "{\"prompt\": \"A box is red.\\nP. blue\\nQ. red\\nAnswer:\", \"choices\": {\"label\":"
        " [\"P\", \"Q\"], \"text\": [\"blue\", \"red\"]}, \"answerKey\": 1,"
        " \"symbol_counterfactual\": {\"prompt\": \"A box is red.\\n1. blue\\n2. red\\nAnswer:\","
        " \"choices\": {\"label\": [1, 2], \"text\": [\"blue\", \"red\"]}, \"answerKey\": 1}}\n",
        plain, &bytes_codec);
    assert_int_equal(ds.n, 1);
    assert_null(ds.query[0].status);
    assert_spells(&ds, 0, "choice_1", "P. blue");
    assert_spells(&ds, 0, "choice_2", "Q. red");
    assert_string_equal(right_name(&ds, 0), "answer_1");
    assert_int_equal(ds.query[0].cf_ids[14], '1');
    dataset_release(&ds);
}

static void of_mib_arithmetic(void **state)
{
    struct dataset ds;

    (void)state;
    load_text(
        &ds, "sums.jsonl",
        "{\"idx\": 0, \"template\": \"t\", \"prompt\": \"41+41=\", \"label\": \"82\", \"operator\":"
        " \"+\", \"operand1\": 41, \"operand2\": 41, \"random_counterfactual\": {\"label\": 30,"
        " \"operand1\": 10, \"operand2\": 20, \"prompt\": \"10+20=\"}}\n",
        plain, &bytes_codec);
    assert_text(&ds, 0, "41+41=");
    assert_span(&ds, 0, "operand_1", 0, 2);
    assert_span(&ds, 0, "operand_2", 3, 5);
    assert_int_equal(target_of(&ds, 0, "answer_1"), '8'); /* no space after "=" */
    assert_int_equal(target_of(&ds, 0, "foil_1"), '3');
    assert_int_equal(ds.query[0].cf_ids[0], '1');
    dataset_release(&ds);
}

/* A value of the wrong type is a mistake of the file, whatever the format. */
static void of_wrong_types(void **state)
{
    static const char *const wrong[][3] = {
        {"a.json", "{\"samples\": [], \"prompt_templates\": 5}",
         "prompt_templates is an integer, expected 1 to"},
        {"a.csv", "clean,corrupted,correct_idx,incorrect_idx\nab,cd,\"[1, 3\",2\n",
         "correct_idx is \"[1, 3\", expected a token id or a list"},
        {"a.csv", "clean,corrupted,correct_idx,incorrect_idx\nab,cd,\"1, 3]\",2\n",
         "correct_idx is \"1, 3]\", expected"},
        {"a.jsonl",
         "{\"prompt\": \"1+2=\", \"label\": \"3\", \"operand1\": 1, \"operand2\": \"x\"}",
         "operand2 is a string, expected an integer"},
        {"a.jsonl",
         "{\"prompt\": \"1+2=\", \"label\": \"3\", \"operand1\": 1, "
         "\"random_counterfactual\": 5}",
         "random_counterfactual is an integer, expected an object"},
        {"a.jsonl",
         "{\"prompt\": \"1+2=\", \"label\": \"3\", \"operand1\": 1, "
         "\"random_counterfactual\": {\"prompt\": 5}}",
         "the counterfactual's prompt is an integer"},
        {"a.jsonl",
         "{\"prompt\": \"A. x\", \"choices\": {\"label\": [\"A\", \"B\"], \"text\": [\"x\"]}, "
         "\"answerKey\": 1}",
         "choices.text has 1 text for 2 labels"},
        {"a.jsonl",
         "{\"prompt\": \"A. x\", \"choices\": {\"label\": [\"A\", \"B\"], \"text\": [\"x\", 1]}, "
         "\"answerKey\": 1}",
         "choices.text has an integer, expected strings"},
        {"a.json", "[{\"requested_rewrite\": 5}]",
         "requested_rewrite is an integer, expected an object"},
    };
    struct data_options relation_of = plain;
    struct dataset ds;

    (void)state;
    relation_of.format = "relation";
    load_path(&ds, write_text("a.json", "{\"samples\": []}"), relation_of, &bytes_codec);
    assert_int_equal(problems.count, 1);
    assert_non_null(strstr(problems.item[0].msg, "prompt_templates is"));
    dataset_release(&ds);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        load_path(&ds, write_text(wrong[i][0], wrong[i][1]), plain, &bytes_codec);
        assert_int_equal(problems.count, 1);
        if (!strstr(problems.item[0].msg, wrong[i][2]))
            fail_msg("'%s' is missing from: %s", wrong[i][2], problems.item[0].msg);
        dataset_release(&ds);
    }
}

/* One query, however it is held; and a format that is named reads a folder of its files. */
static void whatever_holds_it(void **state)
{
    static const char *const text[] = {
        "{\"ids\": [5], \"targets\": {\"a\": 1}}\n", "[{\"ids\": [5], \"targets\": {\"a\": 1}}]",
        "{\n\"ids\": [5],\n\"targets\": {\"a\": 1}\n}\n",
        "\xef\xbb\xbf \n [\n {\"ids\": [5], \"targets\": {\"a\": 1}}\n ]\n"};
    struct data_options o = plain;
    struct dataset ds;

    (void)state;
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        load_text(&ds, "one.json", text[i], plain, NULL);
        assert_int_equal(ds.n, 1);
        assert_string_equal(ds.query[0].dataset, "one");
        dataset_release(&ds);
    }
    write_text("rel/a.json", relation);
    write_text("rel/b.txt", "x");
    o.format = "relation";
    load_path(&ds, "/nowhere", o, &bytes_codec);
    assert_int_equal(problems.count, 1);
    dataset_release(&ds);
    write_text("rel/c.jsonl", "x");
    {
        char path[64];

        snprintf(path, sizeof path, "%s/rel", folder);
        load_path(&ds, path, o, &bytes_codec);
    }
    assert_int_equal(problems.count, 0);
    assert_int_equal(ds.n, 4);
    dataset_release(&ds);
    assert_true(data_format_known("mib_ioi"));
    assert_false(data_format_known("mib_oi"));
    assert_string_equal(data_format_meant("mib_oi"), "mib_ioi");
}

/* Text that holds no records: each mistake once, at its place. */
static void faults_of_files(void **state)
{
    static const struct {
        const char *name, *text, *where, *msg;
    } c[] = {
        {"a.json", "[{\"ids\": [5], \"targets\": {\"a\": 1}} {}]", "a.json:1:36",
         "expected a comma or the end of the list"},
        {"a.json", "[\n{\"ids\": [5], \"targets\": {\"a\": 1}},\n", "a.json:3:1",
         "the list is not closed"},
        {"a.json", "[{\"ids\": [5], \"targets\": {\"a\": 1}}] x", "a.json:1:37",
         "text after the end of the list"},
        {"a.json", "[3]", "a.json:1:2", "invalid JSON: '[' or '{' expected near '3'"},
        {"a.json", "[]", "a.json", "no query: the dataset is empty"},
        {"a.json", "[{\"ids\": [5]\n,}]", "a.json:2:2",
         "invalid JSON: string or '}' expected near '}'"},
        {"a.csv", "clean,clean\nx,y\n", "a.csv:1:1", "the header has a name twice"},
        {"a.csv", "clean,corrupted\nx\n", "a.csv:2:1", "1 field, expected 2 as in the header"},
        {"a.csv", "clean,corrupted\nx,\"y\nz", "a.csv:2:1", "a quote that is not closed"},
        {"a.csv", "clean,corrupted\nx,\"y\"z\n", "a.csv:2:1", "text after a closing quote"},
        {"a.csv", "clean,corrupted\nx,y\xff\n", "a.csv:2:1", "field 2 is not text in UTF-8"},
        {"a.csv", "clean,corrupted\nx,y\n", "a.csv:2:1",
         "neither correct_idx nor correct, expected one of them"},
        {"a.jsonl", "{\"x\": 1}\n{\"ids\": [5], \"targets\": {\"a\": 1}}\n", "a.jsonl:1:1",
         "the keys x are of no format that is known: expected a query (ids, text or messages, and "
         "targets or answers), a form that lensweep help data lists, or a table of facts for "
         "lensweep curate"},
    };
    struct dataset ds;

    (void)state;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        load_path(&ds, write_text(c[i].name, c[i].text), plain, &bytes_codec);
        assert_problem(0, c[i].where, c[i].msg);
        dataset_release(&ds);
    }
}

static void prompts_of_messages(void **state)
{
    struct dataset ds;

    (void)state;
    load_text(&ds, "m.jsonl",
              "{\"messages\": [{\"role\": \"system\", \"content\": \"S\"}, {\"role\": \"user\","
              " \"content\": \"caf\xc3\xa9 in Rome?\"}], \"char_spans\": {\"city\": [8, 12]},"
              " \"targets\": {\"a\": \"x\"}}\n"
              "{\"messages\": [{\"role\": \"user\", \"content\": \"q\"}, {\"role\": \"assistant\","
              " \"content\": \"In Rome\"}], \"char_spans\": {\"city\": [3, 7]}, \"targets\": "
              "{\"a\": 1}}\n"
              "{\"messages\": [{\"role\": \"user\", \"content\": \"q\"}], \"char_spans\": {\"c\": "
              "[0, 2]},"
              " \"targets\": {\"a\": 1}}\n",
              plain, &bytes_codec);
    assert_string_equal(ds.query[0].text, "<s>system:S;user:caf\xc3\xa9 in Rome?;assistant:");
    assert_int_equal(ds.query[0].ids[0], 256);
    assert_span(&ds, 0, "city", 24, 28); /* tokens: the "é" is two, "<s>" one */
    assert_string_equal(ds.query[1].text, "<s>user:q;assistant:In Rome");
    assert_span(&ds, 1, "city", 21, 25);
    assert_string_equal(ds.query[2].status,
                        "span c [0, 2) lies outside the prompt of 1 characters");
    dataset_release(&ds);
    load_path(&ds,
              write_text("m.jsonl",
                         "{\"messages\": [], \"targets\": {\"a\": 1}}\n"
                         "{\"messages\": [{\"role\": 1}], \"targets\": {\"a\": 1}}\n"
                         "{\"messages\": [], \"text\": \"x\", \"targets\": {\"a\": 1}}\n"),
              plain, &bytes_codec);
    assert_problem(0, "m.jsonl:1:2", "messages is empty, expected an array of at least one");
    assert_problem(1, "m.jsonl:2:2", "message 0 is not an object of two strings, role and content");
    assert_problem(2, "m.jsonl:3:2", "messages beside ids or text, expected one of them");
    dataset_release(&ds);
}

static void spaces_that_lack(void **state)
{
    struct dataset ds;

    (void)state;
    assert_true(wants_space("in", "Rome"));
    assert_true(wants_space("1.", "\xc3\x89vian"));
    assert_true(wants_space("caf\xc3\xa9", "8"));
    assert_false(wants_space("2+2=", "4"));
    assert_false(wants_space("the ", "x"));
    assert_false(wants_space("a \"", "x"));
    assert_false(wants_space("in", " Rome"));
    assert_false(wants_space("\xe4\xb8\xad", "x"));
    assert_false(wants_space("", "x"));
    load_text(&ds, "s.jsonl",
              "{\"text\": \"in\", \"targets\": {\"a\": \" Rome\"}}\n"
              "{\"text\": \"in\", \"targets\": {\"a\": \"Rome\", \"b\": 3}}\n"
              "{\"text\": \"in\", \"targets\": {\"a\": \"Bern\"}}\n",
              plain, &bytes_codec);
    assert_int_equal(ds.n_unspaced, 2);
    assert_non_null(strstr(ds.unspaced, "s.jsonl:2: target a is \"Rome\", token 82; after this "
                                        "prompt a text goes on with \" Rome\", token 32"));
    dataset_release(&ds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_counterfact),      cmocka_unit_test(of_known),
        cmocka_unit_test(of_relation),         cmocka_unit_test(of_eap_csv),
        cmocka_unit_test(of_mib_ioi),          cmocka_unit_test(of_mib_mcqa),
        cmocka_unit_test(of_wrong_types),      cmocka_unit_test(of_mib_arithmetic),
        cmocka_unit_test(whatever_holds_it),   cmocka_unit_test(faults_of_files),
        cmocka_unit_test(prompts_of_messages), cmocka_unit_test(spaces_that_lack),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
