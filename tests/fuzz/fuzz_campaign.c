#include "fuzz_campaign.h"

#include "fuzz.h"

#include <stdio.h>
#include <string.h>

static const char queries[] = "{\"ids\": [1, 2, 3], \"item\": \"A\", \"dataset\": \"lands\", "
                              "\"spans\": {\"subject\": [1, 2]}, "
                              "\"targets\": {\"answer_1\": 5}, \"target\": \"answer_1\"}\n"
                              "{\"ids\": [4, 5, 6], \"item\": \"B\\tb\", \"dataset\": \"lands\", "
                              "\"spans\": {\"subject\": [1, 2]}, "
                              "\"targets\": {\"answer_1\": 7}, \"target\": \"answer_1\"}\n";

int fuzz_campaign(struct campaign *c, const char *experiments)
{
    struct problems problems = {0};
    struct campaign_request request = {.shape_only = true};
    struct err err = {0};
    char text[2048];
    int n;

    fuzz_file("lands.jsonl", queries, sizeof queries - 1);
    n = snprintf(text, sizeof text,
                 "model: {path: \"%s\"}\ndata: {path: \"%s\", controls: 0}\noutput: \"%s/out\"\n"
                 "experiments:\n%s",
                 FUZZ_MODEL, fuzz_path("lands.jsonl"), fuzz_folder(), experiments);
    fuzz_need(n > 0 && (size_t)n < sizeof text);
    request.config = fuzz_file("c.yaml", text, (size_t)n);
    memset(c, 0, sizeof *c);
    fuzz_need(!campaign_open(c, &request, &problems, &err));
    return problems.count;
}
