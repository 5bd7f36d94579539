/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/similar.h"

#include <string.h>

#include "base/bytes.h"
#include "http/field_line.h"
#include "http/fields.h"
#include "http/misses.h"
#include "http/request_line.h"
#include "http/scan.h"

#define MIN_BYTES 128 /* of field lines: fewer are read as quickly */
#define MIN_LINE  8   /* bytes of a line: by these it is looked for */
#define MAX_LINE  256 /* longer ones do not come again */

#ifdef __AVX2__

static inline uint32_t differ_32(const uint8_t *a, const uint8_t *b)
{
	__m256i equal = _mm256_cmpeq_epi8(
		_mm256_loadu_si256((const __m256i *)a), _mm256_loadu_si256((const __m256i *)b));

	return ~(uint32_t)_mm256_movemask_epi8(equal);
}

static inline uint32_t differ_16(const uint8_t *a, const uint8_t *b)
{
	__m128i equal = _mm_cmpeq_epi8(
		_mm_loadu_si128((const __m128i *)a), _mm_loadu_si128((const __m128i *)b));

	return 0xffff ^ (uint32_t)_mm_movemask_epi8(equal);
}

#endif

/* By bytes where kinds of clients differ, behind a Host. section: MIN_BYTES at least. */
static struct http_similar_entry *entry_for(struct http_similar *similar, const uint8_t *section)
{
	uint64_t hash = rs_load_64(section + 32) * UINT64_C(0x9e3779b97f4a7c15) +
			rs_load_64(section + 64) * UINT64_C(0xff51afd7ed558ccd) +
			rs_load_64(section + 96) * UINT64_C(0xc4ceb9fe1a85ec53);

	return &similar->entries[hash >> (64 - HTTP_SIMILAR_BITS)];
}

/* Are len bytes the same, of which the first eight are? */
static inline bool is_same(const uint8_t *a, const uint8_t *b, uint32_t len)
{
#ifdef __AVX2__
	if (len >= 32) {
		for (uint32_t i = 0; i + 32 < len; i += 32)
			if (differ_32(a + i, b + i))
				return false;
		return !differ_32(a + len - 32, b + len - 32);
	}
	if (len >= 16)
		return !(differ_16(a, b) | differ_16(a + len - 16, b + len - 16));
	return rs_load_64(a + len - 8) == rs_load_64(b + len - 8);
#else
	return memcmp(a, b, len) == 0;
#endif
}

/* Returns the bytes of any line but the empty one, which begins at from and before to, or 0: it is
 * no good one. */
static __attribute__((noinline)) uint32_t read_line(
	const uint8_t *head, uint32_t from, uint32_t to, struct http_field *field)
{
	struct scan_walk walk = scan_walk_from(from);
	uint32_t i;

	do
		i = scan_next_control(true, head, to, &walk);
	while (i < to && head[i] == '\t');
	if (i + 2 > to || !is_line_end(head + i) || read_field(true, head, from, i, to, field) < 0)
		return 0;
	return i + 2 - from;
}

/*
 * Reads the lines in [from, end), behind which the empty one stands, into req, at most max_fields.
 * Returns how many were not known, or -1: not all of them are good ones, as far as that can be said
 * of each alone.
 */
static inline int read_lines(const struct http_similar_entry *e, uint32_t max_fields, uint32_t from,
	uint32_t end, struct http_req *req, struct http_found *found)
{
	const struct http_similar_line *next = e->lines, *last = next + e->n_lines;
	const uint8_t *head = req->head;
	uint32_t known = 0, repeated = 0, n = 0, len;
	int n_new = 0;

	for (; from < end; from += len, n++) {
		struct http_field *field = &req->fields[n];
		const struct http_similar_line *line = next;
		uint64_t first;

		/* With the empty line's two bytes, there are eight of each that has six. */
		if (n == max_fields || from + MIN_LINE - 2 > end)
			return -1;
		first = rs_load_64(head + from);
		while (line < last && line->first != first)
			line++;
		if (line < last)
			next = line + 1;
		if (rs_likely(line < last && line->len <= end - from &&
			      is_same(head + from, e->bytes + line->at, line->len))) {
			*field = (struct http_field){
				.name = (uint16_t)from,
				.value = (uint16_t)(from + line->value),
				.value_len = line->value_len,
				.id = line->id,
			};
			len = line->len;
		} else {
			len = read_line(head, from, end, field);
			if (!len)
				return -1;
			n_new++;
		}
		repeated |= known & 1u << field->id;
		known |= 1u << field->id;
		found->last[field->id] = (uint8_t)n;
	}
	req->n_fields = (uint16_t)n;
	req->known = known;
	found->repeated = repeated;
	return n_new;
}

/* Not inlined: it needs all registers. */
__attribute__((noinline)) int rs_http_parse_similar(const struct http_limits *limits,
	struct http_similar *similar, const uint8_t *head, uint32_t len, uint32_t cr,
	struct http_req *req)
{
	uint32_t section = cr + 2;
	const struct http_similar_entry *e;
	struct http_found found;
	int n_new;

	if (section + MIN_BYTES > len || len > limits->max_head_bytes)
		return 0;
	e = entry_for(similar, head + section);
	if (!e->n_lines)
		return 0;
	req->head = head;
	req->path = req->query = req->host = (struct span){0};
	if (read_request_line(true, limits, head, 0, cr, req) < 0)
		return 0;
	n_new = read_lines(e, limits->max_fields, section, len - 2, req, &found);
	if (n_new < 0)
		return 0;
	req->head_bytes = len;
	req->fields_at = 0;
	req->seen_fields = NULL;
	if (rs_http_judge_fields(true, req, &found) < 0)
		return 0;
	if (2 * n_new > req->n_fields)
		rs_http_similar_keep(similar, req);
	return (int)len;
}

void rs_http_similar_keep(struct http_similar *similar, const struct http_req *req)
{
	const uint8_t *head = req->head;
	struct http_similar_entry *e;
	uint32_t bytes = 0, n = 0;

	if (!req->n_fields || req->fields[0].name + (uint32_t)MIN_BYTES > req->head_bytes)
		return;
	e = entry_for(similar, head + req->fields[0].name);
	if (!rs_http_keep_miss(&e->n_misses))
		return;
	for (uint32_t i = 0; i < req->n_fields && n < HTTP_SIMILAR_LINES; i++) {
		const struct http_field *field = &req->fields[i];
		uint32_t from = field->name;
		uint32_t to = i + 1u < req->n_fields ? field[1].name : req->head_bytes - 2;
		uint32_t len = to - from;

		if (len < MIN_LINE || len > MAX_LINE || bytes + len > HTTP_SIMILAR_BYTES)
			continue;
		memcpy(e->bytes + bytes, head + from, len);
		e->lines[n++] = (struct http_similar_line){
			.first = rs_load_64(head + from),
			.at = (uint16_t)bytes,
			.len = (uint16_t)len,
			.value = (uint16_t)(field->value - from),
			.value_len = field->value_len,
			.id = field->id,
		};
		bytes += len;
	}
	e->n_lines = (uint16_t)n;
}
