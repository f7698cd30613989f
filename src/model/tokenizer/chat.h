/*
 * A conversation as text, by a model's own chat template: Jinja, as much of it as these templates
 * use, rendered as transformers does (blocks trimmed, no HTML escapes).
 *
 *     // What a user says, as the template puts it before the answer.
 *     int say(const char *template, const char *what, struct buf *text, struct err *err)
 *     {
 *         json_t *v = json_pack("{s: [{s: s, s: s}], s: b}", "messages", "role", "user", "content",
 *                               what, "add_generation_prompt", 1);
 *         int code = chat_render(template, strlen(template), v, text, err);
 *
 *         json_decref(v);
 *         return code;
 *     }
 *
 * Statements: if, elif, else, for (with else, if, loop.index ...), set (also of a namespace's
 * attribute, and of a block), macro, break, continue, generation. Expressions: literals,
 * attributes, items, slices, arithmetic, comparisons, tests, filters, methods of strings and
 * dictionaries; raise_exception, namespace, range. All of the grammar is read that templates
 * have, for tools as well; filters and methods are those that they need for messages of text.
 * strftime_now is not defined: a template that asks whether it is has a date of its own, which
 * does not change from day to day.
 *
 * A template is untrusted: depth, steps, memory and length of the output are bounded. What is
 * outside the subset, and what the template itself raises, is ERR_CONFIG with the template's line.
 */
#ifndef LENSWEEP_MODEL_TOKENIZER_CHAT_H
#define LENSWEEP_MODEL_TOKENIZER_CHAT_H

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>
#include <stddef.h>

/* Appends to out; variables: an object. */
int chat_render(const char *template, size_t n, const json_t *variables, struct buf *out,
                struct err *err);

#endif
