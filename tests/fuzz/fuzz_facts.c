/*
 * A file of facts, CSV or JSON Lines (its first byte is '{'), and the same bytes as what a model
 * wrote: answers lie inside them, one after the other.
 */
#include "fuzz.h"

#include "data/answers.h"
#include "data/facts.h"

static void check_facts(const char *path)
{
    struct facts f;
    struct problems problems = {0};
    struct err err = {0};

    fuzz_need(!facts_load(&f, path, &problems, &err));
    fuzz_need(f.n || problems.count);
    for (size_t i = 0; i < f.n && !problems.count; i++) {
        const struct fact_subject *s = &f.subject[i];

        fuzz_need(s->name && s->name[0] && s->article && s->n);
        for (size_t k = 0; k < s->n; k++)
            fuzz_need(s->object[k].name && s->object[k].name[0]);
    }
    facts_release(&f);
}

static void check_answers(const char *text, size_t n, int want, bool ended)
{
    struct answer_places all;
    size_t at = 0;

    answers_find(text, n, want, ended, &all);
    fuzz_need(all.n >= 0 && all.n <= want);
    for (int i = 0; i < all.n; i++) {
        const struct answer_place *p = &all.place[i];

        fuzz_need(p->begin >= at && p->n && p->most >= p->n && p->begin + p->most <= n);
        at = p->begin + p->n;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool json = size && data[0] == '{';

    check_facts(fuzz_file(json ? "facts.jsonl" : "facts.csv", data, size));
    for (int want = 1; want <= ANSWERS_MOST; want += 2)
        check_answers((const char *)data, size, want, want & 2);
    return 0;
}
