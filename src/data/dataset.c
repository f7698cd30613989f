#include "data/dataset.h"

#include "base/file.h"
#include "base/str.h"
#include "data/draws.h"
#include "data/fields.h"
#include "data/fingerprint.h"
#include "data/flags.h"
#include "data/groups.h"
#include "data/load.h"
#include "data/native.h"
#include "data/one_to_many.h"
#include "data/paths.h"
#include "data/settle.h"

#include <stdio.h>
#include <string.h>

static int push(struct loader *l, const struct query *q, const struct draft *d, struct err *err)
{
    size_t cap = l->cap ? 2 * l->cap : 256;

    if (l->n == l->cap) {
        if (mem_grow((void **)&l->query, l->n, cap, sizeof *l->query, err) ||
            mem_grow((void **)&l->draft, l->n, cap, sizeof *l->draft, err))
            return err->code;
        l->cap = cap;
    }
    l->query[l->n] = *q;
    l->draft[l->n++] = *d;
    return 0;
}

/* The parser's message begins with the place, which a problem keeps apart: ":LINE:COLUMN: ". */
static void parse_problem(struct loader *l, const char *msg)
{
    size_t line = 0, column = 1;
    int n = 0;

    if (sscanf(msg, ":%zu:%zu: %n", &line, &column, &n) < 2)
        n = 0;
    msg += n;
    if (strstr(msg, "JSON_ALLOW_NUL")) /* an option of the parser's: not for the reader */
        msg = "invalid JSON: \\u0000 in a string";
    problems_add(l->problems, l->path, l->line_no, column, "%s", msg);
}

/* The line as an object; NULL = it is none, and a problem. */
static json_t *parse_line(struct loader *l)
{
    const char *nul = memchr(l->line, '\0', l->line_n);
    struct err e;
    json_t *v;

    if (l->line_n > LINE_MAX_BYTES) {
        line_problem(l, NULL, NULL, "line of %zu bytes, at most %d are read", l->line_n,
                     LINE_MAX_BYTES);
        return NULL;
    }
    if (nul) {
        problems_add(l->problems, l->path, l->line_no, (size_t)(nul - l->line) + 1,
                     "a NUL byte, expected JSON Lines");
        return NULL;
    }
    v = json_parse(l->line, l->line_n, ERR_CONFIG, "", l->line_no, &e);
    if (!v) {
        parse_problem(l, e.msg);
        return NULL;
    }
    if (json_is_object(v))
        return v;
    line_problem(l, NULL, NULL, "%s, expected an object", json_kind(v));
    json_decref(v);
    return NULL;
}

static bool has_key(const json_t *obj, const char *const *keys)
{
    for (; *keys; keys++)
        if (json_object_get(obj, *keys))
            return true;
    return false;
}

/* What the keys of the file's first object say; FORMAT_AUTO = neither. */
static enum data_format format_of(const json_t *obj)
{
    static const char *const adapter[] = {"query_input_ids", "three_answers_label_list", NULL};
    static const char *const native[] = {"ids", "text", "targets", NULL};

    if (has_key(obj, adapter))
        return FORMAT_ONE_TO_MANY;
    return has_key(obj, native) ? FORMAT_NATIVE : FORMAT_AUTO;
}

static int choose_format(struct loader *l, const json_t *obj, enum data_format *format,
                         struct err *err)
{
    *format = l->opt->format == FORMAT_AUTO ? format_of(obj) : l->opt->format;
    if (*format == FORMAT_ONE_TO_MANY)
        return split_step(l, l->source, err);
    if (*format == FORMAT_AUTO)
        line_problem(l, NULL, NULL,
                     "neither a query (ids or text, and targets) nor a released one-to-many query "
                     "(query_input_ids, three_answers_label_list)");
    return 0;
}

static int read_object(struct loader *l, const json_t *obj, enum data_format format,
                       struct err *err)
{
    struct query q = {.dataset = l->source->dataset, .template = l->source->template};
    struct draft d = {.right = -1};
    int before = l->problems->count;

    q.file = l->file;
    q.line = l->line_no;
    if (format == FORMAT_NATIVE ? native_line(l, obj, &q, &d, err)
                                : one_to_many_line(l, obj, &q, &d, err))
        return err->code;
    if (l->problems->count > before)
        return 0;
    return draft_finish(l, &q, &d, err) || push(l, &q, &d, err) ? err->code : 0;
}

static bool blank(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] != ' ' && s[i] != '\t' && s[i] != '\r')
            return false;
    return true;
}

static int read_lines(struct loader *l, const char *s, size_t size, struct err *err)
{
    enum data_format format = FORMAT_AUTO;
    size_t queries = 0;

    for (size_t at = 0; at < size && (!l->opt->limit || queries < l->opt->limit);
         at += l->line_n + 1) {
        const char *end = memchr(s + at, '\n', size - at);
        json_t *obj;
        int code = 0;

        l->line = s + at;
        l->line_n = end ? (size_t)(end - l->line) : size - at;
        l->line_no++;
        if (blank(l->line, l->line_n))
            continue;
        queries++;
        obj = parse_line(l);
        if (!obj)
            continue;
        if (format == FORMAT_AUTO)
            code = choose_format(l, obj, &format, err);
        if (!code && format != FORMAT_AUTO)
            code = read_object(l, obj, format, err);
        json_decref(obj);
        if (code || format == FORMAT_AUTO) /* one message is enough for a file of another kind */
            return code;
    }
    return 0;
}

static int read_file(struct loader *l, struct err *err)
{
    struct mapping m;
    const char *s;
    size_t n;
    int code;

    l->line_no = 0;
    if (file_map(&m, l->path, err))
        return err->code;
    s = (const char *)m.data;
    n = m.size;
    if (n >= 3 && !memcmp(s, "\xef\xbb\xbf", 3)) { /* a byte order mark, from an editor */
        s += 3;
        n -= 3;
    }
    code = read_lines(l, s, n, err);
    file_unmap(&m);
    return code;
}

static int read_files(struct loader *l, const char *const *paths, size_t n, struct err *err)
{
    struct source *sources;

    if (find_files(l, paths, n, &sources, err))
        return err->code;
    for (l->file = 0; l->file < l->ds->n_files; l->file++) {
        l->source = &sources[l->file];
        l->path = l->ds->file[l->file];
        if (read_file(l, err))
            return err->code;
    }
    if (check_sources(l, sources, err))
        return err->code;
    if (!l->n && !l->problems->count)
        problems_add(l->problems, n ? paths[0] : "data", 0, 0, "no query: the dataset is empty");
    return 0;
}

/* The two names that every query has. */
static int first_names(struct loader *l, struct err *err)
{
    err_clear(err);
    l->ds->span_name = arena_alloc(&l->ds->arena, NAMES_MAX, sizeof *l->ds->span_name, err);
    l->ds->target_name = arena_alloc(&l->ds->arena, NAMES_MAX, sizeof *l->ds->target_name, err);
    if (l->ds->span_name && l->ds->target_name && span_index(l, "first", NULL, err) >= 0)
        span_index(l, "last", NULL, err);
    return err->code;
}

int dataset_load(struct dataset *ds, const char *const *paths, size_t n_paths,
                 const struct data_options *opt, const struct codec *codec,
                 struct problems *problems, struct err *err)
{
    static const struct codec none = {.bos = -1};
    struct loader l = {.ds = ds, .opt = opt, .codec = codec ? codec : &none, .problems = problems};
    int code;

    memset(ds, 0, sizeof *ds);
    if (opt->add_bos && l.codec->bos < 0)
        problems_add(problems, "data", 0, 0,
                     "add_bos is set, but there is no tokenizer with a BOS");
    code = first_names(&l, err) || read_files(&l, paths, n_paths, err) || settle(&l, err) ||
                   group_queries(&l, err) || flag_queries(&l, err) || draw_controls(&l, err) ||
                   draw_counterfactuals(&l, err) || fingerprint_queries(&l, err)
               ? err->code
               : 0;
    mem_free(l.query);
    mem_free(l.draft);
    mem_free(l.group);
    arena_release(&l.scratch);
    if (code)
        dataset_release(ds);
    return code;
}

void dataset_release(struct dataset *ds)
{
    arena_release(&ds->arena);
    memset(ds, 0, sizeof *ds);
}

static int find_name(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], name))
            return (int)i;
    return -1;
}

bool query_same_group(const struct query *a, const struct query *b)
{
    return a->template == b->template && a->step == b->step && str_eq(a->dataset, b->dataset);
}

int dataset_span(const struct dataset *ds, const char *name)
{
    return find_name(ds->span_name, ds->n_spans, name);
}

int dataset_target(const struct dataset *ds, const char *name)
{
    return find_name(ds->target_name, ds->n_targets, name);
}
