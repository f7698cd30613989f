#include "results/keeper.h"

static bool keep(void *keeper)
{
    struct keeper *k = keeper;

    k->lock->touched -= LOCK_TOUCH; /* it is due */
    return !lock_touch(k->lock, &k->lost);
}

int keeper_start(struct keeper *k, struct lock *l, struct err *err)
{
    *k = (struct keeper){.ticker = {.act = keep, .ctx = k, .seconds = LOCK_TOUCH}, .lock = l};
    err_clear(&k->lost);
    return ticker_start(&k->ticker, err);
}

int keeper_stop(struct keeper *k, struct err *err)
{
    if (ticker_stop(&k->ticker) && !k->lost.code)
        lock_check(k->lock, &k->lost);
    if (k->lost.code && !err->code)
        *err = k->lost;
    return err->code;
}
