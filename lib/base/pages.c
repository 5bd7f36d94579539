/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/pages.h"

#include <inttypes.h>
#include <linux/mman.h>
#include <stdio.h>
#include <sys/mman.h>

#define RESERVE "/sys/kernel/mm/hugepages/hugepages-2048kB/"
#define OTHERS  (UINT64_C(64) << 20) /* of the reserved pages, what is left for EAL to grow */

static uint64_t pages_in(const char *path)
{
	FILE *file = fopen(path, "re");
	uint64_t n = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%" SCNu64, &n) != 1)
		n = 0;
	fclose(file);
	return n;
}

/* Of the pages set aside for programs that ask for them, bytes that nobody has or was promised. */
static uint64_t reserve_spare(void)
{
	uint64_t n_free = pages_in(RESERVE "free_hugepages") * PAGES_UNIT;
	uint64_t taken = pages_in(RESERVE "resv_hugepages") * PAGES_UNIT + OTHERS;

	return n_free > taken ? n_free - taken : 0;
}

static void *map_reserved(size_t n_bytes)
{
	if (n_bytes > reserve_spare())
		return MAP_FAILED;
	return mmap(NULL, n_bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB, -1, 0);
}

void *rs_pages_map(size_t n_bytes)
{
	uint8_t *mapped = map_reserved(n_bytes);
	size_t before;

	if (mapped != MAP_FAILED)
		return mapped;
	mapped = mmap(NULL, n_bytes + PAGES_UNIT, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
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

uint64_t rs_pages_available(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	uint64_t kib = UINT64_MAX >> 10;
	char line[128];

	if (!file)
		return UINT64_MAX;
	while (fgets(line, sizeof(line), file) && sscanf(line, "MemAvailable: %" SCNu64, &kib) != 1)
		;
	fclose(file);
	return kib == UINT64_MAX >> 10 ? UINT64_MAX : (kib << 10) + reserve_spare();
}
