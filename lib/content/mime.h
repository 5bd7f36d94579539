/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Media types of files: what the operator's patterns say of the path, or by the extension of its
 * name, from a table like Debian's /etc/mime.types, or like nginx's, and a small one of our own for
 * what it lacks. Private to lib/content; one thread at a time.
 */
#ifndef RS_CONTENT_MIME_H
#define RS_CONTENT_MIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "content/content.h"
#include "content/texts.h"

#define MIME_FIELD          "Content-Type"
#define MIME_MAX_FILE_BYTES (1u << 20) /* Debian's table has 70 KiB */

struct mime_type {
	struct span text; /* as in Content-Type, with its charset */
	bool compressible;
};

struct mime_slot {
	const char *extension; /* in lower case; NULL: free */
	struct mime_type type;
};

struct mime_table {
	const struct content_pattern *patterns;
	uint32_t n_patterns;
	struct mime_type by_pattern[CONTENT_MAX_PATTERNS]; /* no text: not about the type */
	struct mime_slot *slots;
	uint32_t n_slots; /* a power of two */
	uint32_t n_used;
	struct mime_type fallback;
	const char *charset;
	uint32_t n_bad_lines; /* of the file: they begin with no media type, and were passed over */
	uint32_t first_bad_line; /* from 1; 0: none */
};

/*
 * What options say, kept in texts; the table is in memory of its own, and the patterns stay the
 * options'. No types_file: it is CONTENT_TYPES_FILE, but for some extensions that the web knows
 * better. 0; or -errno, why the file was not read: then there is our own table alone; or -ENOMEM.
 * The table is to be freed in any case.
 */
int rs_mime_load(
	struct mime_table *table, const struct content_options *options, struct texts *texts);

/* path: of a file, in the site. Of the patterns about the type, the last that matches counts. */
const struct mime_type *rs_mime_find(const struct mime_table *table, struct span path);

/* Is it the value of a Content-Type (RFC 9110 section 8.3.1), and not too long? It has to be the
 * value of a field. */
bool rs_mime_is_value(const char *value);

/* type: without parameters. */
bool rs_mime_is_compressible(struct span type);

void rs_mime_free(struct mime_table *table);

#endif
