#include "report/where.h"

#include "base/str.h"

#include <string.h>

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

const char *where_legend(const struct average *a)
{
    bool layer = average_dim(a, "layer") < a->n_dims, head = average_dim(a, "head") < a->n_dims;

    return layer && head ? "layer.head" : "";
}
