#include "campaign/models.h"

#include "base/file.h"
#include "base/str.h"
#include "results/result.h"

#include <string.h>
#include <sys/stat.h>

/* "b" of "a/b.gguf" and of "a/b/"; with its parent "a-b". */
static const char *name_of(const char *path, bool parent, struct arena *a, struct err *err)
{
    char *name = file_last_parts(a, path, parent ? 2 : 1, err);

    if (name && str_ends_with(name, ".gguf") && strlen(name) > 5)
        name[strlen(name) - 5] = '\0';
    for (char *slash = name ? strchr(name, '/') : NULL; slash; slash = strchr(slash, '/'))
        *slash = '-';
    return name;
}

/* Those of all models; *shared: two have one name. */
static const char **names_of(const struct string_list *paths, bool parents, bool *shared,
                             struct arena *a, struct err *err)
{
    const char **name = arena_alloc(a, paths->n, sizeof *name, err);

    for (size_t i = 0; i < paths->n && !err->code; i++) {
        name[i] = name_of(paths->v[i], parents, a, err);
        *shared |= name[i] && str_index(name, i, name[i]) < i;
    }
    return err->code ? NULL : name;
}

/* The which-th of those about nothing; after them the real one. */
static enum null_data null_of(const struct choice_list *list, size_t which)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->v[i] != NULL_NONE && which-- == 0)
            return (enum null_data)list->v[i];
    return NULL_NONE;
}

/* The config is that of the one result; one of several, and about nothing, has a folder below. */
static int choose_null(struct campaign *c, enum null_data null, struct err *err)
{
    struct choice_list *list = &c->config.data.null;
    const char *word = choice_word(null_choices, null);

    c->hashes_in = c->config.output;
    if (list->n > 1 && null != NULL_NONE)
        c->config.output =
            arena_printf(&c->arena, err, "%s/" NULL_FOLDER "%s", c->config.output, word);
    *list = (struct choice_list){1, arena_alloc(&c->arena, 1, sizeof *list->v, err)};
    if (list->v)
        *list->v = null;
    c->null = null;
    return err->code;
}

/* The one before it that is the same file or folder; by whatever name. NULL = none. */
static const char *twin_of(const struct string_list *paths, size_t i)
{
    struct stat one, other;

    for (size_t k = 0; k < i && !stat(paths->v[i], &one); k++)
        if (!stat(paths->v[k], &other) && one.st_dev == other.st_dev && one.st_ino == other.st_ino)
            return paths->v[k];
    return NULL;
}

static void check_twins(struct campaign *c, struct problems *problems)
{
    const struct string_list *paths = &c->config.model.paths;

    for (size_t i = 1; i < paths->n; i++) {
        const char *twin = twin_of(paths, i);

        if (twin)
            config_problem(&c->config, NULL, "model.paths", problems,
                           "%s is named twice, also as %s", paths->v[i], twin);
    }
}

static int choose_model(struct campaign *c, size_t which, struct problems *problems,
                        struct err *err)
{
    struct model_config *m = &c->config.model;
    struct arena *a = &c->arena;
    bool parents = false, same = false;
    const char **name;

    if (!m->paths.n)
        return 0;
    if (m->paths.n > MODELS_MAX)
        config_problem(&c->config, NULL, "model.paths", problems, "more than %d models",
                       MODELS_MAX);
    if (m->path)
        config_problem(&c->config, NULL, "model.paths", problems,
                       "path names one model, paths several: give one of the two");
    if (!which)
        check_twins(c, problems);
    name = names_of(&m->paths, false, &parents, a, err);
    if (parents && !err->code)
        name = names_of(&m->paths, true, &same, a, err);
    for (size_t i = 0; name && i < m->paths.n; i++) /* a folder below the output? */
        if (!*name[i] || str_eq(name[i], ".") || str_eq(name[i], ".."))
            config_problem(&c->config, NULL, "model.paths", problems,
                           "%s does not end in a name: the model's results need a folder of that "
                           "name",
                           m->paths.v[i]);
    if (same)
        config_problem(&c->config, NULL, "model.paths", problems,
                       "two models end in the same two names: their results need folders of "
                       "different names");
    m->path = m->paths.v[which];
    c->config.output = name ? file_join(a, c->config.output, name[which], err) : NULL;
    return err->code;
}

int models_choose(struct campaign *c, size_t which, struct problems *problems, struct err *err)
{
    size_t models = c->config.model.paths.n, nulls = c->config.data.null.n;

    c->n_models = models ? models : 1;
    c->which_model = which / nulls;
    c->n_runs = c->n_models * nulls;
    c->which_run = which;
    return err_if(err, choose_model(c, c->which_model, problems, err) ||
                           choose_null(c, null_of(&c->config.data.null, which % nulls), err));
}

static const char *different_shape(const struct shape *a, const struct shape *b)
{
    return a->n_layers != b->n_layers       ? "number of layers"
           : a->n_heads != b->n_heads       ? "number of heads"
           : a->n_kv_heads != b->n_kv_heads ? "number of key and value heads"
           : a->d_model != b->d_model       ? "width"
           : a->d_head != b->d_head         ? "width of heads"
           : a->d_ff != b->d_ff             ? "width of the MLP"
           : a->vocab != b->vocab           ? "vocabulary"
                                            : NULL;
}

/* The first id that stands for other bytes; -1 = none. */
static int64_t different_token(const struct tokenizer *a, const struct tokenizer *b)
{
    size_t n = tokenizer_vocab(a) > tokenizer_vocab(b) ? tokenizer_vocab(a) : tokenizer_vocab(b);

    for (size_t i = 0; i < n; i++) {
        size_t n_a, n_b;
        const char *s = tokenizer_bytes(a, (int32_t)i, &n_a);
        const char *t = tokenizer_bytes(b, (int32_t)i, &n_b);

        if (n_a != n_b || (n_a && memcmp(s, t, n_a) != 0))
            return (int64_t)i;
    }
    return -1;
}

static int compare_tokens(const struct campaign *c, const char *path, struct problems *problems,
                          struct err *err)
{
    struct tokenizer *t = NULL;
    struct err none = ERR_CLEAR;
    int64_t id = -1;

    if (tokenizer_open(&t, path, &none))
        t = NULL;
    if (none.code == ERR_MEMORY)
        return *err = none, err->code;
    if (!t != !c->tokenizer)
        config_problem(&c->config, NULL, "model.paths", problems,
                       "%s has %s usable tokenizer, %s has %s: the same text must be the same "
                       "tokens",
                       path, t ? "a" : "no", c->config.model.path, t ? "none" : "one");
    else if (t)
        id = different_token(c->tokenizer, t);
    if (id >= 0 || (t && c->tokenizer && tokenizer_bos(t) != tokenizer_bos(c->tokenizer)))
        config_problem(&c->config, NULL, "model.paths", problems,
                       "%s has another tokenizer than %s (token %lld): their results cannot be "
                       "compared",
                       path, c->config.model.path,
                       (long long)(id >= 0 ? id : (int64_t)tokenizer_bos(t)));
    tokenizer_close(t);
    return 0;
}

int models_alike(const struct campaign *c, struct problems *problems, struct err *err)
{
    const struct model_config *m = &c->config.model;
    struct model_options o = {.shape_only = true, .ignore = m->ignore.v, .n_ignore = m->ignore.n};

    for (size_t i = 0; i < m->paths.n && !err->code; i++) {
        struct model *other = NULL;
        const char *what;

        if (i == c->which_model || model_open_as(&other, m->paths.v[i], &o, err))
            continue;
        what = different_shape(&c->model->shape, &other->shape);
        if (what)
            config_problem(&c->config, NULL, "model.paths", problems,
                           "%s has another %s than %s: models of one config have one shape",
                           m->paths.v[i], what, m->path);
        else
            compare_tokens(c, m->paths.v[i], problems, err);
        model_close(other);
    }
    return err->code;
}
