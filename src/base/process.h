/* What the operating system says about this process and this machine. */
#ifndef DN_BASE_PROCESS_H
#define DN_BASE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

/* Resident memory of the process in bytes: now, and at its highest (VmRSS, VmHWM). 0: unknown. */
size_t dn_process_resident(void);
size_t dn_process_peak(void);

/* Bytes that the process may still take: the least of what the system has available and what its memory
 * control group, and all groups around it, leave. 0: unknown. root: "", or a folder in which proc and
 * sys are looked for. */
size_t dn_process_room(const char *root);

/* Gives memory that was allocated and freed back to the system, where the C library keeps it. */
void dn_process_trim(void);

/* Where a page of a file is needed the system maps what lies around it: 64 KB, or (Linux 6.18) the whole folio of the page
 * cache, which may have megabytes, but nothing beyond the mapping. So the code and constants of this program or library
 * are cut into mappings of DN_PROCESS_PIECE bytes, every other one marked to be left out of core dumps. False where
 * the system does not do it. */
enum { DN_PROCESS_PIECE = 16 << 10 };
bool dn_process_cut_code(void);

/* The code and constants of this program or library, whose file has them, stop being resident; what is used again comes
 * back. Returns how many bytes they are; 0 where the system does not forget. */
size_t dn_process_forget_code(void);

/* Bytes of them, or of all others in the process, that are not resident: so many can still come. Where the system does not
 * tell, all. */
size_t dn_process_missing_code(bool libraries);

/* Processor cores that this process may run on; at least 1. */
int dn_process_cores(void);

/* Can so many threads run beside this one? They are started to see, and have ended. */
bool dn_process_can_start(int threads);

/* Is there a core for one more thread beside so many that compute? A single one shares its core. */
bool dn_process_has_spare_core(int threads);

#endif
