/*
 * The one allocation entry, and arenas: memory by lifetime.
 *
 * Nothing in the tree calls malloc but mem.c, so that tests can make the Nth allocation fail and
 * the program can say how much it holds. Sizes are count x size, checked for overflow.
 */
#ifndef LENSWEEP_BASE_MEM_H
#define LENSWEEP_BASE_MEM_H

#include "base/err.h"

#include <stddef.h>

/* Zeroed memory for n elements of `size` bytes, 64-byte aligned; NULL and ERR_MEMORY on failure.
   n = 0 gives a valid pointer that may be freed. */
void *mem_alloc(size_t n, size_t size, struct err *err);

/* *p (from mem_alloc, or NULL) grows from `old` to n elements; new ones are zero. On failure *p is
   as it was. */
int mem_grow(void **p, size_t old, size_t n, size_t size, struct err *err);

/* Room for one more in a list of n elements (from here, or NULL), *cap of which fit: a full one
   moves to a place twice as large. list: the address of the pointer to it. */
int mem_room(void *list, size_t n, size_t *cap, size_t size, struct err *err);

void mem_free(void *p);

/* Test hook: the nth allocation from now fails (1 = the next one); 0 = none does. */
void mem_fail_nth(long n);

/*
 * An arena hands out zeroed memory that is freed all at once.
 *
 *     int copy(const char *text, struct err *err)
 *     {
 *         struct arena a = {0};
 *         char *s = arena_strdup(&a, text, err);
 *
 *         arena_release(&a);                  // s is gone as well
 *         return s ? 0 : err->code;
 *     }
 */
struct arena {
    struct arena_chunk *head;
    size_t used; /* bytes handed out since the last reset, for reports */
};

void *arena_alloc(struct arena *a, size_t n, size_t size, struct err *err);
char *arena_strdup(struct arena *a, const char *s, struct err *err);
char *arena_strndup(struct arena *a, const char *s, size_t n, struct err *err);
char *arena_printf(struct arena *a, struct err *err, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Room for one more in a list of n elements in the arena, *cap of which fit (0 and NULL to begin
   with): a full one moves to a place twice as large. list: the address of the pointer to it. */
int arena_grow(struct arena *a, void *list, size_t n, size_t *cap, size_t size, struct err *err);

/* Forgets everything handed out, or what was since a mark, but keeps memory for what comes next. */
struct arena_mark {
    struct arena_chunk *head;
    size_t in_head, used;
};
struct arena_mark arena_mark(const struct arena *a);
void arena_back(struct arena *a, struct arena_mark to);
void arena_reset(struct arena *a);
void arena_release(struct arena *a);

#endif
