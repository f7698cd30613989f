/*
 * The figures of an edited result file (fuzz_edits.h): the rows of a figure's numbers are of one
 * length. The first byte chooses the experiment; its bit 7: gnuplot draws them (if it is there),
 * which no name and no number stops.
 */
#include "fuzz.h"
#include "fuzz_edits.h"

#include "base/file.h"
#include "report/figures/plot.h"

#include <stdlib.h>
#include <string.h>

static size_t commas(const char *s, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += s[i] == ',';
    return count;
}

static void check_table(const char *path, struct err *err)
{
    struct buf text = {0};
    size_t columns = 0, n;

    fuzz_need(!file_read(&text, path, 1 << 24, err) && text.len && text.data[text.len - 1] == '\n');
    for (const char *s = text.data, *end = s + text.len; s < end; s += n + 1) {
        n = (size_t)((const char *)memchr(s, '\n', (size_t)(end - s)) - s);
        columns = columns ? columns : commas(s, n) + 1;
        fuzz_need(commas(s, n) + 1 == columns);
    }
    buf_release(&text);
}

static void check_tables(const char *dir)
{
    struct arena a = {0};
    struct err err = {0};
    char **names = NULL;
    size_t n = 0;

    if (file_is_dir(dir))
        fuzz_need(!file_list(dir, &a, &names, &n, &err));
    for (size_t i = 0; i < n; i++) {
        size_t length = strlen(names[i]);

        if (length > 4 && strcmp(names[i] + length - 4, ".csv") == 0)
            check_table(file_join(&a, dir, names[i], &err), &err);
    }
    arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *kind = fuzz_kind(size ? data[0] % FUZZ_KINDS : 0);
    static const char *programs;
    const char *path = fuzz_edits(kind, data + !!size, size - !!size), *dir = fuzz_path("out");
    struct plot_options o = {.dir = dir, .format = "svg"};
    struct buf said = {0};
    struct err err = {0};

    programs = programs ? programs : getenv("PATH");
    setenv("PATH", size && data[0] & 0x80 && programs ? programs : "/nowhere", 1);
    plot_results(&o, &path, 1, &said, &err);
    fuzz_need(!err.code || !strstr(err.msg, "gnuplot cannot"));
    fuzz_check(&err);
    check_tables(dir);
    buf_release(&said);
    fuzz_remove(dir);
    return 0;
}
