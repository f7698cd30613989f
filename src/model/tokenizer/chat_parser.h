/* Private to the parser of chat templates: where it stands, and what its two halves share. */
#ifndef LENSWEEP_MODEL_TOKENIZER_CHAT_PARSER_H
#define LENSWEEP_MODEL_TOKENIZER_CHAT_PARSER_H

#include "model/tokenizer/chat_parse.h"

struct parser {
    struct lexer lex;
    struct token now;
    struct arena *a;
    int depth; /* of what is nested */
    struct err *err;
};

/* Functions that give a node give NULL after an error; those that give a bool false. */

/* Sets the error, unless there is one: what is wrong at p->now. */
struct chat_node *parse_fail(struct parser *p, const char *what);
bool parse_next(struct parser *p);
bool parse_is(const struct parser *p, enum token_kind kind, const char *text);
bool at_sign(const struct parser *p, const char *text);
bool at_name(const struct parser *p, const char *text);
bool parse_accept(struct parser *p, enum token_kind kind, const char *text); /* takes it if it is */
bool parse_expect(struct parser *p, enum token_kind kind,
                  const char *text); /* takes it, or fails */
bool parse_enter(struct parser *p);  /* one level deeper; the caller counts p->depth down */
struct chat_node *parse_node(struct parser *p, enum node_kind kind);
bool parse_append(struct parser *p, struct chat_node *to, struct chat_node *item);

/* chat_expression.c */
struct chat_node *parse_literal(struct parser *p, struct value v); /* and takes the token */
struct chat_node *parse_expression(struct parser *p);
struct chat_node *parse_logical(struct parser *p, const char *op); /* without if and else */

#endif
