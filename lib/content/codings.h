/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The codings that a file is to be had in: from precompressed files beside it, or made by the load.
 * Private to lib/content; one thread at a time.
 */
#ifndef RS_CONTENT_CODINGS_H
#define RS_CONTENT_CODINGS_H

#include "content/load.h"

/* The most that compressing file into codings (a set of CONTENT_CODING_BIT()s) can take. */
void rs_codings_need_add(const struct load *load, const struct walk_file *file, uint32_t codings,
	struct arena_need *need);

/* Files whose names go on with .gz, .br or .zst become codings of the file without. */
void rs_codings_from_siblings(struct load *load);

/* Compresses all files that want it, where there is no sibling. False: no memory. */
bool rs_codings_compress(struct load *load);

/* The same for one entry whose body has just been made. */
bool rs_codings_compress_one(
	struct load *load, struct content_entry *entry, const struct mime_type *type);

#endif
