/* Lets the N-th call that writes below a folder fail, be short, or end the process.

Loaded by LD_PRELOAD; SQLite and CPython reach the system through these names. It counts only after
fault_arm, in the process that called it. Writing through a shared mapping (SQLite's -shm, which
is rebuilt from its log) is no call and is not seen. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OFF, FULL_ONCE, FULL_ON, IO_ONCE, IO_ON, SHORT_ONCE, SHORT_THEN_FULL, DIE, DIE_HALFWAY };
enum { GROWS = 1, WRITES = 2, REMOVES = 4 }; /* what needs room; may be done by half; removes */

static char folder[PATH_MAX];
static size_t folder_length;
static int mode;
static long count, chosen, kept; /* kept: removals that failed */

void fault_arm(const char *below, long number, int how)
{
    snprintf(folder, sizeof folder, "%s/", below);
    folder_length = strlen(folder);
    count = kept = 0;
    chosen = number;
    mode = how;
}

long fault_count(void) { return count; }
long fault_kept(void) { return kept; }

static int below(const char *path) { return strncmp(path, folder, folder_length) == 0; }

static int below_fd(int fd)
{
    char link[64], path[PATH_MAX];
    int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 2);
    errno = saved;
    if (length < 0)
        return 0;
    strcpy(path + length, "/"); /* a folder's own descriptor is in it too */
    return below(path);
}

static int below_at(int fd, const char *path)
{
    return path[0] == '/' ? below(path) : fd != AT_FDCWD && below_fd(fd);
}

static void die(void) { kill(getpid(), SIGKILL); for (;;) pause(); }

enum { PASS, FAIL, HALF, HALF_THEN_DIE, PASS_THEN_DIE };

/* What to do with a call that is counted. */
static int decide(int kind)
{
    if (mode == OFF)
        return PASS;
    long number = ++count;
    int here = number == chosen, from_here = number >= chosen;
    switch (mode) {
    case FULL_ONCE: if (here && kind & GROWS) { errno = ENOSPC; return FAIL; } break;
    case FULL_ON: if (from_here && kind & GROWS) { errno = ENOSPC; return FAIL; } break;
    case IO_ONCE: if (here) { kept += !!(kind & REMOVES); errno = EIO; return FAIL; } break;
    case IO_ON: if (from_here) { kept += !!(kind & REMOVES); errno = EIO; return FAIL; } break;
    case SHORT_ONCE: if (here && kind & WRITES) return HALF; break;
    case SHORT_THEN_FULL:
        if (here && kind & WRITES) return HALF;
        if (from_here && kind & GROWS) { errno = ENOSPC; return FAIL; }
        break;
    case DIE: if (here) die(); break;
    case DIE_HALFWAY: if (here) return kind & WRITES ? HALF_THEN_DIE : PASS_THEN_DIE; break;
    }
    return PASS;
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name);

#define GUARDED(counted, kind, call) \
    do { \
        int todo = mode != OFF && (counted) ? decide(kind) : PASS; \
        if (todo == FAIL) return -1; \
        __typeof__(call) result = call; \
        if (todo == PASS_THEN_DIE) die(); \
        return result; \
    } while (0)

/* A half of one byte is none: the call fails then, as on a full disk. */
#define WRITTEN(fd, length, whole, half) \
    do { \
        int todo = mode != OFF && below_fd(fd) ? decide(GROWS | WRITES) : PASS; \
        if (todo == FAIL) return -1; \
        if (todo != HALF && todo != HALF_THEN_DIE) return whole; \
        if ((length) < 2) { errno = ENOSPC; return todo == HALF ? -1 : (die(), -1); } \
        ssize_t done = half; \
        if (todo == HALF_THEN_DIE) die(); \
        return done; \
    } while (0)

ssize_t write(int fd, const void *data, size_t length)
{
    REAL(write)
    WRITTEN(fd, length, real(fd, data, length), real(fd, data, length / 2));
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at)
{
    REAL(pwrite)
    WRITTEN(fd, length, real(fd, data, length, at), real(fd, data, length / 2, at));
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at)
{
    REAL(pwrite64)
    WRITTEN(fd, length, real(fd, data, length, at), real(fd, data, length / 2, at));
}

#define MAKES(flags) ((flags) & (O_CREAT | O_TRUNC) || ((flags) & O_TMPFILE) == O_TMPFILE)
#define OPENING(name, signature, counted, ...) \
    int name signature \
    { \
        REAL(name) \
        va_list rest; \
        va_start(rest, flags); \
        int permissions = MAKES(flags) ? va_arg(rest, int) : 0; \
        va_end(rest); \
        GUARDED(MAKES(flags) && (counted), GROWS, real(__VA_ARGS__, flags, permissions)); \
    }

OPENING(open, (const char *path, int flags, ...), below(path), path)
OPENING(open64, (const char *path, int flags, ...), below(path), path)
OPENING(openat, (int at, const char *path, int flags, ...), below_at(at, path), at, path)
OPENING(openat64, (int at, const char *path, int flags, ...), below_at(at, path), at, path)

int fsync(int fd) { REAL(fsync) GUARDED(below_fd(fd), GROWS, real(fd)); }
int fdatasync(int fd) { REAL(fdatasync) GUARDED(below_fd(fd), GROWS, real(fd)); }
int ftruncate(int fd, off_t length)
{
    REAL(ftruncate) GUARDED(below_fd(fd), GROWS, real(fd, length));
}
int ftruncate64(int fd, off64_t length)
{
    REAL(ftruncate64) GUARDED(below_fd(fd), GROWS, real(fd, length));
}
int fchmod(int fd, mode_t m) { REAL(fchmod) GUARDED(below_fd(fd), 0, real(fd, m)); }
int chmod(const char *path, mode_t m) { REAL(chmod) GUARDED(below(path), 0, real(path, m)); }
int mkdir(const char *path, mode_t m) { REAL(mkdir) GUARDED(below(path), GROWS, real(path, m)); }
int rmdir(const char *path) { REAL(rmdir) GUARDED(below(path), REMOVES, real(path)); }
int unlink(const char *path) { REAL(unlink) GUARDED(below(path), REMOVES, real(path)); }
int unlinkat(int at, const char *path, int flags)
{
    REAL(unlinkat) GUARDED(below_at(at, path), REMOVES, real(at, path, flags));
}
int rename(const char *from, const char *to)
{
    REAL(rename) GUARDED(below(to), GROWS, real(from, to));
}
int renameat(int at, const char *from, int to_at, const char *to)
{
    REAL(renameat) GUARDED(below_at(to_at, to), GROWS, real(at, from, to_at, to));
}
int link(const char *from, const char *to)
{
    REAL(link) GUARDED(below(to), GROWS, real(from, to));
}
int linkat(int at, const char *from, int to_at, const char *to, int flags)
{
    REAL(linkat) GUARDED(below_at(to_at, to), GROWS, real(at, from, to_at, to, flags));
}
