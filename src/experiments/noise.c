#include "experiments/noise.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"

#include <string.h>

static const char *last_part(const char *name)
{
    const char *slash = strrchr(name, '/');

    return slash ? slash + 1 : name;
}

static json_t *find_model(json_t *models, const char *name)
{
    const char *key;
    json_t *value;

    json_object_foreach(models, key, value)
    {
        if (str_eq(last_part(key), last_part(name)))
            return value;
    }
    return NULL;
}

static bool has_dataset(const struct noise_levels *n, const char *dataset)
{
    for (size_t i = 0; i < n->n; i++)
        if (str_eq(n->level[i].dataset, dataset))
            return true;
    return false;
}

/* One level for each dataset of the data. */
static int take_levels(struct noise_levels *n, struct experiment *x, json_t *root, const char *file,
                       struct problems *problems, struct err *err)
{
    const struct dataset *ds = x->scene->data;
    const char *model = x->scene->model->name;

    n->level = arena_alloc(x->arena, ds->n, sizeof *n->level, err);
    if (!n->level)
        return err->code;
    for (size_t q = 0; q < ds->n; q++) {
        struct noise_level level = {.dataset = ds->query[q].dataset};
        json_t *entry;
        struct err bad;

        err_clear(&bad);
        if (ds->query[q].status || has_dataset(n, level.dataset))
            continue;
        entry = find_model(json_object_get(root, level.dataset), model);
        if (!entry)
            err_set(&bad, ERR_CONFIG, "%s names no noise for model %s and dataset %s", file, model,
                    level.dataset);
        else if (!json_take_real(entry, "subject", true, &level.subject, ERR_CONFIG, &bad))
            json_take_real(entry, "answers", true, &level.answers, ERR_CONFIG, &bad);
        if (bad.code)
            config_problem(x->scene->config, x->entry, "noise_file", problems, "%s", bad.msg);
        n->level[n->n++] = level;
    }
    return 0;
}

int noise_open(struct noise_levels *n, struct experiment *x, const struct real_or_choice *noise,
               const char *file, struct problems *problems, struct err *err)
{
    struct buf text = {0};
    json_t *root = NULL;
    struct err bad;
    int code = 0;

    n->fixed = !noise->choice;
    n->value = noise->value;
    if (n->fixed)
        return 0;
    err_clear(&bad);
    if (!*file)
        err_set(&bad, ERR_CONFIG, "noise: published needs noise_file (or give a number)");
    else if (!file_read(&text, file, 1 << 20, &bad))
        root = json_parse(text.data, text.len, ERR_CONFIG, file, 1, &bad);
    if (root)
        code = take_levels(n, x, root, file, problems, err);
    else
        config_problem(x->scene->config, x->entry, *file ? "noise_file" : "noise", problems, "%s",
                       bad.msg);
    json_decref(root);
    buf_release(&text);
    return code;
}

double noise_level(const struct noise_levels *n, const struct query *q, const char *span)
{
    if (n->fixed)
        return n->value;
    for (size_t i = 0; i < n->n; i++)
        if (str_eq(n->level[i].dataset, q->dataset))
            return strncmp(span, "answer", 6) == 0 ? n->level[i].answers : n->level[i].subject;
    return 0;
}
