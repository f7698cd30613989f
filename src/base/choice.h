/*
 * One of a few words, and the number that the program knows it by: the values of a config key, of
 * an option. A list of them is the one place that has both; it ends with a word NULL.
 *
 *     enum executor { EXECUTOR_FORKED, EXECUTOR_NAIVE };
 *     const struct choice executors[] = {
 *         {"forked", EXECUTOR_FORKED}, {"naive", EXECUTOR_NAIVE}, {NULL, 0}};
 *
 *     int naive(void)
 *     {
 *         return choice_value(executors, "naive");    // EXECUTOR_NAIVE
 *     }
 */
#ifndef LENSWEEP_BASE_CHOICE_H
#define LENSWEEP_BASE_CHOICE_H

#include <stddef.h>

struct choice {
    const char *word;
    int value; /* >= 0; of no other word in the list */
};

enum { NO_CHOICE = -1 };

/* 0, where the field of the struct can hold a choice: an enum without negative values is an int or
   an unsigned to the compiler. */
#define CHOICE_CHECK(st, field) \
    _Generic(&((st *)0)->field, int * : (size_t)0, unsigned * : (size_t)0)

/* The value of a word; NO_CHOICE = it is not in the list. */
int choice_value(const struct choice *list, const char *word);

/* The word of a value; NULL = it is not in the list. */
const char *choice_word(const struct choice *list, int value);

/* The word that was probably meant; NULL = none is near. */
const char *choice_near(const struct choice *list, const char *word);

/* All words, "forked | naive", in `out`. */
enum { CHOICE_TEXT = 512 };
char *choice_text(char out[CHOICE_TEXT], const struct choice *list);

#endif
