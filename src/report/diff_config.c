/* Two configs, as lensweep prints them: a key on each line, what is inside it indented, the entries
   of a list begun by "- name:". */
#include "report/diff.h"

#include "base/str.h"

#include <string.h>

enum { DEEPEST = 8, KEY_MAX = 256 };

/* A line of a config with where it stands: "experiments.heads.operation.kind". */
struct config_line {
    char path[KEY_MAX];
    size_t indent[DEEPEST],
        end[DEEPEST]; /* of each key that is open: its column, the path's length */
    int depth;
    const char *value;
    size_t value_len;
    bool has_value; /* the line is a key with a value, and no heading */
};

static size_t indent_of(const char *line)
{
    return strspn(line, " -");
}

/* Leaves the keys that a line of this indent is not inside of. */
static void leave(struct config_line *p, size_t indent)
{
    while (p->depth && p->indent[p->depth - 1] >= indent)
        p->depth--;
    p->path[p->depth ? p->end[p->depth - 1] : 0] = '\0';
}

static void enter(struct config_line *p, size_t indent, const char *key, size_t n)
{
    size_t at = strlen(p->path);

    if (p->depth == DEEPEST || at + n + 2 > KEY_MAX)
        return;
    if (at)
        p->path[at++] = '.';
    memcpy(p->path + at, key, n);
    p->path[at + n] = '\0';
    p->indent[p->depth] = indent;
    p->end[p->depth++] = at + n;
}

/* The next line. An entry of a list is known by its name. */
static void read_line(struct config_line *p, const char *line)
{
    const size_t n = strcspn(line, "\n"), indent = indent_of(line), colon = strcspn(line, ":\n");
    const bool entry = memchr(line, '-', indent) != NULL;

    p->has_value = false;
    if (colon >= n)
        return;
    p->value = line + colon + 1 + (line[colon + 1] == ' ');
    p->value_len = n > (size_t)(p->value - line) ? n - (size_t)(p->value - line) : 0;
    p->has_value = p->value_len > 0;
    /* The keys of an entry stand as far in as its name does: it is one column above them. */
    leave(p, entry ? indent - 1 : indent);
    if (entry)
        enter(p, indent - 1, p->value, p->value_len);
    else
        enter(p, indent, line + indent, colon - indent);
}

static const char *next_line(const char *s)
{
    s += strcspn(s, "\n");
    return *s ? s + 1 : s;
}

/* The value of a path, NULL where the config does not have it. */
static bool find(const char *config, const char *path, struct config_line *p)
{
    *p = (struct config_line){0};
    for (const char *s = config; *s; s = next_line(s)) {
        read_line(p, s);
        if (p->has_value && str_eq(p->path, path))
            return true;
    }
    return false;
}

static int tell(const struct config_line *p, const struct config_line *other, bool there,
                const char *has, const char *lacks, struct buf *out, struct err *err)
{
    if (there)
        return buf_printf(out, err, "config: %s is %.*s in %s, %.*s in %s\n", p->path,
                          (int)p->value_len, p->value, has, (int)other->value_len, other->value,
                          lacks);
    return buf_printf(out, err, "config: %s is %.*s in %s, and is not in %s\n", p->path,
                      (int)p->value_len, p->value, has, lacks);
}

/* The first key of a that b does not have alike; *told. */
static int look(const char *a, const char *b, const char *has, const char *lacks, bool *told,
                struct buf *out, struct err *err)
{
    struct config_line p = {0}, other;

    for (const char *s = a; *s && !*told; s = next_line(s)) {
        bool there;

        read_line(&p, s);
        if (!p.has_value)
            continue;
        there = find(b, p.path, &other);
        if (there && p.value_len == other.value_len && !memcmp(p.value, other.value, p.value_len))
            continue;
        *told = true;
        return tell(&p, &other, there, has, lacks, out, err);
    }
    return 0;
}

int diff_config(const char *a, const char *b, struct buf *out, struct err *err)
{
    bool told = false;

    return err_if(err,
                  look(a, b, "A", "B", &told, out, err) || look(b, a, "B", "A", &told, out, err));
}

int config_value(const char *config, const char *key, bool *there, struct buf *out, struct err *err)
{
    struct config_line p;

    *there = find(config, key, &p);
    return *there ? buf_put(out, p.value, p.value_len, err) : 0;
}
