/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text that lives as long as its tree: paths, types, field lines. Taken in large pieces, freed at
 * once. Private to lib/content; one thread at a time.
 */
#ifndef RS_CONTENT_TEXTS_H
#define RS_CONTENT_TEXTS_H

#include <stdint.h>

struct texts_piece;

struct texts {
	struct texts_piece *pieces; /* the youngest first */
	uint8_t *next;
	uint64_t n_left;
};

/* Starts as zeros. Room for n_bytes and a final 0, which is written; NULL: no memory. */
char *rs_texts_room(struct texts *texts, uint64_t n_bytes);

void rs_texts_free(struct texts *texts);

#endif
