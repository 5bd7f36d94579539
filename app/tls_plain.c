/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls_plain.h"

#include <string.h>

#include "http/render.h"
#include "tls_pipe.h"

static const char body[] = "400: The plain HTTP request was sent to HTTPS port\n";

#define BODY_BYTES (sizeof(body) - 1)

/* To HEAD, which is one of four methods: nothing but a head (RFC 9110 section 9.3.2). */
static uint32_t body_bytes(const struct tls_conn *c)
{
	return c->session.first_byte == 'H' ? 0 : BODY_BYTES;
}

void rs_tls_plain_answer(struct tls_conn *c)
{
	const struct http_reply_head head = {
		.status = 400,
		.connection = HTTP_SAY_CLOSE,
		.date = c->stage->web.env.date,
		.content_type = rs_span_text("text/plain"),
		.content_length = BODY_BYTES,
	};
	uint32_t room, n;
	uint8_t *to = rs_tls_pipe_ops.room(c, &room);

	if (!to || room < HTTP_HEAD_ROOM + head.content_type.len + BODY_BYTES)
		return;
	n = rs_http_render_head(to, &head);
	memcpy(to + n, body, body_bytes(c));
	rs_tls_pipe_ops.wrote(c, n + body_bytes(c));
}
