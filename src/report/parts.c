#include "report/parts.h"

#include "base/str.h"

/* Queries of one dataset, template and step that have numbers. */
struct part_count {
    const char *dataset;
    int template, step;
    bool first; /* of its dataset in the step */
    size_t n;
};

struct part_list {
    struct part_count *v;
    size_t n, max;
};

static int count(struct part_list *l, struct arena *a, struct part_count one, struct err *err)
{
    one.first = true;
    for (size_t i = 0; i < l->n; i++) {
        struct part_count *p = &l->v[i];

        if (p->step != one.step || !str_eq(p->dataset, one.dataset))
            continue;
        one.first = false;
        if (p->template == one.template) {
            p->n++;
            return 0;
        }
    }
    if (arena_grow(a, &l->v, l->n, &l->max, sizeof *l->v, err))
        return err->code;
    one.n = 1;
    l->v[l->n++] = one;
    return 0;
}

static int list_parts(struct part_list *l, struct result *r, const char *group, struct err *err)
{
    const size_t n = result_size(r, group, "status");
    const char **status, **dataset;
    double *template, *step;

    if (!n || !result_size(r, group, "dataset"))
        return 0;
    if (result_text(r, group, "status", n, &status, err) ||
        result_text(r, group, "dataset", n, &dataset, err) ||
        result_numbers(r, group, "template", n, &template, err) ||
        result_numbers(r, group, "step", n, &step, err))
        return err->code;
    for (size_t q = 0; q < n && !err->code; q++)
        if (str_eq(status[q], "ok"))
            count(l, &r->arena,
                  (struct part_count){dataset[q], (int)template[q], (int)step[q], false, 0}, err);
    return err->code;
}

static void measure(struct parts *p, const struct part_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct part_count *one = &l->v[i];
        size_t templates = 0, datasets = 0, most = 0;

        for (size_t k = 0; k < l->n; k++) {
            const struct part_count *other = &l->v[k];

            if (other->step != one->step)
                continue;
            templates += str_eq(other->dataset, one->dataset);
            datasets += other->first;
            most = other->n > most ? other->n : most;
        }
        p->templates = templates > p->templates ? templates : p->templates;
        p->datasets = datasets > p->datasets ? datasets : p->datasets;
        if (!p->least || one->n * p->most < p->least * most) {
            p->dataset = one->dataset;
            p->template = one->template;
            p->least = one->n;
            p->most = most;
        }
    }
}

int parts_read(struct parts *p, const struct finding *f, struct result *r, const char *group,
               struct err *err)
{
    struct part_list l = {0};

    *p = (struct parts){.templates = 1, .datasets = 1, .dataset = ""};
    if (f->value.of_model || list_parts(&l, r, group, err))
        return err->code;
    measure(p, &l);
    return 0;
}

bool parts_several(const struct parts *p)
{
    return p->templates * p->datasets > 1;
}

bool parts_uneven(const struct parts *p)
{
    return parts_several(p) && p->least < FEW_DATA && 2 * p->least <= p->most;
}

int parts_least(const struct parts *p, struct buf *out, struct err *err)
{
    char name[STR_NAME];

    if (p->datasets > 1)
        buf_printf(out, err, "%s", *p->dataset ? str_name(name, p->dataset) : "the rest");
    if (p->templates > 1)
        buf_printf(out, err, "%stemplate %d", p->datasets > 1 ? ", " : "", p->template);
    return buf_printf(out, err, " has %zu %s only", p->least,
                      str_noun(p->least, "query", "queries"));
}

int parts_text(const struct parts *p, struct buf *out, struct err *err)
{
    buf_puts(out, "means ", err);
    if (p->datasets > 1)
        buf_printf(out, err, "of the means of %zu datasets%s", p->datasets,
                   p->templates > 1 ? ", and in these of templates" : "");
    else if (p->templates > 1)
        buf_printf(out, err, "of the means of %zu templates", p->templates);
    else
        buf_puts(out, "over queries", err);
    if (!parts_uneven(p))
        return err->code;
    buf_puts(out, " (", err);
    parts_least(p, out, err);
    return buf_puts(out, ")", err);
}
