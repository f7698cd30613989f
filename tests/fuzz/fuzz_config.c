/* A config.json. */
#include "fuzz.h"

#include "model/arch.h"
#include "model/arch_json.h"
#include "model/rope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    struct arch_config c;
    struct arena a = {0};
    float frequencies[HEAD_DIM_MAX / 2];
    json_t *j = json_parse((const char *)data, size, ERR_FORMAT, "config.json", 1, &err);

    if (j && !config_from_json(&c, j, &a, &err))
        for (int i = 0; i <= c.ropes; i++)
            rope_frequencies(&c.rope[i], c.shape.max_positions, frequencies, &err);
    arena_release(&a);
    json_decref(j);
    return 0;
}
