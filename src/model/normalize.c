#include "model/tokenizer_parts.h"

#include "base/mem.h"
#include "model/utf8.h"

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

/* Composition goes on in the memory of the decomposed text, which is never shorter. */
static int nfc(const char *s, size_t n, struct buf *out, struct err *err)
{
    utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
    utf8proc_int32_t *point;
    utf8proc_ssize_t count;
    char text[4];
    int status = 0;

    if (is_ascii(s, n))
        return buf_put(out, s, n, err);
    count = utf8proc_decompose((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)n, NULL, 0, options);
    if (count < 0)
        return err_set(err, ERR_CONFIG, "normalizer: %s", utf8proc_errmsg(count));
    point = mem_alloc((size_t)count + 1, sizeof *point, err);
    if (!point)
        return err->code;
    utf8proc_decompose((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)n, point, count, options);
    count = utf8proc_normalize_utf32(point, count, options);
    for (utf8proc_ssize_t i = 0; i < count && !status; i++)
        status = buf_put(out, text, utf8_write(text, point[i]), err);
    mem_free(point);
    return status;
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
