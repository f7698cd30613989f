#include "data/paths.h"

#include "base/file.h"
#include "base/outdir.h"
#include "base/str.h"
#include "base/utf8.h"
#include "data/format.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A directory on the way down: a link back to one of these would lead round in circles. */
struct step_down {
    const struct step_down *up;
    dev_t dev;
    ino_t ino;
};

struct list {
    const char **path;
    size_t n, cap;
};

static int list_add(struct loader *l, struct list *list, const char *path, struct err *err)
{
    if (arena_grow(&l->ds->arena, &list->path, list->n, &list->cap, sizeof *list->path, err))
        return err->code;
    list->path[list->n] = arena_strdup(&l->ds->arena, path, err);
    return list->path[list->n++] ? 0 : err->code;
}

/* What a folder is searched for. */
static const char *ending(const struct loader *l)
{
    const struct format *f = l->opt->format ? format_find(l->opt->format) : NULL;

    return f ? f->ending : ".jsonl";
}

/* What curate and run write beside data and results. */
static bool is_log(const char *name)
{
    return str_eq(name, OUTDIR_ATTEMPTS) || str_eq(name, OUTDIR_LOG);
}

/* Does a run write there? What it, and an export, leave in its folder are no data. */
static bool is_output(struct loader *l, const char *dir, struct err *err)
{
    const char *manifest = file_join(&l->scratch, dir, OUTDIR_MANIFEST, err);

    return manifest && file_exists(manifest);
}

static bool leads_back(const struct step_down *up, const struct stat *st)
{
    for (; up; up = up->up)
        if (up->dev == st->st_dev && up->ino == st->st_ino)
            return true;
    return false;
}

/* The files in and below dir with the format's ending; names with a dot in front (checkpoints of
   editors and notebooks, version control) are passed over. */
static int walk(struct loader *l, const char *dir, const struct step_down *up, struct list *list,
                struct err *err)
{
    struct step_down here = {.up = up};
    struct stat st;
    char **names;
    size_t n;

    if (file_list(dir, &l->scratch, &names, &n, err))
        return err->code;
    if (!stat(dir, &st)) {
        here.dev = st.st_dev;
        here.ino = st.st_ino;
    }
    for (size_t i = 0; i < n; i++) {
        char *path = file_join(&l->scratch, dir, names[i], err);

        if (!path)
            return err->code;
        if (names[i][0] == '.' || is_log(names[i]) || stat(path, &st))
            continue;
        if (S_ISDIR(st.st_mode) ? !leads_back(&here, &st) && !is_output(l, path, err) &&
                                      walk(l, path, &here, list, err)
                                : str_ends_with(path, ending(l)) && list_add(l, list, path, err))
            return err->code;
    }
    return 0;
}

/* N of the prompt_template_N directory nearest to the file; 0 = none. */
static int template_of(const char *path)
{
    static const char word[] = "prompt_template_";
    int found = 0;

    for (const char *p = path; (p = strstr(p, word)); p++) {
        const char *digit = p + sizeof word - 1;
        long n = strtol(digit, NULL, 10);
        size_t digits = strspn(digit, "0123456789");

        if ((p == path || p[-1] == '/') && digits && digits < 4 && digit[digits] == '/' &&
            n <= LABEL_MAX)
            found = (int)n;
    }
    return found;
}

static int describe(struct loader *l, const char *path, struct source *s, struct err *err)
{
    const char *name = str_last_part(path);
    static const char *const endings[] = {".jsonl", ".json", ".csv"};
    size_t n = strlen(name);

    for (size_t i = 0; i < 3; i++)
        if (n > strlen(endings[i]) && str_ends_with(name, endings[i]))
            n -= strlen(endings[i]);
    *s = (struct source){.path = path, .template = template_of(path)};
    s->dataset = utf8_clean(&l->ds->arena, name, n, err);
    return s->dataset ? 0 : err->code;
}

int split_step(struct loader *l, struct source *s, struct err *err)
{
    const char *line = strrchr(s->dataset, '_');

    s->one_to_many = true;
    if (!line || line == s->dataset || !isdigit((unsigned char)line[1]) || line[2])
        return 0;
    s->step = line[1] - '0';
    s->dataset = arena_strndup(&l->ds->arena, s->dataset, (size_t)(line - s->dataset), err);
    return s->dataset ? 0 : err->code;
}

/* "PATH: why", where whoever named it wants it. */
static void path_problem(struct loader *l, const char *path, const char *why)
{
    char msg[ERR_MESSAGE];

    if (!l->opt->path_problem) {
        problems_add(l->problems, path, 0, 0, "%s", why);
        return;
    }
    str_fit(msg, sizeof msg, "%s: %s", path, why);
    l->opt->path_problem(l->opt->path_ctx, msg, l->problems);
}

static int find_one(struct loader *l, const char *path, struct list *list, struct err *err)
{
    size_t before = list->n;
    char why[80];

    if (!file_exists(path)) {
        path_problem(l, path, "no such file or directory");
        return 0;
    }
    if (!file_is_dir(path))
        return list_add(l, list, path, err);
    if (walk(l, path, NULL, list, err))
        return err->code;
    if (list->n == before) {
        str_fit(why, sizeof why, "the directory does not contain a %s file", ending(l));
        path_problem(l, path, why);
    } else
        qsort(list->path + before, list->n - before, sizeof *list->path, str_by_bytes);
    return 0;
}

struct identity {
    dev_t dev;
    ino_t ino;
    bool link;
    size_t at;
};

/* Of one file's names first the one that is no link: a link put beside it renames nothing. */
static int by_identity(const void *a, const void *b)
{
    const struct identity *x = a, *y = b;

    if (x->dev != y->dev)
        return x->dev < y->dev ? -1 : 1;
    if (x->ino != y->ino)
        return x->ino < y->ino ? -1 : 1;
    return x->link != y->link ? x->link - y->link : compare(x->at, y->at);
}

static bool same_file(const struct identity *a, const struct identity *b)
{
    return a->dev == b->dev && a->ino == b->ino;
}

/* Names of the same file are side by side in `file` (n); how many there are. */
static size_t identify(const char *const *path, size_t n, struct identity *file)
{
    size_t known = 0;

    for (size_t i = 0; i < n; i++) {
        struct stat st, own;

        if (!stat(path[i], &st) && !lstat(path[i], &own))
            file[known++] = (struct identity){st.st_dev, st.st_ino, S_ISLNK(own.st_mode), i};
    }
    if (known)
        qsort(file, known, sizeof *file, by_identity);
    return known;
}

/* Who lists one file twice, by whatever names, means something else by it. */
static int check_named(struct loader *l, const char *const *paths, size_t n, struct err *err)
{
    struct identity *file = arena_alloc(&l->scratch, n, sizeof *file, err);
    size_t known = file ? identify(paths, n, file) : 0;
    char why[ERR_MESSAGE];

    for (size_t i = 1; i < known; i++) {
        if (!same_file(&file[i - 1], &file[i]))
            continue;
        str_fit(why, sizeof why, "named twice, also as %s", paths[file[i - 1].at]);
        path_problem(l, paths[file[i].at], why);
    }
    return err->code;
}

/* What is found again below a folder, by a path spelled otherwise or a link, counts once. */
static int drop_known(struct loader *l, struct list *list, struct err *err)
{
    struct identity *file = arena_alloc(&l->scratch, list->n, sizeof *file, err);
    size_t known = file ? identify(list->path, list->n, file) : 0, kept = 0;

    for (size_t i = 1; i < known; i++)
        if (same_file(&file[i - 1], &file[i]))
            list->path[file[i].at] = NULL;
    for (size_t i = 0; i < list->n; i++)
        if (list->path[i])
            list->path[kept++] = list->path[i];
    list->n = kept;
    return err->code;
}

int find_files(struct loader *l, const char *const *paths, size_t n, struct source **sources,
               struct err *err)
{
    struct list list = {0};

    for (size_t i = 0; i < n; i++)
        if (find_one(l, paths[i], &list, err))
            return err->code;
    if (check_named(l, paths, n, err) || drop_known(l, &list, err))
        return err->code;
    *sources = arena_alloc(&l->scratch, list.n, sizeof **sources, err);
    if (!*sources)
        return err->code;
    for (size_t i = 0; i < list.n; i++)
        if (describe(l, list.path[i], &(*sources)[i], err))
            return err->code;
    l->ds->file = list.path;
    l->ds->n_files = list.n;
    return 0;
}

static int by_kind(const void *a, const void *b)
{
    const struct source *x = a, *y = b;
    int d = strcmp(x->dataset, y->dataset);

    d = d ? d : compare(x->template, y->template);
    d = d ? d : compare(x->step, y->step);
    return d ? d : strcmp(x->path, y->path);
}

int check_sources(struct loader *l, const struct source *sources, struct err *err)
{
    struct source *sorted;
    size_t n = l->ds->n_files;

    sorted = arena_alloc(&l->scratch, n, sizeof *sorted, err);
    if (!sorted)
        return err->code;
    if (n) {
        memcpy(sorted, sources, n * sizeof *sorted);
        qsort(sorted, n, sizeof *sorted, by_kind);
    }
    for (size_t i = 1; i < n; i++) {
        const struct source *a = &sorted[i - 1], *b = &sorted[i];

        if (!str_eq(a->path, b->path) && a->one_to_many && b->one_to_many && a->template &&
            a->template == b->template && a->step && a->step == b->step &&
            str_eq(a->dataset, b->dataset))
            problems_add(l->problems, b->path, 0, 0,
                         "the same dataset, template and step as %s: files of two models? name the "
                         "directory of one",
                         a->path);
    }
    return 0;
}
