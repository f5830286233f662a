#include "support/scarce.h"

#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
#define SANITIZED
#endif

static _Thread_local int left = -1; /* allocations until the one that fails; negative: none will */
static _Thread_local bool failed;
static _Thread_local long blocks;

void scarce_begin(int nth)
{
    failed = false;
    blocks = 0;
    left = nth;
}

bool scarce_end(void)
{
    left = -1;
    return failed;
}

long scarce_blocks(void)
{
    return blocks;
}

#ifdef SANITIZED

bool scarce_works(void)
{
    return false;
}

#else

/* libc finds replacements only when they are exported. */
#pragma GCC visibility push(default)

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t alignment, size_t n);
void __libc_free(void *p);

bool scarce_works(void)
{
    return true;
}

static bool fails(void)
{
    if (left < 0 || left-- > 0)
        return false;
    failed = true;
    errno = ENOMEM;
    return true;
}

static void *counted(void *p)
{
    blocks += p != NULL;
    return p;
}

void *malloc(size_t n)
{
    return fails() ? NULL : counted(__libc_malloc(n));
}

void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : counted(__libc_calloc(n, size));
}

void *realloc(void *p, size_t n)
{
    if (fails())
        return NULL;
    void *grown = __libc_realloc(p, n);
    blocks += (grown && !p) - (p && !grown && n == 0);
    return grown;
}

void *aligned_alloc(size_t alignment, size_t n)
{
    return fails() ? NULL : counted(__libc_memalign(alignment, n));
}

void *memalign(size_t alignment, size_t n)
{
    return fails() ? NULL : counted(__libc_memalign(alignment, n));
}

int posix_memalign(void **p, size_t alignment, size_t n)
{
    void *made = fails() ? NULL : counted(__libc_memalign(alignment, n));
    if (made)
        *p = made;
    return made ? 0 : ENOMEM;
}

void free(void *p)
{
    blocks -= p != NULL;
    __libc_free(p);
}

#pragma GCC visibility pop

#endif
