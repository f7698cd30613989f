#include "data/facts.h"

#include "base/str.h"
#include "data/fields.h"
#include "data/format.h"
#include "data/recast.h"
#include "data/records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One pair as the file has it. */
struct fact_row {
    const char *subject, *article, *object, *aliases;
    size_t line, order;
};

struct fact_rows {
    struct facts *f;
    struct loader *l;
    struct fact_row *v;
    size_t n, cap;
};

/* Without the white space around it; "" of NULL. */
static const char *trimmed(struct fact_rows *p, const char *s, struct err *err)
{
    size_t n;

    s = s ? s + strspn(s, " \t\r\n") : "";
    n = strlen(s);
    while (n && strchr(" \t\r\n", s[n - 1]))
        n--;
    return arena_strndup(&p->f->arena, s, n, err);
}

static int add_pair(struct fact_rows *p, const char *subject, const char *article,
                    const char *object, const char *aliases, struct err *err)
{
    struct fact_row pair = {.line = p->l->line_no, .order = p->n};

    pair.subject = trimmed(p, subject, err);
    pair.article = trimmed(p, article, err);
    pair.object = trimmed(p, object, err);
    pair.aliases = trimmed(p, aliases, err);
    if (!pair.subject || !pair.article || !pair.object || !pair.aliases)
        return err->code;
    if (!*pair.subject || !*pair.object)
        line_problem(p->l, NULL, NULL, "the %s is empty", *pair.subject ? "object" : "subject");
    else if (strchr(pair.object, '|') || strpbrk(pair.object, "\n\r") ||
             strpbrk(pair.subject, "\n\r"))
        line_problem(p->l, NULL, NULL,
                     "a name must not hold a line break, nor an object \"|\", which separates "
                     "aliases");
    else if (arena_grow(&p->f->arena, &p->v, p->n, &p->cap, sizeof *p->v, err))
        return err->code;
    else
        p->v[p->n++] = pair;
    return 0;
}

/* NULL: there is none. */
static const char *text_of(const json_t *record, const char *key)
{
    return json_string_value(json_object_get(record, key));
}

/* A record of a format that has facts, without articles and aliases; *known = it is one. */
static int read_other(struct fact_rows *p, const json_t *record, bool *known, struct err *err)
{
    const struct format *format = format_of(record);
    const json_t *rewrite = json_object_get(record, "requested_rewrite"), *pair;
    size_t i;

    *known = true;
    if (format == &format_known)
        return add_pair(p, text_of(record, "subject"), NULL, text_of(record, "attribute"), NULL,
                        err);
    if (format == &format_counterfact)
        return add_pair(p, text_of(rewrite, "subject"), NULL,
                        text_of(json_object_get(rewrite, "target_true"), "str"), NULL, err);
    *known = format == &format_relation;
    json_array_foreach(*known ? json_object_get(record, "samples") : NULL, i, pair)
    {
        if (add_pair(p, text_of(pair, "subject"), NULL, text_of(pair, "object"), NULL, err))
            return err->code;
    }
    return 0;
}

/* No record of the file has facts: what it has in their place. */
static void not_facts(struct fact_rows *p, const struct records *r)
{
    char have[ERR_MESSAGE / 2] = "";
    size_t n = 0;

    if (r->form != RECORDS_CSV) {
        line_problem(p->l, NULL, NULL,
                     "no facts: expected keys subject and object, or one of the forms counterfact, "
                     "known, relation");
        return;
    }
    for (size_t i = 0; i < r->header.n && n < sizeof have; i++)
        n += (size_t)snprintf(have + n, sizeof have - n, "%s\"%s\"", i ? ", " : "",
                              r->header.field[i]);
    problems_add(p->l->problems, p->l->path, r->header.line, 1,
                 "no facts: expected a header with subject and object, so written; it is %s", have);
}

/* *stop: the file is of another kind, and one message is enough. */
static int read_record(struct fact_rows *p, const struct records *r, const json_t *record,
                       bool *stop, struct err *err)
{
    bool known = false;

    if (json_object_get(record, "subject") && json_object_get(record, "object")) {
        const char *subject = need_text(p->l, record, "subject");
        const char *object = need_text(p->l, record, "object");

        return subject && object ? add_pair(p, subject, text_of(record, "article"), object,
                                            text_of(record, "object_aliases"), err)
                                 : 0;
    }
    if (read_other(p, record, &known, err))
        return err->code;
    if (!known)
        not_facts(p, r);
    *stop = !known;
    return 0;
}

/* The first column whose name is nearly one of ours: it is passed over as all others are. */
static void look_at_columns(struct fact_rows *p, const struct records *r, struct err *err)
{
    static const char *const ours[] = {"subject", "object", "object_aliases", "article"};

    for (size_t i = 0; r->form == RECORDS_CSV && i < r->header.n && !p->f->misspelt; i++) {
        const char *name = r->header.field[i],
                   *near = str_did_you_mean(name, ours, sizeof ours / sizeof *ours);

        if (near && !str_eq(near, name))
            p->f->misspelt = arena_printf(
                &p->f->arena, err, "%s:%zu: the column \"%s\" is not read (did you mean %s?)",
                p->l->path, r->header.line, name, near);
    }
}

static int read_file(struct fact_rows *p, struct err *err)
{
    struct records r;
    json_t *record;
    bool stop = false;

    if (records_open(&r, p->l, err))
        return err->code;
    p->f->notes = arena_strndup(&p->f->arena, r.notes, r.n_notes, err);
    while (!err->code && !stop && !records_next(&r, &record, err) && record) {
        read_record(p, &r, record, &stop, err);
        json_decref(record);
    }
    look_at_columns(p, &r, err);
    records_close(&r);
    return err->code;
}

static int by_subject(const void *a, const void *b)
{
    const struct fact_row *x = a, *y = b;
    int d = strcmp(x->subject, y->subject);

    return d ? d : compare((int64_t)x->order, (int64_t)y->order);
}

static int by_order(const void *a, const void *b)
{
    return compare((int64_t)((const struct fact_subject *)a)->order,
                   (int64_t)((const struct fact_subject *)b)->order);
}

static int split_aliases(struct facts *f, struct fact_object *o, const char *text, struct err *err)
{
    size_t n = 1;

    for (const char *s = text; *s; s++)
        n += *s == '|';
    o->alias = arena_alloc(&f->arena, n, sizeof *o->alias, err);
    for (const char *s = text; o->alias && *s;) {
        size_t length = strcspn(s, "|");
        const char *alias = arena_strndup(&f->arena, s, length, err);

        if (!alias)
            return err->code;
        if (length)
            o->alias[o->n_aliases++] = alias;
        s += length + (s[length] == '|');
    }
    return o->alias ? 0 : err->code;
}

static bool has_object(const struct fact_subject *s, const char *name)
{
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(s->object[i].name, name))
            return true;
    return false;
}

/* Rows [0, n) are one subject's. The order of subjects is that of their first rows. */
static int add_subject(struct fact_rows *p, const struct fact_row *row, size_t n, struct err *err)
{
    struct facts *f = p->f;
    struct fact_subject *s = &f->subject[f->n++];

    *s = (struct fact_subject){row->subject, row->article, NULL, 0, row->order};
    s->object = arena_alloc(&f->arena, n, sizeof *s->object, err);
    for (size_t i = 0; s->object && i < n; i++) {
        if (has_object(s, row[i].object)) {
            if (!f->n_duplicates++)
                f->duplicate = arena_printf(&f->arena, err, "%s:%zu: %s, %s", p->l->path,
                                            row[i].line, row[i].subject, row[i].object);
            continue;
        }
        s->object[s->n].name = row[i].object;
        if (split_aliases(f, &s->object[s->n++], row[i].aliases, err))
            return err->code;
    }
    return err->code;
}

static int group(struct fact_rows *p, struct err *err)
{
    struct facts *f = p->f;

    f->n_rows = p->n;
    f->subject = arena_alloc(&f->arena, p->n, sizeof *f->subject, err);
    if (!f->subject || !p->n)
        return err->code;
    qsort(p->v, p->n, sizeof *p->v, by_subject);
    for (size_t i = 0, end; i < p->n; i = end) {
        for (end = i + 1; end < p->n && str_eq(p->v[i].subject, p->v[end].subject);)
            end++;
        if (add_subject(p, &p->v[i], end - i, err))
            return err->code;
    }
    qsort(f->subject, f->n, sizeof *f->subject, by_order);
    return 0;
}

static int take_fingerprint(struct facts *f, struct err *err)
{
    struct buf b = {0};

    for (size_t i = 0; i < f->n && !err->code; i++) {
        buf_printf(&b, err, "%s\n%s\n", f->subject[i].name, f->subject[i].article);
        for (size_t k = 0; k < f->subject[i].n && !err->code; k++) {
            const struct fact_object *o = &f->subject[i].object[k];

            buf_printf(&b, err, "\t%s\n", o->name);
            for (size_t a = 0; a < o->n_aliases && !err->code; a++)
                buf_printf(&b, err, "\t\t%s\n", o->alias[a]);
        }
    }
    f->fingerprint = hash_bytes(b.len ? b.data : "", b.len);
    buf_release(&b);
    return err->code;
}

int facts_load(struct facts *f, const char *path, struct problems *problems, struct err *err)
{
    static const struct data_options options = {0};
    static const struct codec none = {.bos = -1};
    struct loader l = {.opt = &options, .codec = &none, .problems = problems, .path = path};
    struct fact_rows p = {.f = f, .l = &l};

    memset(f, 0, sizeof *f);
    err_clear(err);
    if (!read_file(&p, err) && !problems->count && !p.n)
        problems_add(problems, path, 0, 0, "no facts: the file is empty, or has only a header");
    if (!err->code && !group(&p, err))
        take_fingerprint(f, err);
    arena_release(&l.scratch);
    if (err->code)
        facts_release(f);
    return err->code;
}

void facts_release(struct facts *f)
{
    arena_release(&f->arena);
    memset(f, 0, sizeof *f);
}
