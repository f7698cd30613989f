/*
 * Private to the model floor: which architectures there are, and what a config says.
 *
 * An architecture is one row of facts, which config.json and a GGUF's metadata complete. Both are
 * read through tables of keys: a key that is in no table is an error, because it may change what
 * the model computes.
 */
#ifndef LENSWEEP_MODEL_ARCH_H
#define LENSWEEP_MODEL_ARCH_H

#include "base/err.h"
#include "base/matrix.h"
#include "base/mem.h"
#include "model/model.h"
#include "model/rope.h"

#include <stdbool.h>

/* What a layer holds. A part is there if its name is. */
enum weight_part {
    PART_ATTN_NORM,
    PART_ATTN_POST,
    PART_MLP_NORM,
    PART_MLP_POST,
    PART_Q_NORM,
    PART_K_NORM,
    PART_Q,
    PART_K,
    PART_V,
    PART_O,
    PART_GATE,
    PART_UP,
    PART_DOWN,
    PARTS
};

/* How the tensors are named, without ".weight" and ".bias". Parts of one name are fused: their rows
   stand one after the other, or, if by_head, those of each head do. */
struct naming {
    const char *layer; /* a printf format for the beginning of a layer's names */
    const char *embed, *positions, *final_norm;
    const char *unembed[4]; /* one of them, without the prefix; NULL-ended */
    const char *part[PARTS];
    const char *fused_qkv, *fused_up; /* names that Q, K and V, or gate and up, may have together */
    bool by_head;
    bool transposed;             /* matrices of the layers: (inputs, outputs) */
    const char *prefix[5];       /* what may stand before all these names; "" is one */
    const char *const *harmless; /* ends, or (with a dot last) beginnings of names that may be there
                                    and are not read; NULL-ended */
};

/* The keys of a config.json; NULL: it has none. */
struct json_names {
    const char *layers, *heads, *kv_heads, *width, *ff, *positions, *eps, *activation;
};

enum bias { BIAS_QKV = 1, BIAS_O = 2, BIAS_MLP = 4, BIAS_UNEMBED = 8, BIAS_NORMS = 16 };

enum windows {
    WINDOWS_NONE,   /* "sliding_window" is not looked at */
    WINDOWS_ALL,    /* every layer has it */
    WINDOWS_SWITCH, /* if use_sliding_window says so: from max_window_layers on */
    WINDOWS_MOST,   /* every layer has it but each full_every-th */
};

/* One row for each architecture. What is 0 is not special. */
struct arch {
    const char *name;       /* in config.json's "architectures" */
    const char *model_type; /* in config.json */
    const char *gguf;       /* general.architecture of a GGUF file; NULL = it has another row's, or
                               there are none */
    const struct json_names *keys;
    const struct naming *hf;
    const char *reads; /* keys of config.json that only some architectures read */
    const char *text;  /* the key of an object that holds the text model's config */

    bool centred;         /* LayerNorm */
    bool one_plus;        /* norms multiply by 1 + w (in a GGUF file, w is stored so) */
    bool parallel;        /* attention and MLP read the same x */
    bool qk_whole;        /* norms of q and k go over all heads at once */
    bool scale_embedding; /* by the root of the width */
    bool adjacent;        /* rotary pairs lie side by side */
    bool gguf_adjacent;   /* a GGUF file has q and k's rows in that order */
    bool two_ropes;       /* layers with a window have a rotary embedding of their own, unscaled */
    unsigned bias;        /* enum bias */
    enum activation activation;
    enum windows windows;
    int full_every;
    int deep; /* layers of the one size whose scores GGUF's programs scale by d / H, not dh */

    /* what a config means that leaves these keys out: */
    int heads, vocab; /* 0 = it must have them */
    int ff_times;     /* the MLP's width, of d; 0 = it must have one */
    int kv_heads;     /* 0 = as many as heads */
    int d_head;       /* 0 = d / H */
    int max_positions;
    int window; /* 0 = none */
    int old_positions;
    bool tied;
    double eps, theta, window_theta;
    double rotary_share; /* of a head; 0 = all */
    int rotary_dims;     /* of a head; 0 = see rotary_share */
    double score_width;  /* scores are scaled by the root of it; 0 = dh */
    double score_cap, logit_cap;
};

enum { ARCHS = 13 };
extern const struct arch archs[ARCHS];
extern const struct naming naming_gguf; /* of all of them: which parts there are, a row's hf says */

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

/* What a key must be where it is not read. */
enum rule {
    RULE_ANY,
    RULE_NULL,  /* absent or null */
    RULE_FALSE, /* the others: absent, null, or this */
    RULE_TRUE,
    RULE_ONE,
    RULE_ZERO,
    RULE_EMPTY, /* {} or [] */
    RULE_FULL,  /* a list of "full_attention" */
};

struct arch_key {
    const char *name;
    enum rule rule;
    const char *why; /* what is not handled */
};

/* The keys that are known: those with a rule, and those that are always read or change nothing that
   is computed here. */
struct key_table {
    const struct arch_key *judged; /* (n) */
    size_t n;
    const char *const *unjudged; /* NULL-ended */
};

/* What a config says. Arrays lie in the arena that it was read into. */
struct arch_config {
    const struct arch *arch;
    struct shape shape;
    struct rope_spec rope[ROTARIES]; /* of layers without a window, of those with one */
    unsigned bias;
    bool ropes;         /* rope[1] is another than rope[0] */
    bool by_depth;      /* layer l scales scores by 1 / (l + 1) as well */
    double score_width; /* scores are scaled by the root of it */
    enum dtype
        dtype; /* config.json's, for a shape without weights; the files' own are what counts */
};

#define KEYS(judged, unjudged)                            \
    {                                                     \
        judged, sizeof(judged) / sizeof *judged, unjudged \
    }
/* What is known of a key: its row, or one of RULE_ANY; NULL = nothing. */
const struct arch_key *key_find(const struct key_table *t, const char *name);

/* What both kinds of config share: what a row says before a config is read; an error that lists the
   rows; the head width where it is 0, and what must hold between the sizes; the window of each
   layer, where layer l of WINDOWS_MOST is full if l + 1 is a multiple of full_every. */
void config_begin(struct arch_config *c, const struct arch *arch);
int arch_unknown(const char *name, struct err *err);
int config_finish(struct arch_config *c, struct err *err);
int windows_fill(struct arch_config *c, int window, int first, int full_every, struct arena *a,
                 struct err *err);

#endif
