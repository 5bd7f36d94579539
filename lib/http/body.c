/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/body.h"

#include "base/bytes.h"

void rs_http_body_begin(struct http_conn *hc, const struct http_req *req)
{
	hc->body_bytes = 0;
	if (req->framing == HTTP_CHUNKED)
		rs_http_chunked_init(&hc->chunked);
	else
		hc->body_left = req->content_length;
}

static struct body refused_body(enum http_counter reason, uint32_t used)
{
	return (struct body){.refused = true, .reason = reason, .used = used};
}

struct body rs_http_body_read_length(struct http_conn *hc, uint32_t len)
{
	uint32_t used = (uint32_t)rs_min_u64(hc->body_left, len);

	hc->body_left -= used;
	return (struct body){.done = hc->body_left == 0, .used = used};
}

static bool too_large(const struct http_config *cfg, uint64_t have, uint64_t more)
{
	return have > cfg->max_body_bytes || more > cfg->max_body_bytes - have;
}

struct body rs_http_body_read_chunked(
	const struct http_config *cfg, struct http_conn *hc, const uint8_t *data, uint32_t len)
{
	uint32_t used = 0;

	for (;;) {
		struct span piece;
		uint32_t n;

		switch (rs_http_chunked_read(&hc->chunked, data + used, len - used, &n, &piece)) {
		case HTTP_CHUNKED_MORE:
			/* What is only announced counts, too. */
			if (too_large(cfg, hc->body_bytes, rs_http_chunked_left(&hc->chunked)))
				return refused_body(HTTP_C_BODY_TOO_LARGE, used + n);
			return (struct body){.used = used + n};
		case HTTP_CHUNKED_DONE:
			return (struct body){.done = true, .used = used + n};
		case HTTP_CHUNKED_BAD:
			return refused_body(HTTP_C_BAD_CHUNK, used + n);
		case HTTP_CHUNKED_DATA:
			used += n;
			if (too_large(cfg, (uint64_t)hc->body_bytes + piece.len,
				    rs_http_chunked_left(&hc->chunked)))
				return refused_body(HTTP_C_BODY_TOO_LARGE, used);
			hc->body_bytes += piece.len;
		}
	}
}
