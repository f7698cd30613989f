/* The summary of a result file on standard output: `lensweep summary`, and the end of a run. */
#ifndef LENSWEEP_CLI_SUMMARY_H
#define LENSWEEP_CLI_SUMMARY_H

#include "base/err.h"

int print_summary(const char *path, struct err *err);

#endif
