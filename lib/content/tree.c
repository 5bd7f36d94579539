/* SPDX-License-Identifier: BSD-2-Clause */
#include "content/tree.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "content/large.h"

struct content_tree *rs_tree_new(struct body_store *store)
{
	struct content_tree *tree = calloc(1, sizeof(*tree));

	if (tree)
		tree->store = store;
	else
		rs_body_store_drop(store);
	return tree;
}

bool rs_tree_reserve(struct content_tree *tree, uint32_t n)
{
	tree->entries = rs_large_calloc(n, sizeof(*tree->entries));
	tree->ids = calloc(n, sizeof(*tree->ids));
	return tree->entries && tree->ids && rs_index_init(&tree->index, n);
}

static uint64_t hash_of(struct span path)
{
	return XXH3_64bits(path.data, path.len);
}

struct content_entry *rs_tree_add(
	struct content_tree *tree, enum content_kind kind, struct span path)
{
	uint32_t number = tree->n_entries++;
	struct content_entry *entry = &tree->entries[number];

	*entry = (struct content_entry){.path = path, .kind = (uint8_t)kind};
	rs_index_add(&tree->index, hash_of(path), number);
	return entry;
}

uint32_t rs_tree_find(const struct content_tree *tree, struct span path)
{
	uint64_t hash = hash_of(path);
	uint64_t at = rs_index_home(&tree->index, hash);
	uint32_t number;

	while ((number = rs_index_next(&tree->index, hash, &at)) != INDEX_NONE) {
		const struct content_entry *entry = &tree->entries[number];

		if (entry->path.len == path.len &&
			memcmp(entry->path.data, path.data, path.len) == 0)
			return number;
	}
	return INDEX_NONE;
}

const struct content_entry *rs_content_find(
	const struct content_tree *tree, const uint8_t *path, uint32_t len)
{
	uint32_t number = rs_tree_find(tree, (struct span){.data = path, .len = len});

	return number == INDEX_NONE ? NULL : &tree->entries[number];
}

const struct content_entry *rs_content_entries(const struct content_tree *tree, uint32_t *n)
{
	*n = tree->n_entries;
	return tree->entries;
}

/* Either may be empty, and nowhere. */
static bool is_same_text(struct span a, struct span b)
{
	return a.len == b.len && (!a.len || memcmp(a.data, b.data, a.len) == 0);
}

/* Of bodies with the same bytes there is one. */
static bool is_same_entry(const struct content_entry *a, const struct content_entry *b)
{
	return a->kind == b->kind && a->mtime_s == b->mtime_s &&
	       memcmp(a->bodies, b->bodies, sizeof(a->bodies)) == 0 &&
	       is_same_text(a->type, b->type) && is_same_text(a->fields, b->fields);
}

bool rs_content_is_same(struct content_tree *previous, const struct content_tree *tree)
{
	if (previous->n_entries != tree->n_entries)
		return false;
	for (uint32_t i = 0; i < tree->n_entries; i++) {
		const struct content_entry *entry = &tree->entries[i];
		uint32_t number = rs_tree_find(previous, entry->path);

		if (number == INDEX_NONE || !is_same_entry(&previous->entries[number], entry))
			return false;
		previous->ids[number] = tree->ids[i];
	}
	return true;
}

uint32_t rs_content_areas(const struct content_tree *tree, struct sums_area *areas)
{
	return rs_arena_areas(&tree->store->arena, areas);
}

void rs_content_free(struct content_tree *tree)
{
	if (!tree)
		return;
	for (uint32_t i = 0; i < tree->n_entries; i++) {
		for (uint32_t coding = 0; coding < CONTENT_N_CODINGS; coding++)
			rs_body_drop(tree->store, rs_body_of(tree->entries[i].bodies[coding]));
	}
	rs_body_store_drop(tree->store);
	rs_index_free(&tree->index);
	rs_texts_free(&tree->texts);
	free(tree->entries);
	free(tree->ids);
	free(tree);
}
