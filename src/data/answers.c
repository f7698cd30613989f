#include "data/answers.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

/* The text at work; positions are bytes. */
struct written {
    const char *s;
    size_t n;
};

static bool at(const struct written *t, size_t i, const char *what)
{
    size_t n = strlen(what);

    return n <= t->n - i && !memcmp(t->s + i, what, n);
}

static size_t skip_spaces(const struct written *t, size_t i, bool lines)
{
    while (i < t->n && (t->s[i] == ' ' || t->s[i] == '\t' || (lines && strchr("\r\n", t->s[i]))))
        i++;
    return i;
}

/* Quotes, bold and the like, of which any number may stand around an answer. */
static const char *const wraps[] = {
    "\"",           "'",        "*",       "_", "`", "\xe2\x80\x9c", "\xe2\x80\x9d", "\xe2\x80\x98",
    "\xe2\x80\x99", "\xc2\xab", "\xc2\xbb"};
enum { WRAPS = sizeof wraps / sizeof *wraps };

/* The length of the first of these marks that stands at i; 0 = none does. */
static size_t mark_at(const struct written *t, size_t i, const char *const *marks, size_t n)
{
    for (size_t k = 0; k < n && i < t->n; k++)
        if (at(t, i, marks[k]))
            return strlen(marks[k]);
    return 0;
}

static size_t skip_wraps(const struct written *t, size_t i)
{
    for (size_t n; (n = mark_at(t, i, wraps, WRAPS));)
        i += n;
    return i;
}

static bool bullet(const struct written *t, size_t i, size_t *end)
{
    static const char *const marks[] = {"- ", "* ", "\xe2\x80\xa2", "\xe2\x80\x93 "};

    *end = i + mark_at(t, i, marks, sizeof marks / sizeof *marks);
    return *end > i;
}

/* "3." or "3)" at i, perhaps in bold: *end behind it. */
static bool number(const struct written *t, size_t i, int which, size_t *end)
{
    char mark[16];
    int n;

    while (i < t->n && t->s[i] == '*')
        i++;
    n = snprintf(mark, sizeof mark, "%d", which);
    if (!at(t, i, mark))
        return false;
    i += (size_t)n;
    if (i >= t->n || (t->s[i] != '.' && t->s[i] != ')'))
        return false;
    if (i + 1 < t->n && t->s[i + 1] >= '0' && t->s[i + 1] <= '9') /* 2.5 */
        return false;
    *end = i + 1;
    return true;
}

/* Where the answer that begins at i ends: before the next number of the list, or the line's end.
   *found = there is an end. */
static size_t item_end(const struct written *t, size_t i, int next, bool *found)
{
    size_t begin = i, end;

    *found = true;
    for (; i < t->n && t->s[i] != '\n'; i++)
        if (i > begin && (t->s[i - 1] == ' ' || t->s[i - 1] == ',') && number(t, i, next, &end))
            return i;
    *found = i < t->n;
    return i;
}

static size_t trim_marks(const struct written *t, size_t begin, size_t end)
{
    while (end > begin && strchr(" \t\r\n.,;:", t->s[end - 1]))
        end--;
    return end;
}

static size_t trim_end(const struct written *t, size_t begin, size_t end)
{
    for (bool more = true; more && end > begin;) {
        size_t was = end;

        end = trim_marks(t, begin, end);
        for (int k = 0; k < WRAPS; k++) {
            size_t n = strlen(wraps[k]);

            if (end - begin >= n && !memcmp(t->s + end - n, wraps[k], n))
                end -= n;
        }
        more = end != was;
    }
    return end;
}

/* A bracket is not part of the answer: a year, a gloss. */
static size_t bracket(const struct written *t, size_t begin, size_t end)
{
    for (size_t i = begin + 1; i < end; i++)
        if (at(t, i, " ("))
            return i;
    return end;
}

/* The first place in [begin, end) at which what follows may not be part of the answer. */
static size_t short_end(const struct written *t, size_t begin, size_t end)
{
    static const char *const stops[] = {
        ", ", "; ", ": ", " - ", " \xe2\x80\x93 ", " \xe2\x80\x94 ", "\" ", "** ", "\xe2\x80\x9d "};

    for (size_t i = begin + 1; i < end; i++)
        if (mark_at(t, i, stops, sizeof stops / sizeof *stops))
            return i;
    return end;
}

static bool put(const struct written *t, struct answer_places *out, size_t begin, size_t end)
{
    size_t all = trim_end(t, begin, bracket(t, begin, end)),
           some = trim_end(t, begin, short_end(t, begin, all));

    if (all <= begin || some <= begin)
        return false;
    out->place[out->n++] = (struct answer_place){begin, some - begin, all - begin};
    return true;
}

/* "Zurich, Geneva and Bern": the line that begins at i, cut at commas and the last "and". */
static void find_in_line(const struct written *t, size_t i, int want, bool ended,
                         struct answer_places *out)
{
    while (out->n < want) {
        size_t end = i = skip_wraps(t, skip_spaces(t, i, false));

        while (end < t->n && t->s[end] != ',' && t->s[end] != '\n' && !at(t, end, " and ") &&
               !at(t, end, ". "))
            end++;
        out->cut = end == t->n && !ended;
        if (!put(t, out, i, end) || end == t->n || t->s[end] == '\n' || t->s[end] == '.')
            return;
        i = end + (t->s[end] == ',' ? 1 : 5);
        i = skip_spaces(t, i, false);
        if (at(t, i, "and "))
            i += 4;
    }
}

/* Has the line that begins at i commas enough for all, and is not a list of marks under way? */
static bool is_line_of_commas(const struct written *t, size_t i, int want)
{
    size_t end = i, mark;
    int commas = 0;
    bool found;

    if (item_end(t, i, 2, &found) < t->n && found) {
        size_t next = item_end(t, i, 2, &found), from = skip_spaces(t, next, true);

        if (number(t, from, 2, &mark) || bullet(t, from, &mark))
            return false;
    }
    for (; end < t->n && t->s[end] != '\n'; end++)
        commas += t->s[end] == ',' || at(t, end, " and ");
    return commas >= want - 1;
}

static void find_in_list(const struct written *t, size_t i, int want, bool ended,
                         struct answer_places *out)
{
    while (out->n < want) {
        bool found;
        size_t begin = skip_wraps(t, skip_spaces(t, i, false));
        size_t end = item_end(t, begin, out->n + 2, &found), mark;

        out->cut = !found && !ended;
        if (!put(t, out, begin, end) || !found)
            return;
        i = skip_spaces(t, end, true);
        if (number(t, i, out->n + 1, &mark) || bullet(t, i, &mark))
            i = mark;
    }
}

/* One answer: the rest of the sentence, and less of it. */
static void find_one(const struct written *t, size_t i, bool ended, struct answer_places *out)
{
    size_t begin = skip_wraps(t, i), end = begin, some;

    while (end < t->n && t->s[end] != '\n')
        end++;
    out->cut = end == t->n && !ended;
    if (!put(t, out, begin, end))
        return;
    some = begin + out->place[0].n;
    for (size_t k = begin; k + 1 < some; k++)
        if (at(t, k, ". ") && trim_end(t, begin, k) > begin) {
            out->place[0].n = trim_end(t, begin, k) - begin;
            break;
        }
    /* Behind "New ", "N'" or "U." a name may go on; a quote that was opened ends it. */
    out->end = begin > i ? trim_marks(t, begin, end) : trim_end(t, begin, end);
    if (begin + out->place[0].n < out->end)
        out->cut = false;
}

void answers_find(const char *text, size_t n, int want, bool ended, struct answer_places *out)
{
    struct written t = {text, n};
    size_t i = skip_spaces(&t, 0, true), mark;

    *out = (struct answer_places){.cut = !ended};
    if (i == n)
        return;
    if (number(&t, i, 1, &mark) || bullet(&t, i, &mark))
        i = skip_spaces(&t, mark, false);
    if (want == 1)
        find_one(&t, i, ended, out);
    else if (is_line_of_commas(&t, i, want))
        find_in_line(&t, i, want, ended, out);
    else
        find_in_list(&t, i, want, ended, out);
}

/* A letter or digit of a script that has spaces between words. */
static bool of_word(unsigned char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
           (c >= 0xc2 && c <= 0xd9);
}

bool wants_space(const char *prompt, const char *answer)
{
    size_t n = strlen(prompt);
    char last = n ? prompt[utf8_last(prompt, n)] : '\0';

    return n && of_word((unsigned char)*answer) &&
           (of_word((unsigned char)last) || strchr(".,:;?!)]}%", last));
}

struct span answer_tokens(const size_t *end, int n, size_t begin, size_t length)
{
    struct span at = {-1, -1};

    for (int i = 0; i < n; i++) {
        size_t from = i ? end[i - 1] : 0;

        if (end[i] <= begin || from >= begin + length || from == end[i])
            continue;
        at.lo = at.lo < 0 ? i : at.lo;
        at.hi = i + 1;
    }
    return at.lo < 0 ? (struct span){0, 0} : at;
}
