/*
 * One function for each parser of untrusted bytes. libFuzzer calls it with what it invents
 * (preset `fuzz`); the ordinary builds replay the files of corpus/NAME through it.
 */
#ifndef LENSWEEP_TESTS_FUZZ_H
#define LENSWEEP_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Must neither crash nor leak, whatever the bytes; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
