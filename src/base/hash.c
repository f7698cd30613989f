#include "base/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <xxhash.h>

struct hash hash_bytes(const void *p, size_t n)
{
    XXH128_hash_t h = XXH3_128bits(n ? p : "", n);

    return (struct hash){h.high64, h.low64};
}

uint64_t hash_u64(const void *p, size_t n)
{
    return XXH3_64bits(n ? p : "", n);
}

char *hash_hex(char out[HASH_HEX], struct hash h)
{
    snprintf(out, HASH_HEX, "%016" PRIx64 "%016" PRIx64, h.hi, h.lo);
    return out;
}
