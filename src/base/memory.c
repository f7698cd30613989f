#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "base/memory.h"

#include "base/file.h"
#include "base/str.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { TEXT = 1 << 14, PATH = 4096 };

/* The number that follows the word at the beginning of a line; -1 = there is none. */
static double number_after(const char *text, const char *word)
{
    size_t n = strlen(word);

    for (const char *line = text; line; line = strchr(line, '\n'), line += line != NULL)
        if (strncmp(line, word, n) == 0 && (line[n] == ' ' || line[n] == ':'))
            return strtod(line + n + 1, NULL);
    return -1;
}

/* Control groups --------------------------------------------------------------------------- */

/* What the files of a version are called; folders of version 1's are below `controller`. */
struct group_files {
    const char *controller, *limit, *used, *cached;
};

static const struct group_files version_2 = {"", "memory.max", "memory.current", "inactive_file"};
static const struct group_files version_1 = {"/memory", "memory.limit_in_bytes",
                                             "memory.usage_in_bytes", "total_inactive_file"};

static bool read_in(const char *folder, const char *name, char text[TEXT])
{
    char path[PATH + 64];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return file_start(path, text, TEXT);
}

/* One folder's limit; INFINITY = none. */
static double limit_in(const struct group_files *f, const char *folder)
{
    char text[TEXT];
    double limit;

    if (!read_in(folder, f->limit, text) || strncmp(text, "max", 3) == 0)
        return INFINITY;
    limit = strtod(text, NULL);
    return limit > 0 && limit < 0x1p60 ? limit : INFINITY; /* version 1 says "none" by a huge one */
}

static double used_in(const struct group_files *f, const char *folder)
{
    char text[TEXT];
    double used, cached;

    if (!read_in(folder, f->used, text))
        return 0;
    used = strtod(text, NULL);
    cached = read_in(folder, "memory.stat", text) ? number_after(text, f->cached) : 0;
    return cached > 0 && cached < used ? used - cached : used;
}

/* Of the group's folder and those above it. */
static double least_limit(const struct group_files *f, const char *root, const char *group,
                          double *used)
{
    char folder[PATH];
    size_t top = strlen(root) + strlen(f->controller);
    double least = INFINITY;

    if (top + strlen(group) >= sizeof folder)
        return INFINITY;
    snprintf(folder, sizeof folder, "%s%s%s", root, f->controller, group);
    for (;;) {
        char *slash = strrchr(folder, '/');
        double limit = limit_in(f, folder);

        if (limit < least) {
            least = limit;
            *used = used_in(f, folder);
        }
        if (!slash || slash < folder + top)
            return least;
        *slash = '\0';
    }
}

/* "NUMBER:CONTROLLERS:/GROUP": no controllers for version 2, "memory" among them for version 1. */
static double limit_of_line(const char *line, const char *root, double *used)
{
    const char *controllers = strchr(line, ':');
    const char *group = controllers ? strchr(controllers + 1, ':') : NULL;
    size_t n = group ? (size_t)(group - controllers) - 1 : 0;

    if (group && !n)
        return least_limit(&version_2, root, group + 1, used);
    if (group && str_lists(controllers + 1, n, ",", "memory"))
        return least_limit(&version_1, root, group + 1, used);
    return INFINITY;
}

double memory_group_limit(const char *groups, const char *root, double *used)
{
    double least = INFINITY, in_use = 0, ignored;

    used = used ? used : &ignored;
    *used = 0;
    while (*groups) {
        char line[PATH];
        size_t n = strcspn(groups, "\n");
        double limit;

        if (n < sizeof line) {
            memcpy(line, groups, n);
            line[n] = '\0';
            limit = limit_of_line(line, root, &in_use);
            if (limit < least) {
                least = limit;
                *used = in_use;
            }
        }
        groups += n + (groups[n] == '\n');
    }
    return least;
}

static double own_group_limit(double *used)
{
    char groups[TEXT];

    if (used)
        *used = 0;
    return file_start("/proc/self/cgroup", groups, TEXT)
               ? memory_group_limit(groups, "/sys/fs/cgroup", used)
               : INFINITY;
}

/* The node ---------------------------------------------------------------------------------- */

static double of_node(void)
{
    return (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
}

double memory_allowed(void)
{
    return fmin(of_node(), own_group_limit(NULL));
}

double memory_free(void)
{
    char text[TEXT];
    double used, limit = own_group_limit(&used);
    double node =
        file_start("/proc/meminfo", text, TEXT) ? 1024 * number_after(text, "MemAvailable") : -1;

    if (node < 0)
        node = of_node();
    return fmin(node, fmax(limit - used, 0));
}

/* The address space ------------------------------------------------------------------------- */

double memory_mapped(void)
{
    char text[TEXT];

    if (!file_start("/proc/self/statm", text, TEXT))
        return 0;
    return strtod(text, NULL) * (double)sysconf(_SC_PAGESIZE);
}

double memory_address_space(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_AS, &limit) || limit.rlim_cur == RLIM_INFINITY)
        return INFINITY;
    return fmax((double)limit.rlim_cur - memory_mapped(), 0);
}

/* Without overcommit the system may refuse although no limit is set. */
static bool is_given(double bytes)
{
    void *p;

    if (bytes >= (double)SIZE_MAX / 2)
        return false;
    p = mmap(NULL, (size_t)bytes + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return false;
    munmap(p, (size_t)bytes + 1);
    return true;
}

int memory_check_space(double bytes, const char *what, struct err *err)
{
    double have = memory_address_space();
    char a[STR_HUMAN], b[STR_HUMAN];

    if (bytes > have)
        return err_set(
            err, ERR_MEMORY,
            "%s needs %s of address space, and its limit (ulimit -v) leaves %s: ask for more "
            "memory, or lower run.threads",
            what, str_bytes(a, bytes), str_bytes(b, have));
    if (!is_given(bytes))
        return err_set(err, ERR_MEMORY, "%s needs %s, which the system does not give", what,
                       str_bytes(a, bytes));
    return 0;
}
