/*
 * Instruction sets: which of a kernel's copies runs.
 *
 * A source file in the list of lensweep_per_isa (src/base/CMakeLists.txt) is compiled once for each
 * instruction set of ISAS, with its flags and with ISA_NAME defined. What it exports, a struct of
 * functions, it names ISA(NAME). The dispatcher has an array of pointers {ISA_EACH(NAME)}, and
 * takes that of isa_get(): base/product/product.c is a short one.
 *
 * All copies give the same bits: the choice never shows in a result. That of the processor at hand
 * is taken, or the one that the environment's LENSWEEP_ISA names.
 */
#ifndef LENSWEEP_BASE_ISA_H
#define LENSWEEP_BASE_ISA_H

#include "base/err.h"

#include <stdbool.h>

/* name, word; from the slowest to the fastest. Portable is plain C with fmaf, the tests' oracle. */
#if defined(__x86_64__) && defined(__GNUC__)
#define ISAS(X)               \
    X(ISA_PORTABLE, portable) \
    X(ISA_AVX2, avx2)         \
    X(ISA_AVX512, avx512)
#elif defined(__aarch64__) && defined(__GNUC__)
#define ISAS(X)               \
    X(ISA_PORTABLE, portable) \
    X(ISA_NEON, neon)
#else
#define ISAS(X) X(ISA_PORTABLE, portable)
#endif

enum isa {
#define X(name, word) name,
    ISAS(X)
#undef X
        ISA_COUNT
};

/* ISA(dot) is dot_avx2 in the copy for AVX2. A file that is read without the build's definitions
   (by a lint) is the portable copy. */
#ifndef ISA_NAME
#define ISA_NAME portable
#endif
#define ISA_PASTE(a, b) a##_##b
#define ISA_JOIN(a, b)  ISA_PASTE(a, b)
#define ISA(name)       ISA_JOIN(name, ISA_NAME)

/* &ops_portable, &ops_avx2, ... in the order of enum isa. */
#if defined(__x86_64__) && defined(__GNUC__)
#define ISA_EACH(ops) &ops##_portable, &ops##_avx2, &ops##_avx512
#elif defined(__aarch64__) && defined(__GNUC__)
#define ISA_EACH(ops) &ops##_portable, &ops##_neon
#else
#define ISA_EACH(ops) &ops##_portable
#endif

/* Reads LENSWEEP_ISA: ERR_CONFIG if it is not a word of ISAS or this processor does not have
   it. main calls it first; without it the fastest is taken. */
int isa_init(struct err *err);

/* The copy to run. */
enum isa isa_get(void);

const char *isa_name(enum isa isa);

/* Does this processor have it? */
bool isa_available(enum isa isa);

/* For tests and benchmarks: run this copy from now on; it must be available. */
void isa_set(enum isa isa);

#endif
