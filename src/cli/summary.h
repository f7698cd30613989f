/* The summary of a result file on standard output: `lensweep summary`, and the end of a run. */
#ifndef LENSWEEP_CLI_SUMMARY_H
#define LENSWEEP_CLI_SUMMARY_H

#include "base/err.h"

#include <stdint.h>

/* group: NULL = all; layers_from: the number of the first layer. */
int print_summary(const char *path, const char *group, int64_t layers_from, struct err *err);

#endif
