#include "data/load.h"

#include "base/rng.h"
#include "base/str.h"
#include "data/draws.h"
#include "data/fields.h"
#include "data/fingerprint.h"
#include "data/flags.h"
#include "data/format.h"
#include "data/groups.h"
#include "data/native.h"
#include "data/paths.h"
#include "data/records.h"
#include "data/settle.h"
#include "data/text.h"

#include <stdio.h>
#include <string.h>

void query_begin(struct loader *l)
{
    l->q = (struct query){.dataset = l->source->dataset,
                          .template = l->source->template,
                          .file = l->file,
                          .line = l->line_no};
    l->d = (struct draft){.right = -1};
    l->problems_before = l->problems->count;
}

int query_end(struct loader *l, struct err *err)
{
    if (l->problems->count > l->problems_before ||
        (l->opt->limit && l->n - l->before >= l->opt->limit))
        return 0;
    if (check_spelling(l, err) || draft_finish(l, err) ||
        mem_room(&l->query, l->n, &l->query_cap, sizeof l->q, err) ||
        mem_room(&l->draft, l->n, &l->draft_cap, sizeof l->d, err))
        return err->code;
    l->q.number = l->n - l->before + 1;
    l->query[l->n] = l->q;
    l->draft[l->n++] = l->d;
    return 0;
}

/* The keys that are there, and which of them have another name here. */
static void unknown_form(struct loader *l, json_t *record)
{
    enum { ROOM = 200 };
    char keys[ROOM] = "", hints[ROOM] = "";
    size_t k = 0, h = 0;
    const char *key;
    json_t *value;

    json_object_foreach(record, key, value)
    {
        const char *usual = data_usual_key(key);

        if (k < ROOM)
            k += (size_t)snprintf(keys + k, ROOM - k, "%s%s", k ? ", " : "", key);
        if (usual && h < ROOM)
            h += (size_t)snprintf(hints + h, ROOM - h, "%s%s for %s", h ? ", " : " (did you mean ",
                                  usual, key);
    }
    line_problem(
        l, NULL, NULL,
        "the keys %s are of no format that is known%s%s: expected a query (ids, text or "
        "messages, and targets or answers), a form that lensweep help data lists, or a table "
        "of facts for lensweep curate",
        keys, hints, h ? "?)" : "");
}

static int choose_format(struct loader *l, json_t *record, const struct format **format,
                         struct err *err)
{
    bool open = !l->opt->format || str_eq(l->opt->format, "auto");

    *format = open ? format_of(record) : format_find(l->opt->format);
    if (*format == &format_one_to_many)
        return split_step(l, l->source, err);
    if (!*format)
        unknown_form(l, record);
    return 0;
}

static int read_file(struct loader *l, struct err *err)
{
    const struct format *format = NULL;
    struct records r;
    json_t *record;
    int code = 0;

    if (records_open(&r, l, err))
        return err->code;
    l->before = l->n;
    while (!code && (!l->opt->limit || l->n - l->before < l->opt->limit)) {
        if (records_next(&r, &record, err) || !record)
            break;
        if (!format)
            code = choose_format(l, record, &format, err);
        if (format && !code)
            code = format->read(l, record, err);
        json_decref(record);
        if (!format) /* one message is enough for a file of another kind */
            break;
    }
    records_close(&r);
    return err->code;
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

enum { TOKENS = 25 }; /* that stand twice */

/* FIRST r1 .. rn r1 .. r(n-1), after which comes rn as after the earlier r(n-1). */
static json_t *sequence(const struct loader *l, size_t number)
{
    struct rng r = rng_for(l->opt->seed, number, "random sequences");
    json_t *ids = json_array();
    int32_t id[TOKENS + 1];
    char item[32];

    for (int i = 0; i <= TOKENS; i++)
        id[i] = (int32_t)rng_below(&r, (uint64_t)l->opt->vocab);
    if (l->codec->bos >= 0)
        id[0] = l->codec->bos;
    for (int i = 0; i < 2 * TOKENS; i++)
        json_array_append_new(ids, json_integer(id[i > TOKENS ? i - TOKENS : i]));
    snprintf(item, sizeof item, "sequence %zu", number);
    return json_pack("{s:o, s:s, s:s, s:{s:[i,i], s:[i,i]}, s:{s:i}}", "ids", ids, "item", item,
                     "dataset", "sequences", "spans", "earlier", TOKENS - 1, TOKENS, "copied",
                     TOKENS, TOKENS + 1, "targets", "copied", id[TOKENS]);
}

/* Queries that no file has, of random tokens that stand twice, each an item: its target `copied`,
   and the spans `copied`, that token's earlier place, and `earlier`, the last token's. */
static int make_sequences(struct loader *l, struct err *err)
{
    static const char *name[] = {"random tokens that stand twice"};
    static struct source source = {.path = "", .dataset = "sequences"};

    l->ds->file = name;
    l->ds->n_files = 1;
    l->source = &source;
    l->path = name[0];
    l->line = "";
    for (size_t i = 0; i < l->opt->sequences && !err->code; i++) {
        json_t *record = sequence(l, i);

        l->line_no = i + 1;
        if (!record)
            return err_set(err, ERR_MEMORY, "no memory for %zu sequences", l->opt->sequences);
        native_read(l, record, NULL, err);
        json_decref(record);
    }
    return err->code;
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
    code = first_names(&l, err) ||
                   (n_paths ? read_files(&l, paths, n_paths, err) : make_sequences(&l, err)) ||
                   settle_queries(&l, err) || group_queries(&l, err) ||
                   fingerprint_origin(&l, err) ||
                   (opt->shuffled_targets && shuffle_targets(&l, err)) || flag_queries(&l, err) ||
                   draw_controls(&l, err) || draw_counterfactuals(&l, err) ||
                   fingerprint_queries(&l, err)
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
    size_t i = str_index(names, n, name);

    return i < n ? (int)i : -1;
}

bool query_same_group(const struct query *a, const struct query *b)
{
    return a->template == b->template && a->step == b->step && str_eq(a->dataset, b->dataset);
}

size_t dataset_bad(const struct dataset *ds)
{
    size_t bad = 0;

    for (size_t q = 0; q < ds->n; q++)
        bad += ds->query[q].status != NULL;
    return bad;
}

int dataset_span(const struct dataset *ds, const char *name)
{
    return find_name(ds->span_name, ds->n_spans, name);
}

int dataset_target(const struct dataset *ds, const char *name)
{
    return find_name(ds->target_name, ds->n_targets, name);
}
