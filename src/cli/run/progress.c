#define _XOPEN_SOURCE 700
#include "cli/run/progress.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void progress_begin(struct progress_view *v)
{
    v->terminal = isatty(STDERR_FILENO);
    v->next = v->terminal ? 0.3 : 60;
}

/* How far the whole is, in work where there is any. */
static double share(const struct progress_view *v)
{
    const struct progress *p = &v->last;

    if (v->cost > 0)
        return (p->cost_done + v->cost_before) / v->cost;
    return v->units ? (double)(p->done + v->units_before) / (double)v->units : 1;
}

/* Of what was to be done here. */
static double time_left(const struct progress *p)
{
    double done =
        p->cost > 0 ? p->cost_done / p->cost : (double)p->done / (double)(p->units ? p->units : 1);

    return done > 0 ? p->seconds * (1 - done) / done : -1;
}

/* A live line must fit into 80 columns: it has no units. */
static void print_share(const struct progress_view *v, bool live)
{
    const struct progress *p = &v->last;
    char done[STR_HUMAN], all[STR_HUMAN];

    fprintf(stderr, "%5.1f %%  %s of %s", 100 * share(v),
            str_flops(done, p->cost_done + v->cost_before), str_flops(all, v->cost));
    if (!live)
        fprintf(stderr, "  %zu of %zu units", p->done + v->units_before, v->units);
}

static const char *str_rate(char out[STR_HUMAN], const struct progress *p)
{
    return str_flops(out, p->seconds > 0 ? p->cost_done / p->seconds : 0);
}

static void print_line(const struct progress_view *v)
{
    char rate[STR_HUMAN], eta[STR_HUMAN] = "?";
    double left = time_left(&v->last);

    if (left >= 0)
        str_duration(eta, left);
    if (v->terminal)
        fprintf(stderr, "\r");
    print_share(v, v->terminal);
    fprintf(stderr, "  %s/s  ETA %s  %zu bad%s", str_rate(rate, &v->last), eta, v->bad,
            v->terminal ? "\033[K" : "\n");
    fflush(stderr);
}

void progress_show(struct progress_view *v, const struct progress *p)
{
    v->last = *p;
    if (p->seconds < v->next)
        return;
    v->next = p->seconds + (v->terminal ? 0.2 : 60);
    print_line(v);
}

void progress_end(struct progress_view *v)
{
    char time[STR_HUMAN], rate[STR_HUMAN];
    const struct progress *p = &v->last;

    if (v->terminal)
        fprintf(stderr, "\r\033[K");
    fprintf(stderr, "  done  ");
    print_share(v, false);
    fprintf(stderr, "; here %zu in %s, %s/s; %zu bad quer%s\n", p->done,
            str_duration(time, p->seconds), str_rate(rate, p), v->bad, v->bad == 1 ? "y" : "ies");
}
