#include "campaign/left_out.h"

#include "campaign/campaign.h"
#include "campaign/cut.h"

bool unit_left_out(const void *rows, size_t n)
{
    struct cursor c = {rows, n, 0, 0};

    return cursor_u32(&c) != 0 && !c.bad;
}

int campaign_left_out(const struct campaign *c, struct journal *j, unsigned char *left_out,
                      size_t *n, struct err *err)
{
    struct buf rows = {0};

    for (size_t q = 0; q < c->data.n; q++)
        left_out[q] = c->data.query[q].status != NULL;
    for (size_t i = c->n_survey; i < c->n_units && c->unit[i].experiment == 0; i++) {
        if (!journal_has(j, c->unit[i].key))
            continue;
        buf_clear(&rows);
        if (journal_read(j, c->unit[i].key, &rows, err))
            break;
        left_out[c->unit[i].query] |= unit_left_out(rows.data, rows.len);
    }
    buf_release(&rows);
    *n = 0;
    for (size_t q = 0; q < c->data.n; q++)
        *n += left_out[q];
    return err->code;
}
