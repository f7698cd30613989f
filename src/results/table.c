#include "results/table.h"

static const struct {
    const char *name;
    size_t size;
} types[] = {
    [V_I1] = {"i1", sizeof(int8_t)},  [V_I4] = {"i4", sizeof(int32_t)},
    [V_I8] = {"i8", sizeof(int64_t)}, [V_F32] = {"f4", sizeof(float)},
    [V_F64] = {"f8", sizeof(double)}, [V_STR] = {"str", sizeof(char *)},
};

size_t vtype_size(enum vtype t)
{
    return types[t].size;
}

const char *vtype_name(enum vtype t)
{
    return types[t].name;
}
