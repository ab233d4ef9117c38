/* Lets the k-th system call that changes a file below one folder fail, be cut short, or be the last thing that a process does.
 *
 * Preloaded (LD_PRELOAD) into a Python that opens catalogs; it does nothing until `fault_arm` is called, by ctypes.
 * Calls are counted over all threads of the process, in the order in which they begin. `fault_log` writes them down
 * instead, with their content, in the order in which they were done: powercut.py makes disks from that.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 1, SYNC = 2, LINK = 4, UNLINK = 8, RENAME = 16, CUT = 32, MAKE = 64 };

static char folder[PATH_MAX];
static size_t folder_length;
static int wanted, fault_errno, is_short;
static long first, last;
static atomic_long seen, hits;
static atomic_int armed;
static int log_fd = -1;
static const char *promise; /* what has been promised to the caller by now, beside each call that is logged */
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
enum { PROMISE_BYTES = 192, CREATE = 128, FOLDER = 129, UNFOLDER = 130, TRUNCATE = 131 };

/* `wanted`: kinds that count. error 0 kills. Calls number `first` to `last` are hit; `cut`: a hit write writes half. */
void fault_arm(const char *below, int kinds, int error, long from, long to, int cut) {
    strncpy(folder, below, sizeof folder - 1);
    folder_length = strlen(folder);
    wanted = kinds, fault_errno = error, first = from, last = to, is_short = cut;
    atomic_store(&seen, 0);
    atomic_store(&hits, 0);
    atomic_store(&armed, 1);
}

void fault_log(const char *below, int fd, const char *promises) {
    strncpy(folder, below, sizeof folder - 1);
    folder_length = strlen(folder);
    wanted = 0, promise = promises, log_fd = fd;
}

void fault_disarm(void) { atomic_store(&armed, 0); }
long fault_seen(void) { return atomic_load(&seen); }
long fault_hits(void) { return atomic_load(&hits); }

static int is_below(const char *path) {
    char joined[2 * PATH_MAX + 2], here[PATH_MAX];
    if (path[0] != '/' && getcwd(here, sizeof here)) {
        snprintf(joined, sizeof joined, "%s/%s", here, path);
        path = joined;
    }
    return strncmp(path, folder, folder_length) == 0;
}

static int is_fd_below(int fd) {
    char name[40], path[PATH_MAX];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below(path);
}

static int is_at_below(int dir, const char *path) {
    return path[0] == '/' || dir == AT_FDCWD ? is_below(path) : is_fd_below(dir);
}

/* 0: go on; 1: fail with errno set; 2: cut this write short. */
static int fate(int kind) {
    long number = atomic_fetch_add(&seen, 1) + 1;
    if (number < first || number > last) return 0;
    atomic_fetch_add(&hits, 1);
    if (fault_errno == 0) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    if (is_short && kind == WRITE && number == first) return 2;
    errno = fault_errno;
    return 1;
}

/* A record: kind, offset, length of path, other path and content, what was promised; then the three. */
static void note(int kind, const char *path, const char *other, int64_t offset, const void *content, int64_t size) {
    struct { int64_t kind, offset, path, other, size; } head = {kind, offset, strlen(path), strlen(other), size};
    struct iovec parts[] = {
        {&head, sizeof head}, {(void *)promise, PROMISE_BYTES}, {(void *)path, head.path}, {(void *)other, head.other},
        {(void *)content, content ? size : 0},
    };
    int before = errno;
    syscall(SYS_writev, log_fd, parts, 5);
    errno = before;
}

static void note_fd(int kind, int fd, int64_t offset, const void *content, int64_t size) {
    char name[40], path[PATH_MAX];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, path, sizeof path - 1);
    struct stat found;
    if (length < 0 || fstat(fd, &found)) return;
    path[length] = 0;
    if (strncmp(path, folder, folder_length)) return;
    char inode[32]; /* by number: the file may have another name by now, or none */
    snprintf(inode, sizeof inode, "%llu", (unsigned long long)found.st_ino);
    note(kind, path, inode, offset, content, size);
}

static const char *whole(int dir, const char *path, char *joined) {
    char name[40], here[PATH_MAX];
    if (path[0] == '/') return path;
    snprintf(name, sizeof name, dir == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", dir);
    ssize_t length = readlink(name, here, sizeof here - 1);
    if (length < 0) return path;
    here[length] = 0;
    snprintf(joined, 2 * PATH_MAX + 2, "%s/%s", here, path);
    return joined;
}

static void note_path(int kind, int dir, const char *path, int other_dir, const char *other) {
    char inode[32] = "", joined[2 * PATH_MAX + 2], other_joined[2 * PATH_MAX + 2];
    path = whole(dir, path, joined);
    if (*other) other = whole(other_dir, other, other_joined);
    struct stat found;
    if (kind == CREATE && !lstat(path, &found)) {
        snprintf(inode, sizeof inode, "%llu", (unsigned long long)found.st_ino);
        other = inode;
    }
    if (is_below(path)) note(kind, path, other, 0, 0, 0);
}

/* Do a call and write it down as one step. */
#define LOGGED(result, call, noting) \
    if (log_fd < 0) return call; \
    pthread_mutex_lock(&log_lock); \
    result done = call; \
    if (done >= 0) { noting; } \
    pthread_mutex_unlock(&log_lock); \
    return done

#define REAL(result, name, ...) \
    static result (*real)(__VA_ARGS__); \
    if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)
#define IS_ON(kind, test) (atomic_load(&armed) && (wanted & (kind)) && (test))

ssize_t write(int fd, const void *content, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    if (IS_ON(WRITE, is_fd_below(fd))) {
        int what = fate(WRITE);
        if (what == 1) return -1;
        if (what == 2 && size > 1) size /= 2;
    }
    LOGGED(ssize_t, real(fd, content, size), note_fd(WRITE, fd, lseek(fd, 0, SEEK_CUR) - done, content, done));
}

#define PWRITE(name, offset_type) \
    ssize_t name(int fd, const void *content, size_t size, offset_type offset) { \
        REAL(ssize_t, #name, int, const void *, size_t, offset_type); \
        if (IS_ON(WRITE, is_fd_below(fd))) { \
            int what = fate(WRITE); \
            if (what == 1) return -1; \
            if (what == 2 && size > 1) size /= 2; \
        } \
        LOGGED(ssize_t, real(fd, content, size, offset), note_fd(WRITE, fd, offset, content, done)); \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    if (IS_ON(WRITE, is_fd_below(fd)) && fate(WRITE) == 1) return -1;
    if (log_fd >= 0 && is_fd_below(fd)) abort(); /* nobody does it yet: then its content must be written down */
    return real(fd, parts, count);
}

#define ON_FD(name, kind) \
    int name(int fd) { \
        REAL(int, #name, int); \
        if (IS_ON(kind, is_fd_below(fd)) && fate(kind)) return -1; \
        LOGGED(int, real(fd), note_fd(kind, fd, 0, 0, 0)); \
    }
ON_FD(fsync, SYNC)
ON_FD(fdatasync, SYNC)

#define CUTTING(name, type) \
    int name(int fd, type size) { \
        REAL(int, #name, int, type); \
        if (IS_ON(CUT, is_fd_below(fd)) && fate(CUT)) return -1; \
        LOGGED(int, real(fd, size), note_fd(TRUNCATE, fd, size, 0, 0)); \
    }
CUTTING(ftruncate, off_t)
CUTTING(ftruncate64, off64_t)

int link(const char *from, const char *to) {
    REAL(int, "link", const char *, const char *);
    if (IS_ON(LINK, is_below(to)) && fate(LINK)) return -1;
    LOGGED(int, real(from, to), note_path(LINK, AT_FDCWD, to, AT_FDCWD, from));
}
int linkat(int a, const char *from, int b, const char *to, int flags) {
    REAL(int, "linkat", int, const char *, int, const char *, int);
    if (IS_ON(LINK, is_at_below(b, to)) && fate(LINK)) return -1;
    LOGGED(int, real(a, from, b, to, flags), note_path(LINK, b, to, a, from));
}
int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    if (IS_ON(UNLINK, is_below(path)) && fate(UNLINK)) return -1;
    LOGGED(int, real(path), note_path(UNLINK, AT_FDCWD, path, 0, ""));
}
int unlinkat(int dir, const char *path, int flags) {
    REAL(int, "unlinkat", int, const char *, int);
    if (IS_ON(UNLINK, is_at_below(dir, path)) && fate(UNLINK)) return -1;
    LOGGED(int, real(dir, path, flags), note_path(flags & AT_REMOVEDIR ? UNFOLDER : UNLINK, dir, path, 0, ""));
}
int rmdir(const char *path) {
    REAL(int, "rmdir", const char *);
    if (IS_ON(UNLINK, is_below(path)) && fate(UNLINK)) return -1;
    LOGGED(int, real(path), note_path(UNFOLDER, AT_FDCWD, path, 0, ""));
}
int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    if (IS_ON(RENAME, is_below(to)) && fate(RENAME)) return -1;
    LOGGED(int, real(from, to), note_path(RENAME, AT_FDCWD, to, AT_FDCWD, from));
}
int renameat(int a, const char *from, int b, const char *to) {
    REAL(int, "renameat", int, const char *, int, const char *);
    if (IS_ON(RENAME, is_at_below(b, to)) && fate(RENAME)) return -1;
    LOGGED(int, real(a, from, b, to), note_path(RENAME, b, to, a, from));
}
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
    REAL(int, "renameat2", int, const char *, int, const char *, unsigned);
    if (IS_ON(RENAME, is_at_below(b, to)) && fate(RENAME)) return -1;
    LOGGED(int, real(a, from, b, to, flags), note_path(RENAME, b, to, a, from));
}
int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    if (IS_ON(MAKE, is_below(path)) && fate(MAKE)) return -1;
    LOGGED(int, real(path, mode), note_path(FOLDER, AT_FDCWD, path, 0, ""));
}

static int mode_of(int flags, va_list rest) {
    return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(rest, int) : 0;
}

#define OPENING(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, #name, const char *, int, ...); \
        va_list rest; \
        va_start(rest, flags); \
        int mode = mode_of(flags, rest); \
        va_end(rest); \
        /* Only an opening that would make the file: one that is there opens on a full disk, too. */ \
        if ((flags & O_CREAT) && IS_ON(MAKE, is_below(path)) && access(path, F_OK) != 0 && fate(MAKE)) return -1; \
        if (!(flags & O_CREAT) || access(path, F_OK) == 0) return real(path, flags, mode); \
        LOGGED(int, real(path, flags, mode), note_path(CREATE, AT_FDCWD, path, 0, "")); \
    }
OPENING(open)
OPENING(open64)

#define OPENING_AT(name) \
    int name(int dir, const char *path, int flags, ...) { \
        REAL(int, #name, int, const char *, int, ...); \
        va_list rest; \
        va_start(rest, flags); \
        int mode = mode_of(flags, rest); \
        va_end(rest); \
        if ((flags & O_CREAT) && IS_ON(MAKE, is_at_below(dir, path)) && faccessat(dir, path, F_OK, 0) != 0 && fate(MAKE)) return -1; \
        if (!(flags & O_CREAT) || faccessat(dir, path, F_OK, 0) == 0) return real(dir, path, flags, mode); \
        LOGGED(int, real(dir, path, flags, mode), note_path(CREATE, dir, path, 0, "")); \
    }
OPENING_AT(openat)
OPENING_AT(openat64)
