/* SPDX-License-Identifier: BSD-2-Clause */
#include "telem/access.h"

#include <string.h>

/* What each text may take however long the others are. */
static const uint32_t shares[ACCESS_N_TEXTS] = {
	[ACCESS_TARGET] = 886,
	[ACCESS_HOST] = 256,
	[ACCESS_REFERER] = 384,
	[ACCESS_USER_AGENT] = 384,
};

_Static_assert(886 + 256 + 384 + 384 == ACCESS_TEXT_BYTES, "the shares are all that there is");

void rs_access_set_method(struct access_record *record, struct span method)
{
	uint32_t len = rs_min_u32(method.len, ACCESS_METHOD_BYTES);

	if (len < method.len)
		record->flags |= ACCESS_TRUNCATED;
	if (len)
		memcpy(record->method, method.data, len);
	record->method_len = (uint8_t)len;
}

/* Gives every text its share at most. Returns how much of the shares nobody took. */
static uint32_t take_shares(const struct span texts[ACCESS_N_TEXTS], uint32_t lens[ACCESS_N_TEXTS])
{
	uint32_t spare = 0;

	for (uint32_t i = 0; i < ACCESS_N_TEXTS; i++) {
		lens[i] = texts[i].data ? rs_min_u32(texts[i].len, shares[i]) : 0;
		spare += shares[i] - lens[i];
	}
	return spare;
}

void rs_access_set_texts(struct access_record *record, const struct span texts[ACCESS_N_TEXTS])
{
	uint32_t lens[ACCESS_N_TEXTS], at = 0;
	uint32_t spare = take_shares(texts, lens);

	for (uint32_t i = 0; i < ACCESS_N_TEXTS; i++) {
		uint32_t more;

		record->text_len[i] = 0;
		if (!texts[i].data)
			continue;
		more = rs_min_u32(spare, texts[i].len - lens[i]);
		spare -= more;
		lens[i] += more;
		record->flags |= (uint16_t)ACCESS_HAS(i);
		if (lens[i] < texts[i].len)
			record->flags |= ACCESS_TRUNCATED;
		memcpy(record->text + at, texts[i].data, lens[i]);
		record->text_len[i] = (uint16_t)lens[i];
		at += lens[i];
	}
}

uint32_t rs_access_units(const struct access_record *record)
{
	uint32_t n_bytes = 0;

	for (uint32_t i = 0; i < ACCESS_N_TEXTS; i++)
		n_bytes += record->text_len[i];
	n_bytes = (uint32_t)ACCESS_HEAD_BYTES + rs_min_u32(n_bytes, ACCESS_TEXT_BYTES);
	return (n_bytes + ACCESS_UNIT_BYTES - 1) / ACCESS_UNIT_BYTES;
}

struct span rs_access_text(const struct access_record *record, enum access_text text)
{
	uint32_t at = 0;

	if (!(record->flags & ACCESS_HAS(text)))
		return (struct span){0};
	for (uint32_t i = 0; i < text; i++)
		at += record->text_len[i];
	at = rs_min_u32(at, ACCESS_TEXT_BYTES);
	return (struct span){
		.data = record->text + at,
		.len = rs_min_u32(record->text_len[text], ACCESS_TEXT_BYTES - at),
	};
}

struct span rs_access_method(const struct access_record *record)
{
	return (struct span){
		.data = record->method,
		.len = rs_min_u32(record->method_len, ACCESS_METHOD_BYTES),
	};
}
