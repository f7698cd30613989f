/*
 * The formats of data: a reader is one file and one row of the table in format.c. Private to this
 * floor, but for what dataset.h says.
 *
 * A file is a list of records, whatever holds them (records.h); a format says what the keys of a
 * record mean. Most readers say it by making a record of the native format:
 *
 *     #include "data/recast.h"
 *
 *     static const struct data_key keys[] = {{"question", "string", NULL, "the prompt", false},
 *                                            {"answer", "string", NULL, "what is right", false}};
 *
 *     static int read(struct loader *l, const json_t *record, struct err *err)
 *     {
 *         struct recast r;
 *
 *         recast_begin(&r, l, need_text(l, record, "question"));
 *         recast_answer(&r, need_text(l, record, "answer"), true);
 *         return recast_end(&r, err);
 *     }
 *
 *     const struct format format_quiz = {
 *         .name = "quiz", .doc = "questions", .ending = ".json",
 *         FORMAT_KEYS(keys), .read = read,
 *         .marks = (const char *const[]){"question+answer", NULL}};
 */
#ifndef LENSWEEP_DATA_FORMAT_H
#define LENSWEEP_DATA_FORMAT_H

#include "data/load.h"

/* A key of a record. */
struct data_key {
    const char *name, *type;
    const char *fallback; /* in words; NULL = required */
    const char *meaning;
    bool both; /* a counterfactual has it, too */
};

struct format {
    const char *name, *doc;
    const char *ending; /* of the files that a folder is searched for, if the format is named */
    const struct data_key *keys; /* (n_keys) */
    size_t n_keys;
    /* How a record is known: "a+b" has both keys. A list that ends with NULL: one is enough. */
    const char *const *marks;
    /* One record into queries. Nonzero only for I/O and memory. */
    int (*read)(struct loader *l, const json_t *record, struct err *err);
};

extern const struct format *const formats[]; /* (n_formats) */
extern const size_t n_formats;

extern const struct format format_native, format_one_to_many, format_counterfact, format_known,
    format_relation, format_eap_csv, format_mib_ioi, format_mib_mcqa, format_mib_arithmetic;

#define FORMAT_KEYS(table) .keys = (table), .n_keys = sizeof(table) / sizeof *(table)

/* By its name; NULL = there is none. */
const struct format *format_find(const char *name);

/* By the keys of a record; NULL = of none. */
const struct format *format_of(const json_t *record);

/* What people call a key of a query, and what it is here: "question" -> "text"; NULL = nothing. */
const char *data_usual_key(const char *name);

#endif
