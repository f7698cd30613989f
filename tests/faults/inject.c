/*
 * A library that makes one call of the program fail: LD_PRELOAD it.
 *
 *     LENSWEEP_FAULT=write:7:ENOSPC    the 7th write fails; write:7+:ENOSPC: all from the 7th on
 *     LENSWEEP_FAULT_DIR=DIR           only files below DIR, an absolute path: MPI has others
 *     LENSWEEP_FAULT_LOG=FILE          gets "hit KIND PATH" when it fails, "KIND COUNT" at the end
 *     LENSWEEP_FAULT_TRACE=FILE        gets "KIND PATH" of each call but of alloc, in their order
 *     LENSWEEP_FAULT_PLACES=FILE       gets "KIND NUMBER PLACE" of each: a hash of who called whom
 *
 * Kinds are in the list below; `any` is each of them but alloc: any:7+:ESTALE is a file system that
 * has vanished. SHORT in place of an error makes read and write do half of what they
 * were asked. An `alloc` counts when the program itself calls, not a library. The processes that
 * the program starts are left alone.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define KINDS(X) \
    X(open)      \
    X(read)      \
    X(pread)     \
    X(write)     \
    X(pwrite)    \
    X(fsync)     \
    X(fdatasync) \
    X(rename)    \
    X(ftruncate) \
    X(mkdir)     \
    X(mmap)      \
    X(alloc)     \
    X(any)

enum kind {
#define X(name) K_##name,
    KINDS(X)
#undef X
        N_KINDS
};

static const char *const kinds[] = {
#define X(name) #name,
    KINDS(X)
#undef X
};

static const struct {
    const char *name;
    int number;
} errors[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO},       {"ENOMEM", ENOMEM}, {"EINTR", EINTR},
              {"EMFILE", EMFILE}, {"ESTALE", ESTALE}, {"EACCES", EACCES}, {"SHORT", -1}};

static atomic_long calls[N_KINDS];
static struct {
    bool on, all_after;
    int kind, error; /* kind -1: only counting */
    long nth;
    const char *dir, *log, *trace, *places;
    uintptr_t program_begin, program_end; /* the program's own code */
} fault = {.kind = -1};

/* The real functions ----------------------------------------------------------------------- */

static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static DIR *(*real_opendir)(const char *);
static FILE *(*real_fopen)(const char *, const char *);
static ssize_t (*real_read)(int, void *, size_t);
static ssize_t (*real_pread)(int, void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fsync)(int), (*real_fdatasync)(int), (*real_ftruncate)(int, off_t);
static int (*real_rename)(const char *, const char *), (*real_mkdir)(const char *, mode_t);
static void *(*real_mmap)(void *, size_t, int, int, int, off_t);
void *__libc_calloc(size_t, size_t); /* dlsym may call calloc itself */

/* Another library's constructor may call before ours has run. */
static void find_real(void)
{
#define FIND(name) *(void **)(&real_##name) = dlsym(RTLD_NEXT, #name)
    FIND(open);
    FIND(openat);
    FIND(opendir);
    FIND(fopen);
    FIND(read);
    FIND(pread);
    FIND(write);
    FIND(pwrite);
    FIND(fsync);
    FIND(fdatasync);
    FIND(ftruncate);
    FIND(rename);
    FIND(mkdir);
    FIND(mmap);
#undef FIND
}

/* Set-up and counts ------------------------------------------------------------------------ */

static void put_line(const char *path, const char *line)
{
    int fd = path ? real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;

    if (fd >= 0) {
        if (real_write(fd, line, strlen(line)) < 0)
            fault.log = fault.trace = fault.places = NULL;
        close(fd);
    }
}

static void put_log(const char *line)
{
    put_line(fault.log, line);
}

static void fatal(const char *text)
{
    dprintf(STDERR_FILENO, "LENSWEEP_FAULT is \"%s\": expected KIND:NUMBER:ERROR\n", text);
    _exit(99);
}

static void parse(const char *text)
{
    char kind[16], error[16], plus[2] = "";

    if (sscanf(text, "%15[a-z]:%ld:%15[A-Z]", kind, &fault.nth, error) != 3 &&
        sscanf(text, "%15[a-z]:%ld%1[+]:%15[A-Z]", kind, &fault.nth, plus, error) != 4)
        fatal(text);
    fault.all_after = plus[0];
    for (int i = 0; i < N_KINDS; i++)
        if (!strcmp(kind, kinds[i]))
            fault.kind = i;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (!strcmp(error, errors[i].name))
            fault.error = errors[i].number;
    if (fault.kind < 0 || !fault.error)
        fatal(text);
}

/* The first object is the program. */
static int take_program(struct dl_phdr_info *o, size_t size, void *ctx)
{
    (void)size;
    (void)ctx;
    for (int i = 0; i < o->dlpi_phnum; i++)
        if (o->dlpi_phdr[i].p_type == PT_LOAD && o->dlpi_phdr[i].p_flags & PF_X) {
            fault.program_begin = o->dlpi_addr + o->dlpi_phdr[i].p_vaddr;
            fault.program_end = fault.program_begin + o->dlpi_phdr[i].p_memsz;
        }
    return 1;
}

__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv("LENSWEEP_FAULT");

    find_real();
    if (strcmp(program_invocation_short_name, "lensweep") != 0)
        return;
    fault.dir = getenv("LENSWEEP_FAULT_DIR");
    fault.log = getenv("LENSWEEP_FAULT_LOG");
    fault.trace = getenv("LENSWEEP_FAULT_TRACE");
    fault.places = getenv("LENSWEEP_FAULT_PLACES");
    dl_iterate_phdr(take_program, NULL);
    if (text && *text)
        parse(text);
    fault.on = true;
}

__attribute__((destructor)) static void end(void)
{
    char line[64];

    if (!fault.on)
        return;
    fault.on = false;
    for (int i = 0; i < N_KINDS; i++) {
        snprintf(line, sizeof line, "%s %ld\n", kinds[i], atomic_load(&calls[i]));
        put_log(line);
    }
}

/* Return addresses, as they lie in the files of program and libraries: the same in each run. */
static uint64_t place(void)
{
    void *frame[64];
    int n = backtrace(frame, sizeof frame / sizeof *frame);
    uint64_t hash = 14695981039346656037u;

    for (int i = 0; i < n; i++) {
        Dl_info of = {0};
        uintptr_t at = (uintptr_t)frame[i];

        at -= dladdr(frame[i], &of) ? (uintptr_t)of.dli_fbase : at;
        hash = (hash ^ at) * 1099511628211u;
    }
    return hash;
}

static int count_as(enum kind kind, const char *path)
{
    char line[PATH_MAX + 32];
    long n = atomic_fetch_add(&calls[kind], 1) + 1;

    if (fault.places) {
        snprintf(line, sizeof line, "%s %ld %016llx\n", kinds[kind], n,
                 (unsigned long long)place());
        put_line(fault.places, line);
    }
    if ((int)kind != fault.kind || n < fault.nth || (n > fault.nth && !fault.all_after))
        return 0;
    snprintf(line, sizeof line, "hit %s %s\n", kinds[kind], path);
    put_log(line);
    return fault.error;
}

/* Counts a call; the error that it has to fail with, 0 = none, -1 = short. */
static int count(enum kind kind, const char *path)
{
    char line[PATH_MAX + 32];
    int error = count_as(kind, path);

    if (fault.trace && kind != K_alloc) {
        snprintf(line, sizeof line, "%s %s\n", kinds[kind], path);
        put_line(fault.trace, line);
    }
    return error || kind == K_alloc ? error : count_as(K_any, path);
}

static int named(enum kind kind, const char *path)
{
    if (!real_open)
        find_real();
    if (!fault.on || !fault.dir || !path || strncmp(path, fault.dir, strlen(fault.dir)) != 0)
        return 0;
    return count(kind, path);
}

static int of_fd(enum kind kind, int fd)
{
    char link[64], path[PATH_MAX];
    ssize_t n;

    if (!real_open)
        find_real();
    if (!fault.on || fd < 0)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof path - 1);
    if (n < 0)
        return 0;
    path[n] = '\0';
    return named(kind, path);
}

/* What the program calls ------------------------------------------------------------------- */

/* Returns the value, with errno, if the call is to fail; `error` is then its number. */
#define FAIL(error, value)    \
    do {                      \
        int failure_ = error; \
        if (failure_ > 0) {   \
            errno = failure_; \
            return value;     \
        }                     \
    } while (0)

static mode_t mode_of(int flags, va_list ap)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    mode_t mode;
    va_list ap;

    va_start(ap, flags);
    mode = mode_of(flags, ap);
    va_end(ap);
    FAIL(named(K_open, path), -1);
    return real_open(path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
    mode_t mode;
    va_list ap;

    va_start(ap, flags);
    mode = mode_of(flags, ap);
    va_end(ap);
    FAIL(named(K_open, path), -1);
    return real_openat(dir, path, flags, mode);
}

DIR *opendir(const char *path)
{
    FAIL(named(K_open, path), NULL);
    return real_opendir(path);
}

FILE *fopen(const char *path, const char *mode)
{
    FAIL(named(K_open, path), NULL);
    return real_fopen(path, mode);
}

ssize_t read(int fd, void *p, size_t n)
{
    int error = of_fd(K_read, fd);

    FAIL(error, -1);
    return real_read(fd, p, error && n > 1 ? n / 2 : n);
}

ssize_t pread(int fd, void *p, size_t n, off_t at)
{
    int error = of_fd(K_pread, fd);

    FAIL(error, -1);
    return real_pread(fd, p, error && n > 1 ? n / 2 : n, at);
}

ssize_t write(int fd, const void *p, size_t n)
{
    int error = of_fd(K_write, fd);

    FAIL(error, -1);
    return real_write(fd, p, error && n > 1 ? n / 2 : n);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    int error = of_fd(K_pwrite, fd);

    FAIL(error, -1);
    return real_pwrite(fd, p, error && n > 1 ? n / 2 : n, at);
}

int fsync(int fd)
{
    FAIL(of_fd(K_fsync, fd), -1);
    return real_fsync(fd);
}

int fdatasync(int fd)
{
    FAIL(of_fd(K_fdatasync, fd), -1);
    return real_fdatasync(fd);
}

int ftruncate(int fd, off_t n)
{
    FAIL(of_fd(K_ftruncate, fd), -1);
    return real_ftruncate(fd, n);
}

int rename(const char *from, const char *to)
{
    FAIL(named(K_rename, to), -1);
    return real_rename(from, to);
}

int mkdir(const char *path, mode_t mode)
{
    FAIL(named(K_mkdir, path), -1);
    return real_mkdir(path, mode);
}

void *mmap(void *p, size_t n, int protection, int flags, int fd, off_t at)
{
    FAIL(of_fd(K_mmap, fd), MAP_FAILED);
    return real_mmap(p, n, protection, flags, fd, at);
}

void *calloc(size_t n, size_t size)
{
    uintptr_t caller = (uintptr_t)__builtin_return_address(0);

    if (fault.on && caller >= fault.program_begin && caller < fault.program_end)
        FAIL(count(K_alloc, ""), NULL);
    return __libc_calloc(n, size);
}

/* Where off_t is 64 bits wide they are the same. */
#define SAME(name) __attribute__((alias(#name)))
int open64(const char *path, int flags, ...) SAME(open);
int openat64(int dir, const char *path, int flags, ...) SAME(openat);
ssize_t pread64(int fd, void *p, size_t n, off64_t at) SAME(pread);
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at) SAME(pwrite);
int ftruncate64(int fd, off64_t n) SAME(ftruncate);
void *mmap64(void *p, size_t n, int protection, int flags, int fd, off64_t at) SAME(mmap);
