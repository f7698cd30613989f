/*
 * SIGTERM, SIGINT and SIGUSR1, which end a run with nothing lost. The thread that catches them has
 * them blocked from then on, and so have those that it starts, so that none interrupts a system
 * call of MPI's: a thread that BLAS has started at its loading takes them, or the first thread asks
 * for what is pending.
 */
#ifndef LENSWEEP_BASE_SIGNALS_H
#define LENSWEEP_BASE_SIGNALS_H

#include <stdbool.h>

void signals_catch(void);

/* Has one come since? Asks the system; what has come stays. */
bool signals_ask(void);

/* As far as somebody has asked. */
bool signals_came(void);

/* The next SIGINT ends the process where it stands: who types Ctrl-C twice does not want to wait.
   To be called by the thread that caught them. */
void signals_let_end(void);

#endif
