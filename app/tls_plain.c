/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls_plain.h"

#include <string.h>

#include "http/text.h"
#include "tls_pipe.h"

static const char before_date[] = "HTTP/1.1 400 Bad Request\r\n"
				  "Date: ";
static const char behind_date[] = "\r\n"
				  "Server: ringside\r\n"
				  "Content-Type: text/plain\r\n"
				  "Content-Length: 51\r\n"
				  "Connection: close\r\n"
				  "\r\n"
				  "400: The plain HTTP request was sent to HTTPS port\n";

#define BEFORE_BYTES (sizeof(before_date) - 1)
#define BEHIND_BYTES (sizeof(behind_date) - 1)
#define REPLY_BYTES  (BEFORE_BYTES + HTTP_DATE_BYTES + BEHIND_BYTES)

void rs_tls_plain_answer(struct tls_conn *c)
{
	uint32_t bytes;
	uint8_t *to = rs_tls_pipe_ops.room(c, &bytes);

	if (!to || bytes < REPLY_BYTES)
		return;
	memcpy(to, before_date, BEFORE_BYTES);
	memcpy(to + BEFORE_BYTES, c->stage->web.env.date, HTTP_DATE_BYTES);
	memcpy(to + BEFORE_BYTES + HTTP_DATE_BYTES, behind_date, BEHIND_BYTES);
	rs_tls_pipe_ops.wrote(c, REPLY_BYTES);
}
