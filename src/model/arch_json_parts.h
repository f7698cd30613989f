/* Private to arch_json*.c: which keys a config.json may have, how they are read, its rotary
   embedding. */
#ifndef LENSWEEP_MODEL_ARCH_JSON_PARTS_H
#define LENSWEEP_MODEL_ARCH_JSON_PARTS_H

#include "model/arch_json.h"

/* What one reading works on. */
struct json_reading {
    struct arch_config *c;
    const json_t *json; /* the text model's */
    struct arena *arena;
};

/* Does the architecture read a key that others do not? */
bool arch_reads(const struct arch *arch, const char *key);

/* An unknown key, or one whose value would change what is computed, is an error. Of the text
   model's object; of the object around it, where there is one; of rope_scaling and
   rope_parameters. */
int check_text_keys(const json_t *json, const struct arch *arch, struct err *err);
int check_outer_keys(const json_t *json, const struct arch *arch, struct err *err);
int check_rope_keys(const json_t *json, const struct arch *arch, struct err *err);

/* The value of a key that may be absent (unless needed), which leaves *v; key NULL: none. */
int key_int(const json_t *j, const char *key, bool need, int64_t lo, int64_t hi, int *v,
            struct err *err);
int key_real(const json_t *j, const char *key, double *v, struct err *err);
int key_float(const json_t *j, const char *key, float *v, struct err *err);

/* A key that only some architectures read. */
int key_flag(const struct json_reading *r, const char *key, bool *v, struct err *err);

/* Present, null or not. */
bool key_given(const json_t *j, const char *key);

/* c's rope, of the keys that the architecture has for it. */
int rope_from_json(const struct json_reading *r, struct err *err);

#endif
