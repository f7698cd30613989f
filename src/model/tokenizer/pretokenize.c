#define PCRE2_CODE_UNIT_WIDTH 8
#include "model/tokenizer/pretokenize.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <pcre2.h>
#include <stdint.h>
#include <string.h>

extern const char pattern_digit[], pattern_digits[]; /* pattern.c: for PCRE2, not to translate */

/* A match may take so many steps for each byte of its piece. What tokenizers use takes a few;
   the bound keeps a hostile pattern from running for ever. */
enum { STEPS_BASE = 100000, STEPS_PER_BYTE = 16, HEAP_KIB = 1 << 16 };

static void *take(PCRE2_SIZE n, void *arg)
{
    struct err err = {0};

    (void)arg;
    return mem_alloc(n, 1, &err);
}

static void give(void *p, void *arg)
{
    (void)arg;
    mem_free(p);
}

static int compile(pcre2_code **code, const char *pattern, size_t n, struct err *err)
{
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C;
    pcre2_general_context *g = pcre2_general_context_create(take, give, NULL);
    pcre2_compile_context *c = g ? pcre2_compile_context_create(g) : NULL;
    PCRE2_UCHAR text[128] = "";
    PCRE2_SIZE at;
    int why;

    *code = NULL;
    if (!c) {
        err_set(err, ERR_MEMORY, "out of memory for a pattern");
        goto out;
    }
    pcre2_set_newline(c, PCRE2_NEWLINE_LF);
    *code = pcre2_compile((PCRE2_SPTR)pattern, n, options, &why, &at, c);
    if (!*code && why == PCRE2_ERROR_HEAP_FAILED) {
        err_set(err, ERR_MEMORY, "out of memory for a pattern");
    } else if (!*code) {
        pcre2_get_error_message(why, text, sizeof text);
        err_set(err, ERR_FORMAT, "pattern: %s", (const char *)text);
    } else {
        pcre2_jit_compile(*code, PCRE2_JIT_COMPLETE); /* without it the interpreter does it */
    }
out:
    pcre2_compile_context_free(c);
    pcre2_general_context_free(g);
    return *code ? 0 : err->code;
}

static int add_compiled(struct pretok *p, const char *pattern, size_t n, bool prefix_space,
                        struct err *err)
{
    pcre2_code *code = NULL;

    if (p->n == PRETOK_STEPS_MAX)
        return err_set(err, ERR_FORMAT, "more than %d steps are not handled", PRETOK_STEPS_MAX);
    if (pattern && compile(&code, pattern, n, err))
        return err->code;
    p->step[p->n++] = (struct pretok_step){code, prefix_space};
    return 0;
}

int pretok_add(struct pretok *p, const char *pattern, size_t n, bool prefix_space, struct err *err)
{
    struct buf translated = {0};
    int status;

    if (!pattern)
        return add_compiled(p, NULL, 0, prefix_space, err);
    status = pattern_translate(&translated, pattern, n, err);
    if (!status)
        status = add_compiled(p, translated.data ? translated.data : "", translated.len,
                              prefix_space, err);
    buf_release(&translated);
    return status;
}

int pretok_add_digits(struct pretok *p, bool individual, struct err *err)
{
    const char *pattern = individual ? pattern_digit : pattern_digits;

    return add_compiled(p, pattern, strlen(pattern), false, err);
}

void pretok_release(struct pretok *p)
{
    for (size_t i = 0; i < p->n; i++)
        pcre2_code_free(p->step[i].code);
    p->n = 0;
}

int pretok_run_init(struct pretok_run *run, struct err *err)
{
    pcre2_general_context *g = pcre2_general_context_create(take, give, NULL);

    run->match = g ? pcre2_match_data_create(1, g) : NULL;
    run->context = run->match ? pcre2_match_context_create(g) : NULL;
    pcre2_general_context_free(g);
    if (!run->context)
        return err_set(err, ERR_MEMORY, "out of memory for matching a pattern");
    pcre2_set_heap_limit(run->context, HEAP_KIB);
    return 0;
}

void pretok_run_release(struct pretok_run *run)
{
    pcre2_match_data_free(run->match);
    pcre2_match_context_free(run->context);
    run->match = run->context = NULL;
}

/* The next match at or after `from`: 1 and its bounds, 0 = none, or -1 and an error. */
static int next_match(const struct pretok_step *step, struct pretok_run *run, const char *s,
                      size_t n, size_t from, size_t *lo, size_t *hi, struct err *err)
{
    uint32_t steps = STEPS_BASE + STEPS_PER_BYTE * (uint32_t)(n < 1u << 27 ? n : 1u << 27);
    PCRE2_UCHAR text[128] = "";
    const PCRE2_SIZE *bound;
    int rc;

    pcre2_set_match_limit(run->context, steps);
    rc = pcre2_match(step->code, (PCRE2_SPTR)s, n, from, PCRE2_NO_UTF_CHECK, run->match,
                     run->context);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
        rc = pcre2_match(step->code, (PCRE2_SPTR)s, n, from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
                         run->match, run->context);
    if (rc == PCRE2_ERROR_NOMATCH)
        return 0;
    if (rc < 0) {
        pcre2_get_error_message(rc, text, sizeof text);
        err_set(err, rc == PCRE2_ERROR_NOMEMORY ? ERR_MEMORY : ERR_FORMAT,
                "the pre-tokenizer's pattern gives up at byte %zu of %zu: %s", from, n,
                (const char *)text);
        return -1;
    }
    bound = pcre2_get_ovector_pointer(run->match);
    *lo = bound[0];
    *hi = bound[1];
    return 1;
}

static int split_from(const struct pretok *p, size_t step, struct pretok_run *run, const char *s,
                      size_t n, struct err *err);

/* The matches and what lies between them, in order. An empty match splits as well, but not where
   the last match ended. */
static int split_by_pattern(const struct pretok *p, size_t i, struct pretok_run *run, const char *s,
                            size_t n, struct err *err)
{
    size_t from = 0, done = 0, last = SIZE_MAX, lo, hi;
    int32_t c;
    int found;

    while (from <= n) {
        found = next_match(&p->step[i], run, s, n, from, &lo, &hi, err);
        if (found < 0)
            return err->code;
        if (!found)
            break;
        if (lo == hi && hi == last) {
            from += from < n ? utf8_next(s + from, n - from, &c) : 1;
            continue;
        }
        from = last = hi;
        if (split_from(p, i + 1, run, s + done, lo - done, err) ||
            split_from(p, i + 1, run, s + lo, hi - lo, err))
            return err->code;
        done = hi;
    }
    return split_from(p, i + 1, run, s + done, n - done, err);
}

static int split_whole(const struct pretok *p, size_t i, struct pretok_run *run, const char *s,
                       size_t n, struct err *err)
{
    return p->step[i].code ? split_by_pattern(p, i, run, s, n, err)
                           : split_from(p, i + 1, run, s, n, err);
}

static int split_with_space(const struct pretok *p, size_t i, struct pretok_run *run, const char *s,
                            size_t n, struct err *err)
{
    struct buf b = {0};
    int status = buf_put(&b, " ", 1, err);

    if (!status)
        status = buf_put(&b, s, n, err);
    if (!status)
        status = split_whole(p, i, run, b.data, b.len, err);
    buf_release(&b);
    return status;
}

/* The steps from i on, applied to one piece; an empty piece is none. */
static int split_from(const struct pretok *p, size_t i, struct pretok_run *run, const char *s,
                      size_t n, struct err *err)
{
    if (!n)
        return 0;
    if (i == p->n)
        return run->word(run->arg, s, n, err);
    if (p->step[i].prefix_space && s[0] != ' ')
        return split_with_space(p, i, run, s, n, err);
    return split_whole(p, i, run, s, n, err);
}

int pretok_split(const struct pretok *p, struct pretok_run *run, const char *text, size_t n,
                 struct err *err)
{
    return split_from(p, 0, run, text, n, err);
}

int word_class_new(void **code, struct err *err)
{
    static const char pattern[] = "\\A[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200c}\\x{200d}]";
    pcre2_code *c;

    if (compile(&c, pattern, strlen(pattern), err))
        return err->code;
    *code = c;
    return 0;
}

bool word_class_has(const void *code, const char *s, size_t n)
{
    pcre2_match_data *match = pcre2_match_data_create(1, NULL);
    int rc = match ? pcre2_match(code, (PCRE2_SPTR)s, n, 0, PCRE2_NO_UTF_CHECK, match, NULL) : -1;

    pcre2_match_data_free(match);
    return rc >= 0;
}

void word_class_free(void *code)
{
    pcre2_code_free(code);
}
