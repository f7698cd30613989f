#include "base/isa.h"

#include "base/str.h"

#include <stdatomic.h>
#include <stdlib.h>

static const char *const words[] = {
#define X(name, word) #word,
    ISAS(X)
#undef X
};

const char *isa_name(enum isa isa)
{
    return words[isa];
}

#if defined(__x86_64__) && defined(__GNUC__)
bool isa_available(enum isa isa)
{
    __builtin_cpu_init();
    switch (isa) {
    case ISA_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
               isa_available(ISA_AVX2);
    case ISA_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    default:
        return isa == ISA_PORTABLE;
    }
}
#else
bool isa_available(enum isa isa)
{
    return isa < ISA_COUNT;
}
#endif

static enum isa fastest(void)
{
    int isa = ISA_COUNT - 1;

    while (!isa_available((enum isa)isa))
        isa--;
    return (enum isa)isa;
}

static atomic_int chosen = -1;

enum isa isa_get(void)
{
    int isa = atomic_load_explicit(&chosen, memory_order_relaxed);

    if (isa < 0) {
        isa = (int)fastest();
        atomic_store_explicit(&chosen, isa, memory_order_relaxed);
    }
    return (enum isa)isa;
}

void isa_set(enum isa isa)
{
    atomic_store_explicit(&chosen, (int)isa, memory_order_relaxed);
}

int isa_init(struct err *err)
{
    const char *word = getenv("LENSWEEP_ISA"), *near;

    if (!word || !*word)
        return 0;
    for (int i = 0; i < ISA_COUNT; i++) {
        if (!str_eq(word, words[i]))
            continue;
        if (!isa_available((enum isa)i))
            return err_set(err, ERR_CONFIG, "LENSWEEP_ISA=%s: this processor does not have it",
                           word);
        isa_set((enum isa)i);
        return 0;
    }
    near = str_did_you_mean(word, words, ISA_COUNT);
    return err_set(err, ERR_CONFIG,
                   "LENSWEEP_ISA=%s is not an instruction set that this program knows%s%s%s", word,
                   near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
}
