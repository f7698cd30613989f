/* What the tests of damaged checkpoints share: files to damage, and what the error must be like. */
#ifndef LENSWEEP_TESTS_HOSTILE_H
#define LENSWEEP_TESTS_HOSTILE_H

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>

#define MODELS TEST_DIR "/fixtures/models/"

/* The code is the expected one, and the message one line that holds `want`. */
void check_error(const char *label, int code, int expected, const char *want,
                 const struct err *err);

/* The file parses, and cut to any length of its first `header` bytes, or to a sample of the lengths
   beyond, it is ERR_FORMAT. */
void check_truncations(const char *path, int (*parse)(const void *, size_t, struct err *),
                       size_t header);

/* model_open of path fails so. */
void check_open(const char *path, int expected, const char *want);

struct buf load_file(const char *path);

/* Memory of exactly n bytes, so that the sanitizer sees a read past the end; free() it. */
void *exact_copy(const void *p, size_t n);

/* Where the text, not as the end of a longer NAME_text, begins in b; it must be there. */
char *find_text(const struct buf *b, const char *text);

/* Files in the folder of the test (folder.h). */
void put_file(const char *name, const void *p, size_t n);
void copy_model(const char *from, const char *name); /* from: under MODELS */

#endif
