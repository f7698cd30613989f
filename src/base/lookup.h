/*
 * An index by hash: which numbers have been entered under a hash. The things that are numbered, and
 * what makes two of them the same, stay with their owner.
 *
 *     // The number of an equal thing, or `number` after entering it; -1 on error.
 *     int64_t find_or_add(struct lookup *l, uint64_t hash, uint32_t number,
 *                         bool (*same)(int64_t a, int64_t b), struct err *err)
 *     {
 *         size_t at = LOOKUP_START;
 *
 *         for (int64_t i; (i = lookup_next(l, hash, &at)) >= 0;)
 *             if (same(i, number))
 *                 return i;
 *         if (lookup_reserve(l, 1, err))               // so that adding cannot fail
 *             return -1;
 *         lookup_add(l, hash, number);
 *         return number;
 *     }
 *
 * Open addressing, a power of two, at most half full. The low bits of the hashes must differ.
 */
#ifndef LENSWEEP_BASE_LOOKUP_H
#define LENSWEEP_BASE_LOOKUP_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct lookup_slot {
    uint64_t hash;
    uint32_t number; /* + 1; 0 = an empty slot */
};

struct lookup {
    struct lookup_slot *slot; /* (size) owned */
    size_t size, used;
};

#define LOOKUP_START SIZE_MAX

/* Room for n more. On failure everything is as it was. */
int lookup_reserve(struct lookup *l, size_t n, struct err *err);

/* There must be room. Does not ask whether something is there already. number < UINT32_MAX */
void lookup_add(struct lookup *l, uint64_t hash, uint32_t number);

void lookup_release(struct lookup *l);

/* The next number under this hash, in any order; -1 = no more. */
static inline int64_t lookup_next(const struct lookup *l, uint64_t hash, size_t *at)
{
    if (!l->size)
        return -1;
    for (*at = *at == LOOKUP_START ? (size_t)hash : *at + 1;; ++*at) {
        const struct lookup_slot *s;

        *at &= l->size - 1;
        s = &l->slot[*at];
        if (!s->number)
            return -1;
        if (s->hash == hash)
            return (int64_t)s->number - 1;
    }
}

#endif
