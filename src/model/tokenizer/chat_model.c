/* A model's own chat template, with the names of its marks. */
#include "model/tokenizer/chat.h"
#include "model/tokenizer/parts.h"

#include <string.h>

/* A mark under its name, as it is written; nothing if there is none. */
static int add_mark(json_t *variables, const struct tokenizer *t, const char *name, int32_t id)
{
    size_t n = 0;
    const char *s = id < 0 ? NULL : bpe_spelling(&t->bpe, (size_t)id, &n);

    if (id >= 0 && (size_t)id < t->n_ids && (t->flags[id] & TOKEN_ADDED)) {
        s = t->pool.data + t->written[id].at;
        n = t->written[id].n;
    }
    return s ? json_object_set_new(variables, name, json_stringn(s, n)) : 0;
}

static json_t *messages_of(const struct chat_message *m, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list,
                              json_pack("{s:s, s:s}", "role", m[i].role, "content", m[i].content));
    return list;
}

int tokenizer_chat(const struct tokenizer *t, const struct chat_message *messages, size_t n,
                   bool prompt, struct buf *out, struct err *err)
{
    json_t *list, *v;
    int status;

    if (!t->chat)
        return err_set(err, ERR_CONFIG,
                       "the model has no chat template (chat_template.jinja, or chat_template in "
                       "tokenizer_config.json or the GGUF file)");
    list = messages_of(messages, n);
    v = json_pack("{s:o, s:b}", "messages", list, "add_generation_prompt", (int)prompt);
    if (!v || json_array_size(json_object_get(v, "messages")) != n ||
        add_mark(v, t, "bos_token", t->chat_bos) || add_mark(v, t, "eos_token", t->chat_eos) ||
        add_mark(v, t, "unk_token", t->chat_unk) || add_mark(v, t, "pad_token", t->chat_pad))
        status = err_set(err, ERR_CONFIG, "the conversation is not UTF-8, or out of memory");
    else
        status = chat_render(t->chat, strlen(t->chat), v, out, err);
    json_decref(v);
    return status;
}
