#include "support/guard.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t mapped(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (bytes + page - 1) / page * page + page;
}

void *guard_alloc(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size = mapped(bytes);
    char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || mprotect(p + size - page, page, PROT_NONE))
        abort();
    return p + size - page - bytes;
}

void guard_free(void *p, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size = mapped(bytes);
    munmap((char *)p + bytes + page - size, size);
}
