#define _XOPEN_SOURCE 700
#include "cli/command.h"

#include "base/str.h"
#include "report/export/export.h"

#include <getopt.h>
#include <string.h>

struct options {
    const char *format, *dir, *model;
};

static int write_authors(struct h5file *f, const struct options *opt, struct outputs *o,
                         struct err *err)
{
    struct buf notes = {0};
    int code = export_authors(f, opt->model, o, &notes, err);

    if (!code && notes.len)
        code = out_write(notes.data, notes.len, err);
    buf_release(&notes);
    return code;
}

static const struct {
    const char *name;
    int (*write)(struct h5file *f, struct outputs *o, struct err *err);
} formats[] = {
    {"csv", export_csv},
    {"jsonl", export_jsonl},
};

static int write_format(struct h5file *f, const struct options *opt, struct outputs *o,
                        struct err *err)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (str_eq(formats[i].name, opt->format))
            return formats[i].write(f, o, err);
    return write_authors(f, opt, o, err);
}

/* Without -o: a folder called by the format, beside the result. */
static const char *folder(struct outputs *o, const struct options *opt, const char *path,
                          struct err *err)
{
    const char *slash = strrchr(path, '/');

    if (opt->dir)
        return opt->dir;
    return arena_printf(&o->arena, err, "%.*s%s", slash ? (int)(slash - path) + 1 : 0, path,
                        opt->format);
}

static int export_file(const struct options *opt, const char *result, struct err *err)
{
    struct outputs o = {0};
    struct h5file *f = NULL;
    char *path = h5_find(&o.arena, result, err);
    int code = !path || h5_open(&f, path, err) || !(o.dir = folder(&o, opt, path, err));

    if (!code && (write_format(f, opt, &o, err) || outputs_commit(&o, err)))
        code = err_wrap(err, "%s", path);
    if (!code)
        code = out_printf(err, "%zu files in %s\n", o.n, o.dir) || out_flush(err);
    h5_close(f);
    outputs_release(&o);
    return code ? err->code : 0;
}

static int check_options(const struct options *opt, struct err *err)
{
    bool known = opt->format && str_eq(opt->format, "authors");

    for (size_t i = 0; i < sizeof formats / sizeof *formats && opt->format; i++)
        known |= str_eq(formats[i].name, opt->format);
    if (opt->format && str_eq(opt->format, "npz"))
        return err_set(
            err, ERR_CONFIG,
            "--format npz is gone: numpy.savez(\"GROUP.npz\", **{v: h5py.File(RESULT)"
            "[GROUP][v][()] for v in h5py.File(RESULT)[GROUP]}) writes one (docs/export.md)");
    if (!known)
        return err_set(err, ERR_CONFIG, "--format is %s%s%s, expected csv, jsonl or authors",
                       opt->format ? "\"" : "", opt->format ? opt->format : "missing",
                       opt->format ? "\"" : "");
    if (opt->dir && !*opt->dir)
        return err_set(err, ERR_CONFIG, "-o is empty, expected a folder");
    if (opt->model && !str_eq(opt->format, "authors"))
        return err_set(err, ERR_CONFIG, "--model means nothing for --format %s", opt->format);
    return 0;
}

int cmd_export(int argc, char **argv, struct err *err)
{
    static const struct option options[] = {{"format", required_argument, NULL, 'f'},
                                            {"output", required_argument, NULL, 'o'},
                                            {"model", required_argument, NULL, 'm'},
                                            {0}};
    struct options opt = {0};
    int c;

    opterr = 0;
    while ((c = getopt_long(argc, argv, "f:o:", options, NULL)) != -1) {
        if (c == 'f')
            opt.format = optarg;
        else if (c == 'o')
            opt.dir = optarg;
        else if (c == 'm')
            opt.model = optarg;
        else
            return bad_option("export", argv, err);
    }
    if (argc - optind != 1)
        return usage_error("export", err);
    if (check_options(&opt, err))
        return err->code;
    return export_file(&opt, argv[optind], err);
}
