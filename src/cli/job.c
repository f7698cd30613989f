#include "cli/job.h"

#include <stdio.h>

struct campaign_request job_request(const struct job_options *o)
{
    return (struct campaign_request){.config = o->config, .set = o->set.v, .n_set = o->set.n};
}

void warn_tokenizer(const struct campaign *c)
{
    if (c->no_tokenizer.code)
        fprintf(
            stderr,
            "  warning: the model's tokenizer cannot be used, tokens are told by their ids: %s\n",
            c->no_tokenizer.msg);
}
