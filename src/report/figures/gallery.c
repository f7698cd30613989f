#include "report/figures/gallery.h"

#include "base/file.h"
#include "base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NO_PROGRAM = 127 }; /* a child's exit status: there is no gnuplot */

/* Names ------------------------------------------------------------------------------------- */

static bool is_used(const struct gallery *g, const char *name)
{
    return str_index((const char *const *)g->name, g->n, name) < g->n;
}

static int remember(struct gallery *g, char *name, struct err *err)
{
    if (arena_grow(&g->arena, &g->name, g->n, &g->cap, sizeof *g->name, err))
        return err->code;
    g->name[g->n++] = name;
    return 0;
}

int gallery_name(struct gallery *g, char **name, struct err *err, const char *fmt, ...)
{
    char text[200]; /* longer ones are cut: file systems stop at 255 bytes */
    size_t n = (size_t)snprintf(text, sizeof text, "%s%s", g->result, *g->result ? "_" : "");
    va_list ap;

    *name = NULL;
    if (n < sizeof text) {
        va_start(ap, fmt);
        vsnprintf(text + n, sizeof text - n, fmt, ap);
        va_end(ap);
    }
    str_safe_name(text);
    *name = arena_strdup(&g->arena, text, err);
    for (int i = 2; *name && is_used(g, *name); i++)
        *name = arena_printf(&g->arena, err, "%s_%d", text, i);
    return *name ? remember(g, *name, err) : err->code;
}

void gallery_release(struct gallery *g)
{
    arena_release(&g->arena);
}

/* Drawing ---------------------------------------------------------------------------------- */

/* In the child: what gnuplot says goes to the pipe. */
static void start_gnuplot(const char *dir, char *script, int said)
{
    char *const argv[] = {"gnuplot", "-d", script, NULL}; /* -d: nobody's own settings */

    if (chdir(dir) == 0 && dup2(said, STDERR_FILENO) >= 0 && dup2(said, STDOUT_FILENO) >= 0) {
        execvp(argv[0], argv);
        _exit(errno == ENOENT ? NO_PROGRAM : 126);
    }
    _exit(126);
}

/* All that the child says, of which the first part is kept. */
static void listen(int fd, char *text, size_t size)
{
    char rest[512];
    size_t n = 0;
    ssize_t got;

    do {
        size_t room = size - 1 - n;

        got = read(fd, room ? text + n : rest, room ? room : sizeof rest);
        if (got > 0 && room)
            n += (size_t)got;
    } while (got > 0 || (got < 0 && errno == EINTR));
    text[n] = '\0';
}

/* Runs gnuplot in dir. *status as waitpid gives it. */
static int run_gnuplot(const char *dir, char *script, char *said, size_t size, int *status,
                       struct err *err)
{
    int fd[2];
    pid_t child;

    if (pipe(fd))
        return err_set(err, ERR_IO, "cannot start gnuplot: %s", strerror(errno));
    child = fork();
    if (child == 0)
        start_gnuplot(dir, script, fd[1]);
    close(fd[1]);
    if (child < 0) {
        close(fd[0]);
        return err_set(err, ERR_IO, "cannot start gnuplot: %s", strerror(errno));
    }
    listen(fd[0], said, size);
    close(fd[0]);
    while (waitpid(child, status, 0) < 0)
        if (errno != EINTR)
            return err_set(err, ERR_IO, "cannot wait for gnuplot: %s", strerror(errno));
    return 0;
}

/* Texts of p may be shorter-lived than the gallery. */
static int add_picture(struct gallery *g, const struct drawing *p, struct err *err)
{
    struct drawing *to;

    if (arena_grow(&g->arena, &g->picture, g->n_pictures, &g->max_pictures, sizeof *g->picture,
                   err))
        return err->code;
    to = &g->picture[g->n_pictures];
    *to = (struct drawing){arena_strdup(&g->arena, p->name, err),
                           arena_strdup(&g->arena, p->group, err),
                           arena_strdup(&g->arena, p->title, err)};
    g->n_pictures += to->name && to->group && to->title;
    return err->code;
}

static int draw(struct gallery *g, const struct drawing *p, struct err *err)
{
    const char *name = p->name;
    char *script = arena_printf(&g->arena, err, "%s.gp", name), said[400];
    int status = 0;

    if (!script || run_gnuplot(g->dir, script, said, sizeof said, &status, err))
        return err->code;
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_PROGRAM) {
        g->scripts++;
        return buf_printf(g->said, err, "%s/%s\n", g->dir, script);
    }
    if (status != 0)
        return err_set(err, ERR_IO, "gnuplot cannot draw %s/%s: %s", g->dir, script,
                       *said ? said : "it says nothing");
    return err_if(err, add_picture(g, p, err) ||
                           buf_printf(g->said, err, "%s/%s.%s\n", g->dir, name, g->format));
}

static int write_beside(struct gallery *g, const char *name, const char *suffix,
                        const struct buf *b, struct err *err)
{
    char *path = arena_printf(&g->arena, err, "%s/%s.%s", g->dir, name, suffix);

    return path ? file_replace(path, b->data, b->len, err) : err->code;
}

int gallery_save(struct gallery *g, const struct drawing *p, const struct buf *csv,
                 const struct buf *gp, struct err *err)
{
    return err_if(err, file_make_dirs(g->dir, err) || write_beside(g, p->name, "csv", csv, err) ||
                           write_beside(g, p->name, "gp", gp, err) || draw(g, p, err));
}

int gallery_end(const struct gallery *g, struct err *err)
{
    if (!g->scripts)
        return 0;
    return err_set(err, ERR_IO,
                   "gnuplot is not installed: %zu %s and the data were written, run `gnuplot "
                   "NAME.gp` in %s where it is (Debian: gnuplot-nox)",
                   g->scripts, str_noun(g->scripts, "script", "scripts"), g->dir);
}
