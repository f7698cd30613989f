#include "cli/command.h"

#include "base/file.h"
#include "base/str.h"
#include "report/export/export.h"

enum export_format { EXPORT_CSV, EXPORT_JSONL, EXPORT_AUTHORS, EXPORT_MIB };

static const struct choice formats[] = {{"csv", EXPORT_CSV},
                                        {"jsonl", EXPORT_JSONL},
                                        {"authors", EXPORT_AUTHORS},
                                        {"mib", EXPORT_MIB},
                                        {NULL, 0}};

struct export_options {
    const char *result, *dir, *model;
    enum export_format format;
};

static const struct argument_row arguments[] = {ARGUMENT_RESULT(struct export_options, result)};

static const struct option_row options[] = {
    {OPTION_INTO(choice, struct export_options, format), .name = "format", .letter = 'f',
     .choices = formats, .need = REQUIRED, .doc = "how it is written, see below"},
    {OPTION_INTO(path, struct export_options, dir), .name = "output", .letter = 'o', .value = "DIR",
     .doc = "write into DIR (default: a folder called by the format, beside the result)"},
    {OPTION_INTO(text, struct export_options, model), .name = "model", .value = "NAME",
     .doc = "authors: the model's folder, such as meta-llama/Meta-Llama-3-8B-Instruct (default: "
            "model)"}};

static int write_authors(struct result *r, const struct export_options *opt, struct outputs *o,
                         struct err *err)
{
    struct buf notes = {0};
    int code = export_authors(r, opt->model, o, &notes, err);

    if (!code && notes.len)
        code = out_write(notes.data, notes.len, err);
    buf_release(&notes);
    return code;
}

static int write_format(struct result *r, const struct export_options *o, struct outputs *out,
                        struct err *err)
{
    if (o->format == EXPORT_MIB)
        return export_circuits(r, out, err);
    if (o->format == EXPORT_AUTHORS)
        return write_authors(r, o, out, err);
    return o->format == EXPORT_CSV ? export_csv(r, out, err) : export_jsonl(r, out, err);
}

/* Without -o: a folder called by the format, beside the result. */
static const char *folder(struct outputs *o, const struct export_options *opt, const char *path,
                          struct err *err)
{
    return opt->dir ? opt->dir
                    : file_sibling(&o->arena, path, choice_word(formats, (int)opt->format), err);
}

static int export_file(const struct export_options *opt, struct err *err)
{
    struct outputs o = {0};
    struct result r = {0};
    int code = result_open(&r, opt->result, err) || !(o.dir = folder(&o, opt, r.path, err));

    if (!code && (write_format(&r, opt, &o, err) || outputs_commit(&o, err)))
        code = err_place(err, "%s", r.path);
    if (!code)
        code = out_printf(err, "%zu %s in %s\n", o.n, str_noun(o.n, "file", "files"), o.dir) ||
               out_flush(err);
    result_close(&r);
    outputs_release(&o);
    return err_if(err, code);
}

static int export(const struct call *call, struct err *err)
{
    const struct export_options *o = call->options;

    if (option_given(call, "model") && o->format != EXPORT_AUTHORS)
        return usage_error(call->command, err, "--model is only for --format authors");
    return export_file(o, err);
}

const struct command command_export = {
    .name = "export",
    .summary = "write a result file for other programs",
    .notes =
        "csv: a long table for each set of dimensions, a row for each cell.\n"
        "jsonl: an object for each query, or each entry of another first dimension.\n"
        "authors: the folders and files of the paper's own code, for its plotting scripts.\n"
        "mib: edges as circuits of the Mechanistic Interpretability Benchmark, a JSON file for\n"
        "each metric and step.\n"
        "docs/export.md describes the files, and has the line of Python that makes NumPy archives.",
    .size = sizeof(struct export_options),
    .run = export,
    ARGUMENTS(arguments),
    OPTIONS(options),
};
