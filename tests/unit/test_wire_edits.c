/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lib/wire makes of frames in which bytes were changed: hints about neighbours, options one
 * behind the other, errors of ICMP. What stands where is RFC 826's, 4861's, 792's and 8200's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "wire/neighbour.h"
#include "wire/icmp.h"
#include "wire/link.h"
#include "wire/pkt.h"
#include "wire/tcp_parse.h"

#include "wire_frames.h"
#include "wire_host.h"

enum {
	L3 = 14,    /* where it begins */
	L4_V4 = 34, /* behind a header without options */
	L4_V6 = 54, /* behind a header without extensions */
};

static const uint8_t third_mac[6] = {2, 0, 0, 0, 0, 3};
static const uint8_t group_mac[6] = {0x33, 0x33, 0, 0, 0, 3};

struct frame {
	struct wire_host host;
	uint32_t len;
	uint8_t bytes[1514];
	uint8_t *copy; /* of exactly that size: a sanitizer sees what is read beyond it */
	struct pkt pkt;
};

static void begin(struct frame *f, const uint8_t *bytes, size_t len)
{
	*f = (struct frame){.host = host_on(0), .len = (uint32_t)len};
	memcpy(f->bytes, bytes, len);
}

#define BEGIN(f, frame) begin(f, frame, sizeof(frame))

static void put(struct frame *f, uint32_t at, const void *bytes, uint32_t n)
{
	memcpy(f->bytes + at, bytes, n);
}

/* Makes room for n bytes in the middle, or at the end; they are zero. */
static void insert(struct frame *f, uint32_t at, uint32_t n)
{
	memmove(f->bytes + at + n, f->bytes + at, f->len - at);
	memset(f->bytes + at, 0, n);
	f->len += n;
}

/* RFC 1071 section 1, as it stands there. */
static uint16_t internet_sum(uint32_t sum, const uint8_t *bytes, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Lengths and sums are right again; the message of ICMP begins at l4. */
static void seal(struct frame *f, uint32_t l4)
{
	uint8_t *ip = f->bytes + L3;
	uint8_t *sum = f->bytes + l4 + 2;
	uint32_t n = f->len - l4;
	uint32_t pseudo = 0;

	memset(sum, 0, 2);
	if (ip[0] >> 4 == 4) {
		rs_store_be16(ip + 2, (uint16_t)(f->len - L3));
		memset(ip + 10, 0, 2);
		rs_store_be16(ip + 10, internet_sum(0, ip, l4 - L3));
	} else {
		rs_store_be16(ip + 4, (uint16_t)(f->len - L4_V6));
		pseudo = (uint16_t)~internet_sum(58 + n, ip + 8, 32);
	}
	rs_store_be16(sum, internet_sum(pseudo, f->bytes + l4, n));
}

static enum wire_drop parse(struct frame *f)
{
	free(f->copy);
	f->copy = malloc(f->len);
	memcpy(f->copy, f->bytes, f->len);
	return rs_wire_parse(&f->host, f->copy, f->len, 0, &f->pkt);
}

static void end(struct frame *f)
{
	free(f->copy);
}

/* ---- ARP ---- */

static bool arp_hint(struct frame *f, struct wire_neigh_hint *hint)
{
	memset(hint, 0xff, sizeof(*hint));
	assert_int_equal(parse(f), WIRE_OK);
	assert_int_equal(f->pkt.kind, WIRE_ARP);
	return rs_arp_hint(&f->host, &f->pkt, hint);
}

/* RFC 826: whoever sends says where he is. What answers us comes to us alone. */
static void arp_tells_of_its_sender(void **state)
{
	static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct wire_neigh_hint hint;
	struct frame f;

	(void)state;
	BEGIN(&f, arp_request);
	f.bytes[L3 + 7] = 2; /* a reply */
	put(&f, 0, our_mac, 6);
	put(&f, 6, third_mac, 6); /* a bridge may have sent the frame on */
	assert_true(arp_hint(&f, &hint));
	assert_memory_equal(hint.addr, peer_v4, 16);
	assert_int_equal(hint.link, rs_link_pack(peer_mac, 0, 0));
	assert_true(hint.solicited);
	assert_true(hint.override);
	assert_false(hint.claims_ours);
	put(&f, 0, broadcast, 6);
	assert_true(arp_hint(&f, &hint));
	assert_false(hint.solicited);
	put(&f, 0, our_mac, 6);
	f.bytes[L3 + 7] = 1; /* a question */
	assert_true(arp_hint(&f, &hint));
	assert_false(hint.solicited);
	end(&f);
}

static void arp_that_tells_nothing(void **state)
{
	struct wire_neigh_hint hint;
	struct frame f;

	(void)state;
	BEGIN(&f, arp_probe); /* RFC 5227 section 1.1: from 0.0.0.0 */
	assert_false(arp_hint(&f, &hint));
	end(&f);
	BEGIN(&f, arp_request);
	f.bytes[L3 + 14] = 0; /* 0.99.0.1 is not that */
	assert_true(arp_hint(&f, &hint));
	end(&f);
	BEGIN(&f, arp_request);
	put(&f, L3 + 8, group_mac, 6);
	assert_false(arp_hint(&f, &hint));
	end(&f);
}

/* RFC 5227 section 2.4: a conflict is our address at a hardware address that is not ours. */
static void our_own_arp_is_no_conflict(void **state)
{
	struct wire_neigh_hint hint;
	struct frame f;

	(void)state;
	BEGIN(&f, arp_conflict);
	for (uint32_t i = 0; i < 6; i++) {
		put(&f, L3 + 8, our_mac, 6);
		assert_true(arp_hint(&f, &hint));
		assert_false(hint.claims_ours);
		f.bytes[L3 + 8 + i] ^= 0x10;
		assert_true(arp_hint(&f, &hint));
		assert_true(hint.claims_ours);
	}
	end(&f);
}

/* ---- neighbour discovery ---- */

enum {
	ND_TARGET = L4_V6 + 8,
	ND_OPTION = L4_V6 + 24,
};

static bool nd_hint(struct frame *f, struct wire_neigh_hint *hint)
{
	memset(hint, 0xff, sizeof(*hint));
	seal(f, L4_V6);
	assert_int_equal(parse(f), WIRE_OK);
	assert_int_equal(f->pkt.kind, WIRE_ND);
	return rs_nd_hint(&f->host, &f->pkt, hint);
}

/* The peer's advertisement to us, with the option of RFC 4861 section 4.6.1. */
static void begin_advertisement(struct frame *f, uint8_t flags)
{
	static const uint8_t option[2] = {2, 1};

	BEGIN(f, na_bare);
	f->bytes[L4_V6 + 4] = flags;
	insert(f, f->len, 8);
	put(f, ND_OPTION, option, 2);
	put(f, ND_OPTION + 2, third_mac, 6);
}

/* RFC 4861 section 4.4: R, S, O. */
static void flags_of_an_advertisement(void **state)
{
	(void)state;
	for (uint32_t bits = 0; bits < 8; bits++) {
		struct wire_neigh_hint hint;
		struct frame f;

		begin_advertisement(&f, (uint8_t)(bits << 5));
		assert_true(nd_hint(&f, &hint));
		assert_memory_equal(hint.addr, peer_v6, 16);
		assert_int_equal(hint.link, rs_link_pack(third_mac, 0, 0));
		assert_int_equal(hint.solicited, bits >> 1 & 1);
		assert_int_equal(hint.override, bits & 1);
		assert_false(hint.claims_ours);
		end(&f);
	}
}

/* Section 7.2.3: what asks is no answer; the address it comes from is taken in the place of an
 * older one, whatever stands where an advertisement has its flags. */
static void a_solicitation_has_no_flags(void **state)
{
	struct wire_neigh_hint hint;
	struct frame f;

	(void)state;
	BEGIN(&f, ns);
	for (uint32_t flags = 0; flags <= 0xe0; flags += 0xe0) {
		f.bytes[L4_V6 + 4] = (uint8_t)flags;
		assert_true(nd_hint(&f, &hint));
		assert_memory_equal(hint.addr, peer_v6, 16);
		assert_int_equal(hint.link, rs_link_pack(peer_mac, 0, 0));
		assert_false(hint.solicited);
		assert_true(hint.override);
	}
	end(&f);
}

static void discovery_that_tells_nothing(void **state)
{
	struct wire_neigh_hint hint;
	struct frame f;

	(void)state;
	BEGIN(&f, ns_dad); /* section 7.2.3: nobody is there yet */
	assert_false(nd_hint(&f, &hint));
	end(&f);
	BEGIN(&f, ns); /* does not say where it is */
	f.len -= 8;
	assert_false(nd_hint(&f, &hint));
	end(&f);
	BEGIN(&f, ns); /* no unicast address is a group's */
	put(&f, ND_OPTION + 2, group_mac, 6);
	assert_false(nd_hint(&f, &hint));
	end(&f);
	begin_advertisement(&f, 0x60);
	put(&f, ND_OPTION + 2, group_mac, 6);
	assert_false(nd_hint(&f, &hint));
	end(&f);
}

/* Section 4.6: they may stand in any order; one of another type says nothing of an address. */
static void options_in_any_order(void **state)
{
	static const uint8_t nonce[2] = {14, 2}; /* RFC 3971 section 5.3.2, of 16 bytes */
	static const uint8_t source[2] = {1, 1};
	struct wire_neigh_hint hint;
	struct frame f;

	(void)state;
	begin_advertisement(&f, 0x60);
	insert(&f, ND_OPTION, 16);
	put(&f, ND_OPTION, nonce, 2);
	put(&f, ND_OPTION + 8, source, 2); /* the nonce's own bytes */
	assert_true(nd_hint(&f, &hint));
	assert_int_equal(hint.link, rs_link_pack(third_mac, 0, 0));
	end(&f);
	begin_advertisement(&f, 0x60);
	put(&f, ND_OPTION, source, 2); /* a solicitation's */
	assert_true(nd_hint(&f, &hint));
	assert_int_equal(hint.link, LINK_NONE);
	end(&f);
}

/* RFC 4861 section 7.2.6, as for ARP. */
static void our_own_advertisement_is_no_conflict(void **state)
{
	struct wire_neigh_hint hint;
	struct frame f;

	(void)state;
	for (uint32_t i = 0; i < 6; i++) {
		begin_advertisement(&f, 0x20);
		put(&f, ND_TARGET, our_v6, 16);
		put(&f, ND_OPTION + 2, our_mac, 6);
		assert_true(nd_hint(&f, &hint));
		assert_false(hint.claims_ours);
		f.bytes[ND_OPTION + 2 + i] ^= 0x10;
		assert_true(nd_hint(&f, &hint));
		assert_true(hint.claims_ours);
		end(&f);
	}
}

/* Sections 7.1.1 and 7.1.2. */
static void discovery_that_is_invalid(void **state)
{
	static const struct {
		uint32_t at;
		uint8_t byte;
	} edits[] = {
		{L3 + 7, 254},     /* the hop limit */
		{L4_V6 + 1, 1},    /* the code */
		{ND_TARGET, 0xff}, /* a group */
	};
	struct frame f;

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(edits); i++) {
		for (uint32_t is_advertisement = 0; is_advertisement < 2; is_advertisement++) {
			if (is_advertisement)
				begin_advertisement(&f, 0x60);
			else
				BEGIN(&f, ns);
			seal(&f, L4_V6);
			assert_int_equal(parse(&f), WIRE_OK);
			f.bytes[edits[i].at] = edits[i].byte;
			seal(&f, L4_V6);
			assert_int_equal(parse(&f), WIRE_ND_INVALID);
			end(&f);
		}
	}
	for (uint32_t n = 8; n < 24; n++) { /* too short to have a target */
		BEGIN(&f, ns);
		f.len = L4_V6 + n;
		seal(&f, L4_V6);
		assert_int_equal(parse(&f), WIRE_ND_INVALID);
		end(&f);
	}
}

/* Section 7.3.3: who is to confirm that he is still there is asked alone. */
static void a_neighbour_is_asked_alone(void **state)
{
	struct frame f;
	uint8_t out[WIRE_ANSWER_BYTES];
	uint64_t link = rs_link_pack(peer_mac, 0, 0);

	(void)state;
	BEGIN(&f, arp_request); /* for who we are */
	assert_int_equal(rs_nd_solicit(&f.host, our_v6, peer_v6, link, out), sizeof(ns_alone));
	assert_memory_equal(out, ns_alone, sizeof(ns_alone));
	assert_true(rs_arp_request(&f.host, our_v4, peer_v4, link, out) >= 42);
	assert_memory_equal(out, peer_mac, 6);
	assert_memory_equal(out + L3 + 24, peer_v4 + 12, 4);
}

/* ---- queries for groups ---- */

/* RFC 2710 section 3 and RFC 2711: the alert, wherever it stands among the options. */
static void the_alert_among_other_options(void **state)
{
	static const struct {
		uint8_t options[6];
		enum wire_kind kind;
	} cases[] = {
		{{5, 2, 0, 0, 1, 0}, WIRE_MLD},
		{{1, 0, 5, 2, 0, 0}, WIRE_MLD},        /* behind PadN of no bytes */
		{{0, 0, 5, 2, 0, 0}, WIRE_MLD},        /* behind Pad1, twice */
		{{0, 5, 2, 0, 0, 0}, WIRE_MLD},        /* between two of them */
		{{1, 4, 5, 2, 0, 0}, WIRE_IGNORED},    /* these are PadN's bytes */
		{{1, 1, 5, 1, 1, 5}, WIRE_IGNORED},    /* of PadN, twice */
		{{0x1e, 4, 5, 5, 5, 5}, WIRE_IGNORED}, /* one that is skipped */
	};
	struct frame f;

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		BEGIN(&f, mld_query);
		put(&f, L4_V6 + 2, cases[i].options, 6);
		seal(&f, L4_V6 + 8);
		assert_int_equal(parse(&f), WIRE_OK);
		assert_int_equal(f.pkt.kind, cases[i].kind);
		end(&f);
	}
}

/* Without a header of options nothing is one, whatever its bytes look like. */
static void a_query_is_no_alert_to_itself(void **state)
{
	struct frame f;

	(void)state;
	BEGIN(&f, mld_query_no_alert);
	for (uint32_t code = 0; code <= UINT16_MAX && f.bytes[L4_V6 + 2] != 5; code++) {
		rs_store_be16(f.bytes + L4_V6 + 4, (uint16_t)code);
		seal(&f, L4_V6);
	}
	assert_int_equal(f.bytes[L4_V6 + 2], 5); /* its sum begins like an alert */
	assert_int_equal(parse(&f), WIRE_OK);
	assert_int_equal(f.pkt.kind, WIRE_IGNORED);
	end(&f);
}

/* ---- options of IPv4 ---- */

/* RFC 1122 section 3.2.1.8: those that nobody knows are skipped; source routes, wherever they
 * stand, are not followed. */
static void each_option_of_ipv4_is_looked_at(void **state)
{
	static const struct {
		uint8_t options[8];
		enum wire_drop drop;
	} cases[] = {
		{{1, 1, 1, 1, 1, 1, 1, 1}, WIRE_OK},
		{{148, 4, 0, 0, 1, 1, 77, 2}, WIRE_OK},    /* Router Alert; one without a value */
		{{130, 3, 0, 138, 5, 131, 3, 4}, WIRE_OK}, /* what looks like one is a value */
		{{0, 131, 3, 4, 0, 0, 0, 0}, WIRE_OK},     /* behind the end */
		{{131, 3, 4, 0, 0, 0, 0, 0}, WIRE_IP_SOURCE_ROUTE},
		{{7, 3, 4, 131, 3, 4, 0, 0}, WIRE_IP_SOURCE_ROUTE},
		{{1, 77, 2, 77, 2, 137, 3, 4}, WIRE_IP_SOURCE_ROUTE},
		{{1, 1, 1, 1, 1, 1, 1, 77}, WIRE_IP_OPTION}, /* has no length */
		{{1, 1, 1, 1, 1, 1, 77, 3}, WIRE_IP_OPTION}, /* ends beyond the header */
		{{77, 1, 1, 1, 1, 1, 1, 1}, WIRE_IP_OPTION}, /* shorter than itself */
		{{77, 0, 1, 1, 1, 1, 1, 1}, WIRE_IP_OPTION},
	};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		struct frame f;

		BEGIN(&f, udp);
		insert(&f, L4_V4, 8);
		put(&f, L4_V4, cases[i].options, 8);
		f.bytes[L3] = 0x47;
		seal(&f, L4_V4 + 8);
		assert_int_equal(parse(&f), cases[i].drop);
		end(&f);
	}
}

/* ---- options of TCP ---- */

/* RFC 7323 and 2018: a segment with timestamps may have blocks as well, in any order. Options that
 * belong to a SYN say nothing elsewhere (RFC 9293 section 3.2, RFC 7323 section 2.1, RFC 2018
 * section 2); neither does one of a wrong length. */
static void options_of_a_segment(void **state)
{
	static const struct {
		uint8_t options[20];
		uint8_t flags;
		uint32_t opts, n_sack;
	} cases[] = {
		{{8, 10, 0, 0, 0, 7, 0, 0, 0, 8, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2}, TCP_ACK,
			TCP_OPT_TS | TCP_OPT_SACK, 1},
		{{5, 10, 0, 0, 0, 1, 0, 0, 0, 2, 8, 10, 0, 0, 0, 7, 0, 0, 0, 8}, TCP_ACK,
			TCP_OPT_TS | TCP_OPT_SACK, 1},
		{{1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4}, TCP_ACK,
			TCP_OPT_SACK, 2},
		{{5, 9, 0, 0, 0, 1, 0, 0, 0, 5, 11, 0, 0, 0, 1, 0, 0, 0, 2, 0}, TCP_ACK, 0, 0},
		{{5, 2, 8, 9, 0, 0, 0, 7, 0, 0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0}, TCP_ACK, 0, 0},
		{{8, 11, 0, 0, 0, 7, 0, 0, 0, 8, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1}, TCP_ACK, 0, 0},
		{{2, 4, 5, 180, 3, 3, 7, 4, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, TCP_ACK, 0, 0},
		{{2, 4, 5, 180, 3, 3, 7, 4, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, TCP_SYN,
			TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_OK, 0},
		{{2, 3, 5, 3, 4, 7, 7, 4, 3, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}, TCP_SYN, 0, 0},
	};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		struct tcp_seg seg;
		struct frame f;

		BEGIN(&f, sack_v4); /* its options have 20 bytes */
		put(&f, L4_V4 + 20, cases[i].options, 20);
		f.bytes[L4_V4 + 13] = cases[i].flags;
		f.copy = malloc(f.len);
		memcpy(f.copy, f.bytes, f.len);
		assert_int_equal(
			rs_wire_parse(&f.host, f.copy, f.len, WIRE_L4_CSUM_GOOD, &f.pkt), WIRE_OK);
		assert_int_equal(rs_wire_parse_tcp(&f.pkt, &seg), WIRE_OK);
		assert_int_equal(seg.opts, cases[i].opts);
		if (seg.opts & TCP_OPT_TS) {
			assert_int_equal(seg.ts_val, 7);
			assert_int_equal(seg.ts_ecr, 8);
		}
		if (!(seg.opts & TCP_OPT_SACK)) {
			end(&f);
			continue;
		}
		assert_int_equal(seg.n_sack, cases[i].n_sack);
		for (uint32_t k = 0; k < seg.n_sack; k++) {
			assert_int_equal(seg.sack[k].start, 2 * k + 1);
			assert_int_equal(seg.sack[k].end, 2 * k + 2);
		}
		end(&f);
	}
}

/* ---- errors that we send ---- */

static void a_protocol_that_nobody_speaks(void **state)
{
	uint8_t out[WIRE_ANSWER_BYTES];
	struct frame f;

	(void)state;
	BEGIN(&f, sctp);
	assert_int_equal(parse(&f), WIRE_OK);
	assert_int_equal(rs_icmp_unreachable(&f.host, &f.pkt, out), sizeof(sctp_unreachable));
	assert_memory_equal(out, sctp_unreachable, sizeof(sctp_unreachable));
	end(&f);
}

/* RFC 1122 section 3.2.2.1: each of them, 59 too. Over IPv6 that says that nothing follows (RFC
 * 8200 section 4.7). */
static void protocol_59(void **state)
{
	uint8_t out[WIRE_ANSWER_BYTES];
	struct frame f;

	(void)state;
	BEGIN(&f, udp);
	f.bytes[L3 + 9] = 59;
	rs_store_be16(f.bytes + L3 + 10, 0);
	rs_store_be16(f.bytes + L3 + 10, internet_sum(0, f.bytes + L3, L4_V4 - L3));
	assert_int_equal(parse(&f), WIRE_OK);
	assert_int_equal(f.pkt.kind, WIRE_OTHER_L4);
	assert_int_not_equal(rs_icmp_unreachable(&f.host, &f.pkt, out), 0);
	assert_int_equal(out[L4_V4 + 1], 2);
	end(&f);
	BEGIN(&f, udp6);
	f.bytes[L3 + 6] = 59;
	assert_int_equal(parse(&f), WIRE_OK);
	assert_int_equal(f.pkt.kind, WIRE_IGNORED);
	end(&f);
}

/* RFC 1812 section 4.3.2.3: no more than 576 bytes; RFC 4443 section 2.4 (c): than 1280. */
static void errors_quote_as_much_as_fits(void **state)
{
	static const struct {
		const uint8_t *bytes;
		size_t len;
		uint32_t l4, header, most;
	} cases[] = {
		{udp, sizeof(udp), L4_V4, 20, 576},
		{udp6, sizeof(udp6), L4_V6, 40, 1280},
	};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		uint32_t around = cases[i].header + 8;

		for (uint32_t l3 = cases[i].most - around - 1; l3 <= cases[i].most - around + 1;
			l3++) {
			uint32_t quoted = rs_min_u32(l3, cases[i].most - around);
			uint8_t *out = malloc(WIRE_ANSWER_BYTES);
			struct frame f;

			begin(&f, cases[i].bytes, cases[i].len);
			insert(&f, f.len, L3 + l3 - f.len);
			seal(&f, cases[i].l4); /* for the IP header: the datagram stays as it is */
			put(&f, cases[i].l4 + 2, cases[i].bytes + cases[i].l4 + 2, 2);
			assert_int_equal(parse(&f), WIRE_OK);
			assert_int_equal(f.pkt.kind, WIRE_UDP);
			assert_int_equal(
				rs_icmp_unreachable(&f.host, &f.pkt, out), L3 + around + quoted);
			assert_memory_equal(out + L3 + around, f.copy + L3, quoted);
			free(out);
			end(&f);
		}
	}
}

/* RFC 768; RFC 1122 section 4.1.3.4: what is damaged is dropped in silence. RFC 8200 section 8.1.
 */
static void damaged_datagrams_are_not_answered(void **state)
{
	static const struct {
		uint32_t at; /* in the datagram of 16 bytes */
		uint8_t bytes[2];
		bool is_told_v4, is_told_v6;
	} cases[] = {
		{8, {'d', 'a'}, true, true},   /* as it was */
		{8, {'d', 'b'}, false, false}, /* its sum is wrong */
		{2, {0, 8}, false, false},     /* to another port */
		{6, {0, 0}, true, false},      /* it has no sum */
		{4, {0, 17}, false, false},    /* it is longer than the packet */
		{4, {0, 7}, false, false},     /* shorter than its header */
		{4, {0xff, 0xff}, false, false},
	};
	uint8_t out[WIRE_ANSWER_BYTES];

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		struct frame f;

		BEGIN(&f, udp);
		put(&f, L4_V4 + cases[i].at, cases[i].bytes, 2);
		assert_int_equal(parse(&f), WIRE_OK);
		assert_int_equal(
			rs_icmp_unreachable(&f.host, &f.pkt, out) != 0, cases[i].is_told_v4);
		end(&f);
		BEGIN(&f, udp6);
		put(&f, L4_V6 + cases[i].at, cases[i].bytes, 2);
		assert_int_equal(parse(&f), WIRE_OK);
		assert_int_equal(
			rs_icmp_unreachable(&f.host, &f.pkt, out) != 0, cases[i].is_told_v6);
		end(&f);
	}
}

/* The port has looked at the sum; without all of a header there is none. */
static void datagrams_that_the_port_has_summed(void **state)
{
	static const uint8_t wrong[2] = {'d', 'b'};
	uint8_t out[WIRE_ANSWER_BYTES];
	struct frame f;

	(void)state;
	BEGIN(&f, udp);
	put(&f, L4_V4 + 8, wrong, 2);
	f.copy = malloc(f.len);
	memcpy(f.copy, f.bytes, f.len);
	assert_int_equal(rs_wire_parse(&f.host, f.copy, f.len, WIRE_L4_CSUM_GOOD, &f.pkt), WIRE_OK);
	assert_int_not_equal(rs_icmp_unreachable(&f.host, &f.pkt, out), 0);
	f.pkt.l4_len = 7;
	assert_int_equal(rs_icmp_unreachable(&f.host, &f.pkt, out), 0);
	end(&f);
}

/* RFC 8200 section 4.2: options are looked at from left to right; the first that is not to be
 * skipped says what becomes of the packet. */
static void the_first_refused_option_decides(void **state)
{
	static const struct {
		uint8_t options[6];
		uint32_t at; /* what the answer points to, in the packet; 0: there is none */
	} cases[] = {
		{{0x5e, 0, 0x80, 0, 0, 0}, 0}, {{0x80, 0, 0x5e, 0, 0, 0}, 42},
		{{0x1e, 0, 0, 0xc2, 1, 0}, 45},
		{{1, 2, 0x5e, 0, 0x80, 0}, 46}, /* of no bytes, at the very end */
		{{1, 2, 0x80, 0, 0x5e, 0}, 0}, {{1, 3, 0, 0, 0, 0x80}, 0}, /* which has no length */
	};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		uint8_t *out = malloc(WIRE_ANSWER_BYTES);
		struct frame f;

		BEGIN(&f, option_5e_v6);
		put(&f, L4_V6 + 2, cases[i].options, 6);
		assert_int_equal(parse(&f), WIRE_IP_OPTION);
		assert_int_equal(
			rs_icmp_problem(&f.host, &f.pkt, out), cases[i].at ? f.len + 48 : 0);
		if (cases[i].at) {
			assert_int_equal(rs_load_be16(out + L4_V6), 0x0402);
			assert_int_equal(rs_load_be32(out + L4_V6 + 4), cases[i].at);
		}
		free(out);
		end(&f);
	}
}

/* ---- errors that we get ---- */

/* RFC 792 quotes eight bytes, which are ports and a sequence number; with fewer it says nothing. */
static void too_big_has_to_quote_enough(void **state)
{
	static const uint8_t router[4] = {10, 99, 0, 9};
	struct icmp_too_big e;
	struct frame f;

	(void)state;
	for (uint32_t n_options = 0; n_options <= 40; n_options += 4) {
		uint32_t quote = L4_V4 + 8;

		BEGIN(&f, too_big);
		put(&f, L3 + 12, router, 4);
		insert(&f, quote + 20, n_options);
		f.bytes[quote] = (uint8_t)(0x45 + n_options / 4);
		for (uint32_t n_l4 = 0; n_l4 <= 12; n_l4++) {
			f.len = quote + 20 + n_options + n_l4;
			seal(&f, L4_V4);
			assert_int_equal(parse(&f), WIRE_OK);
			memset(&e, 0xff, sizeof(e));
			assert_int_equal(rs_icmp_parse_too_big(&f.host, &f.pkt, &e), n_l4 >= 8);
		}
		assert_int_equal(e.family, 4);
		assert_memory_equal(e.local, our_v4, 16);
		assert_memory_equal(e.remote, peer_v4, 16);
		assert_int_equal(e.local_port, 80);
		assert_int_equal(e.remote_port, 1000);
		assert_int_equal(e.seq, 0x12345678);
		end(&f);
	}
	for (uint32_t n = 0; n <= 52; n++) {
		BEGIN(&f, too_big6);
		f.len = L4_V6 + 8 + n;
		seal(&f, L4_V6);
		assert_int_equal(parse(&f), WIRE_OK);
		memset(&e, 0xff, sizeof(e));
		assert_int_equal(rs_icmp_parse_too_big(&f.host, &f.pkt, &e), n >= 48);
		end(&f);
	}
	assert_int_equal(e.family, 6);
	assert_memory_equal(e.local, our_v6, 16);
	assert_memory_equal(e.remote, peer_v6, 16);
	assert_int_equal(e.local_port, 80);
	assert_int_equal(e.remote_port, 1000);
	assert_int_equal(e.seq, 0x12345678);
}

/* A header shorter than the shortest; another protocol; a connection that is not ours. */
static void too_big_of_something_else(void **state)
{
	static const struct {
		uint32_t at;
		uint8_t byte;
	} edits[] = {
		{L4_V4, 11},         /* the type */
		{L4_V4 + 1, 3},      /* the code */
		{L4_V4 + 8, 0x44},   /* the quoted header's length */
		{L4_V4 + 17, 17},    /* its protocol */
		{L4_V4 + 8 + 15, 3}, /* its source */
	};
	struct icmp_too_big e;
	struct frame f;

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(edits); i++) {
		BEGIN(&f, too_big);
		f.bytes[edits[i].at] = edits[i].byte;
		seal(&f, L4_V4);
		assert_int_equal(parse(&f), WIRE_OK);
		assert_false(rs_icmp_parse_too_big(&f.host, &f.pkt, &e));
		end(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arp_tells_of_its_sender),
		cmocka_unit_test(arp_that_tells_nothing),
		cmocka_unit_test(our_own_arp_is_no_conflict),
		cmocka_unit_test(flags_of_an_advertisement),
		cmocka_unit_test(a_solicitation_has_no_flags),
		cmocka_unit_test(discovery_that_tells_nothing),
		cmocka_unit_test(options_in_any_order),
		cmocka_unit_test(our_own_advertisement_is_no_conflict),
		cmocka_unit_test(discovery_that_is_invalid),
		cmocka_unit_test(a_neighbour_is_asked_alone),
		cmocka_unit_test(the_alert_among_other_options),
		cmocka_unit_test(a_query_is_no_alert_to_itself),
		cmocka_unit_test(each_option_of_ipv4_is_looked_at),
		cmocka_unit_test(options_of_a_segment),
		cmocka_unit_test(a_protocol_that_nobody_speaks),
		cmocka_unit_test(protocol_59),
		cmocka_unit_test(errors_quote_as_much_as_fits),
		cmocka_unit_test(damaged_datagrams_are_not_answered),
		cmocka_unit_test(datagrams_that_the_port_has_summed),
		cmocka_unit_test(the_first_refused_option_decides),
		cmocka_unit_test(too_big_has_to_quote_enough),
		cmocka_unit_test(too_big_of_something_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
