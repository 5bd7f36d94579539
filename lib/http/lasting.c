/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/lasting.h"

#include <string.h>

#include "base/bytes.h"
#include "http/text.h"

#define MAX_SLICE_BYTES (1u << 29)

#define DELIMITER      "\r\n--"
#define PART_TYPE      "\r\nContent-Type: "
#define PART_RANGE     "\r\nContent-Range: bytes "
#define PART_END       "\r\n\r\n"
#define BODY_END       "--\r\n"
#define MAX_TYPE_BYTES 320 /* of a part: the longest there is (RFC 6838), with a charset */
#define MAX_PART_HEAD                                                                              \
	(sizeof(DELIMITER) + HTTP_BOUNDARY_BYTES + sizeof(PART_TYPE) + MAX_TYPE_BYTES +            \
		sizeof(PART_RANGE) + 3 * HTTP_NUMBER_BYTES + 2 + sizeof(PART_END))

/* What is left to do of several ranges; it stands in a chunk. */
struct parts {
	const uint8_t *data;
	uint64_t len;
	uint64_t left;    /* of the part at work */
	uint32_t n, next; /* parts; the one at work is before next */
	uint32_t type_len, boundary_len;
	uint8_t type[MAX_TYPE_BYTES];
	uint8_t boundary[HTTP_BOUNDARY_BYTES];
	struct http_range ranges[HTTP_MAX_RANGES];
};

_Static_assert(sizeof(struct parts) <= HTTP_MIN_CHUNK_BYTES, "it stands in a chunk");

static uint64_t range_bytes(const struct http_range *r)
{
	return r->last - r->first + 1;
}

static uint32_t put(uint8_t *to, uint32_t at, const void *text, size_t len)
{
	memcpy(to + at, text, len);
	return at + (uint32_t)len;
}

#define PUT(to, at, literal) put(to, at, literal, sizeof(literal) - 1)

static uint32_t put_boundary(uint8_t *to, uint32_t at, struct span boundary)
{
	return put(to, at, boundary.data, rs_min_u32(boundary.len, HTTP_BOUNDARY_BYTES));
}

static uint32_t part_head(uint8_t *to, struct span boundary, struct span type,
	const struct http_range *r, uint64_t len)
{
	uint32_t n = PUT(to, 0, DELIMITER);

	n = put_boundary(to, n, boundary);
	n = PUT(to, n, PART_TYPE);
	n = put(to, n, type.data, rs_min_u32(type.len, MAX_TYPE_BYTES));
	n = PUT(to, n, PART_RANGE);
	n += rs_http_number(to + n, r->first);
	to[n++] = '-';
	n += rs_http_number(to + n, r->last);
	to[n++] = '/';
	n += rs_http_number(to + n, len);
	return PUT(to, n, PART_END);
}

static uint32_t parts_end(uint8_t *to, struct span boundary)
{
	uint32_t n = PUT(to, 0, DELIMITER);

	n = put_boundary(to, n, boundary);
	return PUT(to, n, BODY_END);
}

uint64_t rs_http_parts_bytes(const struct http_lasting *body, uint8_t *type, uint32_t *type_bytes)
{
	uint8_t text[MAX_PART_HEAD];
	uint64_t total = parts_end(text, body->boundary);

	for (uint32_t i = 0; i < body->n_ranges; i++)
		total += part_head(text, body->boundary, body->part_type, &body->ranges[i],
				 body->len) +
			 range_bytes(&body->ranges[i]);
	*type_bytes = PUT(type, 0, "multipart/byteranges; boundary=");
	*type_bytes = put_boundary(type, *type_bytes, body->boundary);
	return total;
}

/* The chunk that tells of them, or 0. */
static uint32_t begin_parts(struct http_env *env, const struct http_lasting *body)
{
	uint32_t chunk = rs_chunk_alloc(env->chunks);
	struct parts *p;

	if (!chunk)
		return 0;
	p = (struct parts *)(void *)rs_chunk_data(env->chunks, chunk);
	*p = (struct parts){
		.data = body->data,
		.len = body->len,
		.n = body->n_ranges,
		.type_len = rs_min_u32(body->part_type.len, MAX_TYPE_BYTES),
		.boundary_len = rs_min_u32(body->boundary.len, HTTP_BOUNDARY_BYTES),
	};
	memcpy(p->type, body->part_type.data, p->type_len);
	memcpy(p->boundary, body->boundary.data, p->boundary_len);
	memcpy(p->ranges, body->ranges, body->n_ranges * sizeof(p->ranges[0]));
	return chunk;
}

bool rs_http_lasting_begin(
	struct http_env *env, struct http_conn *hc, const struct http_lasting *body)
{
	uint32_t parts = 0;

	if (body->n_ranges > 1) {
		parts = begin_parts(env, body);
		if (!parts)
			return false;
	}
	rs_http_lasting_begin_at(env, hc,
		body->data + (body->n_ranges == 1 ? body->ranges[0].first : 0), body->owner);
	hc->parts = parts;
	return true;
}

/* Up to *left bytes at *data, which moves on. False: no room. */
static bool push(struct http_env *env, struct http_conn *hc, struct sendq *out,
	const uint8_t **data, uint64_t *left)
{
	uint32_t len = (uint32_t)rs_min_u64(*left, MAX_SLICE_BYTES);

	if (!rs_sendq_make_room(out, env->chunks, 1) || !rs_sendq_push(out, *data, len, hc->owner))
		return false;
	if (hc->owner)
		rs_chunk_share(env->chunks, hc->owner);
	*data += len;
	*left -= len;
	return true;
}

static bool push_text(struct http_env *env, struct http_conn *hc, struct sendq *out,
	const uint8_t *text, uint32_t n)
{
	uint8_t *to = rs_sendq_reserve(out, env->chunks, n);

	if (!to)
		return false;
	memcpy(to, text, n);
	rs_sendq_commit(out, n, env->chunks);
	hc->reply_left -= n;
	return true;
}

static struct span boundary_of(const struct parts *p)
{
	return (struct span){.data = p->boundary, .len = p->boundary_len};
}

/* What stands before the next part. */
static bool begin_part(
	struct http_env *env, struct http_conn *hc, struct sendq *out, struct parts *p)
{
	const struct http_range *r = &p->ranges[p->next];
	struct span type = {.data = p->type, .len = p->type_len};
	uint8_t head[MAX_PART_HEAD];

	if (!push_text(env, hc, out, head, part_head(head, boundary_of(p), type, r, p->len)))
		return false;
	hc->lasting = p->data + r->first;
	p->left = range_bytes(r);
	p->next++;
	return true;
}

static void push_parts(struct http_env *env, struct http_conn *hc, struct sendq *out)
{
	struct parts *p = (struct parts *)(void *)rs_chunk_data(env->chunks, hc->parts);
	uint8_t end[MAX_PART_HEAD];

	for (;;) {
		uint64_t before = p->left;
		bool moved;

		if (p->left)
			moved = push(env, hc, out, &hc->lasting, &p->left);
		else if (p->next < p->n)
			moved = begin_part(env, hc, out, p);
		else
			break;
		if (!moved)
			return;
		if (before)
			hc->reply_left -= before - p->left;
	}
	push_text(env, hc, out, end, parts_end(end, boundary_of(p)));
}

void rs_http_lasting_push(struct http_env *env, struct http_conn *hc, struct sendq *out)
{
	if (hc->parts) {
		push_parts(env, hc, out);
		return;
	}
	while (hc->reply_left && push(env, hc, out, &hc->lasting, &hc->reply_left))
		;
}

void rs_http_lasting_end(struct http_env *env, struct http_conn *hc)
{
	if (!hc->lasting)
		return;
	if (hc->owner)
		rs_chunk_free(env->chunks, hc->owner);
	if (hc->parts)
		rs_chunk_free(env->chunks, hc->parts);
	hc->lasting = NULL;
}
