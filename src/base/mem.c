#include "base/mem.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 64, CHUNK = 1 << 20 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t size, used; /* payload bytes; the payload begins ALIGN bytes after the chunk */
    size_t touched;    /* the most that were ever used: those behind are zero */
};

static atomic_long fail_countdown;

void mem_fail_nth(long n)
{
    atomic_store(&fail_countdown, n);
}

static int told_to_fail(void)
{
    return atomic_load(&fail_countdown) > 0 && atomic_fetch_sub(&fail_countdown, 1) == 1;
}

/* calloc leaves pages alone that are zero as they come from the system: what nobody uses costs
   nothing. The address that free wants stands before the aligned one. */
static void *zeroed(size_t bytes)
{
    unsigned char *all = calloc(1, bytes + ALIGN), *p;

    if (!all)
        return NULL;
    p = all + ALIGN - (uintptr_t)all % ALIGN; /* at least sizeof all behind: calloc aligns to 16 */
    memcpy(p - sizeof all, &all, sizeof all);
    return p;
}

void *mem_alloc(size_t n, size_t size, struct err *err)
{
    size_t bytes;
    void *p = NULL;

    if (size && n > (SIZE_MAX - 3 * ALIGN) / size) {
        err_set(err, ERR_MEMORY, "%zu elements of %zu bytes overflow the address space", n, size);
        return NULL;
    }
    bytes = (n * size + ALIGN) / ALIGN * ALIGN; /* never 0, always a multiple of ALIGN */
    if (!told_to_fail())
        p = zeroed(bytes);
    if (!p)
        err_set(err, ERR_MEMORY, "out of memory: %zu bytes asked for", n * size);
    return p;
}

int mem_grow(void **p, size_t old, size_t n, size_t size, struct err *err)
{
    void *bigger = mem_alloc(n, size, err);

    if (!bigger)
        return err->code;
    if (*p)
        memcpy(bigger, *p, (old < n ? old : n) * size);
    mem_free(*p);
    *p = bigger;
    return 0;
}

int mem_room(void *list, size_t n, size_t *cap, size_t size, struct err *err)
{
    size_t more = *cap ? 2 * *cap : 64;
    void *v;

    if (n < *cap)
        return 0;
    memcpy(&v, list, sizeof v);
    if (mem_grow(&v, n, more, size, err))
        return err->code;
    memcpy(list, &v, sizeof v);
    *cap = more;
    return 0;
}

void mem_free(void *p)
{
    void *all = NULL;

    if (p)
        memcpy(&all, (unsigned char *)p - sizeof all, sizeof all);
    free(all);
}

static struct arena_chunk *chunk_new(size_t bytes, struct err *err)
{
    size_t size = bytes + CHUNK; /* room for the small beside what is large */
    struct arena_chunk *c;

    if (bytes > SIZE_MAX - CHUNK - 2 * ALIGN) {
        err_set(err, ERR_MEMORY, "%zu bytes overflow the address space", bytes);
        return NULL;
    }
    c = mem_alloc(1, size + ALIGN, err);
    if (c)
        c->size = size;
    return c;
}

void *arena_alloc(struct arena *a, size_t n, size_t size, struct err *err)
{
    struct arena_chunk *c = a->head;
    size_t bytes;
    char *p;

    if (size && n > (SIZE_MAX - 2 * ALIGN) / size) {
        err_set(err, ERR_MEMORY, "%zu elements of %zu bytes overflow the address space", n, size);
        return NULL;
    }
    bytes = (n * size + ALIGN - 1) / ALIGN * ALIGN;
    if (!c || c->size - c->used < bytes) {
        c = chunk_new(bytes, err);
        if (!c)
            return NULL;
        c->next = a->head;
        a->head = c;
    }
    p = (char *)c + ALIGN + c->used;
    if (c->touched > c->used)
        memset(p, 0, bytes < c->touched - c->used ? bytes : c->touched - c->used);
    c->used += bytes;
    a->used += bytes;
    if (c->touched < c->used)
        c->touched = c->used;
    return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n, struct err *err)
{
    char *p = arena_alloc(a, n + 1, 1, err);

    if (p)
        memcpy(p, s, n);
    return p;
}

char *arena_strdup(struct arena *a, const char *s, struct err *err)
{
    return arena_strndup(a, s, strlen(s), err);
}

char *arena_printf(struct arena *a, struct err *err, const char *fmt, ...)
{
    va_list ap;
    char *p;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    p = arena_alloc(a, (size_t)n + 1, 1, err);
    if (!p)
        return NULL;
    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return p;
}

int arena_grow(struct arena *a, void *list, size_t n, size_t *cap, size_t size, struct err *err)
{
    size_t more = *cap ? 2 * *cap : 8;
    void *bigger, *old;

    if (n < *cap)
        return 0;
    bigger = arena_alloc(a, more, size, err);
    if (!bigger)
        return err->code;
    memcpy(&old, list, sizeof old);
    if (n)
        memcpy(bigger, old, n * size);
    memcpy(list, &bigger, sizeof bigger);
    *cap = more;
    return 0;
}

struct arena_mark arena_mark(const struct arena *a)
{
    return (struct arena_mark){a->head, a->head ? a->head->used : 0, a->used};
}

/* Keeps of the later chunks the largest, so that after a few rounds a loop allocates nothing; but
   no huge one, beside which the next round might need one that is huger still. */
void arena_back(struct arena *a, struct arena_mark to)
{
    enum { MOST = 64 << 20 };
    struct arena_chunk *c, *next, *keep = NULL;

    for (c = a->head; c != to.head; c = c->next)
        if (c->size <= MOST && (!keep || c->size > keep->size))
            keep = c;
    for (c = a->head; c != to.head; c = next) {
        next = c->next;
        if (c != keep)
            mem_free(c);
    }
    a->head = to.head;
    if (to.head)
        to.head->used = to.in_head;
    if (keep) {
        keep->next = to.head;
        keep->used = 0;
        a->head = keep;
    }
    a->used = to.used;
}

void arena_reset(struct arena *a)
{
    arena_back(a, (struct arena_mark){0});
}

void arena_release(struct arena *a)
{
    struct arena_chunk *c, *next;

    for (c = a->head; c; c = next) {
        next = c->next;
        mem_free(c);
    }
    a->head = NULL;
    a->used = 0;
}
