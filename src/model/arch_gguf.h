/* Private to the model floor: what a GGUF's metadata say. */
#ifndef LENSWEEP_MODEL_ARCH_GGUF_H
#define LENSWEEP_MODEL_ARCH_GGUF_H

#include "model/arch.h"
#include "model/checkpoint/gguf.h"

/* Is this a key whose value is judged, or none of the model's own? */
bool gguf_key_known(const char *key);

/* What arrays it has lie in the arena. Messages do not name the file. */
int config_from_gguf(struct arch_config *c, const struct gguf *g, struct arena *a, struct err *err);

#endif
