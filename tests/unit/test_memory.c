/* How much memory there is: control groups of both versions, the address space, and segments that
   processes share. */
#define _DEFAULT_SOURCE /* usleep */
#include "base/memory.h"

#include "cluster/segment.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char root[] = "/tmp/lensweep-memory-XXXXXX";

static int make_root(void **state)
{
    (void)state;
    return mkdtemp(root) ? 0 : -1;
}

static void in_root(char *path, size_t n, const char *name)
{
    snprintf(path, n, "%s/%s", root, name);
}

static void put_dir(const char *name)
{
    char path[256];

    in_root(path, sizeof path, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void put_text(const char *name, const char *text)
{
    char path[256];
    FILE *f;

    in_root(path, sizeof path, name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static int remove_root(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof command, "rm -r %s", root);
    return system(command);
}

/* The least limit of a group and those above it counts, and what is in use there. */
static void test_groups(void **state)
{
    double used;

    (void)state;
    put_dir("job");
    put_dir("job/step");
    put_text("job/memory.max", "2000000\n");
    put_text("job/memory.current", "700000\n");
    put_text("job/memory.stat", "anon 400000\ninactive_file 300000\nactive_file 0\n");
    put_text("job/step/memory.max", "max\n");
    put_text("job/step/memory.current", "100000\n");
    assert_true(memory_group_limit("0::/job/step\n", root, &used) == 2000000);
    assert_true(used == 400000);
    put_text("job/step/memory.max", "1500000\n");
    assert_true(memory_group_limit("0::/job/step\n", root, &used) == 1500000);
    assert_true(used == 100000);
    assert_true(isinf(memory_group_limit("0::/\n", root, NULL)));
    assert_true(isinf(memory_group_limit("0::/gone\n", root, NULL)));
    put_text("memory.max", "9000\n"); /* in a container its own group is the root */
    assert_true(memory_group_limit("0::/\n", root, NULL) == 9000);
    assert_true(memory_group_limit("0::/gone\n", root, NULL) == 9000);
    assert_true(isinf(memory_group_limit("", root, &used)) && used == 0);
    assert_true(isinf(memory_group_limit("nonsense\n1:x\n", root, NULL)));
}

static void test_groups_of_version_1(void **state)
{
    const char *groups = "4:cpu,cpuacct:/a\n7:hugetlb,memory:/a\n1:name=systemd:/b\n";
    double used;

    (void)state;
    put_dir("memory");
    put_dir("memory/a");
    put_text("memory/memory.limit_in_bytes", "9223372036854771712\n");
    put_text("memory/a/memory.limit_in_bytes", "4096000\n");
    put_text("memory/a/memory.usage_in_bytes", "1000\n");
    assert_true(memory_group_limit(groups, root, &used) == 4096000);
    assert_true(used == 1000);
    assert_true(isinf(memory_group_limit("3:memory:/b\n", root, NULL)));
}

static void test_here(void **state)
{
    (void)state;
    assert_true(memory_allowed() > 0 && memory_free() > 0);
    assert_true(memory_free() <= memory_allowed());
}

/* A child of little address space says so; more than there is refused without a limit, too. */
static void test_address_space(void **state)
{
    struct err err = {0};
    int status;
    pid_t child;

    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* it maps terabytes */
#endif
    child = fork();
    if (!child) {
        struct rlimit limit = {1 << 28, 1 << 28};

        setrlimit(RLIMIT_AS, &limit);
        _exit(memory_address_space() > 1 << 28 || memory_check_space(1 << 20, "a", &err) ||
              memory_check_space(1 << 28, "this", &err) != ERR_MEMORY ||
              !strstr(err.msg, "this needs 256 MiB of address space"));
    }
    assert_true(waitpid(child, &status, 0) == child && status == 0);
    assert_true(isinf(memory_address_space()));
    assert_int_equal(memory_check_space(0x1p62, "that", &err), ERR_MEMORY);
}

enum { BYTES = (5 << 20) + 17 };

static void fill(unsigned char *p)
{
    for (size_t i = 0; i < BYTES; i++)
        p[i] = (unsigned char)(i * 7 >> 3);
}

static int differs(const unsigned char *p)
{
    size_t i = 0;

    while (i < BYTES && p[i] == (unsigned char)(i * 7 >> 3))
        i++;
    return i < BYTES;
}

/* Another process reads what the maker writes, whether it joins before or after. */
static void test_segment(void **state)
{
    struct segment s, t;
    struct err err = {0};
    pid_t maker = getpid(), child;
    int status;

    (void)state;
    assert_int_equal(segment_make(&s, BYTES, true, &err), 0);
    child = fork();
    if (!child) {
        if (segment_join(&t, maker, s.fd, BYTES, &err))
            _exit(2);
        for (int i = 0; i < 1000 && t.data[BYTES - 1] == 0; i++)
            usleep(10000);
        _exit(differs(t.data));
    }
    fill(s.data);
    assert_true(waitpid(child, &status, 0) == child && status == 0);
    segment_seal(&s);
    assert_false(differs(s.data));
    segment_drop(&s);
    assert_int_equal(segment_join(&t, maker, 9999, BYTES, &err), ERR_MEMORY);
    assert_null(t.data);
}

static void test_segment_alone(void **state)
{
    struct segment s;
    struct err err = {0};

    (void)state;
    assert_true(segment_numa_nodes() >= 1);
    assert_int_equal(segment_make(&s, BYTES, false, &err), 0);
    fill(s.data);
    segment_seal(&s);
    assert_false(differs(s.data));
    segment_drop(&s);
    assert_int_equal(segment_make(&s, 0, true, &err), 0);
    assert_null(s.data);
    assert_int_equal(segment_make(&s, SIZE_MAX / 4, true, &err), ERR_MEMORY);
    assert_non_null(strstr(err.msg, "to spare"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups),  cmocka_unit_test(test_groups_of_version_1),
        cmocka_unit_test(test_here),    cmocka_unit_test(test_address_space),
        cmocka_unit_test(test_segment), cmocka_unit_test(test_segment_alone),
    };

    return cmocka_run_group_tests(tests, make_root, remove_root);
}
