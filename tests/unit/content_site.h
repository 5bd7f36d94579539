/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A directory of a test's own, below TMPDIR, filled by name and removed in the end, and what a load
 * of it brings.
 */
#ifndef RS_TESTS_CONTENT_SITE_H
#define RS_TESTS_CONTENT_SITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <sys/stat.h>

#include "content/content.h"
#include "content/file_id.h"
#include "temp.h"

#define SITE_MAX_SKIPS 16

struct site {
	char root[TEMP_PATH_BYTES];
	uint32_t n_open; /* descriptors, before the test and after */
	struct content_options options;
	struct content_report report;
	uint32_t n_skips;
	char skips[SITE_MAX_SKIPS][5000]; /* "path: reason" */
};

static inline void site_skip(void *ctx, const char *path, const char *reason)
{
	struct site *site = ctx;

	if (site->n_skips < SITE_MAX_SKIPS)
		snprintf(
			site->skips[site->n_skips], sizeof(site->skips[0]), "%s: %s", path, reason);
	site->n_skips++;
}

static inline uint32_t site_descriptors(void)
{
	DIR *list = opendir("/proc/self/fd");
	uint32_t n = 0;

	assert_non_null(list);
	while (readdir(list))
		n++;
	closedir(list);
	return n;
}

static inline int site_setup(void **state)
{
	struct site *site = calloc(1, sizeof(*site));

	assert_non_null(site);
	temp_new_dir(site->root);
	site->n_open = site_descriptors();
	site->options.root = site->root;
	site->options.ctx = site;
	site->options.on_skip = site_skip;
	*state = site;
	return 0;
}

static inline int site_teardown(void **state)
{
	struct site *site = *state;

	assert_int_equal(site_descriptors(), site->n_open);
	temp_remove(site->root);
	free(site);
	return 0;
}

/* name: "/a/b.html". The buffer is used again. */
static inline const char *site_path(const struct site *site, const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s%s", site->root, name);
	return path;
}

static inline void site_dir(const struct site *site, const char *name)
{
	assert_int_equal(mkdir(site_path(site, name), 0755), 0);
}

static inline void site_put(
	const struct site *site, const char *name, const void *bytes, size_t len)
{
	int fd = open(site_path(site, name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static inline void site_text(const struct site *site, const char *name, const char *text)
{
	site_put(site, name, text, strlen(text));
}

static inline void site_link(const struct site *site, const char *target, const char *name)
{
	assert_int_equal(symlink(target, site_path(site, name)), 0);
}

static inline void site_date_ns(
	const struct site *site, const char *name, int64_t mtime_s, long mtime_ns)
{
	const struct timespec times[2] = {
		{.tv_nsec = UTIME_OMIT}, {.tv_sec = mtime_s, .tv_nsec = mtime_ns}};

	assert_int_equal(utimensat(AT_FDCWD, site_path(site, name), times, 0), 0);
}

static inline void site_date(const struct site *site, const char *name, int64_t mtime_s)
{
	site_date_ns(site, name, mtime_s, 0);
}

/* Until files that were written before count as at rest. */
static inline void site_settle(void)
{
	struct timespec from, now;

	clock_gettime(CLOCK_REALTIME_COARSE, &from);
	do {
		usleep(1000);
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	} while ((now.tv_sec - from.tv_sec) * 1000000000 + now.tv_nsec - from.tv_nsec <
		 FILE_ID_SETTLE_NS + 20000000);
}

static inline struct content_tree *site_load(struct site *site, const struct content_tree *previous)
{
	struct content_tree *tree;

	site->n_skips = 0;
	tree = rs_content_load(&site->options, previous, &site->report);
	if (tree)
		assert_string_equal(site->report.error, "");
	else
		assert_string_not_equal(site->report.error, "");
	return tree;
}

/* On an exact-size copy, so that ASan sees what is read beyond it. */
static inline const struct content_entry *site_find(
	const struct content_tree *tree, const char *path)
{
	size_t len = strlen(path);
	uint8_t *copy = malloc(len ? len : 1);
	const struct content_entry *entry;

	memcpy(copy, path, len);
	entry = rs_content_find(tree, copy, (uint32_t)len);
	free(copy);
	return entry;
}

static inline const struct content_entry *site_file(
	const struct content_tree *tree, const char *path)
{
	const struct content_entry *entry = site_find(tree, path);

	assert_non_null(entry);
	assert_int_equal(entry->kind, CONTENT_FILE);
	assert_non_null(entry->bodies[CONTENT_IDENTITY]);
	return entry;
}

static inline const struct content_body *site_body(
	const struct content_tree *tree, const char *path)
{
	return site_file(tree, path)->bodies[CONTENT_IDENTITY];
}

static inline void assert_body(const struct content_body *body, const void *bytes, size_t len)
{
	assert_non_null(body);
	assert_int_equal(body->len, len);
	assert_memory_equal(body->data, bytes, len);
}

static inline void assert_text(struct span span, const char *text)
{
	assert_int_equal(span.len, strlen(text));
	assert_memory_equal(span.data, text, span.len);
}

/* Bytes that repeat after no power of two. */
static inline uint8_t *site_bytes(size_t len)
{
	uint8_t *bytes = malloc(len ? len : 1);

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	return bytes;
}

#define site_test(f) cmocka_unit_test_setup_teardown(f, site_setup, site_teardown)

#endif
