/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From fragments to packets (RFC 791 section 3.2, RFC 1122 section 3.3.2, RFC 8200 section 4.5). A
 * table of the packets of which fragments have come, in memory of its own: it keeps copies, so no
 * flood of fragments holds a buffer of anybody else's. Where it is full, the oldest one gives way.
 *
 * A table belongs to a core; includes base only.
 */
#ifndef RS_WIRE_REASSEMBLY_H
#define RS_WIRE_REASSEMBLY_H

#include "base/span.h"
#include "wire/pkt.h"

enum reassembly_counter {
#define RS_COUNTER(id, name, help) REASSEMBLY_C_##id,
#include "wire/reassembly_counters.def"
#undef RS_COUNTER
	REASSEMBLY_N_COUNTERS,
};

extern const struct counter_def rs_reassembly_counter_defs[REASSEMBLY_N_COUNTERS];

#define REASSEMBLY_PACKETS    32 /* at a time */
#define REASSEMBLY_TIMEOUT_US 60000000
#define REASSEMBLY_ABANDON_US 2000000 /* so long are the fragments refused of what was given up */
#define REASSEMBLY_UNIT       8       /* bytes: where fragments may begin */
#define REASSEMBLY_HEAD       128     /* bytes of headers, those of Ethernet included */
#define REASSEMBLY_PAYLOAD    65536

/* A packet that is not whole yet. */
struct reassembly_packet {
	uint8_t src[16], dst[16];
	uint64_t link;    /* of the fragment that came first, in time */
	uint64_t late_us; /* when it is no longer waited for */
	uint32_t id;
	uint32_t n_units;     /* that have come */
	uint32_t end;         /* of what has come, in bytes */
	uint32_t bytes;       /* of the whole payload; 0: not known, the last fragment is missing */
	uint32_t first_bytes; /* of the first fragment's payload; 0: it is missing */
	uint8_t family;
	uint8_t proto;     /* IPv4: it tells packets apart, too */
	uint8_t head;      /* bytes of the first fragment's headers, those of Ethernet included */
	uint8_t l2;        /* bytes of Ethernet's among them */
	uint8_t ecn_seen;  /* bit i: a fragment had i in its ECN field */
	bool is_abandoned; /* fragments contradict each other: what else comes is not taken, either
			    */
	uint64_t units[REASSEMBLY_PAYLOAD / REASSEMBLY_UNIT / 64];
	uint8_t bytes_of_head[REASSEMBLY_HEAD]; /* they end where the payload begins */
	uint8_t payload[REASSEMBLY_PAYLOAD];
};

struct reassembly {
	uint32_t used;    /* bit i: of packets[i] */
	uint64_t next_us; /* no packet is late before then */
	uint64_t counters[REASSEMBLY_N_COUNTERS];
	struct reassembly_packet packets[REASSEMBLY_PACKETS];
};

/* A frame in the table, valid until the table is used again. len 0: there is none. */
struct reassembly_frame {
	struct span bytes;
	uint64_t link; /* where a fragment of it came from */
};

void rs_reassembly_init(struct reassembly *r);

/*
 * Takes a fragment: pkt is as rs_wire_parse() leaves it with WIRE_IP_FRAGMENT, its frame begins at
 * frame. Returns the frame of the packet, if now it is whole: with a valid IPv4 header checksum,
 * without IPv6's fragment header, otherwise as its sender made it. It may be a neighbour discovery
 * message, which must not come in fragments (RFC 6980 section 5).
 */
struct reassembly_frame rs_reassembly_take(
	struct reassembly *r, const uint8_t *frame, const struct pkt *pkt, uint64_t now_us);

/*
 * Gives up a packet whose time is over. Returns its first fragment as it came, for a Time Exceeded
 * to quote, or none where that never came, or nothing is late: see rs_reassembly_is_late().
 */
struct reassembly_frame rs_reassembly_give_up(struct reassembly *r, uint64_t now_us);

/* A packet's time may be over. */
static inline bool rs_reassembly_is_late(const struct reassembly *r, uint64_t now_us)
{
	return rs_unlikely(now_us >= r->next_us);
}

#endif
