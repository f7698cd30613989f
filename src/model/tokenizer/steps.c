/* Steps of a normalizer or a decoder. */
#include "model/tokenizer/parts.h"

#include <string.h>

int steps_add(struct text_steps *s, enum step_kind kind, const char *from, const char *to,
              void *code, struct err *err)
{
    struct text_step *step = &s->step[s->n];

    if (s->n == STEPS_MAX) {
        regex_free(code);
        return err_set(err, ERR_FORMAT, "more than %d steps are not handled", STEPS_MAX);
    }
    step->kind = kind;
    step->code = code;
    s->n++;
    return err_if(err, (from && buf_puts(&step->from, from, err)) ||
                           (to && buf_puts(&step->to, to, err)));
}

int steps_replace(struct text_steps *s, enum step_kind kind, const char *from, const char *to,
                  struct err *err)
{
    void *code;

    return err_if(err, regex_new_literal(&code, from, strlen(from), err) ||
                           steps_add(s, kind, NULL, to, code, err));
}

void steps_release(struct text_steps *s)
{
    for (size_t i = 0; i < s->n; i++) {
        buf_release(&s->step[i].from);
        buf_release(&s->step[i].to);
        regex_free(s->step[i].code);
    }
    s->n = 0;
}

int step_replace(const struct text_step *step, struct regex_run *run, const char *s, size_t n,
                 bool *first, struct buf *out, struct err *err)
{
    struct regex_at at = {0};
    size_t done = 0, lo, hi;
    int found;

    while ((found = regex_next(step->code, run, s, n, &at, &lo, &hi, err)) > 0) {
        if (buf_put(out, s + done, lo - done, err) ||
            buf_put(out, step->to.data, step->to.len, err))
            return err->code;
        if (!lo && hi && !step->to.len)
            *first = false;
        done = hi;
    }
    return found < 0 ? err->code : buf_put(out, s + done, n - done, err);
}
