/*
 * Curation from beginning to end: every rank reads config, facts and the model's header, and they
 * agree; rank 0 hands out the blocks of prompts that the journal does not have yet, and then
 * selects and writes.
 */
#include "cli/curate.h"
#include "cli/command.h"
#include "cli/run/hosts.h"
#include "cli/run/session.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json_write.h"
#include "base/outdir.h"
#include "base/str.h"
#include "curation/curation.h"
#include "model/identity.h"

#include <stdio.h>

/* What a run has of a session serves here as well: lock, journal, progress, signals. */
struct curating {
    struct session session; /* first: session.h */
    struct curation c;
    char *hashes;
    uint64_t *todo; /* rank 0: (n_todo) units that the journal does not have */
    size_t n_todo;
};

static struct hash key_of(void *curating, size_t unit)
{
    return ((struct curating *)curating)->c.key[unit];
}

static int open_all(struct curating *r, struct err *err)
{
    const struct job_options *o = &r->session.options;
    struct problems problems = {0};
    bool known;

    curation_open(&r->c, o->config, o->set.v, o->set.n, false, &problems, err);
    if (session_problems(&r->session, &problems, err))
        return err->code;
    r->session.campaign.config.run = r->c.config.run; /* for the signals' time limit */
    r->session.threads = hosts_threads(&r->session.cluster, (int)r->c.config.run.threads);
    r->hashes = file_join(&r->session.arena, r->c.config.output, OUTDIR_HASHES, err);
    known = !err->code && r->c.config.model.check == CHECK_REMEMBERED &&
            identity_recall(r->c.model, r->hashes, err);
    if (session_identify(&r->session, r->c.model, known, err))
        return err->code;
    curation_start(&r->c, r->session.threads, err);
    return session_same_work(&r->session, key_of, r, r->c.n_units,
                             "give all ranks the same config, facts and model", err);
}

/* The names of the files follow from these keys: those of an earlier start would stay beside those
   of now, and be read as data with them. */
static const char *const naming[] = {"dataset", "answers", "splits"};
enum { NAMING = sizeof naming / sizeof *naming };

struct naming_values {
    const char *value[NAMING];
    struct arena *a;
};

static int note_name(void *to, const struct config_key *key, struct err *err)
{
    struct naming_values *values = to;
    size_t i = str_eq(key->section, "curate") ? str_index(naming, NAMING, key->key) : NAMING;

    if (i < NAMING)
        values->value[i] = arena_strdup(values->a, key->value, err);
    return err->code;
}

/* path: the config that an earlier start has left in the output. */
static int check_names(const struct curating *r, const char *path, struct arena *a, struct err *err)
{
    struct naming_values was = {.a = a}, is = {.a = a};
    struct problems problems = {0};
    struct config c = {0};

    if (!config_load(&c, path, NULL, 0, NULL, 0, &problems, err) &&
        !report_problems(&problems, err) && !config_each(&c, note_name, &was, err))
        config_each(&r->c.config, note_name, &is, err);
    config_release(&c);
    for (size_t i = 0; i < NAMING && !err->code; i++)
        if (!str_eq(was.value[i], is.value[i]))
            err_set(err, ERR_CONFIG,
                    "curate.%s changed: it was %s when this output was begun and is %s now, and "
                    "its files would stay beside the new ones; take another output, or remove this "
                    "one",
                    naming[i], was.value[i], is.value[i]);
    return err->code;
}

/* Rank 0: the output directory, and what earlier starts have left in it. */
static int claim(struct curating *r, struct err *err)
{
    struct session *s = &r->session;
    const char *out = r->c.config.output, *config = file_join(&s->arena, out, OUTDIR_CONFIG, err);

    s->journal_dir = file_join(&s->arena, out, OUTDIR_JOURNAL, err);
    s->lock_path = file_join(&s->arena, out, OUTDIR_LOCK, err);
    return err_if(err, err->code || session_take_output(s, out, err) ||
                           (config_curates(config) && check_names(r, config, &s->arena, err)) ||
                           (s->options.restart && journal_clear(s->journal_dir, err)) ||
                           identity_remember(r->c.model, r->hashes, err) ||
                           session_open_journal(s, &r->c.config, err));
}

static int take_rows(void *ctx, uint64_t unit, const void *rows, size_t n, double seconds,
                     struct err *err)
{
    struct curating *r = ctx;
    struct session *s = &r->session;

    if (journal_append(s->journal, r->c.key[unit], rows, n, seconds, err))
        return err->code;
    s->view.units_done++;
    return session_sync(s, err);
}

static void warn_of_ends(const struct curation *c)
{
    const struct string_list *list = &c->config.curate.templates;

    for (size_t i = 0; i < list->n; i++) {
        if (str_ends_with(list->v[i], " "))
            fprintf(stderr,
                    "  warning: template %zu ends in a space: models write the space with the next "
                    "word, so few answer well after it\n",
                    i + 1);
    }
}

static int list_units(struct curating *r, struct err *err)
{
    struct session *s = &r->session;

    r->todo = arena_alloc(&s->arena, r->c.n_units, sizeof *r->todo, err);
    for (size_t u = 0; r->todo && u < r->c.n_units; u++) {
        bool done = journal_has(s->journal, r->c.key[u]);
        double cost = curation_cost(&r->c, u);

        s->view.units++;
        s->view.cost += cost;
        s->view.units_before += done;
        s->view.cost_before += done ? cost : 0;
        if (!done)
            r->todo[r->n_todo++] = u;
    }
    if (r->todo)
        fprintf(stderr,
                "  facts   %s: %zu %s\n  prompts %zu, in %zu %s, %zu to do\n"
                "  ranks   %d on %d %s\n  output  %s\n",
                r->c.config.curate.facts, r->c.facts.n,
                str_noun(r->c.facts.n, "subject", "subjects"), r->c.n, r->c.n_units,
                str_noun(r->c.n_units, "unit", "units"), r->n_todo, s->cluster.size,
                s->cluster.nodes, str_noun(s->cluster.nodes, "node", "nodes"), r->c.config.output);
    if (r->todo && r->c.facts.n_duplicates)
        fprintf(stderr, "  warning: facts that are there twice count once: %zu, the first: %s\n",
                r->c.facts.n_duplicates, r->c.facts.duplicate);
    if (r->todo && r->c.facts.misspelt)
        fprintf(stderr, "  warning: %s\n", r->c.facts.misspelt);
    if (r->todo)
        warn_of_ends(&r->c);
    return err->code;
}

/* A text may have line breaks: one line for each. */
static int print_escaped(const char *text, struct err *err)
{
    struct buf b = {0};
    int code =
        buf_escaped(&b, text, err) || buf_puts(&b, "\n", err) || out_write(b.data, b.len, err);

    buf_release(&b);
    return err_if(err, code);
}

/* Where there are several: which of them the model understands. */
static int print_templates(const struct curation *c, struct err *err)
{
    const struct string_list *list = &c->config.curate.templates;

    for (size_t i = 0; list->n > 1 && i < list->n; i++) {
        size_t kept = curation_kept(c, i);

        if (out_printf(err, "%6zu of %zu kept of template %zu: ", kept, c->facts.n, i + 1) ||
            print_escaped(list->v[i], err))
            return err->code;
        if (!kept)
            fprintf(stderr,
                    "  warning: template %zu keeps no prompt, so no query has it; curate.jsonl "
                    "says why\n",
                    i + 1);
    }
    return 0;
}

static int write_all(struct curating *r, struct err *err)
{
    struct session *s = &r->session;
    struct curation *c = &r->c;
    struct buf rows = {0};
    size_t queries;

    for (size_t u = 0; u < c->n_units && !err->code; u++) {
        buf_clear(&rows);
        if (!journal_read(s->journal, c->key[u], &rows, err))
            curation_take(c, u, rows.data, rows.len, err);
    }
    buf_release(&rows);
    if (err->code || journal_sync(s->journal, err) || lock_check(&s->lock, err) ||
        identity_check(c->model, err) || curation_select(c, err) ||
        curation_write(c, c->config.output, err))
        return err->code;
    queries = c->kept * (size_t)c->config.curate.answers;
    for (int i = 0; i < DROPS; i++)
        if (c->dropped[i] && out_printf(err, "%6zu dropped: %s\n", c->dropped[i], drop_words[i]))
            return err->code;
    if (print_templates(c, err) ||
        out_printf(err, "%6zu of %zu %s kept: %zu %s in ", c->kept, c->n,
                   str_noun(c->n, "prompt", "prompts"), queries,
                   str_noun(queries, "query", "queries")) ||
        out_word(c->config.output, err) || out_printf(err, " (card.md has the counts)\n"))
        return err->code;
    return c->kept ? 0
                   : err_set(err, ERR_DIFFERS,
                             "no prompt was kept: curate.jsonl says why each was dropped");
}

static int finish_all(struct session *s, bool finished, struct err *err)
{
    struct err ignored = ERR_CLEAR;

    if (finished && !err->code && !s->lost.code)
        return write_all((struct curating *)s, err);
    journal_sync(s->journal, err->code ? &ignored : err);
    return err->code ? err->code : session_stopped(s, err);
}

static int execute(struct curating *r, struct err *err)
{
    struct session *s = &r->session;
    struct job job = {.work = {&r->c, r->c.n_units, curation_cost, curation_run},
                      .ctx = r,
                      .done = take_rows,
                      .tick = session_tick,
                      .stop = session_must_stop,
                      .overdue = session_overdue};
    bool finished = true;

    if (s->cluster.rank == 0 && !claim(r, err))
        list_units(r, err);
    if (cluster_agree(&s->cluster, err))
        return err->code;
    job.todo = r->todo;
    job.n = r->n_todo;
    if (s->cluster.rank == 0)
        progress_begin(&s->view);
    if (r->c.n_units)
        cluster_run(&s->cluster, &job, &finished, err);
    if (s->cluster.rank == 0) {
        progress_end(&s->view);
        session_finish(s, finished, err);
    }
    return cluster_agree(&s->cluster, err);
}

static int curate(const struct call *call, struct err *err)
{
    const struct job_options *o = call->options;
    struct curating r = {.session = {.options = *o, .finish = finish_all}};

    if (!session_begin(&r.session, call, err)) {
        if (!open_all(&r, err))
            execute(&r, err);
        session_close(&r.session, err);
        cluster_close(&r.session.cluster);
    }
    session_end(&r.session);
    curation_close(&r.c);
    return err->code;
}

/* The first prompt of each template, as the model would read it. */
static int print_prompts(const struct curation *c, struct err *err)
{
    for (size_t t = 0; t < c->config.curate.templates.n && c->facts.n; t++) {
        const struct attempt *a = &c->attempt[t * c->facts.n];
        char name[STR_NAME];

        if (out_printf(err, "template %zu, %s: %d %s: ", t + 1, str_name(name, a->subject->name),
                       a->prompt, str_noun(a->prompt, "token", "tokens")) ||
            out_word(a->text ? a->text : "", err) || out_printf(err, "\n"))
            return err->code;
    }
    return 0;
}

static int print_dropped(const struct curation *c, struct err *err)
{
    char name[STR_NAME];
    size_t shown = 0;

    for (size_t i = 0; i < c->n; i++)
        if (c->attempt[i].reason && shown++ < 20 &&
            out_printf(err, "  dropped before it is asked: %s, template %d: %s\n",
                       str_name(name, c->attempt[i].subject->name), c->attempt[i].template,
                       c->attempt[i].reason))
            return err->code;
    return shown > 20 ? out_printf(err, "  ... and %zu more\n", shown - 20) : 0;
}

static int print_plan(const struct curation *c, double work, struct err *err)
{
    char flops[STR_HUMAN];

    return err_if(err, out_printf(err,
                                  "model   %s: %s, %d %s, vocabulary %d\n"
                                  "facts   %zu %s in %zu %s, %zu %s said twice\n"
                                  "prompts %zu: %zu %s, %lld %s each, at most %d %s written\n"
                                  "units   %zu, %s at most\n",
                                  c->model->name, c->model->arch, c->model->shape.n_layers,
                                  str_noun(c->model->shape.n_layers, "layer", "layers"),
                                  c->model->shape.vocab, c->facts.n,
                                  str_noun(c->facts.n, "subject", "subjects"), c->facts.n_rows,
                                  str_noun(c->facts.n_rows, "row", "rows"), c->facts.n_duplicates,
                                  str_noun(c->facts.n_duplicates, "row", "rows"), c->n,
                                  c->config.curate.templates.n,
                                  str_noun(c->config.curate.templates.n, "template", "templates"),
                                  (long long)c->config.curate.answers,
                                  str_noun(c->config.curate.answers, "answer", "answers"),
                                  c->tokens, str_noun(c->tokens, "token is", "tokens are"),
                                  c->n_units, str_flops(flops, work)) ||
                           print_prompts(c, err) || print_dropped(c, err));
}

static int print_plan_json(const struct curation *c, double work, struct err *err)
{
    struct buf b = {0};
    struct json_out j = {.out = &b};
    size_t dropped = 0;

    for (size_t i = 0; i < c->n; i++)
        dropped += c->attempt[i].reason != NULL;
    json_begin(&j, NULL, '{', err);
    json_str(&j, "model", c->config.model.path, err);
    json_str(&j, "facts", c->config.curate.facts, err);
    json_int(&j, "subjects", (int64_t)c->facts.n, err);
    json_int(&j, "rows", (int64_t)c->facts.n_rows, err);
    json_int(&j, "prompts", (int64_t)c->n, err);
    json_int(&j, "prompts_dropped", (int64_t)dropped, err);
    json_int(&j, "answers", c->config.curate.answers, err);
    json_int(&j, "tokens", c->tokens, err);
    json_int(&j, "units", (int64_t)c->n_units, err);
    json_num(&j, "flops", work, err);
    json_end(&j, '}', err);
    return print_buf(&b, err);
}

int plan_curation(const struct job_options *o, struct err *err)
{
    struct problems problems = {0};
    struct curation c = {0};
    double work = 0;

    if (!curation_open(&c, o->config, o->set.v, o->set.n, true, &problems, err) &&
        !report_problems(&problems, err)) {
        for (size_t u = 0; u < c.n_units; u++)
            work += curation_cost(&c, u);
        if (o->json)
            print_plan_json(&c, work, err);
        else
            print_plan(&c, work, err);
    }
    curation_close(&c);
    return err->code;
}

static const struct argument_row arguments[] = {JOB_CONFIG};

static const struct option_row options[] = {JOB_SET,
                                            {OPTION_INTO(flag, struct job_options, restart),
                                             .name = "restart", .doc = "ask the model anew"}};

const struct command command_curate = {
    .name = "curate",
    .summary = "make queries from facts, by what the model really says",
    .notes =
        "Writes OUTPUT/DATASET_STEP.jsonl, curate.jsonl (every prompt, what the model said, why it "
        "was dropped) and card.md. Under mpirun or srun or alone, with the same bytes; the same "
        "command again asks only what is missing.",
    .size = sizeof(struct job_options),
    .run = curate,
    ARGUMENTS(arguments),
    OPTIONS(options),
};
