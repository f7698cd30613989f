#include "model/tokenizer/parts.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <string.h>
#include <utf8proc.h>

int normalizer_add(struct normalizer *z, enum normalizer_kind kind, const char *from,
                   const char *to, struct err *err)
{
    struct normalizer_step *step = &z->step[z->n];

    if (z->n == NORMALIZER_STEPS_MAX)
        return err_set(err, ERR_FORMAT, "normalizer: more than %d steps are not handled",
                       NORMALIZER_STEPS_MAX);
    step->kind = kind;
    z->n++;
    return buf_puts(&step->from, from, err) ? err->code : buf_puts(&step->to, to, err);
}

void normalizer_release(struct normalizer *z)
{
    for (size_t i = 0; i < z->n; i++) {
        buf_release(&z->step[i].from);
        buf_release(&z->step[i].to);
    }
    z->n = 0;
}

static bool is_ascii(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] >= 0x80)
            return false;
    return true;
}

/*
 * Marks (and one letter with its parts) that Unicode 10 to 15 added. The package's normalizer is
 * older: to it they are letters like any other, which do not change their place among other marks
 * and compose with nothing. tests/reference/make_tokenizer.py has cases.
 */
static const struct {
    int32_t lo, hi;
} unknown_marks[] = {{0x7fd, 0x7fd},     {0x898, 0x89f},     {0x8ca, 0x8d3},     {0x9fe, 0x9fe},
                     {0xc3c, 0xc3c},     {0xd3b, 0xd3c},     {0xeba, 0xeba},     {0x1715, 0x1715},
                     {0x1abf, 0x1ace},   {0x1df6, 0x1dfa},   {0xa82c, 0xa82c},   {0x10d24, 0x10d27},
                     {0x10eab, 0x10eac}, {0x10efd, 0x10eff}, {0x10f46, 0x10f50}, {0x10f82, 0x10f85},
                     {0x11070, 0x11070}, {0x1133b, 0x1133b}, {0x1145e, 0x1145e}, {0x11839, 0x1183a},
                     {0x11930, 0x11930}, {0x11935, 0x11935}, {0x11938, 0x11938}, {0x1193d, 0x1193e},
                     {0x11943, 0x11943}, {0x119e0, 0x119e0}, {0x11a34, 0x11a34}, {0x11a47, 0x11a47},
                     {0x11a99, 0x11a99}, {0x11d42, 0x11d42}, {0x11d44, 0x11d45}, {0x11d97, 0x11d97},
                     {0x11f41, 0x11f42}, {0x16ff0, 0x16ff1}, {0x1e08f, 0x1e08f}, {0x1e130, 0x1e136},
                     {0x1e2ae, 0x1e2ae}, {0x1e2ec, 0x1e2ef}, {0x1e4ec, 0x1e4ef}};

static bool is_unknown_mark(int32_t c)
{
    for (size_t i = 0; i < sizeof unknown_marks / sizeof *unknown_marks; i++)
        if (c <= unknown_marks[i].hi)
            return c >= unknown_marks[i].lo;
    return false;
}

/* Composition goes on in the memory of the decomposed text, which is never shorter. */
static int nfc_run(const char *s, size_t n, struct buf *out, struct err *err)
{
    utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
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

/* An unknown mark ends a run: nothing moves or composes across it. */
static int nfc(const char *s, size_t n, struct buf *out, struct err *err)
{
    size_t done = 0;
    int32_t c;

    for (size_t i = 0, len; i < n; i += len) {
        len = utf8_next(s + i, n - i, &c);
        if (c < 0x7fd || !is_unknown_mark(c))
            continue;
        if (nfc_run(s + done, i - done, out, err) || buf_put(out, s + i, len, err))
            return err->code;
        done = i + len;
    }
    return nfc_run(s + done, n - done, out, err);
}

static int replace(const struct normalizer_step *step, const char *s, size_t n, struct buf *out,
                   struct err *err)
{
    size_t len = step->from.len, done = 0;

    for (size_t i = 0; len && i + len <= n;) {
        if (memcmp(s + i, step->from.data, len)) {
            i++;
            continue;
        }
        if (buf_put(out, s + done, i - done, err) || buf_put(out, step->to.data, step->to.len, err))
            return err->code;
        done = i += len;
    }
    return buf_put(out, s + done, n - done, err);
}

static int run_step(const struct normalizer_step *step, const char *s, size_t n, struct buf *out,
                    struct err *err)
{
    switch (step->kind) {
    case NORMALIZE_NFC:
        return nfc(s, n, out, err);
    case NORMALIZE_REPLACE:
        return replace(step, s, n, out, err);
    default:
        if (n && buf_put(out, step->to.data, step->to.len, err))
            return err->code;
        return buf_put(out, s, n, err);
    }
}

int normalizer_run(const struct normalizer *z, const char *s, size_t n, struct buf *out,
                   struct err *err)
{
    struct buf next = {0}, swap;
    int status;

    buf_clear(out);
    status = buf_put(out, s, n, err);
    for (size_t i = 0; i < z->n && !status; i++) {
        buf_clear(&next);
        status = run_step(&z->step[i], out->data, out->len, &next, err);
        swap = *out;
        *out = next;
        next = swap;
    }
    buf_release(&next);
    return status;
}
