/*
 * The experiments of a config, with the keys that there are: what has no problems prints as text
 * that is read as the same, and is cut into units. A first line "#set KEY=VALUE" is applied as
 * --set. Behind a NUL stands a file, whose path replaces each '@': hidden units, a vector.
 */
#include "fuzz.h"
#include "fuzz_campaign.h"

#include "campaign/cut.h"

#include <string.h>

enum { CELLS = 4096 };

/* The text with the path in it, and its first line apart, if that is one of --set. */
static char *take_text(const uint8_t *data, size_t n, const char *path, char **set)
{
    struct buf b = {0};
    struct err err = {0};
    char *end;

    fuzz_need(buf_str(&b, &err) != NULL);
    for (size_t i = 0; i < n; i++)
        fuzz_need(data[i] == '@' ? !buf_puts(&b, path, &err) : !buf_put(&b, data + i, 1, &err));
    fuzz_need(buf_str(&b, &err) != NULL);
    end = strncmp(b.data, "#set ", 5) == 0 ? strchr(b.data, '\n') : NULL;
    *set = end ? b.data + 5 : NULL;
    if (end)
        *end = '\0';
    return b.data;
}

static void check_print(const struct config *c)
{
    struct config again = {0};
    struct problems problems = {0};
    struct buf once = {0}, twice = {0};
    struct err err = {0};
    size_t n;
    const struct experiment_schema *schemas = kind_schemas(&n);

    fuzz_need(
        !config_print(c, false, &once, &err) &&
        !config_parse(&again, "again", once.data, once.len, NULL, 0, schemas, n, &problems, &err) &&
        !problems.count && !config_print(&again, false, &twice, &err));
    fuzz_need(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
    config_release(&again);
    buf_release(&once);
    buf_release(&twice);
}

static void check_cut(struct campaign *c)
{
    struct err err = {0};
    uint64_t cells = 0, most = 0;

    for (size_t i = 0; i < c->n; i++) {
        cells = query_cells(&c->x[i], 3);
        most = cells > most ? cells : most;
    }
    if (most > CELLS || c->data.n > 16)
        return;
    fuzz_need(!campaign_cut(c, &err) || (err.code != ERR_BUG && err.msg[0]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
    size_t n = nul ? (size_t)(nul - data) : size;
    const char *path = fuzz_file("beside", nul ? nul + 1 : data, nul ? size - n - 1 : 0);
    struct campaign c;
    struct err err = {0};
    char *set, *text = take_text(data, n, path, &set);
    int problems = fuzz_campaign(&c, set ? set + strlen(set) + 1 : text, set, &err);

    fuzz_need(!err.code || (err.code != ERR_BUG && err.msg[0] && !strchr(err.msg, '\n')));
    if (!problems && !err.code) {
        check_print(&c.config);
        check_cut(&c);
    }
    campaign_close(&c);
    mem_free(text);
    return 0;
}
