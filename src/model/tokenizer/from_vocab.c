/* GPT-2's two files: vocab.json has the tokens, merges.txt a merge a line. Byte-level, split by
   GPT-2's pattern, nothing around a text. */
#include "base/json.h"
#include "model/tokenizer/parts.h"

#include <string.h>

static int read_tokens(struct tokenizer *t, json_t *vocab, size_t n_merges, struct err *err)
{
    json_int_t largest = -1;
    const char *s;
    json_t *id;

    json_object_foreach(vocab, s, id)
    {
        if (!json_is_integer(id) || json_integer_value(id) < 0 ||
            json_integer_value(id) >= BPE_IDS_MAX)
            return err_set(err, ERR_FORMAT,
                           "vocab.json: the id of token \"%.40s\" is not an integer from 0 to %d",
                           s, BPE_IDS_MAX - 1);
        if (json_integer_value(id) > largest)
            largest = json_integer_value(id);
    }
    if (bpe_init(&t->bpe, (size_t)(largest + 1), json_object_size(vocab), n_merges, err))
        return err->code;
    t->bpe.byte_level = true;
    json_object_foreach(vocab, s, id)
    {
        if (*s && bpe_add(&t->bpe, json_integer_value(id), s, strlen(s), err))
            return err_wrap(err, "vocab.json");
    }
    return 0;
}

static size_t line_length(const char *s, size_t n)
{
    const char *end = n ? memchr(s, '\n', n) : NULL;

    return end ? (size_t)(end - s) : n;
}

static int read_merge(struct tokenizer *t, size_t line, size_t rank, const char *s, size_t n,
                      struct err *err)
{
    const char *space = memchr(s, ' ', n);
    size_t left = space ? (size_t)(space - s) : 0;

    if (!space || memchr(space + 1, ' ', n - left - 1))
        return err_set(err, ERR_FORMAT,
                       "merges.txt:%zu: \"%.*s\", expected two tokens with a space between", line,
                       n > 40 ? 40 : (int)n, s);
    return bpe_merge(&t->bpe, rank, s, left, space + 1, n - left - 1, err)
               ? err_wrap(err, "merges.txt:%zu", line)
               : 0;
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
        if (read_merge(t, line, rank++, s + i, end, err))
            return err->code;
    }
    return 0;
}

static size_t count_lines(const char *s, size_t n)
{
    size_t lines = 1;

    for (size_t i = 0; i < n; i++)
        lines += s[i] == '\n';
    return lines;
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
    json_t *root = json_parse_foreign(n_vocab ? vocab : "", n_vocab, ERR_FORMAT, "vocab.json", err);
    int status;

    if (!root)
        return err->code;
    status = json_is_object(root) ? read_tokens(t, root, count_lines(merges, n_merges), err)
                                  : err_set(err, ERR_FORMAT, "vocab.json: is not a JSON object");
    json_decref(root);
    if (!status)
        status = read_merges(t, merges, n_merges, err);
    if (!status)
        status = pretok_add_byte_level(&t->pre, false, true, err);
    if (!status)
        status = decoder_add(&t->decoder, DECODE_BYTE_LEVEL, NULL, NULL, NULL, err);
    return status ? status : add_end(t, err);
}
