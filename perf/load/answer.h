/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads answers from a connection's bytes and holds each against what it must be: the status, the
 * length; the body of a sample of them against the first one of its path. Knows all that tells
 * where a body ends: Content-Length, chunks, the connection's end (RFC 9112 section 6.3).
 *
 * Belongs to one core. Includes base, and http for chunks.
 */
#ifndef RS_LOAD_ANSWER_H
#define RS_LOAD_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "http/chunked.h"
#include "workload.h"

#define ANSWER_HEAD_BYTES  4096
#define ANSWER_N_HEADS     4096 /* heads cut by a segment's end at one time */
#define ANSWER_SAMPLE_MASK 63   /* one body of 64 is read */

/* Where a connection stands in the answer that it is reading. All zero: before one. */
struct answer {
	uint64_t body_left;
	uint32_t crc;
	uint16_t head; /* holds the beginning of a head that was cut; 0: none */
	bool in_body : 1;
	bool is_right : 1; /* so far */
	bool is_sampled : 1;
	bool closes : 1; /* stays when the answer has ended: nothing comes behind it */
};

/* … and where in a body that does not say how long it is. All zero: in none. */
struct answer_chunks {
	struct http_chunked decoder;
	uint64_t n_bytes; /* of the body so far */
};

struct answer_head {
	uint32_t len;
	uint8_t data[ANSWER_HEAD_BYTES];
};

struct answer_reader {
	uint32_t status; /* what answers must say */
	int64_t length;  /* what bodies must have; -1: what the first one of the path has */
	bool is_head;
	uint32_t n_answers;
	uint64_t body_bytes;
	uint64_t n_wrong_status, n_wrong_length, n_wrong_body, n_malformed;
	uint16_t n_free_heads;
	uint16_t free_heads[ANSWER_N_HEADS];
	struct answer_head heads[ANSWER_N_HEADS];
};

void rs_answer_reader_init(struct answer_reader *r, const struct load_options *o, bool is_head);

enum answer_end {
	ANSWER_MORE,   /* all of data was used */
	ANSWER_DONE,   /* *used bytes were; the next answer begins behind them */
	ANSWER_BROKEN, /* counted as malformed; there is no way to go on */
};

/* data[0, len) of the answer to request. a and chunks belong to the connection. */
enum answer_end rs_answer_input(struct answer_reader *r, struct answer *a,
	struct answer_chunks *chunks, struct load_request *request, const uint8_t *data,
	uint32_t len, uint32_t *used);

/* The server has ended the connection in order: was that the end of the answer? It is done then. */
bool rs_answer_close(struct answer_reader *r, struct answer *a, struct answer_chunks *chunks,
	struct load_request *request);

/* The connection is gone: gives back what a holds, and makes both new. */
void rs_answer_reset(struct answer_reader *r, struct answer *a, struct answer_chunks *chunks);

#endif
