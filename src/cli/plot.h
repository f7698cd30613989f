/* Figures, one file per kind of experiment; plot.c has the table and the command. */
#ifndef LENSWEEP_CLI_PLOT_H
#define LENSWEEP_CLI_PLOT_H

#include "cli/figure.h"

/* All figures of one group of a result file. */
int plot_decode(struct figures *out, struct h5file *f, const char *group, struct err *err);

#endif
