/*
 * Reads the expected.bin files that tests/reference/make_models.py writes: named float32 arrays.
 *
 *     size_t tokens_of(const char *path)
 *     {
 *         struct fixture *f = fixture_open(path);
 *         size_t sizes[FIXTURE_RANK];
 *
 *         fixture_get(f, "layer0.q", NULL, sizes);     // (N, H, dh)
 *         fixture_close(f);
 *         return sizes[0];
 *     }
 *
 * Little-endian: "LSFX", u32 version = 1, u32 count; then for each array u32 length of its name,
 * the name, u32 rank, u32 sizes[rank], the numbers row by row. A fixture that is not there or is
 * damaged fails the test.
 */
#ifndef LENSWEEP_TESTS_FIXTURE_H
#define LENSWEEP_TESTS_FIXTURE_H

#include <stddef.h>

enum { FIXTURE_RANK = 4 };

struct fixture;

struct fixture *fixture_open(const char *path);
void fixture_close(struct fixture *f);

/* rank and sizes may be NULL. The numbers belong to f. No such name fails the test. */
const float *fixture_get(const struct fixture *f, const char *name, int *rank, size_t *sizes);

/* How many numbers an array holds. */
size_t fixture_count(const struct fixture *f, const char *name);

#endif
