#include "campaign_helper.h"

#include "base/file.h"
#include "campaign/cut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define QUERY_A                                                                                    \
    "{\"ids\": [78, 105, 89, 83, 122], \"item\": \"A\", \"dataset\": \"lands\", \"template\": 1, " \
    "\"step\": 1, \"spans\": {\"subject\": [3, 4]}, \"targets\": {\"answer_1\": 5, \"subject\": "  \
    "83}, \"target\": \"answer_1\"}\n"
#define QUERY_B                                                                                    \
    "{\"ids\": [70, 15, 89, 84, 85, 122], \"item\": \"B\", \"dataset\": \"lands\", \"template\": " \
    "1, \"step\": 1, \"spans\": {\"subject\": [3, 5]}, \"targets\": {\"answer_1\": 6, "            \
    "\"subject\": 84}, \"target\": \"answer_1\"}\n"
#define QUERY_C                                                                                   \
    "{\"ids\": [71, 25, 89, 85, 122], \"item\": \"C\", \"dataset\": \"lands\", \"template\": 1, " \
    "\"step\": 1, \"spans\": {\"subject\": [3, 4]}, \"targets\": {\"answer_1\": 7, \"subject\": " \
    "85}, \"target\": \"answer_1\"}\n"
#define QUERY_D                                                                                   \
    "{\"ids\": [71, 25, 89, 86, 122, 9], \"item\": \"D\", \"dataset\": \"lands\", \"template\": " \
    "1, \"step\": 1, \"spans\": {\"subject\": [3, 4]}, \"targets\": {\"answer_1\": 8, "           \
    "\"subject\": 86}, \"target\": \"answer_1\"}\n"

const char query_a[] = QUERY_A, query_b[] = QUERY_B, query_c[] = QUERY_C, query_d[] = QUERY_D;
const char three_queries[] = QUERY_A QUERY_B QUERY_C;
const char four_queries[] = QUERY_A QUERY_B QUERY_C QUERY_D;

void write_file(const char *name, const char *text)
{
    struct err err;

    if (file_replace(in_folder(name), text, strlen(text), &err))
        fail_msg("%s", err.msg);
}

static void open_it(struct campaign *c, const char *data, const char *experiments, const char *set,
                    bool shape_only)
{
    struct campaign_request request = {
        .config = in_folder("c.yaml"), .set = &set, .n_set = set ? 1 : 0, .shape_only = shape_only};
    struct problems problems = {0};
    struct err err;
    char text[4096];

    write_file("q.jsonl", data);
    snprintf(text, sizeof text,
             "model: {path: \"%s/fixtures/models/llama3-sharded-bf16\"}\n"
             "data: {path: \"%s/q.jsonl\"}\noutput: \"%s/out\"\nexperiments:\n%s",
             TEST_DIR, folder, folder, experiments);
    write_file("c.yaml", text);
    memset(c, 0, sizeof *c);
    err_clear(&err);
    if (campaign_open(c, &request, &problems, &err) || problems.count || campaign_cut(c, &err))
        fail_msg("%s", problems.count ? problems.item[0].msg : err.msg);
}

void open_text(struct campaign *c, const char *data, const char *experiments, const char *set)
{
    open_it(c, data, experiments, set, true);
}

void open_whole(struct campaign *c, const char *data, const char *experiments, const char *set)
{
    open_it(c, data, experiments, set, false);
}
