/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/pages.h"

#include <sys/mman.h>

void *rs_pages_map(size_t n_bytes)
{
	uint8_t *mapped = mmap(NULL, n_bytes + PAGES_UNIT, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before;

	if (mapped == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)mapped % PAGES_UNIT;
	if (before)
		munmap(mapped, before);
	munmap(mapped + before + n_bytes, PAGES_UNIT - before);
	/* Advice: without it there are more, smaller pages. */
	madvise(mapped + before, n_bytes, MADV_HUGEPAGE);
	return mapped + before;
}

void rs_pages_unmap(void *memory, size_t n_bytes)
{
	munmap(memory, n_bytes);
}
