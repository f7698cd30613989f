#include "fuzz_campaign.h"

#include "fuzz.h"

#include <string.h>

static const char queries[] = "{\"ids\": [1, 2, 3], \"item\": \"A\", \"dataset\": \"lands\", "
                              "\"spans\": {\"subject\": [1, 2]}, "
                              "\"targets\": {\"answer_1\": 5}, \"target\": \"answer_1\"}\n"
                              "{\"ids\": [4, 5, 6], \"item\": \"B\\tb\", \"dataset\": \"lands\", "
                              "\"spans\": {\"subject\": [1, 2]}, "
                              "\"targets\": {\"answer_1\": 7}, \"target\": \"answer_1\"}\n";

int fuzz_campaign(struct campaign *c, const char *experiments, const char *set, struct err *err)
{
    struct problems problems = {0};
    struct campaign_request request = {.set = &set, .n_set = set != NULL};
    struct buf text = {0};

    fuzz_file("lands.jsonl", queries, sizeof queries - 1);
    fuzz_need(!buf_printf(&text, err,
                          "model: {path: \"%s\"}\ndata: {path: \"%s\", controls: 0}\n"
                          "output: \"%s/out\"\nexperiments:\n%s",
                          FUZZ_MODEL, fuzz_path("lands.jsonl"), fuzz_folder(), experiments));
    request.config = fuzz_file("c.yaml", text.data, text.len);
    buf_release(&text);
    memset(c, 0, sizeof *c);
    campaign_open(c, &request, &problems, err);
    return problems.count;
}
