/* Private to chat templates: a template as tokens, and as a tree of nodes in an arena. */
#ifndef LENSWEEP_MODEL_TOKENIZER_CHAT_PARSE_H
#define LENSWEEP_MODEL_TOKENIZER_CHAT_PARSE_H

#include "model/tokenizer/chat_value.h"

enum node_kind {
    /* statements */
    N_TEXT,  /* value */
    N_PRINT, /* a */
    N_IF,    /* a, then list[0] or list[1] */
    N_FOR,   /* names in a.list, over b, if c, list[0], else list[1] */
    N_SET,   /* targets in a.list, b; without b: the block list[0] */
    N_MACRO, /* value is its name; a.list: N_NAME, b.list: their defaults or NULL; list[0] */
    N_BREAK,
    N_CONTINUE,
    N_BLOCK, /* list */
    /* expressions */
    N_LITERAL,   /* value */
    N_NAME,      /* value */
    N_LIST,      /* list */
    N_DICT,      /* list: keys and values in turn */
    N_ATTRIBUTE, /* a . value */
    N_ITEM,      /* a [ b ] */
    N_SLICE,     /* a [ list[0] : list[1] : list[2] ], NULL where left out */
    N_CALL,      /* a ( list ), keywords as N_KEYWORD */
    N_KEYWORD,   /* value = a */
    N_FILTER,    /* a | value ( list ) */
    N_TEST,      /* a is value ( list ) */
    N_NOT,       /* a */
    N_NEGATIVE,  /* a */
    N_BINARY,    /* a value b; value is the operator */
    N_CHOICE     /* a if b else c (NULL) */
};

struct chat_node {
    enum node_kind kind;
    size_t line;
    struct value value;
    struct chat_node *a, *b, *c;
    struct chat_node **list; /* (n) */
    size_t n, cap;
};

/* Puts "line N: " before the message, unless it has its line. */
int chat_error(size_t line, struct err *err);

/* The tree of a template, an N_BLOCK. */
int chat_parse(struct chat_node **out, const char *text, size_t n, struct arena *a,
               struct err *err);

/* chat_lex.c: the template as tokens. */
enum token_kind { T_TEXT, T_PRINT, T_BLOCK, T_END, T_NAME, T_STRING, T_INT, T_SIGN, T_EOF };

struct token {
    enum token_kind kind; /* T_PRINT: {{, T_BLOCK: {%, T_END: }} or %} */
    size_t line;
    struct value value; /* its text; of numbers the number */
};

struct lexer {
    const char *s; /* (n), with \n alone for ends of lines */
    size_t n, i, line;
    int braces; /* open inside a tag */
    bool in_tag;
    char close;      /* '%' or '}' of that tag */
    bool line_start; /* the text begins a line */
    struct arena *a;
};

int lexer_begin(struct lexer *l, const char *text, size_t n, struct arena *a, struct err *err);
int lexer_next(struct lexer *l, struct token *t, struct err *err);

/* Where the parser stands. Once err is set nothing more is taken, nothing is at p->now, and nodes
   are `nothing`: a function need not look whether the one before it has failed. */
struct parser {
    struct lexer lex;
    struct token now;
    struct arena *a;
    int depth; /* of what is nested */
    struct chat_node nothing;
    struct err *err;
};

/* Sets the error, unless there is one: what is wrong at p->now. */
struct chat_node *parse_fail(struct parser *p, const char *what);
bool parse_next(struct parser *p);
bool at_sign(const struct parser *p, const char *text);
bool at_name(const struct parser *p, const char *text);
bool parse_accept(struct parser *p, enum token_kind kind, const char *text); /* takes it if it is */
void parse_expect(struct parser *p, enum token_kind kind,
                  const char *text); /* takes it, or fails */
/* Is there one more item of a list that ends with `close`? The comma before it, or close, is taken.
 */
bool parse_more(struct parser *p, const char *close, bool first);
void parse_enter(struct parser *p); /* one level deeper; the caller counts p->depth down */
struct chat_node *parse_node(struct parser *p, enum node_kind kind, struct chat_node *a);
/* The same, with the name that stands here for its value. */
struct chat_node *parse_named(struct parser *p, enum node_kind kind, struct chat_node *a,
                              const char *expected);
void parse_append(struct parser *p, struct chat_node *to, struct chat_node *item);

/* chat_expression.c */
struct chat_node *parse_expression(struct parser *p);
struct chat_node *parse_logical(struct parser *p, const char *op); /* without if and else */

#endif
