/* Memory that ends at an unmapped page, so that reading or writing behind it is a fault. */
#ifndef DN_TESTS_GUARD_H
#define DN_TESTS_GUARD_H

#include <stddef.h>

/* `bytes` bytes whose last one lies before an unmapped page; starts on a multiple of 64 when
 * `bytes` is one. Aborts when memory is missing. Freed by guard_free with the same size. */
void *guard_alloc(size_t bytes);
void guard_free(void *p, size_t bytes);

#endif
