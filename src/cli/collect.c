#include "cli/command.h"
#include "cli/job.h"
#include "cli/past.h"
#include "cli/summary.h"

#include "base/file.h"
#include "base/outdir.h"
#include "base/str.h"
#include "campaign/cut.h"
#include "campaign/output.h"

struct collect_options {
    struct word_list dirs;
    bool partial;
    const char *out;
};

static const struct argument_row arguments[] = {
    {ARGUMENT_MANY(struct collect_options, dirs), "DIR", "outputs of one run"}};

static const struct option_row options[] = {
    {OPTION_INTO(flag, struct collect_options, partial), .name = "partial",
     .doc = "also if units are missing: FILE is DIR/partial.h5"},
    {OPTION_INTO(path, struct collect_options, out), .name = "output", .letter = 'o',
     .value = "FILE", .doc = "write FILE in place of DIR/result.h5"}};

/* Of each experiment how much is there. */
static int print_experiments(const struct past *p, struct err *err)
{
    const struct campaign *c = &p->campaign;

    for (size_t x = 1; x < c->n; x++) {
        size_t units = 0, done = 0;

        for (size_t i = 0; i < c->n_units; i++) {
            if (c->unit[i].experiment != x)
                continue;
            units++;
            done += journal_has(p->journal, c->unit[i].key);
        }
        if (done < units && out_printf(err, "%s: %.0f %% is there, %zu of %zu %s\n", c->x[x].name,
                                       100.0 * (double)done / (double)units, done, units,
                                       str_noun(units, "unit", "units")))
            return err->code;
    }
    return 0;
}

static int write_result(struct past *p, const struct collect_options *o,
                        const struct word_list *dirs, struct err *err)
{
    const char *out = o->out;
    struct campaign_report report;
    struct past_count n;

    if (dirs->n > 1 && !out)
        return err_set(err, ERR_CONFIG,
                       "the result of several directories belongs to none of them: name a file, "
                       "-o FILE");
    if (past_open(p, dirs->v, dirs->n, err))
        return err->code;
    n = past_count(p);
    if (!o->partial && n.done < n.units)
        return err_set(err, ERR_CONFIG,
                       "%zu of %zu %s not computed yet: the same lensweep run again, with the "
                       "missing shards if it has any, goes on; lensweep collect --partial makes a "
                       "result of what is there",
                       n.units - n.done, n.units, str_noun(n.units, "unit is", "units are"));
    if (!out)
        out = file_join(&p->arena, dirs->v[0], o->partial ? OUTDIR_PARTIAL : OUTDIR_RESULT, err);
    if (!out || campaign_write(&p->campaign, p->journal, out, o->partial, &report, NULL, NULL, err))
        return err->code;
    if (out_printf(err, "%zu of %zu %s; %zu %s ok, %zu bad", n.done, n.units,
                   str_noun(n.units, "unit", "units"), report.ok,
                   str_noun(report.ok, "query", "queries"), report.bad) ||
        (report.waiting && out_printf(err, ", %zu not computed yet", report.waiting)))
        return err->code;
    if (out_printf(err, "; result: %s\n\n", out) || print_experiments(p, err) || out_flush(err) ||
        print_summary(out, NULL, 0, err))
        return err->code;
    return err_if(err,
                  out_printf(err, "\nnext: lensweep report ") || out_word(out, err) ||
                      out_printf(err, "\n") ||
                      (!o->partial && judge_queries(&p->campaign, report.ok, report.bad, err)));
}

/* Of a folder with several outputs. What is about nothing stays where it is: -o is of the first. */
static int one_model(void *ctx, const char *output, size_t i, size_t n, struct err *err)
{
    const struct collect_options *o = ctx;
    const struct word_list one = {1, &output};
    struct past p = {0};

    if (i && o->out)
        return 0;
    if (n > 1 && o->out && !str_eq(output, o->dirs.v[0]))
        return err_set(err, ERR_CONFIG,
                       "%s has %zu results, which stay apart: leave -o out, or collect one",
                       o->dirs.v[0], n);
    write_result(&p, o, &one, err);
    past_close(&p);
    return err->code;
}

static int collect(const struct call *call, struct err *err)
{
    struct collect_options *o = call->options;
    struct past p = {0};

    if (o->dirs.n == 1)
        return past_each(o->dirs.v[0], one_model, o, err);
    write_result(&p, o, &o->dirs, err);
    past_close(&p);
    return err->code;
}

const struct command command_collect = {
    .name = "collect",
    .summary = "make the result file of what shards or unfinished runs have computed",
    .notes =
        "Several directories, each with a part of the same run (shards with outputs of their own, "
        "two machines), are joined; config, data and model are those of the first. They need -o.",
    .size = sizeof(struct collect_options),
    .run = collect,
    ARGUMENTS(arguments),
    OPTIONS(options),
};
