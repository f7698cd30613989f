/* Which bytes a model has: every byte counts, and a change of any is found, also behind a hash that
   was remembered. */
#include "base/buf.h"
#include "base/file.h"
#include "base/writer.h"
#include "folder.h"
#include "model/identity.h"
#include "model/model.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MODELS TEST_DIR "/fixtures/models/"

/* A model of many bytes: a copy of a small GGUF file with zeros behind it, past one block. */
static void write_model(unsigned char change, size_t at)
{
    struct err err = {0};
    struct buf file = {0};

    assert_int_equal(file_read(&file, MODELS "gguf-mixed/model.gguf", 1 << 20, &err), 0);
    while (file.len < HASH_BLOCK + (size_t)4096)
        assert_int_equal(buf_put(&file, (char[4096]){0}, 4096, &err), 0);
    if (change)
        file.data[at ? at : file.len - 1] ^= (char)change;
    assert_int_equal(file_replace(in_folder("copy.gguf"), file.data, file.len, &err), 0);
    buf_release(&file);
}

static struct model *open_identified(const char *path)
{
    struct model *m;
    struct err err = {0};

    if (model_open(&m, path, &err) || identity_make(m, 2, &err))
        fail_msg("%s", err.msg);
    return m;
}

/* Writes one byte into the file as it stands, as an editor of weights does. */
static void poke(const char *path, long at, int byte)
{
    FILE *f = fopen(path, "r+b");

    assert_non_null(f);
    assert_int_equal(fseek(f, at, SEEK_SET), 0);
    assert_int_equal(fputc(byte, f), byte);
    assert_int_equal(fclose(f), 0);
}

static void every_byte_counts(void **state)
{
    const size_t places[] = {5000, HASH_BLOCK - 1, HASH_BLOCK, HASH_BLOCK + 100};
    struct model *a, *b;
    struct hash first;

    (void)state;
    write_model(0, 0);
    a = open_identified(in_folder("copy.gguf"));
    first = a->fingerprint;
    model_close(a);
    rename(in_folder("copy.gguf"), in_folder("other.gguf"));
    b = open_identified(in_folder("other.gguf"));
    assert_true(hash_eq(first, b->fingerprint)); /* the path does not count */
    model_close(b);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        write_model(1, places[i]);
        b = open_identified(in_folder("copy.gguf"));
        assert_false(hash_eq(first, b->fingerprint));
        model_close(b);
    }
}

/* The blocks by whichever process: what each finds of its own, and zero of the others'. */
static void shared_work(void **state)
{
    struct model *m;
    struct err err = {0};
    struct hash block[2] = {{0, 0}, {0, 0}}, alone;

    (void)state;
    write_model(0, 0);
    m = open_identified(in_folder("copy.gguf"));
    alone = m->fingerprint;
    assert_int_equal(identity_blocks(m), 2);
    assert_int_equal(identity_hash(m, (struct hash_share){1, 2, 1}, block, &err), 0);
    assert_true(hash_eq(block[0], (struct hash){0, 0}));
    assert_int_equal(identity_hash(m, (struct hash_share){0, 2, 1}, block, &err), 0);
    m->fingerprint = (struct hash){0, 0};
    assert_int_equal(identity_set(m, block, &err), 0);
    assert_true(hash_eq(m->fingerprint, alone));
    model_close(m);
}

/* `settled` stands for the seconds that a file must have been left alone. */
static void a_remembered_hash(void **state)
{
    const char *path = in_folder("copy.gguf"), *hashes = in_folder("hashes");
    struct model *m, *again;
    struct err err = {0};

    (void)state;
    write_model(0, 0);
    m = open_identified(path);
    assert_false(m->file[0].settled); /* it is new */
    assert_int_equal(identity_remember(m, hashes, &err), 0);
    assert_false(file_exists(hashes));
    m->file[0].settled = true;
    assert_int_equal(identity_remember(m, hashes, &err), 0);
    assert_int_equal(identity_remember(m, hashes, &err), 0); /* once is enough */

    assert_int_equal(model_open(&again, path, &err), 0);
    assert_true(identity_recall(again, hashes, &err));
    assert_true(hash_eq(again->fingerprint, m->fingerprint));
    assert_int_equal(identity_check(again, &err), 0);
    model_close(again);

    poke(hashes, 3, 'x'); /* what is not as it was written does not count */
    assert_int_equal(model_open(&again, path, &err), 0);
    assert_false(identity_recall(again, hashes, &err));
    assert_int_equal(err.code, 0);
    assert_int_equal(identity_remember(m, hashes, &err), 0);
    assert_true(identity_recall(again, hashes, &err));
    model_close(again);

    poke(path, HASH_BLOCK, 1); /* nor what is remembered of bytes that were there */
    assert_int_equal(model_open(&again, path, &err), 0);
    assert_false(identity_recall(again, hashes, &err));
    model_close(again);
    model_close(m);
}

/* Size, time and inode as they were: only the change time, which nobody can set, tells. */
static void a_change_that_hides(void **state)
{
    const char *path = in_folder("copy.gguf"), *hashes = in_folder("hashes");
    struct model *m, *again;
    struct timespec times[2];
    struct err err = {0};
    struct stat st;

    (void)state;
    write_model(0, 0);
    m = open_identified(path);
    m->file[0].settled = true;
    assert_int_equal(identity_remember(m, hashes, &err), 0);
    assert_int_equal(stat(path, &st), 0);
    times[0] = st.st_atim;
    times[1] = st.st_mtim;
    poke(path, HASH_BLOCK, 1);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_int_equal(model_open(&again, path, &err), 0);
    assert_int_equal(again->file[0].map->stamp.mtime_ns, m->file[0].map->stamp.mtime_ns);
    assert_false(identity_recall(again, hashes, &err));
    model_close(again);
    assert_int_equal(identity_check(m, &err),
                     ERR_IO); /* it is mapped: its bytes are hashed again */
    assert_non_null(strstr(err.msg, "was changed while it was read"));
    model_close(m);
}

static void a_change_while_mapped(void **state)
{
    const char *path = in_folder("copy.gguf");
    struct model *m;
    struct err err = {0};

    (void)state;
    write_model(0, 0);
    m = open_identified(path);
    assert_int_equal(chmod(path, 0600), 0); /* another name, other rights: the bytes are the same */
    assert_int_equal(rename(path, in_folder("moved.gguf")), 0);
    assert_int_equal(identity_check(m, &err), 0);
    write_model(1, 0); /* another file takes the name; ours is still mapped */
    assert_int_equal(identity_check(m, &err), 0);
    poke(in_folder("moved.gguf"), HASH_BLOCK, 1);
    assert_int_equal(identity_check(m, &err), ERR_IO);
    model_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_byte_counts, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(shared_work, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_remembered_hash, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_change_that_hides, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_change_while_mapped, make_folder, remove_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
