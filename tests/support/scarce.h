/* Memory that runs out at a chosen allocation.
 *
 *     for (int nth = 0;; nth++) {
 *         scarce_begin(nth);
 *         void *result = what_is_tested();
 *         bool failed = scarce_end();
 *         ck_assert(result || failed);    // libc may do without a failed one
 *         if (!failed)
 *             break;                       // it needed no more than nth allocations
 *     }
 *
 * malloc and its kin are replaced in the whole test program, so allocations inside libc count, too.
 * Sanitizers bring an allocator of their own: there, only the calls that the program and the library
 * make themselves can fail, and what is left behind is the sanitizer's affair. */
#ifndef DN_TESTS_SCARCE_H
#define DN_TESTS_SCARCE_H

#include <stdbool.h>

bool scarce_sanitized(void);

/* From now on the nth allocation of this thread fails, once; the first has number 0. */
void scarce_begin(int nth);

/* Ends that; tells whether an allocation has failed. */
bool scarce_end(void);

/* Blocks that this thread allocated since scarce_begin and has not freed; 0 under a sanitizer. Ask before the next
 * assertion: Check allocates, too. */
long scarce_blocks(void);

#endif
