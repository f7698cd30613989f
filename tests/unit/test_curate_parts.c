/* Parts of curation: answers in what a model wrote, names that compare, facts from their files. */
#include "data_helper.h"

#include "base/rng.h"
#include "data/answers.h"
#include "data/facts.h"
#include "model/tokenizer/fold.h"

/* The answers found, "|" between them: short, and in brackets what may belong to it; "~" = cut. */
static void assert_answers(const char *text, int want, bool ended, const char *expected)
{
    struct answer_places all;
    struct buf b = {0};
    struct err err = {0};

    answers_find(text, strlen(text), want, ended, &all);
    for (int i = 0; i < all.n; i++) {
        const struct answer_place *p = &all.place[i];

        buf_printf(&b, &err, "%s%.*s", i ? "|" : "", (int)p->n, text + p->begin);
        if (p->most > p->n)
            buf_printf(&b, &err, "[%.*s]", (int)(p->most - p->n), text + p->begin + p->n);
    }
    if (all.cut)
        buf_puts(&b, "~", &err);
    assert_string_equal(b.len ? buf_str(&b, &err) : "", expected);
    buf_release(&b);
}

static void lists_as_models_write_them(void **state)
{
    (void)state;
    assert_answers(" Zurich 2. Geneva 3. Bern 4. Basel", 3, false, "Zurich|Geneva|Bern");
    assert_answers(" Zurich 2. Geneva 3. Bern", 3, false, "Zurich|Geneva|Bern~");
    assert_answers(" Zurich 2. Geneva 3. Bern", 3, true, "Zurich|Geneva|Bern");
    assert_answers(" Zurich\n2. Geneva\n3. Bern\n", 3, false, "Zurich|Geneva|Bern");
    assert_answers("1. Zurich\n2. Geneva\n3. Bern\n", 3, false, "Zurich|Geneva|Bern");
    assert_answers("1) Zurich\n2) Geneva\n3) Bern\n", 3, false, "Zurich|Geneva|Bern");
    assert_answers("- Zurich\n- Geneva\n- Bern\n", 3, false, "Zurich|Geneva|Bern");
    assert_answers("* **Zurich**\n* **Geneva**\n* **Bern**\n", 3, false, "Zurich|Geneva|Bern");
    assert_answers(" **Zurich**\n2. **Geneva**\n3. **Bern**\n", 3, false, "Zurich|Geneva|Bern");
    assert_answers(" \"Help!\" 2. \"Yesterday\" 3. \"Let It Be\"\n", 3, false,
                   "Help!|Yesterday|Let It Be");
    assert_answers(" \xe2\x80\x9cHelp\xe2\x80\x9d\n2. \xe2\x80\x9cMichelle\xe2\x80\x9d\n", 2, false,
                   "Help|Michelle");
    assert_answers(" Heat (1995) 2. Casino (1995) 3. Ronin (1998)\n", 3, false,
                   "Heat|Casino|Ronin");
    assert_answers(" Zurich, Geneva, Bern\n", 3, false, "Zurich|Geneva|Bern");
    assert_answers(" Zurich, Geneva and Bern.\n", 3, false, "Zurich|Geneva|Bern");
    assert_answers(" Zurich, Geneva, and Bern. They", 3, false, "Zurich|Geneva|Bern");
    assert_answers(" Lucerne, Switzerland 2. Bern, Switzerland\n", 2, false,
                   "Lucerne[, Switzerland]|Bern[, Switzerland]");
    assert_answers(" Zurich - the largest\n2. Bern: the capital\n", 2, false,
                   "Zurich[ - the largest]|Bern[: the capital]");
    assert_answers(" St. Gallen 2. Bern 3. 2.5 litres\n", 3, false, "St. Gallen|Bern|2.5 litres");
    assert_answers(" Zurich 2. Gene", 3, false, "Zurich|Gene~");
    assert_answers(" Zurich\n\n2. Geneva\n\n3. Bern\n\n", 3, false, "Zurich|Geneva|Bern");
    assert_answers("", 3, true, "");
    assert_answers("  \n ", 3, false, "~");
    assert_answers("\n\n2. \n", 2, true, "2");
}

static void single_answers(void **state)
{
    (void)state;
    assert_answers(" Paris.", 1, true, "Paris");
    assert_answers(" Paris", 1, false, "Paris~");
    assert_answers(" Paris. It is", 1, false, "Paris[. It is]");
    assert_answers(" Paris, which", 1, false, "Paris[, which]");
    assert_answers("\n\nParis\n", 1, false, "Paris");
    assert_answers(" **Paris**.\n", 1, false, "Paris");
    assert_answers(" Washington, D.C.\n", 1, false, "Washington[, D.C]");
    /* what a name may go on behind is not its end */
    assert_answers(" New ", 1, false, "New~");
    assert_answers(" N'", 1, false, "N~");
    assert_answers(" U.", 1, false, "U~");
    assert_answers(" Paris. ", 1, false, "Paris~");
    assert_answers(" \"Paris\"", 1, false, "Paris");
    assert_answers(" \"N'", 1, false, "N");
}

/* Of any text: answers lie in it, in order, and none is empty. */
static void answers_of_any_text(void **state)
{
    static const char *const piece[] = {
        " ",  "\n", "1.", "2.",  "3.", "- ", "**", "\"",   "\xe2\x80\x9c", ", ", " and ",
        "Ur", ": ", " (", "(9)", "; ", ". ", "2)", "\xff", "\xe2\x80\xa2", "4",  "\xc3\xa9"};
    struct rng r = rng_for(1, 2, "texts");

    (void)state;
    for (int round = 0; round < 100000; round++) {
        struct answer_places all;
        char text[64] = "";
        int want = 1 + (int)rng_below(&r, 4);
        size_t n, end = 0;

        for (uint64_t i = rng_below(&r, 12); i; i--)
            strcat(text, piece[rng_below(&r, sizeof piece / sizeof *piece)]);
        n = strlen(text);
        answers_find(text, n, want, rng_below(&r, 2), &all);
        assert_in_range(all.n, 0, want);
        for (int i = 0; i < all.n; i++) {
            const struct answer_place *p = &all.place[i];

            if (!p->n || p->n > p->most || p->begin < end || p->begin + p->most > n)
                fail_msg("answer %d of \"%s\"", i, text);
            end = p->begin + p->most;
        }
    }
}

static void assert_folds(const char *a, const char *b)
{
    struct buf x = {0};
    struct err err = {0};

    assert_int_equal(text_fold(a, strlen(a), &x, &err), 0);
    assert_string_equal(x.len ? buf_str(&x, &err) : "", b);
    buf_release(&x);
}

static void names_that_compare(void **state)
{
    (void)state;
    assert_folds("Z\xc3\xbcrich", "zurich");
    assert_folds("Lom\xc3\xa9 ", "lome");
    assert_folds("N'Djamena", "ndjamena");
    assert_folds("N\xe2\x80\x99"
                 "Djamena",
                 "ndjamena");
    assert_folds("The Hague", "hague");
    assert_folds("An American in Paris", "american in paris");
    assert_folds("Heat (1995)", "heat");
    assert_folds("Guinea-Bissau", "guinea bissau");
    assert_folds("Simon & Garfunkel", "simon and garfunkel");
    assert_folds("Stra\xc3\x9f"
                 "e",
                 "strasse");
    assert_folds("\xef\xac\x81sh", "fish");
    assert_folds("(x)", "x");
    assert_folds("the", "the");
    assert_folds("\xff", "");
    assert_folds("", "");
}

static void facts_of_files(void **state)
{
    struct problems found = {0};
    struct facts f;
    struct err err = {0};

    (void)state;
    assert_int_equal(facts_load(&f,
                                write_text("f.csv", "# source: x\n# licence: y\nsubject,object,"
                                                    "object_aliases,article\nChad,N'Djamena,,\n"
                                                    "Gambia,Banjul,Bathurst||B,the\nChad,Moundou,,"
                                                    "\nChad, Moundou ,,\n"),
                                &found, &err),
                     0);
    assert_int_equal(found.count, 0);
    assert_int_equal(f.n, 2);
    assert_int_equal(f.n_rows, 4);
    assert_int_equal(f.n_duplicates, 1);
    assert_non_null(strstr(f.duplicate, "f.csv:7: Chad, Moundou"));
    assert_string_equal(f.notes, "# source: x\n# licence: y\n");
    assert_string_equal(f.subject[0].name, "Chad");
    assert_int_equal(f.subject[0].n, 2);
    assert_string_equal(f.subject[0].object[1].name, "Moundou");
    assert_string_equal(f.subject[1].article, "the");
    assert_int_equal(f.subject[1].object[0].n_aliases, 2);
    assert_string_equal(f.subject[1].object[0].alias[1], "B");
    facts_release(&f);
    assert_int_equal(
        facts_load(&f,
                   write_text("r.json", "{\"name\": \"r\", \"prompt_templates\": [\"{} is\"],\n"
                                        "\"samples\": [{\"subject\": \"a\", \"object\": \"b\"}]}"),
                   &found, &err),
        0);
    assert_int_equal(f.n, 1);
    assert_string_equal(f.subject[0].object[0].name, "b");
    facts_release(&f);
    assert_int_equal(facts_load(&f,
                                write_text("g.jsonl", "{\"subject\": \"a\", \"object\": \"b\","
                                                      " \"object_aliases\": \"c\"}\n"),
                                &found, &err),
                     0);
    assert_int_equal(f.subject[0].object[0].n_aliases, 1);
    facts_release(&f);
    assert_int_equal(found.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_as_models_write_them),
        cmocka_unit_test(single_answers),
        cmocka_unit_test(answers_of_any_text),
        cmocka_unit_test(names_that_compare),
        cmocka_unit_test(facts_of_files),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
