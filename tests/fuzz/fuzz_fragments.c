/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fragments of any bytes, one after the other: time to wait, two bytes of length, an IP packet, and
 * so on. What comes whole is what one of them, of the same addresses, has said at each place, and
 * its length and header are right.
 */
#include <stdlib.h>
#include <string.h>

#include "../unit/rig_check.h"
#include "base/bytes.h"
#include "wire/icmp.h"
#include "wire/pkt.h"
#include "wire/reassembly.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_FRAGMENTS 64
#define RECORD_HEAD   3

struct fragment {
	uint8_t *frame; /* of its exact length */
	uint32_t len;
	struct pkt pkt;
};

struct seen {
	struct fragment fragments[MAX_FRAGMENTS];
	uint32_t n;
};

static void make_host(struct wire_host *host)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 2};
	static const struct wire_addr addrs[2] = {
		{.addr = {[10] = 0xff, [11] = 0xff, 10, 99, 0, 2}, .prefix_len = 24, .family = 4},
		{.addr = {0xfd, 0x99, [15] = 2}, .prefix_len = 64, .family = 6},
	};

	rs_wire_host_init(host, mac, 0, 0, addrs, 2);
}

static void frame_of(struct fragment *f, const uint8_t *ip, uint32_t len)
{
	static const uint8_t ends[12] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};

	f->len = ETH_HEADER_BYTES + len;
	f->frame = malloc(f->len);
	memcpy(f->frame, ends, sizeof(ends));
	rs_store_be16(f->frame + 12, len && ip[0] >> 4 == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4);
	memcpy(f->frame + ETH_HEADER_BYTES, ip, len);
}

/* RFC 791 and RFC 8200: where its bytes belong, and which. */
static uint32_t offset_of(const struct fragment *f, const uint8_t **bytes, uint32_t *len)
{
	bool v4 = f->pkt.family == 4;

	*bytes = f->pkt.l4 + (v4 ? 0 : 8);
	*len = f->pkt.l4_len - (v4 ? 0 : 8);
	return v4 ? (rs_load_be16(f->pkt.l3 + 6) & 0x1fffu) * 8
		  : rs_load_be16(f->pkt.l4 + 2) & 0xfff8u;
}

static bool has_said(const struct fragment *f, const struct pkt *whole, uint32_t at, uint8_t byte)
{
	const uint8_t *bytes;
	uint32_t len, offset = offset_of(f, &bytes, &len);

	return f->pkt.family == whole->family && !memcmp(f->pkt.src, whole->src, 16) &&
	       !memcmp(f->pkt.dst, whole->dst, 16) && at >= offset && at - offset < len &&
	       bytes[at - offset] == byte;
}

/* Behind the headers that stand before a fragment header, there is what fragments have said. */
static void check_whole(const struct wire_host *host, const struct seen *s, struct span frame)
{
	struct pkt pkt;
	uint32_t drop = rs_wire_parse(host, frame.data, frame.len, 0, &pkt);
	const uint8_t *end = frame.data + frame.len;
	uint32_t head = 0;

	RIG_CHECK(drop != WIRE_IP_CSUM && drop != WIRE_SHORT_FRAME && drop != WIRE_IP_VERSION);
	RIG_CHECK(pkt.family == 4 ? rs_load_be16(frame.data + 16) == frame.len - ETH_HEADER_BYTES
				  : rs_load_be16(frame.data + 18) ==
					    frame.len - ETH_HEADER_BYTES - IPV6_HEADER_BYTES);
	/* The first fragment, last in the list where there are several, says how long they are. */
	for (uint32_t i = 0; i < s->n; i++) {
		const uint8_t *bytes;
		uint32_t len;

		if (!offset_of(&s->fragments[i], &bytes, &len) &&
			has_said(&s->fragments[i], &pkt, 0, bytes[0]))
			head = (uint32_t)(bytes - s->fragments[i].frame) -
			       (pkt.family == 4 ? 0 : 8);
		for (const uint8_t *p = frame.data + head; head && p < end; p++) {
			bool found = false;

			for (uint32_t k = 0; k < s->n && !found; k++)
				found = has_said(&s->fragments[k], &pkt,
					(uint32_t)(p - frame.data - head), *p);
			if (!found)
				head = 0;
		}
		if (head)
			return;
	}
	RIG_CHECK(false); /* nobody has said all of it */
}

static void check_late(const struct wire_host *host, struct reassembly *r, uint64_t now_us)
{
	for (uint32_t n = 0; rs_reassembly_is_late(r, now_us); n++) {
		struct reassembly_frame first = rs_reassembly_give_up(r, now_us);
		uint8_t out[WIRE_ANSWER_BYTES];
		struct pkt pkt;

		RIG_CHECK(n <= REASSEMBLY_PACKETS);
		if (!first.bytes.len)
			continue;
		RIG_CHECK(rs_wire_parse(host, first.bytes.data, first.bytes.len, WIRE_IP_CSUM_GOOD,
				  &pkt) == WIRE_IP_FRAGMENT);
		RIG_CHECK(rs_icmp_reassembly_late(host, &pkt, out) <= WIRE_ANSWER_BYTES);
	}
}

static void take(
	const struct wire_host *host, struct reassembly *r, struct seen *s, uint64_t now_us)
{
	struct fragment *f = &s->fragments[s->n];
	struct reassembly_frame whole;

	/* Checksums count as good, so that a mutation gets past them. */
	if (rs_wire_parse(host, f->frame, f->len, WIRE_IP_CSUM_GOOD, &f->pkt) != WIRE_IP_FRAGMENT) {
		free(f->frame);
		return;
	}
	s->n++;
	whole = rs_reassembly_take(r, f->frame, &f->pkt, now_us);
	if (whole.bytes.len)
		check_whole(host, s, whole.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reassembly *r = malloc(sizeof(*r));
	struct seen *s = calloc(1, sizeof(*s));
	struct wire_host host;
	uint64_t now_us = 1;

	make_host(&host);
	rs_reassembly_init(r);
	while (size > RECORD_HEAD && s->n < MAX_FRAGMENTS) {
		uint32_t len = rs_min_u32(rs_load_be16(data + 1), (uint32_t)size - RECORD_HEAD);

		now_us += data[0] * UINT64_C(1000000);
		check_late(&host, r, now_us);
		frame_of(&s->fragments[s->n], data + RECORD_HEAD, len);
		take(&host, r, s, now_us);
		data += RECORD_HEAD + len;
		size -= RECORD_HEAD + len;
	}
	for (uint32_t i = 0; i < s->n; i++)
		free(s->fragments[i].frame);
	free(s);
	free(r);
	return 0;
}
