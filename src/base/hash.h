/*
 * 128-bit fingerprints (XXH3) of models, data, config and units.
 *
 * A thing is hashed by writing its canonical bytes (buf_u64, buf_puts, ... with lengths before
 * strings) and hashing them once: no struct padding, no byte order, no order of a hash table.
 */
#ifndef LENSWEEP_BASE_HASH_H
#define LENSWEEP_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash {
    uint64_t hi, lo;
};

struct hash hash_bytes(const void *p, size_t n);
uint64_t hash_u64(const void *p, size_t n); /* also the journal's checksum */

/* Hashes of p's blocks of HASH_BLOCK bytes (the last is shorter), by so many threads; only the
   blocks numbered part, part + parts, ... of `first` plus their place. out: all blocks of p. */
enum { HASH_BLOCK = 8 << 20 };
struct hash_share {
    size_t part, parts;
    int threads;
};
size_t hash_n_blocks(size_t n);
void hash_blocks(const void *p, size_t n, size_t first, struct hash_share share, struct hash *out);

static inline bool hash_eq(struct hash a, struct hash b)
{
    return a.hi == b.hi && a.lo == b.lo;
}

enum { HASH_HEX = 33 };
char *hash_hex(char out[HASH_HEX], struct hash h); /* returns out */
bool hash_from_hex(struct hash *h, const char *s); /* its first HASH_HEX - 1 characters */

#endif
