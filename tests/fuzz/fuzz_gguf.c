/* A GGUF file: its metadata, its config, and the rows of the model that it then is. */
#include "fuzz.h"

#include "model/arch.h"
#include "model/arch_gguf.h"
#include "model/checkpoint/gguf.h"
#include "model/weights.h"

static volatile double sink;

static void read_value(const struct gguf_value *v)
{
    bool array = v->type == GGUF_ARRAY;
    uint64_t at = 0;
    double sum = 0;

    for (uint64_t i = 0; i < v->count; i++) {
        if (array && v->element == GGUF_I32)
            sum += gguf_i32_at(v, i);
        else if (array && v->element == GGUF_F32)
            sum += (double)gguf_f32_at(v, i);
        else if (v->element == GGUF_STRING) {
            struct gguf_string s = gguf_next_string(v, &at);

            for (size_t j = 0; j < s.n; j++)
                sum += s.s[j];
        }
    }
    sink = sum;
}

static void read_rows(const struct matrix *w, struct arena *a)
{
    struct err err = {0};
    float *row = arena_alloc(a, (size_t)w->cols, sizeof *row, &err);

    for (int64_t i = 0; row && i < w->rows; i++)
        matrix_rows(w, i, 1, row);
}

static void read_model(struct gguf *g)
{
    struct model m = {0};
    struct arena a = {0};
    struct err err = {0};
    struct arch_config c;

    if (config_from_gguf(&c, g, &a, &err))
        goto out;
    m.shape = c.shape;
    m.arch = c.arch->name;
    if (!weights_bind(&m, &c, &g->tensors, true, &a, &err))
        for (int l = 0; l < m.shape.n_layers; l++) {
            read_rows(&m.layers[l].q.w, &a);
            read_rows(&m.layers[l].down.w, &a);
        }
out:
    arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    struct gguf g;

    if (!gguf_parse(&g, data, size, GGUF_HEADER, &err))
        gguf_close(&g);
    if (gguf_parse(&g, data, size, GGUF_WHOLE, &err))
        return 0;
    for (size_t i = 0; i < g.n_values; i++)
        read_value(&g.value[i]);
    read_model(&g);
    gguf_close(&g);
    return 0;
}
