#include "report/words.h"

#include "base/str.h"

#include <string.h>

/* What ends a role's name, and whole names, in words: roles, sets, sites, metrics. */
static const struct {
    const char *name, *words;
} endings[] =
    {
        {"_first", ": first token"},
        {"_middle", ": middle tokens"},
        {"_last", ": last token"},
        {"_rest", ": rest"},
},
  wholes[] = {
      {"attn", "attention"},
      {"mlp", "MLP"},
      {"first", "first token"},
      {"last", "last token"},
      {"other", "other tokens"},
      {"resid", "residual stream"},
      {"residual", "residual stream"},
      {"kl", "KL divergence"},
      {"logprob", "log-probability"},
      {"direct", "direct effect"},
      {"direct_frozen", "direct effect, norm frozen"},
};

char *words_of(struct arena *a, const char *name, struct err *err)
{
    size_t n = strlen(name);
    const char *end = "";
    char *s;

    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++)
        if (str_eq(name, wholes[i].name))
            return arena_strdup(a, wholes[i].words, err);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (str_ends_with(name, endings[i].name)) {
            end = endings[i].words;
            n -= strlen(endings[i].name);
        }
    s = arena_printf(a, err, "%s%.*s%s", strncmp(name, "before_answer", 13) ? "" : "last ", (int)n,
                     name, end);
    for (char *p = s; p && *p; p++)
        *p = *p == '_' ? ' ' : *p;
    return s;
}

/* Places ---------------------------------------------------------------------------------- */

static size_t append(char out[WHERE_MAX], size_t n, const char *before, const char *text)
{
    str_fit(out + n, WHERE_MAX - n, "%s%s", before, text);
    return n + strlen(out + n);
}

const char *where_words(const struct average *a, size_t element, const char *rows,
                        const char *columns, char out[WHERE_MAX])
{
    size_t layer = average_dim(a, "layer"), head = average_dim(a, "head"), n = 0;

    out[0] = '\0';
    if (layer < a->n_dims && head < a->n_dims) {
        n = append(out, n, "", average_shown(a, layer, element));
        n = append(out, n, ".", average_shown(a, head, element));
    } else if (layer < a->n_dims) {
        n = append(out, n, "layer ", average_shown(a, layer, element));
    }
    for (size_t i = 0; i < a->n_dims; i++) {
        const char *name = a->dim[i].name;

        if (i == layer || i == head || a->dim[i].size == 1 || list_has(rows, name) ||
            list_has(columns, name))
            continue;
        n = append(out, n, n ? ", " : "", a->dim[i].numbers ? name : "");
        n = append(out, n, a->dim[i].numbers ? " " : "", average_shown(a, i, element));
    }
    return out;
}
