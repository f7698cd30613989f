#define PCRE2_CODE_UNIT_WIDTH 8
#include "model/tokenizer/regex.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <pcre2.h>
#include <stdint.h>
#include <string.h>

/* A match may take so many steps for each byte of its piece. What tokenizers use takes a few;
   the bound keeps a hostile pattern from running for ever. */
enum { STEPS_BASE = 500000, STEPS_PER_BYTE = 16, HEAP_KIB = 1 << 16 };

static void *take(PCRE2_SIZE n, void *arg)
{
    struct err err = ERR_CLEAR;

    (void)arg;
    return mem_alloc(n, 1, &err);
}

static void give(void *p, void *arg)
{
    (void)arg;
    mem_free(p);
}

static int compile(void **out, const char *pattern, size_t n, struct err *err)
{
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C | PCRE2_MULTILINE;
    pcre2_general_context *g = pcre2_general_context_create(take, give, NULL);
    pcre2_compile_context *c = g ? pcre2_compile_context_create(g) : NULL;
    pcre2_code *code = NULL;
    PCRE2_UCHAR text[128] = "";
    PCRE2_SIZE at;
    int why;

    *out = NULL;
    if (!c) {
        err_set(err, ERR_MEMORY, "out of memory for a pattern");
        goto out;
    }
    pcre2_set_newline(c, PCRE2_NEWLINE_LF);
    *out = code = pcre2_compile((PCRE2_SPTR)pattern, n, options, &why, &at, c);
    if (!code && why == PCRE2_ERROR_HEAP_FAILED) {
        err_set(err, ERR_MEMORY, "out of memory for a pattern");
    } else if (!code) {
        pcre2_get_error_message(why, text, sizeof text);
        err_set(err, ERR_FORMAT, "pattern: %s", (const char *)text);
    } else {
        pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* without it the interpreter does it */
    }
out:
    pcre2_compile_context_free(c);
    pcre2_general_context_free(g);
    return code ? 0 : err->code;
}

int regex_new(void **code, const char *pattern, size_t n, struct err *err)
{
    struct buf translated = {0};
    int status = pattern_translate(&translated, pattern, n, err);

    *code = NULL;
    if (!status)
        status = compile(code, translated.data ? translated.data : "", translated.len, err);
    buf_release(&translated);
    return status;
}

int regex_new_literal(void **code, const char *text, size_t n, struct err *err)
{
    struct buf b = {0};
    int status = n > PATTERN_MAX ? err_set(err, ERR_FORMAT, "pattern: %zu bytes are longer than %d",
                                           n, PATTERN_MAX)
                                 : buf_puts(&b, "", err);

    *code = NULL;
    for (size_t i = 0; i < n && !status; i++)
        status = (unsigned char)text[i] < 0x80
                     ? buf_printf(&b, err, "\\x{%x}", (unsigned)(unsigned char)text[i])
                     : buf_put(&b, text + i, 1, err);
    if (!status)
        status = compile(code, b.data ? b.data : "", b.len, err);
    buf_release(&b);
    return status;
}

int regex_new_own(void **code, const char *pattern, struct err *err)
{
    return compile(code, pattern, strlen(pattern), err);
}

void regex_free(void *code)
{
    pcre2_code_free(code);
}

int regex_run_init(struct regex_run *run, struct err *err)
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

void regex_run_release(struct regex_run *run)
{
    pcre2_match_data_free(run->match);
    pcre2_match_context_free(run->context);
    run->match = run->context = NULL;
}

/* The next match at or after `from`, also an empty one. */
static int match(const void *code, struct regex_run *run, const char *s, size_t n, size_t from,
                 size_t *lo, size_t *hi, struct err *err)
{
    uint32_t steps = STEPS_BASE + STEPS_PER_BYTE * (uint32_t)(n < 1u << 27 ? n : 1u << 27);
    PCRE2_UCHAR text[128] = "";
    const PCRE2_SIZE *bound;
    int rc;

    pcre2_set_match_limit(run->context, steps);
    rc = pcre2_match(code, (PCRE2_SPTR)s, n, from, PCRE2_NO_UTF_CHECK, run->match, run->context);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
        rc = pcre2_match(code, (PCRE2_SPTR)s, n, from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
                         run->match, run->context);
    if (rc == PCRE2_ERROR_NOMATCH)
        return 0;
    if (rc < 0) {
        pcre2_get_error_message(rc, text, sizeof text);
        err_set(err, rc == PCRE2_ERROR_NOMEMORY ? ERR_MEMORY : ERR_FORMAT,
                "the tokenizer's pattern gives up at byte %zu of %zu: %s", from, n,
                (const char *)text);
        return -1;
    }
    bound = pcre2_get_ovector_pointer(run->match);
    *lo = bound[0];
    *hi = bound[1];
    return 1;
}

int regex_next(const void *code, struct regex_run *run, const char *s, size_t n,
               struct regex_at *at, size_t *lo, size_t *hi, struct err *err)
{
    int32_t c;
    int found;

    while (at->from <= n) {
        found = match(code, run, s, n, at->from, lo, hi, err);
        if (found <= 0)
            return found;
        if (*lo == *hi && *hi + 1 == at->last) {
            at->from += at->from < n ? utf8_next(s + at->from, n - at->from, &c) : 1;
            continue;
        }
        at->from = *hi;
        at->last = *hi + 1;
        return 1;
    }
    return 0;
}

bool regex_matches(const void *code, const char *s, size_t n)
{
    pcre2_match_data *match = pcre2_match_data_create(1, NULL);
    int rc = match ? pcre2_match(code, (PCRE2_SPTR)s, n, 0, PCRE2_NO_UTF_CHECK, match, NULL) : -1;

    pcre2_match_data_free(match);
    return rc >= 0;
}
