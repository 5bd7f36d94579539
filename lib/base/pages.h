/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Anonymous memory in whole huge pages: of those that were set aside for programs (hugetlbfs, as
 * EAL's are), where enough are left; else of those that the kernel makes of ordinary memory, where
 * it does. Of base, this alone asks the kernel for anything: it is here for content and io, which
 * do not know each other. Any thread, off the packet path; includes libc only.
 */
#ifndef RS_BASE_PAGES_H
#define RS_BASE_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGES_UNIT (UINT64_C(2) << 20)

/* n_bytes, a multiple of PAGES_UNIT and aligned to it, zeroed; NULL: there is no memory. */
void *rs_pages_map(size_t n_bytes);

/*
 * Does the kernel give huge pages to who asks for them? setting: NULL, or a file to read in place
 * of PAGES_SETTING, which has the choice in brackets: "always [madvise] never". No file: no such
 * pages.
 */
#define PAGES_SETTING "/sys/kernel/mm/transparent_hugepage/enabled"
bool rs_pages_may_be_huge(const char *setting);

void rs_pages_unmap(void *memory, size_t n_bytes);

/* How many bytes the kernel could still give without swapping (MemAvailable, and what is left of
 * the pages set aside); UINT64_MAX: it does not say. Of ordinary memory what is mapped and was
 * never written to counts as not given. */
uint64_t rs_pages_available(void);

#endif
