/* SPDX-License-Identifier: BSD-2-Clause */
#include "telem/access.h"

#include <string.h>

#include "base/bytes.h"

/* The most that each may have, so that all of them fit: the longest are cut to one length. */
static uint32_t fair_limit(const struct span texts[ACCESS_N_TEXTS])
{
	uint32_t left = ACCESS_TEXT_BYTES, n = ACCESS_N_TEXTS;
	uint32_t limit = left / n;

	/* Those that need less than their share leave the rest of it to the others. */
	for (uint32_t round = 0; round < ACCESS_N_TEXTS; round++) {
		uint32_t short_bytes = 0, n_short = 0;

		for (uint32_t i = 0; i < ACCESS_N_TEXTS; i++) {
			if (texts[i].len > limit)
				continue;
			short_bytes += texts[i].len;
			n_short++;
		}
		if (n_short == ACCESS_N_TEXTS || (left - short_bytes) / (n - n_short) == limit)
			break;
		limit = (left - short_bytes) / (n - n_short);
	}
	return rs_min_u32(limit, UINT8_MAX);
}

void rs_access_set_texts(struct access_record *r, const struct span texts[ACCESS_N_TEXTS])
{
	uint32_t limit = fair_limit(texts), at = 0;

	r->is_cut = false;
	for (uint32_t i = 0; i < ACCESS_N_TEXTS; i++) {
		uint32_t len = rs_min_u32(texts[i].len, limit);

		r->is_cut |= len < texts[i].len;
		r->lens[i] = (uint8_t)len;
		if (len)
			memcpy(r->texts + at, texts[i].data, len);
		at += len;
	}
}

struct span rs_access_text(const struct access_record *r, enum access_text which)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < which; i++)
		at += r->lens[i];
	return (struct span){.data = r->texts + at, .len = r->lens[which]};
}
