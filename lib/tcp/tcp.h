/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP (RFC 9293) for one core: segments in, segments out.
 *
 * Everything that this module may know of the world stands in struct tcp: the clock (now_us, set
 * by the caller once a burst), secrets, limits, memory. Everything that it wants done comes back
 * as values: verdicts for the application, segment descriptors (struct tcp_tx) for the wire,
 * counters for the operator. It does not allocate, log, or know mbufs, HTTP or threads. A struct
 * tcp belongs to one core.
 *
 * A turn of the owner:
 *
 *     t->now_us = …; t->n_tx = 0;
 *     rs_tcp_lookup(t, segs, found, n);
 *     for each segment:
 *         ev = rs_tcp_input(t, &segs[i], found[i], &conn);      the switch on ev is the packet path
 *         TCP_EV_OPENED …  TCP_EV_SENT …  TCP_EV_GONE …
 *         TCP_EV_DATA:  rs_tcp_peek() / rs_tcp_consume() until blocked, then rs_tcp_settle()
 *         answers: rs_sendq_*(&conn->sendq), then rs_tcp_send(); or rs_tcp_close(), rs_tcp_abort()
 *     rs_tcp_expire(t, …) in the same way for timers
 *     rs_tcp_flush(t): now the acknowledgements and the data become segments in t->tx
 *
 * Includes flow, wheel, wire, base.
 */
#ifndef RS_TCP_TCP_H
#define RS_TCP_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/chunk.h"
#include "base/counter.h"
#include "base/sendq.h"
#include "flow/flow.h"
#include "wheel/wheel.h"
#include "wire/seg.h"

#define TCP_MAX_LISTEN 8
#define TCP_DUE_BATCH  32

/* RFC 9293 section 3.3.2. LISTEN is no connection here; TIME-WAIT lives in a compact table. */
enum tcp_state {
	TCP_CLOSED, /* the connection's memory is free */
	TCP_SYN_SENT,
	TCP_SYN_RECEIVED,
	TCP_ESTABLISHED,
	TCP_FIN_WAIT_1,
	TCP_FIN_WAIT_2,
	TCP_CLOSE_WAIT,
	TCP_CLOSING,
	TCP_LAST_ACK,
	TCP_N_STATES,
};

enum tcp_counter {
#define RS_COUNTER(id, name, help) TCP_C_##id,
#include "tcp/tcp_counters.def"
#undef RS_COUNTER
	TCP_N_COUNTERS,
};

extern const struct counter_def rs_tcp_counter_defs[TCP_N_COUNTERS];

/* Set once at start and shared by all cores. Times in milliseconds. */
struct tcp_config {
	uint32_t max_conns;      /* connections in any state but TIME-WAIT */
	uint32_t max_time_wait;  /* entries; the oldest gives way when full */
	uint32_t syn_backlog;    /* half-open connections; beyond it SYN cookies */
	uint32_t rcv_wnd_bytes;  /* the largest window we offer */
	uint32_t rcvq_chunks;    /* chunks that a connection may hold for bytes not yet consumed */
	uint32_t chunk_reserve;  /* with fewer chunks free than this, new connections are refused */
	uint16_t min_rto_ms;     /* 200; and the least margin beyond the round trip */
	uint16_t max_rto_ms;     /* 60000 */
	uint16_t initial_rto_ms; /* 1000, RFC 6298 section 2.1 */
	uint32_t max_retries;    /* retransmissions of the same byte before giving up */
	uint32_t max_syn_retries;   /* the same for SYN and SYN-ACK */
	uint32_t delayed_ack_ms;    /* 40, at most 500 (RFC 9293 section 3.8.6.3) */
	uint32_t keepalive_idle_ms; /* 0: no keep-alive probes */
	uint32_t keepalive_interval_ms;
	uint32_t keepalive_probes;
	uint32_t time_wait_ms;  /* 2 MSL */
	uint32_t fin_wait_2_ms; /* how long a peer may stay half-open after we closed */
	uint16_t mss_v4;        /* what we announce: MTU - 40 */
	uint16_t mss_v6;        /* MTU - 60 */
	uint32_t tso_bytes;     /* largest payload of one descriptor; 0: one MSS (no offload) */
	bool no_tso_ipv6;       /* … which is one MSS for IPv6 all the same */
	bool timestamps;        /* RFC 7323 */
	bool window_scaling;
	bool ecn;        /* RFC 3168: agreed to where the peer asks for it, never asked for */
	bool force_slow; /* never take the fast path: same result, for tests */
	uint8_t n_listen;
	uint16_t listen[TCP_MAX_LISTEN]; /* ports */
	uint64_t flow_secret[5];         /* for rs_flow_hash() */
	uint64_t isn_secret[2];          /* RFC 6528, and SYN cookies */
};

/* The defaults above, for an MTU of 1500; secrets zero, no port. */
void rs_tcp_config_default(struct tcp_config *cfg);

/* struct tcp_conn.flags */
enum {
	TCP_F_DIRTY = 1u << 0,      /* waits for rs_tcp_flush() */
	TCP_F_ACK_NOW = 1u << 1,    /* an acknowledgement is owed at the next flush */
	TCP_F_DELACK = 1u << 2,     /* an acknowledgement is owed at delack_tick */
	TCP_F_RTX = 1u << 3,        /* rtx_tick is set: retransmission, probe or FIN-WAIT-2 timer */
	TCP_F_PERSIST = 1u << 4,    /* … and it is a zero-window probe */
	TCP_F_APP_TIMER = 1u << 5,  /* app_tick is set */
	TCP_F_TS = 1u << 6,         /* timestamps agreed (RFC 7323) */
	TCP_F_WSCALE = 1u << 7,     /* window scaling agreed */
	TCP_F_SACK = 1u << 8,       /* the peer takes SACK blocks (RFC 2018) */
	TCP_F_CLOSE = 1u << 9,      /* the application has closed: FIN after the queue */
	TCP_F_FIN_SENT = 1u << 10,  /* our FIN has been sent at least once */
	TCP_F_FIN_SEEN = 1u << 11,  /* the peer's FIN is known to stand at fin_rcv_seq */
	TCP_F_FIN_RCVD = 1u << 12,  /* … and everything before it has arrived */
	TCP_F_EOF_TOLD = 1u << 13,  /* TCP_EOF was reported */
	TCP_F_TIMING = 1u << 14,    /* a round trip is being timed */
	TCP_F_RECOVERY = 1u << 15,  /* in fast recovery (RFC 6582) */
	TCP_F_DUP_ACKS = 1u << 16,  /* n_dup_acks is not zero */
	TCP_F_PASSIVE = 1u << 17,   /* the peer opened it */
	TCP_F_ECN = 1u << 18,       /* ECN agreed (RFC 3168) */
	TCP_F_RETRIED = 1u << 19,   /* n_retries is not zero */
	TCP_F_ACK_OWED = 1u << 20,  /* bytes arrived since our last segment: flush acks or delays */
	TCP_F_FIN_ACKED = 1u << 21, /* our FIN is acknowledged; rtx_tick bounds what may follow */
	TCP_F_RECOVER = 1u << 22,   /* recover means something: cwnd has been made smaller for
				       what was sent before it */
	TCP_F_RESEND = 1u << 23,    /* what stands at snd_una goes out at the next flush: a lost
				       segment in recovery, else a probe */
	TCP_F_APP = 1u << 24,       /* the application's own mark; 0 at first */
	TCP_F_FRAGMENT = 1u << 25,  /* routers may cut what we send */
	TCP_F_PTO = 1u << 26,       /* rtx_tick is that of a tail loss probe (RFC 8985 section 7) */
	TCP_F_REORDER = 1u << 27,   /* … or the end of the reordering window (section 6.2) */
	TCP_F_PROBED = 1u << 28,    /* a tail loss probe was sent; what came of it is not known */
	TCP_F_UNTIMED = 1u << 29,   /* no round trip was measured since the last one */
	TCP_F_ECE = 1u << 30,       /* routers have marked what came: the peer is told until it
				       says that it sends less */
	TCP_F_TWICE = 1u << 31,     /* the acknowledgement that is owed tells of twice */
};

struct tcp_conn {
	/* All that tells whether a segment is the expected one, and changes where it only brings
	 * data. */
	uint32_t rcv_nxt;
	uint32_t rcv_edge;  /* right edge of the window that we offered; it never moves left */
	uint32_t rcv_acked; /* the last acknowledgement that we sent */
	uint32_t snd_una;
	uint32_t snd_nxt;
	uint32_t snd_max; /* the highest sequence number sent, plus one; snd_nxt falls back on a
			     timeout */
	uint32_t snd_wnd; /* scaled */
	uint32_t snd_wl1; /* sequence number of the segment that last set snd_wnd */
	uint32_t ts_recent;
	uint32_t cwnd;
	uint32_t rtx_tick;   /* when to retransmit or probe; valid with TCP_F_RTX */
	uint32_t app_tick;   /* the application's deadline; valid with TCP_F_APP_TIMER */
	uint32_t wheel_tick; /* when the wheel will look at this connection: at or before every
				timer */
	uint32_t flags;      /* TCP_F_… */
	uint16_t mss;        /* payload bytes that we may send in one segment */
	uint8_t state;       /* enum tcp_state */
	uint8_t snd_wscale;
	uint32_t rcvq; /* first chunk of bytes received and not consumed, 0: none */

	/* Who it is, and the way to it. */
	_Alignas(RS_CACHE_LINE) struct flow_key key;
	uint64_t link;
	uint32_t hash;
	uint32_t id;
	uint64_t user; /* the application's own */

	/* What it has to send. */
	_Alignas(RS_CACHE_LINE) struct sendq sendq;

	/* Touched on loss, on timers, at opening and closing. */
	_Alignas(RS_CACHE_LINE) uint32_t ssthresh;
	uint32_t recover;    /* RFC 6582: where recovery ends; RFC 3168: where the round trip ends
				in which cwnd is made smaller once */
	uint32_t w_max;      /* RFC 9438: the window that met the last loss */
	uint32_t srtt_us8;   /* smoothed round-trip time, in 1/8 µs; 0: none measured */
	uint32_t rttvar_us4; /* its variation, in 1/4 µs */
	uint16_t rto_ms;
	uint16_t stray_period; /* when a segment out of the window was last answered, see
				  rs_tcp_may_answer_stray() */
	uint32_t rtt_seq; /* the byte whose round trip is being timed, with TCP_F_TIMING; where the
			     probe ends, with TCP_F_PROBED */
	uint32_t rtt_start_us;
	union {
		uint32_t iss;    /* until established */
		uint32_t sacked; /* then the chunk of the scoreboard, 0: none (RFC 6675) */
	};
	uint32_t ts_offset;    /* added to our clock in TSval */
	uint32_t last_rx_tick; /* when the peer was last heard of; kept only with keep-alive on */
	uint32_t last_tx_tick; /* when new data was last sent; kept only where cwnd is above its
				  initial value */
	uint32_t delack_tick;  /* valid with TCP_F_DELACK */
	uint32_t fin_rcv_seq;  /* where the peer's FIN stands; valid with TCP_F_FIN_SEEN */
	uint32_t max_snd_wnd;
	uint16_t n_rcvq_chunks;
	uint8_t n_dup_acks;
	uint8_t n_retries : 6;  /* retransmissions or probes since the peer last acknowledged
				   anything */
	uint8_t was_marked : 1; /* with TCP_F_RECOVER: for marks of routers; no loss is known */
	uint8_t may_undo : 1;   /* recovery may turn out to have begun for nothing */

	/* Touched only while the window grows, or segments got lost or seem to be. */
	_Alignas(RS_CACHE_LINE) uint32_t round_end; /* slow start: the round ends when that is
						       acknowledged */
	uint32_t round_us;                          /* when it began */
	uint32_t train_us; /* when the last ACK came that followed closely upon the one before */
	union {
		struct {                     /* with in_epoch: RFC 9438 */
			uint32_t epoch_tick; /* when congestion avoidance began */
			uint32_t k_ticks;    /* how long after that CUBIC has w_max again */
			uint32_t w_est;      /* what Reno would have */
			uint32_t ca_acked;   /* bytes acknowledged since w_est last grew */
		};
		struct {                        /* in recovery, with in_prr: RFC 9937 */
			uint32_t prr_delivered; /* bytes that have come since it began */
			uint32_t prr_out;       /* bytes sent since */
			uint32_t prr_share;     /* of what comes so much may go, in 2^16ths */
			uint32_t prr_limit;     /* of what is in flight */
		};
	};
	uint32_t undo_seq;      /* what was sent again first; with may_undo, as all undo_… */
	uint32_t undo_tick;     /* when */
	uint32_t undo_ssthresh; /* ssthresh and w_max, had nothing been lost */
	uint32_t undo_w_max;
	uint16_t round_rtt;    /* slow start: the shortest round trip of this round, in ticks, */
	uint16_t last_rtt;     /* of the round before, */
	uint16_t css_rtt;      /* and of that in which conservative slow start began; 0: it was not
				  for the delay */
	uint16_t round_flight; /* what was in flight when this round began, in 256 bytes */
	uint8_t n_rtts : 4;    /* of how many round_rtt is the shortest, at most N_RTT_SAMPLE */
	uint8_t css_round : 4; /* rounds of conservative slow start (RFC 9406) */
	uint8_t reorder_steps : 4; /* the reordering window in quarters of a round trip; 0: nothing
				      was ever seen to be overtaken */
	bool in_epoch : 1;
	bool in_prr : 1;
	uint8_t reorder_keeps;   /* recoveries until the window is small again */
	struct sack_block twice; /* what of a segment had come before (RFC 2883 section 4.2); valid
				    with TCP_F_TWICE */
};

_Static_assert(offsetof(struct tcp_conn, key) == 64, "the hot part is one cache line");
_Static_assert(sizeof(struct tcp_conn) == 320, "five cache lines a connection");

/* What rs_tcp_input() and rs_tcp_expire() report. Several may come at once. */
enum {
	TCP_EV_OPENED = 0x01, /* established: set up the application's state; conn->user is yours */
	TCP_EV_DATA = 0x02,   /* bytes or an end to read: peek, consume, settle. Not optional. */
	TCP_EV_SENT = 0x04,   /* the peer acknowledged bytes: sendq has room */
	TCP_EV_DEADLINE = 0x08, /* the deadline of rs_tcp_set_deadline() has come */
	TCP_EV_GONE = 0x10, /* closed, reset or timed out. Alone or last: release what belongs to
			       it. conn may be read until the next call, and is free afterwards. */
};

/* What rs_tcp_settle() reports. */
enum {
	TCP_MORE = 0x01, /* there are more bytes to peek at */
	TCP_EOF = 0x02,  /* the peer has closed and every byte was consumed; reported once */
	TCP_GONE = 0x04, /* both sides are done: as TCP_EV_GONE, conn is free with the next call */
};

struct tcp_time_wait;

struct tcp {
	const struct tcp_config *cfg;
	uint64_t now_us;   /* set by the caller, monotonic */
	struct tcp_tx *tx; /* out: what to send, n_tx of at most max_tx */
	uint32_t n_tx;
	uint32_t max_tx;
	bool draining; /* set by the caller: no new connections, SYNs are refused with RST */
	struct chunk_pool *chunks; /* for sendq and for bytes out of order */
	uint64_t counters[TCP_N_COUNTERS];

	struct tcp_conn *conns; /* max_conns of them; a connection's id is its index */
	uint32_t n_conns;       /* in use */
	uint32_t n_half_open;   /* of these, in SYN-RECEIVED */
	uint32_t n_time_wait;   /* TIME-WAIT entries in use */

	/* Private to lib/tcp. */
	uint8_t rcv_wscale;
	uint32_t last_cookie_tick; /* when a SYN cookie was last sent; valid with sent_cookies */
	bool sent_cookies;
	uint32_t n_rcvq_chunks;      /* of all connections together */
	uint32_t due[TCP_DUE_BATCH]; /* connections that the wheel has handed out, due_next to n_due
				      */
	uint32_t n_due, due_next;
	uint32_t *free_conns;
	struct flow_table flows;
	struct wheel wheel;
	struct tcp_time_wait *time_wait;
	uint32_t tw_head,
		tw_used; /* a ring: tw_used slots from tw_head, some of them already free */
	uint32_t *dirty; /* connections to be flushed, a ring */
	uint32_t dirty_head, n_dirty;
	struct span cur; /* what is left of the payload being delivered; it starts at rcv_nxt */
	uint64_t challenge_window_us; /* RFC 5961 section 7: challenge ACKs are limited */
	uint32_t n_challenges, max_challenges;
};

/*
 * Any core: connections in use, with those in SYN-RECEIVED or without. Whoever has not stopped t
 * may be a moment behind.
 */
uint32_t rs_tcp_n_conns(const struct tcp *t, bool with_half_open);

/* Bytes of memory that rs_tcp_init() needs for this configuration. */
size_t rs_tcp_bytes(const struct tcp_config *cfg);

/*
 * memory: rs_tcp_bytes(cfg), 64-byte aligned, zeroed or not, owned by the caller. tx: max_tx
 * descriptors. cfg, chunks, tx outlive t. chunks->chunk_bytes is at least 512.
 */
void rs_tcp_init(struct tcp *t, const struct tcp_config *cfg, void *memory,
	struct chunk_pool *chunks, struct tcp_tx *tx, uint32_t max_tx, uint64_t now_us);

/*
 * Looks up n segments in phases, so that their cache misses overlap. Fills segs[i].hash where
 * zero, and found[i] with a candidate for rs_tcp_input(). An input in between may change what
 * found[] says; rs_tcp_input() checks again. The next lookup makes found[] of this one worthless.
 */
void rs_tcp_lookup(struct tcp *t, struct tcp_seg *segs, uint32_t *found, uint32_t n);

/*
 * A segment arrives (RFC 9293 section 3.10.7). Returns TCP_EV_… bits; *conn is theirs, or NULL.
 * May append to t->tx at most two descriptors.
 */
uint32_t rs_tcp_input(
	struct tcp *t, const struct tcp_seg *seg, uint32_t found, struct tcp_conn **conn);

/* The next bytes in order, or an empty span. Valid until consumed or settled. */
struct span rs_tcp_peek(struct tcp *t, struct tcp_conn *conn);

/* The application took the first n bytes of what rs_tcp_peek() showed. */
void rs_tcp_consume(struct tcp *t, struct tcp_conn *conn, uint32_t n);

/*
 * The application waits for more before it answers: what is owed an acknowledgement has it now. A
 * peer may hold back the rest until then (RFC 896, RFC 1122 section 4.2.3.4).
 */
void rs_tcp_ack_now(struct tcp *t, struct tcp_conn *conn);

/*
 * Ends a delivery: what the application did not take is kept (or left unacknowledged when there is
 * no room), and TCP_MORE, TCP_EOF say what follows. After TCP_EV_DATA always; also before reading
 * again later, when an application that was blocked goes on.
 */
uint32_t rs_tcp_settle(struct tcp *t, struct tcp_conn *conn);

/* The application has put something in conn->sendq: it will go out with the next flush. */
void rs_tcp_send(struct tcp *t, struct tcp_conn *conn);

/* No more will be sent: FIN after all that is queued. Receiving goes on. Repeating it is harmless.
 */
void rs_tcp_close(struct tcp *t, struct tcp_conn *conn);

/* RST now (RFC 9293 section 3.10.5). The connection is free afterwards; no TCP_EV_GONE comes. */
void rs_tcp_abort(struct tcp *t, struct tcp_conn *conn);

/* One deadline for the application (0: none). When it comes: TCP_EV_DEADLINE, once. */
void rs_tcp_set_deadline(struct tcp *t, struct tcp_conn *conn, uint64_t deadline_us);

/*
 * Active open (RFC 9293 section 3.10.1). NULL when there is no room or the key is in use.
 * TCP_EV_OPENED or TCP_EV_GONE will come.
 */
struct tcp_conn *rs_tcp_connect(struct tcp *t, const struct flow_key *key, uint64_t link);

/*
 * Timers. Call it again and again, until it returns 0 or the caller's own bound is reached: each
 * call that returns nonzero reports TCP_EV_… bits of one connection. Bounded work a call.
 */
uint32_t rs_tcp_expire(struct tcp *t, struct tcp_conn **conn);

/* Turns into descriptors what the connections touched since have to say, as far as t->tx has room.
 */
void rs_tcp_flush(struct tcp *t);

/* When rs_tcp_expire() next has something to do, in µs on the caller's clock; UINT64_MAX: never. */
uint64_t rs_tcp_deadline_us(const struct tcp *t);

/* Connections that wait for rs_tcp_flush() to have room. */
static inline bool rs_tcp_pending(const struct tcp *t)
{
	return t->n_dirty != 0;
}

/*
 * The network reported that packets to this peer must not be larger than mtu bytes (ICMP, RFC 1191,
 * RFC 8201), 0: it does not say how large they may be. seq is the sequence number in the quoted
 * segment, checked as RFC 5927 asks.
 */
void rs_tcp_path_mtu(struct tcp *t, const struct flow_key *key, uint32_t seq, uint32_t mtu);

#endif
