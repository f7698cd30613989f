/* Which figures there are (docs/methods.md 3.6), and names in words. */
#include "report/figures/figures.h"

#include "base/str.h"

#include <string.h>

#define LINES_ALONG_LAYERS(row) \
    {[ROW] = (row), [SERIES] = "target", [ALONG] = "layer"}, .along_label = "layer (from 1)"

#define TRACE                                                                               \
    .place = {[ROW] = "site", [COLUMN] = "corruption", [DOWN] = "role", [ALONG] = "layer"}, \
    .apart = true, .along_label = "layer (from 0; centre of the window)",                   \
    .column_words = "corrupted"
#define TRACE_NOTE "; * corrupted; (k): only k queries have the token; grey: none has"

const struct chart_kind chart_kinds[] = {
    {.kind = "decode",
     .form = LINES,
     .value = {"mean_logit"},
     .place = LINES_ALONG_LAYERS("component"),
     .title = "Early decoding at the last token",
     .value_label = "logit (nat)"},
    {.kind = "decode",
     .suffix = "centred",
     .form = LINES,
     .value = {"mean_centred_logit"},
     .place = LINES_ALONG_LAYERS("component"),
     .title = "Early decoding at the last token, beyond the control tokens",
     .value_label = "logit (nat)",
     .note = "Logits minus their mean over control tokens"},
    {.kind = "token_lens",
     .form = LINES,
     .value = {"mean_logit"},
     .place = LINES_ALONG_LAYERS("token_set"),
     .title = "Token Lens: what attention takes from each token set to the last token",
     .value_label = "logit (nat)"},
    {.kind = "token_lens",
     .suffix = "centred",
     .form = LINES,
     .value = {"mean_centred_logit"},
     .place = LINES_ALONG_LAYERS("token_set"),
     .title = "Token Lens, beyond the control tokens",
     .value_label = "logit (nat)",
     .note = "Logits minus their mean over control tokens"},
    {.kind = "knockout",
     .form = LINES,
     .value = {"mean_mlp_logit_drop"},
     .place = LINES_ALONG_LAYERS("token_set"),
     .title = "Attention knockout: what the MLPs lose when the last token cannot attend to a set",
     .value_label = "logit lost (nat)",
     .note = "MLP output decoded at the last token, clean minus cut"},
    {.kind = "causal_trace",
     .form = MAP,
     .value = {"role_score"},
     .beside = {"mean_low"},
     TRACE,
     .title = "Causal tracing",
     .value_label = "p(target)",
     .note = "Colours begin at the corrupted run's mean" TRACE_NOTE},
    {.kind = "causal_trace",
     .suffix = "effect",
     .form = MAP,
     .value = {"role_effect"},
     TRACE,
     .title = "Causal tracing, against the same query with nothing put in",
     .value_label = "change of p(target)",
     .note = "Colours are centred at zero" TRACE_NOTE},
    {.kind = "heads",
     .form = POINTS,
     .value = {"promotion", "suppression"},
     .beside = {"promotion_chance", "suppression_chance"},
     .place = {[ROW] = "target", [DOWN] = "layer", [ALONG] = "head"},
     .title = "Attention heads at the last token",
     .value_label = "suppresses (%)",
     .along_label = "promotes (% of queries)",
     .note = "One point a head (moved apart where they coincide); strongest: layer.head from 0"},
    {.kind = "ablation",
     .inside = "/stats",
     .form = MAP,
     .value = {"mean"},
     .mark = "q",
     .place = {[ROW] = "metric", [DOWN] = "layer", [ALONG] = "head"},
     .title = "Ablation",
     .value_label = "ablated minus clean",
     .along_label = "head (from 0)",
     .down_label = "layer (from 0)",
     .note = "Colours are centred at zero"},
    {.kind = "ablation",
     .inside = "/stats",
     .suffix = "layers",
     .form = LINES,
     .value = {"mean"},
     .mark = "q",
     .without = "head",
     .place = {[ROW] = "metric", [SERIES] = "position", [ALONG] = "layer"},
     .along_label = "layer (from 1)",
     .title = "Ablation",
     .value_label = "ablated minus clean"},
    {.kind = "faithfulness",
     .form = LINES,
     .value = {"recovered"},
     .along = "k",
     .place = {[ALONG] = "share"},
     .title = "Faithfulness: the strongest nodes alone, all others resampled",
     .value_label = "recovered share of the metric",
     .along_label = "nodes kept",
     .note = "0 = every node resampled, 1 = the clean run: a ratio of means"},
};

const size_t n_chart_kinds = sizeof chart_kinds / sizeof *chart_kinds;

/* What ends a role's name, and whole names, in words. */
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
      {"residual", "residual stream"},
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
