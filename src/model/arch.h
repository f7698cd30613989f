/*
 * Private to the model floor: which architectures there are, and what a config says.
 *
 * config.json and a GGUF's metadata are read through tables of keys: a key that is in no table is
 * an error, because it may change what the model computes.
 */
#ifndef LENSWEEP_MODEL_ARCH_H
#define LENSWEEP_MODEL_ARCH_H

#include "base/err.h"
#include "base/matrix.h"
#include "model/model.h"
#include "model/rope.h"

#include <stdbool.h>

/* One row for each architecture. What is 0 is not special. */
struct arch {
    const char *name;       /* in config.json's "architectures" */
    const char *model_type; /* in config.json */
    const char *gguf;       /* general.architecture of a GGUF file; NULL = it has another row's */
    /* what a config.json means that leaves these keys out: */
    int kv_heads; /* 0 = as many as heads */
    int max_positions;
    int sliding_window; /* 0 = none */
};

enum { ARCHS = 2 };
extern const struct arch archs[ARCHS];

/* The largest model that is believed: the product of any three fits an int64_t, the sizes that
   struct shape stores, and the products of two that are indices, an int. */
enum {
    LAYERS_MAX = 4096,
    HEADS_MAX = 1 << 13,
    HEAD_DIM_MAX = 1 << 13,
    WIDTH_MAX = 1 << 20,
    FF_MAX = 1 << 24,
    VOCAB_MAX = 1 << 26,
};

/* What is known of a key. */
enum rule {
    RULE_READ,     /* it is read */
    RULE_HARMLESS, /* it changes nothing that is computed here */
    RULE_FALSE,    /* the others: absent, null, or this */
    RULE_TRUE,
    RULE_ONE,
    RULE_ZERO,
    RULE_EMPTY, /* {} or [] */
    RULE_SILU,
    RULE_FULL, /* a list of "full_attention" */
};

struct arch_key {
    const char *name;
    enum rule rule;
    const char *why; /* what is not handled, where the rule can fail */
};

struct arch_config {
    const struct arch *arch;
    struct shape shape;
    struct rope_spec rope;
    enum dtype
        dtype; /* config.json's, for a shape without weights; the files' own are what counts */
};

#define KEYS(table) (sizeof(table) / sizeof *(table))
const struct arch_key *key_find(const struct arch_key *keys, size_t n, const char *name);

/* What both kinds of config share: an error that lists the table's rows; the head width where it is
   0, and what must hold between the sizes. */
int arch_unknown(const char *name, struct err *err);
int shape_finish(struct shape *s, struct err *err);

#endif
