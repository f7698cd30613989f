#include "data/records.h"

#include "base/str.h"
#include "data/fields.h"

#include <string.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool blank(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_space(s[i]))
            return false;
    return true;
}

/* The end of the JSON value at s[i]: of an object or a list behind its closing bracket (n if it is
   not closed), of anything else before the next separator. */
static size_t value_end(const char *s, size_t n, size_t i)
{
    size_t depth = 0;
    bool quoted = false;

    for (; i < n; i++) {
        if (quoted) {
            if (s[i] == '\\')
                i++;
            else
                quoted = s[i] != '"';
            continue;
        }
        if (!depth && (is_space(s[i]) || memchr(",]}", s[i], 3)))
            return i;
        quoted = s[i] == '"';
        if (s[i] == '{' || s[i] == '[')
            depth++;
        if ((s[i] == '}' || s[i] == ']') && --depth == 0)
            return i + 1;
    }
    return n;
}

/* Is the object that begins at s[i] the whole file, and longer than a line? */
static bool fills_file(const char *s, size_t n, size_t i)
{
    const char *newline = memchr(s + i, '\n', n - i);
    size_t end;

    if (!newline)
        return false;
    if (blank(s + i + 1, (size_t)(newline - s) - i - 1)) /* "{" alone on its line */
        return true;
    end = value_end(s, n, i);
    return end > (size_t)(newline - s) && s[end - 1] == '}' && blank(s + end, n - end);
}

/* A file that is not the data itself, by how it begins: what it is and what to do, or NULL. */
static const char *not_data(const char *s, size_t n)
{
    enum { BLOCK = 4096 };
    static const struct {
        const char *magic;
        size_t n;
        const char *is;
    } known[] = {
        {"\x1f\x8b", 2, "a file compressed by gzip: unpack it first (gunzip)"},
        {"\x28\xb5\x2f\xfd", 4, "a file compressed by zstd: unpack it first (unzstd)"},
        {"BZh", 3, "a file compressed by bzip2: unpack it first (bunzip2)"},
        {"PK\x03\x04", 4, "a zip archive: unpack it first"},
        {"PAR1", 4, "a Parquet file: write it as JSON Lines first (pandas: to_json(lines=True))"},
        {"GGUF", 4, "a GGUF model, which model.path takes: expected JSON Lines, JSON or CSV"},
        {"version https://git-lfs.github.com", 34,
         "a pointer of Git LFS, not the file itself: run git lfs pull where it was cloned"},
        {"\xff\xfe", 2, "text in UTF-16: write it as UTF-8"},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (n >= known[i].n && !memcmp(s, known[i].magic, known[i].n))
            return known[i].is;
    if (n >= BLOCK && memchr(s, '\0', BLOCK)) /* a stray one in a short file is told its place */
        return "a binary file (it has NUL bytes): expected JSON Lines, JSON or CSV";
    return NULL;
}

static void find_form(struct records *r)
{
    size_t i = 0;

    while (i < r->n && is_space(r->s[i]))
        i++;
    r->form = RECORDS_LINES;
    if (str_ends_with(r->l->path, ".csv"))
        r->form = RECORDS_CSV;
    else if (i == r->n || str_ends_with(r->l->path, ".jsonl"))
        return;
    else if (r->s[i] == '[')
        r->form = RECORDS_LIST;
    else if (r->s[i] == '{' && fills_file(r->s, r->n, i))
        r->form = RECORDS_OBJECT;
}

/* Moves on, and counts lines and columns. */
static void go_to(struct records *r, size_t to)
{
    for (; r->at < to; r->at++) {
        r->column += ((unsigned char)r->s[r->at] & 0xc0) != 0x80;
        if (r->s[r->at] != '\n')
            continue;
        r->line++;
        r->column = 1;
    }
}

static void skip_space(struct records *r)
{
    size_t i = r->at;

    while (i < r->n && is_space(r->s[i]))
        i++;
    go_to(r, i);
}

/* s[from..to) becomes the line at work. */
static void take(struct records *r, size_t to)
{
    r->l->line = r->s + r->at;
    r->l->line_n = to - r->at;
    r->l->line_no = r->line;
    r->l->column = r->column;
    go_to(r, to);
}

/* What stands here instead of what was expected; nothing more is read. */
static void stop(struct records *r, const char *what)
{
    take(r, r->n);
    line_problem(r->l, NULL, NULL, "%s", what);
    r->ended = true;
}

/* Where the record at work stops being JSON, as a place of the file. */
static void parse_problem(struct loader *l, const json_error_t *e)
{
    bool nul =
        json_error_code(e) == json_error_null_character; /* names an option of the parser's */
    size_t line = l->line_no + (e->line > 0 ? (size_t)e->line - 1 : 0);
    size_t column = e->column > 0 ? (size_t)e->column : 1;

    problems_add(l->problems, l->path, line, column + (line == l->line_no ? l->column - 1 : 0),
                 "invalid JSON: %s", nul ? "\\u0000 in a string" : e->text);
}

/* The record at work as an object; NULL = it is none, and a problem. */
static json_t *parse(struct loader *l)
{
    json_error_t e;
    json_t *v;

    if (l->line_n > LINE_MAX_BYTES) {
        line_problem(l, NULL, NULL, "line of %zu bytes, at most %d are read", l->line_n,
                     LINE_MAX_BYTES);
        return NULL;
    }
    v = json_loadb(l->line, l->line_n, JSON_REJECT_DUPLICATES, &e);
    if (!v) {
        parse_problem(l, &e);
        return NULL;
    }
    if (json_is_object(v))
        return v;
    line_problem(l, NULL, NULL, "%s, expected an object", json_kind(v));
    json_decref(v);
    return NULL;
}

/* Is there a NUL byte in the record at work? What follows is hardly JSON either, and not read. */
static bool stops_at_nul(struct records *r)
{
    const struct loader *l = r->l;
    const char *nul = memchr(l->line, '\0', l->line_n);

    if (!nul)
        return false;
    problems_add(l->problems, l->path, l->line_no, l->column + (size_t)(nul - l->line),
                 "a NUL byte, expected JSON");
    r->ended = true;
    return true;
}

/* The next line that is not empty; false = there is none. */
static bool next_line(struct records *r)
{
    while (r->at < r->n) {
        const char *s = r->s + r->at, *newline = memchr(s, '\n', r->n - r->at);
        size_t end = newline ? (size_t)(newline - r->s) : r->n;

        take(r, end);
        if (newline)
            go_to(r, end + 1);
        if (!blank(r->l->line, r->l->line_n))
            return true;
    }
    return false;
}

/* The next element of the list. */
static bool next_element(struct records *r)
{
    skip_space(r);
    if (!r->begun)
        go_to(r, r->at + 1); /* the bracket */
    skip_space(r);
    if (r->at < r->n && r->s[r->at] == ']') {
        go_to(r, r->at + 1);
        skip_space(r);
        if (r->at < r->n)
            stop(r, "text after the end of the list");
        return false;
    }
    if (r->begun && (r->at == r->n || r->s[r->at] != ','))
        return stop(r, "expected a comma or the end of the list"), false;
    if (r->begun)
        go_to(r, r->at + 1);
    r->begun = true;
    skip_space(r);
    take(r, value_end(r->s, r->n, r->at));
    if (r->l->line_n)
        return true;
    return stop(r, r->l->line == r->s + r->n ? "the list is not closed" : "expected an object"),
           false;
}

static bool next_object(struct records *r)
{
    skip_space(r);
    if (r->begun)
        return false;
    r->begun = true;
    take(r, r->n);
    return true;
}

/* A row under the header; *record = NULL after a problem. */
static int row_to_object(struct records *r, const struct csv_row *row, json_t **record,
                         struct err *err)
{
    struct loader *l = r->l;

    if (row->fault || row->n != r->header.n) {
        if (row->fault)
            line_problem(l, NULL, NULL, "%s", row->fault);
        else
            line_problem(l, NULL, NULL, "%zu %s, expected %zu as in the header", row->n,
                         str_noun(row->n, "field", "fields"), r->header.n);
        return 0;
    }
    *record = json_object();
    for (size_t i = 0; *record && i < row->n; i++) {
        bool nul = memchr(row->field[i], '\0', row->length[i]);
        json_t *v = nul ? NULL : json_stringn(row->field[i], row->length[i]);

        if (v && !json_object_set_new(*record, r->header.field[i], v))
            continue;
        line_problem(l, NULL, NULL, "field %zu is not text in UTF-8", i + 1);
        json_decref(*record);
        *record = NULL;
        return 0;
    }
    return *record ? 0 : err_set(err, ERR_MEMORY, "no memory for a row of %s", l->path);
}

/* As spreadsheets write "CSV" in much of the world, and what is copied from a table. */
static const char *other_separator(const struct csv_row *header)
{
    if (header->n != 1)
        return NULL;
    return strchr(header->field[0], ';')    ? "fields are separated by semicolons: write commas"
           : strchr(header->field[0], '\t') ? "fields are separated by tabs: write commas"
                                            : NULL;
}

static void check_header(struct records *r)
{
    for (size_t i = 0; i < r->header.n; i++)
        for (size_t k = 0; k < i; k++)
            if (*r->header.field[i] && str_eq(r->header.field[i], r->header.field[k]))
                return stop(r, "the header has a name twice");
    if (r->header.fault)
        stop(r, r->header.fault);
    else if (other_separator(&r->header))
        stop(r, other_separator(&r->header));
}

/* *found = a row was there, *record is it (NULL after a problem). */
static int next_row(struct records *r, json_t **record, bool *found, struct err *err)
{
    struct csv_row row;
    bool end;

    if (!r->begun) {
        r->begun = true;
        if (csv_next(&r->csv, &r->header, &r->l->scratch, &end, err))
            return err->code;
        r->l->line_no = r->header.line;
        check_header(r);
    }
    if (r->ended || csv_next(&r->csv, &row, &r->l->scratch, &end, err) || end)
        return err->code;
    *found = true;
    r->l->line = "";
    r->l->line_n = 0;
    r->l->line_no = row.line;
    return row_to_object(r, &row, record, err);
}

static void skip_notes(struct records *r)
{
    r->notes = r->s;
    while (r->form == RECORDS_CSV && r->csv.at < r->n && r->s[r->csv.at] == '#') {
        const char *newline = memchr(r->s + r->csv.at, '\n', r->n - r->csv.at);

        r->csv.at = newline ? (size_t)(newline - r->s) + 1 : r->n;
        r->csv.line++;
    }
    r->n_notes = r->csv.at;
}

int records_open(struct records *r, struct loader *l, struct err *err)
{
    memset(r, 0, sizeof *r);
    r->l = l;
    l->line_no = 0;
    if (file_map(&r->file, l->path, err))
        return err->code;
    r->s = r->file.size ? (const char *)r->file.data : "";
    r->n = r->file.size;
    r->line = r->column = 1;
    l->column = 1;
    if (r->n >= 3 && !memcmp(r->s, "\xef\xbb\xbf", 3)) { /* a byte order mark, from an editor */
        r->s += 3;
        r->n -= 3;
    }
    if (not_data(r->s, r->n)) {
        problems_add(l->problems, l->path, 1, 1, "%s", not_data(r->s, r->n));
        r->ended = true;
    }
    find_form(r);
    r->csv = (struct csv){.s = r->s, .n = r->n, .line = 1};
    skip_notes(r);
    return 0;
}

int records_next(struct records *r, json_t **record, struct err *err)
{
    bool found = true;

    err_clear(err);
    *record = NULL;
    while (found && !*record && !r->ended) {
        found = false;
        if (r->form == RECORDS_CSV) {
            if (next_row(r, record, &found, err))
                return err->code;
            continue;
        }
        found = r->form == RECORDS_LINES  ? next_line(r)
                : r->form == RECORDS_LIST ? next_element(r)
                                          : next_object(r);
        if (found && !stops_at_nul(r))
            *record = parse(r->l);
    }
    return 0;
}

void records_close(struct records *r)
{
    file_unmap(&r->file);
}
