#include "cluster/turn.h"

int turn_next(const int *in_flight, int size, size_t left)
{
    for (int has = 0; left && has < TURN_AHEAD; has++)
        for (int r = 0; r < size && (!has || left >= (size_t)size); r++)
            if (in_flight[r] <= has)
                return r;
    return -1;
}
