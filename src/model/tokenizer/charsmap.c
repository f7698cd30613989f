#include "model/tokenizer/charsmap.h"

#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

struct trie {
    const unsigned char *unit; /* (n) little-endian u32 */
    size_t n;
    const char *text; /* (n_text) */
    size_t n_text;
};

static uint32_t unit_at(const struct trie *t, size_t i)
{
    const unsigned char *u = t->unit + 4 * i;

    return (uint32_t)u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
}

static struct trie trie_of(const char *data, size_t n)
{
    struct cursor c = {(const unsigned char *)data, n, 0, 0};
    uint32_t bytes = n ? cursor_u32(&c) : 0;
    struct trie t = {.unit = bytes ? cursor_take(&c, bytes) : NULL, .n = bytes / 4};

    if (c.bad || !t.unit)
        return (struct trie){0};
    t.n_text = n - c.pos;
    t.text = data + c.pos;
    return t;
}

int charsmap_check(const void *data, size_t n, struct err *err)
{
    struct trie t = trie_of(data, n);

    if (n && (!t.n || !t.n_text || t.text[t.n_text - 1]))
        return err_set(err, ERR_FORMAT, "the map of characters (precompiled_charsmap) is cut off");
    return 0;
}

/* A unit of the double array: where its children begin. */
static size_t offset_of(uint32_t unit)
{
    return (size_t)(unit >> 10) << ((unit & 1u << 9) >> 6);
}

/* The longest beginning of s[0..n) in the trie: its length and the place of its text; 0 = none. */
static size_t longest(const struct trie *t, const char *s, size_t n, size_t *text)
{
    size_t at = 0, best = 0, place;
    uint32_t unit;

    if (!t->n)
        return 0;
    at = offset_of(unit_at(t, 0));
    for (size_t i = 0; i < n && s[i]; i++) {
        unsigned char c = (unsigned char)s[i];

        at ^= c;
        if (at >= t->n)
            break;
        unit = unit_at(t, at);
        if ((unit & (1u << 31 | 0xff)) != c)
            break;
        at ^= offset_of(unit);
        if (!(unit >> 8 & 1))
            continue;
        if (at >= t->n)
            break;
        place = unit_at(t, at) & ~(1u << 31);
        if (place >= t->n_text)
            continue;
        *text = place;
        best = i + 1;
    }
    return best;
}

/* What s begins with becomes *to[0..*n_to); returns how much of s that is. */
static size_t take(const struct trie *t, const struct added *keep, const char *s, size_t n,
                   const char **to, size_t *n_to)
{
    const struct added_token *token = keep ? added_longest(keep, s, n) : NULL;
    size_t text = 0, len = token ? 0 : longest(t, s, n, &text);
    int32_t c;

    if (len) {
        *to = t->text + text;
        *n_to = strlen(*to); /* charsmap_check saw the last NUL */
        return len;
    }
    *to = s;
    return *n_to = token ? token->n : utf8_next(s, n, &c);
}

int charsmap_run(const struct buf *map, const struct added *keep, unsigned spaces, const char *s,
                 size_t n, struct buf *out, struct err *err)
{
    struct trie t = trie_of(map->data, map->len);
    bool trim = spaces & SPACES_TRIM, after_space = trim;
    size_t start = out->len, n_to;
    const char *to;

    if (n && (spaces & SPACES_PREFIX) && buf_puts(out, " ", err))
        return err->code;
    for (size_t i = 0; i < n;) {
        i += take(&t, keep, s + i, n - i, &to, &n_to);
        for (; after_space && n_to && *to == ' '; n_to--)
            to++;
        if (!n_to)
            continue;
        if (buf_put(out, to, n_to, err))
            return err->code;
        after_space = trim && to[n_to - 1] == ' ';
    }
    while (trim && out->len > start && out->data[out->len - 1] == ' ')
        out->len--;
    return 0;
}
