#include "campaign/bad.h"

#include "campaign/campaign.h"
#include "campaign/cut.h"

/* The group `queries`, the first, is computed for every query: its word holds for all. */
bool unit_finds_bad(const struct campaign *c, uint64_t u, const void *rows, size_t n)
{
    struct cursor at = {rows, n, 0, 0};

    return c->unit[u].work == UNIT_CELLS && c->unit[u].experiment == 0 && cursor_u32(&at) != 0 &&
           !at.bad;
}

int campaign_bad(const struct campaign *c, struct journal *j, unsigned char *bad, size_t *n,
                 struct err *err)
{
    struct buf rows = {0};

    for (size_t q = 0; q < c->data.n; q++)
        bad[q] = c->data.query[q].status != NULL;
    for (size_t u = c->n_survey; u < c->n_units && c->unit[u].experiment == 0; u++) {
        if (!journal_has(j, c->unit[u].key))
            continue;
        buf_clear(&rows);
        if (journal_read(j, c->unit[u].key, &rows, err))
            break;
        bad[c->unit[u].query] |= unit_finds_bad(c, u, rows.data, rows.len);
    }
    buf_release(&rows);
    *n = 0;
    for (size_t q = 0; q < c->data.n; q++)
        *n += bad[q];
    return err->code;
}
