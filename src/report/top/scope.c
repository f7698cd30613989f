/* Over which queries the averages of a table of `lensweep top` are. */
#include "report/top/top.h"

#include "base/mem.h"
#include "base/str.h"

static bool is_asked(const struct scope *s, const struct top *t, size_t i)
{
    return (t->step < 0 || s->step[i] == (double)t->step) &&
           (!t->dataset || str_eq(s->dataset[i], t->dataset));
}

/* Is `i` one of those that `macro` is the mean of? */
static bool covers(const struct scope *s, size_t macro, size_t i)
{
    bool same = str_eq(s->dataset[macro], s->dataset[i]);

    return macro != i && s->template[macro] == -1 && s->step[macro] == s->step[i] &&
           (same ? s->template[i] != -1 : !*s->dataset[macro]);
}

static void choose(struct scope *s, const struct top *t)
{
    for (size_t i = 0; i < s->n; i++) {
        s->chosen[i] = is_asked(s, t, i);
        for (size_t macro = 0; macro < s->n; macro++)
            if (is_asked(s, t, macro) && covers(s, macro, i))
                s->chosen[i] = false;
    }
}

int scope_open(struct scope *s, struct top *t, const char *group, size_t n, struct err *err)
{
    struct h5info d, m, step;

    *s = (struct scope){.n = n};
    if (h5_read_str(t->file, group, "stratum_dataset", &s->dataset, &d, err) ||
        h5_read_f64(t->file, group, "stratum_template", &s->template, &m, err) ||
        h5_read_f64(t->file, group, "stratum_step", &s->step, &step, err))
        return err->code;
    if (d.rank != 1 || m.rank != 1 || step.rank != 1 || d.size[0] != n || m.size[0] != n ||
        step.size[0] != n)
        return err_set(err, ERR_IO, "%s has not the coordinates of %zu averages", group, n);
    s->chosen = arena_alloc(&t->arena, n, sizeof *s->chosen, err);
    if (!s->chosen)
        return err->code;
    choose(s, t);
    return 0;
}

void scope_close(struct scope *s)
{
    mem_free(s->dataset);
    mem_free(s->template);
    mem_free(s->step);
    *s = (struct scope){0};
}

bool scope_same(const struct scope *s, size_t i, size_t k)
{
    return str_eq(s->dataset[i], s->dataset[k]) && s->template[i] == s->template[k];
}

int scope_words(const struct scope *s, size_t i, struct buf *b, struct err *err)
{
    int code = 0;

    if (*s->dataset[i])
        code = buf_printf(b, err, "; %s", s->dataset[i]);
    else if (s->template[i] == -1)
        code = buf_puts(b, "; mean over datasets", err);
    if (!code && s->template[i] == -1 && *s->dataset[i])
        code = buf_puts(b, ", mean over templates", err);
    else if (!code && s->template[i] > 0)
        code = buf_printf(b, err, ", template %.0f", s->template[i]);
    return code;
}
