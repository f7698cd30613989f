#include "base/choice.h"

#include "base/str.h"

#include <stdio.h>

int choice_value(const struct choice *list, const char *word)
{
    for (; list->word; list++)
        if (str_eq(list->word, word))
            return list->value;
    return NO_CHOICE;
}

const char *choice_word(const struct choice *list, int value)
{
    for (; list->word; list++)
        if (list->value == value)
            return list->word;
    return NULL;
}

const char *choice_near(const struct choice *list, const char *word)
{
    enum { WORDS_MAX = 64 };
    const char *words[WORDS_MAX];
    size_t n = 0;

    for (; list->word && n < WORDS_MAX; list++)
        words[n++] = list->word;
    return str_did_you_mean(word, words, n);
}

char *choice_text(char out[CHOICE_TEXT], const struct choice *list)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; list[i].word && used < CHOICE_TEXT; i++)
        used +=
            (size_t)snprintf(out + used, CHOICE_TEXT - used, "%s%s", i ? " | " : "", list[i].word);
    return out;
}
