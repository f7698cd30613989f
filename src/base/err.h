/*
 * Errors as values.
 *
 *     int parse_number(FILE *f, int *number, struct err *err);
 *
 *     int read_number(const char *path, int *number, struct err *err)
 *     {
 *         FILE *f = fopen(path, "r");
 *
 *         if (!f)
 *             return err_set(err, ERR_IO, "cannot open %s: %s", path, strerror(errno));
 *         if (parse_number(f, number, err))
 *             err_wrap(err, "%s", path);          // "PATH: what parse_number said"
 *         fclose(f);
 *         return err->code;
 *     }
 *
 * A function that can fail returns 0 or an error code, and says why in the struct err that the
 * caller passes last. Only main prints errors or exits. Messages are one line, lower case, no full
 * stop: what is wrong, where, what was expected, what to do.
 */
#ifndef LENSWEEP_BASE_ERR_H
#define LENSWEEP_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

/* name, exit status, what it stands for */
#define ERR_CODES(X)                                                                               \
    X(ERR_NONE, 0, "done")                                                                         \
    X(ERR_DIFFERS, 1,                                                                              \
      "done, but no query is good or kept, or some are bad and run.fail_on_bad is set, or "        \
      "diff or verify finds a difference")                                                         \
    X(ERR_CONFIG, 2, "config, data or command line")                                               \
    X(ERR_IO, 3, "input or output")                                                                \
    X(ERR_FORMAT, 4, "malformed model file")                                                       \
    X(ERR_MEMORY, 5, "out of memory")                                                              \
    X(ERR_NUMERIC, 6, "numeric check failed")                                                      \
    X(ERR_COMM, 7, "communication between ranks")                                                  \
    X(ERR_STOPPED, 10, "stopped before the end, what is done is kept: run the same command again") \
    X(ERR_BUG, 70, "a bug in lensweep")

enum err_code {
#define X(name, status, text) name = status,
    ERR_CODES(X)
#undef X
};

enum { ERR_MESSAGE = 1024 };

/* Plain data of fixed size: it is sent between ranks as it is. */
struct err {
    int code;              /* enum err_code; 0 while nothing is wrong */
    int rank;              /* MPI rank on which it happened, -1 outside a job */
    int line;              /* source position of err_set, for bug reports */
    char file[64];         /* " */
    bool placed;           /* msg says where it happened (err_place) */
    char msg[ERR_MESSAGE]; /* one line, without the program's name */
};

#if defined(__GNUC__)
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#else
#define PRINTF_LIKE(f, a)
#endif

#define ERR_CLEAR  \
    {              \
        .rank = -1 \
    } /* what a struct err begins with */
void err_clear(struct err *err);

/* Sets code and message; returns code, so that a caller can `return err_set(...)`. */
#define err_set(err, code, ...) err_set_at(err, code, __FILE__, __LINE__, __VA_ARGS__)
int err_set_at(struct err *err, int code, const char *file, int line, const char *fmt, ...)
    PRINTF_LIKE(5, 6);

/* Puts "context: " before the message that is there; returns the code. */
int err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The same with a place, unless one was put there already: the innermost caller that knows it says
   it, and those around it need not know whether that was so. */
int err_place(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The status of a function that has come so far: the code if something failed, else 0. */
static inline int err_if(const struct err *err, int failed)
{
    return failed ? err->code : 0;
}

/*
 * Bad input is reported whole: a list of up to PROBLEMS_MAX messages, each with its place, gathered
 * before anything else is done. The list keeps counting beyond what it stores.
 */
enum { PROBLEMS_MAX = 20 };

struct problem {
    char where[256]; /* "file:line:column", "file:line", "file" or "--set key" */
    char msg[ERR_MESSAGE];
};

struct problems {
    int count; /* how many there are; the first PROBLEMS_MAX are stored */
    struct problem item[PROBLEMS_MAX];
};

/* line and column count from 1; 0 = not known, and left out of `where`. */
void problems_add(struct problems *p, const char *file, size_t line, size_t column, const char *fmt,
                  ...) PRINTF_LIKE(5, 6);

#endif
