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
      {"attn", "attention"},           {"mlp", "MLP"},
      {"first", "first token"},        {"last", "last token"},
      {"other", "other tokens"},       {"resid", "residual stream"},
      {"residual", "residual stream"}, {"kl", "KL divergence"},
      {"logprob", "log-probability"},
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
