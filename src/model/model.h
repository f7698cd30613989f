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
#include "base/matrix.h"

#include <stdbool.h>
#include <stdint.h>

/* Everything that the mathematics of docs/methods.md 2 depends on. */
struct shape {
    int n_layers;       /* L */
    int n_heads;        /* H, query heads */
    int n_kv_heads;     /* G; H is a multiple of it */
    int d_model;        /* d, width of the residual stream */
    int d_head;         /* dh, even; H dh need not be d */
    int d_ff;           /* width of the MLP */
    int vocab;          /* V, rows of the unembedding */
    int max_positions;  /* the longest prompt it was made for */
    int sliding_window; /* 0 = none; a longer prompt is refused */
    bool tied;          /* the unembedding is the embedding */
    float rms_eps;
};

/* The weights of one layer; x (rows, K) times W^T (K, N) everywhere. */
struct layer {
    const float *attn_norm, *mlp_norm; /* (d) each */
    struct matrix q;                   /* (H dh, d) */
    struct matrix k, v;                /* (G dh, d) each */
    struct matrix o;                   /* (d, H dh); head h owns columns [h dh, (h+1) dh) */
    struct matrix gate, up;            /* (d_ff, d) each */
    struct matrix down;                /* (d, d_ff) */
};

struct model_file {
    const char *path; /* from the root */
    const struct mapping *map;
    /* Set by identity.h: */
    struct hash hash;        /* of all its bytes */
    struct file_stamp stamp; /* when they were hashed */
    bool settled;            /* the stamp is old enough to remember the hash by */
};

struct model {
    struct shape shape;
    const char *arch;        /* the row of the architecture table: "LlamaForCausalLM", ... */
    const char *path;        /* as given to model_open */
    const char *name;        /* for people: the last part of the path */
    struct layer *layers;    /* (L) */
    struct matrix embed;     /* (V', d), V' >= V */
    struct matrix unembed;   /* (V, d); embed when tied */
    const float *final_norm; /* (d) */
    const float *inv_freq;   /* (dh/2) rotary frequencies, scaling applied */
    struct model_file *file; /* (n_files) with weights */
    size_t n_files;
    struct hash config_hash; /* of config.json's text */
    struct hash fingerprint; /* of every byte of its files, once it is identified */
    uint64_t weight_bytes;   /* in the files */
    uint64_t n_params;
    struct checkpoint *files; /* private: mappings and what was widened to float32 (norms) */
};

/* ERR_IO if a file cannot be had, ERR_FORMAT if it is not what it says or not what we compute
   (an unknown architecture, or a config key that changes the mathematics and is not handled). */
int model_open(struct model **m, const char *path, struct err *err);

/* The same, with what may be left out: */
struct model_options {
    bool shape_only;                  /* as model_open_shape */
    const struct file_source *source; /* of the files with weights; NULL = file_map */
};
int model_open_as(struct model **m, const char *path, const struct model_options *o,
                  struct err *err);

/* Only the shape, from config.json alone or a GGUF's header: for `plan` on a model that is not
   there. The weights of the result have no data. */
int model_open_shape(struct model **m, const char *path, struct err *err);
void model_close(struct model *m);

/* FLOP of one row through one layer's matrices, and through the unembedding: 2 per weight. */
double model_layer_flops(const struct shape *s);
double model_unembed_flops(const struct shape *s);

/* Prints to out what the file holds: architecture, shape, types, tensors (for `inspect`). */
struct buf;
int model_describe(const struct model *m, struct buf *out, struct err *err);

#endif
