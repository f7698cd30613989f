#include "base/expand.h"

#include "base/buf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool is_name(char c, bool first)
{
    return c == '_' || isalpha((unsigned char)c) || (!first && isdigit((unsigned char)c));
}

/* "$NAME" or "${NAME}" at s: appends its value; *n = its bytes, 1 for a dollar that begins none. */
static int put_variable_of(struct buf *b, const char *s, size_t *n, struct err *err)
{
    const bool brace = s[1] == '{';
    const char *name = s + 1 + brace, *value;
    char key[128];
    size_t len = 0;

    while (is_name(name[len], !len))
        len++;
    *n = 1;
    if (!len || (brace && name[len] != '}'))
        return buf_puts(b, "$", err);
    *n = 1 + 2 * (size_t)brace + len;
    if (len >= sizeof key)
        return err_set(err, ERR_CONFIG, "a variable with a name of %zu characters", len);
    memcpy(key, name, len);
    key[len] = '\0';
    value = getenv(key);
    if (!value)
        return err_set(err, ERR_CONFIG, "the variable $%s is not set", key);
    return buf_puts(b, value, err);
}

/* Length of "~" at the beginning; its value appended. */
static int put_home(struct buf *b, const char *path, size_t *n, struct err *err)
{
    const char *home = getenv("HOME");

    *n = *path == '~';
    if (!*n)
        return 0;
    if (path[1] && path[1] != '/')
        return err_set(err, ERR_CONFIG,
                       "the home of another user (%.*s) is not looked up: write the whole path, or "
                       "./%s for a name that begins with ~",
                       (int)strcspn(path, "/"), path, path);
    if (!home || !*home)
        return err_set(err, ERR_CONFIG, "~ stands for $HOME, which is not set");
    return buf_puts(b, home, err);
}

const char *path_expand(struct arena *a, const char *path, struct err *err)
{
    struct buf b = {0};
    const char *s = NULL;
    size_t n;
    int code;

    if (*path != '~' && !strchr(path, '$'))
        return arena_strdup(a, path, err);
    code = put_home(&b, path, &n, err);
    for (const char *p = path + n; *p && !code; p += n) {
        n = 1;
        code = *p == '$' ? put_variable_of(&b, p, &n, err) : buf_put(&b, p, 1, err);
    }
    if (!code && buf_str(&b, err))
        s = arena_strdup(a, b.data, err);
    buf_release(&b);
    return s;
}
