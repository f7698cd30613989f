#include "data/messages.h"

#include "base/str.h"
#include "base/utf8.h"
#include "data/fields.h"
#include "data/text.h"

#include <string.h>

/* NULL after a problem. */
static struct codec_message *take_messages(struct loader *l, const json_t *messages,
                                           struct err *err)
{
    static const char *const keys[] = {"role", "content"};
    size_t n = json_array_size(messages);
    struct codec_message *m = arena_alloc(&l->scratch, n, sizeof *m, err);

    if (!m)
        return NULL;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < 2; k++) {
            const char *s =
                json_string_value(json_object_get(json_array_get(messages, i), keys[k]));

            if (!s || json_object_size(json_array_get(messages, i)) != 2) {
                line_problem(l, "messages", NULL,
                             "message %zu is not an object of two strings, role and content", i);
                return NULL;
            }
            *(k ? &m[i].content : &m[i].role) = s;
        }
    return m;
}

/* The last place of `part` in s; NULL = none. */
static char *find_last(char *s, const char *part)
{
    char *found = NULL;

    for (char *p = s; *part && (p = strstr(p, part)); p++)
        found = p;
    return found;
}

/* Templates drop the white space around what is said: then it is not found, and char_spans count
   from the beginning of the text. */
static void place_content(struct draft_prompt *p, char *text, const struct codec_message *last,
                          bool open)
{
    char *content = find_last(text, last->content);

    if (content && open)
        content[strlen(last->content)] = '\0';
    p->text = text;
    if (!content)
        return;
    p->counted = utf8_length(last->content, strlen(last->content));
    p->shift = utf8_length(text, (size_t)(content - text));
}

int read_messages(struct loader *l, const json_t *messages, struct draft_prompt *p, struct err *err)
{
    const struct codec *c = l->codec;
    size_t n = json_array_size(messages);
    const struct codec_message *m;
    struct buf text = {0};
    struct err e = ERR_CLEAR;
    bool open;
    char *s;

    err_clear(err);
    if (!n) {
        line_problem(l, "messages", NULL, "messages is %s, expected an array of at least one",
                     json_is_array(messages) ? "empty" : json_kind(messages));
        return 0;
    }
    m = take_messages(l, messages, err);
    if (!m)
        return err->code;
    if (!c->chat)
        return query_bad(l, err, "messages without a tokenizer");
    open = str_eq(m[n - 1].role, "assistant");
    if (c->chat(c->ctx, m, n, !open, &text, &e) || !buf_str(&text, &e)) {
        buf_release(&text);
        if (e.code == ERR_CONFIG)
            return query_bad(l, err, "%s", e.msg);
        return *err = e, err->code;
    }
    s = arena_strdup(&l->ds->arena, buf_str(&text, err), err);
    buf_release(&text);
    if (!s)
        return err->code;
    place_content(p, s, &m[n - 1], open);
    return encode_text(l, "", p->text, false, &p->ids, &p->n, err);
}
