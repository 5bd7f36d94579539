/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP cases as scripts of time, direction, segment:
 *
 *     OPEN(TCP_OPT_TS);                       handshake
 *     IN(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
 *     WAIT(40);                               nothing for 40 ms, then something
 *     OUT(TCP_ACK, .seq = 1, .ack = 101);
 *
 * Sequence numbers are relative: the peer's SYN is 0 and its first byte 1, ours alike. Payload
 * follows a pattern by sequence number, in both directions, and is compared whenever it is seen.
 * A case runs in all variants: sequence numbers that wrap on the way, no fast path, IPv6. After
 * each step the rules of invariants.h hold; after each case everything has come back.
 */
#ifndef RS_TESTS_TCP_HARNESS_H
#define RS_TESTS_TCP_HARNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp.h"

#define RIG_PEERS  12
#define RIG_MAX_TX 64

struct variant {
	const char *name;
	uint32_t isn; /* where both sides' sequence numbers begin, about; 0: wherever */
	bool force_slow;
	bool ipv6;
};

/* The peer of one connection, and what our application knows of that connection. */
struct peer {
	struct flow_key key;
	uint32_t isn;     /* the peer's */
	uint32_t our_isn; /* known from our first SYN or SYN-ACK */
	bool knows_our_isn;
	bool ts;          /* timestamps are agreed: segments carry them unless told otherwise */
	bool wscale;      /* window scaling is agreed */
	uint32_t ts_val;  /* the peer's clock, moved by the case */
	uint32_t ts_seen; /* our last TSval, to be echoed */
	struct tcp_conn *conn;
	uint32_t events; /* since the last EVENTS() */
	uint32_t n_read, n_written;
	bool has_edge;
	uint32_t edge; /* of the window that we offered last; valid with has_edge */
	bool blocked;  /* the application does not read */
	bool eof, gone;
};

struct rig {
	struct tcp t;
	struct tcp_config cfg;
	struct chunk_pool chunks;
	struct tcp_tx tx[RIG_MAX_TX];
	uint32_t max_tx, n_chunks;
	uint32_t n_seen; /* descriptors already compared */
	uint32_t mss;    /* of our family */
	uint32_t isn;
	uint32_t arg;
	void *memory, *chunk_memory;
	struct peer peers[RIG_PEERS];
	struct peer *p; /* the one that the macros speak for */
	bool no_flush;  /* IN() leaves it to FLUSH(): several segments in one burst */
};

/* A segment. What is left out is as it mostly is. */
struct say {
	uint8_t flags;
	uint32_t seq, ack, len;
	uint32_t wnd; /* in: 0 stands for 65535; out: 0 stands for "any". NO_WND: zero */
	uint8_t opts; /* out: compared on SYNs, and when not 0; else timestamps as agreed */
	uint16_t mss; /* out: with TCP_OPT_MSS */
	uint8_t wscale;
	uint32_t ts_val,
		ts_ecr; /* in: 0 stands for the peer's clock and the last seen. out: 0: any */
	uint8_t n_sack;
	struct sack_block sack[TCP_MAX_SACK_BLOCKS]; /* relative */
	bool no_ts;                                  /* in: no timestamp although agreed */
	bool is_ect;                                 /* out: routers may mark it */
	bool raw_seq;  /* out: seq is absolute: the RST that answers a segment without ACK */
	uint64_t link; /* in: 0 stands for 1 */
};

#define NO_WND UINT32_MAX

struct tcp_case {
	const char *name;
	void (*run)(struct rig *r);
	void (*tune)(struct rig *r); /* changes r->cfg before the start; may be NULL */
	uint32_t arg;                /* for a function that is several cases: r->arg */
};

/* TIME-WAIT is no connection's state in lib/tcp: the rig tells it apart from CLOSED. */
#define TCP_TIME_WAIT TCP_N_STATES

bool rig_run(const struct tcp_case *c, const struct variant *v);
_Noreturn void rig_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void rig_in(struct rig *r, struct say s);
void rig_expect(struct rig *r, struct say s, const char *file, int line);
void rig_expect_none(struct rig *r, const char *file, int line);
void rig_expect_events(struct rig *r, uint32_t events, const char *file, int line);
void rig_expect_state(struct rig *r, uint8_t state, const char *file, int line);
void rig_advance_ms(struct rig *r, uint32_t ms);
/* Nothing for ms milliseconds, then something: a segment or an event, within a few ticks. */
void rig_wait(struct rig *r, uint32_t ms, const char *file, int line);
void rig_drop_output(struct rig *r);
void rig_flush(struct rig *r);

/* From here on the macros speak for peer n, which has a port of its own. */
void rig_peer(struct rig *r, uint32_t n);
/* The peer starts anew on the same port: our_isn is learnt again, its own begins at isn. */
void rig_reopen(struct rig *r, uint32_t isn);
/* The connection of the current peer, in whatever state; NULL: none. */
struct tcp_conn *rig_conn(struct rig *r);

/* The application. */
void rig_write(struct rig *r, uint32_t n);
/* As TLS queues its records: the queue may hold many slices. Not sent yet. */
void rig_push_more(struct rig *r, uint32_t n);
void rig_close(struct rig *r);
void rig_abort(struct rig *r);
void rig_connect(struct rig *r);
void rig_read(struct rig *r, uint32_t n);

/* Between the harness's own files. */
#define PATTERN_PERIOD 251
#define PATTERN_BYTES  (PATTERN_PERIOD * 1024)
extern uint8_t rig_pattern[PATTERN_BYTES];
void rig_take_events(struct rig *r, uint32_t ev, struct tcp_conn *conn);

/* Handshakes, output compared; opts beyond TCP_OPT_MSS. The peer announces an MSS of 1460. */
void rig_open(struct rig *r, uint8_t opts, const char *file, int line);
void rig_open_active(struct rig *r, uint8_t opts, const char *file, int line);
/* We close, and the peer in answer: TIME-WAIT, where there is room for it. Nothing was sent. */
void rig_close_both(struct rig *r, const char *file, int line);
/* n full segments, the first that there are: written, on their way, compared. */
void rig_send_segments(struct rig *r, uint32_t n, const char *file, int line);
/* An ACK of the first acked segments that reports those in [from, to), counted from 0, too. */
void rig_report(struct rig *r, uint32_t acked, uint32_t from, uint32_t to);
/* Half-open connections of other peers, until only cookies are to be had. */
void rig_fill_backlog(struct rig *r);

#define IN(...)           rig_in(r, (struct say){__VA_ARGS__})
#define OUT(...)          rig_expect(r, (struct say){__VA_ARGS__}, __FILE__, __LINE__)
#define QUIET()           rig_expect_none(r, __FILE__, __LINE__)
#define EVENTS(bits)      rig_expect_events(r, bits, __FILE__, __LINE__)
#define STATE(s)          rig_expect_state(r, s, __FILE__, __LINE__)
#define MS(n)             rig_advance_ms(r, n)
#define WAIT(ms)          rig_wait(r, ms, __FILE__, __LINE__)
#define FLUSH()           rig_flush(r)
#define OPEN(opts)        rig_open(r, opts, __FILE__, __LINE__)
#define OPEN_ACTIVE(opts) rig_open_active(r, opts, __FILE__, __LINE__)
#define CLOSE()           rig_close_both(r, __FILE__, __LINE__)
#define SEGMENTS(n)       rig_send_segments(r, n, __FILE__, __LINE__)
#define COUNTER(id)       (r->t.counters[TCP_C_##id])
#define EQ(got, want)                                                                              \
	do {                                                                                       \
		unsigned long long got_ = (got), want_ = (want);                                   \
		if (got_ != want_)                                                                 \
			rig_fail(__FILE__, __LINE__, #got " is %llu, not %llu", got_, want_);      \
	} while (0)
#define TRUE(condition)                                                                            \
	do {                                                                                       \
		if (!(condition))                                                                  \
			rig_fail(__FILE__, __LINE__, "not so: %s", #condition);                    \
	} while (0)

#define SYN_ACK (TCP_SYN | TCP_ACK)
#define FIN_ACK (TCP_FIN | TCP_ACK)
#define RST_ACK (TCP_RST | TCP_ACK)

#endif
