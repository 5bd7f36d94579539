/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames of the load generator: TCP over IPv4 or IPv6 between addresses that are known beforehand.
 * Client address and port together are the tuple, a number that counts up; all else is the same in
 * every frame and stands in a template. Includes wire and base.
 */
#ifndef RS_LOAD_FRAME_H
#define RS_LOAD_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "divisor.h"
#include "wire/pkt.h"
#include "wire/seg.h"
#include "workload.h"

#define FRAME_MAX_HEADER (14 + 40 + 20 + 20)
#define FRAME_WND_SCALE  2 /* we offer 256 KiB */

/* A segment received. */
struct load_seg {
	uint32_t tuple;
	uint32_t seq;
	uint32_t ack;
	uint32_t len;
	const uint8_t *data;
	uint32_t ts_val;   /* 0 without timestamps */
	uint16_t mss;      /* of a SYN; 0: none said */
	uint16_t wnd;      /* as it stands there */
	uint8_t wnd_scale; /* of a SYN */
	uint8_t flags;
};

/*
 * A segment to send: len bytes, either from byte skip on of the requests from number first on, or
 * those at data.
 */
struct load_out {
	uint32_t tuple;
	uint32_t seq;
	uint32_t ack;
	uint32_t ts_val, ts_ecr; /* of the timestamps */
	union {
		struct {
			uint32_t first, skip;
		};
		const uint8_t *data;
	};
	uint16_t len;
	uint8_t flags;
	bool has_data;
};

struct load_net {
	uint8_t mac[6];
	uint8_t family;
	bool timestamps;
	uint16_t mss;
	uint16_t first_port;
	struct divisor ports; /* how many each client has */
	uint32_t n_clients;
	uint32_t first_client; /* the last four bytes of the first one's address */
	uint32_t l4_at;        /* where TCP begins in a frame */
	uint16_t server_port;
	uint8_t client[16], server[16];   /* as in the IP header, 4 or 16 bytes */
	uint8_t header[FRAME_MAX_HEADER]; /* Ethernet, IP, and TCP's ports */
	uint64_t ip_sum;  /* IPv4: header checksum without the client and the length */
	uint64_t tcp_sum; /* pseudo-header without the client's last four bytes and the length */
};

/* server_mac: from rs_load_frame_…; mtu as on the port. */
void rs_load_net_init(struct load_net *n, const struct load_options *o, const uint8_t mac[6],
	const uint8_t server_mac[6], uint16_t mtu);

enum load_frame {
	FRAME_TCP,      /* *seg is filled in */
	FRAME_OTHER,    /* not of the target, or no TCP: for the slow path */
	FRAME_STRANGER, /* the target's TCP for somebody else, as its answers to a flood */
	FRAME_BAD_CSUM,
};

/* What a received frame is. */
enum load_frame rs_load_frame_parse(
	const struct load_net *n, const uint8_t *frame, uint32_t len, struct load_seg *seg);

/* Writes out to frame, which has room for an MTU and LOAD_BLOCK more. Returns its length. */
uint32_t rs_load_frame_render(
	const struct load_net *n, struct workload *w, const struct load_out *out, uint8_t *frame);

/* A SYN from any address and port. Returns its length. */
uint32_t rs_load_frame_flood(const struct load_net *n, const uint8_t source[16], uint16_t port,
	uint32_t seq, uint8_t *frame);

#endif
