/* A safetensors file: its header, and every byte that the header says is a tensor's. */
#include "fuzz.h"

#include "base/file.h"
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/safetensors.h"

static volatile unsigned sink;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mapping file = {.data = data, .size = size};
    struct arena a = {0};
    struct err err = {0};
    struct tensors t;
    unsigned sum = 0;

    if (!safetensors_parse(&t, &a, &file, &err))
        for (size_t i = 0; i < t.n; i++)
            for (uint64_t j = 0; j < t.v[i].bytes; j++)
                sum += ((const unsigned char *)t.v[i].data)[j];
    sink = sum;
    arena_release(&a);
    return 0;
}
