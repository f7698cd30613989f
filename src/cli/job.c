#include "cli/job.h"

struct campaign_request job_request(const struct job_options *o)
{
    return (struct campaign_request){.config = o->config, .set = o->set.v, .n_set = o->set.n};
}
