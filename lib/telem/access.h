/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is logged of one request: a value of fixed size, filled in by the core that answers, carried
 * by a ring, and made into a line by another core (access_format.h).
 *
 * Texts share an area of it. What does not fit is cut, the longest first, and flagged.
 * Any core; includes base only.
 */
#ifndef RS_TELEM_ACCESS_H
#define RS_TELEM_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sendq.h"

enum access_text {
	ACCESS_METHOD,
	ACCESS_TARGET, /* path and query, as they came */
	ACCESS_HOST,
	ACCESS_REFERER,
	ACCESS_USER_AGENT,
	ACCESS_N_TEXTS,
};

#define ACCESS_TEXT_BYTES 208

struct access_record {
	int64_t unix_s;      /* when it was answered */
	uint64_t body_bytes; /* of the reply */
	uint8_t client[16];  /* IPv4 mapped */
	uint16_t client_port;
	uint16_t local_port;
	uint16_t status;
	uint8_t minor_version; /* of HTTP/1 */
	bool is_tls : 1;
	bool is_cut : 1; /* some text is not all of it */
	uint8_t lens[ACCESS_N_TEXTS];
	uint8_t reserved[3];
	uint8_t texts[ACCESS_TEXT_BYTES]; /* one behind the other */
};

_Static_assert(sizeof(struct access_record) == 256, "four cache lines");

/* Copies the texts, as far as they fit. */
void rs_access_set_texts(struct access_record *r, const struct span texts[ACCESS_N_TEXTS]);

/* One of them. */
struct span rs_access_text(const struct access_record *r, enum access_text which);

#endif
