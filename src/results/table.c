#include "results/table.h"

size_t vtype_size(enum vtype t)
{
    switch (t) {
    case V_I1:
        return sizeof(int8_t);
    case V_I4:
        return sizeof(int32_t);
    case V_I8:
        return sizeof(int64_t);
    case V_F32:
        return sizeof(float);
    case V_F64:
        return sizeof(double);
    case V_STR:
        return sizeof(char *);
    }
    return 0;
}
