/* Types of single values: how each is read and printed. Lists are in lists.c. */
#include "config/node.h"

#include "base/expand.h"
#include "base/file.h"
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_plain_scalar(const struct config_node *node)
{
    return node->kind == NODE_SCALAR && !node->quoted;
}

static bool within(struct config_context *c, const struct config_node *node, double v)
{
    char bounds[BOUNDS_MAX];

    if (!(c->row->lo < c->row->hi) || (v >= c->row->lo && v <= c->row->hi))
        return true;
    node_problem(c, node, "must be %s, not %s", bounds_text(bounds, c->row), node->text);
    return false;
}

bool take_int(struct config_context *c, const struct config_node *node, const char *what,
              int64_t *v)
{
    enum scan got = is_plain_scalar(node) ? scan_int(node->text, v) : SCAN_NO;

    if (got == SCAN_NO)
        node_expected(c, node, what);
    else if (got == SCAN_RANGE)
        node_problem(c, node, "%s does not fit in 64 bits", node->text);
    return got == SCAN_OK && within(c, node, (double)*v);
}

bool take_real(struct config_context *c, const struct config_node *node, const char *what,
               double *v)
{
    enum scan got = is_plain_scalar(node) ? scan_real(node->text, v) : SCAN_NO;

    if (got == SCAN_NO)
        node_expected(c, node, what);
    else if (got == SCAN_RANGE)
        node_problem(c, node, "%s is too large", node->text);
    return got == SCAN_OK && within(c, node, *v);
}

const char *take_text(struct config_context *c, const struct config_node *node, const char *what)
{
    if (node->kind != NODE_SCALAR || node_is_null(node)) {
        node_expected(c, node, what);
        return NULL;
    }
    if (!*node->text) {
        node_problem(c, node, "must be %s, not an empty string", what);
        return NULL;
    }
    return node->text;
}

static void parse_int(struct config_context *c, const struct config_node *node, void *field)
{
    int64_t v;

    if (take_int(c, node, "an integer", &v))
        *(int64_t *)field = v;
}

static int print_int(struct config_value at, struct buf *out, struct err *err)
{
    return put_int(out, *(const int64_t *)at.field, err);
}

const struct config_type config_int = {"integer", sizeof(int64_t), parse_int, print_int, ""};

static bool is_auto(const struct config_node *node)
{
    return is_plain_scalar(node) && str_eq(node->text, "auto");
}

static void parse_auto_int(struct config_context *c, const struct config_node *node, void *field)
{
    int64_t v = 0;

    if (is_auto(node) || take_int(c, node, "an integer or auto", &v))
        *(int64_t *)field = v;
}

static int print_auto_int(struct config_value at, struct buf *out, struct err *err)
{
    int64_t v = *(const int64_t *)at.field;

    return v ? put_int(out, v, err) : buf_puts(out, "auto", err);
}

const struct config_type config_auto_int = {"integer or auto", sizeof(int64_t), parse_auto_int,
                                            print_auto_int, ""};

static void parse_real(struct config_context *c, const struct config_node *node, void *field)
{
    double v;

    if (take_real(c, node, "a number", &v))
        *(double *)field = v;
}

static int print_real(struct config_value at, struct buf *out, struct err *err)
{
    return put_real(out, *(const double *)at.field, err);
}

const struct config_type config_real = {"number", sizeof(double), parse_real, print_real, ""};

/* The text in small letters, as far as any word is long that YAML 1.1 took for a boolean. */
static char *small_letters(char low[8], const char *text)
{
    size_t i = 0;

    for (; text[i] && i < 7; i++)
        low[i] = (char)tolower((unsigned char)text[i]);
    low[i] = '\0';
    return low;
}

static void parse_bool(struct config_context *c, const struct config_node *node, void *field)
{
    static const char *const yes[] = {"yes", "on", "true", "y"};
    static const char *const no[] = {"no", "off", "false", "n"};
    const char *text = is_plain_scalar(node) ? node->text : "";
    char low[8];

    if (str_eq(text, "true") || str_eq(text, "false"))
        *(bool *)field = str_eq(text, "true");
    else if (is_among(small_letters(low, text), yes, 4))
        node_problem(c, node, "must be true or false, not \"%s\": write true", text);
    else if (is_among(low, no, 4))
        node_problem(c, node, "must be true or false, not \"%s\": write false", text);
    else
        node_expected(c, node, "true or false");
}

static int print_bool(struct config_value at, struct buf *out, struct err *err)
{
    return buf_puts(out, *(const bool *)at.field ? "true" : "false", err);
}

const struct config_type config_bool = {"true or false", sizeof(bool), parse_bool, print_bool, ""};

/* A key whose default is the empty string may also be given as one. */
static bool may_be_empty(const struct config_row *row)
{
    return row->fallback && (str_eq(row->fallback, "\"\"") || str_eq(row->fallback, "''"));
}

static void parse_string(struct config_context *c, const struct config_node *node, void *field)
{
    const char *text = "";

    if (!(node->kind == NODE_SCALAR && node->quoted && !*node->text && may_be_empty(c->row)))
        text = take_text(c, node, "a string");
    if (text)
        *(const char **)field = text;
}

static int print_string(struct config_value at, struct buf *out, struct err *err)
{
    return put_string(out, *(const char *const *)at.field, err);
}

const struct config_type config_string = {"string", sizeof(const char *), parse_string,
                                          print_string, ""};

int take_choice(struct config_context *c, const struct config_node *node, const char *what)
{
    const char *near, *text = take_text(c, node, what);
    char said[EXCERPT_MAX];
    int v = text ? choice_value(c->row->choices, text) : NO_CHOICE;

    if (!text || v != NO_CHOICE)
        return v;
    near = choice_near(c->row->choices, text);
    node_problem(c, node, "must be %s, not \"%s\"%s%s%s", what, node_excerpt(said, text),
                 near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
    return NO_CHOICE;
}

static void parse_choice(struct config_context *c, const struct config_node *node, void *field)
{
    char words[CHOICE_TEXT], what[CHOICE_TEXT + 24];

    snprintf(what, sizeof what, "one of %s", choice_text(words, c->row->choices));
    *(int *)field = take_choice(c, node, what);
}

static int print_choice(struct config_value at, struct buf *out, struct err *err)
{
    return put_word(out, choice_word(at.row->choices, *(const int *)at.field), err);
}

const struct config_type config_choice = {"choice", sizeof(int), parse_choice, print_choice, ""};

const char *take_path(struct config_context *c, const struct config_node *node)
{
    const char *path;
    struct err bad = ERR_CLEAR;

    path = path_expand(c->arena, node->text, &bad);
    if (bad.code == ERR_CONFIG)
        node_problem(c, node, "%s: %s", node->text, bad.msg);
    else if (!path)
        config_got(c, NULL);
    return path;
}

/* Is a relative path there as seen from the config's folder? It may have been meant so. */
static bool is_beside(const struct config_node *node, const char *path)
{
    const char *slash = strrchr(node->file, '/');
    char other[PATH_MAX];

    if (*path == '/' || !slash || !node->line)
        return false;
    snprintf(other, sizeof other, "%.*s/%s", (int)(slash - node->file), node->file, path);
    return file_exists(other);
}

bool path_exists(struct config_context *c, const struct config_node *node, const char *path)
{
    char here[PATH_MAX];

    if (file_exists(path))
        return true;
    if (is_beside(node, path) && getcwd(here, sizeof here))
        node_problem(c, node,
                     "%s: no such file or directory, as seen from the working directory %s, though "
                     "there is one beside the config",
                     path, here);
    else
        node_problem(c, node, "%s: %s", path,
                     errno == ENOENT || errno == ENOTDIR ? "no such file or directory"
                                                         : strerror(errno));
    return false;
}

static void parse_path(struct config_context *c, const struct config_node *node, void *field)
{
    const char *text = NULL;

    parse_string(c, node, &text);
    if (text && *text)
        text = take_path(c, node);
    if (text && (!*text || path_exists(c, node, text)))
        *(const char **)field = text;
}

const struct config_type config_path = {"path", sizeof(const char *), parse_path, print_string,
                                        "of a file or directory that exists, as seen from the "
                                        "working directory; ~, $NAME and ${NAME} are replaced"};

static void parse_folder(struct config_context *c, const struct config_node *node, void *field)
{
    const char *text = NULL;

    parse_string(c, node, &text);
    if (text && (text = take_path(c, node)))
        *(const char **)field = text;
}

const struct config_type config_folder = {"folder", sizeof(const char *), parse_folder,
                                          print_string,
                                          "made if it does not exist, as seen from the working "
                                          "directory; ~, $NAME and ${NAME} are replaced"};

static void parse_real_or_choice(struct config_context *c, const struct config_node *node,
                                 void *field)
{
    struct real_or_choice *to = field;
    char words[CHOICE_TEXT], what[CHOICE_TEXT + 24];
    double v;

    snprintf(what, sizeof what, "a number or one of %s", choice_text(words, c->row->choices));
    if (is_plain_scalar(node) && scan_real(node->text, &v) != SCAN_NO) {
        if (take_real(c, node, what, &v))
            *to = (struct real_or_choice){NO_CHOICE, v};
    } else {
        to->choice = take_choice(c, node, what);
    }
}

static int print_real_or_choice(struct config_value at, struct buf *out, struct err *err)
{
    const struct real_or_choice *v = at.field;

    return v->choice == NO_CHOICE ? put_real(out, v->value, err)
                                  : put_word(out, choice_word(at.row->choices, v->choice), err);
}

const struct config_type config_real_or_choice = {"number or choice", sizeof(struct real_or_choice),
                                                  parse_real_or_choice, print_real_or_choice, ""};

struct suffix {
    const char *name;
    double size;
};

static const struct suffix time_units[] = {{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}};
enum { TIME_UNITS = sizeof time_units / sizeof *time_units };

/* "3h55m": each unit at most once, the larger before the smaller; a bare number is seconds. */
static bool scan_duration(const char *s, double *total)
{
    size_t next = 0;
    double v;

    if (scan_real(s, total) == SCAN_OK && *s != '-' && *s != '+')
        return true;
    *total = 0;
    while (*s) {
        if (scan_prefix(&s, &v) != SCAN_OK)
            return false;
        while (next < TIME_UNITS && *s != *time_units[next].name)
            next++;
        if (next == TIME_UNITS)
            return false;
        *total += v * time_units[next++].size;
        s++;
    }
    return isfinite(*total);
}

static void parse_duration(struct config_context *c, const struct config_node *node, void *field)
{
    double v = 0;

    if (is_plain_scalar(node) && str_eq(node->text, "none"))
        *(double *)field = 0;
    else if (!is_plain_scalar(node) || node_is_null(node) || !scan_duration(node->text, &v))
        node_expected(c, node, "a duration such as 90s, 3h55m or 1d");
    else if (within(c, node, v))
        *(double *)field = v;
}

static int print_duration(struct config_value at, struct buf *out, struct err *err)
{
    double v = *(const double *)at.field;
    int64_t rest = v < 1e15 ? (int64_t)v : 0;

    if (v == 0)
        return buf_puts(out, "none", err);
    if ((double)rest != v)
        return err_if(err, put_real(out, v, err) || buf_puts(out, "s", err));
    for (size_t i = 0; i < TIME_UNITS; i++) {
        int64_t size = (int64_t)time_units[i].size;

        if (rest / size &&
            (put_int(out, rest / size, err) || buf_puts(out, time_units[i].name, err)))
            return err->code;
        rest %= size;
    }
    return 0;
}

const struct config_type config_duration = {"duration", sizeof(double), parse_duration,
                                            print_duration,
                                            "seconds, or with units: 90s, 3h55m, 1d; none = 0"};

static const struct suffix byte_units[] = {{"TiB", 1099511627776.},
                                           {"GiB", 1073741824.},
                                           {"MiB", 1048576.},
                                           {"KiB", 1024.},
                                           {"TB", 1e12},
                                           {"GB", 1e9},
                                           {"MB", 1e6},
                                           {"kB", 1e3},
                                           {"B", 1}};
enum { BYTE_UNITS = sizeof byte_units / sizeof *byte_units, BINARY_UNITS = 4 };

static bool scan_bytes(const char *s, double *v)
{
    if (scan_prefix(&s, v) != SCAN_OK)
        return false;
    s += *s == ' ';
    for (size_t i = 0; i < BYTE_UNITS; i++) {
        if (!str_eq(s, byte_units[i].name))
            continue;
        *v = floor(*v * byte_units[i].size);
        return isfinite(*v);
    }
    *v = floor(*v);
    return !*s;
}

static void parse_bytes(struct config_context *c, const struct config_node *node, void *field)
{
    double v = 0;

    if (is_auto(node))
        *(double *)field = 0;
    else if (!is_plain_scalar(node) || !scan_bytes(node->text, &v))
        node_expected(c, node, "a size such as 512MiB or 20GiB, or auto");
    else if (within(c, node, v))
        *(double *)field = v;
}

static int print_bytes(struct config_value at, struct buf *out, struct err *err)
{
    double v = *(const double *)at.field;

    if (v == 0)
        return buf_puts(out, "auto", err);
    for (size_t i = 0; i < BINARY_UNITS; i++)
        if (fmod(v, byte_units[i].size) == 0)
            return err_if(err, put_real(out, v / byte_units[i].size, err) ||
                                   buf_puts(out, byte_units[i].name, err));
    return put_real(out, v, err);
}

const struct config_type config_bytes = {"bytes", sizeof(double), parse_bytes, print_bytes,
                                         "a number of bytes, or with a unit: 512MiB, 20GiB; auto"};
