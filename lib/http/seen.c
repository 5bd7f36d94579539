/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/seen.h"

#include <string.h>

#include "base/bytes.h"
#include "http/misses.h"
#include "http/request_line.h"
#include "http/scan.h"

_Static_assert((HTTP_SEEN_ENTRIES & (HTTP_SEEN_ENTRIES - 1)) == 0, "the hash chooses by bits");

/* rest: bytes from the end of the request line on; with one request a segment, all its fields. */
static struct http_seen_entry *entry_for(struct http_seen *seen, uint32_t rest)
{
	return &seen->entries[(rest ^ rest >> 4) & (HTTP_SEEN_ENTRIES - 1)];
}

/*
 * A request whose line is good and whose fields are known. Returns the bytes of its head, or 0:
 * then everything else is the parser's to say. What the fields say of a request depends on its line
 * only in its version, and where it names a host itself.
 */
static int recall(const struct http_limits *limits, struct http_seen *seen, const uint8_t *head,
	uint32_t len, uint32_t cr, struct http_req *req)
{
	const struct http_seen_entry *e;
	const uint8_t *section = head + cr + 2;
	uint32_t rest;

	rest = len - cr - 2;
	e = entry_for(seen, rest);
	if (!e->len || e->len > rest || memcmp(e->bytes, section, e->len) != 0)
		return 0;
	req->head = head;
	if (cr + 2 + e->len > limits->max_head_bytes ||
		read_request_line(true, limits, head, 0, cr, req) < 0 ||
		req->minor_version != e->minor_version || req->form != HTTP_ORIGIN_FORM)
		return 0;
	req->head_bytes = cr + 2 + e->len;
	req->framing = HTTP_NO_BODY;
	req->keep_alive = e->keep_alive;
	req->expect_continue = false;
	req->known = e->known;
	req->content_length = 0;
	req->host = (struct span){.data = section + e->host_at, .len = e->host_len};
	req->n_fields = e->n_fields;
	req->fields_at = cr + 2;
	req->seen_fields = e->fields;
	return (int)req->head_bytes;
}

static void keep(
	struct http_seen *seen, const uint8_t *head, uint32_t len, const struct http_req *req)
{
	struct http_seen_entry *e;
	uint32_t line, section;

	if (req->form != HTTP_ORIGIN_FORM || !req->host.data || req->n_fields > HTTP_SEEN_FIELDS ||
		req->framing != HTTP_NO_BODY)
		return;
	line = req->fields[0].name; /* Host at least */
	section = req->head_bytes - line;
	if (section > HTTP_SEEN_BYTES || !rs_http_keep_miss(&seen->n_misses))
		return;
	e = entry_for(seen, len - line);
	e->len = (uint16_t)section;
	e->n_fields = req->n_fields;
	e->host_at = (uint16_t)(req->host.data - head - line);
	e->host_len = (uint16_t)req->host.len;
	e->known = req->known;
	e->keep_alive = req->keep_alive;
	e->minor_version = req->minor_version;
	memcpy(e->bytes, head + line, section);
	for (uint32_t i = 0; i < req->n_fields; i++) {
		e->fields[i] = req->fields[i];
		e->fields[i].name = (uint16_t)(e->fields[i].name - line);
		e->fields[i].value = (uint16_t)(e->fields[i].value - line);
	}
}

/* A head that is complete, and nothing behind it. */
static bool ends_with_empty_line(const uint8_t *head, uint32_t len)
{
	return len >= 4 && rs_load_be32(head + len - 4) == 0x0d0a0d0a;
}

int rs_http_parse_seen(const struct http_limits *limits, struct http_seen *seen,
	const uint8_t *head, uint32_t len, uint16_t *scanned, struct http_req *req)
{
	/* Of a head that comes in pieces the first is looked for, and then the whole. */
	bool whole = ends_with_empty_line(head, len);
	int r = 0;

	if (!*scanned || whole) {
		uint32_t cr = scan_first_control(head, len);

		if (cr + 2 <= len && head[cr] == '\r' && head[cr + 1] == '\n') {
			r = recall(limits, seen, head, len, cr, req);
			if (rs_likely(r))
				return r;
			if (whole)
				r = rs_http_parse_similar(
					limits, &seen->similar, head, len, cr, req);
		}
	}
	if (!r) {
		r = rs_http_parse(limits, head, len, scanned, req);
		if (r > 0)
			rs_http_similar_keep(&seen->similar, req);
	}
	if (r > 0)
		keep(seen, head, len, req);
	return r;
}
