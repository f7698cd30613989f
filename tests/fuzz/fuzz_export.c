/*
 * An edited result file (fuzz_edits.h) for other programs: a format writes all of its files, all
 * below the folder that was asked for, or says why not. The first byte chooses the experiment and
 * the format.
 */
#include "fuzz.h"
#include "fuzz_edits.h"

#include "report/export/export.h"

#include <string.h>

static int authors(struct result *r, struct outputs *o, struct err *err)
{
    struct buf notes = {0};
    int code = export_authors(r, NULL, o, &notes, err);

    buf_release(&notes);
    return code;
}

static void check_paths(const struct outputs *o)
{
    for (size_t i = 0; i < o->n; i++) {
        const char *path = o->file[i]->path;

        fuzz_need(!path || (strncmp(path, o->dir, strlen(o->dir)) == 0 && !strstr(path, "/../")));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int (*const formats[])(struct result *, struct outputs *, struct err *) = {
        export_csv, export_jsonl, authors, export_circuits};
    size_t choice = size ? data[0] : 0;
    const char *path = fuzz_edits(fuzz_kind(choice % FUZZ_KINDS), data + !!size, size - !!size);
    struct outputs o = {.dir = fuzz_path("out")};
    struct err err = {0};
    struct result r;

    if (!result_open(&r, path, &err)) {
        formats[choice / FUZZ_KINDS % (sizeof formats / sizeof *formats)](&r, &o, &err);
        check_paths(&o);
    }
    fuzz_check(&err);
    outputs_release(&o);
    result_close(&r);
    fuzz_remove(fuzz_path("out"));
    return 0;
}
