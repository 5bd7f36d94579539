/* SPDX-License-Identifier: BSD-2-Clause */
#include "content/listing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HEAD_BYTES   512 /* more than is written beside names */
#define ROW_BYTES    128
#define PATH_GROWTH  3 /* one byte of a name becomes %XX at most */
#define HTML_GROWTH  5 /* or &#NN; */
#define TITLE_GROWTH (2 * HTML_GROWTH)
#define NAME_GROWTH  (PATH_GROWTH + HTML_GROWTH)

struct row {
	struct span name;
	const struct file_id *id;
	bool is_dir;
};

/* ---- the text; there is room for all of it ---- */

static uint8_t *put(uint8_t *to, const char *text)
{
	size_t len = strlen(text);

	memcpy(to, text, len);
	return to + len;
}

static uint8_t *put_html(uint8_t *to, struct span text)
{
	for (uint32_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];

		if (c && strchr("&<>\"'", c))
			to += sprintf((char *)to, "&#%u;", c);
		else
			*to++ = c;
	}
	return to;
}

/* RFC 3986 section 2.3: what is not unreserved is escaped, so that no name looks like a scheme. */
static uint8_t *put_segment(uint8_t *to, struct span name)
{
	static const char unreserved[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789-._~";

	for (uint32_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];

		if (c && strchr(unreserved, c))
			*to++ = c;
		else
			to += sprintf((char *)to, "%%%02X", c);
	}
	return to;
}

static uint8_t *put_time(uint8_t *to, int64_t seconds)
{
	time_t t = seconds;
	char text[ROW_BYTES / 2];
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm))
		return to;
	return put(to, text);
}

/* Columns in the order of other servers: programs that mirror a site read times and sizes from
 * them. */
static uint8_t *put_row(uint8_t *to, const struct row *row)
{
	const char *slash = row->is_dir ? "/" : "";

	to = put(to, "<tr><td><a href=\"");
	to = put_segment(to, row->name);
	to = put(to, slash);
	to = put(to, "\">");
	to = put_html(to, row->name);
	to = put(to, slash);
	to = put(to, "</a><td>");
	to = put_time(to, row->id->mtime_s);
	to = put(to, "<td>");
	if (row->is_dir)
		to = put(to, "-");
	else
		to += sprintf((char *)to, "%" PRIu64, row->id->n_bytes);
	return put(to, "\n");
}

static uint8_t *put_page(
	uint8_t *to, const struct walk_dir *dir, const struct row *rows, uint32_t n_rows)
{
	/* No style sheet: a Content-Security-Policy of the operator's would not let it in. */
	to = put(to, "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
		     "<meta name=\"color-scheme\" content=\"light dark\">\n"
		     "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Index of ");
	to = put_html(to, dir->path);
	to = put(to, "</title>\n<h1>");
	to = put_html(to, dir->path);
	to = put(to, "</h1>\n<table>\n<tr><th>Name<th>Changed (UTC)<th>Bytes\n");
	if (dir->path.len > 1)
		to = put(to, "<tr><td><a href=\"../\">../</a><td><td>\n");
	for (uint32_t i = 0; i < n_rows; i++)
		to = put_row(to, &rows[i]);
	return put(to, "</table>\n</html>\n");
}

/* ---- the rows ---- */

/* Directories first, then by name. */
static int compare(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	uint32_t len = a->name.len < b->name.len ? a->name.len : b->name.len;
	int order;

	if (a->is_dir != b->is_dir)
		return a->is_dir ? -1 : 1;
	order = memcmp(a->name.data, b->name.data, len);
	return order ? order : (a->name.len > b->name.len) - (a->name.len < b->name.len);
}

static struct span name_of_dir(const struct walk_dir *dir, const struct walk_dir *parent)
{
	return (struct span){.data = dir->path.data + parent->path.len,
		.len = dir->path.len - parent->path.len - 1};
}

static uint32_t collect(const struct walk *walk, const struct walk_dir *dir, struct row *rows)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < dir->n_dirs; i++) {
		const struct walk_dir *child = &walk->dirs[dir->first_dir + i];

		if (!child->left_out)
			rows[n++] = (struct row){
				.name = name_of_dir(child, dir), .id = &child->id, .is_dir = true};
	}
	for (uint32_t i = 0; i < dir->n_files; i++) {
		const struct walk_file *file = &walk->files[dir->first_file + i];

		if (file->entry != INDEX_NONE)
			rows[n++] = (struct row){.name = rs_walk_name(file), .id = &file->id};
	}
	qsort(rows, n, sizeof(*rows), compare);
	return n;
}

uint64_t rs_listing_most_bytes(const struct walk *walk, const struct walk_dir *dir)
{
	uint64_t n = HEAD_BYTES + TITLE_GROWTH * (uint64_t)dir->path.len;

	for (uint32_t i = 0; i < dir->n_dirs; i++) {
		const struct walk_dir *child = &walk->dirs[dir->first_dir + i];

		n += ROW_BYTES + NAME_GROWTH * (uint64_t)name_of_dir(child, dir).len;
	}
	for (uint32_t i = 0; i < dir->n_files; i++) {
		const struct walk_file *file = &walk->files[dir->first_file + i];

		n += ROW_BYTES + NAME_GROWTH * (uint64_t)rs_walk_name(file).len;
	}
	return n;
}

static struct body *keep(struct load *load, const uint8_t *page, uint64_t len)
{
	struct body *body = rs_body_new(load->tree->store, len);

	if (!body) {
		rs_load_fail_memory(load);
		return NULL;
	}
	memcpy(rs_body_room(body), page, len);
	return rs_body_keep(load->tree->store, body);
}

struct body *rs_listing_make(struct load *load, const struct walk_dir *dir, int64_t *mtime_s)
{
	uint64_t n_most = (uint64_t)dir->n_dirs + dir->n_files + 1;
	struct row *rows = malloc(n_most * sizeof(*rows));
	uint8_t *page = malloc(rs_listing_most_bytes(&load->walk, dir));
	struct body *body = NULL;

	if (rows && page) {
		uint32_t n = collect(&load->walk, dir, rows);

		body = keep(load, page, (uint64_t)(put_page(page, dir, rows, n) - page));
		*mtime_s = dir->id.mtime_s;
		for (uint32_t i = 0; i < n; i++)
			*mtime_s = rows[i].id->mtime_s > *mtime_s ? rows[i].id->mtime_s : *mtime_s;
	} else {
		rs_load_fail(load, "no memory to list %.200s", (const char *)dir->path.data);
	}
	free(rows);
	free(page);
	return body;
}
