/* Private to the model floor: which keys a config.json may have. */
#ifndef LENSWEEP_MODEL_ARCH_JSON_KEYS_H
#define LENSWEEP_MODEL_ARCH_JSON_KEYS_H

#include "model/arch.h"

#include <jansson.h>

/* Of the text model's object; of the object around it, where there is one; of rope_scaling and
   rope_parameters. */
extern const struct key_table json_keys, outer_keys, rope_keys;

/* Is this a key whose value is judged? */
bool json_key_known(const char *key);

/* Does the architecture read a key that others do not? */
bool arch_reads(const struct arch *arch, const char *key);

/* An unknown key, or one whose value would change what is computed, is an error. */
int check_json_keys(const json_t *obj, const struct key_table *keys, const struct arch *arch,
                    struct err *err);

#endif
