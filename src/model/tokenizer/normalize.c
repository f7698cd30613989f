#include "model/tokenizer/parts.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "model/tokenizer/charsmap.h"

#include <utf8proc.h>

static bool is_ascii(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] >= 0x80)
            return false;
    return true;
}

/*
 * Characters that Unicode 10 to 16 added and that would change in a normal form. The package's
 * normalizer is older: to it they are letters like any other, which do not change their place among
 * marks, compose with nothing and stand for nothing else.
 */
static const struct {
    int32_t lo, hi;
} unknown[] = {{0x7fd, 0x7fd},     {0x897, 0x897},     {0x898, 0x89f},     {0x8ca, 0x8d3},
               {0x9fe, 0x9fe},     {0xc3c, 0xc3c},     {0xd3b, 0xd3c},     {0xeba, 0xeba},
               {0x1715, 0x1715},   {0x1abf, 0x1ace},   {0x1df6, 0x1dfa},   {0x32ff, 0x32ff},
               {0xa7f2, 0xa7f4},   {0xa82c, 0xa82c},   {0xab69, 0xab69},   {0x105c9, 0x105c9},
               {0x105e4, 0x105e4}, {0x10781, 0x107ba}, {0x10d24, 0x10d27}, {0x10d69, 0x10d6d},
               {0x10eab, 0x10eac}, {0x10efd, 0x10eff}, {0x10f46, 0x10f50}, {0x10f82, 0x10f85},
               {0x11070, 0x11070}, {0x1133b, 0x1133b}, {0x11383, 0x11391}, {0x113b8, 0x113d0},
               {0x113e1, 0x113e2}, {0x1145e, 0x1145e}, {0x11839, 0x1183a}, {0x11930, 0x11930},
               {0x11935, 0x11935}, {0x11938, 0x11938}, {0x1193d, 0x1193e}, {0x11943, 0x11943},
               {0x119e0, 0x119e0}, {0x11a34, 0x11a34}, {0x11a47, 0x11a47}, {0x11a99, 0x11a99},
               {0x11d42, 0x11d42}, {0x11d44, 0x11d45}, {0x11d97, 0x11d97}, {0x11f41, 0x11f42},
               {0x1611e, 0x1612f}, {0x16d63, 0x16d6a}, {0x16ff0, 0x16ff1}, {0x1ccd6, 0x1ccf9},
               {0x1e030, 0x1e06d}, {0x1e08f, 0x1e08f}, {0x1e130, 0x1e136}, {0x1e2ae, 0x1e2ae},
               {0x1e2ec, 0x1e2ef}, {0x1e4ec, 0x1e4ef}, {0x1e5ee, 0x1e5ef}, {0x1f16c, 0x1f16c},
               {0x1fbf0, 0x1fbf9}};

static bool is_unknown(int32_t c)
{
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        if (c <= unknown[i].hi)
            return c >= unknown[i].lo;
    return false;
}

static utf8proc_option_t form_options(enum step_kind kind)
{
    static const utf8proc_option_t options[] = {
        [NORMALIZE_NFC] = UTF8PROC_COMPOSE,
        [NORMALIZE_NFD] = UTF8PROC_DECOMPOSE,
        [NORMALIZE_NFKC] = UTF8PROC_COMPOSE | UTF8PROC_COMPAT,
        [NORMALIZE_NFKD] = UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT,
    };

    return UTF8PROC_STABLE | options[kind];
}

/* Composition goes on in the memory of the decomposed text, which is never shorter. */
static int form_run(utf8proc_option_t options, const char *s, size_t n, struct buf *out,
                    struct err *err)
{
    const utf8proc_uint8_t *u = (const utf8proc_uint8_t *)s;
    utf8proc_int32_t *point;
    utf8proc_ssize_t count;
    char text[4];
    int status = 0;

    if (is_ascii(s, n))
        return buf_put(out, s, n, err);
    count = utf8proc_decompose(u, (utf8proc_ssize_t)n, NULL, 0, options);
    if (count < 0)
        return err_set(err, ERR_CONFIG, "normalizer: %s", utf8proc_errmsg(count));
    point = mem_alloc((size_t)count + 1, sizeof *point, err);
    if (!point)
        return err->code;
    utf8proc_decompose(u, (utf8proc_ssize_t)n, point, count, options);
    count = utf8proc_normalize_utf32(point, count, options);
    for (utf8proc_ssize_t i = 0; i < count && !status; i++)
        status = buf_put(out, text, utf8_write(text, point[i]), err);
    mem_free(point);
    return status;
}

/* An unknown character ends a run: nothing moves or composes across it. */
static int normal_form(enum step_kind kind, const char *s, size_t n, struct buf *out,
                       struct err *err)
{
    utf8proc_option_t options = form_options(kind);
    size_t done = 0;
    int32_t c;

    for (size_t i = 0, len; i < n; i += len) {
        len = utf8_next(s + i, n - i, &c);
        if (c < unknown[0].lo || !is_unknown(c))
            continue;
        if (form_run(options, s + done, i - done, out, err) || buf_put(out, s + i, len, err))
            return err->code;
        done = i + len;
    }
    return form_run(options, s + done, n - done, out, err);
}

/* Capitals that Unicode 15 to 17 added: from lo to hi, the small letter is so much further on. */
static const struct {
    int32_t lo, hi, on;
} new_capitals[] = {{0x1c89, 0x1c89, 1},      {0xa7cb, 0xa7cb, 0x264 - 0xa7cb},
                    {0xa7cc, 0xa7cc, 1},      {0xa7ce, 0xa7ce, 1},
                    {0xa7d2, 0xa7d2, 1},      {0xa7d4, 0xa7d4, 1},
                    {0xa7da, 0xa7da, 1},      {0xa7dc, 0xa7dc, 0x19b - 0xa7dc},
                    {0x10d50, 0x10d65, 0x20}, {0x16ea0, 0x16eb8, 0x1b}};

static int32_t lower(int32_t c)
{
    for (size_t i = 0; c >= new_capitals[0].lo && i < sizeof new_capitals / sizeof *new_capitals;
         i++)
        if (c >= new_capitals[i].lo && c <= new_capitals[i].hi)
            return c + new_capitals[i].on;
    return utf8proc_tolower(c);
}

/* Character by character, as the package has it; one capital has a small letter of two. */
static int lowercase(const char *s, size_t n, struct buf *out, struct err *err)
{
    char text[4];
    int32_t c;

    for (size_t i = 0; i < n;) {
        i += utf8_next(s + i, n - i, &c);
        if (c == 0x130 ? buf_puts(out, "i\xcc\x87", err)
                       : buf_put(out, text, utf8_write(text, lower(c)), err))
            return err->code;
    }
    return 0;
}

static int strip(const struct text_step *step, const char *s, size_t n, bool *first,
                 struct buf *out, struct err *err)
{
    size_t lo = step->left ? utf8_spaces_behind(s, n, 0) : 0;

    if (lo)
        *first = false;
    if (step->right)
        n = lo + utf8_spaces_before(s + lo, n - lo);
    return buf_put(out, s + lo, n - lo, err);
}

static int run_step(const struct text_steps *z, const struct text_step *step, struct regex_run *run,
                    const char *s, size_t n, bool *first, struct buf *out, struct err *err)
{
    switch (step->kind) {
    case NORMALIZE_LOWERCASE:
        return lowercase(s, n, out, err);
    case NORMALIZE_STRIP:
        return strip(step, s, n, first, out, err);
    case NORMALIZE_REPLACE:
        return n ? step_replace(step, run, s, n, first, out, err) : 0;
    case NORMALIZE_PREPEND:
        if (n && buf_put(out, step->to.data, step->to.len, err))
            return err->code;
        return buf_put(out, s, n, err);
    case NORMALIZE_CHARSMAP:
        return charsmap_run(&step->from, z->keep,
                            (step->left ? SPACES_TRIM : 0u) |
                                (step->right && (*first || !z->first_only) ? SPACES_PREFIX : 0u),
                            s, n, out, err);
    default:
        return normal_form(step->kind, s, n, out, err);
    }
}

int normalizer_run(const struct text_steps *z, struct regex_run *run, const char *s, size_t n,
                   bool *first, struct buf *out, struct err *err)
{
    struct buf next = {0}, swap;
    bool begins = !first || *first;
    int status;

    buf_clear(out);
    status = buf_put(out, s, n, err);
    for (size_t i = 0; i < z->n && !status; i++) {
        buf_clear(&next);
        status = run_step(z, &z->step[i], run, out->data, out->len, &begins, &next, err);
        swap = *out;
        *out = next;
        next = swap;
    }
    buf_release(&next);
    if (first)
        *first = begins;
    return status;
}
