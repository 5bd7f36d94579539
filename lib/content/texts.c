/* SPDX-License-Identifier: BSD-2-Clause */
#include "content/texts.h"

#include <stddef.h>
#include <stdlib.h>

#define PIECE_BYTES (UINT64_C(1) << 18)

struct texts_piece {
	struct texts_piece *older;
	uint8_t bytes[];
};

char *rs_texts_room(struct texts *texts, uint64_t n_bytes)
{
	uint64_t need = n_bytes + 1;
	uint8_t *room;

	if (texts->n_left < need) {
		uint64_t n_new = need > PIECE_BYTES ? need : PIECE_BYTES;
		struct texts_piece *piece = malloc(sizeof(*piece) + n_new);

		if (!piece)
			return NULL;
		piece->older = texts->pieces;
		texts->pieces = piece;
		texts->next = piece->bytes;
		texts->n_left = n_new;
	}
	room = texts->next;
	room[n_bytes] = '\0';
	texts->next += need;
	texts->n_left -= need;
	return (char *)room;
}

void rs_texts_free(struct texts *texts)
{
	while (texts->pieces) {
		struct texts_piece *piece = texts->pieces;

		texts->pieces = piece->older;
		free(piece);
	}
	*texts = (struct texts){0};
}
