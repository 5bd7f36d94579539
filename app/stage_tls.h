/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TLS stage: ciphertext in, ciphertext out. What lies between happens here, on one core: TLS,
 * then HTTP on the plaintext, then TLS again. TCP stays with the net cores; see tls_job.h.
 *
 * Connections whose handshake is complete go first; handshakes, which take far longer, get what is
 * left, a few a turn. How many may wait is bounded: beyond it whoever has kept us waiting for the
 * rest of its hello for the longest is reset, or else the newest, so that a flood costs the TLS
 * cores their queue, and those who are in it are served.
 *
 * A struct stage_tls belongs to one core from the moment that core starts until it has stopped. May
 * include everything.
 */
#ifndef RS_APP_STAGE_TLS_H
#define RS_APP_STAGE_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "http_core.h"
#include "net_tls.h"
#include "tls/session.h"
#include "tls_job.h"
#include "wheel/wheel.h"

#define TLS_MAX_NETS      32
#define TLS_NONE          UINT32_MAX
#define TLS_SCRATCH_BYTES TLS_RECORD_MAX
#define TLS_RECORD_CHUNK  16704 /* room for TLS_RECORD_MAX, and a multiple of 64 */

enum tls_conn_state {
	TLS_CONN_FREE,
	TLS_CONN_HANDSHAKE,
	TLS_CONN_OPEN,
};

/* Ciphertext in a chunk that a net core has lent, or in one of ours. */
struct tls_piece {
	uint32_t chunk;
	uint16_t offset;
	uint16_t len;
	bool is_ours;
};

/* What a connection may be on, once each. */
enum tls_list_kind {
	TLS_LIST_RUN,     /* one of the run queues; or the free list */
	TLS_LIST_HOLDERS, /* of a buffer */
	TLS_LIST_AWAITED, /* of who has begun a hello, was read, and owes us the rest */
	TLS_N_LIST_KINDS,
};

struct tls_neighbours {
	uint32_t next, prev; /* beyond an end: anything */
};

/* See tls_list.h. */
struct tls_list {
	uint32_t head, tail; /* if there is any */
	uint32_t n;
};

struct tls_conn {
	struct tls_session session;
	struct sendq out; /* plaintext that waits to be encrypted */
	struct http_conn http;
	struct stage_tls *stage;
	struct flow_key key;  /* who the client is */
	uint64_t deadline_us; /* the next clock; what the wheel knows may be earlier */
	uint32_t conn;        /* the net core's number of it */
	struct tls_neighbours links[TLS_N_LIST_KINDS];
	uint32_t spare;     /* empty chunks, linked by their first word; 0: none */
	uint32_t buffer;    /* see tls_buffer.h: a record that is put together, or … */
	uint16_t kept_from; /* … plaintext that HTTP would not take yet … */
	uint16_t kept_to;   /* … if this is not 0 */
	uint16_t generation;
	uint8_t net;
	uint8_t state;    /* enum tls_conn_state */
	uint8_t n_wanted; /* empty chunks that were asked for and have not come */
	uint8_t n_read;   /* pieces read, of which the net core does not know yet */
	uint8_t in_head;
	uint8_t n_in;
	uint8_t n_spare; /* chunks on that list */
	bool is_queued : 1;
	bool is_awaited : 1;
	bool has_eof : 1;
	bool is_ending : 1;     /* nothing more will be read … */
	bool has_failed : 1;    /* … or written, but what TLS has written already */
	uint32_t n_lacking;     /* bytes of room, in its last turn, for what could not be written */
	uint32_t write_len;     /* what was given to TLS and has to be given again */
	uint32_t n_burst_bytes; /* plaintext written since the client was last idle */
	uint64_t last_write_us;
	struct tls_piece fill; /* the chunk being written to; len: so far */
	struct tls_piece in[NET_TLS_MAX_IN];
};

/* What a TLS core needs to know of a net core. */
struct tls_net {
	struct rte_ring *from;
	struct tls_outbox to;
	uint8_t *chunks; /* its pool's memory */
	uint32_t chunk_bytes;
	const uint64_t *taken_us; /* see struct net_tls */
	uint32_t *conn_of;        /* by the net core's number: of conns, or TLS_NONE */
};

static inline uint8_t *rs_tls_net_chunk(const struct tls_net *net, uint32_t chunk)
{
	return net->chunks + (size_t)(chunk - 1) * net->chunk_bytes;
}

struct stage_tls_config {
	uint32_t core_index;
	struct http_core_config web;
	uint32_t n_nets;
	uint32_t max_conns; /* of each net core */
	uint32_t capacity;  /* sessions */
	uint32_t max_handshakes;
	uint32_t handshakes_per_turn;
	bool makes_keys_ahead; /* in turns with nothing to do; no other stage waits for it */
	uint32_t n_records;
	int socket;
};

struct stage_tls {
	uint32_t n_nets;
	struct tls_net nets[TLS_MAX_NETS]; /* of whom conn_of is filled in by init */
	struct tls_library *library;       /* made and freed by the control core */
	struct tls_domain *domain;         /* for new sessions; freed by the control core */
	struct tls_domain *next_domain; /* atomic: what the control core wants it to be, or NULL */
	struct tls_conn *conns;
	uint32_t capacity;
	uint32_t free;
	uint32_t n_conns;
	uint32_t n_handshakes; /* of these, not complete */
	uint32_t max_handshakes;
	uint32_t handshakes_per_turn;
	bool makes_keys_ahead;   /* in turns with nothing to do; no other stage waits for it */
	struct tls_list ready;   /* run queues: the handshake is complete … */
	struct tls_list shaking; /* … or is not */
	struct tls_list holders; /* of buffers, likewise */
	struct tls_list shaking_holders;
	struct tls_list awaited; /* for the rest of their hellos: who stopped first goes first */
	struct wheel wheel;
	struct http_core web;
	struct chunk_pool records; /* buffers of TLS_RECORD_CHUNK bytes */
	uint64_t counters[TLS_N_COUNTERS];
	uint64_t now_us;
	enum http_drain drain_seen;
	uint32_t drain_next;
	uint8_t scratch[TLS_SCRATCH_BYTES];
	void *memory;
};

/* 0 or -errno, said on stderr. The caller then fills in nets[], and domain. */
int rs_stage_tls_init(struct stage_tls *s, const struct stage_tls_config *cfg, uint64_t now_us);
void rs_stage_tls_fini(struct stage_tls *s);

uint32_t rs_stage_tls_turn(void *self, uint64_t now_us);
uint64_t rs_stage_tls_deadline_us(void *self);
void rs_stage_tls_leave(void *self);

/* A request needs the buffer that hc has held for the longest: see struct http_env. */
void rs_stage_tls_make_room(void *s, struct http_conn *hc);

/* Ends all sessions, as if their connections had gone; takes and gives back what is in the rings.
 */
void rs_stage_tls_end_all(struct stage_tls *s);

/*
 * After the core has stopped: ends all sessions, gives all chunks back to the rings of the net
 * cores, and says on stderr what did not come back to its pool. Returns how many pools are not
 * full.
 */
uint32_t rs_stage_tls_leaks(struct stage_tls *s);

#endif
