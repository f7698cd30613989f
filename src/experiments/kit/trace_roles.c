#include "experiments/kit/trace_roles.h"

#include "model/tokenizer/tokenizer.h"

#include <stdio.h>
#include <string.h>

const char *const trace_role_names[ROLES] = {
    "before_relation", "relation_first",  "relation_rest",  "subject_first",   "subject_middle",
    "subject_last",    "after_subject",   "number_1",       "after_number_1",  "before_answer_1",
    "answer_1_first",  "answer_1_middle", "answer_1_last",  "after_answer_1",  "number_2",
    "after_number_2",  "before_answer_2", "answer_2_first", "answer_2_middle", "answer_2_last",
    "after_answer_2",  "number_3",        "after_number_3", "before_answer_3",
};

enum role {
    ROLE_BEFORE_RELATION,
    ROLE_RELATION_FIRST,
    ROLE_RELATION_REST,
    ROLE_SUBJECT_FIRST,
    ROLE_SUBJECT_LAST = ROLE_SUBJECT_FIRST + 2,
    ROLE_AFTER_SUBJECT,
    ROLE_NUMBER_1,
    ROLE_AFTER_NUMBER_1,
    ROLE_BEFORE_ANSWER_1,
};

static struct span named(const struct scene *s, const struct query *q, const char *name)
{
    int i = dataset_span(s->data, name);

    return i < 0 ? (struct span){0, 0} : q->span[i];
}

static struct span answer(const struct scene *s, const struct query *q, int k)
{
    char name[32];

    snprintf(name, sizeof name, "answer_%d", k);
    return named(s, q, name);
}

/* The digit token of the first tokens of the prompt that spell "k.", spaces before it aside; -1. */
static int number_token(const struct scene *s, const struct query *q, int k)
{
    char want[8];
    size_t length = (size_t)snprintf(want, sizeof want, "%d.", k);

    for (int t = 0; s->tokenizer && t < q->n; t++) {
        char have[16] = "";
        size_t used = 0;

        for (int i = t; i < q->n && used < length; i++) {
            size_t n;
            const char *bytes = tokenizer_bytes(s->tokenizer, q->ids[i], &n);

            while (n && used == 0 && *bytes == ' ') {
                bytes++;
                n--;
            }
            if (!bytes || n == 0 || used + n > length)
                break;
            memcpy(have + used, bytes, n);
            used += n;
        }
        if (used == length && memcmp(have, want, length) == 0)
            return t;
    }
    return -1;
}

/* first, middle, last of a span; one token is last only. */
static void mark_span(int8_t *role, struct span span, int first)
{
    for (int t = span.lo; t < span.hi; t++)
        role[t] = (int8_t)(t == span.hi - 1 ? first + 2 : t == span.lo ? first : first + 1);
}

/* Between an answer (or the subject) and the next one: rest, number, rest, last before it. */
static void mark_gap(int8_t *role, struct span gap, int number, int first)
{
    if (!span_has(gap, number))
        number = gap.hi; /* there is none here: all is rest */
    for (int t = gap.lo; t < gap.hi; t++)
        role[t] = (int8_t)(t < number ? first : t == number ? first + 1 : first + 2);
    if (!span_empty(gap))
        role[gap.hi - 1] = (int8_t)(first + 3);
}

int trace_roles(const struct scene *s, const struct query *q, int8_t *role)
{
    struct span relation = named(s, q, "relation"), subject = named(s, q, "subject");
    int from = subject.hi, first = ROLE_AFTER_SUBJECT;

    memset(role, -1, (size_t)q->n);
    if (span_empty(subject) || q->step < 1 || q->step > 3)
        return 0;
    for (int t = 0; t < subject.lo; t++)
        role[t] = span_empty(relation) || t < relation.lo ? ROLE_BEFORE_RELATION
                  : t == relation.lo                      ? ROLE_RELATION_FIRST
                                                          : ROLE_RELATION_REST;
    mark_span(role, subject, ROLE_SUBJECT_FIRST);
    for (int k = 1; k <= q->step; k++) {
        struct span next = k < q->step ? answer(s, q, k) : (struct span){q->n, q->n};

        if (k < q->step && (span_empty(next) || next.lo < from)) {
            memset(role, -1, (size_t)q->n);
            return 0;
        }
        mark_gap(role, (struct span){from, next.lo}, number_token(s, q, k), first);
        first += 4;
        mark_span(role, next, first);
        first += 3;
        from = next.hi;
    }
    return trace_roles_n(q, role);
}

int trace_roles_n(const struct query *q, const int8_t *role)
{
    for (int t = 0; t < q->n; t++)
        if (role[t] >= 0)
            return ROLES_OF_STEP_1 + ROLES_PER_ANSWER * (q->step - 1);
    return 0;
}
