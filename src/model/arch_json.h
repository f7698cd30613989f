/* Private to the model floor: what a config.json says. */
#ifndef LENSWEEP_MODEL_ARCH_JSON_H
#define LENSWEEP_MODEL_ARCH_JSON_H

#include "base/json.h"
#include "model/arch.h"

/* What arrays it has lie in the arena. Messages do not name the file. */
int config_from_json(struct arch_config *c, const json_t *json, struct arena *a, struct err *err);

#endif
