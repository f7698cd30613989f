/*
 * A checkpoint, mapped read-only: the shape of a decoder and its weight matrices as they lie in the
 * file.
 *
 *     int first_embedding(const char *path, float *out, struct err *err)      // out (d)
 *     {
 *         struct model *m;
 *
 *         if (model_open(&m, path, err))
 *             return err->code;
 *         matrix_rows(&m->embed, 0, 1, out);
 *         model_close(m);
 *         return 0;
 *     }
 *
 * Formats: a Hugging Face directory (config.json with model.safetensors, or an index and shards;
 * BF16, F16, F32) and GGUF version 2 and 3. Both end in the same struct; matrix_rows hides what
 * differs. Files are untrusted: anything that lies, overlaps, overflows or is cut short is one line
 * and ERR_FORMAT.
 */
#ifndef LENSWEEP_MODEL_MODEL_H
#define LENSWEEP_MODEL_MODEL_H

#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/kernels.h"
#include "base/matrix.h"

#include <stdbool.h>
#include <stdint.h>

/* Everything that the mathematics of docs/methods.md 2 depends on: sizes, and the facts of the
   architecture (arch.h) as the config completes them. */
struct shape {
    int n_layers;      /* L */
    int n_heads;       /* H, query heads */
    int n_kv_heads;    /* G; H is a multiple of it */
    int d_model;       /* d, width of the residual stream */
    int d_head;        /* dh; H dh need not be d */
    int d_ff;          /* width of the MLP */
    int vocab;         /* V, rows of the unembedding */
    int max_positions; /* the longest prompt it was made for */
    float norm_eps;
    bool tied;                  /* the unembedding is the embedding */
    bool parallel;              /* attention and MLP read the same x: neither reaches the other */
    bool gated;                 /* the MLP's hidden numbers are activation(gate) * up */
    enum activation activation; /* without a gate: of up */
    bool learned_positions;     /* a second term of the embedding; else keys and queries turn */
    bool attn_bias;             /* attention adds a vector that is not a head's */
    bool has_bias;     /* the final norm or the unembedding has one: a term of the logits that
                                   no part of the residual stream makes */
    float embed_scale; /* of the tokens' embeddings */
    float score_cap, logit_cap; /* c: s becomes c tanh(s / c); 0 = none */
    const int *window;          /* (L) keys that a row sees, itself among them; 0 = all before it;
                                   NULL: so in every layer */
};

static inline int shape_window(const struct shape *s, int layer)
{
    return s->window ? s->window[layer] : 0;
}

/* How many query heads share keys and values, and the key-value head that this one reads. */
static inline int shape_shared(const struct shape *s)
{
    return s->n_heads / s->n_kv_heads;
}

static inline int shape_group(const struct shape *s, int head)
{
    return head / shape_shared(s);
}

/* The window of the layers that have one, and how many do. */
int shape_windows(const struct shape *s, int *layers);

/* y = x w^T + b, b (w.rows) or NULL. */
struct linear {
    struct matrix w;
    const float *b;
};

struct model_file {
    const char *path; /* from the root */
    const struct mapping *map;
    /* Set by identity.h: */
    struct hash hash;        /* of all its bytes */
    struct file_stamp stamp; /* when they were hashed */
    bool settled;            /* the stamp is old enough to remember the hash by */
};

/* Rows [first, first + n), as matrix_part says. */
static inline struct linear linear_part(const struct linear *w, int64_t first, int64_t n)
{
    return (struct linear){matrix_part(&w->w, first, n), w->b ? w->b + first : NULL};
}

/* The weights of one layer. A norm whose w is NULL is not there. */
struct layer {
    struct norm attn_norm, mlp_norm; /* (d) of what attention and the MLP read */
    struct norm attn_post, mlp_post; /* (d) of what they write, before it is added to x */
    struct norm q_norm, k_norm;      /* before the rotary embedding: of each head, (dh), or, if
                                        qk_whole, of all at once, (H dh) and (G dh) */
    bool qk_whole;
    struct linear q, k, v;  /* (H dh, d), (G dh, d) twice */
    struct linear o;        /* (d, H dh); head h owns columns [h dh, (h+1) dh) */
    struct linear gate, up; /* (d_ff, d) each; gate only if the shape is gated */
    struct linear down;     /* (d, d_ff) */
    float score_scale;      /* of q . k */
    int rotary;             /* which of the model's */
};

/* Rotary embedding: how much the pairs of a head's first numbers turn per position. */
struct rotary {
    int dims;                     /* how many numbers turn; 0 = none: positions are learned */
    bool adjacent;                /* pairs lie side by side, or half of dims apart */
    float factor;                 /* of cosines and sines */
    const float *freq;            /* (dims / 2) */
    int short_to;                 /* longer prompts have frequencies of their own; 0 = none have */
    const struct rope_spec *spec; /* private */
};

enum { ROTARIES = 2 };

struct model {
    struct shape shape;
    const char *arch;        /* the row of the architecture table: "LlamaForCausalLM", ... */
    const char *path;        /* as given to model_open */
    const char *name;        /* for people: the last part of the path */
    struct layer *layers;    /* (L) */
    struct matrix embed;     /* (V', d), V' >= V */
    struct matrix positions; /* (max_positions, d) learned, added to the embedding; no data: none */
    struct norm final_norm;  /* (d) */
    struct linear unembed;   /* (V, d); embed when tied */
    struct rotary rotary[ROTARIES];
    struct model_file *file; /* (n_files) with weights */
    size_t n_files;
    struct hash config_hash; /* of config.json's text */
    struct hash files_hash;  /* of every byte of its files, once it is identified */
    struct hash fingerprint; /* the same; with random weights in their place, of these (random.h) */
    uint64_t weight_bytes;   /* in the files; of random weights, in memory */
    uint64_t n_params;
    bool random, drawn; /* weights drawn in the place of those of the files; they are there */
    uint64_t random_seed;
    struct mapping random_room; /* private: memory that they lie in, shared; or of its own */
    void *random_own;
    struct checkpoint *files; /* private: mappings and what was widened to float32 (vectors) */
};

/* x_0 of a token at a position, out (d): the embedding of the token, scaled, plus that of the
   position if there are any. room (d): scratch. */
void model_embed(const struct model *m, int32_t id, int pos, float *room, float *out);

/* The first of the two terms; the second, zeros if positions are not learned. */
void model_embed_token(const struct model *m, int32_t id, float *out);
void model_embed_position(const struct model *m, int pos, float *out);

/* ERR_IO if a file cannot be had, ERR_FORMAT if it is not what it says or not what we compute
   (an unknown architecture, or a config key that changes the mathematics and is not handled). */
int model_open(struct model **m, const char *path, struct err *err);

/* The same, with what may be left out: */
struct model_options {
    bool shape_only; /* from config.json alone or a GGUF's header: for `plan` on a model that is not
                        there; its weights have no data */
    const struct file_source *source; /* of the files with weights; NULL = file_map */
    const char *const *ignore;        /* (n_ignore) keys of the model's config that nobody here
                                         knows, and that are to change nothing */
    size_t n_ignore;
    bool random; /* its weights are to be drawn, with this seed, before it is used (random.h) */
    uint64_t random_seed;
};
int model_open_as(struct model **m, const char *path, const struct model_options *o,
                  struct err *err);

void model_close(struct model *m);

/* Prints to out what the file holds: architecture, shape, types, tensors (for `inspect`). */
struct buf;
int model_describe(const struct model *m, struct buf *out, struct err *err);

#endif
