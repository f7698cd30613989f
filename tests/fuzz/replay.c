/* Runs every file of the folders named on the command line through one fuzz target. */
#include "fuzz.h"

#include "base/file.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The target gets memory of exactly the file's size, so that a sanitizer sees a read past it. */
static int replay_file(const char *path, struct err *err)
{
    struct buf text = {0};
    uint8_t *copy;

    if (file_read(&text, path, 1 << 24, err))
        return err->code;
    copy = malloc(text.len ? text.len : 1);
    if (copy) {
        if (text.len)
            memcpy(copy, text.data, text.len);
        LLVMFuzzerTestOneInput(copy, text.len);
    }
    free(copy);
    buf_release(&text);
    return copy ? 0 : err_set(err, ERR_MEMORY, "out of memory");
}

static int replay_folder(const char *dir, size_t *count, struct err *err)
{
    struct arena a = {0};
    char **names;
    size_t n;
    int code = file_list(dir, &a, &names, &n, err);

    for (size_t i = 0; i < n && !code; i++) {
        const char *path = file_join(&a, dir, names[i], err);

        code = path ? replay_file(path, err) : err->code;
    }
    *count += n;
    arena_release(&a);
    return code;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    size_t count = 0;

    for (int i = 1; i < argc; i++)
        if (replay_folder(argv[i], &count, &err)) {
            fprintf(stderr, "%s\n", err.msg);
            return 1;
        }
    printf("%zu files\n", count);
    return count ? 0 : 1;
}
