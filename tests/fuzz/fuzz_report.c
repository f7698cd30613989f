/*
 * An edited result file (fuzz_edits.h), for all that shows what it says: refused in one line, or
 * read. The first byte chooses the experiment and who reads it; the last reader has it as what the
 * same run says about nothing.
 */
#include "fuzz.h"
#include "fuzz_edits.h"

#include "base/file.h"
#include "report/compare.h"
#include "report/diff.h"
#include "report/summary.h"
#include "report/top.h"
#include "report/web/web.h"

#include <stdio.h>
#include <stdlib.h>

static int (*const parts[])(struct result *, struct buf *, struct err *) = {
    summary_text, web_asked, web_card, web_left_out, web_checks, web_provenance};
enum { PARTS = sizeof parts / sizeof *parts, READERS = PARTS + 7 };

static void read_part(size_t part, const char *path, struct buf *out, struct err *err)
{
    struct result r;

    if (!result_open(&r, path, err))
        parts[part](&r, out, err);
    result_close(&r);
}

static void read_top(const char *path, bool classes, struct json_out *json, struct buf *out,
                     struct err *err)
{
    if (json)
        json_begin(json, NULL, '[', err);
    top_text(&(struct top){.n = 5, .step = -1, .classes = classes, .json = json}, path, out, err);
}

static void read_page(const char *path, struct err *err)
{
    struct web page = {.path = fuzz_path("page.html")};

    setenv("PATH", "/nowhere", 1); /* gnuplot is for the target of figures */
    web_write(&page, path, err);
    arena_release(&page.arena);
}

static void read_null(const char *whole, const char *path, struct buf *out, struct err *err)
{
    const char *folder = fuzz_path("null_edited"), *null = fuzz_path("null_edited/result.h5");

    fuzz_need(!file_make_dirs(folder, err) && !rename(path, null));
    read_part(0, whole, out, err);
    fuzz_remove(folder);
}

static void show(size_t reader, const char *whole, const char *path, struct buf *out,
                 struct err *err)
{
    const char *const both[] = {whole, path};
    struct json_out json = {.out = out};

    switch (reader) {
    case PARTS:
    case PARTS + 1:
        read_top(path, reader > PARTS, NULL, out, err);
        break;
    case PARTS + 2:
        read_top(path, false, &json, out, err);
        break;
    case PARTS + 3:
        compare_text(&(struct compare){.n = 5, .step = -1}, both, 2, out, err);
        break;
    case PARTS + 4:
        diff_text(&(struct diff){0}, whole, path, out, err);
        break;
    case PARTS + 5:
        read_page(path, err);
        break;
    case PARTS + 6:
        read_null(whole, path, out, err);
        break;
    default:
        read_part(reader, path, out, err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t choice = size ? data[0] : 0;
    const char *kind = fuzz_kind(choice % FUZZ_KINDS);
    struct buf out = {0};
    struct err err = {0};

    show(choice / FUZZ_KINDS % READERS, fuzz_whole(kind),
         fuzz_edits(kind, data + !!size, size - !!size), &out, &err);
    fuzz_check(&err);
    buf_release(&out);
    return 0;
}
