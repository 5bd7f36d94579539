/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A head is read in two passes. The first finds the lines, and stops at every control character
 * that is not part of a CR LF. The second, once the empty line is there, reads request line and
 * fields. In between, a head that comes in pieces costs only the search for the next line end.
 *
 * Everything is compiled twice, for vector = true and false.
 */
#include "http/parse.h"

#include <string.h>

#include "base/bytes.h"
#include "http/field_line.h"
#include "http/fields.h"
#include "http/request_line.h"
#include "http/scan.h"

/* What *scanned holds between calls. */
#define SCANNED_LINE_KNOWN 1u /* the request line is complete and was checked */
#define SCANNED_SHIFT      1

struct lines {
	uint32_t n;                         /* how many were found */
	uint16_t ends[HTTP_MAX_FIELDS + 1]; /* where their CRs stand, as far as there is room */
};

enum found {
	FOUND_MORE,  /* no end yet: go on at pos */
	FOUND_END,   /* the head ends at pos */
	FOUND_FAULT, /* reason, at pos */
};

struct find {
	enum found what;
	uint32_t pos;
	enum http_counter reason;
};

/* Why find_lines() stopped at the control character at i: there is no CR LF. */
static struct find no_line_end(const uint8_t *head, uint32_t i, uint32_t to)
{
	struct find find = {.what = FOUND_FAULT, .pos = i, .reason = HTTP_C_BAD_CONTROL};

	if (i == to || (head[i] == '\r' && i + 1 == to))
		find.what = FOUND_MORE;
	else if (head[i] == '\r' || head[i] == '\n')
		find.reason = HTTP_C_BAD_LINE_END;
	return find;
}

/* The first pass, over [from, to). first: where the request line begins. */
static inline __attribute__((always_inline)) struct find find_lines_by(bool vector,
	const uint8_t *head, uint32_t first, uint32_t from, uint32_t to, struct lines *lines)
{
	struct scan_walk walk = scan_walk_from(from);

	for (;;) {
		uint32_t i = scan_next_control(vector, head, to, &walk);

		if (rs_unlikely(i + 2 > to || !is_line_end(head + i))) {
			if (i < to && head[i] == '\t')
				continue;
			return no_line_end(head, i, to);
		}
		if (rs_unlikely(i == first))
			return (struct find){
				.what = FOUND_FAULT, .pos = i, .reason = HTTP_C_BAD_REQUEST_LINE};
		if (head[i - 1] == '\n')
			return (struct find){.what = FOUND_END, .pos = i + 2};
		scan_pass(&walk, i + 1);
		if (lines->n < RS_ARRAY_SIZE(lines->ends))
			lines->ends[lines->n] = (uint16_t)i;
		lines->n++;
	}
}

static __attribute__((noinline)) struct find find_lines_scalar(
	const uint8_t *head, uint32_t first, uint32_t from, uint32_t to, struct lines *lines)
{
	return find_lines_by(false, head, first, from, to, lines);
}

static __attribute__((noinline)) struct find find_lines_vector(
	const uint8_t *head, uint32_t first, uint32_t from, uint32_t to, struct lines *lines)
{
	return find_lines_by(true, head, first, from, to, lines);
}

static inline struct find find_lines(bool vector, const uint8_t *head, uint32_t first,
	uint32_t from, uint32_t to, struct lines *lines)
{
	return vector ? find_lines_vector(head, first, from, to, lines)
		      : find_lines_scalar(head, first, from, to, lines);
}

/* The second pass. Returns end, or a refusal. */
static inline int read_head(bool vector, const struct http_limits *limits, const uint8_t *head,
	uint32_t first, uint32_t end, const struct lines *lines, struct http_req *req)
{
	struct http_found found;
	uint32_t known = 0, repeated = 0;
	int r = read_request_line(vector, limits, head, first, lines->ends[0], req);

	if (r < 0)
		return r;
	if (lines->n - 1 > limits->max_fields)
		return HTTP_REFUSED(HTTP_C_TOO_MANY_FIELDS);
	req->head_bytes = end;
	req->n_fields = (uint16_t)(lines->n - 1);
	req->seen_fields = NULL;
	req->fields_at = 0;
	for (uint32_t i = 0; i < req->n_fields; i++) {
		struct http_field *field = &req->fields[i];
		uint32_t bit;

		r = read_field(vector, head, lines->ends[i] + 2u, lines->ends[i + 1], end, field);
		if (r < 0) {
			req->n_fields = (uint16_t)i;
			req->known = known;
			return r;
		}
		bit = 1u << field->id;
		repeated |= known & bit;
		known |= bit;
		found.last[field->id] = (uint8_t)i;
	}
	req->known = known;
	found.repeated = repeated;
	r = rs_http_judge_fields(vector, req, &found);
	return r < 0 ? r : (int)end;
}

/* For the refusal of a head whose request line was read in an earlier call: fills in what of it
 * the reply depends on. */
static inline void recall_request_line(bool vector, const struct http_limits *limits,
	const uint8_t *head, uint32_t first, uint32_t to, struct http_req *req)
{
	struct lines lines = {.n = 0};

	find_lines(vector, head, first, first, to, &lines);
	read_request_line(vector, limits, head, first, lines.ends[0], req);
}

static inline __attribute__((always_inline)) int parse(bool vector,
	const struct http_limits *limits, const uint8_t *head, uint32_t len, uint16_t *scanned,
	struct http_req *req)
{
	uint32_t to = rs_min_u32(len, limits->max_head_bytes);
	uint32_t first = to >= 2 && head[0] == '\r' && head[1] == '\n' ? 2 : 0;
	uint32_t from = rs_max_u32(*scanned >> SCANNED_SHIFT, first);
	bool line_known = *scanned & SCANNED_LINE_KNOWN;
	struct lines lines;
	struct find find;

	lines.n = 0;
	req->head = head;
	req->head_bytes = to;
	req->method = HTTP_NO_METHOD;
	req->minor_version = 1;
	req->line_known = false;
	req->path = req->query = req->host = (struct span){0};
	req->n_fields = 0;
	req->known = 0;
	find = find_lines(vector, head, first, from, to, &lines);
	if (rs_likely(find.what == FOUND_END)) {
		if (from > first) {
			lines.n = 0;
			find_lines(vector, head, first, first, to, &lines);
		}
		return read_head(vector, limits, head, first, find.pos, &lines, req);
	}
	if (line_known) {
		if (find.what == FOUND_FAULT || to == limits->max_head_bytes)
			recall_request_line(vector, limits, head, first, to, req);
	} else if (lines.n > 0) {
		int r = read_request_line(vector, limits, head, first, lines.ends[0], req);

		if (r < 0)
			return r;
		line_known = true;
	} else {
		req->method = method_begun(head + first, find.pos - first);
	}
	if (!line_known && is_long_line(limits, find.pos - first))
		return refuse_long_line(limits, head + first, find.pos - first);
	if (find.what == FOUND_FAULT)
		return HTTP_REFUSED(find.reason);
	if (to == limits->max_head_bytes)
		return line_known ? HTTP_REFUSED(HTTP_C_HEAD_TOO_LARGE)
				  : refuse_long_line(limits, head + first, to - first);
	*scanned = (uint16_t)(find.pos << SCANNED_SHIFT | (line_known ? SCANNED_LINE_KNOWN : 0));
	return 0;
}

struct span rs_http_request_line(const struct http_req *req)
{
	struct span line = {.data = req->head, .len = req->head_bytes};
	const uint8_t *end;

	if (line.len >= 2 && is_line_end(line.data)) {
		line.data += 2;
		line.len -= 2;
	}
	end = line.len ? memchr(line.data, '\n', line.len) : NULL;
	if (end)
		line.len = (uint32_t)(end - line.data);
	if (line.len && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}

uint32_t rs_http_find_field(const struct http_req *req, enum http_field_id id, struct span *first)
{
	uint32_t n = 0;

	*first = (struct span){0};
	for (uint32_t i = 0; rs_http_has_field(req, id) && i < req->n_fields; i++) {
		if (rs_http_field(req, i)->id == id && !n++)
			*first = rs_http_field_value(req, i);
	}
	return n;
}

int rs_http_parse(const struct http_limits *limits, const uint8_t *head, uint32_t len,
	uint16_t *scanned, struct http_req *req)
{
	return parse(true, limits, head, len, scanned, req);
}

int rs_http_parse_scalar(const struct http_limits *limits, const uint8_t *head, uint32_t len,
	uint16_t *scanned, struct http_req *req)
{
	return parse(false, limits, head, len, scanned, req);
}
