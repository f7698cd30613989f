/* For the tests of kernels: numbers to give them, and each copy of them in turn. */
#ifndef LENSWEEP_TESTS_KERNEL_HELPER_H
#define LENSWEEP_TESTS_KERNEL_HELPER_H

#include "base/team.h"
#include <stddef.h>

/* n numbers uniform over [-size, size), from a stream of their own; mem_free. */
float *numbers(size_t n, double size, const char *purpose);

void start(struct team *t, int threads);

/* Fails the test unless they differ by no more than this share. */
void assert_close(double got, double expected, double relative);

/* Runs a check with each copy that this processor has. */
void with_each_copy(void (*check)(void));

#endif
