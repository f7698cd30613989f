/* Types of options: what their text may be. */
#include "cli/option.h"

#include "base/expand.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BOUNDS_TEXT = 80, SHARDS_MAX = 100000 };

static char *bounds_text(char out[BOUNDS_TEXT], const struct option_row *row)
{
    out[0] = '\0';
    if (row->lo < row->hi && isinf(row->hi))
        snprintf(out, BOUNDS_TEXT, " of at least %.16g", row->lo);
    else if (row->lo < row->hi)
        snprintf(out, BOUNDS_TEXT, " from %.16g to %.16g", row->lo, row->hi);
    return out;
}

static bool within(const struct option_row *row, double v)
{
    return !(row->lo < row->hi) || (v >= row->lo && v <= row->hi);
}

static int parse_int(const struct option_value *r, const char *text, void *field, struct err *err)
{
    char *end, bounds[BOUNDS_TEXT];
    long long v;

    errno = 0;
    v = strtoll(text, &end, 10);
    if (errno || end == text || *end || !within(r->row, (double)v))
        return option_expected(r, text, err, "an integer%s", bounds_text(bounds, r->row));
    *(int64_t *)field = v;
    return 0;
}

static int parse_real(const struct option_value *r, const char *text, void *field, struct err *err)
{
    char *end, bounds[BOUNDS_TEXT];
    double v = strtod(text, &end);

    if (end == text || *end || !isfinite(v) || !within(r->row, v))
        return option_expected(r, text, err, "a number%s", bounds_text(bounds, r->row));
    *(double *)field = v;
    return 0;
}

static int parse_text(const struct option_value *r, const char *text, void *field, struct err *err)
{
    (void)r;
    (void)err;
    *(const char **)field = text;
    return 0;
}

static int parse_path(const struct option_value *r, const char *text, void *field, struct err *err)
{
    if (!*text)
        return option_expected(r, text, err, "a path");
    *(const char **)field = path_expand(r->arena, text, err);
    return err->code;
}

static int parse_choice(const struct option_value *r, const char *text, void *field,
                        struct err *err)
{
    char words[CHOICE_TEXT];
    int v = choice_value(r->row->choices, text);

    if (v == NO_CHOICE)
        return option_expected(r, text, err, "one of %s", choice_text(words, r->row->choices));
    *(int *)field = v;
    return 0;
}

/* "i/n" */
static int parse_shard(const struct option_value *r, const char *text, void *field, struct err *err)
{
    struct shard s = {0, 0};
    char *slash, *end = NULL;

    s.i = strtoll(text, &slash, 10);
    if (slash != text && *slash == '/')
        s.n = strtoll(slash + 1, &end, 10);
    if (!end || *end || s.n < 1 || s.n > SHARDS_MAX || s.i < 0 || s.i >= s.n)
        return option_expected(
            r, text, err, "i/n with i from 0 to n - 1 (such as 0/4), n at most %d", SHARDS_MAX);
    *(struct shard *)field = s;
    return 0;
}

static int parse_list(const struct option_value *r, const char *text, void *field, struct err *err)
{
    struct word_list *list = field;

    /* As many as there can be on the command line. */
    if (!list->v)
        list->v = arena_alloc(r->arena, (size_t)r->argc, sizeof *list->v, err);
    if (!list->v)
        return err->code;
    list->v[list->n++] = text;
    return 0;
}

const struct option_type option_flag = {NULL, false};
const struct option_type option_int = {parse_int, false};
const struct option_type option_real = {parse_real, false};
const struct option_type option_text = {parse_text, false};
const struct option_type option_path = {parse_path, false};
const struct option_type option_choice = {parse_choice, false};
const struct option_type option_shard = {parse_shard, false};
const struct option_type option_list = {parse_list, true};
