#include "report/figures/gallery.h"

#include "base/file.h"
#include "base/process.h"
#include "base/str.h"
#include "base/writer.h"

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

/* gnuplot writes without looking whether it could: a picture that a full disk cut off lacks its
   format's last words. */
static bool is_whole(const char *picture, const char *format)
{
    enum { NEAR_END = 16 }; /* line breaks, or a checksum, may follow */
    const char *last = str_eq(format, "svg") ? "</svg>" : str_eq(format, "png") ? "IEND" : "%%EOF";
    size_t n = strlen(last);
    struct err ignored = ERR_CLEAR;
    struct mapping m;
    bool whole = false;

    if (file_map(&m, picture, &ignored))
        return false;
    for (size_t i = n; i <= m.size && i <= NEAR_END && !whole; i++)
        whole = !memcmp(m.data + m.size - i, last, n);
    file_unmap(&m);
    return whole;
}

/* After gnuplot has ended: nothing is left of a picture that is not all there. */
static int check_picture(const struct gallery *g, const char *script, const char *picture,
                         int status, const char *said, struct err *err)
{
    if (status == 0 && is_whole(picture, g->format))
        return 0;
    unlink(picture);
    if (status == 0)
        return err_set(err, ERR_IO,
                       "cannot write %s: what gnuplot drew is cut off; is there room on the disk?",
                       picture);
    return err_set(err, ERR_IO, "gnuplot cannot draw %s/%s: %s", g->dir, script,
                   *said ? said : "it says nothing");
}

static int draw(struct gallery *g, const struct drawing *p, struct err *err)
{
    char *script = arena_printf(&g->arena, err, "%s.gp", p->name), said[400] = "";
    char *picture = arena_printf(&g->arena, err, "%s/%s.%s", g->dir, p->name, g->format);
    struct start start = {g->dir, script};
    int status = 0;
    size_t n;

    if (!script || !picture ||
        process_child(start_gnuplot, &start, said, sizeof said - 1, &n, &status, err))
        return err_wrap(err, "gnuplot");
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_PROGRAM) {
        g->scripts++;
        return buf_printf(g->said, err, "%s/%s\n", g->dir, script);
    }
    return err_if(err, check_picture(g, script, picture, status, said, err) ||
                           add_picture(g, p, err) || buf_printf(g->said, err, "%s\n", picture));
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
