#define _GNU_SOURCE /* memfd_create, MADV_HUGEPAGE, syscall */

#include "cluster/segment.h"

#include "base/memory.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>
#endif

enum { HUGE_PAGE = 2 << 20 };

#if defined(__linux__) && defined(SYS_mbind) && defined(SYS_get_mempolicy)

/* Numbers of the kernel's interface; the headers that have names for them come with libnuma. */
enum { INTERLEAVE = 3, MEMORY_ALLOWED = 4 };
enum { WORD_BITS = 8 * sizeof(unsigned long), NODE_WORDS = 1024 / WORD_BITS };

static int allowed_nodes(unsigned long mask[NODE_WORDS])
{
    int n = 0;

    memset(mask, 0, NODE_WORDS * sizeof *mask);
    if (syscall(SYS_get_mempolicy, NULL, mask, (unsigned long)NODE_WORDS * WORD_BITS, NULL,
                (unsigned long)MEMORY_ALLOWED))
        return 1;
    for (size_t i = 0; i < NODE_WORDS * WORD_BITS; i++)
        n += (int)(mask[i / WORD_BITS] >> i % WORD_BITS & 1);
    return n ? n : 1;
}

int segment_numa_nodes(void)
{
    unsigned long mask[NODE_WORDS];

    return allowed_nodes(mask);
}

/* Pages that come are dealt out over the nodes. A system that refuses (some containers do) has
   them where they are first touched. */
static void deal_out(void *p, size_t n)
{
    unsigned long mask[NODE_WORDS];

    if (allowed_nodes(mask) > 1)
        (void)syscall(SYS_mbind, p, n, (unsigned long)INTERLEAVE, mask,
                      (unsigned long)NODE_WORDS * WORD_BITS, 0UL);
}
#else
int segment_numa_nodes(void)
{
    return 1;
}

static void deal_out(void *p, size_t n)
{
    (void)p;
    (void)n;
}
#endif

static void prefer_huge(void *p, size_t n)
{
#ifdef MADV_HUGEPAGE
    madvise(p, n, MADV_HUGEPAGE);
#else
    (void)p;
    (void)n;
#endif
}

/* An address for n bytes, where huge pages may begin; MAP_FAILED. */
static unsigned char *find_room(size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (n + page - 1) / page * page;
    unsigned char *p = mmap(NULL, whole + HUGE_PAGE, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    size_t skip;

    if (p == MAP_FAILED)
        return p;
    skip = (HUGE_PAGE - (uintptr_t)p % HUGE_PAGE) % HUGE_PAGE;
    if (skip)
        munmap(p, skip);
    if (HUGE_PAGE - skip)
        munmap(p + skip + whole, HUGE_PAGE - skip);
    return p + skip;
}

/* A file in memory, without a name; -1 where the system has none. */
static int open_shared(void)
{
#ifdef MFD_CLOEXEC
    return memfd_create("lensweep weights", MFD_CLOEXEC);
#else
    errno = ENOSYS;
    return -1;
#endif
}

static int no_segment(struct segment *s, const char *what, struct err *err)
{
    char text[STR_HUMAN];
    int why = errno;

    segment_drop(s);
    return err_set(err, ERR_MEMORY, "cannot %s %s of memory for the weights: %s", what,
                   str_bytes(text, (double)s->size), strerror(why));
}

/* Over room that is reserved, and let go with it on failure. */
static int map(struct segment *s, int protection, int flags, struct err *err)
{
    unsigned char *room = find_room(s->size);

    if (room == MAP_FAILED)
        return no_segment(s, "map", err);
    s->data = room;
    return mmap(room, s->size, protection, flags, s->fd, 0) == MAP_FAILED
               ? no_segment(s, "map", err)
               : 0;
}

/* What cannot be had is said here; later it would be a signal. */
static int check_free(size_t size, struct err *err)
{
    char a[STR_HUMAN], b[STR_HUMAN];
    double have = memory_free();

    if ((double)size <= have)
        return 0;
    return err_set(err, ERR_MEMORY,
                   "the weights take %s of memory on each node, and there are %s to spare",
                   str_bytes(a, (double)size), str_bytes(b, have));
}

int segment_make(struct segment *s, size_t size, bool shared, struct err *err)
{
    int flags = MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS);

    *s = (struct segment){NULL, size, -1};
    if (!size || check_free(size, err))
        return err->code;
    if (shared) {
        s->fd = open_shared();
        if (s->fd < 0 || ftruncate(s->fd, (off_t)size))
            return no_segment(s, "share", err);
    }
    if (map(s, PROT_READ | PROT_WRITE, flags, err))
        return err->code;
    deal_out(s->data, size);
    prefer_huge(s->data, size);
    return 0;
}

int segment_join(struct segment *s, int64_t pid, int fd, size_t size, struct err *err)
{
    char path[64];

    *s = (struct segment){NULL, size, -1};
    if (!size)
        return 0;
    snprintf(path, sizeof path, "/proc/%lld/fd/%d", (long long)pid, fd);
    s->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (s->fd < 0)
        return no_segment(s, "share", err);
    if (map(s, PROT_READ, MAP_SHARED | MAP_FIXED, err))
        return err->code;
    prefer_huge(s->data, size);
    return 0;
}

void segment_seal(struct segment *s)
{
    if (s->data)
        mprotect(s->data, s->size, PROT_READ);
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

void segment_drop(struct segment *s)
{
    if (s->data)
        munmap(s->data, s->size);
    if (s->fd >= 0)
        close(s->fd);
    s->data = NULL;
    s->fd = -1;
}
