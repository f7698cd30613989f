/*
 * A manifest that somebody wrote. Comparing leaves it alone; what passes is written anew, and then
 * passes again.
 */
#include "fuzz.h"
#include "fuzz_campaign.h"

#include "base/file.h"
#include "campaign/manifest.h"

#include <string.h>

static void check(const struct campaign *c, const char *path, const uint8_t *data, size_t size)
{
    struct arena a = {0};
    struct buf after = {0};
    struct err err = {0}, ignored = {0};
    int code = manifest_check(c, path, false, &err);

    fuzz_need(!code ||
              ((code == ERR_CONFIG || code == ERR_IO) && err.msg[0] && !strchr(err.msg, '\n')));
    fuzz_need(!file_read(&after, path, 1 << 24, &ignored) && after.len == size &&
              (!size || memcmp(after.data, data, size) == 0));
    buf_release(&after);
    manifest_library(path, &a, &ignored);
    arena_release(&a);
    err_clear(&err);
    fuzz_need(manifest_check(c, path, true, &err) == code);
    if (!code)
        fuzz_need(!manifest_check(c, path, true, &err) && !manifest_check(c, path, false, &err));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct campaign c;
    struct err err = {0};

    if (!c.n)
        fuzz_need(
            !fuzz_campaign(&c, "  - {name: k, kind: knockout, sets: [subject]}\n", NULL, &err) &&
            !err.code);
    check(&c, fuzz_file("manifest", data, size), data, size);
    fuzz_file("manifest", data, size);
    manifest_match(&c, "here", fuzz_folder(), &err);
    return 0;
}
