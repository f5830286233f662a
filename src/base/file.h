/* Files: whole text files in, exact reads at an offset, and output that never half exists. */
#ifndef DN_BASE_FILE_H
#define DN_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/status.h"

/* Reads all of a text file into memory that the caller frees; *text ends with a NUL, *size does not
 * count it. Files above `limit` bytes, directories and files with NUL bytes are refused. */
enum dn_status dn_read_text(const char *path, size_t limit, char **text, size_t *size,
                            struct dn_error *err);

/* An input file read by position. Safe to use from several threads. */
struct dn_input {
    int fd;
    int64_t size; /* bytes when it was opened */
    const char *path;
    bool sparing; /* see dn_input_spare_page_cache */
};

/* `path` must stay valid until dn_input_close. */
enum dn_status dn_input_open(struct dn_input *in, const char *path, struct dn_error *err);
void dn_input_close(struct dn_input *in);

/* Reads exactly `bytes` bytes at `offset`, through short reads and EINTR. */
enum dn_status dn_input_read(const struct dn_input *in, int64_t offset, void *buffer, size_t bytes,
                             struct dn_error *err);

/* From now on the system reads from the file what is asked for and nothing beyond, and what was not
 * in the page cache before does not stay there. Both would count in the memory cgroup of the process:
 * readahead cannot be reclaimed while it is under way, and what stays pushes the program's code out
 * (of eight runs in a cgroup of the budget with cold files three were killed). Where there is room for the
 * file, the next run finds it there: see dn_process_room(). */
void dn_input_spare_page_cache(struct dn_input *in);

/* An output file that gets its name when it is complete: it has none before, or a temporary one beside `path`
 * where the system cannot do that. It has the rights of a file that it replaces. Of a symbolic link, what it leads
 * to is replaced. Devices, pipes, and the file that standard output or standard error goes to are written directly. */
struct dn_output {
    FILE *file;
    char *path;      /* after symbolic links */
    char *temporary; /* name, "" while there is none; NULL: written directly */
};

enum dn_status dn_output_open(struct dn_output *out, const char *path, struct dn_error *err);

/* Flushes, closes and renames. On any write error the unfinished file is removed, an existing file
 * at `path` is left as it was, and the error names the reason. */
enum dn_status dn_output_commit(struct dn_output *out, struct dn_error *err);

/* Closes and removes the unfinished file. Safe after a commit or a failed open. */
void dn_output_abandon(struct dn_output *out);

#endif
