#define _XOPEN_SOURCE 700
#include "cli/progress.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void progress_begin(struct progress_view *v)
{
    memset(v, 0, sizeof *v);
    v->terminal = isatty(STDERR_FILENO);
    v->next = v->terminal ? 0.3 : 60;
}

static void print_line(const struct progress_view *v, const struct progress *p)
{
    double share =
        p->cost > 0 ? p->cost_done / p->cost : (double)p->done / (double)(p->units ? p->units : 1);
    char rate[STR_HUMAN], eta[STR_HUMAN] = "?";

    if (share > 0)
        str_duration(eta, p->seconds * (1 - share) / share);
    fprintf(stderr, "%s%5.1f %%  %zu/%zu units  %s/s  ETA %s%s", v->terminal ? "\r" : "",
            100 * share, p->done, p->units,
            str_flops(rate, p->seconds > 0 ? p->cost_done / p->seconds : 0), eta,
            v->terminal ? "\033[K" : "\n");
    fflush(stderr);
}

void progress_show(struct progress_view *v, const struct progress *p)
{
    v->last = *p;
    if (p->seconds < v->next)
        return;
    v->next = p->seconds + (v->terminal ? 0.2 : 60);
    print_line(v, p);
}

void progress_end(struct progress_view *v)
{
    char time[STR_HUMAN], rate[STR_HUMAN];
    const struct progress *p = &v->last;

    if (v->terminal)
        fprintf(stderr, "\r\033[K");
    if (p->done)
        fprintf(stderr, "  done    %zu units in %s, %s/s\n", p->done,
                str_duration(time, p->seconds),
                str_flops(rate, p->seconds > 0 ? p->cost_done / p->seconds : 0));
}
