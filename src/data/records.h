/*
 * A file as a list of records, JSON objects, whatever holds them: a line each (JSON Lines), a JSON
 * list, one JSON object that fills the file, or the rows of a CSV file (NAME.csv) under its header,
 * as strings. Private to this floor.
 *
 *     static int each(struct loader *l, struct err *err)
 *     {
 *         struct records r;
 *         json_t *record;
 *
 *         if (records_open(&r, l, err))
 *             return err->code;
 *         while (!records_next(&r, &record, err) && record)
 *             json_decref(record);               // l->line is where it stands, for line_problem
 *         records_close(&r);
 *         return err->code;
 *     }
 */
#ifndef LENSWEEP_DATA_RECORDS_H
#define LENSWEEP_DATA_RECORDS_H

#include "base/file.h"
#include "data/csv.h"
#include "data/load.h"

struct records {
    struct loader *l;
    enum { RECORDS_LINES, RECORDS_LIST, RECORDS_OBJECT, RECORDS_CSV } form;
    struct mapping file;
    const char *s; /* (n) without a byte order mark */
    size_t n, at;
    size_t line, column; /* where `at` lies, from 1 */
    bool begun, ended;
    const char *notes; /* (n_notes) lines "# ..." before the header of a CSV file */
    size_t n_notes;
    struct csv csv;
    struct csv_row header;
};

/* Opens l->path. */
int records_open(struct records *r, struct loader *l, struct err *err);

/* The next record, the caller's; NULL at the end. What is not a record is a problem and passed
   over. Nonzero only for memory. */
int records_next(struct records *r, json_t **record, struct err *err);
void records_close(struct records *r);

#endif
