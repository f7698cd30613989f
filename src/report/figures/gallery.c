#include "report/figures/gallery.h"

#include "base/file.h"
#include "base/process.h"
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NO_PROGRAM = 127 }; /* a child's exit status: there is no gnuplot */

/* Names ------------------------------------------------------------------------------------- */

const char *gallery_name(struct gallery *g, const char *wanted, struct err *err)
{
    char text[200]; /* longer ones are cut: file systems stop at 255 bytes */
    const char *name;

    snprintf(text, sizeof text, "%s%s%s", g->result, *g->result ? "_" : "", wanted);
    str_safe_name(text);
    name = arena_strdup(&g->arena, text, err);
    for (int i = 2; name && str_index(g->name, g->n, name) < g->n; i++)
        name = arena_printf(&g->arena, err, "%s_%d", text, i);
    if (!name || arena_grow(&g->arena, &g->name, g->n, &g->cap, sizeof *g->name, err))
        return NULL;
    return g->name[g->n++] = name;
}

void gallery_release(struct gallery *g)
{
    arena_release(&g->arena);
}

/* Drawing ---------------------------------------------------------------------------------- */

struct start {
    const char *dir;
    char *script;
};

/* In the child: what gnuplot says goes to the pipe. */
static void start_gnuplot(void *ctx, int said)
{
    const struct start *s = ctx;
    char *const argv[] = {"gnuplot", "-d", s->script, NULL}; /* -d: nobody's own settings */

    if (chdir(s->dir) == 0 && dup2(said, STDERR_FILENO) >= 0 && dup2(said, STDOUT_FILENO) >= 0) {
        execvp(argv[0], argv);
        _exit(errno == ENOENT ? NO_PROGRAM : 126);
    }
    _exit(126);
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

/* gnuplot does not say that a disk is full: a picture that was cut lacks its last words. */
static int check_whole(const char *path, const char *format, struct err *err)
{
    static const struct {
        const char *format, *end;
    } of[] = {{"svg", "</svg>"}, {"png", "IEND"}, {"pdf", "%%EOF"}};
    enum { TAIL = 32 };
    struct mapping m;
    bool whole = false;

    if (file_map(&m, path, err))
        return err->code;
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        for (size_t k = m.size > TAIL ? m.size - TAIL : 0, n = strlen(of[i].end);
             str_eq(format, of[i].format) && k + n <= m.size; k++)
            whole |= !memcmp((const char *)m.data + k, of[i].end, n);
    file_unmap(&m);
    if (whole)
        return 0;
    unlink(path);
    return err_set(err, ERR_IO, "gnuplot did not write all of %s: is the disk full?", path);
}

static int draw(struct gallery *g, const struct drawing *p, struct err *err)
{
    const char *name = p->name;
    char *script = arena_printf(&g->arena, err, "%s.gp", name), said[400] = "";
    struct start start = {g->dir, script};
    const char *path;
    int status = 0;
    size_t n;

    if (!script || process_child(start_gnuplot, &start, said, sizeof said - 1, &n, &status, err))
        return err_wrap(err, "gnuplot");
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_PROGRAM) {
        g->scripts++;
        return buf_printf(g->said, err, "%s/%s\n", g->dir, script);
    }
    if (status != 0)
        return err_set(err, ERR_IO, "gnuplot cannot draw %s/%s: %s", g->dir, script,
                       *said ? said : "it says nothing");
    path = arena_printf(&g->arena, err, "%s/%s.%s", g->dir, name, g->format);
    return err_if(err, !path || check_whole(path, g->format, err) || add_picture(g, p, err) ||
                           buf_printf(g->said, err, "%s\n", path));
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
