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

struct campaign;

/* Into the folder, which is there from make_folder to remove_folder. */
void write_file(const char *name, const char *text);

/* Opens and cuts; fails the test if it cannot. set: "key=value" or NULL. */
void open_text(struct campaign *c, const char *data, const char *experiments, const char *set);

/* The same with the model's weights, identified; open_text has its shape alone. */
void open_whole(struct campaign *c, const char *data, const char *experiments, const char *set);

/* Three queries of three items: A has 5 tokens, B 6, C 5; a fourth, D, to be appended. */
extern const char query_a[], query_b[], query_c[], query_d[], three_queries[], four_queries[];

#endif
