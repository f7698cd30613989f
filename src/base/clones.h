/*
 * CPU_CLONES before a function compiles it for AVX-512, AVX2 and the base instruction set; the
 * loader picks one for the CPU at hand. All give the same bits: no contraction, fixed lanes. Only
 * for static functions: clang 14 gives others a symbol that no other file finds.
 *
 * Where the compiler has no such thing, and under sanitizers (the picking runs before they are
 * ready), there is one plain copy.
 */
#ifndef LENSWEEP_BASE_CLONES_H
#define LENSWEEP_BASE_CLONES_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || \
    __has_feature(thread_sanitizer)
#define CPU_CLONES
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__x86_64__) || \
    !defined(__linux__) || !defined(__GNUC__)
#undef CPU_CLONES
#define CPU_CLONES
#endif
#ifndef CPU_CLONES
#define CPU_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#endif

/* A helper that must become part of the clone that uses it. */
#if defined(__GNUC__)
#define IN_CLONE static inline __attribute__((always_inline))
#else
#define IN_CLONE static inline
#endif

/* Before a short loop of fixed length: gcc would unroll it before it could vectorise it. */
#if defined(__GNUC__) && !defined(__clang__)
#define VECTOR_LOOP _Pragma("omp simd")
#else
#define VECTOR_LOOP
#endif

#endif
