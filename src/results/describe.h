/*
 * What a group of a result file says of itself, so that readers need to know no kind of experiment:
 * its headlines (the averages that a reader looks at first, and what they are tested against) and
 * its figures (which averages are drawn, and where on the page each of their dimensions lies).
 *
 * A kind declares them; they stand in the group's attributes `headlines`, `figures` and `authors`
 * as JSON, a list of objects with the keys below.
 *
 *     int list_headlines(struct h5file *f, struct arena *a, struct err *err)
 *     {
 *         struct headline_list h = {0};
 *
 *         headlines_read(&h, f, "decode", a, err);        // h.n == 0: the group has none
 *         for (size_t i = 0; i < h.n; i++)
 *             printf("%s: %s\n", h.v[i].variable, h.v[i].title);
 *         return err->code;
 *     }
 */
#ifndef LENSWEEP_RESULTS_DESCRIBE_H
#define LENSWEEP_RESULTS_DESCRIBE_H

#include "base/mem.h"
#include "results/h5file.h"

#include <stdbool.h>

/* key, what it says. All are text; NULL = not said. Lists are separated by one space. */
#define HEADLINE_KEYS(X)                                                                          \
    X(variable, "the average over queries, (stratum, ...)")                                       \
    X(inside, "the group inside this one that has it: stats")                                     \
    X(title, "what it is, in words")                                                              \
    X(of, "the variables, query by query, that the average is the sum of: NAME or -NAME, with "   \
          "[DIM=LABEL] or [DIM!=LABEL] what is for some entries only; `unless NAME`: queries of " \
          "this property do not count; along `apart` a list of LABEL: SUM, separated by ;")       \
    X(by_token,                                                                                   \
      "of each entry of its last dimension the target whose tokens are clusters as "              \
      "well: its place in `target`, one past the last = each query's right target, -1 = "         \
      "items alone; one number: of all entries")                                                  \
    X(unit, "of its numbers, in words: logit, nat, share of queries")                             \
    X(rate, "yes: of each query it has 0 or 1, so that the average is a share of queries")        \
    X(null, "an average of the same shape that it is compared with; else 0")                      \
    X(null_words, "what that is, as a heading: chance")                                           \
    X(test, "t | binomial: over items, corrected for all numbers of the headline; "               \
            "stored: p, q and q_min stand beside it; none")                                       \
    X(claim, "what a number that passes the test does: differs from zero")                        \
    X(needs, "what a query without such numbers may lack: control tokens")                        \
    X(columns, "a dimension with a column of the table for each entry")                           \
    X(beside, "averages of fewer dimensions that are shown in each row: the clean run's")         \
    X(listed, "the variable is not an average but a list, in order: variables along the same "    \
              "dimension that name its entries")                                                  \
    X(common, "yes: of each query the list is another, the strongest first along the last "       \
              "dimension; a reader looks at what most of them have in common")                    \
    X(rows, "dimensions whose entries have a row of the table each; the strongest of the others " \
            "are named in it")                                                                    \
    X(apart, "a dimension whose entries cannot be compared with each other: a ranking of each")   \
    X(without, "a label that has no place in tables and rankings: resid")                         \
    X(instead, "the average that stands in its place where it has no values")                     \
    X(only, "top | summary: it has no place elsewhere")                                           \
    X(warning, "what a reader must mind")                                                         \
    X(whole, "labels of `apart` that begin so are total effects; they are shown beside `part`")   \
    X(part, "labels of `apart` that begin so, and end alike, are the direct part of `whole`")     \
    X(about, "the dimension whose entries are what a head, layer or set is about: target")        \
    X(about_right, "labels of `apart` that are about the right answer of each query, whichever "  \
                   "it is: logit_difference recall_mass")                                         \
    X(class_words, "what a head of this class does, as a heading: promotes")                      \
    X(join, "class | score | effect: tables set rates and scores of heads beside effects of the " \
            "same heads")                                                                         \
    X(order, "among effects, the ones with the greatest order by which a joined table is sorted")

#define FIGURE_KEYS(X)                                                                             \
    X(name, "what stands after the group's name in the file name; may be missing")                 \
    X(form,                                                                                        \
      "lines: values against `along`, a line for each of `series`; map: a coloured cell for "      \
      "each of `down` x `along`; points: the second share against the first; intervals: a value "  \
      "and its interval for each of `along`, one under the other, a colour for each of `series`; " \
      "graph: the strongest of "                                                                   \
      "`along`, edges by their names, between layers")                                             \
    X(inside, "the group inside this one that has the averages: stats")                            \
    X(values, "the averages that are drawn; points have two, shares of queries")                   \
    X(beside,                                                                                      \
      "map: an average at which the colours begin, else they are centred at zero; points: "        \
      "what each value would be by chance")                                                        \
    X(beside_words, "points: what that is: rate of control tokens")                                \
    X(mark, "map: cells in which this is at most fdr have a dot")                                  \
    X(row, "the dimension with a row of panels for each entry")                                    \
    X(column, "the dimension with columns of panels; steps otherwise")                             \
    X(series, "the dimension with a line or a colour for each entry")                              \
    X(down, "the dimension that runs down")                                                        \
    X(along, "the dimension that runs along; of intervals, down")                                  \
    X(along_values, "the variable that says where the entries of `along` stand, on a logarithmic " \
                    "axis; else one after the other")                                              \
    X(ends, "graph: variables along `along` that say who stands at both ends, NAME with "          \
            "NAME_layer and NAME_head beside it: sender receiver")                                 \
    X(apart, "the row or the column: its entries whose names begin alike (answer_1, answer_2; "    \
             "logit.answer_1, logit.subject) have a figure of their own")                          \
    X(single, "dimensions of which only the first entry is drawn, because all are equal")          \
    X(compare, "yes: all rows have one scale; else each its own")                                  \
    X(sequential, "map: entries of the row whose values are never negative; * = all")              \
    X(control, "intervals: an entry that begins so is the control of the entry named after that "  \
               "and stands beside it: random_")                                                    \
    X(title, "above it")                                                                           \
    X(value_label, "what the values are, with their unit")                                         \
    X(along_label, "below it; where layers and heads count from is added")                         \
    X(down_label, "beside it; likewise")                                                           \
    X(note, "under it")                                                                            \
    X(column_words, "what befell the column's entry: corrupted")                                   \
    X(remark, "what is said of an entry of the row, in words: residual=no window")

#define AUTHORS_KEYS(X)                                                                       \
    X(analysis, "which of the files of the paper's own code it fills: decode | token_lens | " \
                "attn_knockout | heads | trace")                                              \
    X(value, "the variable that has their numbers")                                           \
    X(logprob, "the variable with the log-probability of the same; may be missing")           \
    X(clean, "the variable with the clean run's")                                             \
    X(high, "the variable with the clean probability of the target")                          \
    X(low, "the variable with the corrupted run's")                                           \
    X(left_out, "why their code has no such files")

#define DESCRIBE_FIELD(key, doc) const char *key;
/* How its numbers are judged; where it has a place; as what it is joined: a key's words as read. */
enum headline_test { TEST_NONE, TEST_T, TEST_BINOMIAL, TEST_STORED };
enum headline_only { ONLY_NONE, ONLY_TOP, ONLY_SUMMARY };
enum headline_join { JOIN_NONE, JOIN_CLASS, JOIN_SCORE, JOIN_EFFECT };

struct headline {
    HEADLINE_KEYS(DESCRIBE_FIELD)
    /* as read: of words that are not known, and of none, 0 */
    enum headline_test tested;
    enum headline_only shown_in;
    enum headline_join joined;
};
struct figure {
    FIGURE_KEYS(DESCRIBE_FIELD)
};

/* Where the numbers of a group stand in the layout of the paper's own code (docs/export.md). */
struct authors_layout {
    AUTHORS_KEYS(DESCRIBE_FIELD)
};

struct headline_list {
    struct headline *v; /* (n) in the arena, texts too */
    size_t n;
};
struct figure_list {
    struct figure *v; /* (n) in the arena, texts too */
    size_t n;
};

/* Writes them as attributes of the group; nothing if n is 0. */
int headlines_write(struct h5group *g, const struct headline *v, size_t n, struct err *err);
int figures_write(struct h5group *g, const struct figure *v, size_t n, struct err *err);
/* Nothing if it names no analysis and no reason. */
int authors_layout_write(struct h5group *g, const struct authors_layout *v, struct err *err);

/* Reads those of a group; n = 0 where there are none. A key that is not known is passed over.
   ERR_IO if the attribute is not such a list. */
int headlines_read(struct headline_list *h, struct h5file *f, const char *group, struct arena *a,
                   struct err *err);
int figures_read(struct figure_list *f, struct h5file *file, const char *group, struct arena *a,
                 struct err *err);
int authors_layout_read(struct authors_layout *v, struct h5file *f, const char *group,
                        struct arena *a, struct err *err);

/* Is `word` one of the words of a list? (NULL = an empty list) */
bool list_has(const char *list, const char *word);
/* The i-th word of a list, in the arena; NULL where there is none. */
const char *list_word(const char *list, size_t i, struct arena *a, struct err *err);

#endif
