/* See process.h. Reads /proc/self/status without stdio, so that asking costs no memory. */
#include "base/process.h"

#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/size.h"

enum { TEXT = 2048, LONGEST_FILE = 32, LONGEST_FIELD = 64 };

/* The beginning of a file as a string in text[TEXT]; "" when it cannot be read. */
static void read_text(const char *path, char *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, TEXT - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = 0;
}

/* The kilobytes behind a field's name, in bytes; 0 when it is not there. Lines before it may be longer than the text: a
 * process may be in thousands of groups. */
static size_t field_of(const char *path, const char *name)
{
    char text[TEXT];
    size_t bytes = 0, kept = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    for (ssize_t n; fd >= 0 && !bytes && (n = read(fd, text + kept, TEXT - 1 - kept)) > 0;) {
        const size_t end = kept + (size_t)n;
        text[end] = 0;
        const char *field = strstr(text, name), *number = field ? field + strlen(name) : NULL;
        if (number && strchr(number, '\n'))
            bytes = (size_t)strtoull(number, NULL, 10) * 1024;
        kept = end < LONGEST_FIELD ? end : LONGEST_FIELD;
        memmove(text, text + end - kept, kept);
    }
    if (fd >= 0)
        close(fd);
    return bytes;
}

static size_t status_field(const char *name)
{
    return field_of("/proc/self/status", name);
}

size_t dn_process_resident(void)
{
    return status_field("VmRSS:");
}

size_t dn_process_peak(void)
{
    return status_field("VmHWM:");
}

/* ---- what others leave ------------------------------------------------------------------------ */

/* The files of one version of memory control groups. */
struct control {
    const char *folder, *limit, *used;
};

/* A number in a file of a folder; SIZE_MAX when there is none ("max"). `end`: the length of the folder's name,
 * behind which its path has room for the file's. */
static size_t number_in(char *folder, size_t end, const char *file)
{
    char text[TEXT];
    stpcpy(stpcpy(folder + end, "/"), file);
    read_text(folder, text);
    folder[end] = 0;
    return *text >= '0' && *text <= '9' ? (size_t)strtoull(text, NULL, 10) : SIZE_MAX;
}

/* The least of a group and all that it is in. `name` is where the process is, from the hierarchy's top. */
static size_t room_above(const char *root, const char *name, const struct control *c)
{
    char folder[TEXT];
    size_t top = strlen(root) + strlen(c->folder), least = SIZE_MAX;
    if (top + strlen(name) + LONGEST_FILE >= sizeof folder)
        return SIZE_MAX;
    stpcpy(stpcpy(stpcpy(folder, root), c->folder), name);
    for (;;) {
        size_t end = strlen(folder), most = number_in(folder, end, c->limit), now = number_in(folder, end, c->used);
        size_t room = most == SIZE_MAX ? SIZE_MAX : now < most ? most - now : 0;
        least = room < least ? room : least;
        char *slash = strrchr(folder + top, '/');
        if (!slash)
            return least;
        *slash = 0;
    }
}

size_t dn_process_room(const char *root)
{
    static const struct control v2 = {"/sys/fs/cgroup", "memory.max", "memory.current"};
    static const struct control v1 = {"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"};
    char path[TEXT], groups[TEXT], *rest;
    if (strlen(root) + LONGEST_FILE >= sizeof path)
        return 0;
    stpcpy(stpcpy(path, root), "/proc/meminfo");
    size_t least = field_of(path, "MemAvailable:");
    stpcpy(stpcpy(path, root), "/proc/self/cgroup");
    read_text(path, groups);
    for (char *line = strtok_r(groups, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *controllers = strchr(line, ':'), *name = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!name)
            continue;
        *name++ = 0;
        bool all = controllers[1] == 0, memory = strcmp(controllers, ":memory") == 0;
        size_t room = all ? room_above(root, name, &v2) : memory ? room_above(root, name, &v1) : SIZE_MAX;
        least = room < least ? room : least;
    }
    return least;
}

void dn_process_trim(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

/* Is this code in the object? */
static bool is_mine(const struct dl_phdr_info *object)
{
    const uintptr_t here = (uintptr_t)&dn_process_forget_code;
    bool mine = false;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &object->dlpi_phdr[i];
        uintptr_t begin = object->dlpi_addr + p->p_vaddr;
        mine = mine || (p->p_type == PT_LOAD && begin <= here && here < begin + p->p_memsz);
    }
    return mine;
}

/* What is asked of each segment of code and constants, whole pages, of this object or of all others, and the sum of the
 * answers. */
struct segments {
    size_t (*look)(uintptr_t begin, size_t bytes);
    bool mine;
    size_t sum;
};

static int look_at_segments(struct dl_phdr_info *object, size_t size, void *context)
{
    struct segments *s = context;
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)size;
    if (is_mine(object) != s->mine)
        return 0;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &object->dlpi_phdr[i];
        uintptr_t begin = (object->dlpi_addr + p->p_vaddr) / page * page;
        size_t bytes = dn_align_up(object->dlpi_addr + p->p_vaddr + p->p_memsz - begin, page);
        if (p->p_type == PT_LOAD && !(p->p_flags & PF_W))
            s->sum += s->look(begin, bytes);
    }
    return s->mine;
}

/* A mapping ends where a flag changes. */
static size_t cut(uintptr_t begin, size_t bytes)
{
    const size_t piece = DN_PROCESS_PIECE;
    size_t failed = 0;
    for (uintptr_t at = (begin / piece + 1) * piece; at < begin + bytes; at += 2 * piece) {
        const size_t rest = begin + bytes - at;
        failed += madvise((void *)at, rest < piece ? rest : piece, MADV_DONTDUMP) != 0;
    }
    return failed;
}

bool dn_process_cut_code(void)
{
    struct segments s = {cut, true, 0};
    dl_iterate_phdr(look_at_segments, &s);
    return s.sum == 0;
}

static size_t forget(uintptr_t begin, size_t bytes)
{
    return madvise((void *)begin, bytes, MADV_DONTNEED) == 0 ? bytes : 0;
}

size_t dn_process_forget_code(void)
{
    struct segments s = {forget, true, 0};
    dl_iterate_phdr(look_at_segments, &s);
    return s.sum;
}

/* Bytes of pages that are not mapped, by the bit that /proc has for each; all where there is no such file. */
static size_t missing(uintptr_t begin, size_t bytes)
{
    enum { ENTRIES = 256 };
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = bytes / page;
    uint64_t entries[ENTRIES];
    size_t absent = pages;
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    for (size_t i = 0, n; fd >= 0 && i < pages; i += n) {
        n = pages - i < ENTRIES ? pages - i : ENTRIES;
        if (pread(fd, entries, n * sizeof *entries, (off_t)((begin / page + i) * sizeof *entries)) != (ssize_t)(n * sizeof *entries))
            break;
        for (size_t k = 0; k < n; k++)
            absent -= entries[k] >> 63;
    }
    if (fd >= 0)
        close(fd);
    return absent * page;
}

size_t dn_process_missing_code(bool libraries)
{
    struct segments s = {missing, !libraries, 0};
    dl_iterate_phdr(look_at_segments, &s);
    return s.sum;
}

int dn_process_cores(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n > 0 ? n : 1;
}

static void *pass(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

bool dn_process_can_start(int threads)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t *list = malloc((size_t)threads * sizeof *list + 1);
    int n = 0;
    pthread_mutex_lock(&gate); /* none ends before all have begun */
    while (list && n < threads && !pthread_create(&list[n], NULL, pass, &gate))
        n++;
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < n; i++)
        pthread_join(list[i], NULL);
    free(list);
    return n == threads;
}

bool dn_process_has_spare_core(int threads)
{
    return threads == 1 || threads < dn_process_cores();
}
