/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls_buffer.h"

#include "tls_list.h"

static struct tls_list *holders(struct stage_tls *s, const struct tls_conn *c)
{
	return c->state == TLS_CONN_OPEN ? &s->holders : &s->shaking_holders;
}

/* Its next turn ends it. */
static void take_from(struct stage_tls *s, struct tls_conn *c)
{
	rs_tls_buffer_free(c);
	c->http.abort = true;
	s->counters[TLS_C_NO_BUFFER]++;
	rs_tls_enqueue(s, c);
}

static uint32_t get(struct stage_tls *s, struct tls_conn *c)
{
	struct tls_conn *loser = NULL;

	if (rs_unlikely(!s->records.n_free)) {
		loser = rs_tls_list_first(s, &s->shaking_holders);
		if (!loser && c->state == TLS_CONN_OPEN)
			loser = rs_tls_list_first(s, &s->holders);
	}
	if (loser)
		take_from(s, loser);
	return rs_chunk_alloc(&s->records);
}

uint8_t *rs_tls_buffer(struct tls_conn *c)
{
	struct stage_tls *s = c->stage;

	if (!c->buffer) {
		c->buffer = get(s, c);
		if (!c->buffer) {
			s->counters[TLS_C_NO_BUFFER]++;
			c->http.abort = true;
			return NULL;
		}
		rs_tls_list_append(s, holders(s, c), TLS_LIST_HOLDERS, c);
	}
	return rs_chunk_data(&s->records, c->buffer);
}

void rs_tls_buffer_free(struct tls_conn *c)
{
	struct stage_tls *s = c->stage;

	if (!c->buffer)
		return;
	rs_tls_list_remove(s, holders(s, c), TLS_LIST_HOLDERS, c);
	rs_chunk_free(&s->records, c->buffer);
	c->buffer = 0;
	c->kept_from = c->kept_to = 0;
}

void rs_tls_buffer_open(struct tls_conn *c)
{
	struct stage_tls *s = c->stage;

	if (!c->buffer)
		return;
	rs_tls_list_remove(s, &s->shaking_holders, TLS_LIST_HOLDERS, c);
	rs_tls_list_append(s, &s->holders, TLS_LIST_HOLDERS, c);
}
