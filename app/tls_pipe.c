/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls_pipe.h"

#include <string.h>

#include "base/bytes.h"
#include "tls_buffer.h"

/* ---- jobs to the net core ---- */

static struct tls_net *net_of(const struct tls_conn *c)
{
	return &c->stage->nets[c->net];
}

static uint8_t *chunk_data(const struct tls_conn *c, uint32_t chunk)
{
	return rs_tls_net_chunk(net_of(c), chunk);
}

static void put(
	struct tls_conn *c, enum tls_job_kind kind, const struct tls_piece *piece, uint32_t n)
{
	const struct tls_job job = {
		.conn = c->conn,
		.chunk = piece->chunk,
		.generation = c->generation,
		.len = piece->len,
		.kind = (uint8_t)kind,
		.n = (uint8_t)n,
	};

	rs_tls_outbox_put(&net_of(c)->to, &job);
}

static void give(struct tls_conn *c, enum tls_job_kind kind, const struct tls_piece *piece)
{
	put(c, kind, piece, c->n_read);
	c->n_read = 0;
}

static void add_spare(struct tls_conn *c, uint32_t chunk)
{
	memcpy(chunk_data(c, chunk), &c->spare, sizeof(c->spare));
	c->spare = chunk;
	c->n_spare++;
}

static uint32_t take_spare(struct tls_conn *c)
{
	uint32_t chunk = c->spare;

	if (!chunk)
		return 0;
	memcpy(&c->spare, chunk_data(c, chunk), sizeof(c->spare));
	c->n_spare--;
	return chunk;
}

void rs_tls_pipe_send(struct tls_conn *c)
{
	if (!c->fill.chunk)
		return;
	if (c->fill.len)
		give(c, TLS_JOB_DATA, &c->fill);
	else
		add_spare(c, c->fill.chunk);
	c->fill = (struct tls_piece){0};
}

void rs_tls_pipe_return(struct tls_conn *c)
{
	uint32_t chunk;

	while ((chunk = take_spare(c)) != 0)
		give(c, TLS_JOB_RETURN, &(struct tls_piece){.chunk = chunk});
}

/* ---- the pipe of a session: pieces in, chunks out ---- */

static uint8_t *piece_data(const struct tls_conn *c, const struct tls_piece *p)
{
	if (rs_unlikely(p->is_ours))
		return rs_chunk_data(&c->stage->web.chunks, p->chunk) + p->offset;
	return chunk_data(c, p->chunk) + p->offset;
}

static struct span peek(void *self)
{
	struct tls_conn *c = self;
	const struct tls_piece *p = &c->in[c->in_head];

	if (!c->n_in)
		return (struct span){0};
	return (struct span){.data = piece_data(c, p), .len = p->len};
}

static void took(void *self, uint32_t n)
{
	struct tls_conn *c = self;
	struct tls_piece *p = &c->in[c->in_head];

	p->offset = (uint16_t)(p->offset + n);
	p->len = (uint16_t)(p->len - n);
	if (p->len)
		return;
	if (rs_unlikely(p->is_ours))
		rs_chunk_free(&c->stage->web.chunks, p->chunk);
	else
		add_spare(c, p->chunk);
	c->n_read++;
	c->in_head = (uint8_t)((c->in_head + 1) % NET_TLS_MAX_IN);
	c->n_in--;
}

static bool ended(void *self)
{
	return ((const struct tls_conn *)self)->has_eof;
}

/*
 * What is not read yet of the first piece moves to a chunk of ours, so that there is a place for
 * what has to be written before it is read: an alert, or the answer to the first of several
 * requests.
 */
static void evacuate(struct tls_conn *c)
{
	struct tls_piece *p = &c->in[c->in_head];
	uint32_t ours;

	if (!c->n_in || p->is_ours)
		return;
	ours = rs_chunk_alloc(&c->stage->web.chunks);
	if (!ours)
		return;
	memcpy(rs_chunk_data(&c->stage->web.chunks, ours), piece_data(c, p), p->len);
	add_spare(c, p->chunk);
	*p = (struct tls_piece){.chunk = ours, .is_ours = true, .len = p->len};
}

static uint8_t *room(void *self, uint32_t *bytes)
{
	struct tls_conn *c = self;

	if (c->fill.chunk && c->fill.len == net_of(c)->chunk_bytes)
		rs_tls_pipe_send(c);
	if (!c->fill.chunk && !c->spare)
		evacuate(c);
	if (!c->fill.chunk)
		c->fill = (struct tls_piece){.chunk = take_spare(c)};
	if (!c->fill.chunk) {
		c->n_lacking = rs_max_u32(c->n_lacking, 1);
		return NULL;
	}
	*bytes = net_of(c)->chunk_bytes - c->fill.len;
	return chunk_data(c, c->fill.chunk) + c->fill.len;
}

static void wrote(void *self, uint32_t n)
{
	struct tls_conn *c = self;

	c->fill.len = (uint16_t)(c->fill.len + n);
}

static uint32_t total_room(void *self, uint32_t wanted)
{
	struct tls_conn *c = self;
	uint32_t chunk_bytes = net_of(c)->chunk_bytes;
	uint32_t total;

	if (!c->fill.chunk && !c->spare)
		evacuate(c);
	total = c->n_spare * chunk_bytes + (c->fill.chunk ? chunk_bytes - c->fill.len : 0);
	if (total < wanted)
		c->n_lacking = rs_max_u32(c->n_lacking, wanted);
	return total;
}

static uint8_t *gather(void *self)
{
	return rs_tls_buffer(self);
}

static void release(void *self)
{
	rs_tls_buffer_free(self);
}

const struct tls_pipe rs_tls_pipe_ops = {
	.peek = peek,
	.took = took,
	.ended = ended,
	.room = room,
	.wrote = wrote,
	.total_room = total_room,
	.gather = gather,
	.release = release,
};

/* ---- for the stage ---- */

void rs_tls_pipe_take(struct tls_conn *c, const struct tls_job *job)
{
	if (job->kind == TLS_JOB_GRANT) {
		c->n_wanted--;
		c->session.got_room = true;
		add_spare(c, job->chunk);
		return;
	}
	c->in[(c->in_head + c->n_in++) % NET_TLS_MAX_IN] =
		(struct tls_piece){.chunk = job->chunk, .len = job->len};
}

void rs_tls_pipe_end(struct tls_conn *c)
{
	rs_tls_pipe_send(c);
	while (c->n_in)
		took(c, c->in[c->in_head].len);
	rs_tls_pipe_return(c);
}

void rs_tls_pipe_say(struct tls_conn *c, enum tls_job_kind kind, uint32_t n)
{
	put(c, kind, &(struct tls_piece){0}, n);
}
