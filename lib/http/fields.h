/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the fields of a request say about the request itself: Host, how long its body is, whether
 * the connection stays, what the client expects. Private to lib/http; includes base only.
 */
#ifndef RS_HTTP_FIELDS_H
#define RS_HTTP_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "http/parse.h"

/* The enum http_field_id of a field name (a token). */
uint8_t rs_http_field_id(const uint8_t *name, uint32_t len);

/* Where a request's fields are, by id. */
struct http_found {
	uint32_t repeated;           /* a bit for each id that occurs more than once */
	uint8_t last[HTTP_N_FIELDS]; /* its last field, of the ids that occur */
};

/*
 * Sets host (where the target gave none), keep_alive, framing, content_length, expect_continue
 * from the fields. Returns 0, or a refusal.
 */
int rs_http_judge_fields(bool vector, struct http_req *req, const struct http_found *found);

#endif
