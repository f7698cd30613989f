/*
 * For the tests of the campaign floor: a campaign of the small fixture model from the text of its
 * data and experiments, in a folder of the test's own.
 *
 *     void test(void)
 *     {
 *         struct campaign c;
 *
 *         open_text(&c, three_queries, "  - {name: d, kind: decode}\n", "run.threads=2");
 *         campaign_close(&c);
 *     }
 */
#ifndef LENSWEEP_TESTS_CAMPAIGN_HELPER_H
#define LENSWEEP_TESTS_CAMPAIGN_HELPER_H

#include "folder.h"

#include "campaign/campaign.h"
#include "campaign/output.h"

/* Into the folder, which is there from make_folder to remove_folder. */
void write_file(const char *name, const char *text);

/* Opens and cuts; fails the test if it cannot. set: "key=value" or NULL. */
void open_text(struct campaign *c, const char *data, const char *experiments, const char *set);

/* The same with the model's weights, identified; open_text has its shape alone. */
void open_whole(struct campaign *c, const char *data, const char *experiments, const char *set);

/* Changes the rows of a unit before they are kept. */
typedef void row_change_fn(const struct campaign *c, uint64_t unit, unsigned char *rows, size_t n);

/* All bundles of a campaign that has started, into rows and the folder's result.h5; the engine must
   have done what was planned. change: NULL = none. */
void run_whole(struct campaign *c, struct buf *rows, row_change_fn *change,
               struct campaign_report *report);

/* Three queries of three items: A has 5 tokens, B 6, C 5; a fourth, D, to be appended. */
extern const char query_a[], query_b[], query_c[], query_d[], three_queries[], four_queries[];

/* Experiments of every sort of work, and where some of them stand in the list. */
extern const char kinds_of_work[];
enum { EXPERIMENTS = 7, SWEEP = 3, MEANS = 4, NOISE = 6 };

/* An experiment of the weights alone, beside one of queries. */
extern const char weights_alone[];

const struct unit *units_end(const struct campaign *c);

#endif
