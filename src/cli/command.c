#include "cli/command.h"

#include "base/str.h"
#include "cluster/cluster.h"

#include <stdio.h>
#include <time.h>

void report_error(struct err *err)
{
    static const struct timespec a_second = {1, 0};

    if (err->msg[0] && cluster_launched_rank() > 0)
        nanosleep(&a_second, NULL); /* mpirun ends all ranks when the first fails: rank 0 speaks */
    if (err->msg[0] && cluster_launched_rank() <= 0) {
        fflush(stdout);
        fprintf(stderr, "lensweep: %s%s\n", err->code == ERR_BUG ? "bug: " : "", err->msg);
        fflush(stderr);
    }
    err->msg[0] = '\0';
}

int report_problems(const struct problems *p, struct err *err)
{
    int shown = p->count < PROBLEMS_MAX ? p->count : PROBLEMS_MAX;

    if (!p->count)
        return 0;
    for (int i = 0; i < shown; i++)
        fprintf(stderr, "%s: %s\n", p->item[i].where, p->item[i].msg);
    if (p->count > shown)
        fprintf(stderr, "... and %d more\n", p->count - shown);
    return err_set(err, ERR_CONFIG, "%d %s; nothing was run", p->count,
                   str_noun(p->count, "problem", "problems"));
}

int begin_item(bool json, bool several, const char *heading, size_t i, struct err *err)
{
    if (!several)
        return 0;
    return json ? out_printf(err, i ? ",\n" : "[")
                : out_printf(err, "%s%s\n", i ? "\n" : "", heading);
}

int end_item(bool json, bool several, bool last, struct err *err)
{
    return several && json && last && !err->code ? out_printf(err, "]\n") : err->code;
}

int print_buf(struct buf *b, struct err *err)
{
    if (!err->code && !out_text(b->data, b->len, err))
        out_flush(err);
    buf_release(b);
    return err->code;
}

const char *command_near(const char *word)
{
    enum { COMMANDS_MAX = 64 };
    const char *names[COMMANDS_MAX];
    size_t n = 0;

    for (; n < n_commands && n < COMMANDS_MAX; n++)
        names[n] = commands[n]->name;
    return str_did_you_mean(word, names, n);
}

const struct command *command_find(const char *name, struct err *err)
{
    const char *near = command_near(name);

    for (size_t i = 0; i < n_commands; i++)
        if (str_eq(commands[i]->name, name))
            return commands[i];
    err_set(err, ERR_CONFIG, "unknown command \"%s\"%s%s%s; see lensweep help", name,
            near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
    return NULL;
}
