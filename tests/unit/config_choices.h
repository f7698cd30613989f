/* Choices of a made-up kind, for tests of the config. */
#ifndef LENSWEEP_TESTS_CONFIG_CHOICES_H
#define LENSWEEP_TESTS_CONFIG_CHOICES_H

#include "config/config.h"

enum place { PLACE_ATTN, PLACE_MLP, PLACE_RESIDUAL = 7 };
enum noise { NOISE_COMPUTED, NOISE_PUBLISHED };

static const struct choice places[] = {
    {"attn", PLACE_ATTN}, {"mlp", PLACE_MLP}, {"residual", PLACE_RESIDUAL}, {NULL, 0}};
static const struct choice noises[] = {
    {"computed", NOISE_COMPUTED}, {"published", NOISE_PUBLISHED}, {NULL, 0}};

#endif
