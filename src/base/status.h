/* Status codes and error sentences: the bottom of every call chain.
 *
 * Every function that can fail returns an enum dn_status and fills a struct dn_error with one
 * sentence for a person: what was wrong, where, what was found, what is allowed. The library never
 * prints and never exits. */
#ifndef DN_BASE_STATUS_H
#define DN_BASE_STATUS_H

enum dn_status {
    DN_OK = 0,
    DN_INVALID,     /* the input (cfg, weights, image, argument) is wrong */
    DN_UNSUPPORTED, /* valid, but outside of what this program does */
    DN_IO,          /* the operating system refused to open, read or write */
    DN_NO_MEMORY,   /* an allocation failed, or a size does not fit the address space */
    DN_BUDGET       /* a memory budget cannot be met */
};

struct dn_error {
    enum dn_status status; /* DN_OK until the first failure */
    char text[512];        /* the sentence, without a newline; "" while status is DN_OK */
};

#if defined(__GNUC__)
#define DN_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define DN_PRINTF(f, a)
#endif

/* Records a failure and returns its status, so that callers can write `return dn_fail(...)`.
 * The first failure is kept: a later one does not overwrite the sentence that explains it. */
enum dn_status dn_fail(struct dn_error *err, enum dn_status status, const char *format, ...)
    DN_PRINTF(3, 4);

#endif
