/* A half-open range [lo, hi) of tokens, layers or heads; lo >= hi = empty. */
#ifndef LENSWEEP_BASE_SPAN_H
#define LENSWEEP_BASE_SPAN_H

#include <stdbool.h>

struct span {
    int lo, hi;
};

static inline bool span_empty(struct span s)
{
    return s.lo >= s.hi;
}

static inline int span_len(struct span s)
{
    return span_empty(s) ? 0 : s.hi - s.lo;
}

static inline bool span_has(struct span s, int i)
{
    return s.lo <= i && i < s.hi;
}

static inline bool span_eq(struct span a, struct span b)
{
    return a.lo == b.lo && a.hi == b.hi;
}

/* The smallest range that holds both. */
static inline struct span span_hull(struct span a, struct span b)
{
    if (span_empty(a))
        return b;
    if (span_empty(b))
        return a;
    return (struct span){a.lo < b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi};
}

static inline struct span span_clip(struct span a, struct span b)
{
    return (struct span){a.lo > b.lo ? a.lo : b.lo, a.hi < b.hi ? a.hi : b.hi};
}

#endif
