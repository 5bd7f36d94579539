/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which content coding a client gets (RFC 9110 section 12.5.3). No state. Any core; includes base
 * only.
 */
#ifndef RS_HTTP_CODINGS_H
#define RS_HTTP_CODINGS_H

#include <stdint.h>

#include "http/parse.h"

/* What we like best comes last. */
enum http_coding {
	HTTP_IDENTITY,
	HTTP_GZIP,
	HTTP_ZSTD,
	HTTP_BR,
	HTTP_N_CODINGS,
};

/* "gzip" and so on. */
extern const char *const rs_http_coding_names[HTTP_N_CODINGS];

/*
 * The coding to send, of those in available (a bit each; identity is always one of them): that with
 * the highest weight, and of equal ones the one we like best. Identity needs no mention. Where
 * nothing is acceptable it is sent anyway, as the section allows. What is malformed is skipped.
 */
enum http_coding rs_http_choose_coding(const struct http_req *req, uint32_t available);

#endif
