/*
 * An edited result file (fuzz_edits.h) as the finished sweep that an experiment begins with. The
 * first byte chooses which.
 */
#include "fuzz.h"
#include "fuzz_campaign.h"
#include "fuzz_edits.h"

#include "campaign/cut.h"

#include <stdio.h>

static const char swept[] =
    "  - {name: zero, kind: ablation, site: head, operation: {kind: zero}, metrics: [logit, kl]}\n"
    "  - {name: mlps, kind: ablation, site: mlp, operation: {kind: zero}}\n"
    "  - {name: edges, kind: edges, operation: {kind: zero}, receivers: {kinds: [q, logits]}}\n";

static const char *const begins[] = {
    "  - {name: f, kind: faithfulness, from: \"%s\", groups: [zero, mlps]}\n",
    "  - {name: f, kind: faithfulness, from: \"%s\", groups: [edges], operation: {kind: zero}}\n",
    "  - {name: f, kind: faithfulness, from: \"%s\", groups: [zero], metric: kl}\n",
    "  - {name: e, kind: edges, from: \"%s\", groups: [zero, mlps], operation: {kind: zero}}\n",
    ("  - {name: p, kind: ablation, site: head, operation: {kind: zero}, "
     "heads: {pairs: \"%s\", top: 3}}\n"),
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path = fuzz_edits(swept, data + !!size, size - !!size);
    char text[512];
    struct campaign c;
    struct err err = {0};

    snprintf(text, sizeof text, begins[(size ? data[0] : 0) % (sizeof begins / sizeof *begins)],
             path);
    if (!fuzz_campaign(&c, text, NULL, &err) && !err.code)
        campaign_cut(&c, &err);
    fuzz_check(&err);
    campaign_close(&c);
    return 0;
}
