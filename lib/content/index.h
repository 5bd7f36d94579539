/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the hash of a path to the number of an entry: open addressing, at most half full, eight
 * bytes a slot. It keeps no paths: on a match of 32 bits, the caller compares.
 * Private to lib/content; written by one thread, then read by any.
 */
#ifndef RS_CONTENT_INDEX_H
#define RS_CONTENT_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#define INDEX_NONE UINT32_MAX

struct index_slot {
	uint32_t hash;
	uint32_t number_and_one; /* 0: free */
};

struct index {
	struct index_slot *slots;
	uint64_t mask;
};

/* For up to n_max numbers. False: no memory. */
bool rs_index_init(struct index *index, uint32_t n_max);

void rs_index_add(struct index *index, uint64_t hash, uint32_t number);

void rs_index_free(struct index *index);

/* Where a search begins. */
static inline uint64_t rs_index_home(const struct index *index, uint64_t hash)
{
	return hash >> 32 & index->mask;
}

/*
 * The next number with this hash, from *at on, which it moves; INDEX_NONE: there is no other. It
 * ends, as there are free slots.
 */
static inline uint32_t rs_index_next(const struct index *index, uint64_t hash, uint64_t *at)
{
	for (;;) {
		const struct index_slot *slot = &index->slots[*at];

		*at = (*at + 1) & index->mask;
		if (!slot->number_and_one)
			return INDEX_NONE;
		if (slot->hash == (uint32_t)hash)
			return slot->number_and_one - 1;
	}
}

#endif
