#include "cli/plan/script.h"

#include "base/out.h"
#include "base/str.h"
#include "job_script.h"

#include <limits.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

/* The longest time of one start: what most clusters give. A run of more goes on in the next. */
enum { DAY = 24 * 3600 };

/* Half as much again as estimated, and time to start. */
static int put_size(const struct forecast *e, struct err *err)
{
    double ranks = (double)e->ranks / (double)e->nodes, MiB = 1 << 20;
    double bytes = 1.25 * (e->weight_bytes + ranks * e->rank_bytes) + 256 * MiB;
    double wanted = ceil((1.5 * e->seconds + 900) / 900) * 900;
    int seconds = e->seconds > 0 && wanted < DAY ? (int)wanted : DAY;

    return out_printf(err,
                      "#SBATCH --nodes=%lld --ntasks-per-node=%.0f --cpus-per-task=%d --mem=%.0fM "
                      "--time=%d:%02d:00\n",
                      (long long)e->nodes, ranks, e->threads, ceil(bytes / MiB), seconds / 3600,
                      seconds / 60 % 60);
}

static int put_heading(const struct forecast *e, struct err *err)
{
    char flops[STR_HUMAN], time[STR_HUMAN];

    if (e->seconds <= 0)
        return out_printf(err, "# Written by lensweep plan. Look at the three marked lines.\n");
    return out_printf(err,
                      "# Written by lensweep plan: %s, about %s if these cores are as fast as "
                      "those that planned.\n# Look at the three marked lines.\n",
                      str_flops(flops, e->flops), str_duration(time, e->seconds));
}

static int put_program(struct err *err)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

    if (n < 0)
        return out_printf(err, "lensweep=lensweep\n");
    path[n] = '\0';
    return err_if(err,
                  out_printf(err, "lensweep=") || out_word(path, err) || out_printf(err, "\n"));
}

/* Where it was planned is where its paths are seen from, wherever it is submitted. */
static int put_config(const char *config, struct err *err)
{
    char here[PATH_MAX];

    if (getcwd(here, sizeof here) &&
        (out_printf(err, "cd ") || out_word(here, err) || out_printf(err, " || exit 3\n")))
        return err->code;
    return err_if(err,
                  out_printf(err, "config=") || out_word(config, err) || out_printf(err, "\n"));
}

/* The line that runs it, with the options of this command line. */
static int put_run(const char *line, size_t n, const struct job_options *o, struct err *err)
{
    static const char config[] = "\"$config\"";
    size_t head = (size_t)(strstr(line, config) - line) + sizeof config - 1;

    if (out_write(line, head, err))
        return err->code;
    for (size_t i = 0; i < o->set.n; i++)
        if (out_printf(err, " --set ") || out_word(o->set.v[i], err))
            return err->code;
    return out_write(line + head, n - head, err);
}

int print_job_script(const struct job_options *o, const struct forecast *e, struct err *err)
{
    const char *line = job_script;

    for (size_t n; !err->code && *line; line += n) {
        n = strcspn(line, "\n") + 1;
        if (str_begins(line, "# Edit the three"))
            put_heading(e, err);
        else if (str_begins(line, "#SBATCH --nodes="))
            put_size(e, err);
        else if (str_begins(line, "lensweep="))
            put_program(err);
        else if (str_begins(line, "config=")) {
            put_config(o->config, err);
        } else if (str_begins(line, "srun "))
            put_run(line, n, o, err);
        else
            out_write(line, n, err);
    }
    return err->code;
}
