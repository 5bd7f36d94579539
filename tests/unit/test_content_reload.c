/* SPDX-License-Identifier: BSD-2-Clause */
/* A second load beside the first; files that change meanwhile; memory that does not suffice. */
#include "content_site.h"

#include <errno.h>
#include <sys/resource.h>

#include "base/bytes.h"

#define MIB (UINT64_C(1) << 20)

/* ---- reload ---- */

static void unchanged_files_are_not_read(void **state)
{
	struct site *site = *state;
	struct content_tree *first, *second;

	site_dir(site, "/d");
	site_text(site, "/d/index.html", "index");
	site_text(site, "/a.txt", "a");
	site_link(site, "a.txt", "/link.txt");
	site_settle();
	first = site_load(site, NULL);
	assert_int_equal(site->report.counts[CONTENT_C_READ_FILES], 3);
	second = site_load(site, first);
	assert_int_equal(site->report.counts[CONTENT_C_READ_FILES], 0);
	assert_int_equal(site->report.counts[CONTENT_C_READ_BYTES], 0);
	assert_int_equal(site->report.counts[CONTENT_C_UNCHANGED], 3);
	assert_int_equal(site->report.counts[CONTENT_C_FILES], 3);
	assert_ptr_equal(site_body(first, "/a.txt"), site_body(second, "/a.txt"));
	assert_ptr_equal(site_body(first, "/link.txt"), site_body(second, "/link.txt"));
	assert_ptr_equal(site_body(first, "/d/"), site_body(second, "/d/"));
	rs_content_free(first);
	assert_body(site_body(second, "/a.txt"), "a", 1);
	assert_body(site_body(second, "/d/"), "index", 5);
	rs_content_free(second);
}

static void changes_are_seen(void **state)
{
	struct site *site = *state;
	struct content_tree *first, *second;
	char other[256];

	site_text(site, "/same.txt", "same");
	site_text(site, "/changed.txt", "old");
	site_text(site, "/replaced.txt", "old");
	site_text(site, "/removed.txt", "gone");
	site_dir(site, "/becomes-file");
	site_text(site, "/becomes-dir", "file");
	site_settle();
	first = site_load(site, NULL);
	/* As long as it was, and with the same time. */
	site_text(site, "/changed.txt", "new");
	site_date(site, "/changed.txt", site_file(first, "/changed.txt")->mtime_s);
	site_text(site, "/other", "NEW");
	assert_int_equal(remove(site_path(site, "/removed.txt")), 0);
	assert_int_equal(remove(site_path(site, "/becomes-file")), 0);
	site_text(site, "/becomes-file", "file");
	assert_int_equal(remove(site_path(site, "/becomes-dir")), 0);
	site_dir(site, "/becomes-dir");
	site_text(site, "/becomes-dir/added.txt", "added");
	snprintf(other, sizeof(other), "%s/other", site->root);
	assert_int_equal(rename(other, site_path(site, "/replaced.txt")), 0);
	second = site_load(site, first);
	assert_ptr_equal(site_body(first, "/same.txt"), site_body(second, "/same.txt"));
	assert_body(site_body(second, "/changed.txt"), "new", 3);
	assert_body(site_body(second, "/replaced.txt"), "NEW", 3);
	assert_null(site_find(second, "/removed.txt"));
	assert_body(site_body(second, "/becomes-file"), "file", 4);
	assert_null(site_find(second, "/becomes-file/"));
	assert_int_equal(site_find(second, "/becomes-dir")->kind, CONTENT_REDIRECT);
	assert_body(site_body(second, "/becomes-dir/added.txt"), "added", 5);
	/* The first is what it was. */
	assert_body(site_body(first, "/changed.txt"), "old", 3);
	assert_body(site_body(first, "/replaced.txt"), "old", 3);
	assert_body(site_body(first, "/removed.txt"), "gone", 4);
	assert_null(site_find(first, "/becomes-dir/added.txt"));
	rs_content_free(second);
	assert_body(site_body(first, "/changed.txt"), "old", 3);
	rs_content_free(first);
}

/* Is what is loaded now what was loaded before? */
static bool is_same(struct site *site, struct content_tree **tree)
{
	struct content_tree *next = site_load(site, *tree);
	bool same = rs_content_is_same(*tree, next);

	rs_content_free(*tree);
	*tree = next;
	return same;
}

static void what_has_not_changed_is_the_same(void **state)
{
	struct content_pattern pattern = {.pattern = "*", .field = "X-A: 1"};
	struct site *site = *state;
	struct content_tree *tree;

	site->options.listing = true;
	site->options.patterns = &pattern;
	site->options.n_patterns = 1;
	site_dir(site, "/dir");
	site_text(site, "/dir/index.html", "index");
	site_text(site, "/file", "text");
	site_date(site, "/file", 1000);
	tree = site_load(site, NULL);
	assert_true(is_same(site, &tree));
	site_text(site, "/file", "TEXT");
	site_date(site, "/file", 1000);
	assert_false(is_same(site, &tree));
	assert_true(is_same(site, &tree));
	site_date(site, "/dir/index.html", 1000);
	assert_false(is_same(site, &tree));
	site_put(site, "/file.gz", "\x1f\x8b\x08 and so on", 14);
	assert_false(is_same(site, &tree));
	assert_true(is_same(site, &tree));
	remove(site_path(site, "/file.gz"));
	site_text(site, "/other", "");
	assert_false(is_same(site, &tree));
	pattern.field = "X-A: 2";
	assert_false(is_same(site, &tree));
	pattern.field = "Content-Type: text/x";
	assert_false(is_same(site, &tree));
	assert_true(is_same(site, &tree));
	rs_content_free(tree);
}

/* What was read too early is read once more, and not again and again where the first one stays. */
static void what_is_the_same_is_known_as_well(void **state)
{
	struct site *site = *state;
	struct content_tree *first, *second;

	site_text(site, "/file", "text");
	first = site_load(site, NULL);
	site_settle();
	for (uint32_t n_read = 1; n_read != UINT32_MAX; n_read--) {
		second = site_load(site, first);
		assert_int_equal(site->report.counts[CONTENT_C_READ_FILES], n_read);
		assert_true(rs_content_is_same(first, second));
		rs_content_free(second);
	}
	rs_content_free(first);
}

/* Read again, and found to be there: touched files, and those of another root. */
static void the_same_bytes_are_shared_across_trees(void **state)
{
	struct site *site = *state;
	struct content_tree *first, *second;

	site_text(site, "/a", "bytes");
	first = site_load(site, NULL);
	site_date(site, "/a", 1);
	second = site_load(site, first);
	assert_int_equal(site->report.counts[CONTENT_C_READ_FILES], 1);
	assert_int_equal(site->report.counts[CONTENT_C_DUPLICATES], 1);
	assert_ptr_equal(site_body(first, "/a"), site_body(second, "/a"));
	assert_int_equal(site_file(second, "/a")->mtime_s, 1);
	rs_content_free(first);
	rs_content_free(second);
}

/*
 * A file so young that another change might not show is read again, until it is at rest. A write of
 * many megabytes, or to a disk that is busy, takes a while, and is stamped when it begins.
 */
static void young_files_are_not_trusted(void **state)
{
	struct file_id id = {.ctime_s = 1000, .ctime_ns = 500000000};
	struct timespec now = {.tv_sec = 1001, .tv_nsec = 500000000};

	(void)state;
	assert_false(rs_file_id_settled(&id, &now));
	now.tv_nsec++;
	assert_true(rs_file_id_settled(&id, &now));
	now.tv_sec--;
	assert_false(rs_file_id_settled(&id, &now));
	now = (struct timespec){.tv_sec = 999, .tv_nsec = 999999999};
	assert_false(rs_file_id_settled(&id, &now));
	now = (struct timespec){.tv_sec = 1002, .tv_nsec = 0};
	assert_true(rs_file_id_settled(&id, &now));
	/* Whole seconds: a file system that has no others. */
	id.ctime_ns = 0;
	now.tv_sec = 1002;
	assert_false(rs_file_id_settled(&id, &now));
	now.tv_sec = 1003;
	assert_true(rs_file_id_settled(&id, &now));
}

/* It is read again, whatever comes: no file's identity is the same as one that is forgotten. Its
 * length and its date are told of it all the same. */
static void what_is_forgotten_is_no_file(void **state)
{
	const struct file_id whole = {.dev = 3,
		.ino = 5,
		.n_bytes = 7,
		.mtime_s = 11,
		.ctime_s = 13,
		.mtime_ns = 17,
		.ctime_ns = 19};
	struct file_id id = whole, now;
	struct stat st;

	(void)state;
	rs_file_id_forget(&id);
	assert_false(rs_file_id_same(&id, &whole));
	assert_false(rs_file_id_same_inode(&id, &whole));
	assert_int_equal(id.n_bytes, 7);
	assert_int_equal(id.mtime_s, 11);
	assert_int_equal(id.mtime_ns, 17);
	assert_int_equal(stat("/dev/null", &st), 0);
	now = rs_file_id_of(&st);
	assert_true(rs_file_id_same(&now, &now));
	id = now;
	rs_file_id_forget(&id);
	assert_false(rs_file_id_same(&id, &now));
	/* Not even as one without a device and a number, as some file systems have them. */
	now.dev = now.ino = 0;
	id = now;
	rs_file_id_forget(&id);
	assert_false(rs_file_id_same(&id, &now));
}

/* A chain of reloads, each freeing the one before: memory is used again. */
static void reloads_do_not_grow(void **state)
{
	struct site *site = *state;
	struct content_tree *tree = NULL, *next;
	uint8_t *bytes = site_bytes(MIB);
	uint64_t held = 0;

	for (uint32_t i = 0; i < 20; i++) {
		for (uint32_t j = 0; j < 4; j++) {
			char name[16];

			bytes[0] = (uint8_t)i;
			bytes[1] = (uint8_t)j;
			snprintf(name, sizeof(name), "/%u", j);
			site_put(site, name, bytes, MIB - 4096 * j);
		}
		next = site_load(site, tree);
		rs_content_free(tree);
		tree = next;
		held = site->report.held_bytes;
		assert_in_range(held, 4 * MIB, 12 * MIB);
	}
	free(bytes);
	rs_content_free(tree);
}

/* Small files are not put where they would hold it all when the large one has gone. */
static void memory_of_a_large_file_comes_back(void **state)
{
	struct site *site = *state;
	uint8_t *bytes = site_bytes(64 * MIB);
	struct content_tree *before, *after;
	uint32_t n_areas;

	site_put(site, "/large", bytes, 64 * MIB);
	site_dir(site, "/later");
	site_put(site, "/later/small", bytes, 4096);
	before = site_load(site, NULL);
	assert_int_equal(remove(site_path(site, "/large")), 0);
	free(bytes);
	after = site_load(site, before);
	n_areas = rs_content_areas(after, NULL);
	rs_content_free(before);
	assert_int_equal(rs_content_areas(after, NULL), n_areas - 1);
	assert_int_equal(site_body(after, "/later/small")->len, 4096);
	rs_content_free(after);
}

/* ---- files that do not keep still ---- */

/* The files were looked at, and none was read. */
static void meddle_vanish(void *ctx, const struct content_progress *progress)
{
	struct site *site = ctx;

	if (progress->phase == CONTENT_FINDING || progress->n_files || progress->n_bytes)
		return;
	remove(site_path(site, "/vanishes"));
	remove(site_path(site, "/dir/in-it"));
	remove(site_path(site, "/dir"));
	assert_int_equal(truncate(site_path(site, "/shrinks"), 2), 0);
	remove(site_path(site, "/link"));
	site_link(site, "/etc/passwd", "/link");
	remove(site_path(site, "/pipe"));
	assert_int_equal(mkfifo(site_path(site, "/pipe"), 0600), 0);
	remove(site_path(site, "/linked"));
	site_link(site, "/etc/passwd", "/linked");
}

static void between_looking_and_reading(void **state)
{
	struct site *site = *state;
	struct content_tree *tree;

	site->options.on_progress = meddle_vanish;
	site_text(site, "/vanishes", "1");
	site_text(site, "/shrinks", "123");
	site_text(site, "/pipe", "1");
	site_text(site, "/linked", "1");
	site_text(site, "/stays", "1");
	site_dir(site, "/dir");
	site_text(site, "/dir/in-it", "1");
	site_link(site, "stays", "/link");
	tree = site_load(site, NULL);
	assert_null(site_find(tree, "/vanishes"));
	assert_null(site_find(tree, "/dir/in-it"));
	assert_null(site_find(tree, "/link"));
	assert_null(site_find(tree, "/linked"));
	assert_null(site_find(tree, "/pipe"));
	assert_body(site_body(tree, "/shrinks"), "12", 2);
	assert_body(site_body(tree, "/stays"), "1", 1);
	assert_int_equal(site->report.counts[CONTENT_C_UNREADABLE], 4);
	assert_int_equal(site->report.counts[CONTENT_C_CHANGING], 1);
	assert_int_equal(site->n_skips, 5);
	rs_content_free(tree);
}

/* Progress is told in the middle of a file of 33 MiB: each time it becomes another one. */
static void meddle_shrink(void *ctx, const struct content_progress *progress)
{
	struct site *site = ctx;

	if (progress->n_bytes && progress->n_files == 0)
		assert_int_equal(truncate(site_path(site, "/large"),
					 (off_t)(20 * MIB - progress->n_bytes / 64)),
			0);
}

static void while_it_is_read(void **state)
{
	struct site *site = *state;
	struct content_tree *tree;

	site->options.on_progress = meddle_shrink;
	site_text(site, "/large", "");
	assert_int_equal(truncate(site_path(site, "/large"), 33 * MIB), 0);
	tree = site_load(site, NULL);
	assert_null(site_find(tree, "/large"));
	assert_int_equal(site->report.counts[CONTENT_C_CHANGING], 1);
	assert_string_equal(site->skips[0], "/large: it changes while it is read");
	assert_int_equal(site->report.held_bytes, 0);
	rs_content_free(tree);
}

/* The version of before stays, and the next load reads the file again. */
static void while_it_is_read_again(void **state)
{
	struct site *site = *state;
	struct content_tree *first, *second, *third;
	int64_t mtime_s;

	site_text(site, "/large", "first");
	first = site_load(site, NULL);
	mtime_s = site_file(first, "/large")->mtime_s - 100;
	rs_content_free(first);
	site_date(site, "/large", mtime_s);
	first = site_load(site, NULL);
	site->options.on_progress = meddle_shrink;
	assert_int_equal(truncate(site_path(site, "/large"), 33 * MIB), 0);
	second = site_load(site, first);
	assert_int_equal(site->report.counts[CONTENT_C_CHANGING], 1);
	assert_string_equal(site->skips[0],
		"/large: it changes while it is read; what was loaded before stays");
	assert_ptr_equal(site_body(second, "/large"), site_body(first, "/large"));
	assert_int_equal(site_file(second, "/large")->mtime_s, mtime_s);
	rs_content_free(first);
	assert_body(site_body(second, "/large"), "first", 5);
	site->options.on_progress = NULL;
	third = site_load(site, second);
	assert_int_equal(site->report.counts[CONTENT_C_READ_FILES], 1);
	assert_int_equal(site->report.counts[CONTENT_C_CHANGING], 0);
	assert_true(site_body(third, "/large")->len > 5);
	rs_content_free(second);
	rs_content_free(third);
}

/* Links that are turned, as a release does, after they were looked at. */
static void meddle_turn(void *ctx, const struct content_progress *progress)
{
	struct site *site = ctx;

	if (progress->phase == CONTENT_FINDING || progress->n_files || progress->n_bytes)
		return;
	remove(site_path(site, "/current"));
	site_link(site, "2", "/current");
	remove(site_path(site, "/which"));
	site_link(site, "2/f", "/which");
}

static void turned_while_it_is_loaded(void **state)
{
	struct site *site = *state;
	struct content_tree *first, *second, *third;

	site_dir(site, "/1");
	site_text(site, "/1/f", "one");
	site_dir(site, "/2");
	site_text(site, "/2/f", "two");
	site_text(site, "/2/new", "new");
	site_link(site, "1", "/current");
	site_link(site, "1/f", "/which");
	first = site_load(site, NULL);
	site_text(site, "/1/f", "eins");
	site->options.on_progress = meddle_turn;
	second = site_load(site, first);
	assert_int_equal(site->report.counts[CONTENT_C_CHANGING], 2);
	assert_body(site_body(second, "/current/f"), "one", 3);
	assert_body(site_body(second, "/which"), "one", 3);
	assert_body(site_body(second, "/1/f"), "eins", 4);
	site->options.on_progress = NULL;
	third = site_load(site, second);
	assert_int_equal(site->report.counts[CONTENT_C_CHANGING], 0);
	assert_body(site_body(third, "/current/f"), "two", 3);
	assert_body(site_body(third, "/current/new"), "new", 3);
	assert_body(site_body(third, "/which"), "two", 3);
	rs_content_free(first);
	rs_content_free(second);
	rs_content_free(third);
}

#define N_TURNED 10

/* Before it is told that so many files were found, some links were, in any order of names. */
static void meddle_turn_found(void *ctx, const struct content_progress *progress)
{
	struct site *site = ctx;

	for (int i = 0; progress->phase == CONTENT_FINDING && progress->n_files && i < N_TURNED;
		i++) {
		char name[32];

		snprintf(name, sizeof(name), "/link%d", i);
		remove(site_path(site, name));
		site_link(site, i % 5 == 4 ? "/etc" : "2", name);
	}
}

static void turned_before_it_is_listed(void **state)
{
	struct site *site = *state;
	struct content_tree *tree;
	char name[32];

	site_dir(site, "/1");
	site_text(site, "/1/f", "one");
	site_dir(site, "/2");
	site_text(site, "/2/f", "two");
	for (int i = 0; i < N_TURNED; i++) {
		snprintf(name, sizeof(name), "/link%d", i);
		site_link(site, "1", name);
		for (int file = 0; i == N_TURNED / 2 && file < 4200; file++) {
			char other[32];

			snprintf(other, sizeof(other), "/file%d", file);
			site_text(site, other, "");
		}
	}
	site->options.on_progress = meddle_turn_found;
	tree = site_load(site, NULL);
	for (int i = 0; i < N_TURNED; i++) {
		snprintf(name, sizeof(name), "/link%d/f", i);
		if (i % 5 == 4)
			assert_null(site_find(tree, name));
		else
			assert_body(site_body(tree, name), "two", 3);
		snprintf(name, sizeof(name), "/link%d/passwd", i);
		assert_null(site_find(tree, name));
	}
	rs_content_free(tree);
}

/* Once the root has been opened, another directory takes its place. */
static bool meddle_root(void *ctx)
{
	struct site *site = ctx;
	char old[sizeof(site->root) + 8];

	snprintf(old, sizeof(old), "%s.old", site->root);
	if (access(old, F_OK)) {
		assert_int_equal(rename(site->root, old), 0);
		assert_int_equal(mkdir(site->root, 0755), 0);
	}
	return false;
}

/* What is inside of it is so under any name. */
static void the_root_is_replaced_while_it_is_walked(void **state)
{
	struct site *site = *state;
	char old[sizeof(site->root) + 8];
	struct content_tree *tree;

	site_text(site, "/file", "text");
	site_link(site, "file", "/link");
	site_link(site, "/etc", "/outside");
	site->options.is_interrupted = meddle_root;
	tree = site_load(site, NULL);
	snprintf(old, sizeof(old), "%s.old", site->root);
	temp_remove(old);
	assert_body(site_body(tree, "/link"), "text", 4);
	assert_null(site_find(tree, "/outside"));
	assert_int_equal(site->report.counts[CONTENT_C_LINKS_OUTSIDE], 1);
	rs_content_free(tree);
}

/* ---- progress ---- */

struct told {
	struct content_progress first, last;
	uint32_t n;
};

static void keep_told(void *ctx, const struct content_progress *progress)
{
	struct told *told = ctx;

	if (progress->phase == CONTENT_FINDING)
		return;
	if (told->n++ == 0)
		told->first = *progress;
	assert_in_range(progress->n_bytes, told->last.n_bytes, progress->n_bytes_total);
	told->last = *progress;
}

static void progress_from_none_to_all(void **state)
{
	struct site *site = *state;
	struct told told = {0};
	uint8_t *bytes = site_bytes(50 * MIB);
	struct content_tree *tree;

	site->options.on_progress = keep_told;
	site->options.on_skip = NULL;
	site->options.ctx = &told;
	site_put(site, "/large", bytes, 50 * MIB);
	site_put(site, "/small", bytes, 1000);
	free(bytes);
	tree = site_load(site, NULL);
	assert_int_equal(told.first.n_bytes, 0);
	assert_int_equal(told.first.n_files_total, 2);
	assert_int_equal(told.first.n_bytes_total, 50 * MIB + 1000);
	assert_int_equal(told.last.n_files, 2);
	assert_int_equal(told.last.n_bytes, 50 * MIB + 1000);
	assert_in_range(told.n, 4, 10);
	rs_content_free(tree);
}

/* ---- interrupted ---- */

struct interruption {
	enum content_phase phase; /* at so many bytes of which it is interrupted */
	uint64_t n_bytes;
	bool is_there;
	uint32_t n_asked;        /* since then */
	uint32_t n_asked_before; /* in this phase */
	enum content_phase now;
};

static void note_phase(void *ctx, const struct content_progress *progress)
{
	struct interruption *i = ctx;

	i->now = progress->phase;
	i->is_there |= progress->phase == i->phase && progress->n_bytes >= i->n_bytes;
}

static bool is_interrupted(void *ctx)
{
	struct interruption *i = ctx;

	i->n_asked += i->is_there;
	return i->is_there;
}

/* A load that ends at once, holds nothing, and leaves what was loaded before. */
static void interrupt(struct site *site, struct interruption i)
{
	struct content_tree *before;
	struct content_options options = site->options;
	uint64_t held;

	before = site_load(site, NULL);
	held = site->report.held_bytes;
	site->options.precompress = CONTENT_CODING_BIT(CONTENT_GZIP);
	site->options.ctx = &i;
	site->options.on_skip = NULL;
	site->options.on_progress = note_phase;
	site->options.is_interrupted = is_interrupted;
	site_date(site, "/text.html", 1);
	site_date(site, "/large", 1);
	for (int round = 0; round < 2; round++) {
		i.is_there = false;
		i.n_asked = 0;
		assert_null(site_load(site, round ? before : NULL));
		assert_non_null(strstr(site->report.error, "was interrupted"));
		assert_true(i.is_there);
		assert_in_range(i.n_asked, 1, 3);
		assert_int_equal(site->report.held_bytes, round ? held : 0);
		assert_int_equal(site_body(before, "/large")->len, 50 * MIB);
	}
	site->options = options;
	rs_content_free(before);
}

static void interrupted_in_each_phase(void **state)
{
	struct site *site = *state;
	uint8_t *bytes = site_bytes(50 * MIB);

	site_put(site, "/large", bytes, 50 * MIB);
	site_put(site, "/text.html", bytes, MIB);
	free(bytes);
	interrupt(site, (struct interruption){.phase = CONTENT_FINDING});
	interrupt(site, (struct interruption){.phase = CONTENT_READING});
	interrupt(site, (struct interruption){.phase = CONTENT_READING, .n_bytes = 10 * MIB});
	interrupt(site, (struct interruption){.phase = CONTENT_COMPRESSING});
}

static bool is_interrupted_later(void *ctx)
{
	struct interruption *i = ctx;

	return i->now == CONTENT_COMPRESSING && i->n_asked_before++ >= 3;
}

/* In the middle of one that takes long. */
static void interrupted_while_it_is_compressed(void **state)
{
	struct site *site = *state;
	uint8_t *bytes = site_bytes(4 * MIB);

	site_put(site, "/text.html", bytes, 4 * MIB);
	free(bytes);
	for (uint32_t coding = CONTENT_GZIP; coding < CONTENT_N_CODINGS; coding++) {
		struct interruption i = {.phase = CONTENT_COMPRESSING};

		site->options.precompress = CONTENT_CODING_BIT(coding);
		site->options.ctx = &i;
		site->options.on_skip = NULL;
		site->options.on_progress = note_phase;
		site->options.is_interrupted = is_interrupted_later;
		assert_null(site_load(site, NULL));
		assert_non_null(strstr(site->report.error, "was interrupted"));
		assert_int_equal(site->report.counts[CONTENT_C_NOT_SMALLER], 0);
		assert_int_equal(site->report.held_bytes, 0);
	}
}

/* ---- errors ---- */

static void no_root(void **state)
{
	struct site *site = *state;
	char file[256];

	site->options.root = "/does/not/exist";
	assert_null(site_load(site, NULL));
	assert_string_equal(site->report.error, "cannot be read: No such file or directory");
	assert_false(site->report.is_about_types);
	site_text(site, "/file", "");
	snprintf(file, sizeof(file), "%s/file", site->root);
	site->options.root = file;
	assert_null(site_load(site, NULL));
	assert_string_equal(site->report.error, "cannot be read: Not a directory");
}

/* How many descriptors can be opened still; returns the limit before. */
static struct rlimit allow_descriptors(rlim_t n)
{
	struct rlimit before, now;
	int lowest = dup(0);

	assert_true(lowest >= 0);
	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	now = before;
	now.rlim_cur = (rlim_t)lowest + n;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
	return before;
}

/* Nothing is left out because there are no descriptors: what is served then is more. */
static void no_descriptors(void **state)
{
	enum {
		ENOUGH = 3, /* root, directory, file or link */
	};
	struct site *site = *state;
	struct content_tree *tree = NULL;

	site_dir(site, "/d");
	site_text(site, "/d/a.txt", "a");
	site_link(site, "a.txt", "/d/link.txt");
	for (rlim_t n = 0; n <= ENOUGH; n++) {
		struct rlimit before = allow_descriptors(n);

		tree = site_load(site, NULL);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		assert_int_equal(site->n_skips, 0);
		assert_int_equal(!tree, n < ENOUGH);
		if (!tree)
			assert_non_null(strstr(site->report.error, strerror(EMFILE)));
	}
	assert_body(site_body(tree, "/d/link.txt"), "a", 1);
	rs_content_free(tree);
}

static void media_types_that_cannot_be_read(void **state)
{
	struct site *site = *state;

	site->options.types_file = "/does/not/exist";
	assert_null(site_load(site, NULL));
	assert_string_equal(site->report.error, "cannot be read: No such file or directory");
	assert_true(site->report.is_about_types);
	site->options.types_file = "/";
	assert_null(site_load(site, NULL));
	assert_string_equal(site->report.error, "cannot be read: Is a directory");
	assert_true(site->report.is_about_types);
}

static void a_field_that_is_none(void **state)
{
	static const char *const bad[] = {"no colon", ": no name", "two words: x", "a: b\r\nc: d"};
	struct site *site = *state;

	for (uint32_t i = 0; i < RS_ARRAY_SIZE(bad); i++) {
		struct content_pattern pattern = {.pattern = "/x*", .field = bad[i]};

		site->options.patterns = &pattern;
		site->options.n_patterns = 1;
		assert_null(site_load(site, NULL));
		assert_string_equal(site->report.error,
			"the header field of pattern /x* is not \"Name: value\"");
	}
}

/* A second Content-Length would be worse than none. */
static void a_field_that_is_there_already(void **state)
{
	static const char name[] = "strict-transport-security:";
	char longest[CONTENT_SECURED_BYTES + 2] = "";

	(void)state;
	assert_string_equal(rs_content_field_fault("content-length: 1"),
		"is one that Ringside sends by itself");
	assert_non_null(rs_content_field_fault("location: /a"));
	assert_non_null(rs_content_field_fault("Transfer-Encoding:chunked"));
	assert_string_equal(rs_content_field_fault("content-type: html"), "names no media type");
	assert_null(rs_content_field_fault("Content-Type: text/html"));
	assert_string_equal(rs_content_field_fault("content-encoding: deflate"),
		"names none of gzip, br, zstd and identity");
	assert_non_null(rs_content_field_fault("Content-Encoding: gzip, br"));
	assert_non_null(rs_content_field_fault("Content-Encoding:"));
	assert_null(rs_content_field_fault("content-encoding:GZIP"));
	assert_null(rs_content_field_fault("Content-Encoding: identity"));
	assert_null(rs_content_field_fault("Content-Language: de"));
	assert_null(rs_content_field_fault("Strict-Transport-Security: max-age=31536000"));
	memset(longest, 'a', sizeof(longest) - 1);
	memcpy(longest, name, strlen(name));
	longest[CONTENT_SECURED_BYTES] = 0;
	assert_null(rs_content_field_fault(longest));
	longest[CONTENT_SECURED_BYTES] = 'a';
	assert_string_equal(rs_content_field_fault(longest), "is longer than that may be");
	assert_null(rs_content_field_fault("Date-Of-Birth: 1"));
}

/* What it says is needed is enough. */
static void memory_bound(void **state)
{
	struct site *site = *state;
	uint8_t *bytes = site_bytes(3 * MIB);
	struct content_tree *tree, *second;
	unsigned long long need, held, bound;
	const char *said;

	for (uint32_t i = 0; i < 7; i++) {
		char name[16];

		bytes[0] = (uint8_t)i;
		snprintf(name, sizeof(name), "/%u", i);
		site_put(site, name, bytes, 3 * MIB - i * 100000);
	}
	site_settle();
	site->options.max_bytes = 10 * MIB;
	assert_null(site_load(site, NULL));
	said = strstr(site->report.error, "needs up to ");
	assert_non_null(said);
	assert_int_equal(sscanf(said,
				 "needs up to %llu bytes of memory, %llu of them for what is "
				 "loaded already, and the bound is %llu",
				 &need, &held, &bound),
		3);
	assert_int_equal(held, 0);
	assert_int_equal(bound, 10 * MIB);
	assert_int_equal(site->report.held_bytes, 0);
	assert_in_range(need, 19 * MIB, 22 * MIB);
	site->options.max_bytes = need;
	tree = site_load(site, NULL);
	assert_non_null(tree);
	assert_int_equal(site->report.counts[CONTENT_C_FILES], 7);
	assert_in_range(site->report.held_bytes, 1, need);

	/* A reload that does not fit leaves the first as it is. */
	bytes[0] = 99;
	site_put(site, "/new", bytes, 3 * MIB);
	assert_null(site_load(site, tree));
	assert_non_null(strstr(site->report.error, "of them for what is loaded already"));
	assert_int_equal(site_body(tree, "/0")->len, 3 * MIB);
	site->options.max_bytes = 0;
	second = site_load(site, tree);
	assert_body(site_body(second, "/new"), bytes, 3 * MIB);
	rs_content_free(tree);
	rs_content_free(second);
	free(bytes);
}

static void *no_alloc(void *ctx, size_t n_bytes)
{
	(void)ctx;
	(void)n_bytes;
	return NULL;
}

static void no_free(void *ctx, void *memory, size_t n_bytes)
{
	(void)ctx;
	(void)memory;
	(void)n_bytes;
	fail();
}

static void memory_that_is_not_there(void **state)
{
	static const struct content_memory none = {.alloc = no_alloc, .free = no_free};
	struct site *site = *state;

	site->options.memory = &none;
	site_text(site, "/a", "a");
	assert_null(site_load(site, NULL));
	assert_non_null(strstr(site->report.error, "no memory: "));
	assert_non_null(strstr(site->report.error,
		" needs up to 2129920 bytes, and there were 0")); /* 2 MiB, with sums */
}

/* All of the bodies' memory is the caller's, and all of it goes back. */
struct counted {
	uint64_t n_bytes;
	uint64_t n_peak;
};

static void *counted_alloc(void *ctx, size_t n_bytes)
{
	struct counted *counted = ctx;

	counted->n_bytes += n_bytes;
	if (counted->n_bytes > counted->n_peak)
		counted->n_peak = counted->n_bytes;
	return aligned_alloc(2 * MIB, n_bytes);
}

static void counted_free(void *ctx, void *memory, size_t n_bytes)
{
	struct counted *counted = ctx;

	counted->n_bytes -= n_bytes;
	free(memory);
}

static void memory_of_the_caller(void **state)
{
	struct counted counted = {0};
	const struct content_memory memory = {
		.alloc = counted_alloc, .free = counted_free, .ctx = &counted};
	struct site *site = *state;
	struct content_tree *first, *second;
	uint8_t *bytes = site_bytes(5 * MIB);

	site->options.memory = &memory;
	site_put(site, "/a", bytes, 5 * MIB);
	first = site_load(site, NULL);
	assert_int_equal(counted.n_bytes, 6 * MIB);
	bytes[0]++;
	site_put(site, "/a", bytes, 5 * MIB);
	second = site_load(site, first);
	assert_int_equal(counted.n_bytes / 64 * 65, site->report.held_bytes); /* with sums */
	assert_int_equal(counted.n_bytes, 12 * MIB);
	rs_content_free(first);
	assert_int_equal(counted.n_bytes, 6 * MIB);
	rs_content_free(second);
	assert_int_equal(counted.n_bytes, 0);
	rs_content_free(NULL);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		site_test(unchanged_files_are_not_read),
		site_test(changes_are_seen),
		site_test(what_has_not_changed_is_the_same),
		site_test(what_is_the_same_is_known_as_well),
		site_test(the_same_bytes_are_shared_across_trees),
		cmocka_unit_test(young_files_are_not_trusted),
		cmocka_unit_test(what_is_forgotten_is_no_file),
		site_test(reloads_do_not_grow),
		site_test(memory_of_a_large_file_comes_back),
		site_test(between_looking_and_reading),
		site_test(while_it_is_read),
		site_test(while_it_is_read_again),
		site_test(turned_while_it_is_loaded),
		site_test(turned_before_it_is_listed),
		site_test(the_root_is_replaced_while_it_is_walked),
		site_test(progress_from_none_to_all),
		site_test(interrupted_in_each_phase),
		site_test(interrupted_while_it_is_compressed),
		site_test(no_root),
		site_test(no_descriptors),
		site_test(media_types_that_cannot_be_read),
		site_test(a_field_that_is_none),
		site_test(a_field_that_is_there_already),
		site_test(memory_bound),
		site_test(memory_that_is_not_there),
		site_test(memory_of_the_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
