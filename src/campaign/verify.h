/*
 * A finished result, looked at again: cells drawn from it are computed anew from model and data, as
 * the run did, and compared with what the file has, bit for bit.
 *
 *     int check(struct campaign *c, const char *path, struct err *err)
 *     {
 *         struct verified v;
 *
 *         verify_result(&v, c, path, 100, 1, err);        // of 100 cells
 *         if (!err->code && v.differ)
 *             err_set(err, ERR_DIFFERS, "%s of query %zu", v.difference[0].variable,
 *                     v.difference[0].query);
 *         verify_release(&v);                             // also after an error
 *         return err->code;
 *     }
 */
#ifndef LENSWEEP_CAMPAIGN_VERIFY_H
#define LENSWEEP_CAMPAIGN_VERIFY_H

#include "campaign/campaign.h"
#include "results/result.h"

enum { VERIFY_NAMED = 20 }; /* differences that are named */

struct difference {
    const char *variable; /* "decode/logit" */
    size_t query;
    const char *item, *place; /* "layer 3, target answer_1"; "" = the query itself */
    const char *file, *anew;  /* both values, as text */
};

struct verified {
    uint64_t cells, units, values; /* that were drawn, computed, compared */
    uint64_t differ;               /* values */
    struct difference difference[VERIFY_NAMED];
    struct arena arena; /* holds the texts */
};

/* Is a result of this campaign's model, data and config? ERR_CONFIG says what is not. */
int verify_origin(struct result *r, const struct campaign *c, struct err *err);

/* c: opened and cut, with the model, data and config of the file. ERR_CONFIG if the file says that
   it was made of others, and which. Cells of queries that a partial file does not have are passed
   over. Surveys of the data are computed anew as well, and what is made of the
   drawn queries' values when results are written, but texts, which are spelled from ids. */
int verify_result(struct verified *v, struct campaign *c, const char *path, uint64_t cells,
                  uint64_t seed, struct err *err);
void verify_release(struct verified *v);

#endif
