/* SPDX-License-Identifier: BSD-2-Clause */
/* A load, step by step: rs_content_load() at the end is where to begin. */
#include "content/load.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/pages.h"
#include "content/codings.h"
#include "content/listing.h"
#include "content/read.h"

#define TELL_FILES 4096
#define TELL_BYTES (UINT64_C(16) << 20)

/* ---- what all steps use ---- */

void rs_load_skip(
	struct load *load, enum content_counter counter, const char *path, const char *reason)
{
	rs_load_count(load, counter, 1);
	if (load->options.on_skip)
		load->options.on_skip(load->options.ctx, path, reason);
}

bool rs_load_fail(struct load *load, const char *format, ...)
{
	va_list arguments;

	if (load->report->error[0])
		return false;
	va_start(arguments, format);
	vsnprintf(load->report->error, sizeof(load->report->error), format, arguments);
	va_end(arguments);
	return false;
}

/* Served without what there was no descriptor for, a site would have lost it. */
bool rs_load_leave_out(struct load *load, enum content_counter counter, const char *path, int err)
{
	if (err == EMFILE || err == ENFILE || err == ENOMEM)
		return rs_load_fail(load, "%.100s cannot be read: %s", path, strerror(err));
	rs_load_skip(load, counter, path, strerror(err));
	return true;
}

bool rs_load_fail_memory(struct load *load)
{
	const struct arena *arena = &load->tree->store->arena;
	uint64_t n_need = load->n_held + rs_arena_need_bytes(&load->need);

	if (arena->hit_bound)
		return rs_load_fail(load,
			"needs up to %" PRIu64 " bytes of memory, %" PRIu64
			" of them for what is loaded already, and %s %" PRIu64,
			n_need, load->n_held,
			load->options.max_bytes ? "the bound is" : "the machine has",
			arena->max_bytes);
	return rs_load_fail(load,
		"no memory: needs up to %" PRIu64 " bytes, and there were %" PRIu64, n_need,
		arena->held_bytes);
}

bool rs_load_goes_on(struct load *load)
{
	const struct content_options *options = &load->options;

	if (!options->is_interrupted || !options->is_interrupted(options->ctx))
		return true;
	return rs_load_fail(load, "loading was interrupted");
}

static void tell(struct load *load)
{
	load->told_files = load->progress.n_files;
	load->told_bytes = load->progress.n_bytes;
	if (load->options.on_progress)
		load->options.on_progress(load->options.ctx, &load->progress);
}

void rs_load_begin_phase(
	struct load *load, enum content_phase phase, uint64_t n_files, uint64_t n_bytes)
{
	load->progress = (struct content_progress){
		.phase = phase, .n_files_total = n_files, .n_bytes_total = n_bytes};
	tell(load);
}

void rs_load_progress(struct load *load, uint64_t n_files, uint64_t n_bytes)
{
	load->progress.n_files += n_files;
	load->progress.n_bytes += n_bytes;
	/* A file that has grown, or was read again. */
	if (load->progress.n_bytes > load->progress.n_bytes_total)
		load->progress.n_bytes_total = load->progress.n_bytes;
	if (load->progress.n_files - load->told_files >= TELL_FILES ||
		load->progress.n_bytes - load->told_bytes >= TELL_BYTES)
		tell(load);
}

void rs_load_end_phase(struct load *load)
{
	tell(load);
}

/* ---- what is to be done ---- */

/* The number of the entry that file was in the previous tree, if it has not changed since. */
static uint32_t unchanged(const struct load *load, const struct walk_file *file)
{
	const struct content_tree *previous = load->previous;
	uint32_t number = previous ? rs_tree_find(previous, file->path) : INDEX_NONE;

	if (number == INDEX_NONE || previous->entries[number].kind != CONTENT_FILE ||
		!rs_file_id_same(&previous->ids[number], &file->id))
		return INDEX_NONE;
	return number;
}

static struct body *body_before(const struct load *load, const struct walk_file *file)
{
	return rs_body_of(load->previous->entries[file->previous].bodies[CONTENT_IDENTITY]);
}

static void plan_file(struct load *load, struct walk_file *file)
{
	uint32_t tried = 0;

	file->previous = unchanged(load, file);
	if (file->previous == INDEX_NONE) {
		rs_body_need_add(&load->need, file->id.n_bytes);
		load->n_to_read += file->id.n_bytes;
		load->n_files_to_read++;
	} else {
		tried = body_before(load, file)->tried;
	}
	rs_codings_need_add(load, file, load->options.precompress & ~tried, &load->need);
}

static void plan(struct load *load)
{
	const struct walk *walk = &load->walk;

	for (uint32_t i = 0; i < walk->n_files; i++)
		plan_file(load, &walk->files[i]);
	for (uint32_t i = 0; i < walk->n_dirs && load->options.listing; i++)
		rs_body_need_add(&load->need, rs_listing_most_bytes(walk, &walk->dirs[i]));
	rs_arena_expect(&load->tree->store->arena, &load->need);
	rs_body_expect(load->tree->store, load->n_files_to_read);
}

/* ---- files ---- */

static bool set_fields(struct load *load, struct content_entry *entry, struct span path)
{
	if (!rs_fields_find(&load->fields, path, &load->tree->texts, &entry->fields))
		return rs_load_fail(load, "no memory for header fields");
	entry->n_secured_bytes = rs_fields_line(entry->fields, CONTENT_SECURED_FIELD).len;
	entry->link = rs_fields_line(entry->fields, "Link");
	return true;
}

static bool add_file(struct load *load, struct walk_file *file, struct body *body)
{
	struct content_tree *tree = load->tree;
	struct content_entry *entry = rs_tree_add(tree, CONTENT_FILE, file->path);

	file->entry = rs_tree_number(tree, entry);
	tree->ids[file->entry] = file->id;
	entry->type = rs_mime_find(&load->types, file->path)->text;
	entry->mtime_s = file->id.mtime_s;
	entry->stored_coding = (uint8_t)rs_fields_coding(&load->fields, file->path);
	rs_tree_set_body(entry, CONTENT_IDENTITY, body);
	rs_load_count(load, CONTENT_C_FILES, 1);
	rs_load_count(load, CONTENT_C_FILE_BYTES, body->pub.len);
	return set_fields(load, entry, file->path);
}

static bool take_over(struct load *load, struct walk_file *file)
{
	rs_load_count(load, CONTENT_C_UNCHANGED, 1);
	return add_file(load, file, rs_body_share(body_before(load, file)));
}

/*
 * The file, or the way to it, became another one since it was looked at. What the previous tree has
 * is better than nothing, and than a mixture. The next load reads the file in any case.
 */
static bool keep_previous(struct load *load, struct walk_file *file, const char *reason)
{
	const struct content_tree *previous = load->previous;
	uint32_t number = previous ? rs_tree_find(previous, file->path) : INDEX_NONE;
	char words[128];

	if (number == INDEX_NONE || previous->entries[number].kind != CONTENT_FILE) {
		rs_load_skip(load, CONTENT_C_CHANGING, (const char *)file->path.data, reason);
		return true;
	}
	snprintf(words, sizeof(words), "%s; what was loaded before stays", reason);
	rs_load_skip(load, CONTENT_C_CHANGING, (const char *)file->path.data, words);
	file->previous = number;
	file->id = previous->ids[number];
	rs_file_id_forget(&file->id);
	return add_file(load, file, rs_body_share(body_before(load, file)));
}

static bool read_file(struct load *load, int dir_fd, struct walk_file *file)
{
	struct body *body;

	switch (rs_read(load, dir_fd, file, &body)) {
	case READ_DONE:
		return add_file(load, file, body);
	case READ_LEFT_OUT:
		return true;
	case READ_CHANGING:
		return keep_previous(load, file, "it changes while it is read");
	case READ_ELSEWHERE:
		return keep_previous(load, file, "the symbolic link leads elsewhere now");
	case READ_LOAD_FAILED:
		return false;
	case READ_NO_MEMORY:
		break;
	}
	return rs_load_fail_memory(load);
}

/* dir_fd: -1 until a file has to be read. */
static bool load_file(
	struct load *load, const struct walk_dir *dir, int *dir_fd, struct walk_file *file)
{
	if (file->previous != INDEX_NONE)
		return take_over(load, file);
	if (*dir_fd < 0)
		*dir_fd = rs_walk_open(&load->walk, dir);
	if (*dir_fd >= 0)
		return read_file(load, *dir_fd, file);
	if (errno == ESTALE)
		return keep_previous(load, file, "its directory is another one now");
	return rs_load_leave_out(load, CONTENT_C_UNREADABLE, (const char *)file->path.data, errno);
}

static bool load_files(struct load *load)
{
	struct walk *walk = &load->walk;
	bool ok = true;

	rs_load_begin_phase(load, CONTENT_READING, walk->n_files, load->n_to_read);
	for (uint32_t i = 0; ok && i < walk->n_dirs; i++) {
		const struct walk_dir *dir = &walk->dirs[i];
		int dir_fd = -1;

		for (uint32_t j = 0; ok && j < dir->n_files; j++) {
			ok = rs_load_goes_on(load) &&
			     load_file(load, dir, &dir_fd, &walk->files[dir->first_file + j]);
			rs_load_progress(load, 1, 0);
		}
		if (dir_fd >= 0)
			close(dir_fd);
	}
	rs_load_end_phase(load);
	return ok;
}

/* ---- directories ---- */

/* The file that is dir's index, or NULL. */
static const struct content_entry *index_of(const struct load *load, const struct walk_dir *dir)
{
	char path[PATH_MAX + NAME_MAX];

	memcpy(path, dir->path.data, dir->path.len);
	for (const char *const *name = load->options.index_names; *name; name++) {
		size_t len = strlen(*name);
		const struct content_entry *entry;

		if (len > NAME_MAX)
			continue;
		memcpy(path + dir->path.len, *name, len);
		entry = rs_content_find(
			load->tree, (const uint8_t *)path, dir->path.len + (uint32_t)len);
		if (entry && entry->kind == CONTENT_FILE)
			return entry;
	}
	return NULL;
}

/* All but its path is the file's. */
static void add_index(
	struct load *load, const struct walk_dir *dir, const struct content_entry *file)
{
	struct content_entry *entry = rs_tree_add(load->tree, CONTENT_FILE, dir->path);

	*entry = *file;
	entry->path = dir->path;
	for (uint32_t coding = 0; coding < CONTENT_N_CODINGS; coding++) {
		if (entry->bodies[coding])
			rs_body_share(rs_body_of(entry->bodies[coding]));
	}
}

static bool add_listing(struct load *load, const struct walk_dir *dir)
{
	/* It is ours, and says so itself, whatever the types and the charset of files. */
	const struct mime_type type = {
		.text = rs_span_text("text/html; charset=utf-8"),
		.compressible = true,
	};
	int64_t mtime_s;
	struct body *body = rs_listing_make(load, dir, &mtime_s);
	struct content_entry *entry;

	if (!body)
		return false;
	entry = rs_tree_add(load->tree, CONTENT_FILE, dir->path);
	entry->type = type.text;
	entry->mtime_s = mtime_s;
	rs_tree_set_body(entry, CONTENT_IDENTITY, body);
	rs_load_count(load, CONTENT_C_LISTINGS, 1);
	return set_fields(load, entry, dir->path) && rs_codings_compress_one(load, entry, &type);
}

static bool add_directory(struct load *load, const struct walk_dir *dir)
{
	struct span without = {.data = dir->path.data, .len = dir->path.len - 1};
	const struct content_entry *index = index_of(load, dir);

	rs_load_count(load, CONTENT_C_DIRECTORIES, 1);
	if (without.len &&
		!set_fields(load, rs_tree_add(load->tree, CONTENT_REDIRECT, without), without))
		return false;
	if (index) {
		add_index(load, dir, index);
		return true;
	}
	if (load->options.listing)
		return add_listing(load, dir);
	rs_tree_add(load->tree, CONTENT_BARE_PATH, dir->path);
	return true;
}

static bool add_directories(struct load *load)
{
	for (uint32_t i = 0; i < load->walk.n_dirs; i++) {
		const struct walk_dir *dir = &load->walk.dirs[i];

		if (!rs_load_goes_on(load) || (!dir->left_out && !add_directory(load, dir)))
			return false;
	}
	return true;
}

/* ---- all of it ---- */

static void set_options(struct load *load, const struct content_options *options)
{
	static const char *const index_names[] = {"index.html", "index.htm", NULL};
	static const char *const none[] = {NULL};
	struct content_options *set = &load->options;

	*set = *options;
	if (!set->index_names)
		set->index_names = index_names;
	if (!set->excluded)
		set->excluded = none;
	if (!set->default_type)
		set->default_type = "application/octet-stream";
	if (!set->charset)
		set->charset = "utf-8";
}

/* Without a bound of the user's, what the machine has: the kernel would promise more, and then kill
 * somebody for it. */
static uint64_t max_bytes(const struct load *load)
{
	uint64_t available;

	if (load->options.max_bytes)
		return load->options.max_bytes;
	available = rs_pages_available();
	return available + rs_min_u64(load->n_held, UINT64_MAX - available);
}

/* A tree that bytes are shared with; NULL: there is none. */
static const struct content_tree *sharer(const struct load *load)
{
	return load->previous ? load->previous : load->options.beside;
}

/* A tree for what is to be loaded, on another one's store where there is one. */
static bool begin(struct load *load)
{
	const struct content_tree *other = sharer(load);
	struct body_store *store;

	if (other) {
		store = other->store;
		store->n_refs++;
	} else {
		store = rs_body_store_new(load->options.memory);
	}
	load->tree = store ? rs_tree_new(store) : NULL;
	if (!load->tree)
		return rs_load_fail(load, "no memory");
	load->n_held = store->arena.held_bytes;
	store->arena.max_bytes = max_bytes(load);
	store->arena.hit_bound = false;
	return true;
}

static bool load_types(struct load *load)
{
	const struct content_options *options = &load->options;
	int err = rs_mime_load(&load->types, options, &load->tree->texts);

	load->report->n_bad_type_lines = load->types.n_bad_lines;
	load->report->first_bad_type_line = load->types.first_bad_line;
	if (err == -ENOMEM)
		return rs_load_fail(load, "no memory for media types");
	if (err && options->types_file) {
		load->report->is_about_types = true;
		return rs_load_fail(load, "cannot be read: %s", strerror(-err));
	}
	load->report->types_error = err == -ENOENT ? 0 : err;
	return true;
}

static bool prepare(struct load *load)
{
	const struct content_options *options = &load->options;

	if (!rs_fields_init(&load->fields, options->patterns, options->n_patterns,
		    load->report->error, sizeof(load->report->error)))
		return false;
	return load_types(load);
}

static bool reserve(struct load *load)
{
	return rs_tree_reserve(load->tree, load->walk.n_files + 2 * load->walk.n_dirs) ||
	       rs_load_fail(load, "no memory for the paths of %u files", load->walk.n_files);
}

static bool run(struct load *load)
{
	if (!begin(load) || !prepare(load))
		return false;
	rs_load_begin_phase(load, CONTENT_FINDING, 0, 0);
	if (!rs_walk(load) || !reserve(load))
		return false;
	plan(load);
	if (!load_files(load))
		return false;
	rs_codings_from_siblings(load);
	return rs_codings_compress(load) && add_directories(load);
}

/* What is served from now on, and what it takes; what was taken for nothing goes back. */
static struct content_tree *end(struct load *load, bool ok)
{
	const struct content_tree *served = ok ? load->tree : sharer(load);

	rs_walk_free(&load->walk);
	rs_mime_free(&load->types);
	free(load->compressed);
	if (!ok)
		rs_content_free(load->tree);
	if (served) {
		rs_arena_expect(&served->store->arena, &(struct arena_need){0});
		rs_arena_trim(&served->store->arena);
		load->report->held_bytes = served->store->arena.held_bytes;
	}
	return ok ? load->tree : NULL;
}

struct content_tree *rs_content_load(const struct content_options *options,
	const struct content_tree *previous, struct content_report *report)
{
	struct load load = {.report = report, .previous = previous, .walk = {.root_fd = -1}};

	*report = (struct content_report){0};
	set_options(&load, options);
	return end(&load, run(&load));
}
