/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The meeting point of bytes and TCP: what a segment says once it is parsed (struct tcp_seg), and
 * what a segment to be sent shall say before it is rendered (struct tcp_tx). Both are values:
 * neither knows mbufs, ports or connections.
 *
 * Any core; includes base only.
 */
#ifndef RS_WIRE_SEG_H
#define RS_WIRE_SEG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sendq.h"

enum {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
	TCP_ECE = 0x40,
	TCP_CWR = 0x80,
};

/*
 * Who talks to whom, as seen from us: in received segments remote is the source. Both directions
 * of a connection therefore have the same key. IPv4 addresses stand as ::ffff:a.b.c.d, so that
 * one comparison and one hash serve both families. Ports in host order.
 */
struct flow_key {
	uint8_t remote[16];
	uint8_t local[16];
	uint16_t remote_port;
	uint16_t local_port;
	uint32_t family; /* 4 or 6 */
};
_Static_assert(sizeof(struct flow_key) == 40, "flow_key is compared and hashed as five words");

/* Which options a received segment carried, and whether a router has marked it. */
enum {
	TCP_OPT_MSS = 0x01,
	TCP_OPT_WSCALE = 0x02,
	TCP_OPT_TS = 0x04,
	TCP_OPT_SACK_OK = 0x08,
	TCP_OPT_SACK = 0x10,
	TCP_OPT_CE = 0x20, /* no option: the IP header says Congestion Experienced (RFC 3168) */
};

#define TCP_MAX_SACK_BLOCKS 4

struct sack_block {
	uint32_t start; /* first sequence number of the block */
	uint32_t end;   /* first sequence number after it */
};

/* A received segment: validated lengths and checksum, host order. */
struct tcp_seg {
	struct flow_key key;
	uint64_t link;       /* where it came from: a packed link, see wire/link.h; opaque to TCP */
	const uint8_t *data; /* payload; valid until the burst is done */
	uint32_t len;        /* payload bytes, without SYN and FIN */
	uint32_t seq;
	uint32_t ack;
	uint32_t hash; /* of key; filled by whoever looks up */
	uint16_t wnd;  /* as on the wire, not scaled */
	uint8_t flags; /* TCP_FIN … */
	uint8_t opts;  /* TCP_OPT_MSS … */
	uint32_t ts_val;
	uint32_t ts_ecr;
	uint16_t mss;
	uint8_t wscale;
	uint8_t n_sack;
	struct sack_block sack[TCP_MAX_SACK_BLOCKS];
};

/* What routers may do with a segment. */
enum {
	TCP_TX_CUT = 0x01,  /* IPv4: into fragments, DF is clear */
	TCP_TX_MARK = 0x02, /* instead of dropping it: ECT(0), RFC 3168 section 5 */
};

/*
 * A segment to send. Self-contained: the connection that it came from may be gone when it is
 * rendered; the spans' memory stays readable until the end of the burst. Where payload is longer
 * than mss the port's segmentation offload cuts it into segments of mss bytes.
 */
struct tcp_tx {
	struct flow_key key;
	uint64_t link;
	uint32_t seq;
	uint32_t ack;
	uint16_t wnd; /* as on the wire */
	uint8_t flags;
	uint8_t opts; /* TCP_OPT_MSS … : which of the options below to write */
	uint32_t ts_val;
	uint32_t ts_ecr;
	uint16_t mss_opt; /* value of the MSS option */
	uint16_t mss;     /* payload bytes per segment on the wire */
	uint8_t wscale;
	uint8_t n_sack;
	uint8_t n_spans;
	uint8_t routers_may;  /* TCP_TX_CUT, TCP_TX_MARK */
	bool is_again;        /* some of it was sent before, and has not been acknowledged */
	uint16_t payload_sum; /* folded checksum of the payload; 0: not known */
	uint32_t len;         /* payload bytes, the sum of the spans */
	struct sack_block sack[TCP_MAX_SACK_BLOCKS];
	struct slice spans[SENDQ_SLICES]; /* chunk: whom the bytes belong to, 0: to the process */
};

/* Bytes of options that a segment with these opts carries, padded to a multiple of four. */
static inline uint32_t rs_tcp_tx_opt_bytes(const struct tcp_tx *tx)
{
	uint32_t n = 0;

	if (tx->opts & TCP_OPT_MSS)
		n += 4;
	if (tx->opts & TCP_OPT_WSCALE)
		n += 4; /* with one NOP */
	if (tx->opts & TCP_OPT_TS)
		n += 12; /* with two NOPs */
	if (tx->opts & TCP_OPT_SACK_OK)
		n += 4; /* with two NOPs */
	if (tx->opts & TCP_OPT_SACK)
		n += 4 + 8u * tx->n_sack; /* with two NOPs */
	return n;
}

/* Sequence space that a segment takes (RFC 9293 section 3.4): payload, SYN and FIN. */
static inline uint32_t rs_tcp_seq_len(uint32_t len, uint8_t flags)
{
	return len + ((flags & TCP_SYN) != 0) + ((flags & TCP_FIN) != 0);
}

/* Comparisons modulo 2^32 (RFC 9293 section 3.4). */
static inline bool rs_seq_lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool rs_seq_leq(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) <= 0;
}

static inline bool rs_seq_gt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static inline bool rs_seq_geq(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) >= 0;
}

#endif
