/* The reference of the keys: `help config`, `help KEY`, docs/config.md, all from the tables. */
#include "config/node.h"

#include "base/str.h"
#include "base/wrap.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 1024 };

static const struct config_type *const all_types[] = {
    &config_int,      &config_auto_int,
    &config_real,     &config_real_or_choice,
    &config_bool,     &config_string,
    &config_choice,   &config_path,
    &config_duration, &config_bytes,
    &config_ints,     &config_reals,
    &config_strings,  &config_choices,
    &config_subset,   &config_paths,
    &config_folder,   &config_selector,
    &config_where,    &config_chat,
    &config_shares,   NULL,
};

/* What may stand there: bounds or choices; "" = anything of the type. */
static const char *allowed(char out[CHOICE_TEXT], const struct config_row *row)
{
    char words[CHOICE_TEXT];
    size_t n = strlen(bounds_text(out, row));

    if (row->choices)
        snprintf(out + n, CHOICE_TEXT - n, "%s%s", n ? " or " : "",
                 choice_text(words, row->choices));
    return out;
}

/* What a key is for, and with what. */
static const char *meaning(char out[TEXT_MAX], const struct config_row *row)
{
    char needs[WHEN_MAX];

    if (!row->when)
        return row->doc;
    snprintf(out, TEXT_MAX, "%s (only with %s)", row->doc, when_text(needs, row));
    return out;
}

static const char *affects_text(const struct config_row *row)
{
    return row->affects == RESULTS ? "changes results" : "running only";
}

static void text_row(const char *section, const struct config_row *row, struct buf *out,
                     struct err *err)
{
    char words[CHOICE_TEXT], facts[TEXT_MAX], key[96];
    const char *may = allowed(words, row), *sep = *may ? "; " : "";

    snprintf(facts, sizeof facts, "%s, %s%s%s%s; %s", row->type->name,
             row->fallback ? "default " : "required", row->fallback ? row->fallback : "", sep, may,
             affects_text(row));
    snprintf(key, sizeof key, "%s%s%s", section, *section ? "." : "", row->key);
    wrap_entry(out, key, facts, err);
    buf_printf(out, err, "%*s", WRAP_KEY, "");
    wrap_text(out, meaning(facts, row), WRAP_KEY, err);
}

/* Text of a table's cell: a bar inside it would end the cell. */
static void put_cell(struct buf *out, const char *text, struct err *err)
{
    for (; *text; text++)
        buf_printf(out, err, *text == '|' ? "\\%c" : "%c", *text);
    buf_puts(out, " |", err);
}

static void markdown_row(const struct config_row *row, struct buf *out, struct err *err)
{
    char words[CHOICE_TEXT], text[TEXT_MAX];
    const char *cell[] = {row->type->name, NULL, allowed(words, row), affects_text(row),
                          meaning(text, row)};

    buf_printf(out, err, "| `%s` |", row->key);
    for (size_t i = 0; i < sizeof cell / sizeof *cell; i++) {
        buf_puts(out, " ", err);
        if (cell[i])
            put_cell(out, cell[i], err);
        else
            buf_printf(out, err, row->fallback ? "`%s` |" : "required |", row->fallback);
    }
    buf_puts(out, "\n", err);
}

static void put_heading(struct buf *out, const char *name, const char *doc, bool markdown,
                        struct err *err)
{
    if (!markdown)
        buf_printf(out, err, "%s: %s\n", name, doc);
    else
        buf_printf(out, err,
                   "## %s\n\n%c%s.\n\n| key | type | default | allowed | affects | meaning |\n"
                   "|---|---|---|---|---|---|\n",
                   name, toupper((unsigned char)doc[0]), doc + 1);
}

static void put_rows(const char *name, const char *doc, const struct config_row *rows, size_t n,
                     bool markdown, struct buf *out, struct err *err)
{
    put_heading(out, name, doc, markdown, err);
    for (size_t i = 0; i < n; i++)
        if (markdown)
            markdown_row(&rows[i], out, err);
        else
            text_row("", &rows[i], out, err);
    buf_puts(out, "\n", err);
}

static void put_kind(const struct experiment_schema *kind, bool markdown, struct buf *out,
                     struct err *err)
{
    char name[96];

    snprintf(name, sizeof name, "experiments, kind %s", kind->kind);
    if (kind->n_rows)
        put_rows(name, kind->doc, kind->rows, kind->n_rows, markdown, out, err);
    else if (!markdown)
        buf_printf(out, err, "%s: %s; no keys of its own\n\n", name, kind->doc);
    else
        buf_printf(out, err, "## %s\n\n%c%s; no keys of its own.\n\n", name,
                   toupper((unsigned char)kind->doc[0]), kind->doc + 1);
}

/* How values are written, for the types whose name does not say it. */
static void put_types(bool markdown, struct buf *out, struct err *err)
{
    buf_puts(out, markdown ? "## How values are written\n\n" : "how values are written\n", err);
    for (size_t i = 0; all_types[i]; i++) {
        const struct config_type *t = all_types[i];

        if (*t->doc && markdown)
            buf_printf(out, err, "- %s: %s.\n", t->name, t->doc);
        else if (*t->doc)
            wrap_entry(out, t->name, t->doc, err);
    }
}

int config_reference(const struct experiment_schema *kinds, size_t n_kinds, bool markdown,
                     struct buf *out, struct err *err)
{
    if (markdown)
        buf_puts(out,
                 "# Config keys\n\nWritten by `lensweep help config --as markdown` from the "
                 "program's own tables.\n\n",
                 err);
    for (size_t i = 0; i < CONFIG_PARTS; i++) {
        const struct config_section *s = &config_parts[i].section;

        put_rows(*s->name ? s->name : "top level", *s->name ? s->doc : "keys outside a section",
                 s->rows, s->n_rows, markdown, out, err);
        if (i == CONFIG_PART_TOP)
            put_rows("experiments", "a list; each entry has these keys and those of its kind",
                     config_head_rows, CONFIG_HEAD_ROWS, markdown, out, err);
    }
    for (size_t i = 0; i < n_kinds; i++)
        put_kind(&kinds[i], markdown, out, err);
    put_types(markdown, out, err);
    return err->code;
}

/* What a look-up searches, and what it found so far. */
struct key_search {
    const char *key, *dot; /* dot: the one in key, NULL = none */
    const char *known[256];
    size_t n_known;
    size_t found;
    struct buf *out;
    struct err *err;
};

static void remember(struct key_search *l, const char *name)
{
    if (*name && l->n_known < sizeof l->known / sizeof *l->known)
        l->known[l->n_known++] = name;
}

/* Does the word name this key, or a group that it is in? "operation" names operation.kind. */
static bool names(const char *word, const char *key)
{
    size_t n = strlen(word);

    for (; key; key = strchr(key, '.') ? strchr(key, '.') + 1 : NULL)
        if (n && !strncmp(key, word, n) && (!key[n] || key[n] == '.'))
            return true;
    return false;
}

/* "rows" finds every row of that name, "run.rows" one, "run" a whole table. */
static void search(struct key_search *l, const char *name, const struct config_row *rows, size_t n)
{
    size_t prefix = l->dot ? (size_t)(l->dot - l->key) : 0;
    bool named = l->dot ? strlen(name) == prefix && !strncmp(name, l->key, prefix)
                        : *name && str_eq(name, l->key);
    const char *want = l->dot ? l->dot + 1 : l->key;

    remember(l, name);
    for (size_t i = 0; i < n; i++) {
        remember(l, rows[i].key);
        if (!names(l->key, rows[i].key) && (l->dot ? !named || !names(want, rows[i].key) : !named))
            continue;
        l->found++;
        text_row(name, &rows[i], l->out, l->err);
    }
}

int config_help(const struct experiment_schema *kinds, size_t n_kinds, const char *key,
                struct buf *out, struct err *err)
{
    struct key_search l = {.key = key, .dot = strchr(key, '.'), .out = out, .err = err};
    const char *near;

    for (size_t i = 0; i < CONFIG_PARTS; i++)
        search(&l, config_parts[i].section.name, config_parts[i].section.rows,
               config_parts[i].section.n_rows);
    search(&l, "experiments", config_head_rows, CONFIG_HEAD_ROWS);
    for (size_t i = 0; i < n_kinds; i++) {
        search(&l, kinds[i].kind, kinds[i].rows, kinds[i].n_rows);
        if (str_eq(kinds[i].kind, key) && !kinds[i].n_rows) {
            l.found++;
            put_kind(&kinds[i], false, out, err);
        }
    }
    if (l.found || err->code)
        return err->code;
    near = str_did_you_mean(l.dot ? l.dot + 1 : key, l.known, l.n_known);
    return err_set(err, ERR_CONFIG, "there is no config key \"%s\"%s%s%s; see lensweep help config",
                   key, near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}
