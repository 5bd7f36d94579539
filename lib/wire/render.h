/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From struct tcp_tx to the bytes of a frame: Ethernet, VLAN tag, IPv4 or IPv6, TCP, options,
 * payload. Any core; includes base only.
 */
#ifndef RS_WIRE_RENDER_H
#define RS_WIRE_RENDER_H

#include "wire/pkt.h"
#include "wire/seg.h"

struct wire_lens {
	uint8_t l2;
	uint8_t l3;
	uint8_t l4; /* with options */
};

/* How long the headers of tx are. */
struct wire_lens rs_wire_tcp_lens(const struct tcp_tx *tx);

/*
 * The headers of tx, for tx->len bytes of payload. payload_sum: the checksum's partial sum over the
 * payload; not used with WIRE_L4_CSUM_OFFLOAD. flags: WIRE_…_OFFLOAD and WIRE_TSO. IPv4: DF set,
 * identification 0 (RFC 6864), unless routers may cut tx. IPv6: a flow label for each connection
 * (RFC 6437). Returns how long they are, at most WIRE_MAX_HEADER_BYTES.
 */
uint32_t rs_wire_render_tcp_header(const struct wire_host *host, const struct tcp_tx *tx,
	uint8_t *frame, uint32_t flags, uint64_t payload_sum);

/* The whole frame. Returns its length: what the headers need and tx->len. */
uint32_t rs_wire_render_tcp(
	const struct wire_host *host, const struct tcp_tx *tx, uint8_t *frame, uint32_t flags);

/* Ethernet (and VLAN) header of an answer that goes to link. Returns its length. */
uint32_t rs_wire_render_eth(
	const struct wire_host *host, uint64_t link, uint16_t ethertype, uint8_t *frame);

/* What an IP header says. */
struct wire_ip {
	const uint8_t *src, *dst; /* 16 bytes, as in struct pkt */
	uint32_t l4_len;          /* of what follows it */
	uint8_t family;
	uint8_t proto;
	uint8_t hop_limit;
	uint8_t traffic_class;
	uint32_t flow_label; /* IPv6 */
	bool no_csum;        /* IPv4: leave the checksum 0 */
	bool may_cut;        /* IPv4: DF is not set, and routers may cut the packet … */
	uint16_t id;         /* … of this identification; else it has none (RFC 6864) */
};

/* A 20-byte IPv4 header or a 40-byte IPv6 header. Returns its length. */
uint32_t rs_wire_render_ip(const struct wire_ip *ip, uint8_t *out);

#endif
