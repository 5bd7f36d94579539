/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The connections of the load generator: a small client's TCP and what it asks. Segments come in
 * as values and go out as values; the clock is given; nothing here knows DPDK.
 *
 * It is a tester's TCP, not a host's: bytes out of order are dropped and acknowledged again, so
 * that the server's recovery shows; there is no congestion control, since a batch of requests is
 * all that it ever has outstanding. Batches of over CLIENT_SHORT bytes, and all that goes out with
 * TLS, heed the server's window.
 *
 * With TLS (tls.h) there is one request at a time on a connection.
 *
 * One core. Includes wire and base.
 */
#ifndef RS_LOAD_CLIENT_H
#define RS_LOAD_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "answer.h"
#include "base/bytes.h"
#include "base/histogram.h"
#include "frame.h"
#include "workload.h"

#define CLIENT_MAX_OUT 1024
#define CLIENT_ROOM    64  /* what one call may need of it, but for batches, which leave as much */
#define CLIENT_SHORT   536 /* bytes that any server has room for */

enum client_state {
	CLIENT_CLOSED,
	CLIENT_SYN_SENT,
	CLIENT_SHAKING, /* TLS: its handshake is not complete; those below are established */
	CLIENT_READY,   /* established, nothing asked yet */
	CLIENT_BUSY,    /* a batch of requests is not answered yet */
	CLIENT_DONE,    /* has had its last answer and waits for the server's FIN */
	CLIENT_LAST_ACK,
};

/* struct load_conn.flags */
enum {
	CLIENT_F_WAITS = 1u << 0,    /* stands in the ring of those that wait */
	CLIENT_F_ACK_OWED = 1u << 1, /* if nothing else goes out soon */
	CLIENT_F_ACK_NOW = 1u << 2,  /* at the end of the burst */
	CLIENT_F_USED = 1u << 3,     /* was opened before */
	CLIENT_F_TAKEN = 1u << 4,    /* all that we have sent is acknowledged */
	CLIENT_F_CLOSES = 1u << 5,   /* the server has said that it will close */
};

struct load_conn {
	uint64_t due_tsc; /* when the batch was due; 0: none is */
	struct answer answer;
	uint32_t snd_una; /* of the batch's first byte that is not answered; or of the SYN */
	uint32_t snd_nxt;
	uint32_t rcv_nxt;
	uint32_t tuple;
	uint32_t number; /* of the first request that is not answered */
	uint32_t ts_recent;
	uint32_t progress_tick; /* when something last went on */
	uint32_t resend_tick;   /* when what is not acknowledged goes out again */
	uint16_t n_open;        /* requests of the batch that are not answered */
	uint8_t state;
	uint8_t flags;
	uint8_t n_retries;
	uint8_t n_unacked; /* segments with data since our last acknowledgement */
};
_Static_assert(sizeof(struct load_conn) == RS_CACHE_LINE, "one line a connection");

/* Of a connection whose batches may be too long for a window: how far the server has them. With TLS
 * that is from snd_una to snd_nxt. */
struct load_window {
	uint32_t acked; /* up to here */
	uint32_t sent;  /* up to here; the batch ends at snd_nxt */
	uint32_t bytes; /* the window, from acked or snd_una on */
	uint8_t scale;
};

struct load_tls;

/* What is counted while measuring; all of it starts again from zero then. */
struct client_stats {
	uint64_t n_requests, n_responses, n_connects;
	uint64_t bytes_in;
	uint64_t n_resets, n_timeouts, n_connect_timeouts, n_refused, n_closed_early;
	uint64_t n_retransmissions, n_out_of_order, n_bad_csums, n_strays;
	uint64_t n_not_sent, n_idle_lost;
	uint64_t n_flood, n_strangers; /* SYNs of the flood, and what came to nobody of ours */
	struct histogram latency;      /* TSC cycles */
	struct histogram connect;
};

struct client {
	const struct load_options *options;
	struct workload *workload;
	struct answer_reader *reader;
	uint32_t mss; /* what a segment may carry: ours, and the server's */
	uint32_t own_mss;
	uint32_t n_tuples;
	struct load_tls *tls;  /* NULL: none is spoken */
	uint8_t *tls_segments; /* what those in out have for data, own_mss each */
	struct divisor slots;  /* how many there are: busy connections, then idle ones */
	struct load_conn *conns;
	struct load_window *windows;  /* one a slot; NULL: all batches are short */
	struct answer_chunks *chunks; /* one a slot */
	/*
	 * A ring of n_conns slots. Open loop: those that may take a request; closed loop: those
	 * that have one to send, or are to be opened, as soon as there is room.
	 */
	uint32_t *waiting;
	uint32_t waiting_head, n_waiting;
	uint64_t now_tsc;  /* set by the caller, with rs_client_now() */
	uint32_t now_tick; /* ms */
	uint64_t next_tick_tsc;
	uint64_t tick_tsc; /* TSC cycles in a tick */
	uint32_t n_established;
	uint32_t n_idle_ready;
	uint32_t n_acks;
	uint32_t acks[CLIENT_MAX_OUT]; /* slots with CLIENT_F_ACK_NOW */
	uint32_t n_out;
	struct load_out out[CLIENT_MAX_OUT];
	uint32_t scan_busy, scan_idle; /* where the look at timeouts goes on */
	uint32_t n_opened;             /* slots from the first one on that were opened */
	uint8_t closed_loop;
	bool is_full; /* set by the caller: nothing new has room; closed loop: let it wait */
	struct client_stats stats;
};

/* 0, or -1 with one line on stderr. workload and reader outlive it. */
int rs_client_init(struct client *c, const struct load_options *o, struct workload *w,
	struct answer_reader *r, uint32_t mss, uint64_t tsc_hz);

void rs_client_fini(struct client *c);

/* The clock; before a burst. */
void rs_client_now(struct client *c, uint64_t tsc);

/* Opens the next slot that was never open. False: there is none. */
bool rs_client_open_next(struct client *c);

/* The connection that a segment is for, to be fetched ahead of rs_client_input(). */
static inline struct load_conn *rs_client_conn(struct client *c, uint32_t tuple)
{
	return &c->conns[rs_remainder(tuple, &c->slots)];
}

/* One segment, of which is cut off what was there before. Needs room for CLIENT_ROOM in out. */
void rs_client_input(struct client *c, struct load_seg *seg);

/* Open loop: a request is due at this time. False: no connection is free to take it. */
bool rs_client_ask(struct client *c, uint64_t due_tsc);

/* Closed loop: lets the connection go on that has waited longest for room. False: none waits. */
bool rs_client_ask_next(struct client *c);

/* How many connections do not stand that were to: not opened yet, or not accepted. */
uint32_t rs_client_n_missing(const struct client *c);

/* Acknowledgements that nothing took along. At the end of a burst. */
void rs_client_flush_acks(struct client *c);

/* Looks at n busy and n_idle idle slots for what is overdue. Stops early when out is full. */
void rs_client_scan(struct client *c, uint32_t n_busy, uint32_t n_idle);

/* Ends the connection in this slot, if there is one, by RST. Needs room for one in out. */
void rs_client_reset(struct client *c, uint32_t slot);

/* Begins to measure: all figures from now on. */
void rs_client_measure(struct client *c);

#endif
