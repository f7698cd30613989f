/* Private to chat templates: a template as a tree of nodes, in an arena. */
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

/* ERR_CONFIG that begins with "line N: ". */
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

#endif
