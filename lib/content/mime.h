/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Media types by the extension of a file's name: from a table like Debian's /etc/mime.types, or
 * like nginx's, and a small one of our own for what it lacks. Private to lib/content; one thread at
 * a time.
 */
#ifndef RS_CONTENT_MIME_H
#define RS_CONTENT_MIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "content/texts.h"

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
	struct mime_slot *slots;
	uint32_t n_slots; /* a power of two */
	uint32_t n_used;
	struct mime_type fallback;
	const char *charset;
	uint32_t n_bad_lines; /* of the file: they begin with no media type, and were passed over */
	uint32_t first_bad_line; /* from 1; 0: none */
};

/*
 * What types_file says is kept in texts, the table in memory of its own. types_file may be NULL: it
 * is CONTENT_TYPES_FILE, but for some extensions that the web knows better. 0; or -errno, why the
 * file was not read: then there is our own table alone; or -ENOMEM. The table is to be freed in any
 * case.
 */
int rs_mime_load(struct mime_table *table, const char *types_file, const char *fallback,
	const char *charset, struct texts *texts);

/* name: of a file, without its directories. */
const struct mime_type *rs_mime_find(const struct mime_table *table, struct span name);

/* type: without parameters. */
bool rs_mime_is_compressible(struct span type);

void rs_mime_free(struct mime_table *table);

#endif
