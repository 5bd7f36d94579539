/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Field lines by pattern: which of the operator's lines go with a path, but for Content-Type
 * (content/mime.h), and Content-Encoding, which belongs to a file's bytes. Paths with the same set
 * of lines share one text. Private to lib/content; one thread at a time.
 */
#ifndef RS_CONTENT_FIELDS_H
#define RS_CONTENT_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "content/content.h"
#include "content/texts.h"

/* Combinations that are remembered; beyond these, texts are made again. */
#define FIELDS_MAX_SETS 64

struct fields_set {
	uint64_t matching; /* a bit for each pattern */
	struct span text;
};

struct fields {
	const struct content_pattern *patterns;
	uint32_t n_patterns;
	uint32_t n_sets;
	struct fields_set sets[FIELDS_MAX_SETS];
};

/* patterns: of the caller, as long as fields is used. False, with the reason in error, for a field
 * line that is none (RFC 9110 section 5). */
bool rs_fields_init(struct fields *fields, const struct content_pattern *patterns,
	uint32_t n_patterns, char *error, size_t n_error);

/* What the lines say that the file at path is stored as; CONTENT_IDENTITY: none does. */
enum content_coding rs_fields_coding(const struct fields *fields, struct span path);

/* The lines for path, CONTENT_SECURED_FIELD first; their text is in texts. False: no memory. */
bool rs_fields_find(
	struct fields *fields, struct span path, struct texts *texts, struct span *text);

/* Of the lines that rs_fields_find() gave, the one with this name, with its CR LF; empty: none. */
struct span rs_fields_line(struct span text, const char *name);

#endif
