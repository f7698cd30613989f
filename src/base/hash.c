#include "base/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
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

size_t hash_n_blocks(size_t n)
{
    return n / HASH_BLOCK + (n % HASH_BLOCK != 0);
}

void hash_blocks(const void *p, size_t n, size_t first, struct hash_share share, struct hash *out)
{
    const unsigned char *bytes = p;
    int64_t blocks = (int64_t)hash_n_blocks(n);

#pragma omp parallel for num_threads(share.threads) schedule(dynamic, 1)
    for (int64_t i = 0; i < blocks; i++) {
        size_t at = (size_t)i * HASH_BLOCK, left = n - at;

        if ((first + (size_t)i) % share.parts == share.part)
            out[i] = hash_bytes(bytes + at, left < HASH_BLOCK ? left : HASH_BLOCK);
    }
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

bool hash_from_hex(struct hash *h, const char *s)
{
    *h = (struct hash){0, 0};
    for (int i = 0; i < HASH_HEX - 1; i++) {
        uint64_t *half = i < 16 ? &h->hi : &h->lo;
        int digit = hex_digit(s[i]);

        if (digit < 0)
            return false;
        *half = *half << 4 | (uint64_t)digit;
    }
    return true;
}

char *hash_hex(char out[HASH_HEX], struct hash h)
{
    snprintf(out, HASH_HEX, "%016" PRIx64 "%016" PRIx64, h.hi, h.lo);
    return out;
}
