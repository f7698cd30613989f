#include "data/groups.h"

#include "base/str.h"
#include "data/fingerprint.h"
#include <stdlib.h>
#include <string.h>

/* A query's dataset and item, for sorting. */
struct label {
    const char *set, *item;
    size_t q;
};

static int by_label(const void *a, const void *b)
{
    const struct label *x = a, *y = b;
    int d = strcmp(x->set, y->set);

    return d ? d : strcmp(x->item, y->item);
}

static int draw_key(const struct query *q, struct buf *b, uint64_t *key, struct err *err)
{
    buf_clear(b);
    if (put_text(b, q->dataset, err) || put_text(b, q->item, err) ||
        buf_u64(b, (uint64_t)q->template, err))
        return err->code;
    *key = hash_u64(b->data, b->len);
    return 0;
}

static void find_numbered(struct loader *l)
{
    for (size_t i = 0; i < l->n; i++)
        for (size_t t = 0; t < l->ds->n_targets; t++)
            if (l->ds->query[i].target[t] >= 0 && !strncmp(l->ds->target_name[t], "answer_", 7))
                l->numbered[l->group[i].set] = 1;
}

bool is_answer(const struct loader *l, int set, int target)
{
    const char *name = l->ds->target_name[target];

    return l->numbered[set] ? !strncmp(name, "answer_", 7) : !str_eq(name, "subject");
}

int group_queries(struct loader *l, struct err *err)
{
    struct label *label = mem_alloc(l->n, sizeof *label, err);
    int set = 0, item = 0, code = 0;
    struct buf b = {0};

    l->group = label ? mem_alloc(l->n, sizeof *l->group, err) : NULL;
    l->numbered = l->group ? arena_alloc(&l->scratch, l->n, 1, err) : NULL;
    if (!l->numbered) {
        code = err->code;
        goto out;
    }
    for (size_t i = 0; i < l->n; i++)
        label[i] = (struct label){l->ds->query[i].dataset, l->ds->query[i].item, i};
    qsort(label, l->n, sizeof *label, by_label);
    for (size_t i = 0; i < l->n && !code; i++) {
        if (i && by_label(&label[i - 1], &label[i])) {
            item++;
            set += !str_eq(label[i - 1].set, label[i].set);
        }
        l->group[label[i].q] = (struct group){set, item, 0, NULL};
        code = draw_key(&l->ds->query[label[i].q], &b, &l->group[label[i].q].key, err);
    }
    find_numbered(l);
out:
    buf_release(&b);
    mem_free(label);
    return code;
}
