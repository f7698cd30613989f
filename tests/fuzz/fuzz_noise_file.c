/* The levels of noise that a file gives: a problem of the config, or levels that are numbers. */
#include "fuzz.h"
#include "fuzz_campaign.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct campaign c;
    struct err err = {0};
    char text[512];

    snprintf(text, sizeof text,
             "  - {name: t, kind: causal_trace, corrupt: [subject, answer_1], noise: published, "
             "noise_file: \"%s\"}\n",
             fuzz_file("noise.json", data, size));
    fuzz_campaign(&c, text, NULL, &err);
    fuzz_need(!err.code);
    campaign_close(&c);
    return 0;
}
