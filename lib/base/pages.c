/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/pages.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
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
	/* Advice: see rs_pages_may_be_huge() for whether it is taken. */
	madvise(mapped + before, n_bytes, MADV_HUGEPAGE);
	return mapped + before;
}

bool rs_pages_may_be_huge(const char *setting)
{
	FILE *file = fopen(setting ? setting : PAGES_SETTING, "re");
	char line[128] = "[never]";

	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = 0;
	fclose(file);
	return strstr(line, "[always]") || strstr(line, "[madvise]");
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
	return kib == UINT64_MAX >> 10 ? UINT64_MAX : kib << 10;
}
