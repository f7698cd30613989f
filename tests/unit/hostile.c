#include "hostile.h"

#include "base/file.h"
#include "base/writer.h"
#include "folder.h"
#include "model/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void check_error(const char *label, int code, int expected, const char *want, const struct err *err)
{
    if (code != expected || code != err->code)
        fail_msg("%s: code %d, expected %d (%s)", label, code, expected, err->msg);
    if (!err->msg[0] || strpbrk(err->msg, "\n\r"))
        fail_msg("%s: the message is not one line", label);
    if (want && !strstr(err->msg, want))
        fail_msg("%s: the message \"%s\" does not hold \"%s\"", label, err->msg, want);
}

struct buf load_file(const char *path)
{
    struct err err = {0};
    struct buf b = {0};

    if (file_read(&b, path, 1 << 24, &err))
        fail_msg("%s", err.msg);
    return b;
}

void *exact_copy(const void *p, size_t n)
{
    void *copy = malloc(n ? n : 1);

    assert_non_null(copy);
    memcpy(copy, p, n);
    return copy;
}

char *find_text(const struct buf *b, const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; i + n <= b->len; i++)
        if (!memcmp(b->data + i, text, n) && !(i && b->data[i - 1] == '_'))
            return b->data + i;
    fail_msg("%s is not in the file", text);
    return NULL;
}

void check_truncations(const char *path, int (*parse)(const void *, size_t, struct err *),
                       size_t header)
{
    struct buf file = load_file(path);
    struct err err = {0};

    assert_true(header < file.len);
    assert_int_equal(parse(file.data, file.len, &err), 0);
    for (size_t n = 0; n < file.len; n += n < header ? 1 : 509) {
        struct err e = {0};
        int code = parse(file.data, n, &e);

        if (code != ERR_FORMAT || !e.msg[0])
            fail_msg("%s cut to %zu bytes: code %d", path, n, code);
    }
    buf_release(&file);
}

void put_file(const char *name, const void *p, size_t n)
{
    struct err err = {0};

    if (file_replace(in_folder(name), p, n, &err))
        fail_msg("%s", err.msg);
}

void copy_model(const char *from, const char *name)
{
    char path[512];
    struct buf b;

    snprintf(path, sizeof path, MODELS "%s", from);
    b = load_file(path);
    put_file(name, b.data, b.len);
    buf_release(&b);
}

void check_open(const char *path, int expected, const char *want)
{
    struct err err = {0};
    struct model *m;
    int code = model_open(&m, path, &err);

    check_error(path, code, expected, want, &err);
    assert_null(m);
}
