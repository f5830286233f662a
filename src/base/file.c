#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Most bytes of one pread of what is not in the page cache. That holds as much of it at once as unfinished
 * reading, which counts in the process's memory cgroup and cannot be reclaimed: slices of a megabyte got the
 * process killed in a cgroup of its budget. */
enum {
    PIECE = 128 << 10,
    CACHESTAT = 451 /* the system call, on every architecture */
};

#define SELF "/proc/self/fd/%d"
enum { SELF_BYTES = 32, MOST_NAMES = 10000, NAME_BYTES = 64 /* of a temporary name, beside the folder's */ };

enum dn_status dn_input_open(struct dn_input *in, const char *path, struct dn_error *err)
{
    struct stat st;
    in->path = path;
    in->sparing = false;
    in->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (in->fd < 0)
        return dn_fail(err, DN_IO, "%s: cannot open the file: %s", path, strerror(errno));
    if (fstat(in->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        dn_input_close(in);
        return dn_fail(err, DN_IO, "%s: is not a regular file", path);
    }
    in->size = (int64_t)st.st_size;
    return DN_OK;
}

void dn_input_close(struct dn_input *in)
{
    if (in->fd >= 0)
        close(in->fd);
    in->fd = -1;
}

/* Are these bytes of the file in the page cache? On a kernel that does not tell (before 6.5): no.
 * Asking by reading with RWF_NOWAIT brings them there. */
static bool is_cached(int fd, int64_t offset, size_t bytes)
{
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), begin = (uint64_t)offset / page;
    const uint64_t pages = ((uint64_t)offset + bytes + page - 1) / page - begin;
    struct {
        uint64_t offset, bytes;
    } range = {begin * page, pages * page};
    struct {
        uint64_t cached, dirty, writeback, evicted, recently_evicted;
    } found = {0};
    return syscall(CACHESTAT, fd, &range, &found, 0) == 0 && found.cached >= pages;
}

enum dn_status dn_input_read(const struct dn_input *in, int64_t offset, void *buffer, size_t bytes,
                             struct dn_error *err)
{
    bool spare = in->sparing && !is_cached(in->fd, offset, bytes);
    size_t done = 0;
    while (done < bytes) {
        size_t piece = spare && bytes - done > PIECE ? PIECE : bytes - done;
        off_t at = (off_t)(offset + (int64_t)done);
        ssize_t n = pread(in->fd, (char *)buffer + done, piece, at);
        if (spare && n > 0)
            posix_fadvise(in->fd, at, n, POSIX_FADV_DONTNEED);
        if (n > 0)
            done += (size_t)n;
        else if (n == 0)
            return dn_fail(err, DN_IO,
                           "%s: ended at byte %lld while %zu bytes at %lld were expected: the file "
                           "became shorter while it was in use",
                           in->path, (long long)(offset + (int64_t)done), bytes, (long long)offset);
        else if (errno != EINTR)
            return dn_fail(err, DN_IO, "%s: cannot read %zu bytes at %lld: %s", in->path, bytes,
                           (long long)offset, strerror(errno));
    }
    return DN_OK;
}

void dn_input_spare_page_cache(struct dn_input *in)
{
    in->sparing = true;
    posix_fadvise(in->fd, 0, 0, POSIX_FADV_RANDOM);
}

enum dn_status dn_read_text(const char *path, size_t limit, char **text, size_t *size,
                            struct dn_error *err)
{
    struct dn_input in = {.fd = -1};
    enum dn_status status = dn_input_open(&in, path, err);
    if (status)
        return status;
    size_t bytes = (size_t)in.size;
    char *buffer = NULL;
    if (bytes > limit)
        status = dn_fail(err, DN_INVALID, "%s: has %zu bytes; a text file of at most %zu is allowed",
                         path, bytes, limit);
    else if (!(buffer = malloc(bytes + 1)))
        status = dn_fail(err, DN_NO_MEMORY, "%s: no memory for its %zu bytes", path, bytes);
    else
        status = dn_input_read(&in, 0, buffer, bytes, err);
    dn_input_close(&in);
    if (!status && memchr(buffer, 0, bytes))
        status = dn_fail(err, DN_INVALID, "%s: is not a text file (it contains a zero byte)", path);
    if (status) {
        free(buffer);
        return status;
    }
    buffer[bytes] = 0;
    *text = buffer;
    *size = bytes;
    return DN_OK;
}

/* Standard output or standard error, if it goes to this file; else -1. */
static int stream_to(const struct stat *file)
{
    struct stat st;
    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
        if (fstat(fd, &st) == 0 && st.st_dev == file->st_dev && st.st_ino == file->st_ino)
            return fd;
    return -1;
}

/* A rename would put a file in the place of a device or a pipe, and would part a file from what the process still
 * prints into it. */
static bool is_replaced(const struct stat *found)
{
    return !found || (S_ISREG(found->st_mode) && stream_to(found) < 0);
}

static int open_directly(const char *path, const struct stat *found)
{
    if (S_ISREG(found->st_mode))
        return fcntl(stream_to(found), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return open(path, O_WRONLY | O_CLOEXEC);
}

static int folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (int)(slash + 1 - path) : 0;
}

/* What a path stands for after symbolic links, which may lead to a file that does not exist yet. NULL without
 * memory. */
static char *follow_links(const char *path)
{
    char link[PATH_MAX], *target = strdup(path);
    ssize_t n;
    while (target && (n = readlink(target, link, sizeof link - 1)) >= 0) {
        char *next;
        link[n] = 0;
        if (asprintf(&next, "%.*s%s", link[0] == '/' ? 0 : folder_length(target), target, link) < 0)
            next = NULL;
        free(target);
        target = next;
    }
    return target;
}

/* A file without a name in the folder of out->path: whatever ends the process, nothing of it remains. -1 where
 * the system has none, or could not give it a name later. */
static int open_nameless(struct dn_output *out, mode_t mode)
{
    char self[SELF_BYTES];
    sprintf(out->temporary, "%.*s.", folder_length(out->path), out->path);
    int fd = open(out->temporary, O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
    out->temporary[0] = 0;
    snprintf(self, sizeof self, SELF, fd);
    if (fd < 0 || access(self, F_OK) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Takes a name that nobody has beside out->path, for a new file or, fd >= 0, for a nameless one. -1: errno tells
 * why not. */
static int take_name(struct dn_output *out, int fd, mode_t mode)
{
    char self[SELF_BYTES];
    snprintf(self, sizeof self, SELF, fd);
    for (int i = 0, taken; i < MOST_NAMES; i++) {
        sprintf(out->temporary, "%.*sdarknet-%ld-%d.tmp", folder_length(out->path), out->path, (long)getpid(), i);
        taken = fd < 0 ? open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
                       : linkat(AT_FDCWD, self, AT_FDCWD, out->temporary, AT_SYMLINK_FOLLOW);
        if (taken >= 0)
            return taken;
        if (errno != EEXIST)
            break;
    }
    out->temporary[0] = 0;
    return -1;
}

/* Opens the file that will be renamed, with the rights of the one that it will replace, found != NULL. */
static int open_temporary(struct dn_output *out, const struct stat *found)
{
    mode_t mode = found ? found->st_mode & 0777 : 0666;
    int fd = open_nameless(out, mode);
    if (fd < 0)
        fd = take_name(out, -1, mode);
    if (fd >= 0 && found)
        fchmod(fd, mode); /* what the umask has taken; file systems without rights refuse */
    return fd;
}

enum dn_status dn_output_open(struct dn_output *out, const char *path, struct dn_error *err)
{
    struct stat st;
    const struct stat *found = stat(path, &st) == 0 ? &st : NULL;
    *out = (struct dn_output){0};
    if (!found && errno != ENOENT)
        return dn_fail(err, DN_IO, "%s: cannot create the file: %s", path, strerror(errno));
    bool replaced = is_replaced(found);
    out->path = replaced ? follow_links(path) : strdup(path);
    out->temporary = replaced && out->path ? calloc(strlen(out->path) + NAME_BYTES, 1) : NULL;
    if (!out->path || (replaced && !out->temporary)) {
        dn_output_abandon(out);
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory for the file name", path);
    }
    int fd = replaced ? open_temporary(out, found) : open_directly(path, found);
    if (fd < 0) {
        int reason = errno;
        dn_output_abandon(out);
        return dn_fail(err, DN_IO, "%s: cannot create the file: %s", path, strerror(reason));
    }
    out->file = fdopen(fd, "wb");
    if (!out->file) {
        close(fd);
        dn_output_abandon(out);
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory for an open file", path);
    }
    return DN_OK;
}

enum dn_status dn_output_commit(struct dn_output *out, struct dn_error *err)
{
    enum dn_status status = DN_OK;
    const bool renamed = out->temporary != NULL;
    errno = 0;
    int failed = ferror(out->file);
    failed |= fflush(out->file);
    if (!failed && renamed && !out->temporary[0])
        failed = take_name(out, fileno(out->file), 0) < 0;
    int reason = errno;
    failed |= fclose(out->file);
    out->file = NULL;
    if (failed)
        status = dn_fail(err, DN_IO, "%s: cannot write the file: %s", out->path,
                         strerror(reason ? reason : errno ? errno : EIO));
    else if (renamed && rename(out->temporary, out->path) != 0)
        status = dn_fail(err, DN_IO, "%s: cannot put the finished file in place: %s", out->path,
                         strerror(errno));
    else if (renamed)
        out->temporary[0] = 0;
    dn_output_abandon(out);
    return status;
}

void dn_output_abandon(struct dn_output *out)
{
    if (out->file)
        fclose(out->file);
    if (out->temporary && out->temporary[0])
        unlink(out->temporary);
    free(out->path);
    free(out->temporary);
    out->file = NULL;
    out->path = out->temporary = NULL;
}
