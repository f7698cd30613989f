#include "model/checkpoint/gguf.h"

#include "base/bits.h"
#include "base/file.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Least bytes that one entry takes in the file: a count that promises more of them than the rest of
 * the file could hold is refused before anything is allocated for it.
 */
enum {
    STRING_MIN = 8,            /* its length */
    VALUE_MIN = 8 + 1 + 4 + 1, /* key, type, payload */
    TENSOR_MIN = 8 + 1 + 4 + 4 + 8,
    ARRAY_MIN = 4 + 8,
    NEST_MAX = 4, /* arrays of arrays of ... */
};

static const size_t type_size[GGUF_TYPE_COUNT] = {
#define X(name, text, bytes) [name] = bytes,
    GGUF_TYPES(X)
#undef X
};

const char *gguf_type_name(enum gguf_type type)
{
    static const char *const text[GGUF_TYPE_COUNT] = {
#define X(name, words, bytes) [name] = words,
        GGUF_TYPES(X)
#undef X
    };

    return type < GGUF_TYPE_COUNT ? text[type] : "an unknown type";
}

/* The element types of tensors that we compute with. */
static const struct {
    uint32_t id;
    enum dtype dtype;
} dtypes[] = {
    {0, DTYPE_F32},   {1, DTYPE_F16},   {2, DTYPE_Q4_0},    {3, DTYPE_Q4_1},    {6, DTYPE_Q5_0},
    {7, DTYPE_Q5_1},  {8, DTYPE_Q8_0},  {10, DTYPE_Q2_K},   {11, DTYPE_Q3_K},   {12, DTYPE_Q4_K},
    {13, DTYPE_Q5_K}, {14, DTYPE_Q6_K}, {20, DTYPE_IQ4_NL}, {23, DTYPE_IQ4_XS}, {30, DTYPE_BF16},
};

/* What the format calls the others, for the message. */
static const struct {
    uint32_t id;
    const char *name;
} other_dtypes[] = {
    {9, "Q8_1"},   {15, "Q8_K"},  {16, "IQ2_XXS"}, {17, "IQ2_XS"}, {18, "IQ3_XXS"},
    {19, "IQ1_S"}, {21, "IQ3_S"}, {22, "IQ2_S"},   {24, "I8"},     {25, "I16"},
    {26, "I32"},   {27, "I64"},   {28, "F64"},     {29, "IQ1_M"},  {34, "TQ1_0"},
    {35, "TQ2_0"}, {39, "MXFP4"}, {40, "NVFP4"},   {41, "Q1_0"},
};

static int cut_short(const struct cursor *c, const char *where, struct err *err)
{
    return err_set(err, ERR_FORMAT, "the file ends (%zu bytes) inside %s: is it cut short?",
                   c->size, where);
}

static uint64_t left(const struct cursor *c)
{
    return c->bad ? 0 : c->size - c->pos;
}

/* A string that must be printable (a key or a tensor's name), as a C string. */
static int take_name(struct gguf *g, struct cursor *c, const char *what, const char **out,
                     struct err *err)
{
    uint64_t n = cursor_u64(c);
    const char *s = cursor_take(c, n);

    if (!s)
        return cut_short(c, what, err);
    if (!tensor_name_ok(s, (size_t)n))
        return err_set(err, ERR_FORMAT,
                       "%s at byte %zu is %llu bytes long or not printable: expected UTF-8 of 1 to "
                       "1024 bytes",
                       what, c->pos - (size_t)n, (unsigned long long)n);
    *out = arena_strndup(&g->arena, s, (size_t)n, err);
    return *out ? 0 : err->code;
}

/* Walks over a payload, so that later reads of it need no checks. */
static int skip_elements(struct cursor *c, uint32_t type, uint64_t count, int depth,
                         const char *key, struct err *err)
{
    uint64_t each;

    if (type >= GGUF_TYPE_COUNT)
        return err_set(err, ERR_FORMAT, "key \"%s\" has the unknown type %u", key, type);
    each = type_size[type] ? type_size[type] : type == GGUF_STRING ? STRING_MIN : ARRAY_MIN;
    if (count > left(c) / each)
        return err_set(err, ERR_FORMAT,
                       "key \"%s\" claims %llu elements of %s, more than the rest of the file "
                       "(%llu bytes) can hold",
                       key, (unsigned long long)count, gguf_type_name(type),
                       (unsigned long long)left(c));
    if (type_size[type]) {
        cursor_take(c, count * each);
        return 0;
    }
    if (type == GGUF_ARRAY && depth >= NEST_MAX)
        return err_set(err, ERR_FORMAT, "key \"%s\" nests arrays more than %d deep", key, NEST_MAX);
    for (uint64_t i = 0; i < count; i++) {
        if (type == GGUF_STRING) {
            cursor_take(c, cursor_u64(c));
        } else {
            uint32_t inner = cursor_u32(c);
            uint64_t n = cursor_u64(c);

            if (skip_elements(c, inner, n, depth + 1, key, err))
                return err->code;
        }
        if (c->bad)
            return err_set(err, ERR_FORMAT,
                           "key \"%s\": element %llu ends beyond the file (%zu bytes)", key,
                           (unsigned long long)i, c->size);
    }
    return 0;
}

static int parse_value(struct gguf *g, struct cursor *c, struct gguf_value *v, struct err *err)
{
    uint32_t type;

    if (take_name(g, c, "a metadata key", &v->key, err))
        return err->code;
    type = cursor_u32(c);
    v->count = 1;
    if (type == GGUF_ARRAY) {
        v->type = GGUF_ARRAY;
        type = cursor_u32(c);
        v->count = cursor_u64(c);
    }
    if (c->bad)
        return cut_short(c, v->key, err);
    v->data = c->data + c->pos;
    if (skip_elements(c, type, v->count, v->type == GGUF_ARRAY, v->key, err))
        return err->code;
    v->element = (enum gguf_type)type;
    if (v->type != GGUF_ARRAY)
        v->type = v->element;
    return 0;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct gguf_value *)a)->key, ((const struct gguf_value *)b)->key);
}

static int parse_values(struct gguf *g, struct cursor *c, uint64_t n, struct err *err)
{
    if (n > left(c) / VALUE_MIN)
        return err_set(err, ERR_FORMAT,
                       "the header claims %llu metadata keys, more than the file (%zu bytes) can "
                       "hold",
                       (unsigned long long)n, c->size);
    g->value = arena_alloc(&g->arena, (size_t)n, sizeof *g->value, err);
    if (!g->value)
        return err->code;
    for (; g->n_values < n; g->n_values++)
        if (parse_value(g, c, &g->value[g->n_values], err))
            return err->code;
    if (n)
        qsort(g->value, g->n_values, sizeof *g->value, by_key);
    for (size_t i = 1; i < g->n_values; i++)
        if (str_eq(g->value[i - 1].key, g->value[i].key))
            return err_set(err, ERR_FORMAT, "key \"%s\" is given twice", g->value[i].key);
    return 0;
}

/* "F32, F16, ... and BF16" */
static const char *handled(char *out, size_t size)
{
    size_t n = sizeof dtypes / sizeof *dtypes, at = 0;

    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%s",
                               !i          ? ""
                               : i < n - 1 ? ", "
                                           : " and ",
                               dtype_name(dtypes[i].dtype));
    return out;
}

static int find_dtype(struct tensor *t, uint32_t id, struct err *err)
{
    char names[256];

    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (dtypes[i].id == id) {
            t->dtype = dtypes[i].dtype;
            return 0;
        }
    for (size_t i = 0; i < sizeof other_dtypes / sizeof *other_dtypes; i++)
        if (other_dtypes[i].id == id)
            return err_set(err, ERR_FORMAT, "tensor %s is of type %s, which is not handled: %s are",
                           t->name, other_dtypes[i].name, handled(names, sizeof names));
    return err_set(err, ERR_FORMAT, "tensor %s is of the unknown type %u", t->name, id);
}

/* Bytes of a tensor from its shape; rows are whole blocks. */
static int find_bytes(struct tensor *t, struct err *err)
{
    uint64_t block = dtype_block(t->dtype), block_bytes = dtype_block_bytes(t->dtype), count;

    if (tensor_count(t, &count, err))
        return err->code;
    if ((t->rank ? (uint64_t)t->dim[t->rank - 1] : 1) % block)
        return err_set(
            err, ERR_FORMAT,
            "tensor %s: a row of %lld elements is not a multiple of the %llu of a %s block",
            t->name, (long long)(t->rank ? t->dim[t->rank - 1] : 1), (unsigned long long)block,
            dtype_name(t->dtype));
    if (count / block > UINT64_MAX / 2 / block_bytes)
        return err_set(err, ERR_FORMAT, "tensor %s has more than 2^63 bytes", t->name);
    t->bytes = count / block * block_bytes;
    return 0;
}

static int parse_tensor(struct gguf *g, struct cursor *c, struct tensor *t, struct err *err)
{
    uint32_t rank, id;

    if (take_name(g, c, "a tensor's name", &t->name, err))
        return err->code;
    rank = cursor_u32(c);
    if (rank > TENSOR_RANK_MAX)
        return err_set(err, ERR_FORMAT, "tensor %s has %u dimensions, expected at most %d", t->name,
                       rank, TENSOR_RANK_MAX);
    t->rank = (int)rank;
    for (int i = t->rank - 1; i >= 0; i--) {
        uint64_t dim = cursor_u64(c); /* innermost first */

        if (dim > INT64_MAX)
            return err_set(err, ERR_FORMAT, "tensor %s: a dimension of %llu is too large", t->name,
                           (unsigned long long)dim);
        t->dim[i] = (int64_t)dim;
    }
    id = cursor_u32(c);
    t->begin = cursor_u64(c);
    if (c->bad)
        return cut_short(c, t->name, err);
    if (find_dtype(t, id, err) || find_bytes(t, err))
        return err->code;
    if (t->begin % g->alignment)
        return err_set(err, ERR_FORMAT,
                       "tensor %s begins at byte %llu of the data, which is not a multiple of the "
                       "alignment %llu",
                       t->name, (unsigned long long)t->begin, (unsigned long long)g->alignment);
    return 0;
}

/* Checks that the tensor lies in the file's data section of `size` bytes, and points to it. */
static int place_tensor(const struct gguf *g, struct tensor *t, uint64_t size, struct err *err)
{
    if (t->begin > size || t->bytes > size - t->begin)
        return err_set(err, ERR_FORMAT,
                       "tensor %s is said to lie at bytes %llu to %llu of the data, but there are "
                       "%llu: is the file cut short?",
                       t->name, (unsigned long long)t->begin,
                       (unsigned long long)t->begin + t->bytes, (unsigned long long)size);
    t->data = g->file.data + g->data_offset + t->begin;
    return 0;
}

static int parse_tensors(struct gguf *g, struct cursor *c, uint64_t n, enum gguf_part part,
                         struct err *err)
{
    uint64_t size;

    if (n > left(c) / TENSOR_MIN)
        return err_set(err, ERR_FORMAT,
                       "the header claims %llu tensors, more than the file (%zu bytes) can hold",
                       (unsigned long long)n, c->size);
    g->tensors.v = arena_alloc(&g->arena, (size_t)n, sizeof *g->tensors.v, err);
    if (!g->tensors.v)
        return err->code;
    for (; g->tensors.n < n; g->tensors.n++)
        if (parse_tensor(g, c, &g->tensors.v[g->tensors.n], err))
            return err->code;
    g->data_offset = (c->pos + g->alignment - 1) / g->alignment * g->alignment;
    size = g->data_offset < c->size ? c->size - g->data_offset : 0;
    for (size_t i = 0; part == GGUF_WHOLE && i < g->tensors.n; i++)
        if (place_tensor(g, &g->tensors.v[i], size, err))
            return err->code;
    if (tensors_sort(&g->tensors, err))
        return err->code;
    return part == GGUF_WHOLE ? tensors_check_layout(&g->tensors, size, false, err) : 0;
}

static int check_version(uint32_t version, struct err *err)
{
    if (version == 2 || version == 3)
        return 0;
    if (version == 1)
        return err_set(err, ERR_FORMAT, "GGUF version 1 is not handled: convert it to version 3");
    if (version == 2u << 24 || version == 3u << 24)
        return err_set(err, ERR_FORMAT,
                       "a big-endian GGUF file is not handled: convert it to little-endian");
    return err_set(err, ERR_FORMAT, "GGUF version %u is not handled: 2 and 3 are", version);
}

static int check_alignment(struct gguf *g, struct err *err)
{
    int64_t alignment = 32;

    if (gguf_take_int(g, "general.alignment", false, 1, 1 << 20, &alignment, err))
        return err->code;
    if (alignment & (alignment - 1))
        return err_set(err, ERR_FORMAT,
                       "key \"general.alignment\" is %lld, expected a power of two",
                       (long long)alignment);
    g->alignment = (uint64_t)alignment;
    return 0;
}

int gguf_parse(struct gguf *g, const void *data, size_t size, enum gguf_part part, struct err *err)
{
    struct cursor c = {data, size, 0, 0};
    const char *magic;
    uint64_t n_tensors, n_values;

    memset(g, 0, sizeof *g);
    g->file = (struct mapping){.data = data, .size = size};
    magic = cursor_take(&c, 4);
    if (!magic || memcmp(magic, "GGUF", 4) != 0)
        return err_set(err, ERR_FORMAT, "not a GGUF file: it does not begin with the letters GGUF");
    g->version = cursor_u32(&c);
    n_tensors = cursor_u64(&c);
    n_values = cursor_u64(&c);
    if (c.bad)
        return cut_short(&c, "the header", err);
    if (check_version(g->version, err) || parse_values(g, &c, n_values, err) ||
        check_alignment(g, err) || parse_tensors(g, &c, n_tensors, part, err)) {
        gguf_close(g);
        return err->code;
    }
    return 0;
}

bool gguf_is(const char *path)
{
    char magic[5];

    return file_start(path, magic, sizeof magic) && str_eq(magic, "GGUF");
}

int gguf_open(struct gguf *g, const char *path, enum gguf_part part,
              const struct file_source *source, struct err *err)
{
    struct mapping file;

    memset(g, 0, sizeof *g);
    if (file_map_foreign(&file, path, source, err))
        return err->code;
    if (gguf_parse(g, file.data, file.size, part, err)) {
        file_unmap(&file);
        return err_wrap(err, "%s", path);
    }
    g->file = file;
    g->mapped = true;
    g->path = arena_strdup(&g->arena, path, err);
    if (!g->path)
        gguf_close(g);
    return g->path ? 0 : err->code;
}

void gguf_close(struct gguf *g)
{
    if (g->mapped)
        file_unmap(&g->file);
    arena_release(&g->arena);
    memset(g, 0, sizeof *g);
}

const struct gguf_value *gguf_find(const struct gguf *g, const char *key)
{
    struct gguf_value want = {.key = key};

    return g->n_values ? bsearch(&want, g->value, g->n_values, sizeof *g->value, by_key) : NULL;
}

/* Little-endian bytes of element i of a fixed-size type. */
static uint64_t raw(const struct gguf_value *v, uint64_t i)
{
    size_t bytes = type_size[v->element];
    uint64_t x = 0;

    for (size_t k = 0; k < bytes; k++)
        x |= (uint64_t)v->data[i * bytes + k] << 8 * k;
    return x;
}

static int wrong_type(const struct gguf_value *v, const char *expected, struct err *err)
{
    bool array = v->type == GGUF_ARRAY;

    return err_set(err, ERR_FORMAT, "key \"%s\" is %s%s, expected %s", v->key,
                   array ? "an array of " : "", gguf_type_name(array ? v->element : v->type),
                   expected);
}

#define IS(type) (1u << (type))
enum {
    SIGNED = IS(GGUF_I8) | IS(GGUF_I16) | IS(GGUF_I32) | IS(GGUF_I64),
    INTEGER = SIGNED | IS(GGUF_U8) | IS(GGUF_U16) | IS(GGUF_U32) | IS(GGUF_U64),
    REAL = IS(GGUF_F32) | IS(GGUF_F64)
};

/* The value under key, of one of these types (a bit each); NULL when it is absent or of another
   type: then *code says whether that is an error. */
static const struct gguf_value *take(const struct gguf *g, const char *key, bool need,
                                     unsigned types, const char *expected, int *code,
                                     struct err *err)
{
    const struct gguf_value *v = gguf_find(g, key);

    *code = 0;
    if (v && types >> v->type & 1)
        return v;
    if (v)
        *code = wrong_type(v, expected, err);
    else if (need)
        *code = err_set(err, ERR_FORMAT, "key \"%s\" is missing", key);
    return NULL;
}

int gguf_take_int(const struct gguf *g, const char *key, bool need, int64_t lo, int64_t hi,
                  int64_t *out, struct err *err)
{
    int code;
    const struct gguf_value *v = take(g, key, need, INTEGER, "an integer", &code, err);
    uint64_t bits, sign;
    int64_t i;

    if (!v)
        return code;
    bits = raw(v, 0);
    sign = (uint64_t)1 << (8 * type_size[v->type] - 1);
    if (SIGNED >> v->type & 1)
        i = (int64_t)((bits ^ sign) - sign);
    else
        i = bits > INT64_MAX ? INT64_MAX : (int64_t)bits;
    if (i < lo || i > hi)
        return err_set(err, ERR_FORMAT, "key \"%s\" is %lld, expected %lld to %lld", key,
                       (long long)i, (long long)lo, (long long)hi);
    *out = i;
    return 0;
}

int gguf_take_real(const struct gguf *g, const char *key, bool need, double *out, struct err *err)
{
    int code;
    const struct gguf_value *v = take(g, key, need, REAL, "a real number", &code, err);

    if (v)
        *out = v->type == GGUF_F32 ? (double)gguf_f32_at(v, 0) : double_of_bits(raw(v, 0));
    return code;
}

int gguf_take_bool(const struct gguf *g, const char *key, bool need, bool *out, struct err *err)
{
    int code;
    const struct gguf_value *v = take(g, key, need, IS(GGUF_BOOL), "true or false", &code, err);

    if (v)
        *out = raw(v, 0) != 0;
    return code;
}

int gguf_take_string(const struct gguf *g, const char *key, bool need, struct gguf_string *out,
                     struct err *err)
{
    int code;
    const struct gguf_value *v = take(g, key, need, IS(GGUF_STRING), "a string", &code, err);
    uint64_t at = 0;

    if (v)
        *out = gguf_next_string(v, &at);
    return code;
}

int gguf_take_array(const struct gguf *g, const char *key, bool need, enum gguf_type element,
                    const struct gguf_value **out, struct err *err)
{
    char expected[64];
    int code;

    snprintf(expected, sizeof expected, "an array of %s", gguf_type_name(element));
    *out = take(g, key, need, IS(GGUF_ARRAY), expected, &code, err);
    if (*out && (*out)->element != element)
        code = wrong_type(*out, expected, err);
    *out = code ? NULL : *out;
    return code;
}

float gguf_f32_at(const struct gguf_value *v, uint64_t i)
{
    return float_of_bits((uint32_t)raw(v, i));
}

int32_t gguf_i32_at(const struct gguf_value *v, uint64_t i)
{
    return (int32_t)(uint32_t)raw(v, i);
}

struct gguf_string gguf_next_string(const struct gguf_value *v, uint64_t *at)
{
    struct cursor c = {v->data + *at, sizeof(uint64_t), 0, 0};
    uint64_t n = cursor_u64(&c);

    *at += sizeof(uint64_t) + n;
    return (struct gguf_string){(const char *)c.data + sizeof(uint64_t), (size_t)n};
}

bool gguf_string_eq(struct gguf_string a, const char *b)
{
    return a.n == strlen(b) && !memcmp(a.s, b, a.n);
}
