/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fragments in, packets out (RFC 791, RFC 8200 section 4.5, RFC 5722, RFC 3168 section 5.3), and
 * packets cut into fragments. Each fragment stands in a heap block of its exact length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "wire/cut.h"
#include "wire/link.h"
#include "wire/pkt.h"
#include "wire/reassembly.h"
#include "wire/render.h"

#include "wire_host.h"

enum {
	UDP = 17,
	ROOM = 66000,
	HOP_BY_HOP = 8, /* bytes of such a header, where there is one */
};

/* What a fragment is made of. */
struct piece {
	uint32_t offset, len;
	bool more;
	uint32_t id;
	uint8_t ecn;
	uint8_t proto;       /* 0: UDP */
	uint8_t source;      /* the last byte of its address; 0: 1 */
	uint8_t text;        /* 0: what belongs there; else all bytes are this */
	uint32_t extensions; /* IPv6: bytes of hop-by-hop options before the fragment header; IPv4:
				of options */
};

struct rig {
	struct reassembly *table;
	struct wire_host host;
	uint8_t family;
	uint64_t now_us;
	uint8_t *last; /* the fragment put last, whose frame the table may not point to */
	uint32_t last_len;
};

static void rig_init(struct rig *r, uint8_t family)
{
	*r = (struct rig){.host = host_on(0), .family = family, .now_us = 1000};
	r->table = malloc(sizeof(*r->table));
	memset(r->table, 0xa5, sizeof(*r->table)); /* nobody relies on zeros */
	rs_reassembly_init(r->table);
}

static void rig_fini(struct rig *r)
{
	free(r->table);
	free(r->last);
}

/* The payload of all packets. */
static uint8_t text_at(uint32_t i)
{
	return (uint8_t)(i * 7 + i / 251);
}

static uint32_t put_eth(uint8_t *out, uint8_t family)
{
	memcpy(out, our_mac, 6);
	memcpy(out + 6, peer_mac, 6);
	rs_store_be16(out + 12, family == 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);
	return ETH_HEADER_BYTES;
}

static uint32_t put_ipv4(uint8_t *ip, const struct piece *p)
{
	uint32_t header = IPV4_HEADER_BYTES + p->extensions;
	uint16_t csum;

	memset(ip, 0, header);
	ip[0] = (uint8_t)(0x40 | header / 4);
	ip[1] = p->ecn;
	rs_store_be16(ip + 2, (uint16_t)(header + p->len));
	rs_store_be16(ip + 4, (uint16_t)p->id);
	rs_store_be16(ip + 6, (uint16_t)((p->more ? 0x2000 : 0) | p->offset / 8));
	ip[8] = 64;
	ip[9] = p->proto ? p->proto : UDP;
	memcpy(ip + 12, peer_v4 + 12, 4);
	ip[15] = p->source ? p->source : 1;
	memcpy(ip + 16, our_v4 + 12, 4);
	memset(ip + IPV4_HEADER_BYTES, 1, p->extensions); /* options of no operation */
	csum = rs_csum_finish(rs_csum_add(0, ip, header));
	memcpy(ip + 10, &csum, 2);
	return header;
}

static uint32_t put_ipv6(uint8_t *ip, const struct piece *p)
{
	uint8_t *fragment = ip + IPV6_HEADER_BYTES + p->extensions;

	memset(ip, 0, IPV6_HEADER_BYTES);
	rs_store_be32(ip, 0x60000000u | (uint32_t)p->ecn << 20);
	rs_store_be16(ip + 4, (uint16_t)(p->extensions + 8 + p->len));
	ip[6] = p->extensions ? 0 : 44;
	ip[7] = 64;
	memcpy(ip + 8, peer_v6, 16);
	ip[23] = p->source ? p->source : 1;
	memcpy(ip + 24, our_v6, 16);
	if (p->extensions) {
		memset(ip + IPV6_HEADER_BYTES, 0, p->extensions); /* Pad1 */
		ip[IPV6_HEADER_BYTES] = 44;
		ip[IPV6_HEADER_BYTES + 1] = (uint8_t)(p->extensions / 8 - 1);
	}
	fragment[0] = p->proto ? p->proto : UDP;
	fragment[1] = 0;
	rs_store_be16(fragment + 2, (uint16_t)(p->offset | p->more));
	rs_store_be32(fragment + 4, p->id);
	return IPV6_HEADER_BYTES + p->extensions + 8;
}

static struct reassembly_frame put(struct rig *r, struct piece p)
{
	uint8_t *frame = malloc(200 + p.len);
	uint32_t n = put_eth(frame, r->family);
	struct pkt pkt;

	n += r->family == 4 ? put_ipv4(frame + n, &p) : put_ipv6(frame + n, &p);
	for (uint32_t i = 0; i < p.len; i++)
		frame[n + i] = p.text ? p.text : text_at(p.offset + i);
	free(r->last);
	r->last = malloc(r->last_len = n + p.len);
	memcpy(r->last, frame, r->last_len);
	free(frame);
	assert_int_equal(rs_wire_parse(&r->host, r->last, r->last_len, 0, &pkt), WIRE_IP_FRAGMENT);
	return rs_reassembly_take(r->table, r->last, &pkt, r->now_us);
}

static void is_nothing(struct reassembly_frame f)
{
	assert_int_equal(f.bytes.len, 0);
}

/* The packet as if it had never been cut: its payload, and what parsing says of its headers. */
static void is_whole(struct rig *r, struct reassembly_frame f, uint32_t len, uint8_t ecn)
{
	uint8_t *copy = malloc(f.bytes.len);
	struct pkt pkt;

	assert_int_not_equal(f.bytes.len, 0);
	memcpy(copy, f.bytes.data, f.bytes.len);
	assert_int_equal(rs_wire_parse(&r->host, copy, f.bytes.len, 0, &pkt), WIRE_OK);
	assert_int_equal(pkt.kind, WIRE_UDP);
	assert_int_equal(pkt.l4_len, len);
	assert_ptr_equal(pkt.l4 + len, copy + f.bytes.len);
	for (uint32_t i = 0; i < len; i++)
		assert_int_equal(pkt.l4[i], text_at(i));
	assert_int_equal(r->family == 4 ? copy[15] & 3 : copy[15] >> 4 & 3, ecn);
	assert_int_equal(f.link, rs_link_pack(peer_mac, 0, 0));
	free(copy);
}

#define COUNTED(r, name) ((r)->table->counters[REASSEMBLY_C_##name])

/* ---- */

static const uint8_t families[] = {4, 6};

#define FOR_EACH_FAMILY(f) for (uint8_t f = 4; f <= 6; f = (uint8_t)(f + 2))

static void in_every_order(void **state)
{
	static const uint8_t orders[6][3] = {
		{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	static const struct piece pieces[3] = {
		{.offset = 0, .len = 1232, .more = true, .id = 9},
		{.offset = 1232, .len = 8, .more = true, .id = 9},
		{.offset = 1240, .len = 13, .id = 9},
	};

	(void)state;
	FOR_EACH_FAMILY(family)
	{
		struct rig r;

		rig_init(&r, family);
		for (uint32_t i = 0; i < 6; i++) {
			is_nothing(put(&r, pieces[orders[i][0]]));
			is_nothing(put(&r, pieces[orders[i][1]]));
			is_whole(&r, put(&r, pieces[orders[i][2]]), 1253, 0);
		}
		assert_int_equal(COUNTED(&r, WHOLE), 6);
		assert_int_equal(r.table->used, 0);
		rig_fini(&r);
	}
}

/* RFC 791: the longest packet there is, in its smallest fragments, from the end on. */
static void the_longest(void **state)
{
	const uint32_t most = 65535 - IPV4_HEADER_BYTES;
	struct rig r;

	(void)state;
	rig_init(&r, 4);
	for (uint32_t at = most / 8 * 8; at; at -= 8)
		is_nothing(put(&r, (struct piece){.offset = at,
					   .len = rs_min_u32(8, most - at),
					   .more = at + 8 < most,
					   .id = 1}));
	is_whole(&r, put(&r, (struct piece){.len = 8, .more = true, .id = 1}), most, 0);
	rig_fini(&r);
	rig_init(&r, 6); /* RFC 8200: the length field does not count IPv6's own header */
	for (uint32_t at = 65528; at; at -= 8)
		is_nothing(put(&r, (struct piece){.offset = at,
					   .len = rs_min_u32(8, 65535 - at),
					   .more = at < 65528,
					   .id = 1}));
	is_whole(&r, put(&r, (struct piece){.len = 8, .more = true, .id = 1}), 65535, 0);
	rig_fini(&r);
}

/* The headers before the fragment header stay, and point to what it pointed to. */
static void headers_before_it(void **state)
{
	FOR_EACH_FAMILY(family)
	{
		struct rig r;

		(void)state;
		rig_init(&r, family);
		is_nothing(put(
			&r, (struct piece){
				    .len = 16, .more = true, .id = 3, .extensions = HOP_BY_HOP}));
		/* Those of the other fragments are not looked at (RFC 8200 section 4.5). */
		is_whole(&r, put(&r, (struct piece){.offset = 16, .len = 1, .id = 3}), 17, 0);
		is_nothing(put(&r, (struct piece){.offset = 16,
					   .len = 1,
					   .id = 3,
					   .extensions = 2 * HOP_BY_HOP,
					   .proto = family == 6 ? 6 : 0}));
		is_whole(&r, put(&r, (struct piece){.len = 16, .more = true, .id = 3}), 17, 0);
		rig_fini(&r);
	}
}

static void too_many_headers(void **state)
{
	struct piece first = {.len = 16, .more = true, .id = 3, .extensions = 72};
	struct rig r;

	(void)state;
	rig_init(&r, 6); /* 14, 40, 72 and 8 bytes are more than 128 */
	is_nothing(put(&r, first));
	is_nothing(put(&r, (struct piece){.offset = 16, .len = 1, .id = 3}));
	assert_int_equal(COUNTED(&r, TOO_LONG), 1);
	first.extensions = 64;
	is_whole(&r, put(&r, first), 17, 0);
	rig_fini(&r);
}

/* With options it is longer than 65,535 bytes, though no fragment says so. */
static void longer_than_there_may_be(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 4);
	for (uint32_t at = 8; at < 65512; at += 8)
		is_nothing(put(&r, (struct piece){.offset = at, .len = 8, .more = true, .id = 1}));
	is_nothing(put(&r, (struct piece){.offset = 65512, .len = 3, .id = 1}));
	is_nothing(put(&r, (struct piece){.len = 8, .more = true, .id = 1, .extensions = 4}));
	assert_int_equal(COUNTED(&r, TOO_LONG), 1);
	assert_int_equal(r.table->used, 0);
	rig_fini(&r);
}

/* Addresses, identification, and over IPv4 the protocol tell packets apart. */
static void packets_are_not_mixed(void **state)
{
	FOR_EACH_FAMILY(family)
	{
		struct piece ends[] = {
			{.offset = 8, .len = 5, .id = 2},
			{.offset = 8, .len = 5, .id = 1, .source = 7},
			{.offset = 8, .len = 5, .id = 1, .proto = family == 4 ? 6 : 0},
		};
		struct rig r;

		(void)state;
		rig_init(&r, family);
		is_nothing(put(&r, (struct piece){.len = 8, .more = true, .id = 1}));
		is_nothing(put(&r, ends[0]));
		is_nothing(put(&r, ends[1]));
		if (family == 4)
			is_nothing(put(&r, ends[2]));
		is_whole(&r, put(&r, (struct piece){.offset = 8, .len = 5, .id = 1}), 13, 0);
		is_whole(&r, put(&r, (struct piece){.len = 8, .more = true, .id = 2}), 13, 0);
		rig_fini(&r);
	}
}

/* The network may double what it carries. */
static void duplicates_are_harmless(void **state)
{
	FOR_EACH_FAMILY(family)
	{
		struct piece first = {.len = 16, .more = true, .id = 1};
		struct piece last = {.offset = 24, .len = 3, .id = 1};
		struct rig r;

		(void)state;
		rig_init(&r, family);
		is_nothing(put(&r, first));
		is_nothing(put(&r, first));
		is_nothing(put(&r, last));
		is_nothing(put(&r, last));
		is_nothing(put(&r, first));
		assert_int_equal(COUNTED(&r, DUPLICATE), 3);
		is_whole(&r, put(&r, (struct piece){.offset = 16, .len = 8, .more = true, .id = 1}),
			27, 0);
		rig_fini(&r);
	}
}

/*
 * RFC 5722: all of such a packet is given up, together with what comes then; a later packet of the
 * same identification is not.
 */
static void contradictions(void **state)
{
	static const struct {
		const char *what;
		struct piece pieces[3];
	} cases[] = {
		{"overlaps the end of one",
			{{.len = 16, .more = true}, {.offset = 8, .len = 16, .more = true}}},
		{"overlaps the beginning", {{.offset = 16, .len = 16, .more = true},
						   {.offset = 8, .len = 16, .more = true}}},
		{"covers one and more",
			{{.offset = 8, .len = 8, .more = true}, {.len = 32, .more = true}}},
		{"the same place, other bytes",
			{{.len = 16, .more = true}, {.len = 16, .more = true, .text = 1}}},
		{"within one, other bytes",
			{{.len = 16, .more = true},
				{.offset = 8, .len = 8, .more = true, .text = 1}}},
		{"two ends", {{.offset = 16, .len = 8}, {.offset = 24, .len = 8}}},
		{"an end before what has come",
			{{.offset = 16, .len = 8, .more = true}, {.offset = 8, .len = 8}}},
		{"more behind the end",
			{{.offset = 16, .len = 8}, {.offset = 24, .len = 8, .more = true}}},
		{"the end is not the end",
			{{.offset = 16, .len = 8}, {.offset = 16, .len = 8, .more = true},
				{.offset = 24, .len = 8, .more = true}}},
		{"marked, and not able to be",
			{{.len = 8, .more = true, .ecn = 3},
				{.offset = 8, .len = 8, .more = true, .ecn = 0}}},
		{"not able to be, and marked",
			{{.len = 8, .more = true, .ecn = 0},
				{.offset = 8, .len = 8, .more = true, .ecn = 3}}},
	};

	(void)state;
	FOR_EACH_FAMILY(family)
	{
		for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
			struct rig r;

			rig_init(&r, family);
			for (uint32_t k = 0; k < 3 && cases[i].pieces[k].len; k++)
				is_nothing(put(&r, cases[i].pieces[k]));
			if (COUNTED(&r, CONTRADICTION) != 1)
				print_error("%s\n", cases[i].what);
			assert_int_equal(COUNTED(&r, CONTRADICTION), 1);
			is_nothing(put(&r, (struct piece){.len = 64, .more = true}));
			is_nothing(put(&r, (struct piece){.offset = 64, .len = 8}));
			assert_int_equal(COUNTED(&r, ABANDONED), 2);
			r.now_us += REASSEMBLY_ABANDON_US;
			assert_true(rs_reassembly_is_late(r.table, r.now_us));
			is_nothing(rs_reassembly_give_up(r.table, r.now_us)); /* no word about it */
			assert_int_equal(COUNTED(&r, LATE), 0);
			is_nothing(put(&r, (struct piece){.len = 64, .more = true}));
			is_whole(&r, put(&r, (struct piece){.offset = 64, .len = 8}), 72, 0);
			rig_fini(&r);
		}
	}
}

/* RFC 3168 section 5.3 */
static void marks_are_not_lost(void **state)
{
	FOR_EACH_FAMILY(family)
	{
		static const uint8_t cases[][3] = {
			{2, 3, 3}, {3, 2, 3}, {3, 3, 3}, {1, 3, 3}, {2, 2, 2}, {0, 0, 0}};

		(void)state;
		for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
			struct rig r;

			rig_init(&r, family);
			is_nothing(put(
				&r, (struct piece){.len = 8, .more = true, .ecn = cases[i][0]}));
			is_whole(&r,
				put(&r, (struct piece){.offset = 8, .len = 1, .ecn = cases[i][1]}),
				9, cases[i][2]);
			rig_fini(&r);
		}
	}
}

/* RFC 8200 section 4.5: 60 seconds after the fragment that came first. */
static void given_up_in_time(void **state)
{
	FOR_EACH_FAMILY(family)
	{
		struct piece first = {.len = 8, .more = true, .id = 1};
		struct piece last = {.offset = 8, .len = 1, .id = 1};
		struct reassembly_frame f;
		struct rig r;

		(void)state;
		rig_init(&r, family);
		assert_false(rs_reassembly_is_late(r.table, UINT64_MAX - 1));
		is_nothing(put(&r, last));
		r.now_us += 59999999;
		assert_false(rs_reassembly_is_late(r.table, r.now_us));
		is_whole(&r, put(&r, first), 9, 0);

		is_nothing(put(&r, first));
		r.now_us += 60000000;
		assert_true(rs_reassembly_is_late(r.table, r.now_us));
		f = rs_reassembly_give_up(r.table, r.now_us);
		assert_int_equal(f.bytes.len, r.last_len); /* as it came */
		assert_memory_equal(f.bytes.data, r.last, r.last_len);
		assert_int_equal(f.link, rs_link_pack(peer_mac, 0, 0));
		is_nothing(rs_reassembly_give_up(r.table, r.now_us));
		assert_false(rs_reassembly_is_late(r.table, r.now_us));
		is_nothing(put(&r, last));

		/* Without the first one there is nobody to tell. */
		r.now_us += 60000000;
		assert_true(rs_reassembly_is_late(r.table, r.now_us));
		is_nothing(rs_reassembly_give_up(r.table, r.now_us));
		assert_int_equal(COUNTED(&r, LATE), 2);
		assert_int_equal(r.table->used, 0);
		is_nothing(rs_reassembly_give_up(r.table, r.now_us));
		assert_false(rs_reassembly_is_late(r.table, r.now_us));
		rig_fini(&r);
	}
}

/* A flood costs those who have waited the longest. */
static void the_oldest_gives_way(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, 6);
	for (uint32_t id = 0; id < REASSEMBLY_PACKETS + 2; id++) {
		is_nothing(put(&r, (struct piece){.len = 8, .more = true, .id = id}));
		r.now_us++;
	}
	assert_int_equal(COUNTED(&r, FULL), 2);
	for (uint32_t id = 2; id < REASSEMBLY_PACKETS + 2; id++)
		is_whole(&r, put(&r, (struct piece){.offset = 8, .len = 8, .id = id}), 16, 0);
	is_nothing(put(&r, (struct piece){.offset = 8, .len = 8, .id = 0}));
	rig_fini(&r);
}

/* ---- there and back ---- */

static uint32_t random_below(uint64_t *seed, uint32_t n)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*seed >> 33) % n);
}

/* A frame of ours, as we see it from the other side. */
static uint32_t render(uint8_t *out, const struct wire_host *host, uint8_t family, uint32_t len)
{
	uint32_t n = rs_wire_render_eth(host, rs_link_pack(our_mac, host->vlan_id, 0),
		family == 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6, out);

	n += rs_wire_render_ip(&(struct wire_ip){.src = family == 4 ? peer_v4 : peer_v6,
				       .dst = family == 4 ? our_v4 : our_v6,
				       .l4_len = len,
				       .family = family,
				       .proto = UDP,
				       .hop_limit = 64},
		out + n);
	for (uint32_t i = 0; i < len; i++)
		out[n + i] = text_at(i);
	return n + len;
}

/* All fragments of a random packet; returns how many. */
static uint32_t cut_up(struct cut *cut, uint32_t mtu, uint8_t **pieces, uint32_t *lens)
{
	static uint8_t out[ROOM];
	uint32_t n = 0, len;

	while ((len = rs_cut_next(cut, mtu, out))) {
		assert_true(len - cut->l2 <= mtu);
		pieces[n] = malloc(len);
		memcpy(pieces[n], out, len);
		lens[n++] = len;
	}
	return n;
}

/* Of the same length, with the same payload, and but for what fragments need with the same head. */
static void is_the_same(
	struct span now, const uint8_t *before, uint32_t len, uint32_t l2, uint8_t family)
{
	assert_int_equal(now.len, len);
	assert_memory_equal(now.data, before, l2 + 4);
	if (family == 4)
		assert_memory_equal(now.data + l2 + 12, before + l2 + 12, len - l2 - 12);
	else
		assert_memory_equal(now.data + l2, before + l2, len - l2);
}

static void what_is_cut_can_be_put_together(void **state)
{
	static uint8_t frame[ROOM];
	uint8_t **pieces = malloc(9000 * sizeof(*pieces));
	uint32_t *lens = malloc(9000 * sizeof(*lens));
	uint64_t seed = 1;

	(void)state;
	for (uint32_t round = 0; round < 400; round++) {
		uint8_t family = families[round % 2];
		struct wire_host host = host_on(round % 3 ? 0 : 7);
		uint32_t len = 8 + random_below(&seed, round % 8 ? 5000 : 65480);
		uint32_t mtu = (family == 4 ? 68 : 1280) + random_below(&seed, 3000);
		struct cut cut = {.id = random_below(&seed, 1 << 16)};
		struct reassembly_frame whole = {0};
		struct rig r;
		uint32_t n;

		rig_init(&r, family);
		cut.l2 = host.vlan_id ? 18 : 14;
		cut.frame = (struct span){frame, render(frame, &host, family, len)};
		assert_int_equal(rs_cut_needed(&cut, mtu), cut.frame.len - cut.l2 > mtu);
		if (!rs_cut_needed(&cut, mtu)) {
			rig_fini(&r);
			continue;
		}
		n = cut_up(&cut, mtu, pieces, lens);
		assert_true(n > 1);
		for (uint32_t left = n; left; left--) { /* in any order, and some of them twice */
			uint32_t i = random_below(&seed, left);
			struct pkt pkt;

			for (uint32_t k = random_below(&seed, 2) + 1; k; k--) {
				assert_int_equal(rs_wire_parse(&host, pieces[i], lens[i], 0, &pkt),
					WIRE_IP_FRAGMENT);
				assert_int_equal(whole.bytes.len, 0);
				whole = rs_reassembly_take(r.table, pieces[i], &pkt, 1);
				if (left == 1)
					break;
			}
			free(pieces[i]);
			pieces[i] = pieces[left - 1];
			lens[i] = lens[left - 1];
		}
		is_the_same(whole.bytes, frame, cut.frame.len, cut.l2, family);
		rig_fini(&r);
	}
	free(pieces);
	free(lens);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_every_order),
		cmocka_unit_test(the_longest),
		cmocka_unit_test(headers_before_it),
		cmocka_unit_test(too_many_headers),
		cmocka_unit_test(longer_than_there_may_be),
		cmocka_unit_test(packets_are_not_mixed),
		cmocka_unit_test(duplicates_are_harmless),
		cmocka_unit_test(contradictions),
		cmocka_unit_test(marks_are_not_lost),
		cmocka_unit_test(given_up_in_time),
		cmocka_unit_test(the_oldest_gives_way),
		cmocka_unit_test(what_is_cut_can_be_put_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
