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
 * identification 0 (RFC 6864), unless routers may cut tx. Returns how long they are, at most
 * WIRE_MAX_HEADER_BYTES.
 */
uint32_t rs_wire_render_tcp_header(const struct wire_host *host, const struct tcp_tx *tx,
	uint8_t *frame, uint32_t flags, uint64_t payload_sum);

/* The whole frame. Returns its length: what the headers need and tx->len. */
uint32_t rs_wire_render_tcp(
	const struct wire_host *host, const struct tcp_tx *tx, uint8_t *frame, uint32_t flags);

/* Ethernet (and VLAN) header of an answer that goes to link. Returns its length. */
uint32_t rs_wire_render_eth(
	const struct wire_host *host, uint64_t link, uint16_t ethertype, uint8_t *frame);

/* A 20-byte IPv4 header or a 40-byte IPv6 header. l4_len: what follows it. Returns its length. */
uint32_t rs_wire_render_ip(uint8_t family, const uint8_t src[16], const uint8_t dst[16],
	uint8_t proto, uint32_t l4_len, uint8_t hop_limit, bool csum, uint8_t *ip);

#endif
