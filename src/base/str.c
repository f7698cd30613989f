#include "base/str.h"

#include "base/mem.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

bool str_eq(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

bool str_begins(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

size_t str_index(const char *const *list, size_t n, const char *s)
{
    size_t i = 0;

    while (i < n && !str_eq(list[i], s))
        i++;
    return i;
}

bool str_lists(const char *list, size_t n, const char *separators, const char *word)
{
    for (size_t i = 0, length; i < n; i += length + 1) {
        for (length = 0; i + length < n && !strchr(separators, list[i + length]);)
            length++;
        if (length == strlen(word) && !memcmp(list + i, word, length))
            return true;
    }
    return false;
}

size_t str_lines(const char *s, size_t n)
{
    size_t lines = 1;

    for (size_t i = 0; i < n; i++)
        lines += s[i] == '\n';
    return lines;
}

int str_by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *str_last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

bool str_ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n >= m && memcmp(s + n - m, end, m) == 0;
}

enum { WORD_MAX = 63 };

static int min3(int a, int b, int c)
{
    int m = a < b ? a : b;

    return m < c ? m : c;
}

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Optimal string alignment distance, small and capital letters being alike; words longer than
   WORD_MAX are infinitely far. */
static int edit_distance(const char *a, const char *b)
{
    int row[3][WORD_MAX + 1];
    int n = (int)strlen(a), m = (int)strlen(b);

    if (n > WORD_MAX || m > WORD_MAX)
        return INT_MAX;
    for (int j = 0; j <= m; j++)
        row[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *now = row[i % 3], *one = row[(i + 2) % 3], *two = row[(i + 1) % 3];

        now[0] = i;
        for (int j = 1; j <= m; j++) {
            now[j] =
                min3(one[j] + 1, now[j - 1] + 1, one[j - 1] + !same_letter(a[i - 1], b[j - 1]));
            if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
                same_letter(a[i - 2], b[j - 1]) && two[j - 2] + 1 < now[j])
                now[j] = two[j - 2] + 1;
        }
    }
    return row[n % 3][m];
}

const char *str_did_you_mean(const char *word, const char *const *candidates, size_t n)
{
    const char *best = NULL;
    int limit = (int)(strlen(word) / 3), nearest;

    nearest = (limit < 1 ? 1 : limit) + 1;
    for (size_t i = 0; i < n; i++) {
        int d = edit_distance(word, candidates[i]);

        if (d < nearest) {
            nearest = d;
            best = candidates[i];
        }
    }
    return best;
}

static const char in_names[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

bool str_is_name(const char *s)
{
    return *s && !s[strspn(s, in_names)];
}

void str_safe_name(char *s)
{
    if (*s == '.' || *s == '-')
        *s = '_';
    for (; *s; s++)
        if (*s != '.' && !strchr(in_names, *s))
            *s = '_';
}

static char *scaled(char out[STR_HUMAN], double v, double step, const char *const *units, size_t n)
{
    size_t i = 0;

    while (i + 1 < n && v >= step) {
        v /= step;
        i++;
    }
    snprintf(out, STR_HUMAN,
             v < 9.995 && i   ? "%.2f %s"
             : v < 99.95 && i ? "%.1f %s"
                              : "%.0f %s",
             v, units[i]);
    return out;
}

/* Of s, which has `length` bytes and does not fit into n. */
static void cut_middle(char *out, size_t n, const char *s, size_t length)
{
    static const char gap[] = "...";
    size_t room = n > sizeof gap ? n - sizeof gap : 0;
    size_t head = room - room / 3, tail = length - room / 3;

    while (head && (s[head] & 0xc0) == 0x80)
        head--;
    while ((s[tail] & 0xc0) == 0x80)
        tail++;
    snprintf(out, n, "%.*s%s%s", (int)head, s, gap, s + tail);
}

void str_vfit(char *out, size_t n, const char *fmt, va_list ap)
{
    struct err ignored;
    va_list again;
    int length;
    char *whole;

    va_copy(again, ap);
    length = vsnprintf(out, n, fmt, ap);
    if (length > 0 && (size_t)length >= n) {
        whole = mem_alloc((size_t)length + 1, 1, &ignored);
        if (whole) {
            vsnprintf(whole, (size_t)length + 1, fmt, again);
            cut_middle(out, n, whole, (size_t)length);
        }
        mem_free(whole);
    }
    va_end(again);
}

void str_fit(char *out, size_t n, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    str_vfit(out, n, fmt, ap);
    va_end(ap);
}

const char *str_name(char out[STR_NAME], const char *s)
{
    size_t length = strlen(s);

    if (length < STR_NAME)
        return s;
    cut_middle(out, STR_NAME, s, length);
    return out;
}

char *str_bytes(char out[STR_HUMAN], double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};

    return scaled(out, bytes, 1024, units, sizeof units / sizeof *units);
}

char *str_flops(char out[STR_HUMAN], double flops)
{
    static const char *const units[] = {"FLOP",  "kFLOP", "MFLOP", "GFLOP",
                                        "TFLOP", "PFLOP", "EFLOP"};

    return scaled(out, flops, 1000, units, sizeof units / sizeof *units);
}

char *str_duration(char out[STR_HUMAN], double s)
{
    if (s < 0.9995)
        snprintf(out, STR_HUMAN, "%.0f ms", s * 1e3);
    else if (s < 99.95)
        snprintf(out, STR_HUMAN, "%.1f s", s);
    else if (s < 3600)
        snprintf(out, STR_HUMAN, "%dm%02ds", (int)s / 60, (int)s % 60);
    else if (s < 100 * 3600.)
        snprintf(out, STR_HUMAN, "%dh%02dm", (int)s / 3600, (int)s / 60 % 60);
    else
        snprintf(out, STR_HUMAN, "%.1f days", s / 86400);
    return out;
}
