#include "fixture.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct array {
    char *name;
    int rank;
    size_t sizes[FIXTURE_RANK], count;
    float *v;
};

struct fixture {
    struct arena arena;
    struct array *array; /* (n) */
    size_t n;
};

static void read_array(struct fixture *f, struct cursor *c, struct array *a, struct err *err)
{
    uint32_t length = cursor_u32(c);
    const char *name = cursor_take(c, length);

    assert_non_null(name);
    a->name = arena_strndup(&f->arena, name, length, err);
    a->rank = (int)cursor_u32(c);
    assert_in_range(a->rank, 0, FIXTURE_RANK);
    a->count = 1;
    for (int i = 0; i < a->rank; i++)
        a->count *= a->sizes[i] = cursor_u32(c);
    assert_true(a->count <= (c->size - c->pos) / sizeof *a->v);
    a->v = arena_alloc(&f->arena, a->count, sizeof *a->v, err);
    assert_true(a->name && a->v);
    for (size_t i = 0; i < a->count; i++) {
        uint32_t bits = cursor_u32(c);

        memcpy(&a->v[i], &bits, sizeof bits);
    }
}

struct fixture *fixture_open(const char *path)
{
    struct err err = {0};
    struct fixture *f = mem_alloc(1, sizeof *f, &err);
    struct buf text = {0};
    struct cursor c;

    assert_non_null(f);
    if (file_read(&text, path, 64 << 20, &err))
        fail_msg("%s", err.msg);
    assert_true(text.len > 12 && !memcmp(text.data, "LSFX", 4));
    c = (struct cursor){(const unsigned char *)text.data, text.len, 4, 0};
    assert_int_equal(cursor_u32(&c), 1);
    f->n = cursor_u32(&c);
    assert_true(f->n <= text.len / 8);
    f->array = arena_alloc(&f->arena, f->n, sizeof *f->array, &err);
    assert_non_null(f->array);
    for (size_t i = 0; i < f->n; i++)
        read_array(f, &c, &f->array[i], &err);
    assert_false(c.bad);
    assert_int_equal(c.pos, c.size);
    buf_release(&text);
    return f;
}

void fixture_close(struct fixture *f)
{
    arena_release(&f->arena);
    mem_free(f);
}

static const struct array *find(const struct fixture *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (!strcmp(f->array[i].name, name))
            return &f->array[i];
    fail_msg("the fixture has no array %s", name);
    return NULL;
}

const float *fixture_get(const struct fixture *f, const char *name, int *rank, size_t *sizes)
{
    const struct array *a = find(f, name);

    if (rank)
        *rank = a->rank;
    if (sizes)
        memcpy(sizes, a->sizes, sizeof a->sizes);
    return a->v;
}

size_t fixture_count(const struct fixture *f, const char *name)
{
    return find(f, name)->count;
}
