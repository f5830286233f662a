#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
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

/* A device or a pipe is written to directly: a rename would replace it by a file. */
static int is_special_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

enum dn_status dn_output_open(struct dn_output *out, const char *path, struct dn_error *err)
{
    static const char *const pattern = "%s.%ld.tmp";
    int fd;
    size_t n = strlen(path) + 32;
    out->file = NULL;
    out->path = malloc(n);
    out->temporary = calloc(n, 1);
    if (!out->path || !out->temporary) {
        dn_output_abandon(out);
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory for the file name", path);
    }
    snprintf(out->path, n, "%s", path);
    if (is_special_file(path)) {
        fd = open(path, O_WRONLY | O_CLOEXEC);
    } else {
        snprintf(out->temporary, n, pattern, path, (long)getpid());
        fd = open(out->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    }
    if (fd < 0) {
        int reason = errno;
        out->temporary[0] = 0;
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
    errno = 0;
    int failed = ferror(out->file);
    failed |= fflush(out->file);
    int reason = errno;
    failed |= fclose(out->file);
    out->file = NULL;
    if (failed)
        status = dn_fail(err, DN_IO, "%s: cannot write the file: %s", out->path,
                         strerror(reason ? reason : errno ? errno : EIO));
    else if (out->temporary[0] && rename(out->temporary, out->path) != 0)
        status = dn_fail(err, DN_IO, "%s: cannot put the finished file in place: %s", out->path,
                         strerror(errno));
    else
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
