/*
 * A result file that somebody has edited with another program: it opens as HDF5, and what it says
 * of itself may be anything. All that reads results must refuse it in one line or read it.
 *
 * The input is a list of edits, each a byte for what is done, one for where, one for the length of
 * what follows, and that: 0 a text for an attribute, 1 numbers for a variable, 2 a variable goes,
 * 3 it takes the place of the next one.
 */
#include "fuzz.h"
#include "fuzz_campaign.h"

#include "base/file.h"
#include "campaign/bundle.h"
#include "campaign/cut.h"
#include "campaign/output.h"
#include "campaign/unit.h"
#include "report/compare.h"
#include "report/diff.h"
#include "report/summary.h"
#include "report/top.h"
#include "report/web/web.h"
#include "results/h5read.h"
#include "results/h5visit.h"
#include "results/seal.h"

#include <hdf5.h>

#include <stdio.h>
#include <string.h>

enum { SEAL = 32, PLACES = 256 };

static const char *const groups[] = {"zero",      "zero/stats", "cut",
                                     "cut/means", "queries",    "provenance"};
static const char *const attributes[] = {
    "headlines", "figures", "authors",    "kind",     "config",  "metrics", "layers_from",
    "family",    "fdr",     "min_effect", "resolved", "cluster", "title",   "config_given"};
enum {
    GROUPS = sizeof groups / sizeof *groups,
    ATTRIBUTES = sizeof attributes / sizeof *attributes
};

static char variable[PLACES][64];
static size_t n_variables;

static int note_variable(void *ctx, const struct h5info *v, struct err *err)
{
    (void)ctx, (void)err;
    fuzz_need(n_variables < PLACES);
    snprintf(variable[n_variables++], sizeof variable[0], "%s/%s", v->group, v->name);
    return 0;
}

/* Makes the file of a run of its own, once. */
static void run_sample(const char *path)
{
    struct campaign c;
    struct campaign_report report;
    struct journal_stats stats;
    struct journal *j;
    struct buf rows = {0};
    struct err err = {0};

    fuzz_need(
        !fuzz_campaign(&c,
                       "  - {name: zero, kind: ablation, site: head, operation: {kind: zero}}\n"
                       "  - {name: cut, kind: knockout, sets: [subject, last]}\n",
                       "statistics.bootstrap=20", &err) &&
        !err.code);
    fuzz_need(!campaign_cut(&c, &err) && !campaign_bundle(&c, NULL, 1, &err) &&
              !campaign_start(&c, 1, &err) && !journal_open(&j, fuzz_folder(), &stats, &err));
    for (size_t i = 0; i < c.n_bundles; i++) {
        struct cursor at;
        struct unit_rows u;

        buf_clear(&rows);
        fuzz_need(!bundle_run(&c, i, &rows, &err));
        at = (struct cursor){(const unsigned char *)rows.data, rows.len, 0, 0};
        while (bundle_next(&c, i, &at, &u))
            fuzz_need(!journal_append(j, c.unit[u.unit].key, u.rows, u.n, 0, &err));
    }
    fuzz_need(!campaign_write(&c, j, path, false, &report, NULL, NULL, &err));
    fuzz_need(!journal_clear(fuzz_folder(), &err));
    journal_close(j);
    buf_release(&rows);
    campaign_close(&c);
}

static const struct buf *sample(void)
{
    static struct buf whole;
    struct err err = {0};
    struct h5file *f = NULL;

    if (whole.len)
        return &whole;
    run_sample(fuzz_path("whole.h5"));
    fuzz_need(!file_read(&whole, fuzz_path("whole.h5"), 1 << 24, &err) &&
              !h5_open(&f, fuzz_path("whole.h5"), &err) && !h5_each(f, note_variable, NULL, &err));
    h5_close(f);
    return &whole;
}

static void put_attribute(hid_t f, uint8_t where, const uint8_t *text, size_t n)
{
    const char *group = groups[where % GROUPS], *name = attributes[where / GROUPS % ATTRIBUTES];
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR), a;

    H5Tset_size(type, n ? n : 1);
    H5Adelete_by_name(f, group, name, H5P_DEFAULT);
    a = H5Acreate_by_name(f, group, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (a >= 0 && n)
        H5Awrite(a, type, text);
    H5Aclose(a);
    H5Sclose(space);
    H5Tclose(type);
}

/* The bytes again and again, as its floats or integers. */
static void put_numbers(hid_t f, const char *name, const uint8_t *bytes, size_t n)
{
    static char room[1 << 16];
    hid_t d = H5Dopen2(f, name, H5P_DEFAULT), type = H5Dget_type(d), space = H5Dget_space(d);
    hssize_t points = H5Sget_simple_extent_npoints(space);

    for (size_t i = 0; i < sizeof room; i++)
        room[i] = (char)(n ? bytes[i % n] : 0);
    if (H5Tget_class(type) != H5T_STRING && points > 0 &&
        (size_t)points * H5Tget_size(type) <= sizeof room)
        H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, room);
    H5Sclose(space);
    H5Tclose(type);
    H5Dclose(d);
}

static void edit(const char *path, const uint8_t *data, size_t size)
{
    hid_t f = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);

    for (size_t n; size >= 3; data += 3 + n, size -= 3 + n) {
        const char *name = variable[data[1] % n_variables];

        n = data[2] < size - 3 ? data[2] : size - 3;
        if (data[0] % 4 == 0) {
            put_attribute(f, data[1], data + 3, n);
        } else if (H5Lexists(f, name, H5P_DEFAULT) > 0) {
            if (data[0] % 4 == 1)
                put_numbers(f, name, data + 3, n);
            else if (data[0] % 4 == 2)
                H5Ldelete(f, name, H5P_DEFAULT);
            else
                H5Lmove(f, name, f, variable[(data[1] + 1u) % n_variables], H5P_DEFAULT,
                        H5P_DEFAULT);
        }
    }
    fuzz_need(f >= 0 && H5Fclose(f) >= 0);
}

static void check(struct buf *out, struct err *err)
{
    fuzz_need(!err->code || (err->code != ERR_BUG && err->msg[0] && !strchr(err->msg, '\n')));
    err_clear(err);
    buf_release(out);
}

static void read_all(const char *path, bool diffs)
{
    const char *const both[] = {fuzz_path("whole.h5"), path};
    int (*const parts[])(struct result *, struct buf *, struct err *) = {
        summary_text, web_asked, web_card, web_left_out, web_checks, web_provenance};
    struct buf out = {0};
    struct err err = {0};
    struct json_out json = {.out = &out};

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct result r;

        if (!result_open(&r, path, &err))
            parts[i](&r, &out, &err);
        result_close(&r);
        check(&out, &err);
    }
    top_text(&(struct top){.n = 5, .step = -1}, path, &out, &err);
    check(&out, &err);
    top_text(&(struct top){.n = 5, .step = -1, .classes = true}, path, &out, &err);
    check(&out, &err);
    json_begin(&json, NULL, '[', &err);
    top_text(&(struct top){.n = 5, .step = -1, .json = &json}, path, &out, &err);
    check(&out, &err);
    compare_text(&(struct compare){.n = 5, .step = -1}, both, 2, &out, &err);
    check(&out, &err);
    if (diffs) { /* slow under the sanitizer */
        diff_text(&(struct diff){0}, both[0], both[1], &out, &err);
        check(&out, &err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct buf *whole = sample();
    const char *path = fuzz_file("result.h5", whole->data, whole->len - SEAL);
    struct err err = {0};

    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    edit(path, data, size);
    fuzz_need(!seal_put(path, &err)); /* else a child would read it first, each time */
    read_all(path, size && data[0] & 0x80);
    return 0;
}
