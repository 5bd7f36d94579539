/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A loaded tree. Private to lib/content.
 */
#ifndef RS_CONTENT_TREE_H
#define RS_CONTENT_TREE_H

#include "content/body.h"
#include "content/content.h"
#include "content/file_id.h"
#include "content/index.h"
#include "content/texts.h"

struct content_tree {
	struct content_entry *entries;
	struct file_id *ids; /* of the entries that are files of their own; else zeros */
	uint32_t n_entries;
	struct index index;
	struct texts texts;
	struct body_store *store;
};

/* store: the tree takes over the reference. NULL: no memory, and the reference is dropped. */
struct content_tree *rs_tree_new(struct body_store *store);

/* Makes room for n entries. False: no memory. */
bool rs_tree_reserve(struct content_tree *tree, uint32_t n);

/* A new entry without bodies, found from now on; there is room for it. path: in tree->texts. */
struct content_entry *rs_tree_add(
	struct content_tree *tree, enum content_kind kind, struct span path);

static inline uint32_t rs_tree_number(
	const struct content_tree *tree, const struct content_entry *entry)
{
	return (uint32_t)(entry - tree->entries);
}

/* The number of the entry with this path, or INDEX_NONE. */
uint32_t rs_tree_find(const struct content_tree *tree, struct span path);

/* body: the entry takes over a reference. */
static inline void rs_tree_set_body(
	struct content_entry *entry, enum content_coding coding, struct body *body)
{
	entry->bodies[coding] = &body->pub;
}

#endif
