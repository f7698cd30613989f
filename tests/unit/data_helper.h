/*
 * For the tests of the data floor: datasets from text in a folder of the test's own, and a
 * tokenizer of bytes (id = byte, 256 = the BOS "<s>").
 *
 *     static void one_query(struct dataset *ds)
 *     {
 *         load_text(ds, "a.jsonl", "{\"text\": \"a\", \"targets\": {\"b\": 98}}\n",
 *                   (struct data_options){0}, &bytes_codec);
 *     }
 */
#ifndef LENSWEEP_TESTS_DATA_HELPER_H
#define LENSWEEP_TESTS_DATA_HELPER_H

#include "base/file.h"
#include "base/str.h"
#include "base/writer.h"
#include "data/dataset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/lensweep-data-XXXXXX";
static struct problems problems; /* of the last load */

static inline int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static inline const char *write_bytes(const char *name, const void *data, size_t n)
{
    static char path[4][256];
    static int turn;
    struct err err;
    char *p = path[turn = (turn + 1) % 4];

    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    *strrchr(p, '/') = '\0';
    assert_int_equal(file_make_dirs(p, &err), 0);
    p[strlen(p)] = '/';
    assert_int_equal(file_replace(p, data, n, &err), 0);
    return p;
}

static inline const char *write_text(const char *name, const char *text)
{
    return write_bytes(name, text, strlen(text));
}

static inline void load_paths(struct dataset *ds, const char *const *paths, size_t n,
                              struct data_options opt, const struct codec *codec)
{
    opt.n_controls = opt.n_controls ? opt.n_controls : 16;
    struct err err;

    memset(&problems, 0, sizeof problems);
    if (dataset_load(ds, paths, n, &opt, codec, &problems, &err))
        fail_msg("%s", err.msg);
}

static inline void load_path(struct dataset *ds, const char *path, struct data_options opt,
                             const struct codec *codec)
{
    load_paths(ds, &path, 1, opt, codec);
}

static inline void load_text(struct dataset *ds, const char *name, const char *text,
                             struct data_options opt, const struct codec *codec)
{
    opt.n_controls = opt.n_controls ? opt.n_controls : 16;
    load_path(ds, write_text(name, text), opt, codec);
    if (problems.count)
        fail_msg("%s: %s", problems.item[0].where, problems.item[0].msg);
}

/* The ith problem stands at that place ("a.jsonl:1:2", without the folder) and says that. */
static inline void assert_problem(int i, const char *where, const char *msg)
{
    size_t n = strlen(folder) + 1;

    assert_in_range(i, 0, problems.count - 1);
    assert_string_equal(
        problems.item[i].where + (strncmp(problems.item[i].where, folder, n - 1) ? 0 : n), where);
    assert_string_equal(problems.item[i].msg, msg);
}

static inline int encode_bytes(void *ctx, const char *text, size_t n, bool special, struct arena *a,
                               int32_t **ids, size_t *n_ids, struct err *err)
{
    size_t begin = ctx && special; /* ctx: puts a BOS before a text */
    size_t spelled = strncmp(text, "<s>", 3) ? 0 : 3;
    int32_t *v = arena_alloc(a, n + begin, sizeof *v, err);

    if (!v)
        return err->code;
    if (strchr(text, '\t'))
        return err_set(err, ERR_CONFIG, "no tabs here");
    if (begin)
        v[0] = 256;
    if (spelled)
        v[begin++] = 256;
    for (size_t i = spelled; i < n; i++)
        v[begin++] = (unsigned char)text[i];
    *ids = v;
    *n_ids = begin;
    return 0;
}

static inline const char *spell_byte(void *ctx, int32_t id, size_t *n)
{
    static char all[256];

    (void)ctx;
    *n = id == 256 ? 3 : 1;
    if (id < 0 || id > 256)
        return NULL;
    if (id == 256)
        return "<s>";
    all[id] = (char)id;
    return &all[id];
}

/* A chat template: "<s>user:WHAT IS SAID;" for each message, and "assistant:" before an answer. */
static inline int chat_in_bytes(void *ctx, const struct codec_message *m, size_t n, bool prompt,
                                struct buf *out, struct err *err)
{
    (void)ctx;
    buf_puts(out, "<s>", err);
    for (size_t i = 0; i < n; i++)
        buf_printf(out, err, "%s:%s;", m[i].role, m[i].content);
    return prompt ? buf_puts(out, "assistant:", err) : err->code;
}

static const struct codec bytes_codec = {NULL, encode_bytes, spell_byte, 256, chat_in_bytes};
static const struct codec bos_codec = {(void *)"bos", encode_bytes, spell_byte, 256, chat_in_bytes};

static inline void assert_span(const struct dataset *ds, size_t q, const char *name, int lo, int hi)
{
    int i = dataset_span(ds, name);

    assert_true(i >= 0);
    assert_int_equal(ds->query[q].span[i].lo, lo);
    assert_int_equal(ds->query[q].span[i].hi, hi);
}

static inline int32_t target_of(const struct dataset *ds, size_t q, const char *name)
{
    int i = dataset_target(ds, name);

    assert_true(i >= 0);
    return ds->query[q].target[i];
}

static inline void assert_ids(const int32_t *got, size_t n_got, const int32_t *want, size_t n)
{
    assert_int_equal(n_got, n);
    assert_memory_equal(got, want, n * sizeof *want);
}

#define IDS(...) (const int32_t[]){__VA_ARGS__}, sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t)

#endif
