#include "cli/run/progress.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Under mpirun stderr is a pipe to it: its own is what a person sees. */
static bool launcher_has_terminal(void)
{
    char path[64], to[64];
    ssize_t n;

    if (!getenv("OMPI_COMM_WORLD_SIZE") && !getenv("PMI_SIZE"))
        return false;
    snprintf(path, sizeof path, "/proc/%ld/fd/2", (long)getppid());
    n = readlink(path, to, sizeof to - 1);
    to[n > 0 ? n : 0] = '\0';
    return strncmp(to, "/dev/pts/", 9) == 0 || strncmp(to, "/dev/tty", 8) == 0;
}

/* In a log a line a minute at first, then one every ten. */
static double pause_after(const struct progress_view *v, double seconds)
{
    return v->terminal ? 0.2 : seconds < 600 ? 60 : 600;
}

void progress_begin(struct progress_view *v)
{
    v->terminal = isatty(STDERR_FILENO) || launcher_has_terminal();
    v->next = v->terminal ? 0.3 : 60;
}

static double work_done(const struct progress_view *v)
{
    return v->cost_before + v->last.did;
}

/* Of the units done what they cost in fact, of the others what is planned. */
static double work_in_all(const struct progress_view *v)
{
    return v->cost - v->last.cost_done + v->last.did;
}

/* How far the whole is, in work where there is any. */
static double share(const struct progress_view *v)
{
    if (work_in_all(v) > 0)
        return work_done(v) / work_in_all(v);
    return v->units ? (double)(v->units_done + v->units_before) / (double)v->units : 1;
}

/* Of what was to be done here: as much of the rest is taken to be left out as was so far. */
static double time_left(const struct progress *p)
{
    double done =
        p->cost > 0 ? p->cost_done / p->cost : (double)p->done / (double)(p->units ? p->units : 1);

    return done > 0 ? p->seconds * (1 - done) / done : -1;
}

/* A live line must fit into 80 columns: it has no units. */
static void print_share(const struct progress_view *v, bool live)
{
    char done[STR_HUMAN], all[STR_HUMAN];

    fprintf(stderr, "%5.1f %%  %s of %s", 100 * share(v), str_flops(done, work_done(v)),
            str_flops(all, work_in_all(v)));
    if (!live)
        fprintf(stderr, "  %zu of %zu %s", v->units_done + v->units_before, v->units,
                str_noun(v->units, "unit", "units"));
}

static const char *str_rate(char out[STR_HUMAN], const struct progress *p)
{
    return str_flops(out, p->seconds > 0 ? p->did / p->seconds : 0);
}

/* Units come back after seconds at the earliest: before, there is nothing to go by. */
static void print_pace(const struct progress *p)
{
    char text[STR_HUMAN];
    double left = time_left(p);

    if (left < 0) {
        fprintf(stderr, "  no unit is done after %s", str_duration(text, p->seconds));
        return;
    }
    fprintf(stderr, "  %s/s", str_rate(text, p));
    fprintf(stderr, "  ETA %s", str_duration(text, left));
}

static void print_line(const struct progress_view *v)
{
    if (v->terminal)
        fprintf(stderr, "\r");
    print_share(v, v->terminal);
    print_pace(&v->last);
    fprintf(stderr, "  %zu bad", v->bad);
    if (v->current)
        fprintf(stderr, v->terminal ? "  %.12s" : "  %s", v->current);
    fprintf(stderr, v->terminal ? "\033[K" : "\n");
    fflush(stderr);
}

void progress_show(struct progress_view *v, const struct progress *p)
{
    v->last = *p;
    if (p->seconds < v->next)
        return;
    v->next = p->seconds + pause_after(v, p->seconds);
    print_line(v);
}

void progress_clear(const struct progress_view *v)
{
    if (v->terminal)
        fprintf(stderr, "\r\033[K");
}

void progress_end(struct progress_view *v)
{
    progress_clear(v);
    v->seconds += v->last.seconds;
    v->done += v->units_done;
    v->did += v->last.did;
}
