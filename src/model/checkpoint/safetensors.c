#include "model/checkpoint/safetensors.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

enum {
    HEADER_MAX = 100 * 1000 * 1000, /* the format's own limit */
    INDEX_MAX = 64 << 20,
};

static int find_dtype(struct tensor *t, const char *name, struct err *err)
{
    static const char *const others[] = {
        "F64",  "I64", "I32",     "I16", "I8",      "U64",     "U32",     "U16",    "U8",
        "BOOL", "C64", "F8_E4M3", "F4",  "F6_E2M3", "F6_E3M2", "F8_E5M2", "F8_E8M0"};
    static const enum dtype known[] = {DTYPE_F32, DTYPE_F16, DTYPE_BF16};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(name, dtype_name(known[i]))) {
            t->dtype = known[i];
            return 0;
        }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (str_eq(name, others[i]))
            return err_set(err, ERR_FORMAT,
                           "tensor %s is of type %s, which is not handled: F32, F16 and BF16 are",
                           t->name, name);
    return err_set(err, ERR_FORMAT, "tensor %s is of the unknown type \"%.40s\"", t->name, name);
}

static int parse_shape(struct tensor *t, const json_t *shape, struct err *err)
{
    if (!json_is_array(shape))
        return err_set(err, ERR_FORMAT, "tensor %s: \"shape\" is missing or not a list", t->name);
    if (json_array_size(shape) > TENSOR_RANK_MAX)
        return err_set(err, ERR_FORMAT, "tensor %s has %zu dimensions, expected at most %d",
                       t->name, json_array_size(shape), TENSOR_RANK_MAX);
    t->rank = (int)json_array_size(shape);
    for (int i = 0; i < t->rank; i++) {
        const json_t *dim = json_array_get(shape, (size_t)i);

        if (!json_is_integer(dim) || json_integer_value(dim) < 0)
            return err_set(err, ERR_FORMAT,
                           "tensor %s: \"shape\" must contain sizes from 0 to 2^63", t->name);
        t->dim[i] = json_integer_value(dim);
    }
    return 0;
}

/* Where the data lies: inside the `size` bytes after the header, exactly as long as the shape. */
static int parse_offsets(struct tensor *t, const json_t *offsets, uint64_t size, struct err *err)
{
    const json_t *b = json_array_get(offsets, 0), *e = json_array_get(offsets, 1);
    json_int_t begin = json_integer_value(b), end = json_integer_value(e);
    uint64_t count;

    if (json_array_size(offsets) != 2 || !json_is_integer(b) || !json_is_integer(e))
        return err_set(err, ERR_FORMAT, "tensor %s: \"data_offsets\" must be a pair of integers",
                       t->name);
    if (begin < 0 || end < begin || (uint64_t)end > size)
        return err_set(err, ERR_FORMAT,
                       "tensor %s is said to lie at bytes %lld to %lld of the data, but there are "
                       "%llu: is the file cut short?",
                       t->name, (long long)begin, (long long)end, (unsigned long long)size);
    if (tensor_count(t, &count, err))
        return err->code;
    t->begin = (uint64_t)begin;
    t->bytes = (uint64_t)(end - begin);
    if (count > t->bytes || count * dtype_block_bytes(t->dtype) != t->bytes) {
        char shape[TENSOR_SHAPE_TEXT];

        return err_set(err, ERR_FORMAT, "tensor %s has %llu bytes, which is not %s of %s", t->name,
                       (unsigned long long)t->bytes, tensor_shape_text(shape, t->rank, t->dim),
                       dtype_name(t->dtype));
    }
    return 0;
}

static int parse_tensor(struct tensor *t, struct arena *a, const char *name, const json_t *j,
                        uint64_t size, struct err *err)
{
    const char *key, *dtype = NULL;
    json_t *value;

    if (!tensor_name_ok(name, strlen(name)))
        return err_set(err, ERR_FORMAT, "a tensor's name is empty, too long or not printable");
    t->name = arena_strdup(a, name, err);
    if (!t->name)
        return err->code;
    if (!json_is_object(j))
        return err_set(err, ERR_FORMAT, "the entry of tensor %s must be an object", name);
    json_object_foreach(
        (json_t *)j, key,
        value) if (!str_eq(key, "dtype") && !str_eq(key, "shape") &&
                   !str_eq(
                       key,
                       "data_offsets")) return err_set(err, ERR_FORMAT,
                                                       "tensor %s has the unknown key \"%.100s\"",
                                                       name, key);
    if (json_take_string(j, "dtype", true, &dtype, err))
        return err_wrap(err, "tensor %s", name);
    return err_if(err, find_dtype(t, dtype, err) ||
                           parse_shape(t, json_object_get(j, "shape"), err) ||
                           parse_offsets(t, json_object_get(j, "data_offsets"), size, err));
}

static int parse_header(struct tensors *t, struct arena *a, const json_t *header,
                        const struct mapping *file, size_t data_offset, struct err *err)
{
    uint64_t size = file->size - data_offset;
    const char *name;
    json_t *value;

    if (!json_is_object(header))
        return err_set(err, ERR_FORMAT, "the header is not a JSON object");
    t->n = 0;
    t->v = arena_alloc(a, json_object_size(header), sizeof *t->v, err);
    if (!t->v)
        return err->code;
    json_object_foreach((json_t *)header, name, value)
    {
        if (str_eq(name, "__metadata__"))
            continue;
        if (parse_tensor(&t->v[t->n], a, name, value, size, err))
            return err->code;
        t->v[t->n].data = file->data + data_offset + t->v[t->n].begin;
        t->n++;
    }
    return err_if(err, tensors_sort(t, err) || tensors_check_layout(t, size, true, err));
}

int safetensors_parse(struct tensors *t, struct arena *a, const struct mapping *file,
                      struct err *err)
{
    struct cursor c = {file->data, file->size, 0, 0};
    uint64_t n = cursor_u64(&c);
    const char *text;
    json_t *header;
    int code;

    memset(t, 0, sizeof *t);
    if (c.bad)
        return err_set(err, ERR_FORMAT,
                       "not a safetensors file: it has %zu bytes, expected 8 and a header",
                       file->size);
    if (n > HEADER_MAX)
        return err_set(
            err, ERR_FORMAT,
            "not a safetensors file: its header would be %llu bytes long, at most %d are "
            "allowed",
            (unsigned long long)n, HEADER_MAX);
    text = cursor_take(&c, n);
    if (!text)
        return err_set(err, ERR_FORMAT,
                       "the header is said to be %llu bytes long, but the file has %zu: is it cut "
                       "short?",
                       (unsigned long long)n, file->size);
    header = json_parse(text, (size_t)n, ERR_FORMAT, "header", 1, err);
    if (!header)
        return err->code;
    code = parse_header(t, a, header, file, c.pos, err);
    json_decref(header);
    return code;
}

/* A shard lies beside the index and nowhere else. */
static int check_shard(const char *tensor, const json_t *shard, struct err *err)
{
    const char *name = json_string_value(shard);

    if (!name)
        return err_set(err, ERR_FORMAT,
                       "\"weight_map\": the file of tensor %.200s must be a string", tensor);
    if (tensor_name_ok(name, strlen(name)) && !strchr(name, '/') && !strstr(name, "..") &&
        str_ends_with(name, ".safetensors"))
        return 0;
    return err_set(
        err, ERR_FORMAT,
        "\"weight_map\" names the file \"%.100s\": expected NAME.safetensors in the same "
        "directory",
        name);
}

/* The distinct shards that a weight map names, sorted; NULL on error. */
static char **list_shards(const json_t *map, struct arena *a, size_t *n, struct err *err)
{
    char **names = arena_alloc(a, json_object_size(map) + 1, sizeof(char *), err);
    size_t count = 0, unique = 0;
    const char *tensor;
    json_t *shard;

    if (!names)
        return NULL;
    json_object_foreach((json_t *)map, tensor, shard)
    {
        if (check_shard(tensor, shard, err))
            return NULL;
        names[count++] = (char *)json_string_value(shard);
    }
    if (!count) {
        err_set(err, ERR_FORMAT, "\"weight_map\" is empty");
        return NULL;
    }
    qsort(names, count, sizeof *names, str_by_bytes);
    for (size_t i = 0; i < count; i++)
        if (!i || !str_eq(names[i], names[unique - 1]))
            names[unique++] = names[i];
    *n = unique;
    return names;
}

static int map_shard(struct shards *s, struct arena *a, const char *dir, const char *name, size_t n,
                     struct err *err)
{
    char *path = s->path[s->n] = file_join(a, dir, name, err);
    bool there;

    if (!path || file_look(path, &there, err))
        return err->code;
    if (!there)
        return err_set(err, ERR_IO, "%s is missing: it is one of %zu files of this model", path, n);
    return file_map_foreign(&s->file[s->n], path, s->source, err);
}

/* Maps the shards one by one and gathers their tensors. */
static int open_all(struct shards *s, struct arena *a, const char *dir, char *const *names,
                    size_t n, struct err *err)
{
    struct tensors *part = arena_alloc(a, n, sizeof *part, err);
    size_t total = 0;

    s->file = arena_alloc(a, n, sizeof *s->file, err);
    s->path = arena_alloc(a, n, sizeof *s->path, err);
    if (!part || !s->file || !s->path)
        return err->code;
    for (; s->n < n; s->n++) {
        if (map_shard(s, a, dir, names[s->n], n, err))
            return err->code;
        if (safetensors_parse(&part[s->n], a, &s->file[s->n], err)) {
            err_wrap(err, "%s", s->path[s->n]);
            s->n++; /* it is mapped: shards_close must see it */
            return err->code;
        }
        total += part[s->n].n;
    }
    s->tensors.v = arena_alloc(a, total, sizeof *s->tensors.v, err);
    if (!s->tensors.v)
        return err->code;
    for (size_t i = 0; i < n; i++) {
        if (part[i].n)
            memcpy(s->tensors.v + s->tensors.n, part[i].v, part[i].n * sizeof *part[i].v);
        s->tensors.n += part[i].n;
    }
    return tensors_sort(&s->tensors, err);
}

/* Which of the shards holds the tensor's bytes. */
static const char *shard_of(const struct shards *s, char *const *names, const struct tensor *t)
{
    uintptr_t at = (uintptr_t)t->data;

    for (size_t i = 0; i < s->n; i++)
        if (at >= (uintptr_t)s->file[i].data && at <= (uintptr_t)s->file[i].data + s->file[i].size)
            return names[i];
    return "";
}

/* Index and shards must tell the same story, both ways. */
static int check_map(const struct shards *s, const json_t *map, char *const *names, struct err *err)
{
    const char *name;
    json_t *shard;

    json_object_foreach((json_t *)map, name, shard)
    {
        const struct tensor *t = tensors_find(&s->tensors, name);

        if (!t)
            return err_set(err, ERR_FORMAT, "tensor %.200s is not in %s, as \"weight_map\" says",
                           name, json_string_value(shard));
        if (t->bytes && !str_eq(shard_of(s, names, t), json_string_value(shard)))
            return err_set(err, ERR_FORMAT,
                           "tensor %s is in another file than %s, as "
                           "\"weight_map\" says",
                           name, json_string_value(shard));
    }
    for (size_t i = 0; i < s->tensors.n; i++)
        if (!json_object_get(map, s->tensors.v[i].name))
            return err_set(err, ERR_FORMAT, "tensor %s of the shards is not in \"weight_map\"",
                           s->tensors.v[i].name);
    return 0;
}

static int open_mapped(struct shards *s, struct arena *a, const char *dir, const json_t *map,
                       struct err *err)
{
    char **names;
    size_t n;

    if (!json_is_object(map))
        return err_set(err, ERR_FORMAT, "\"weight_map\" is missing or not an object");
    names = list_shards(map, a, &n, err);
    return err_if(err,
                  !names || open_all(s, a, dir, names, n, err) || check_map(s, map, names, err));
}

static int open_index(struct shards *s, struct arena *a, const char *dir, const char *path,
                      struct err *err)
{
    json_t *index = json_read_foreign(path, INDEX_MAX, err);
    int code = index ? 0 : err->code;

    if (index && open_mapped(s, a, dir, json_object_get(index, "weight_map"), err))
        code = err_wrap(err, "%s", path);
    json_decref(index);
    return code;
}

static bool is_pytorch(const char *name)
{
    return strncmp(name, "pytorch_model", strlen("pytorch_model")) == 0 ||
           str_ends_with(name, ".pth") || str_ends_with(name, ".pt");
}

/* What to tell somebody whose directory has no safetensors. */
static int no_weights(const char *dir, struct arena *a, struct err *err)
{
    bool gguf = false, pytorch = false;
    char **names;
    size_t n;

    if (file_list(dir, a, &names, &n, err))
        return err->code;
    for (size_t i = 0; i < n; i++) {
        gguf = gguf || str_ends_with(names[i], ".gguf");
        pytorch = pytorch || is_pytorch(names[i]);
    }
    if (pytorch && !gguf)
        return err_set(err, ERR_FORMAT,
                       "%s has PyTorch weights but no safetensors, which are what is read; this "
                       "converts them: python3 -c 'import sys, transformers as t; "
                       "t.AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=\"auto\")"
                       ".save_pretrained(sys.argv[1])' '%s'",
                       dir, dir);
    return err_set(err, ERR_IO,
                   "%s has neither model.safetensors nor model.safetensors.index.json%s", dir,
                   gguf ? "; it contains a .gguf file: give the path of that file" : "");
}

int shards_open(struct shards *s, struct arena *a, const char *dir,
                const struct file_source *source, struct err *err)
{
    char *one = file_join(a, dir, "model.safetensors", err);
    char *index = file_join(a, dir, "model.safetensors.index.json", err);
    char *name = "model.safetensors";
    bool has_one, has_index;
    int code;

    memset(s, 0, sizeof *s);
    s->source = source;
    if (!one || !index || file_look(one, &has_one, err) || file_look(index, &has_index, err))
        return err->code;
    if (has_one)
        code = open_all(s, a, dir, &name, 1, err);
    else if (has_index)
        code = open_index(s, a, dir, index, err);
    else
        code = no_weights(dir, a, err);
    if (code)
        shards_close(s);
    return code;
}

void shards_close(struct shards *s)
{
    for (size_t i = 0; i < s->n; i++)
        file_unmap(&s->file[i]);
    memset(s, 0, sizeof *s);
}
