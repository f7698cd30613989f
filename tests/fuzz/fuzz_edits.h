/*
 * Result files that somebody has edited with another program: they open as HDF5, and what they say
 * of themselves may be anything.
 *
 * Edits are a list, each a byte for what is done (its lowest two bits) and a part of where (the
 * next three), one for the rest of where, one for the length of what follows, and that: 0 a text
 * for an attribute, 1 numbers or NUL-separated texts for a variable, again and again, 2 a variable
 * (or a group) goes, 3 it takes the place of the next one. An attribute without a text goes.
 */
#ifndef LENSWEEP_TESTS_FUZZ_EDITS_H
#define LENSWEEP_TESTS_FUZZ_EDITS_H

#include "campaign/campaign.h"

#include <stddef.h>
#include <stdint.h>

/* An experiment of each kind that has values to show: a string that stays where it is. */
enum { FUZZ_KINDS = 9 };
const char *fuzz_kind(size_t i);

/* The result of a run of these experiments (a string that stays where it is: each is run once) with
   the edits: its path. */
const char *fuzz_edits(const char *experiments, const uint8_t *data, size_t size);

/* The same without edits. */
const char *fuzz_whole(const char *experiments);

/* A campaign of these experiments that has been computed (once: it stays as it is). */
struct campaign *fuzz_computed(const char *experiments);

/* Writes the result of that whose units say something else than they found: edits of four bytes,
   the unit, the place (two bytes), and what stands there then; or how much shorter or longer its
   rows are. What campaign_write says. */
enum { FUZZ_SHORTER = 0xffff, FUZZ_LONGER = 0xfffe };
int fuzz_run(const char *experiments, const char *path, const uint8_t *edits, size_t n,
             struct err *err);

/* Whatever was read: an error is one line, and no bug. err is cleared. */
void fuzz_check(struct err *err);

#endif
