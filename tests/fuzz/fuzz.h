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

/* Shared by the targets that need a file (fuzz.c): a folder of this process, removed at its end; a
   path in it; that path with these bytes. Paths live as long as the process. */
const char *fuzz_folder(void);
const char *fuzz_path(const char *name);
const char *fuzz_file(const char *name, const void *data, size_t size);
void fuzz_remove(const char *path); /* with all below it */

void fuzz_need(int promise); /* 0: a crash that libFuzzer tells of */

#endif
