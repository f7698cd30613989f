/*
 * Private to the model floor: a GGUF file (version 2 or 3), its metadata and its tensors.
 *
 *     int longest_token(const char *path, size_t *most, struct err *err)
 *     {
 *         const struct gguf_value *v;
 *         struct gguf g;
 *
 *         if (gguf_open(&g, path, GGUF_HEADER, NULL, err))
 *             return err->code;
 *         if (!gguf_take_array(&g, "tokenizer.ggml.tokens", true, GGUF_STRING, &v, err))
 *             for (uint64_t i = 0, at = 0; i < v->count; i++) {
 *                 struct gguf_string s = gguf_next_string(v, &at);
 *
 *                 *most = s.n > *most ? s.n : *most;
 *             }
 *         gguf_close(&g);
 *         return err->code;
 *     }
 *
 * Everything has been checked against the file's length when gguf_open returns, so the accessors
 * cannot leave it. Strings are borrowed from the file, are not terminated, and may hold any bytes.
 */
#ifndef LENSWEEP_MODEL_CHECKPOINT_GGUF_H
#define LENSWEEP_MODEL_CHECKPOINT_GGUF_H

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "model/checkpoint/checkpoint.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* name (numbered as in the file), text, bytes of one (0 = it varies) */
#define GGUF_TYPES(X)           \
    X(GGUF_U8, "uint8", 1)      \
    X(GGUF_I8, "int8", 1)       \
    X(GGUF_U16, "uint16", 2)    \
    X(GGUF_I16, "int16", 2)     \
    X(GGUF_U32, "uint32", 4)    \
    X(GGUF_I32, "int32", 4)     \
    X(GGUF_F32, "float32", 4)   \
    X(GGUF_BOOL, "bool", 1)     \
    X(GGUF_STRING, "string", 0) \
    X(GGUF_ARRAY, "array", 0)   \
    X(GGUF_U64, "uint64", 8)    \
    X(GGUF_I64, "int64", 8)     \
    X(GGUF_F64, "float64", 8)

enum gguf_type {
#define X(name, text, bytes) name,
    GGUF_TYPES(X)
#undef X
        GGUF_TYPE_COUNT
};

struct gguf_string {
    const char *s; /* borrowed, not terminated */
    size_t n;
};

struct gguf_value {
    const char *key;           /* terminated, in the arena */
    enum gguf_type type;       /* GGUF_ARRAY: of elements of type `element` */
    enum gguf_type element;    /* as type for a single value */
    uint64_t count;            /* 1 for a single value */
    const unsigned char *data; /* the elements as they lie in the file: may be unaligned */
};

struct gguf {
    struct mapping file;      /* owned when gguf_open mapped it */
    const char *path;         /* as given to gguf_open */
    struct gguf_value *value; /* (n_values), sorted by key */
    size_t n_values;
    struct tensors tensors;
    uint32_t version;
    uint64_t alignment;
    uint64_t data_offset; /* of the data section in the file: what lies before it is the header */
    bool mapped;
    struct arena arena;
};

/* GGUF_HEADER: the tensors need not be there (their data is NULL); for metadata and planning. */
enum gguf_part { GGUF_WHOLE, GGUF_HEADER };

bool gguf_is(const char *path); /* a file that begins with the magic bytes */
/* source: NULL = file_map */
int gguf_open(struct gguf *g, const char *path, enum gguf_part part,
              const struct file_source *source, struct err *err);

/* The same from memory, which must outlive g; messages do not name the file. */
int gguf_parse(struct gguf *g, const void *data, size_t size, enum gguf_part part, struct err *err);
void gguf_close(struct gguf *g);

const struct gguf_value *gguf_find(const struct gguf *g, const char *key); /* NULL = absent */
const char *gguf_type_name(enum gguf_type type);

/* Single values. *out is left alone (the default) when the key is absent and `need` is not set; a
   wrong type or range is ERR_FORMAT that names the key. Any integer type will do for an int, any
   float type for a real. */
int gguf_take_int(const struct gguf *g, const char *key, bool need, int64_t lo, int64_t hi,
                  int64_t *out, struct err *err);
int gguf_take_real(const struct gguf *g, const char *key, bool need, double *out, struct err *err);
int gguf_take_bool(const struct gguf *g, const char *key, bool need, bool *out, struct err *err);
int gguf_take_string(const struct gguf *g, const char *key, bool need, struct gguf_string *out,
                     struct err *err);

/* *out: an array whose elements have exactly this type; NULL when absent and not needed. */
int gguf_take_array(const struct gguf *g, const char *key, bool need, enum gguf_type element,
                    const struct gguf_value **out, struct err *err);

/* Element i < v->count of a checked array. */
float gguf_f32_at(const struct gguf_value *v, uint64_t i);   /* GGUF_F32 */
int32_t gguf_i32_at(const struct gguf_value *v, uint64_t i); /* GGUF_I32 or GGUF_U32 */

/* The next string of an array of strings; *at is where it lies, 0 for the first one. */
struct gguf_string gguf_next_string(const struct gguf_value *v, uint64_t *at);

bool gguf_string_eq(struct gguf_string a, const char *b);

#endif
