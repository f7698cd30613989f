/*
 * A tokenizer as a filter, for tests/compare_tokenizer.py.
 *
 *     encode_lines MODEL [--no-special | --decode] < texts
 *
 * Standard input holds texts, each as its length in bytes, a newline, and the bytes. For each one
 * line is written: its ids, a tab, and what they decode to, in hexadecimal (ill-formed UTF-8 as
 * U+FFFD); or "error: " and the message. --decode: each text is ids, and only the decoded text
 * comes.
 */
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "model/tokenizer/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum mode { SPECIAL, NO_SPECIAL, DECODE };

static int take_ids(const char *text, struct ids *ids, struct err *err)
{
    char *end;

    for (;; text = end) {
        long id = strtol(text, &end, 10);

        if (end == text)
            return 0;
        if (ids_push(ids, (int32_t)id, err))
            return err->code;
    }
}

static void answer(const struct tokenizer *t, const char *text, size_t n, enum mode mode)
{
    struct err err = {0};
    struct ids ids = {0};
    struct buf out = {0};

    if ((mode == DECODE ? take_ids(text, &ids, &err)
                        : tokenizer_encode(t, text, n, mode == SPECIAL, &ids, &err)) ||
        tokenizer_decode(t, ids.v, ids.n, &out, &err)) {
        printf("error: %s\n", err.msg);
        goto out;
    }
    for (size_t i = 0; i < ids.n && mode != DECODE; i++)
        printf(i ? " %d" : "%d", ids.v[i]);
    putchar('\t');
    for (size_t i = 0; i < out.len; i++)
        printf("%02x", (unsigned char)out.data[i]);
    putchar('\n');
out:
    ids_release(&ids);
    buf_release(&out);
}

static int filter(const struct tokenizer *t, enum mode mode, struct err *err)
{
    struct buf text = {0};
    int status = 0;
    size_t n;

    while (!status && scanf("%zu", &n) == 1) {
        buf_clear(&text);
        status = buf_reserve(&text, n + 1, err);
        if (!status && (getchar() != '\n' || fread(text.data, 1, n, stdin) != n))
            status = err_set(err, ERR_IO, "standard input ends inside a text");
        if (!status) {
            text.data[n] = '\0';
            answer(t, text.data, n, mode);
        }
    }
    buf_release(&text);
    return status;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    struct tokenizer *t = NULL;
    enum mode mode = argc < 3 ? SPECIAL : strcmp(argv[2], "--decode") == 0 ? DECODE : NO_SPECIAL;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: encode_lines MODEL [--no-special | --decode] < texts\n");
        return 2;
    }
    if (tokenizer_open(&t, argv[1], &err) || filter(t, mode, &err))
        fprintf(stderr, "encode_lines: %s\n", err.msg);
    tokenizer_close(t);
    return err.code ? 1 : 0;
}
