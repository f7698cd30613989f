#include "model/tokenizer/pretokenize.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* Of the text that a step splits. */
struct split_piece {
    size_t lo, hi;
    bool match, drop;
};

static struct pretok_step *add_step(struct pretok *p, enum split_behavior behavior, struct err *err)
{
    if (p->n == PRETOK_STEPS_MAX) {
        err_set(err, ERR_FORMAT, "more than %d steps are not handled", PRETOK_STEPS_MAX);
        return NULL;
    }
    p->step[p->n].behavior = behavior;
    return &p->step[p->n++];
}

int pretok_add_split(struct pretok *p, const char *text, size_t n, bool literal,
                     enum split_behavior behavior, bool invert, struct err *err)
{
    struct pretok_step *step = add_step(p, behavior, err);

    if (!step)
        return err->code;
    step->invert = invert;
    return literal ? regex_new_literal(&step->code, text, n, err)
                   : regex_new(&step->code, text, n, err);
}

int pretok_add_class(struct pretok *p, const char *class, enum split_behavior behavior,
                     struct err *err)
{
    struct pretok_step *step = add_step(p, behavior, err);

    return step ? regex_new_own(&step->code, class, err) : err->code;
}

int pretok_add_byte_level(struct pretok *p, bool prefix_space, bool use_regex, struct err *err)
{
    struct pretok_step *step = add_step(p, SPLIT_ISOLATED, err);

    if (!step)
        return err->code;
    step->prefix = prefix_space ? PREFIX_ALWAYS : PREFIX_NEVER;
    memcpy(step->space, " ", 2);
    return use_regex ? regex_new(&step->code, PATTERN_GPT2, strlen(PATTERN_GPT2), err) : 0;
}

int pretok_add_metaspace(struct pretok *p, const char *space, enum prefix_scheme prefix, bool split,
                         struct err *err)
{
    struct pretok_step *step = add_step(p, SPLIT_MERGED_WITH_NEXT, err);

    if (!step)
        return err->code;
    step->prefix = prefix;
    step->replace = true;
    snprintf(step->space, sizeof step->space, "%s", space);
    return split ? regex_new_literal(&step->code, step->space, strlen(step->space), err) : 0;
}

void pretok_release(struct pretok *p)
{
    for (size_t i = 0; i < p->n; i++)
        regex_free(p->step[i].code);
    p->n = 0;
}

void pretok_run_release(struct pretok_run *run)
{
    mem_free(run->piece);
    run->piece = NULL;
    run->n_pieces = run->cap = 0;
}

static int push(struct pretok_run *run, size_t lo, size_t hi, bool match, struct err *err)
{
    if (mem_room(&run->piece, run->n_pieces, &run->cap, sizeof *run->piece, err))
        return err->code;
    run->piece[run->n_pieces++] = (struct split_piece){.lo = lo, .hi = hi, .match = match};
    return 0;
}

/* The matches and what lies between them, which together are the whole text; a match may be empty.
 */
static int find_pieces(const struct pretok_step *step, struct pretok_run *run, const char *s,
                       size_t n, struct err *err)
{
    struct regex_at at = {0};
    size_t done = 0, lo, hi;
    int found;

    while ((found = regex_next(step->code, run->regex, s, n, &at, &lo, &hi, err)) > 0) {
        if ((done < lo && push(run, done, lo, step->invert, err)) ||
            push(run, lo, hi, !step->invert, err))
            return err->code;
        done = hi;
    }
    if (found < 0)
        return err->code;
    return done < n ? push(run, done, n, step->invert, err) : 0;
}

/* A match joins the piece before it, unless that is a match too and may only take one. */
static size_t merge_forward(struct split_piece *p, size_t n, bool contiguous)
{
    bool before = false;
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        bool join = contiguous ? p[i].match == before : p[i].match && !before;

        before = p[i].match;
        if (join && kept)
            p[kept - 1].hi = p[i].hi;
        else
            p[kept++] = p[i];
    }
    return kept;
}

/* The same from the end: a match joins the piece behind it. */
static size_t merge_backward(struct split_piece *p, size_t n)
{
    bool behind = false;
    size_t kept = n;

    for (size_t i = n; i-- > 0;) {
        bool join = p[i].match && !behind;

        behind = p[i].match;
        if (join && kept < n)
            p[kept].lo = p[i].lo;
        else
            p[--kept] = p[i];
    }
    memmove(p, p + kept, (n - kept) * sizeof *p);
    return n - kept;
}

static size_t behave(enum split_behavior behavior, struct split_piece *p, size_t n)
{
    switch (behavior) {
    case SPLIT_REMOVED:
        for (size_t i = 0; i < n; i++)
            p[i].drop = p[i].match;
        return n;
    case SPLIT_MERGED_WITH_PREVIOUS:
        return merge_forward(p, n, false);
    case SPLIT_MERGED_WITH_NEXT:
        return merge_backward(p, n);
    case SPLIT_CONTIGUOUS:
        return merge_forward(p, n, true);
    default:
        return n;
    }
}

static int split_from(const struct pretok *p, size_t step, struct pretok_run *run, const char *s,
                      size_t n, bool first, struct err *err);

/* The pieces lie on run's stack, above those of the steps before. */
static int split_by_pattern(const struct pretok *p, size_t i, struct pretok_run *run, const char *s,
                            size_t n, bool first, struct err *err)
{
    size_t base = run->n_pieces, count;
    int status = find_pieces(&p->step[i], run, s, n, err);

    if (status)
        return status;
    count = behave(p->step[i].behavior, run->piece + base, run->n_pieces - base);
    run->n_pieces = base + count;
    for (size_t k = base; k < base + count && !status; k++) {
        struct split_piece piece = run->piece[k]; /* the stack may move */

        if (!piece.drop)
            status = split_from(p, i + 1, run, s + piece.lo, piece.hi - piece.lo,
                                first && piece.lo == 0, err);
    }
    run->n_pieces = base;
    return status;
}

static int split_whole(const struct pretok *p, size_t i, struct pretok_run *run, const char *s,
                       size_t n, bool first, struct err *err)
{
    return p->step[i].code ? split_by_pattern(p, i, run, s, n, first, err)
                           : split_from(p, i + 1, run, s, n, first, err);
}

/* Does the piece lack the space that the step wants at its front? */
static bool wants_space(const struct pretok_step *step, const char *s, size_t n, bool first)
{
    size_t len = strlen(step->space);

    if (step->prefix == PREFIX_NEVER || (step->prefix == PREFIX_FIRST && !first))
        return false;
    return !(n >= len && !memcmp(s, step->space, len)) && !(step->replace && n && s[0] == ' ');
}

static int split_spaced(const struct pretok *p, size_t i, struct pretok_run *run, const char *s,
                        size_t n, bool first, struct err *err)
{
    const struct pretok_step *step = &p->step[i];
    struct buf b = {0};
    int status = wants_space(step, s, n, first) ? buf_puts(&b, step->space, err) : 0;

    for (size_t k = 0; step->replace && k < n && !status; k++)
        status = s[k] == ' ' ? buf_puts(&b, step->space, err) : buf_put(&b, s + k, 1, err);
    if (!step->replace && !status)
        status = buf_put(&b, s, n, err);
    if (!status)
        status = split_whole(p, i, run, b.data, b.len, first, err);
    buf_release(&b);
    return status;
}

/* The steps from i on, applied to one piece; an empty piece is none. */
static int split_from(const struct pretok *p, size_t i, struct pretok_run *run, const char *s,
                      size_t n, bool first, struct err *err)
{
    if (!n)
        return 0;
    if (i == p->n)
        return run->word(run->arg, s, n, err);
    if (p->step[i].replace || wants_space(&p->step[i], s, n, first))
        return split_spaced(p, i, run, s, n, first, err);
    return split_whole(p, i, run, s, n, first, err);
}

int pretok_split(const struct pretok *p, struct pretok_run *run, const char *text, size_t n,
                 bool first, struct err *err)
{
    return split_from(p, 0, run, text, n, first, err);
}
