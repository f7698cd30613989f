/*
 * The config reader on any bytes. A config without problems must print as text that loads and
 * prints as itself. A first line "#set KEY=VALUE" is applied as --set.
 */
#include "fuzz.h"

#include "config/config.h"

#include <stdlib.h>
#include <string.h>

static const struct choice letters[] = {{"a", 0}, {"b", 1}, {NULL, 0}};

struct probe {
    int64_t count, workers;
    double scale, pause, cache;
    struct real_or_choice noise;
    bool frozen;
    const char *label;
    struct string_list sets;
    struct choice_list sites;
    struct int_list window;
    struct selector layers, positions;
};

static const struct config_row rows[] = {
    CONFIG_ROW(struct probe, count, "count", config_int, "10", -5, 1e18, RESULTS, ""),
    CONFIG_ROW(struct probe, workers, "workers", config_auto_int, "auto", 1, 64, RUNNING, ""),
    CONFIG_ROW(struct probe, scale, "scale", config_real, "1", 0, 0, RESULTS, ""),
    CONFIG_ROW(struct probe, pause, "pause", config_duration, "none", 0, 0, RUNNING, ""),
    CONFIG_ROW(struct probe, cache, "cache", config_bytes, "auto", 0, 0, RUNNING, ""),
    CONFIG_CHOICE(struct probe, noise, "noise", config_real_or_choice, "a", letters, RESULTS, ""),
    CONFIG_ROW(struct probe, frozen, "frozen", config_bool, "false", 0, 0, RESULTS, ""),
    CONFIG_ROW(struct probe, label, "label", config_string, "\"\"", 0, 0, RUNNING, ""),
    CONFIG_ROW(struct probe, sets, "sets", config_strings, "[]", 0, 0, RESULTS, ""),
    CONFIG_CHOICE(struct probe, sites, "sites", config_choices, "[a]", letters, RESULTS, ""),
    CONFIG_ROW(struct probe, window, "window", config_ints, "[10]", 0, 0, RESULTS, ""),
    CONFIG_ROW(struct probe, layers, "layers", config_selector, "each", 0, 127, RESULTS, ""),
    CONFIG_ROW(struct probe, positions, "positions", config_selector, "[last]", 0, 0, RESULTS, ""),
};

static const struct experiment_schema kinds[] = {
    {"probe", "", rows, sizeof rows / sizeof *rows, sizeof(struct probe), NULL, false},
    {"noop", "", NULL, 0, 0, NULL, false},
};

/* The canonical print of a text, or nothing if it has problems. */
static struct buf print_of(const char *text, size_t n, const char *const *set, size_t n_set)
{
    struct config c = {0};
    struct problems problems = {0};
    struct err err = {0};
    struct buf out = {0};

    if (config_parse(&c, "fuzz.yaml", text, n, set, n_set, kinds, 2, &problems, &err))
        abort();
    if (!problems.count && config_print(&c, false, &out, &err))
        abort();
    for (int i = 0; i < problems.count && i < PROBLEMS_MAX; i++)
        if (!problems.item[i].where[0] || !problems.item[i].msg[0])
            abort();
    config_release(&c);
    return out;
}

static const char *take_set(const uint8_t *data, size_t size, char *out, size_t room)
{
    const uint8_t *end = size > 5 && !memcmp(data, "#set ", 5) ? memchr(data, '\n', size) : NULL;
    size_t n = end ? (size_t)(end - data) - 5 : 0;

    if (!end || n >= room)
        return NULL;
    memcpy(out, data + 5, n);
    out[n] = '\0';
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char room[512];
    const char *set = take_set(data, size, room, sizeof room);
    struct buf once = print_of((const char *)data, size, &set, set != NULL), twice = {0};

    if (once.len) {
        twice = print_of(once.data, once.len, NULL, 0);
        if (once.len != twice.len || memcmp(once.data, twice.data, once.len))
            abort();
    }
    buf_release(&once);
    buf_release(&twice);
    return 0;
}
