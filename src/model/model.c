#include "model/model.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"
#include "model/arch.h"
#include "model/arch_gguf.h"
#include "model/arch_json.h"
#include "model/arch_json_keys.h"
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/gguf_files.h"
#include "model/checkpoint/safetensors.h"
#include "model/random.h"
#include "model/rope.h"
#include "model/weights.h"

#include <stdio.h>
#include <string.h>

enum { CONFIG_MAX = 16 << 20 };

/* What a model borrows from; either GGUF files or a directory are there. */
struct checkpoint {
    struct arena arena;
    struct gguf_files gguf;
    struct shards shards;
    struct buf config_text; /* of config.json */
    struct arch_config config;
    struct tensors *tensors; /* NULL: no weights */
    struct model_options options;
    bool is_gguf;
};

static int judged(const char *key, struct err *err)
{
    return err_set(
        err, ERR_CONFIG,
        "model.ignore names \"%.200s\", whose value is known to count: only keys that are "
        "not known can be ignored",
        key);
}

/* Also from the objects inside, as the text model's. */
static int ignore_json(const struct model_options *o, json_t *json, struct err *err)
{
    const char *name;
    json_t *v;

    for (size_t i = 0; i < o->n_ignore; i++) {
        if (json_key_known(o->ignore[i]))
            return judged(o->ignore[i], err);
        json_object_del(json, o->ignore[i]);
        json_object_foreach(json, name, v) json_object_del(v, o->ignore[i]);
    }
    return 0;
}

static int ignore_gguf(const struct model_options *o, struct gguf *g, struct err *err)
{
    size_t n = 0;

    for (size_t i = 0; i < g->n_values; i++) {
        if (str_index(o->ignore, o->n_ignore, g->value[i].key) == o->n_ignore)
            g->value[n++] = g->value[i];
        else if (gguf_key_known(g->value[i].key))
            return judged(g->value[i].key, err);
    }
    g->n_values = n;
    return 0;
}

static int read_config(struct checkpoint *c, const char *path, struct err *err)
{
    json_t *json;
    int code;

    if (file_read_foreign(&c->config_text, path, CONFIG_MAX, err))
        return err->code;
    json = json_parse_foreign(c->config_text.data, c->config_text.len, path, err);
    if (!json)
        return err->code;
    code =
        ignore_json(&c->options, json, err) || config_from_json(&c->config, json, &c->arena, err);
    json_decref(json);
    return code ? err_wrap(err, "%s", path) : 0;
}

/* A directory, or config.json itself where no weights are asked for. */
static int open_hf(struct checkpoint *c, const char *path, bool weights, struct err *err)
{
    bool dir = file_is_dir(path);
    const char *config = dir ? file_join(&c->arena, path, "config.json", err) : path;
    bool there;

    if (!config || file_look(config, &there, err))
        return err->code;
    if (!there)
        return err_set(err, ERR_IO,
                       "%s has no config.json: expected a Hugging Face directory (config.json and "
                       "safetensors) or a .gguf file",
                       path);
    if (read_config(c, config, err) ||
        (weights && shards_open(&c->shards, &c->arena, path, c->options.source, err)))
        return err->code;
    c->tensors = weights ? &c->shards.tensors : NULL;
    return 0;
}

static int open_gguf(struct checkpoint *c, const char *path, bool weights, struct err *err)
{
    c->is_gguf = true;
    if (gguf_files_open(&c->gguf, path, weights ? GGUF_WHOLE : GGUF_HEADER, c->options.source, err))
        return err->code;
    c->tensors = &c->gguf.v[0].tensors;
    return ignore_gguf(&c->options, &c->gguf.v[0], err) ||
                   config_from_gguf(&c->config, &c->gguf.v[0], &c->arena, err)
               ? err_wrap(err, "%s", path)
               : 0;
}

/* A file that is neither a GGUF nor a directory's config. */
static int not_a_model(const char *path, struct err *err)
{
    struct mapping m;

    if (file_map_foreign(&m, path, NULL, err))
        return err->code;
    file_unmap(&m);
    if (str_ends_with(path, ".safetensors") || str_ends_with(path, ".json"))
        return err_set(err, ERR_FORMAT,
                       "%s is part of a Hugging Face model: give the directory that contains it",
                       path);
    return err_set(
        err, ERR_FORMAT,
        "%s is not a model: it does not begin with the letters GGUF; expected a Hugging Face "
        "directory or a .gguf file",
        path);
}

static int open_files(struct checkpoint *c, const char *path, bool weights, struct err *err)
{
    bool there;

    if (file_look(path, &there, err))
        return err->code;
    if (!there)
        return err_set(err, ERR_IO,
                       "%s does not exist: expected a Hugging Face directory or a .gguf file",
                       path);
    if (file_is_dir(path))
        return open_hf(c, path, weights, err);
    if (gguf_is(path))
        return open_gguf(c, path, weights, err);
    if (!weights && str_ends_with(path, ".json"))
        return open_hf(c, path, false, err);
    return not_a_model(path, err);
}

/* The frequencies of one kind of layers; of longer prompts they are only tried here. */
static int find_rotary(struct rotary *r, const struct rope_spec *spec, const struct model *m,
                       struct err *err)
{
    int dims = rope_dims(spec);
    float *v = arena_alloc(&m->files->arena, (size_t)dims, sizeof *v, err);

    *r = (struct rotary){.dims = dims,
                         .adjacent = m->files->config.arch->adjacent,
                         .factor = spec->attention != 0 ? (float)spec->attention : 1,
                         .freq = v,
                         .short_to = rope_short_to(spec),
                         .spec = spec};
    return err_if(err, !v || rope_frequencies(spec, m->shape.max_positions, v, err) ||
                           rope_frequencies(spec, 1, v, err));
}

static int find_rotaries(struct model *m, struct err *err)
{
    const struct arch_config *c = &m->files->config;

    for (int i = 0; i <= c->ropes; i++)
        if (find_rotary(&m->rotary[i], &c->rope[i], m, err))
            return err->code;
    return 0;
}

/* The files that the model's bytes lie in. */
static int list_files(struct model *m, struct err *err)
{
    struct checkpoint *c = m->files;
    size_t n = c->is_gguf ? c->gguf.n : c->shards.n;

    m->config_hash = hash_bytes(c->config_text.data, c->config_text.len);
    m->files_hash = m->fingerprint = m->config_hash;
    m->file = arena_alloc(&c->arena, n, sizeof *m->file, err);
    if (!m->file)
        return err->code;
    for (; m->n_files < n; m->n_files++) {
        size_t i = m->n_files;

        const char *path = c->is_gguf ? c->gguf.v[i].path : c->shards.path[i];

        m->file[i].path = file_absolute(&c->arena, path, err);
        m->file[i].map = c->is_gguf ? &c->gguf.v[i].file : &c->shards.file[i];
        if (!m->file[i].path)
            return err->code;
    }
    return 0;
}

static int fill(struct model *m, const char *path, bool weights, struct err *err)
{
    struct checkpoint *c = m->files;

    m->path = arena_strdup(&c->arena, path, err);
    m->name = file_last_parts(&c->arena, path, 1, err);
    if (!m->path || !m->name || open_files(c, path, weights, err))
        return err->code;
    m->shape = c->config.shape;
    m->arch = c->config.arch->name;
    if (find_rotaries(m, err) ||
        weights_bind(m, &c->config, c->tensors, c->is_gguf, &c->arena, err))
        return err_wrap(err, "%s", path);
    m->random = c->options.random;
    m->random_seed = c->options.random_seed;
    if (m->random)
        m->weight_bytes = random_bytes(m);
    return list_files(m, err);
}

int model_open_as(struct model **out, const char *path, const struct model_options *o,
                  struct err *err)
{
    struct model *m = mem_alloc(1, sizeof *m, err);

    *out = NULL;
    if (!m)
        return err->code;
    m->files = mem_alloc(1, sizeof *m->files, err);
    if (m->files)
        m->files->options = *o;
    if (!m->files || fill(m, path, !o->shape_only, err)) {
        model_close(m);
        return err->code;
    }
    *out = m;
    return 0;
}

int model_open(struct model **m, const char *path, struct err *err)
{
    return model_open_as(m, path, &(struct model_options){.shape_only = false}, err);
}

void model_close(struct model *m)
{
    if (!m)
        return;
    if (m->files) {
        shards_close(&m->files->shards);
        gguf_files_close(&m->files->gguf);
        buf_release(&m->files->config_text);
        arena_release(&m->files->arena);
    }
    file_unmap(&m->random_room);
    mem_free(m->random_own);
    mem_free(m->files);
    mem_free(m);
}

void model_embed_token(const struct model *m, int32_t id, float *out)
{
    matrix_rows(&m->embed, id, 1, out);
    if (m->shape.embed_scale != 1)
        for (int i = 0; i < m->shape.d_model; i++)
            out[i] *= m->shape.embed_scale;
}

void model_embed_position(const struct model *m, int pos, float *out)
{
    if (m->shape.learned_positions)
        matrix_rows(&m->positions, pos, 1, out);
    else
        memset(out, 0, (size_t)m->shape.d_model * sizeof *out);
}

void model_embed(const struct model *m, int32_t id, int pos, float *room, float *out)
{
    model_embed_token(m, id, out);
    if (!m->shape.learned_positions)
        return;
    model_embed_position(m, pos, room);
    vec_add(m->shape.d_model, out, room);
}

/* Tensors of one kind: equal names but for the number of the layer, equal shape and type. */
struct tensor_kind {
    const char *name;
    const struct tensor *first;
    size_t count;
};

/* The name with its first number replaced by a star. */
static const char *star(struct arena *a, const char *name, struct err *err)
{
    size_t begin = strcspn(name, "0123456789"), n = strspn(name + begin, "0123456789");

    if (!n)
        return name;
    return arena_printf(a, err, "%.*s*%s", (int)begin, name, name + begin + n);
}

static bool same_kind(const struct tensor_kind *k, const char *name, const struct tensor *t)
{
    return str_eq(k->name, name) && k->first->dtype == t->dtype && k->first->rank == t->rank &&
           !memcmp(k->first->dim, t->dim, sizeof t->dim);
}

/* Sorts n tensors into kinds, which has room for n. */
static int find_kinds(const struct tensors *t, struct tensor_kind *kinds, size_t *n,
                      struct arena *a, struct err *err)
{
    *n = 0;
    for (size_t i = 0; i < t->n; i++) {
        const char *name = star(a, t->v[i].name, err);
        size_t k = 0;

        if (!name)
            return err->code;
        while (k < *n && !same_kind(&kinds[k], name, &t->v[i]))
            k++;
        if (k == *n)
            kinds[(*n)++] = (struct tensor_kind){name, &t->v[i], 0};
        kinds[k].count++;
    }
    return 0;
}

static void describe_tensors(const struct tensors *t, struct buf *out, struct err *err)
{
    struct arena a = {0};
    struct tensor_kind *kinds = arena_alloc(&a, t->n, sizeof *kinds, err);
    char shape[TENSOR_SHAPE_TEXT];
    size_t n = 0;

    if (kinds)
        find_kinds(t, kinds, &n, &a, err);
    buf_printf(out, err, "tensors        %zu\n", t->n);
    for (size_t k = 0; k < n; k++) {
        const struct tensor *first = kinds[k].first;

        buf_printf(out, err, "%6zu x %-5s %-16s %s\n", kinds[k].count, dtype_name(first->dtype),
                   tensor_shape_text(shape, first->rank, first->dim), kinds[k].name);
    }
    arena_release(&a);
}

int shape_windows(const struct shape *s, int *layers)
{
    int window = 0;

    *layers = 0;
    for (int l = 0; l < s->n_layers; l++)
        if (shape_window(s, l)) {
            window = shape_window(s, l);
            ++*layers;
        }
    return window;
}

static void window_text(char out[64], const struct shape *s)
{
    int with, window = shape_windows(s, &with);

    if (with)
        snprintf(out, 64, "%d %s in %d of %d %s", window, str_noun(window, "token", "tokens"), with,
                 s->n_layers, str_noun(s->n_layers, "layer", "layers"));
    else
        snprintf(out, 64, "none");
}

static void describe_rotary(const struct model *m, struct buf *out, struct err *err)
{
    const struct arch_config *c = &m->files->config;
    char rope[128];

    if (m->shape.learned_positions)
        buf_puts(out, "rotary         none: positions are learned\n", err);
    for (int i = 0; !m->shape.learned_positions && i <= c->ropes; i++)
        buf_printf(out, err, "rotary         %s%s, %d of %d numbers of a head\n",
                   !c->ropes ? ""
                   : i       ? "with a window: "
                             : "without a window: ",
                   rope_text(rope, &c->rope[i]), m->rotary[i].dims, m->shape.d_head);
}

static void describe_shape(const struct model *m, struct buf *out, struct err *err)
{
    const struct shape *s = &m->shape;
    char window[64];

    window_text(window, s);
    buf_printf(out, err,
               "layers         %d%s\n"
               "heads          %d of width %d, over %d key/value %s\n"
               "width          %d, MLP %d%s\n"
               "vocabulary     %d, unembedding %s\n"
               "positions      %d, sliding window %s\n",
               s->n_layers, s->parallel ? ", attention and MLP in parallel" : "", s->n_heads,
               s->d_head, s->n_kv_heads, str_noun(s->n_kv_heads, "head", "heads"), s->d_model,
               s->d_ff, s->gated ? "" : " without gate", s->vocab,
               s->tied ? "tied to the embedding" : "of its own", s->max_positions, window);
    describe_rotary(m, out, err);
    buf_printf(out, err, "norm epsilon   %g\n", (double)s->norm_eps);
}

int model_describe(const struct model *m, struct buf *out, struct err *err)
{
    const struct checkpoint *c = m->files;
    char bytes[STR_HUMAN], hex[HASH_HEX];

    err_clear(err);
    buf_printf(out, err, "model          %s\narchitecture   %s\n", m->path, m->arch);
    if (c->is_gguf)
        buf_printf(out, err, "format         GGUF version %u, %zu %s\n", c->gguf.v[0].version,
                   c->gguf.n, str_noun(c->gguf.n, "file", "files"));
    else
        buf_printf(out, err, "format         Hugging Face, %zu safetensors %s\n", c->shards.n,
                   str_noun(c->shards.n, "file", "files"));
    buf_printf(out, err, "parameters     %llu in %s\n", (unsigned long long)m->n_params,
               str_bytes(bytes, (double)m->weight_bytes));
    describe_shape(m, out, err);
    if (!hash_eq(m->fingerprint, m->config_hash))
        buf_printf(out, err, "fingerprint    %s\n", hash_hex(hex, m->fingerprint));
    if (c->tensors)
        describe_tensors(c->tensors, out, err);
    return err->code;
}
