#define _XOPEN_SOURCE 700
#include "report/figures/figure.h"

#include "base/file.h"
#include "base/out.h"
#include "base/str.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NO_PROGRAM = 127 }; /* a child's exit status: there is no gnuplot */

/* Names ------------------------------------------------------------------------------------- */

static bool is_used(const struct figures *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (str_eq(f->name[i], name))
            return true;
    return false;
}

static int remember(struct figures *f, char *name, struct err *err)
{
    if (f->n == f->cap) {
        char **more = arena_alloc(&f->arena, f->cap ? 2 * f->cap : 16, sizeof *more, err);

        if (!more)
            return err->code;
        if (f->n)
            memcpy(more, f->name, f->n * sizeof *more);
        f->name = more;
        f->cap = f->cap ? 2 * f->cap : 16;
    }
    f->name[f->n++] = name;
    return 0;
}

int figure_name(struct figures *f, char **name, struct err *err, const char *fmt, ...)
{
    char text[200]; /* longer ones are cut: file systems stop at 255 bytes */
    size_t n = (size_t)snprintf(text, sizeof text, "%s%s", f->result, *f->result ? "_" : "");
    va_list ap;

    *name = NULL;
    if (n < sizeof text) {
        va_start(ap, fmt);
        vsnprintf(text + n, sizeof text - n, fmt, ap);
        va_end(ap);
    }
    str_safe_name(text);
    *name = arena_strdup(&f->arena, text, err);
    for (int i = 2; *name && is_used(f, *name); i++)
        *name = arena_printf(&f->arena, err, "%s_%d", text, i);
    return *name ? remember(f, *name, err) : err->code;
}

void figures_release(struct figures *f)
{
    arena_release(&f->arena);
}

/* Text ------------------------------------------------------------------------------------- */

/* Fields are never quoted, for gnuplot reads the comma, the doubled quote and the line break of a
   quoted field as if it were not. */
static char in_field(char c)
{
    if ((unsigned char)c < ' ' || c == 127)
        return ' ';
    return c == ',' ? ';' : c == '"' || c == '`' ? '\'' : c;
}

int csv_text(struct buf *csv, const char *s, struct err *err)
{
    int code = 0;

    for (; *s && !code; s++)
        code = buf_put(csv, &(char){in_field(*s)}, 1, err);
    return code;
}

int csv_number(struct buf *csv, double v, struct err *err)
{
    return isfinite(v) ? buf_printf(csv, err, "%.9g", v) : 0;
}

/* Between single quotes gnuplot takes everything as it is but the quote, which is doubled. A
   backquote would be safe there; it is changed all the same, for elsewhere it runs commands. */
static int put_quoted(struct buf *gp, const char *s, bool field, struct err *err)
{
    if (buf_puts(gp, "'", err))
        return err->code;
    for (; *s; s++) {
        char c = field || (*s != ',' && *s != '"') ? in_field(*s) : *s;

        if (c == '\'' ? buf_puts(gp, "''", err) : buf_put(gp, &c, 1, err))
            return err->code;
    }
    return buf_puts(gp, "'", err);
}

int gp_text(struct buf *gp, const char *s, struct err *err)
{
    return put_quoted(gp, s, false, err);
}

int gp_field(struct buf *gp, const char *s, struct err *err)
{
    return put_quoted(gp, s, true, err);
}

/* A picture of points is drawn at twice the resolution of the screen. */
int gp_head(struct buf *gp, const struct figures *f, const char *name, int width, int height,
            struct err *err)
{
    int code;

    if (str_eq(f->format, "png"))
        code = buf_printf(gp, err,
                          "set terminal pngcairo size %d,%d font 'Sans,9' fontscale 2 linewidth 2 "
                          "pointscale 2 dashlength 1 background 'white'\n",
                          2 * width, 2 * height);
    else if (str_eq(f->format, "svg"))
        code = buf_printf(gp, err,
                          "set terminal svg size %d,%d dynamic font 'sans-serif,12' linewidth 1 "
                          "background 'white'\n",
                          width, height);
    else
        code = buf_printf(gp, err,
                          "set terminal pdfcairo size %.3f,%.3f font 'Sans,9' fontscale 0.75 "
                          "linewidth 1 pointscale 0.75\n",
                          width / 96.0, height / 96.0);
    if (code)
        return code;
    return buf_printf(gp, err,
                      "set output '%s.%s'\n"
                      "set termoption noenhanced\n"
                      "set encoding utf8\n"
                      "set datafile separator comma\n"
                      "set datafile missing NaN\n",
                      name, f->format);
}

const struct figure_style *figure_style(const char *target, size_t i)
{
    static const struct {
        const char *target;
        struct figure_style style;
    } known[] = {
        {"answer_1", {"#0072B2", 7, 0.55}}, /* blue circle */
        {"answer_2", {"#E69F00", 5, 0.5}},  /* orange square */
        {"answer_3", {"#009E73", 9, 0.65}}, /* green triangle */
        {"subject", {"#D55E00", 3, 0.8}},   /* red star */
    };
    static const struct figure_style others[] = {
        {"#CC79A7", 11, 0.65}, {"#56B4E9", 13, 0.65}, {"#000000", 1, 0.6},
        {"#7F6000", 6, 0.55},  {"#5E3C99", 4, 0.5},   {"#4D4D4D", 8, 0.65},
    };

    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (str_eq(known[k].target, target))
            return &known[k].style;
    return &others[i % (sizeof others / sizeof *others)];
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

static int draw(struct figures *f, const char *name, struct err *err)
{
    char *script = arena_printf(&f->arena, err, "%s.gp", name), said[400];
    int status = 0;

    if (!script || run_gnuplot(f->dir, script, said, sizeof said, &status, err))
        return err->code;
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_PROGRAM) {
        f->scripts++;
        return out_printf(err, "%s/%s\n", f->dir, script);
    }
    if (status != 0)
        return err_set(err, ERR_IO, "gnuplot cannot draw %s/%s: %s", f->dir, script,
                       *said ? said : "it says nothing");
    return out_printf(err, "%s/%s.%s\n", f->dir, name, f->format);
}

static int write_beside(struct figures *f, const char *name, const char *suffix,
                        const struct buf *b, struct err *err)
{
    char *path = arena_printf(&f->arena, err, "%s/%s.%s", f->dir, name, suffix);

    return path ? file_replace(path, b->data, b->len, err) : err->code;
}

int figure_save(struct figures *f, const char *name, const struct buf *csv, struct buf *gp,
                struct err *err)
{
    if (file_make_dirs(f->dir, err) || write_beside(f, name, "csv", csv, err) ||
        write_beside(f, name, "gp", gp, err))
        return err->code;
    return draw(f, name, err);
}

int figures_end(const struct figures *f, struct err *err)
{
    if (!f->scripts)
        return 0;
    return err_set(err, ERR_IO,
                   "gnuplot is not installed: %zu script%s and the data were written, run `gnuplot "
                   "NAME.gp` in %s where it is (Debian: gnuplot-nox)",
                   f->scripts, f->scripts == 1 ? "" : "s", f->dir);
}
