/* Private to option*.c: an option while its value is read. */
#ifndef LENSWEEP_CLI_OPTION_VALUE_H
#define LENSWEEP_CLI_OPTION_VALUE_H

#include "cli/option.h"

struct option_value {
    const struct command *command;
    const struct option_row *row;
    const char *as; /* the option as it was written: "--rows", "-n" */
    struct arena *arena;
    int argc;
};

/* "COMMAND: --rows is "x", expected WHAT", and which choice was probably meant. */
int option_expected(const struct option_value *r, const char *text, struct err *err,
                    const char *fmt, ...) PRINTF_LIKE(4, 5);

#endif
