/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection's TLS (RFC 8446, RFC 5246): ciphertext in, plaintext out, and the other way. It
 * knows no TCP, no HTTP, no rings: the owner brings ciphertext and takes it away by a struct
 * tls_pipe, and decides when to go on.
 *
 * Plain handshakes of TLS 1.3 do without OpenSSL's state machine (quick.c), for speed; after any
 * handshake a session does without it (lean.c), for speed and for memory.
 *
 * A session belongs to one core for its whole life. It waits for nothing: what cannot be done now
 * says what it needs. Includes base and OpenSSL.
 */
#ifndef RS_TLS_SESSION_H
#define RS_TLS_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/sendq.h"
#include "tls/domain.h"
#include "tls/hello_gist.h"
#include "tls/record.h"

/* The ciphertext side. All are called from within the functions below, with the owner's self. */
struct tls_pipe {
	/* What has come and was not taken; empty: nothing now. */
	struct span (*peek)(void *self);
	void (*took)(void *self, uint32_t n);
	/* Nothing more will come behind what peek() shows. */
	bool (*ended)(void *self);
	/* Where to write, *bytes of it; NULL: nowhere now. */
	uint8_t *(*room)(void *self, uint32_t *bytes);
	void (*wrote)(void *self, uint32_t n);
	/* How many bytes room() will give in all, without anything else happening. If wanted is
	 * more than that the owner gets more, and sets got_room when some of it has come. */
	uint32_t (*total_room)(void *self, uint32_t wanted);
	/* TLS_RECORD_MAX bytes for a record that comes in pieces, the same until release(); NULL:
	 * none is left. */
	uint8_t *(*gather)(void *self);
	void (*release)(void *self);
};

enum tls_status {
	TLS_OK,
	TLS_WANT_INPUT, /* ciphertext has to come */
	TLS_WANT_ROOM,  /* there was no room() for what has to be sent; the same call again */
	TLS_ENDED,      /* the client will send nothing more: close-notify, or its end of TCP */
	TLS_FAILED,     /* for good; an alert has been written if there was room for it */
	TLS_NO_BUFFER,  /* for good, and the owner knows why: gather() has given none */
	TLS_PLAIN_HTTP, /* for good: its first bytes are GET, HEAD, POST or PUT, in the clear */
};

#define TLS_SECRET_RX 1
#define TLS_SECRET_TX 2

#define TLS_KEY_UPDATE_BYTES 5

struct tls_session {
	/* What each record needs beside its keys. */
	const struct tls_pipe *pipe;
	void *self;
	struct tls_domain *domain;
	uint32_t n_gathered;   /* bytes of a record that has not come as a whole */
	uint16_t max_fragment; /* bytes of plaintext in a record of ours: see lean.h */
	bool lean;             /* open, and without ssl: records are ours */
	bool open;             /* the handshake is complete */
	bool early;            /* early data may still come */
	bool owes_answer;      /* to the client's last handshake message: see lean.c */
	bool close_notified;   /* by the client, to a lean session */
	bool alerted;          /* by the client, which has given up */
	bool got_room;         /* by the owner: some that was wanted has come */
	bool in_record;        /* OpenSSL has written a part of one */
	bool named;            /* OpenSSL's certificate has the name asked for */
	uint8_t n_messages;    /* of handshakes, since this one: in a row, with no data between */
	uint8_t n_message;     /* bytes of one that has not come as a whole … */
	uint8_t message[TLS_KEY_UPDATE_BYTES]; /* … and these: in 1.2 its header */
	uint8_t n_secrets;    /* TLS_SECRET_…: whose secrets stand in rx and tx */
	bool short_both_ways; /* max_fragment is for the client's records, too */
	struct ssl_st *ssl;
	const struct tls_record_suite *suite; /* see lean.h */

	/* Their keys: of those that are opened, and of those that are sealed. seq counts OpenSSL's,
	 * too. */
	_Alignas(RS_CACHE_LINE) struct tls_record_keys rx;
	struct tls_record_keys tx;

	/* Of the handshake. */
	struct tls_opening *opening; /* see opening.h */
	struct tls_quick *quick;     /* see quick.h */
	enum tls_alert hello_fault;  /* of a ClientHello that OpenSSL has got, or its records */
	enum tls_alert point_fault;  /* of a ClientKeyExchange that OpenSSL takes */
	enum tls_alert better_alert; /* than one that OpenSSL has sealed, which was not written */
	bool says_limit;             /* OpenSSL answers the client's record_size_limit */
	uint8_t first_byte;          /* that OpenSSL has read … */
	uint8_t n_overlooked; /* … of three that it cannot do with as they are: see pipe_bio.c */
	bool is_odd;          /* the first is no type, and the second that of a version */
	uint8_t fragments;    /* what the client has asked for: max_fragment_length, or 0 … */
	uint64_t name;        /* … whom it asks for, hashed: see resume.c … */
	struct tls_hello_gist first_hello; /* … and what the next one has to be like */
};

_Static_assert(offsetof(struct tls_session, rx) == RS_CACHE_LINE, "the hot part is one cache line");
_Static_assert(
	offsetof(struct tls_session, tx) % RS_CACHE_LINE + TLS_RECORD_KEYS_HOT <= RS_CACHE_LINE,
	"and so are the keys of either direction");

/* A session that waits for its ClientHello. pipe, self and d outlive it. False: no memory. */
bool rs_tls_session_open(
	struct tls_session *s, struct tls_domain *d, const struct tls_pipe *pipe, void *self);

/* Has the whole of its (first) ClientHello come? */
static inline bool rs_tls_session_has_hello(const struct tls_session *s)
{
	return s->open || s->quick || s->first_hello.was_there;
}

/*
 * Goes on with the handshake if that is not complete, then reads up to max bytes of plaintext, of
 * one record; max is at least TLS_RECORD_MAX. *n: how many, with TLS_OK only, and then at least
 * one. *early: they may have been replayed (RFC 8446 section 8).
 */
enum tls_status rs_tls_session_read(
	struct tls_session *s, uint8_t *to, uint32_t max, uint32_t *n, bool *early);

/*
 * Writes len bytes of plaintext, as one record where they fit into one. *n: how many were taken;
 * after TLS_WANT_ROOM the next call has to bring the same bytes again, or more of them. Before the
 * handshake is complete that is TLS_WANT_INPUT, unless early data was accepted.
 */
enum tls_status rs_tls_session_write(
	struct tls_session *s, const uint8_t *data, uint32_t len, uint32_t *n);

/* Sends close-notify. TLS_OK: it is on its way, and nothing may be written any more. */
enum tls_status rs_tls_session_close(struct tls_session *s);

/* Frees all of it. Harmless on one that is all zero. */
void rs_tls_session_free(struct tls_session *s);

#endif
