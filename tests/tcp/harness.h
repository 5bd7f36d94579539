/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP cases as scripts of time, direction, segment. Sequence numbers are relative: the peer's SYN
 * is 0 and its first byte 1; ours alike. A case runs in every variant of `variants`: near sequence
 * wrap, without the fast path, over IPv6. After each, everything must have come back.
 */
#ifndef RS_TESTS_TCP_HARNESS_H
#define RS_TESTS_TCP_HARNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp.h"

struct variant {
	const char *name;
	bool near_wrap;
	bool force_slow;
	bool ipv6;
};

struct rig {
	struct tcp t;
	struct tcp_config cfg;
	struct chunk_pool chunks;
	struct tcp_tx tx[64];
	uint32_t n_seen; /* descriptors already compared */
	void *memory, *chunk_memory;
	struct flow_key key;
	uint32_t peer_isn, our_isn;
	struct tcp_conn *conn; /* as the application knows it */
	uint32_t events;       /* all that came since the last rig_events() */
	uint32_t n_read;
	bool eof, blocked, gone, no_flush;
	uint32_t peer_ts; /* what the peer sends as TSval, with TCP_OPT_TS */
	uint32_t written;
};

/* What to send or expect; fields left out are as they mostly are. */
struct say {
	uint8_t flags;
	uint32_t seq, ack, len;
	uint32_t wnd; /* sent: 0 means 65535, NO_WND means 0; expected: not compared when 0 */
	uint8_t opts; /* sent as they are; expected: compared when check_opts */
	uint16_t mss;
	uint8_t wscale;
	uint32_t ts_val, ts_ecr;
	bool check_opts;
};

#define NO_WND UINT32_MAX

void rig_init(struct rig *r, const struct variant *v);
/* Lets everything run out and checks that nothing is left; then frees. */
void rig_fini(struct rig *r);

void rig_in(struct rig *r, struct say s);
void rig_expect(struct rig *r, struct say s, const char *file, int line);
void rig_expect_none(struct rig *r, const char *file, int line);
void rig_advance_ms(struct rig *r, uint32_t ms);
void rig_drop_output(struct rig *r);

/* The application. Bytes that it sends and expects to receive follow one pattern by offset. */
void rig_write(struct rig *r, uint32_t n);
void rig_close(struct rig *r);
void rig_read(struct rig *r);
void rig_flush(struct rig *r);

/* Handshake without options beyond opts, MSS 1460; leaves the rig established, output compared. */
void rig_open(struct rig *r, uint8_t opts);

#define IN(...)     rig_in(r, (struct say){__VA_ARGS__})
#define OUT(...)    rig_expect(r, (struct say){__VA_ARGS__}, __FILE__, __LINE__)
#define QUIET()     rig_expect_none(r, __FILE__, __LINE__)
#define MS(n)       rig_advance_ms(r, n)
#define STATE(s)    assert_int_equal(r->conn->state, s)
#define COUNTER(id) (r->t.counters[TCP_C_##id])

struct tcp_case {
	const char *name;
	void (*run)(struct rig *r);
};

extern const struct tcp_case open_cases[], data_cases[], loss_cases[], close_cases[],
	attack_cases[], table_cases[];

#endif
