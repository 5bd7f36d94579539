/* SPDX-License-Identifier: BSD-2-Clause */
#include "content/codings.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "content/compress.h"

/* What pays: packets saved, not bytes. */
#define MIN_BYTES 256
#define MAX_BYTES (UINT64_C(8) << 20)

/* A body that is compressed has to be smaller by a twentieth. */
static uint64_t most_bytes(uint64_t len)
{
	return len - (len + 19) / 20;
}

static const struct {
	const char *name;
	const char *suffix;
	uint8_t n_magic;
	uint8_t magic[4];
} formats[CONTENT_N_CODINGS] = {
	[CONTENT_IDENTITY] = {"identity", "", 0, {0}},
	[CONTENT_GZIP] = {"gzip", ".gz", 3, {0x1f, 0x8b, 8}},
	[CONTENT_BR] = {"br", ".br", 0, {0}}, /* RFC 7932 has none */
	[CONTENT_ZSTD] = {"zstd", ".zst", 4, {0x28, 0xb5, 0x2f, 0xfd}},
};

enum content_coding rs_content_coding_named(struct span name)
{
	uint32_t coding = 0;

	while (coding < CONTENT_N_CODINGS &&
		(strlen(formats[coding].name) != name.len ||
			strncasecmp((const char *)name.data, formats[coding].name, name.len) != 0))
		coding++;
	return (enum content_coding)coding;
}

/* ---- siblings ---- */

/* The coding that the path's suffix tells; CONTENT_IDENTITY: it has none of them. */
static enum content_coding coding_of(struct span path)
{
	for (uint32_t coding = CONTENT_GZIP; coding < CONTENT_N_CODINGS; coding++) {
		uint32_t len = (uint32_t)strlen(formats[coding].suffix);

		if (path.len > len &&
			memcmp(path.data + path.len - len, formats[coding].suffix, len) == 0)
			return coding;
	}
	return CONTENT_IDENTITY;
}

/* A time without a fraction may have lost it, as in an archive or a copy: then seconds count. */
static bool is_older(const struct file_id *a, const struct file_id *b)
{
	if (a->mtime_s != b->mtime_s || !a->mtime_ns || !b->mtime_ns)
		return a->mtime_s < b->mtime_s;
	return a->mtime_ns < b->mtime_ns;
}

static bool has_format(const struct content_body *body, enum content_coding coding)
{
	uint8_t n = formats[coding].n_magic;

	return body->len > n && memcmp(body->data, formats[coding].magic, n) == 0;
}

static void join(struct load *load, struct walk_file *sibling, enum content_coding coding)
{
	struct content_tree *tree = load->tree;
	struct content_entry *coded = &tree->entries[sibling->entry];
	struct span path = coded->path;
	uint32_t number;
	struct body *body;

	path.len -= (uint32_t)strlen(formats[coding].suffix);
	number = rs_tree_find(tree, path);
	if (number == INDEX_NONE || tree->entries[number].stored_coding)
		return;
	if (is_older(&tree->ids[sibling->entry], &tree->ids[number])) {
		rs_load_count(load, CONTENT_C_SIBLINGS_OLD, 1);
		return;
	}
	if (!has_format(coded->bodies[CONTENT_IDENTITY], coding)) {
		rs_load_count(load, CONTENT_C_SIBLINGS_BAD, 1);
		return;
	}
	body = rs_body_share(rs_body_of(coded->bodies[CONTENT_IDENTITY]));
	rs_tree_set_body(&tree->entries[number], coding, body);
	rs_load_count(load, CONTENT_C_SIBLINGS, 1);
}

void rs_codings_from_siblings(struct load *load)
{
	for (uint32_t i = 0; i < load->walk.n_files; i++) {
		struct walk_file *file = &load->walk.files[i];
		enum content_coding coding = coding_of(file->path);

		if (coding != CONTENT_IDENTITY && file->entry != INDEX_NONE)
			join(load, file, coding);
	}
}

/* ---- compression ---- */

static bool is_worth_it(const struct load *load, const struct mime_type *type, uint64_t len)
{
	return load->options.precompress && type->compressible && len >= MIN_BYTES &&
	       len <= MAX_BYTES;
}

static const struct mime_type *type_of(const struct load *load, const struct walk_file *file)
{
	return rs_mime_find(&load->types, file->path);
}

static bool pays(const struct load *load, const struct walk_file *file)
{
	return is_worth_it(load, type_of(load, file), file->id.n_bytes) &&
	       rs_fields_coding(&load->fields, file->path) == CONTENT_IDENTITY;
}

void rs_codings_need_add(const struct load *load, const struct walk_file *file, uint32_t codings,
	struct arena_need *need)
{
	if (!codings || !pays(load, file))
		return;
	for (uint32_t coding = CONTENT_GZIP; coding < CONTENT_N_CODINGS; coding++) {
		if (codings & CONTENT_CODING_BIT(coding))
			rs_body_need_add(need, most_bytes(file->id.n_bytes));
	}
}

static bool goes_on(void *load)
{
	return rs_load_goes_on(load);
}

/* body->coded[] for coding, unless that was tried before. False: it failed. */
static bool try_coding(struct load *load, struct body *body, enum content_coding coding)
{
	struct body_store *store = load->tree->store;
	struct compress_input in = {
		.data = body->pub.data, .len = body->pub.len, .goes_on = goes_on, .ctx = load};
	struct body *coded;
	uint64_t n;

	if (body->tried & CONTENT_CODING_BIT(coding))
		return true;
	n = rs_compress(coding, &in, load->compressed, most_bytes(body->pub.len));
	if (!n && !rs_load_goes_on(load))
		return false;
	if (n) {
		coded = rs_body_new(store, n);
		if (!coded)
			return rs_load_fail_memory(load);
		memcpy(rs_body_room(coded), load->compressed, n);
		body->coded[coding - 1] = rs_body_keep(store, coded);
		rs_load_count(load, CONTENT_C_COMPRESSED, 1);
	} else {
		rs_load_count(load, CONTENT_C_NOT_SMALLER, 1);
	}
	body->tried |= (uint8_t)CONTENT_CODING_BIT(coding);
	return true;
}

static bool prepare(struct load *load)
{
	if (!load->compressed)
		load->compressed = malloc(MAX_BYTES);
	return load->compressed || rs_load_fail(load, "no memory to compress in: %llu bytes",
					   (unsigned long long)MAX_BYTES);
}

bool rs_codings_compress_one(
	struct load *load, struct content_entry *entry, const struct mime_type *type)
{
	struct body *body = rs_body_of(entry->bodies[CONTENT_IDENTITY]);

	if (!is_worth_it(load, type, body->pub.len))
		return true;
	if (!prepare(load))
		return false;
	for (uint32_t coding = CONTENT_GZIP; coding < CONTENT_N_CODINGS; coding++) {
		struct body *coded;

		if (!(load->options.precompress & CONTENT_CODING_BIT(coding)) ||
			entry->bodies[coding])
			continue;
		if (!try_coding(load, body, coding))
			return false;
		coded = rs_body_coded(body, coding);
		if (coded)
			rs_tree_set_body(entry, coding, rs_body_share(coded));
	}
	return true;
}

/* The bytes of the files that may be compressed; their number in *n. */
static uint64_t count_work(const struct load *load, uint32_t *n)
{
	uint64_t n_bytes = 0;

	*n = 0;
	for (uint32_t i = 0; i < load->walk.n_files; i++) {
		const struct walk_file *file = &load->walk.files[i];

		if (file->entry != INDEX_NONE && pays(load, file)) {
			n_bytes += file->id.n_bytes;
			++*n;
		}
	}
	return n_bytes;
}

bool rs_codings_compress(struct load *load)
{
	uint64_t n_bytes;
	uint32_t n;

	if (!load->options.precompress)
		return true;
	n_bytes = count_work(load, &n);
	rs_load_begin_phase(load, CONTENT_COMPRESSING, n, n_bytes);
	for (uint32_t i = 0; i < load->walk.n_files; i++) {
		const struct walk_file *file = &load->walk.files[i];

		if (file->entry == INDEX_NONE || !pays(load, file))
			continue;
		if (!rs_codings_compress_one(
			    load, &load->tree->entries[file->entry], type_of(load, file)))
			return false;
		rs_load_progress(load, 1, file->id.n_bytes);
	}
	rs_load_end_phase(load);
	return true;
}
