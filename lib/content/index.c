/* SPDX-License-Identifier: BSD-2-Clause */
#include "content/index.h"

#include <stdlib.h>

#include "content/large.h"

bool rs_index_init(struct index *index, uint32_t n_max)
{
	uint64_t n_slots = 2;

	while (n_slots < 2 * (uint64_t)n_max)
		n_slots *= 2;
	index->slots = rs_large_calloc(n_slots, sizeof(*index->slots));
	index->mask = n_slots - 1;
	return index->slots;
}

void rs_index_add(struct index *index, uint64_t hash, uint32_t number)
{
	uint64_t at = rs_index_home(index, hash);

	while (index->slots[at].number_and_one)
		at = (at + 1) & index->mask;
	index->slots[at] =
		(struct index_slot){.hash = (uint32_t)hash, .number_and_one = number + 1};
}

void rs_index_free(struct index *index)
{
	free(index->slots);
	index->slots = NULL;
}
