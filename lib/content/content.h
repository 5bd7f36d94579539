/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The immutable objects that a static site is served from: a directory, loaded into memory, found
 * by path. It knows no requests and no replies; conditions, ranges and the choice of a coding are
 * the caller's.
 *
 * rs_content_load() and rs_content_free() are for one thread, off the packet path: they read files,
 * allocate, and write reference counts. rs_content_find() and what it returns may be used by every
 * core at the same time, until the tree is freed: nothing of a loaded tree is written any more.
 * Trees that were made from one another, or beside, share what is the same in them, and are freed
 * in any order.
 *
 * Public: content.h, counters.h. Includes base, and libxxhash, zlib, brotli, zstd.
 */
#ifndef RS_CONTENT_CONTENT_H
#define RS_CONTENT_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "base/sums.h"
#include "content/counters.h"

enum content_coding {
	CONTENT_IDENTITY,
	CONTENT_GZIP,
	CONTENT_ZSTD,
	CONTENT_BR,
	CONTENT_N_CODINGS,
};

#define CONTENT_CODING_BIT(coding) (1u << (coding))

/* The coding of this name (RFC 9110 section 8.4.1), in any case; CONTENT_N_CODINGS: none. */
enum content_coding rs_content_coding_named(struct span name);

#define CONTENT_ETAG_BYTES 34 /* two quotes around 32 hexadecimal digits */

/* The bytes of a file: there is one of it for all files with the same bytes. */
struct content_body {
	const uint8_t *data; /* 64-byte aligned; of an empty body, not to be read */
	uint64_t len;
	uint8_t etag_len;
	char etag[CONTENT_ETAG_BYTES + 1]; /* strong, with its quotes, from XXH3-128 of the bytes */
};

enum content_kind {
	CONTENT_FILE,      /* has a body: a file, the index of a directory, or a listing */
	CONTENT_REDIRECT,  /* a directory without its "/": what is asked for is path + "/" */
	CONTENT_BARE_PATH, /* a directory with its "/" that has neither index nor listing */
};

struct content_entry {
	struct span path; /* as in the file system, not escaped, from the root: "/a/b.html" */
	const struct content_body *bodies[CONTENT_N_CODINGS]; /* NULL: none in this coding */
	/* Of a file or redirect: field lines by pattern, each with its CR LF; may be empty. Where
	 * they are not, an empty line stands behind them, which does not count. The first
	 * n_secured_bytes of them are for replies over TLS alone. */
	struct span fields;
	/* Of a file alone: */
	struct span type; /* media type, with charset */
	struct span link; /* of the fields, the one that is Link (RFC 8288); may be empty */
	int64_t mtime_s;  /* of the file; of a listing, the youngest time in it */
	uint32_t n_secured_bytes;
	uint8_t kind;          /* enum content_kind */
	uint8_t stored_coding; /* of a file, enum content_coding: what its bytes are, says a
				  pattern; with one, it is there as it is alone */
};

/* A field line for all paths that match; the index of a directory has those of its file, a redirect
 * those of the directory without its "/". */
struct content_pattern {
	/* '*' is any number of any bytes, "/" among them; the rest is itself. */
	const char *pattern;
	const char *field; /* "Name: value"; of one name, the last pattern that matches counts */
};

#define CONTENT_MAX_PATTERNS 64

/* What is wrong with a pattern's field, as in "is not …"; NULL: nothing. */
const char *rs_content_field_fault(const char *field);

/* Not to be said where there is no TLS (RFC 6797 section 7.2). */
#define CONTENT_SECURED_FIELD "Strict-Transport-Security"
#define CONTENT_SECURED_BYTES 160 /* of it, at most */

/* The field of this name that goes with path, as its pattern has it; NULL: none does. */
const char *rs_content_field_for(const struct content_pattern *patterns, uint32_t n_patterns,
	struct span path, const char *name);

/* Where the bodies stand. */
struct content_memory {
	/* At least so many bytes (a multiple of 2 MiB), 2 MiB-aligned, or NULL. */
	void *(*alloc)(void *ctx, size_t n_bytes);
	void (*free)(void *ctx, void *memory, size_t n_bytes);
	void *ctx;
};

#define CONTENT_TYPES_FILE "/etc/mime.types"

enum content_phase {
	CONTENT_FINDING, /* how many files there will be is not known: the totals are 0 */
	CONTENT_READING,
	CONTENT_COMPRESSING,
};

struct content_progress {
	enum content_phase phase;
	uint64_t n_files; /* done */
	uint64_t n_bytes; /* done */
	uint64_t n_files_total;
	uint64_t n_bytes_total;
};

struct content_options {
	const char *root;
	const char *const *index_names; /* in order of preference, ended by NULL; NULL: index.html,
					   index.htm */
	const char *types_file;         /* NULL: CONTENT_TYPES_FILE, where there is one */
	const char *default_type;       /* NULL: application/octet-stream */
	const char *charset;            /* of text; NULL: utf-8; "": none is told */
	const struct content_pattern *patterns;
	uint32_t n_patterns;
	uint32_t precompress; /* set of CONTENT_CODING_BIT()s to make where they pay */
	bool outside_links;   /* follow symbolic links that lead out of the root */
	bool hidden;          /* names that begin with a dot, too; .well-known always is */
	/* Patterns, as above, of the paths of files and directories to leave out, ended by NULL;
	 * NULL: none. A directory goes with all in it; its path is that without "/". */
	const char *const *excluded;
	bool listing; /* for directories without an index */
	uint64_t
		max_bytes; /* of memory for bodies, those of trees that share it too; 0: no bound */

	const struct content_memory *memory; /* NULL: anonymous, transparent huge pages; taken over
						from a tree that is shared with */

	/* Of another directory, which bytes are shared with, and max_bytes. Not asked with a
	 * previous tree: what that shares, this one does. NULL: there is none. */
	const struct content_tree *beside;

	void *ctx; /* of the callbacks, each of which may be NULL */
	void (*on_progress)(void *ctx, const struct content_progress *progress);
	/* A file or directory that is left out, or not renewed: path in the site, of any bytes,
	 * and why. */
	void (*on_skip)(void *ctx, const char *path, const char *reason);
	/* Asked often, on the thread that loads. True, from then on: nobody wants it any more, and
	 * it fails. */
	bool (*is_interrupted)(void *ctx);
};

struct content_report {
	uint64_t counts[CONTENT_N_COUNTERS]; /* of this load; see content_counters.def */
	uint64_t held_bytes;                 /* memory for bodies, of all trees that share it */
	uint32_t n_bad_type_lines; /* of types_file, passed over: they begin with no media type */
	uint32_t first_bad_type_line; /* from 1; 0: none */
	int types_error; /* -errno: CONTENT_TYPES_FILE is there, but was not read; or 0 */
	/* Why the load failed, in words that go on from a name: that of the root, … */
	char error[256];
	bool is_about_types; /* … or that of types_file */
};

struct content_tree;

/*
 * Loads options->root. Files that are the same as in previous (device, inode, size, times; NULL:
 * there is none) are not read again. previous is not changed and stays with the caller, as does
 * what options points to. Files that cannot be read are left out, counted and told; so are those
 * that change meanwhile, unless previous has them: then they stay as they are there. NULL, with the
 * reason in report, when there is no root or types_file, a pattern is wrong, it is interrupted,
 * there are no descriptors, a directory's list breaks off, or memory does not suffice: then it says
 * how much would.
 */
struct content_tree *rs_content_load(const struct content_options *options,
	const struct content_tree *previous, struct content_report *report);

/*
 * Is tree, which was made from previous, the same to all who find something in it? Then it is of no
 * use, but for what it knows of files that were too young when they were read: previous has that
 * now. For the thread that loads.
 */
bool rs_content_is_same(struct content_tree *previous, const struct content_tree *tree);

/*
 * The entry of a decoded path without dot segments, or NULL. It does not guess: "/a" and "/a/" are
 * two entries, "//a" is none.
 */
const struct content_entry *rs_content_find(
	const struct content_tree *tree, const uint8_t *path, uint32_t len);

/* All entries, in no particular order: n of them, numbered by their place. */
const struct content_entry *rs_content_entries(const struct content_tree *tree, uint32_t *n);

/*
 * The memory that the tree's bodies stand in, with its sums, and those of all trees that share with
 * it: areas in no particular order, as many as are returned; areas may be NULL.
 */
uint32_t rs_content_areas(const struct content_tree *tree, struct sums_area *areas);

/* tree: may be NULL. Nobody reads anything of it any more. */
void rs_content_free(struct content_tree *tree);

#endif
