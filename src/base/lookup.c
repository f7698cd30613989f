#include "base/lookup.h"

#include "base/mem.h"

#include <string.h>

enum { SMALLEST = 16 };

int lookup_reserve(struct lookup *l, size_t n, struct err *err)
{
    struct lookup more = {.size = l->size ? l->size : SMALLEST};

    if (l->size && l->used + n <= l->size / 2)
        return 0;
    while (more.size / 2 < l->used + n && more.size <= SIZE_MAX / 2)
        more.size *= 2;
    more.slot = mem_alloc(more.size, sizeof *more.slot, err);
    if (!more.slot)
        return err->code;
    for (size_t i = 0; i < l->size; i++)
        if (l->slot[i].number)
            lookup_add(&more, l->slot[i].hash, l->slot[i].number - 1);
    mem_free(l->slot);
    *l = more;
    return 0;
}

void lookup_add(struct lookup *l, uint64_t hash, uint32_t number)
{
    size_t i = (size_t)hash & (l->size - 1);

    while (l->slot[i].number)
        i = (i + 1) & (l->size - 1);
    l->slot[i] = (struct lookup_slot){hash, number + 1};
    l->used++;
}

void lookup_release(struct lookup *l)
{
    mem_free(l->slot);
    memset(l, 0, sizeof *l);
}
