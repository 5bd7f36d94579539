/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's side of TLS 1.3 (RFC 8446) on OpenSSL, for the connections of the load generator:
 * ciphertext in, plaintext out, and the other way. It knows no TCP: the client brings what has come
 * in order, and takes what is to be sent, which stays here until it is acknowledged.
 *
 * It is a tester's TLS: no certificate is verified against anything, since who answers is known;
 * signatures, Finished and records are. Connections are told by the client's slots.
 *
 * Connections that stay leave OpenSSL's state machine after the handshake (tls_lean.h).
 *
 * One core. Includes base and OpenSSL.
 */
#ifndef RS_LOAD_TLS_H
#define RS_LOAD_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/histogram.h"
#include "base/sendq.h"
#include "options.h"

/* What is counted while measuring; all of it starts again from zero then. */
struct load_tls_stats {
	uint64_t n_full, n_resumed; /* handshakes completed */
	uint64_t n_failed;      /* handshakes not completed: an alert, or bytes that are wrong */
	uint64_t n_bad_records; /* the same later on */
	uint64_t n_truncated;   /* the server's FIN came without its close-notify */
	struct histogram handshake; /* TSC cycles, from ClientHello to Finished */
};

struct load_tls;

/* For so many slots. NULL: told why on stderr. o outlives it. */
struct load_tls *rs_load_tls_create(const struct load_options *o, uint32_t n_slots);

/* Harmless on NULL. */
void rs_load_tls_destroy(struct load_tls *t);

struct load_tls_stats *rs_load_tls_stats(struct load_tls *t);

/* A new session, which closes that before, and its ClientHello. False: no memory. */
bool rs_load_tls_open(struct load_tls *t, uint32_t slot, uint64_t now_tsc);

/* Frees the session, but for its ticket. Harmless where there is none. */
void rs_load_tls_close(struct load_tls *t, uint32_t slot);

enum load_tls_event {
	LOAD_TLS_MORE,   /* all of in was used; more has to come */
	LOAD_TLS_OPEN,   /* the handshake is complete; again, for what stands behind it */
	LOAD_TLS_DATA,   /* *plain is the next of the plaintext, valid until the next call */
	LOAD_TLS_CLOSED, /* close-notify: there will be no more */
	LOAD_TLS_FAILED, /* counted; for good */
};

/* Takes ciphertext off the beginning of in. To be called until it wants more. */
enum load_tls_event rs_load_tls_input(
	struct load_tls *t, uint32_t slot, struct span *in, uint64_t now_tsc, struct span *plain);

/* Seals plaintext, of which there may be any amount. False: counted as bad. */
bool rs_load_tls_write(struct load_tls *t, uint32_t slot, const uint8_t *data, uint32_t len);

/* The server has sent its FIN: is that where the session ends? False: no, and it is counted. */
bool rs_load_tls_end(struct load_tls *t, uint32_t slot);

/* The ciphertext that is not acknowledged. Valid until the next call of any function. */
struct span rs_load_tls_unacked(const struct load_tls *t, uint32_t slot);

/* The first n bytes of it are. */
void rs_load_tls_acked(struct load_tls *t, uint32_t slot, uint32_t n);

#endif
