/*
 * A chat template as a filter, for tests/compare_chat.py.
 *
 *     render_chat TEMPLATE < cases
 *
 * Each line of standard input is a JSON object of variables. For each one line is written: the
 * text, in hexadecimal, or "error: " and the message.
 */
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "model/tokenizer/chat.h"

#include <stdio.h>
#include <string.h>

enum { TEMPLATE_MAX = 1 << 24, LINE_BYTES = 1 << 20 };

static void answer(const struct buf *template, const char *line)
{
    struct err err = {0};
    struct buf out = {0};
    json_t *v = json_parse(line, strlen(line), ERR_CONFIG, "line", 1, &err);

    if (!v || chat_render(template->data, template->len, v, &out, &err)) {
        printf("error: %s\n", err.msg);
    } else {
        for (size_t i = 0; i < out.len; i++)
            printf("%02x", (unsigned)(unsigned char)out.data[i]);
        putchar('\n');
    }
    json_decref(v);
    buf_release(&out);
}

int main(int argc, char **argv)
{
    static char line[LINE_BYTES];
    struct buf template = {0};
    struct err err = {0};

    if (argc != 2) {
        fprintf(stderr, "usage: render_chat TEMPLATE < cases\n");
        return 2;
    }
    if (file_read(&template, argv[1], TEMPLATE_MAX, &err))
        fprintf(stderr, "render_chat: %s\n", err.msg);
    while (!err.code && fgets(line, sizeof line, stdin))
        answer(&template, line);
    buf_release(&template);
    return err.code ? 1 : 0;
}
