/* SPDX-License-Identifier: BSD-2-Clause */
#include "flow/flow.h"

static uint32_t buckets_for(uint32_t n_max)
{
	uint32_t n = 1;

	/* At most half full, so that nearly every entry stands in its home bucket. */
	while ((uint64_t)n * FLOW_BUCKET < (uint64_t)n_max * 2)
		n *= 2;
	return n;
}

size_t rs_flow_bytes(uint32_t n_max)
{
	return buckets_for(n_max) * sizeof(struct flow_bucket);
}

void rs_flow_init(struct flow_table *t, void *memory, uint32_t n_max)
{
	uint32_t n = buckets_for(n_max);

	*t = (struct flow_table){.buckets = memory, .bucket_mask = n - 1, .n_max = n_max};
	for (uint32_t b = 0; b < n; b++) {
		t->buckets[b] = (struct flow_bucket){0};
		for (uint32_t i = 0; i < FLOW_BUCKET; i++)
			t->buckets[b].entries[i].id = FLOW_NONE;
	}
}

/* One more (or one fewer) entry of hash went past the buckets from its home up to bucket. */
static void count_spill(struct flow_table *t, uint32_t hash, uint32_t bucket, uint32_t by)
{
	for (uint32_t b = hash & t->bucket_mask; b != bucket; b = (b + 1) & t->bucket_mask)
		t->buckets[b].n_spilled += by;
}

bool rs_flow_insert(struct flow_table *t, uint32_t hash, uint32_t id)
{
	if (t->n_used == t->n_max)
		return false;
	for (uint32_t b = hash & t->bucket_mask;; b = (b + 1) & t->bucket_mask) {
		struct flow_entry *e = t->buckets[b].entries;

		for (uint32_t i = 0; i < FLOW_BUCKET; i++) {
			if (e[i].id != FLOW_NONE)
				continue;
			e[i] = (struct flow_entry){.hash = hash, .id = id};
			count_spill(t, hash, b, 1);
			t->n_used++;
			t->news |= rs_flow_news_bit(hash);
			return true;
		}
	}
}

static struct flow_entry *find(
	const struct flow_table *t, uint32_t hash, uint32_t id, uint32_t *bucket)
{
	for (uint32_t n = 0, b = hash & t->bucket_mask; n <= t->bucket_mask; n++) {
		struct flow_entry *e = t->buckets[b].entries;

		for (uint32_t i = 0; i < FLOW_BUCKET; i++) {
			if (e[i].hash == hash && e[i].id == id) {
				*bucket = b;
				return &e[i];
			}
		}
		if (!t->buckets[b].n_spilled)
			break;
		b = (b + 1) & t->bucket_mask;
	}
	return NULL;
}

void rs_flow_renumber(struct flow_table *t, uint32_t hash, uint32_t id, uint32_t new_id)
{
	uint32_t bucket;

	find(t, hash, id, &bucket)->id = new_id;
}

bool rs_flow_remove(struct flow_table *t, uint32_t hash, uint32_t id)
{
	uint32_t bucket;
	struct flow_entry *e = find(t, hash, id, &bucket);

	if (!e)
		return false;
	e->id = FLOW_NONE;
	count_spill(t, hash, bucket, UINT32_MAX);
	t->n_used--;
	return true;
}
