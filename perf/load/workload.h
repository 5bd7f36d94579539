/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is asked: the bytes of each request, made once, and which request comes when. A connection's
 * requests are numbered; number and connection decide the path, so that a retransmission asks for
 * the same as the first time, and nothing need be remembered. Includes base only.
 */
#ifndef RS_LOAD_WORKLOAD_H
#define RS_LOAD_WORKLOAD_H

#include <stdint.h>

#include "options.h"

#define LOAD_PICKS 4096 /* weighted paths are drawn from a table of so many */
#define LOAD_BLOCK 32   /* requests are copied in such blocks */
#define LOAD_MARK  16

/* One path's request, and what is known of its answer since the first one came. */
struct load_request {
	uint8_t *data; /* of the heap, and zeros to the end of a block */
	uint32_t len;
	uint64_t sum;            /* checksum of data, unfolded */
	uint32_t head_len;       /* answer: bytes up to and with the empty line; 0: none seen yet */
	uint32_t mark_at;        /* where in it the field ends that tells the body's end … */
	uint8_t mark[LOAD_MARK]; /* … with these bytes, the value and its CRLF among them */
	uint64_t usual_len;      /* what that field says */
	uint64_t body_len;       /* of the first right answer, if has_length */
	bool has_length;
	bool closes; /* the connection, says the head */
	bool has_crc;
	uint32_t crc; /* of the body */
};

struct workload {
	uint32_t n_requests;
	struct load_request requests[LOAD_MAX_PATHS];
	struct load_request last[LOAD_MAX_PATHS]; /* the same with Connection: close */
	uint16_t picks[LOAD_PICKS];
	uint32_t per_conn; /* requests; 0: no end */
	bool is_head;      /* the answers have no body */
	uint32_t longest;  /* of all requests, in bytes */
};

/* 0, or -1 with one line on stderr. */
int rs_workload_init(struct workload *w, const struct load_options *o);

void rs_workload_fini(struct workload *w);

/* The number-th request of a connection; the last one asks to close. */
static inline struct load_request *rs_workload_request(
	struct workload *w, uint32_t tuple, uint32_t number)
{
	uint32_t pick = 0;

	if (w->n_requests > 1)
		pick = w->picks[((tuple * 0x9e3779b1u) ^ (number * 0x85ebca6bu)) >> 20];
	return number + 1 == w->per_conn ? &w->last[pick] : &w->requests[pick];
}

#endif
