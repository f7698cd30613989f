/* GGUF models that are split into several files: read as one, and refused when a part is wrong. */
#include "base/buf.h"
#include "folder.h"
#include "gguf_builder.h"
#include "hostile.h"
#include "model/checkpoint/gguf.h"
#include "model/model.h"
#include "model/tokenizer/tokenizer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What a file is cut up from: its metadata as they lie, and its tensors. */
struct whole {
    struct buf file;
    struct gguf g;
    const char *values;
    size_t values_bytes;
};

static void open_whole(struct whole *w, const char *path)
{
    struct err err = {0};
    const char *end;

    w->file = load_file(path);
    assert_int_equal(gguf_parse(&w->g, w->file.data, w->file.len, GGUF_WHOLE, &err), 0);
    end = w->file.data + w->g.data_offset;
    for (size_t i = 0; i < w->g.tensors.n; i++) {
        const char *name = find_text(&w->file, w->g.tensors.v[i].name);

        end = name - 8 < end ? name - 8 : end;
    }
    w->values = w->file.data + 24;
    w->values_bytes = (size_t)(end - w->values);
}

static void close_whole(struct whole *w)
{
    gguf_close(&w->g);
    buf_release(&w->file);
}

static const char *part_name(int number, int count)
{
    static char name[2][64];
    static int next;

    next = !next;
    snprintf(name[next], sizeof name[next], "m-%05d-of-%05d.gguf", number, count);
    return name[next];
}

/* Tensors [first, last) as the file of that name; says that it is part `number` of three. */
static void put_part(const struct whole *w, const char *name, int number, size_t first, size_t last,
                     uint32_t tensors)
{
    static const uint32_t ids[DTYPE_COUNT] = {
        [DTYPE_F16] = 1,  [DTYPE_Q4_0] = 2, [DTYPE_Q4_1] = 3,  [DTYPE_Q5_0] = 6,
        [DTYPE_Q5_1] = 7, [DTYPE_Q8_0] = 8, [DTYPE_Q6_K] = 14, [DTYPE_BF16] = 30,
    };
    bool metadata = number == 1;
    struct buf b = {0};
    uint64_t at = 0;

    begin(&b, 3, last - first, 3 + (metadata ? w->g.n_values : 0));
    key_u32(&b, "split.no", (uint32_t)number - 1);
    key_u32(&b, "split.count", 3);
    key_u32(&b, "split.tensors.count", tensors);
    if (metadata) /* last: without tensors there may be zeros behind */
        buf_put(&b, w->values, w->values_bytes, &build_err);
    for (size_t i = first; i < last; i++) {
        const struct tensor *t = &w->g.tensors.v[i];

        tensor(&b, t->name, (uint32_t)t->rank, (uint64_t)t->dim[t->rank - 1],
               t->rank > 1 ? (uint64_t)t->dim[0] : 0, ids[t->dtype], at);
        at = (at + t->bytes + 31) / 32 * 32;
    }
    data(&b, 0);
    for (size_t i = first; i < last; i++) {
        buf_put(&b, w->g.tensors.v[i].data, w->g.tensors.v[i].bytes, &build_err);
        data(&b, 0);
    }
    assert_int_equal(build_err.code, 0);
    put_file(name, b.data, b.len);
    buf_release(&b);
}

/* The first part has no tensors at all, as llama.cpp's program can be told to do. */
static void put_parts(const struct whole *w)
{
    uint32_t n = (uint32_t)w->g.tensors.n;

    put_part(w, part_name(1, 3), 1, 0, 0, n);
    put_part(w, part_name(2, 3), 2, 0, n / 3, n);
    put_part(w, part_name(3, 3), 3, n / 3, n, n);
}

static void remove_parts(void)
{
    for (int i = 1; i <= 3; i++)
        remove(in_folder(part_name(i, 3)));
}

static void same_matrix(const struct matrix *a, const struct matrix *b)
{
    assert_int_equal(a->dtype, b->dtype);
    assert_int_equal(a->rows, b->rows);
    assert_memory_equal(a->data, b->data, (size_t)a->rows * matrix_row_bytes(a));
}

/* Any part stands for all. */
static void test_split(void **state)
{
    struct err err = {0};
    struct model *one, *m;
    struct whole w;

    (void)state;
    open_whole(&w, MODELS "gguf-mixed/model.gguf");
    put_parts(&w);
    assert_int_equal(model_open(&one, MODELS "gguf-mixed/model.gguf", &err), 0);
    for (int i = 1; i <= 3; i++) {
        if (model_open(&m, in_folder(part_name(i, 3)), &err))
            fail_msg("%s", err.msg);
        assert_int_equal(m->n_params, one->n_params);
        same_matrix(&m->embed, &one->embed);
        same_matrix(&m->unembed.w, &one->unembed.w);
        for (int l = 0; l < m->shape.n_layers; l++) {
            same_matrix(&m->layers[l].q.w, &one->layers[l].q.w);
            same_matrix(&m->layers[l].down.w, &one->layers[l].down.w);
        }
        model_close(m);
        assert_int_equal(model_open_as(&m, in_folder(part_name(i, 3)),
                                       &(struct model_options){.shape_only = true}, &err),
                         0);
        assert_int_equal(m->weight_bytes, one->weight_bytes);
        model_close(m);
    }
    model_close(one);
    close_whole(&w);
    remove_parts();
}

static void test_split_tokenizer(void **state)
{
    struct err err = {0};
    struct tokenizer *t;
    struct whole w;

    (void)state;
    open_whole(&w, TEST_DIR "/fixtures/tokenizers/spm.gguf");
    put_parts(&w);
    if (tokenizer_open(&t, in_folder(part_name(2, 3)), &err))
        fail_msg("%s", err.msg);
    tokenizer_close(t);
    close_whole(&w);
    remove_parts();
}

static void test_bad_split(void **state)
{
    struct whole w;
    size_t n;

    (void)state;
    open_whole(&w, MODELS "gguf-mixed/model.gguf");
    n = w.g.tensors.n;
    put_parts(&w);
    put_part(&w, "renamed.gguf", 2, 0, n / 3, (uint32_t)n);
    check_open(in_folder("renamed.gguf"), ERR_FORMAT, "does not end in -00002-of-00003.gguf");
    put_part(&w, part_name(3, 3), 2, n / 3, n, (uint32_t)n);
    check_open(in_folder(part_name(1, 3)), ERR_FORMAT,
               "m-00003-of-00003.gguf says that it is part 2 of 3");
    put_part(&w, part_name(3, 3), 3, n / 3, n - 1, (uint32_t)n);
    check_open(in_folder(part_name(1, 3)), ERR_FORMAT, "tensors, the first one says");
    put_part(&w, part_name(3, 3), 3, n / 3 - 1, n, (uint32_t)n + 1);
    put_part(&w, part_name(1, 3), 1, 0, 0, (uint32_t)n + 1);
    check_open(in_folder(part_name(1, 3)), ERR_FORMAT, "is given twice");
    remove(in_folder(part_name(2, 3)));
    check_open(in_folder(part_name(3, 3)), ERR_IO,
               "m-00002-of-00003.gguf is missing: it is part 2 of the 3");
    close_whole(&w);
    remove_parts();
    remove(in_folder("renamed.gguf"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_split_tokenizer),
        cmocka_unit_test(test_bad_split),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
