/* GPT-2's two files: vocab.json has the tokens, merges.txt a merge a line. Byte-level, split by
   GPT-2's pattern, nothing around a text. */
#include "base/json.h"
#include "base/str.h"
#include "model/tokenizer/parts.h"

#include <string.h>

static size_t line_length(const char *s, size_t n)
{
    const char *end = n ? memchr(s, '\n', n) : NULL;

    return end ? (size_t)(end - s) : n;
}

static int read_merges(struct tokenizer *t, const char *s, size_t n, struct err *err)
{
    size_t line = 0, rank = 0;

    for (size_t i = 0, len; i < n; i += len + 1) {
        size_t end = len = line_length(s + i, n - i);

        line++;
        if (end && s[i + end - 1] == '\r')
            end--;
        if (!end || (end >= 8 && !memcmp(s + i, "#version", 8)))
            continue;
        if (bpe_merge_text(&t->bpe, rank++, s + i, end, err))
            return err_wrap(err, "merges.txt:%zu", line);
    }
    return 0;
}

/* GPT-2's one mark, unless the files beside say otherwise. */
static int add_end(struct tokenizer *t, struct err *err)
{
    static const char end[] = "<|endoftext|>";
    int32_t id = bpe_find(&t->bpe, end, strlen(end));

    t->bos = t->eos = t->chat_bos = t->chat_eos = t->chat_unk = id;
    return id < 0 ? 0 : tokenizer_add(t, end, strlen(end), id, ADDED_SPECIAL, false, err);
}

int tokenizer_from_vocab(struct tokenizer *t, const char *vocab, size_t n_vocab, const char *merges,
                         size_t n_merges, struct err *err)
{
    json_t *root = json_parse_foreign(vocab, n_vocab, "vocab.json", err);
    int status;

    if (!root)
        return err->code;
    status = json_is_object(root) ? tokenizer_read_vocab(t, root, str_lines(merges, n_merges), err)
                                  : err_set(err, ERR_FORMAT, "is not a JSON object");
    json_decref(root);
    if (status)
        return err_wrap(err, "vocab.json");
    t->bpe.byte_level = true;
    return err_if(err, read_merges(t, merges, n_merges, err) ||
                           pretok_add_byte_level(&t->pre, false, true, err) ||
                           steps_add(&t->decoder, DECODE_BYTE_LEVEL, NULL, NULL, NULL, err) ||
                           add_end(t, err));
}
