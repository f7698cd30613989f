/* Small string helpers. */
#ifndef LENSWEEP_BASE_STR_H
#define LENSWEEP_BASE_STR_H

#include "base/err.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

bool str_eq(const char *a, const char *b);
bool str_begins(const char *s, const char *with);
bool str_ends_with(const char *s, const char *end);
/* Where the first of n strings that equals s stands; n = there is none. */
size_t str_index(const char *const *list, size_t n, const char *s);
/* Is `word` one of the words in list[0..n) that any of these characters separate? */
bool str_lists(const char *list, size_t n, const char *separators, const char *word);
size_t str_lines(const char *s, size_t n);      /* ends of lines in s[0..n), and one */
int str_by_bytes(const void *a, const void *b); /* for qsort of a list of strings */
/* What stands after the last slash of a path, in it. */
const char *str_last_part(const char *path);

/* The one of n candidates that `word` was probably meant to be: the nearest within an edit distance
   (insert, delete, replace, swap of neighbours) of a third of its length, at least 1; small and
   capital letters are alike; NULL = none. */
const char *str_did_you_mean(const char *word, const char *const *candidates, size_t n);

/* Is it of letters, digits, '_' and '-' alone, at least one? */
bool str_is_name(const char *s);

/* Replaces what may not stand in a file's name on some system, or needs quotes in a script: all but
   letters, digits, '.', '_' and '-', and a '.' or '-' at the beginning. */
void str_safe_name(char *s);

/* Text for a place of n bytes: what does not fit loses its middle, "the begin...the end", between
   whole characters of UTF-8. For messages and tables: files keep names as they are. */
void str_fit(char *out, size_t n, const char *fmt, ...) PRINTF_LIKE(3, 4);
void str_vfit(char *out, size_t n, const char *fmt, va_list ap) PRINTF_LIKE(3, 0);

/* A name of others for a line of a screen: itself, or as much of it as fits. */
enum { STR_NAME = 200 };
const char *str_name(char out[STR_NAME], const char *s);

/* What stands behind the number n: "query" after 1, "queries" after 0 and 2. */
#define str_noun(n, one, many) ((n) == 1 ? (one) : (many))

/* "1.5 GiB", "12 MiB"; "2.3 TFLOP"; "3h05m", "12.3 s": for people. Each returns `out`. */
enum { STR_HUMAN = 32 };
char *str_bytes(char out[STR_HUMAN], double bytes);
char *str_flops(char out[STR_HUMAN], double flops);
char *str_duration(char out[STR_HUMAN], double seconds);

#endif
