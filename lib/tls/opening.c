/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/opening.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

struct tls_opening {
	uint32_t n;          /* bytes that have come … */
	uint32_t n_replayed; /* … and been read again */
	uint8_t bytes[TLS_OPENING_BYTES];
};

/*
 * How many bytes it has to have, as far as can be told. 0: it is not one for us. The version of a
 * record is of no account (RFC 8446 section 5.1).
 */
static uint32_t bytes_of(const struct tls_opening *o)
{
	uint32_t bytes;

	if (o->n > 0 && o->bytes[0] != TLS_CONTENT_HANDSHAKE)
		return 0;
	if (o->n < TLS_RECORD_HEADER)
		return TLS_RECORD_HEADER;
	bytes = TLS_RECORD_HEADER + (uint32_t)rs_load_be16(o->bytes + 3);
	return bytes <= sizeof(o->bytes) ? bytes : 0;
}

enum tls_status rs_tls_opening_take(struct tls_session *s, struct span *record)
{
	struct tls_opening *o = s->opening;
	uint32_t wanted;

	if (!o && s->pipe->peek(s->self).len) {
		o = s->opening = malloc(sizeof(*o));
		if (!o)
			return TLS_FAILED;
		o->n = o->n_replayed = 0;
	}
	while (o && (wanted = bytes_of(o)) > o->n) {
		struct span in = s->pipe->peek(s->self);
		uint32_t n = rs_min_u32(in.len, wanted - o->n);

		if (!n)
			break;
		memcpy(o->bytes + o->n, in.data, n);
		o->n += n;
		s->pipe->took(s->self, n);
	}
	if (!o || wanted > o->n)
		return s->pipe->ended(s->self) ? TLS_ENDED : TLS_WANT_INPUT;
	*record = (struct span){.data = o->bytes, .len = wanted};
	return TLS_OK;
}

uint32_t rs_tls_opening_replay(struct tls_session *s, uint8_t *to, uint32_t max)
{
	struct tls_opening *o = s->opening;
	uint32_t n;

	if (!o)
		return 0;
	n = rs_min_u32(max, o->n - o->n_replayed);
	memcpy(to, o->bytes + o->n_replayed, n);
	o->n_replayed += n;
	if (o->n_replayed == o->n)
		rs_tls_opening_free(s);
	return n;
}

void rs_tls_opening_free(struct tls_session *s)
{
	free(s->opening);
	s->opening = NULL;
}
