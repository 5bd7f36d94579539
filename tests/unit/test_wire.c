/* SPDX-License-Identifier: BSD-2-Clause */
/* lib/wire against frames that another program wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/csum.h"
#include "wire/neighbour.h"
#include "wire/icmp.h"
#include "wire/link.h"
#include "wire/pkt.h"
#include "wire/render.h"
#include "wire/tcp_parse.h"

#include "wire_frames.h"
#include "wire_host.h"
#include "wire_twins.h"

/* Parses an exact-size copy, so that ASan sees a read beyond it. */
static enum wire_drop parse(uint16_t vlan_id, const uint8_t *bytes, size_t len, struct pkt *pkt,
	struct tcp_seg *seg, uint8_t **copy)
{
	struct wire_host host = host_on(vlan_id);
	enum wire_drop drop;

	*copy = malloc(len ? len : 1);
	memcpy(*copy, bytes, len);
	assert_true(twins_agree(&host, *copy, (uint32_t)len, 0));
	drop = rs_wire_parse(&host, *copy, (uint32_t)len, 0, pkt);
	if (!drop && pkt->kind == WIRE_TCP)
		drop = rs_wire_parse_tcp(pkt, seg);
	return drop;
}

/* Every bit of a frame flipped, every length of it: the quick way and the long one agree. */
static void both_ways_say_the_same(void **state)
{
	const struct wire_host host = host_on(0);
	const uint32_t good = WIRE_IP_CSUM_GOOD | WIRE_L4_CSUM_GOOD;
	uint8_t frame[sizeof(syn_v4)];
	struct tcp_seg seg;

	(void)state;
	assert_true(rs_wire_parse_plain(&host, syn_v4, sizeof(syn_v4), 0, &seg));
	for (uint32_t bit = 0; bit < 8 * sizeof(frame); bit++) {
		memcpy(frame, syn_v4, sizeof(frame));
		frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_true(twins_agree(&host, frame, sizeof(frame), 0));
		assert_true(twins_agree(&host, frame, sizeof(frame), WIRE_IP_CSUM_GOOD));
		assert_true(twins_agree(&host, frame, sizeof(frame), good));
	}
	for (uint32_t len = 0; len <= sizeof(syn_v4); len++) {
		uint8_t *cut = malloc(len ? len : 1);

		memcpy(cut, syn_v4, len);
		assert_true(twins_agree(&host, cut, len, good));
		free(cut);
	}
}

#define PARSE(vlan_id, bytes)                                                                      \
	struct pkt pkt;                                                                            \
	struct tcp_seg seg;                                                                        \
	uint8_t *copy;                                                                             \
	assert_int_equal(parse(vlan_id, bytes, sizeof(bytes), &pkt, &seg, &copy), WIRE_OK)

static void syn(void **state)
{
	PARSE(0, syn_v4);
	(void)state;
	assert_memory_equal(seg.key.remote, peer_v4, 16);
	assert_memory_equal(seg.key.local, our_v4, 16);
	assert_int_equal(seg.key.remote_port, 1000);
	assert_int_equal(seg.key.local_port, 80);
	assert_int_equal(seg.key.family, 4);
	assert_int_equal(seg.flags, TCP_SYN);
	assert_int_equal(seg.seq, 0xfffffff0);
	assert_int_equal(seg.wnd, 64240);
	assert_int_equal(seg.opts, TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_TS | TCP_OPT_SACK_OK);
	assert_int_equal(seg.mss, 1460);
	assert_int_equal(seg.wscale, 7);
	assert_int_equal(seg.ts_val, 0x01020304);
	assert_int_equal(seg.ts_ecr, 0x05060708);
	assert_int_equal(seg.link, rs_link_pack(peer_mac, 0, 0));
	free(copy);
}

static void data(void **state)
{
	PARSE(0, data_v4);
	(void)state;
	assert_int_equal(seg.seq, 7);
	assert_int_equal(seg.ack, 9);
	assert_int_equal(seg.flags, TCP_ACK | TCP_PSH);
	assert_int_equal(seg.opts, TCP_OPT_TS);
	assert_int_equal(seg.ts_val, 5);
	assert_int_equal(seg.len, 5);
	assert_memory_equal(seg.data, "hello", 5);
	free(copy);
}

static void data_over_ipv6(void **state)
{
	PARSE(0, data_v6);
	(void)state;
	assert_memory_equal(seg.key.remote, peer_v6, 16);
	assert_memory_equal(seg.key.local, our_v6, 16);
	assert_int_equal(seg.key.family, 6);
	assert_int_equal(seg.len, 5);
	free(copy);
}

static void sack(void **state)
{
	PARSE(0, sack_v4);
	(void)state;
	assert_int_equal(seg.n_sack, 2);
	assert_int_equal(seg.sack[1].start, 300);
	assert_int_equal(seg.sack[1].end, 400);
	free(copy);
}

static void padding_is_not_payload(void **state)
{
	uint8_t padded[100] = {0};
	struct pkt pkt;
	struct tcp_seg seg;
	uint8_t *copy;

	(void)state;
	memcpy(padded, data_v4, sizeof(data_v4));
	assert_int_equal(parse(0, padded, sizeof(padded), &pkt, &seg, &copy), WIRE_OK);
	assert_int_equal(seg.len, 5);
	free(copy);
}

static void vlan(void **state)
{
	struct pkt pkt;
	struct tcp_seg seg;
	uint8_t *copy;

	(void)state;
	assert_int_equal(parse(7, vlan_v4, sizeof(vlan_v4), &pkt, &seg, &copy), WIRE_OK);
	assert_int_equal(rs_link_vlan(seg.link), 7);
	free(copy);
	assert_int_equal(parse(0, vlan_v4, sizeof(vlan_v4), &pkt, &seg, &copy), WIRE_OTHER_VLAN);
	free(copy);
	assert_int_equal(parse(7, syn_v4, sizeof(syn_v4), &pkt, &seg, &copy), WIRE_OTHER_VLAN);
	free(copy);
	assert_int_equal(parse(0, prio_v4, sizeof(prio_v4), &pkt, &seg, &copy), WIRE_OK);
	free(copy);
}

static void from_a_group(void **state)
{
	uint8_t frame[sizeof(syn_v4)];
	struct pkt pkt;
	struct tcp_seg seg;
	uint8_t *copy;

	(void)state;
	memcpy(frame, syn_v4, sizeof(frame));
	memset(frame + 6, 0xff, 6);
	assert_int_equal(parse(0, frame, sizeof(frame), &pkt, &seg, &copy), WIRE_GROUP_SOURCE);
	free(copy);
}

static void every_drop(void **state)
{
#define DROP(bytes, reason)                                                                        \
	{                                                                                          \
#bytes, bytes, sizeof(bytes), reason                                               \
	}
	static const struct {
		const char *name;
		const uint8_t *bytes;
		size_t len;
		enum wire_drop reason;
	} cases[] = {
		DROP(ext_v6, WIRE_OK),
		DROP(options_v4, WIRE_OK),
		DROP(option_skip_v6, WIRE_OK),
		DROP(option_5e_v6, WIRE_IP_OPTION),
		DROP(option_80_v6, WIRE_IP_OPTION),
		DROP(option_c2_v6, WIRE_IP_OPTION),
		DROP(option_beyond_v6, WIRE_IP_OPTION),
		DROP(option_stump_v6, WIRE_IP_OPTION),
		DROP(option_80_from_nobody_v6, WIRE_IP_MARTIAN),
		DROP(late_hop_by_hop_v6, WIRE_IP_OPTION),
		DROP(extension_cut_v6, WIRE_IP_OPTION),
		DROP(extension_beyond_v6, WIRE_IP_OPTION),
		DROP(other_mac, WIRE_OTHER_MAC),
		DROP(bad_version, WIRE_IP_VERSION),
		DROP(bad_length, WIRE_IP_LENGTH),
		DROP(bad_ip_csum, WIRE_IP_CSUM),
		DROP(source_route, WIRE_IP_SOURCE_ROUTE),
		DROP(routing_v6, WIRE_IP_SOURCE_ROUTE),
		DROP(fragment, WIRE_IP_FRAGMENT),
		DROP(fragment_tail, WIRE_IP_FRAGMENT),
		DROP(fragment_v6, WIRE_IP_FRAGMENT),
		DROP(fragment_tail_v6, WIRE_IP_FRAGMENT),
		DROP(fragment_uneven, WIRE_IP_LENGTH),
		DROP(fragment_of_none, WIRE_IP_LENGTH),
		DROP(fragment_beyond, WIRE_IP_LENGTH),
		DROP(fragment_uneven_v6, WIRE_IP_OPTION),
		DROP(fragment_of_none_v6, WIRE_IP_OPTION),
		DROP(fragment_beyond_v6, WIRE_IP_OPTION),
		DROP(fragment_headless_v6, WIRE_IP_OPTION),
		DROP(fragment_half_extension_v6, WIRE_IP_OPTION),
		DROP(option_of_one_v4, WIRE_IP_OPTION),
		DROP(atomic_v6, WIRE_OK),
		DROP(atomic_options_v6, WIRE_OK),
		DROP(ns_fragment, WIRE_ND_INVALID),
		DROP(ns_fragment_behind, WIRE_ND_INVALID),
		DROP(ns_behind_options, WIRE_OK),
		DROP(land, WIRE_IP_MARTIAN),
		DROP(echo_from_us_v6, WIRE_IP_MARTIAN),
		DROP(from_broadcast, WIRE_IP_MARTIAN),
		DROP(from_loopback, WIRE_IP_MARTIAN),
		DROP(from_multicast, WIRE_IP_MARTIAN),
		DROP(from_multicast_v6, WIRE_IP_MARTIAN),
		DROP(other_ip, WIRE_OTHER_IP),
		DROP(to_broadcast, WIRE_NOT_UNICAST),
		DROP(ll_broadcast, WIRE_NOT_UNICAST),
		DROP(short_offset, WIRE_TCP_HEADER),
		DROP(long_offset, WIRE_TCP_HEADER),
		DROP(port_zero, WIRE_TCP_HEADER),
		DROP(bad_tcp_csum, WIRE_L4_CSUM),
		DROP(bad_tcp_csum_v6, WIRE_L4_CSUM),
		DROP(bad_icmp, WIRE_L4_CSUM),
		DROP(ethertype, WIRE_ETHERTYPE),
		DROP(two_tags, WIRE_OTHER_VLAN),
		DROP(ns_far, WIRE_ND_INVALID),
		DROP(ns_option_of_none, WIRE_ND_INVALID),
		DROP(ns_option_beyond, WIRE_ND_INVALID),
		DROP(ns_option_stump, WIRE_ND_INVALID),
		DROP(ns_dad, WIRE_OK),
		DROP(ns_dad_unicast, WIRE_ND_INVALID),
		DROP(ns_dad_all, WIRE_ND_INVALID),
		DROP(ns_dad_source, WIRE_ND_INVALID),
		DROP(na_group, WIRE_OK),
		DROP(na_group_solicited, WIRE_ND_INVALID),
		DROP(arp_of_seven, WIRE_ARP_INVALID),
	};

	(void)state;
	for (size_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		struct pkt pkt;
		struct tcp_seg seg;
		uint8_t *copy;
		enum wire_drop drop = parse(0, cases[i].bytes, cases[i].len, &pkt, &seg, &copy);

		if (drop != cases[i].reason)
			print_error("%s: %s, not %s\n", cases[i].name,
				rs_wire_counter_defs[drop].name,
				rs_wire_counter_defs[cases[i].reason].name);
		assert_int_equal(drop, cases[i].reason);
		free(copy);
	}
}

static void cut_anywhere(void **state)
{
	static const struct {
		const uint8_t *bytes;
		size_t len;
	} frames[] = {
		{syn_v4, sizeof(syn_v4)},
		{arp_request, sizeof(arp_request)},
		{data_v6, sizeof(data_v6)},
		{ext_v6, sizeof(ext_v6)},
		{atomic_options_v6, sizeof(atomic_options_v6)},
		{vlan_v4, sizeof(vlan_v4)},
		{echo, sizeof(echo)},
		{ns, sizeof(ns)},
		{too_big6, sizeof(too_big6)},
	};

	(void)state;
	for (size_t i = 0; i < RS_ARRAY_SIZE(frames); i++) {
		for (size_t len = 0; len < frames[i].len; len++) {
			struct pkt pkt;
			struct tcp_seg seg;
			uint8_t *copy;

			assert_int_not_equal(
				parse(0, frames[i].bytes, len, &pkt, &seg, &copy), WIRE_OK);
			free(copy);
		}
	}
}

/* What answers a frame must be, byte for byte; it is padded to Ethernet's least with zeros (RFC
 * 894), not with what stood there. */
#define ANSWER(call, frame, expected)                                                              \
	do {                                                                                       \
		struct wire_host host = host_on(0);                                                \
		uint8_t *out = malloc(WIRE_ANSWER_BYTES);                                          \
		uint32_t len;                                                                      \
		memset(out, 0xa5, WIRE_ANSWER_BYTES);                                              \
		PARSE(0, frame);                                                                   \
		len = call;                                                                        \
		assert_true(len >= sizeof(expected));                                              \
		for (uint32_t i = sizeof(expected); i < len; i++)                                  \
			assert_int_equal(out[i], 0);                                               \
		assert_memory_equal(out, expected, sizeof(expected));                              \
		assert_int_equal(len, rs_max_u64(sizeof(expected), 60));                           \
		free(out);                                                                         \
		free(copy);                                                                        \
	} while (0)

static void answers(void **state)
{
	(void)state;
	ANSWER(rs_arp_answer(&host, &pkt, out), arp_request, arp_reply);
	ANSWER(rs_arp_answer(&host, &pkt, out), arp_probe, arp_probe_reply);
	ANSWER(rs_nd_answer(&host, &pkt, out), ns, na);
	ANSWER(rs_nd_answer(&host, &pkt, out), ns_dad, na_dad);
	ANSWER(rs_mld_report(&host, false, out), mld_query, mld_report);
	ANSWER(rs_mld_report_v1(&host, 0, out), mld_query_v1, mld_report_v1);
	ANSWER(rs_arp_probe(&host, our_v4, out), arp_request, arp_own_probe);
	ANSWER(rs_nd_probe(&host, our_v6, out), ns, ns_probe);
	ANSWER(rs_icmp_echo_answer(&host, &pkt, out, WIRE_ANSWER_BYTES), echo, echo_reply);
	ANSWER(rs_icmp_echo_answer(&host, &pkt, out, WIRE_ANSWER_BYTES), echo6, echo6_reply);
	/* RFC 4443 section 4.2: who asks a group is answered from an address of his scope. */
	ANSWER(rs_icmp_echo_answer(&host, &pkt, out, WIRE_ANSWER_BYTES), echo6_group,
		echo6_group_reply);
	ANSWER(rs_icmp_echo_answer(&host, &pkt, out, WIRE_ANSWER_BYTES), echo6_group_link,
		echo6_group_link_reply);
	ANSWER(rs_icmp_unreachable(&host, &pkt, out), udp, udp_unreachable);
	ANSWER(rs_icmp_unreachable(&host, &pkt, out), udp6, udp6_unreachable);
	ANSWER(rs_icmp_unreachable(&host, &pkt, out), unknown6, unknown6_problem);
	ANSWER(rs_icmp_unreachable(&host, &pkt, out), atomic_unknown6, atomic_unknown6_problem);
}

/* RFC 8200 sections 4, 4.2 and 4.4: whom an extension header has had dropped is told, or is not. */
static void problems(void **state)
{
#define PROBLEM(cause, answer)                                                                     \
	{                                                                                          \
		cause, sizeof(cause), answer, sizeof(answer)                                       \
	}
	static const uint8_t silence[] = {0};
	static const struct {
		const uint8_t *cause;
		size_t cause_len;
		const uint8_t *answer;
		size_t answer_len;
	} cases[] = {
		PROBLEM(option_80_v6, option_80_v6_problem),
		PROBLEM(option_c2_v6, option_c2_v6_problem),
		PROBLEM(option_80_echo_v6, option_80_echo_v6_problem),
		PROBLEM(routing_v6, routing_v6_problem),
		PROBLEM(late_hop_by_hop_v6, late_hop_by_hop_v6_problem),
		PROBLEM(option_5e_v6, silence),
		PROBLEM(option_beyond_v6, silence),
		PROBLEM(option_stump_v6, silence),
		PROBLEM(extension_cut_v6, silence),
		PROBLEM(extension_beyond_v6, silence),
		PROBLEM(option_80_error_v6, silence),
		PROBLEM(option_80_group_v6, option_80_group_v6_problem), /* RFC 4443, 2.4 (e.3) */
		PROBLEM(option_c2_group_v6, silence),
		PROBLEM(source_route, silence),
		PROBLEM(fragment_uneven_v6, fragment_uneven_v6_problem), /* RFC 8200 section 4.5 */
		PROBLEM(fragment_beyond_v6, fragment_beyond_v6_problem),
		PROBLEM(fragment_headless_v6, fragment_headless_v6_problem), /* RFC 7112 */
		PROBLEM(fragment_half_extension_v6, fragment_half_extension_v6_problem),
		PROBLEM(fragment_of_none_v6, silence),
		PROBLEM(fragment_uneven, silence),
		PROBLEM(option_of_one_v4, option_of_one_v4_problem), /* RFC 1122 section 3.2.2.5 */
		PROBLEM(option_of_one_group_v4, silence),
		PROBLEM(option_of_one_error_v4, silence),
		PROBLEM(option_of_one_later_v4, silence),
	};
	struct wire_host host = host_on(0);

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		bool is_silence = cases[i].answer == silence;
		uint8_t *out = malloc(WIRE_ANSWER_BYTES);
		struct tcp_seg seg;
		struct pkt pkt;
		uint8_t *copy;
		uint32_t len;

		assert_int_not_equal(
			parse(0, cases[i].cause, cases[i].cause_len, &pkt, &seg, &copy), WIRE_OK);
		len = rs_icmp_problem(&host, &pkt, out);
		assert_int_equal(len, is_silence ? 0 : cases[i].answer_len);
		assert_memory_equal(out, cases[i].answer, len);
		free(copy);
		free(out);
	}
}

/* None of them has anything wrong with it, and what is behind them has not been looked at. */
static void no_problem_of_more_headers_than_are_read(void **state)
{
	enum {
		EXTENSIONS = 54,
		N = 8
	};
	static const uint8_t skipped[8] = {60, 0, 1, 4};
	uint8_t frame[EXTENSIONS + N * 8 + 20] = {0}, out[WIRE_ANSWER_BYTES];
	struct wire_host host = host_on(0);
	struct tcp_seg seg;
	struct pkt pkt;
	uint8_t *copy;

	(void)state;
	memcpy(frame, option_80_v6, EXTENSIONS);
	rs_store_be16(frame + 18, N * 8 + 20);
	frame[20] = 60;
	for (uint32_t i = 0; i < N; i++)
		memcpy(frame + EXTENSIONS + i * 8, skipped, sizeof(skipped));
	frame[EXTENSIONS + (N - 1) * 8] = 6;
	assert_int_equal(parse(0, frame, sizeof(frame), &pkt, &seg, &copy), WIRE_IP_OPTION);
	assert_int_equal(pkt.proto, 6);
	assert_int_equal(rs_icmp_problem(&host, &pkt, out), 0);
	free(copy);
	/* Nor has a fragment header of a whole packet, however little of TCP is behind it. */
	frame[EXTENSIONS + (N - 1) * 8] = 44;
	frame[EXTENSIONS + N * 8] = 6;
	assert_int_equal(parse(0, frame, sizeof(frame), &pkt, &seg, &copy), WIRE_IP_OPTION);
	assert_int_equal(pkt.proto, 44);
	assert_int_equal(rs_icmp_problem(&host, &pkt, out), 0);
	free(copy);
}

/* RFC 4443 section 2.4 (e.1), (e.2): whether an error or a redirect stands behind the option is
 * looked at, as far as there is anything. */
static void problems_about_errors(void **state)
{
	enum {
		EXTENSION = 54,
		BEHIND = EXTENSION + 8
	};
	static const struct {
		uint8_t next, option_bytes; /* of the extension that is refused */
		uint8_t n_behind;
		uint8_t behind[16];
		bool is_told;
	} cases[] = {
		{58, 4, 8, {128}, true}, {58, 4, 8, {127}, false}, {58, 4, 0, {0}, true},
		{58, 4, 8, {137}, false}, {58, 4, 8, {136}, true}, {60, 4, 8, {58, 0, 1, 4}, true},
		{60, 4, 16, {58, 0, 1, 4, [8] = 1}, false}, {60, 4, 4, {58, 0, 1, 4}, true},
		{60, 4, 1, {58}, true}, {60, 4, 8, {58, 1, 1, 4}, true},
		{58, 5, 8, {128}, false}, /* an option that ends behind its header */
	};
	struct wire_host host = host_on(0);

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		uint8_t frame[BEHIND + 16], out[WIRE_ANSWER_BYTES];
		struct tcp_seg seg;
		struct pkt pkt;
		uint8_t *copy;
		uint32_t len;

		memcpy(frame, option_80_v6, BEHIND);
		rs_store_be16(frame + 18, 8 + cases[i].n_behind);
		frame[EXTENSION] = cases[i].next;
		frame[EXTENSION + 3] = cases[i].option_bytes;
		memcpy(frame + BEHIND, cases[i].behind, 16);
		assert_int_not_equal(
			parse(0, frame, BEHIND + cases[i].n_behind, &pkt, &seg, &copy), WIRE_OK);
		len = rs_icmp_problem(&host, &pkt, out);
		assert_int_equal(len, cases[i].is_told ? BEHIND + 48 + cases[i].n_behind : 0);
		free(copy);
	}
}

/* What an echo request may hold, to whom it may be, and that it comes back as it is. */
static void echoes(void **state)
{
	struct wire_host host = host_on(0);
	uint8_t out[WIRE_ANSWER_BYTES];

	(void)state;
	{
		PARSE(0, echo);
		uint32_t room = pkt.l4_len + WIRE_MAX_HEADER_BYTES;

		memset(copy + (pkt.l4 - copy) + 4, 0xee, 4); /* its identifier and number */
		assert_int_equal(rs_icmp_echo_answer(&host, &pkt, out, room - 1), 0);
		assert_int_equal(rs_icmp_echo_answer(&host, &pkt, out, room), sizeof(echo));
		assert_memory_equal(out + 14 + 20 + 4, pkt.l4 + 4, pkt.l4_len - 4);
		free(copy);
	}
	{
		PARSE(0, echo_to_all);
		assert_int_equal(rs_icmp_echo_answer(&host, &pkt, out, sizeof(out)), 0);
		free(copy);
	}
	{
		PARSE(0, echo6);
		memset(pkt.src, 0, 16);
		assert_int_equal(rs_icmp_echo_answer(&host, &pkt, out, sizeof(out)), 0);
		free(copy);
	}
}

/* RFC 6724 section 5, rule 2: scope counts before likeness. */
static void whom_a_group_is_answered_as(void **state)
{
	struct wire_addr addrs[3] = {{{0x20, 1, 0xd, 0xb8, [15] = 2}, 64, 6},
		{{0xfc, [15] = 2}, 64, 6}, {{0xfd, 0x99, 1, [15] = 2}, 64, 6}};
	struct wire_host host;
	uint8_t out[WIRE_ANSWER_BYTES];

	(void)state;
	for (uint32_t n = 0; n <= 3; n++) {
		PARSE(0, echo6_group);
		rs_wire_host_init(&host, our_mac, 0, 0, addrs, n);
		assert_int_equal(rs_icmp_echo_answer(&host, &pkt, out, sizeof(out)) != 0, n != 0);
		if (n)
			assert_memory_equal(out + 14 + 8, addrs[n - 1].addr, 16);
		free(copy);
	}
}

static void questions(void **state)
{
	struct wire_host host = host_on(0);
	uint8_t out[WIRE_ANSWER_BYTES];

	(void)state;
	assert_true(rs_arp_request(&host, our_v4, our_v4, LINK_NONE, out) >= sizeof(arp_announce));
	assert_memory_equal(out, arp_announce, sizeof(arp_announce));
	assert_int_equal(rs_nd_solicit(&host, our_v6, peer_v6, LINK_NONE, out), sizeof(ns_ours));
	assert_memory_equal(out, ns_ours, sizeof(ns_ours));
	assert_int_equal(rs_nd_announce(&host, our_v6, out), sizeof(na_dad));
	assert_memory_equal(out, na_dad, sizeof(na_dad));
}

/* RFC 3810 section 6.2 */
static void queries_for_groups(void **state)
{
	const struct {
		const uint8_t *bytes;
		size_t len;
		enum wire_kind kind;
	} frames[] = {
		{mld_query, sizeof(mld_query), WIRE_MLD},
		{mld_query_v1, sizeof(mld_query_v1), WIRE_MLD},
		{mld_query_far, sizeof(mld_query_far), WIRE_IGNORED},
		{mld_query_global, sizeof(mld_query_global), WIRE_IGNORED},
		{mld_query_no_alert, sizeof(mld_query_no_alert), WIRE_IGNORED},
		{mld_query_padding, sizeof(mld_query_padding), WIRE_IGNORED},
		{mld_query_short, sizeof(mld_query_short), WIRE_IGNORED},
	};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(frames); i++) {
		struct tcp_seg seg;
		struct pkt pkt;
		uint8_t *copy;

		assert_int_equal(
			parse(0, frames[i].bytes, frames[i].len, &pkt, &seg, &copy), WIRE_OK);
		assert_int_equal(pkt.kind, frames[i].kind);
		free(copy);
	}
}

/* RFC 3810 sections 5.1.3 and 6.2 */
static void when_to_report(void **state)
{
	static const struct {
		const uint8_t *frame;
		size_t len;
		uint32_t code; /* the Maximum Response Code */
		uint64_t max_ms;
	} cases[] = {
		{mld_query, sizeof(mld_query), 0, 0}, {mld_query, sizeof(mld_query), 10000, 10000},
		{mld_query, sizeof(mld_query), 0x7fff, 32767},
		{mld_query, sizeof(mld_query), 0x8000, 32768},
		{mld_query, sizeof(mld_query), 0x9003, (0x3 | 0x1000) << (1 + 3)},
		{mld_query, sizeof(mld_query), 0xffff, 8387584},
		{mld_query_v1, sizeof(mld_query_v1), 0xffff, 65535}, /* RFC 2710 section 3.4 */
	};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		uint64_t half_us = cases[i].max_ms / 2 * 1000;
		uint64_t last_us = cases[i].max_ms ? (cases[i].max_ms - 1) * 1000 : 0;
		struct tcp_seg seg;
		struct pkt pkt;
		uint8_t *copy;

		assert_int_equal(
			parse(0, cases[i].frame, cases[i].len, &pkt, &seg, &copy), WIRE_OK);
		rs_store_be16(copy + (pkt.l4 - copy) + 4, (uint16_t)cases[i].code);
		assert_int_equal(rs_mld_is_v1(&pkt), cases[i].frame == mld_query_v1);
		assert_int_equal(rs_mld_due_us(&pkt, 0, 500, 0), 500);
		assert_int_equal(rs_mld_due_us(&pkt, 0, 500, 1u << 31), 500 + half_us);
		assert_int_equal(rs_mld_due_us(&pkt, 0, 500, UINT32_MAX), 500 + last_us);
		/* One report answers several queries. */
		assert_int_equal(rs_mld_due_us(&pkt, 400, 500, 1u << 31), 400);
		assert_int_equal(rs_mld_due_us(&pkt, 600 + half_us, 500, 1u << 31), 500 + half_us);
		free(copy);
	}
}

static void groups_of_our_addresses(void **state)
{
	struct wire_host host = host_on(0);
	struct wire_addr addrs[] = {
		{.prefix_len = 64, .family = 6}, {.prefix_len = 64, .family = 6}};
	uint8_t out[WIRE_ANSWER_BYTES];

	(void)state;
	assert_int_equal(rs_mld_report(&host, true, out), sizeof(mld_news));
	assert_memory_equal(out, mld_news, sizeof(mld_news));
	memcpy(addrs[0].addr, peer_v6, 16);
	memcpy(addrs[1].addr, our_v6, 16);
	for (uint32_t n = 1; n <= 2; n++) { /* the second has the link-local one's group */
		rs_wire_host_init(&host, our_mac, 0, 0, addrs, n);
		assert_int_equal(rs_mld_report(&host, false, out), sizeof(mld_report_two));
		assert_memory_equal(out, mld_report_two, sizeof(mld_report_two));
		assert_int_not_equal(rs_mld_report_v1(&host, 1, out), 0);
		assert_int_equal(rs_mld_report_v1(&host, 2, out), 0);
	}
	rs_wire_host_init(&host, our_mac, 0, 0, NULL, 0);
	assert_int_equal(rs_mld_report_v1(&host, 0, out), 0);
	assert_int_equal(rs_mld_report(&host, true, out), 0);
}

/* RFC 4291 section 2.7.1: of each of them, when there are as many addresses as there may be. */
static void a_group_for_each_address(void **state)
{
	static const uint8_t prefix[13] = {0xff, 0x02, [11] = 1, [12] = 0xff};
	enum {
		HEADERS = 14 + 40 + 8
	};
	struct wire_addr addrs[WIRE_MAX_ADDRS - 1] = {{.family = 6}};
	uint8_t out[WIRE_ANSWER_BYTES];
	struct wire_host host;

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(addrs); i++) {
		addrs[i] = (struct wire_addr){.prefix_len = 64, .family = 6};
		memcpy(addrs[i].addr, our_v6, 16);
		addrs[i].addr[14] = (uint8_t)(1 + i);
	}
	rs_wire_host_init(&host, our_mac, 0, 0, addrs, RS_ARRAY_SIZE(addrs));
	assert_int_equal(rs_mld_report(&host, false, out), HEADERS + 8 + WIRE_MAX_ADDRS * 20);
	for (uint32_t i = 0; i < WIRE_MAX_ADDRS; i++) {
		const uint8_t *group = out + HEADERS + 8;

		assert_int_equal(rs_mld_report_v1(&host, i, out), HEADERS + 24);
		assert_memory_equal(group, prefix, sizeof(prefix));
		assert_memory_equal(group + 13, host.addrs[i].addr + 13, 3);
	}
}

/* RFC 3810 section 5.2.13: reports come from a link-local address. Another may have taken ours. */
static void no_reports_without_a_link_local_address(void **state)
{
	struct wire_host whole = host_on(0), host;
	uint8_t out[WIRE_ANSWER_BYTES];

	(void)state;
	rs_wire_host_without(&host, &whole, 1 << 2);
	assert_true(rs_wire_is_ours(&host, our_v6));
	assert_int_equal(rs_mld_report(&host, true, out), 0);
	assert_int_equal(rs_mld_report_v1(&host, 0, out), 0);
}

static void no_answer(void **state)
{
	struct wire_host host = host_on(0);
	uint8_t out[WIRE_ANSWER_BYTES];
	struct wire_neigh_hint hint;

	(void)state;
	{
		PARSE(0, arp_other);
		assert_int_equal(rs_arp_answer(&host, &pkt, out), 0);
		assert_true(rs_arp_hint(&host, &pkt, &hint));
		assert_memory_equal(hint.addr, peer_v4, 16);
		assert_false(hint.claims_ours);
		free(copy);
	}
	{
		PARSE(0, arp_request);
		copy[(pkt.l3 - copy) + 7] = 2; /* a reply is not replied to */
		assert_int_equal(rs_arp_answer(&host, &pkt, out), 0);
		free(copy);
	}
	{
		PARSE(0, arp_conflict);
		assert_int_equal(rs_arp_answer(&host, &pkt, out), 0);
		assert_true(rs_arp_hint(&host, &pkt, &hint));
		assert_true(hint.claims_ours);
		free(copy);
	}
	{
		PARSE(0, ns);
		assert_true(rs_nd_hint(&host, &pkt, &hint));
		assert_memory_equal(hint.addr, peer_v6, 16);
		assert_int_equal(hint.link, pkt.link);
		assert_false(hint.solicited);
		free(copy);
	}
	{
		/* RFC 4861 section 7.2.3: what asks for others is discarded. */
		PARSE(0, ns_other);
		assert_int_equal(rs_nd_answer(&host, &pkt, out), 0);
		assert_false(rs_nd_hint(&host, &pkt, &hint));
		free(copy);
	}
	{
		PARSE(0, sctp);
		assert_int_equal(pkt.kind, WIRE_OTHER_L4);
		free(copy);
	}
}

/* RFC 826; a probe is nobody's yet (RFC 5227 section 2.1.1), and a group is nobody at all. */
static void what_arp_tells(void **state)
{
	static const struct {
		uint8_t at, value; /* of the ARP packet */
		bool is_unicast, is_told, is_solicited;
	} cases[] = {
		{7, 1, false, true, false}, /* a request … */
		{7, 1, true, true, false},
		{7, 2, false, true, false}, /* … and a reply */
		{7, 2, true, true, true},
		{8, 3, true, false, false},
		{9, 1, true, true, false},
	};
	struct wire_host host = host_on(0);

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		struct wire_neigh_hint hint = {.solicited = !cases[i].is_solicited};
		PARSE(0, arp_other);
		uint8_t *arp = copy + (pkt.l3 - copy);

		arp[cases[i].at] = cases[i].value;
		pkt.is_unicast = cases[i].is_unicast;
		assert_int_equal(rs_arp_hint(&host, &pkt, &hint), cases[i].is_told);
		if (cases[i].is_told) {
			assert_int_equal(hint.solicited, cases[i].is_solicited);
			assert_true(hint.override);
			assert_int_equal(hint.link, rs_link_pack(arp + 8, 0, 0));
		}
		free(copy);
	}
	{
		struct wire_neigh_hint hint;
		PARSE(0, arp_probe);

		memset(copy + (pkt.l3 - copy) + 18, 0xff, 6);
		assert_false(rs_arp_hint(&host, &pkt, &hint));
		free(copy);
	}
}

/* RFC 4861 sections 4.4 and 7.2.5 */
static void what_advertisements_tell(void **state)
{
	struct wire_host host = host_on(0);
	struct wire_neigh_hint hint = {0};

	(void)state;
	PARSE(0, na_conflict);
	uint8_t *advert = copy + (pkt.l4 - copy);

	advert[4] = 0x40;
	assert_true(rs_nd_hint(&host, &pkt, &hint));
	assert_true(hint.solicited);
	assert_false(hint.override);
	advert[4] = 0x20;
	assert_true(rs_nd_hint(&host, &pkt, &hint));
	assert_false(hint.solicited);
	assert_true(hint.override);
	assert_true(hint.claims_ours);
	memcpy(advert + 26, our_mac, 6);
	assert_true(rs_nd_hint(&host, &pkt, &hint));
	assert_false(hint.claims_ours);
	advert[27] = 1;
	assert_true(rs_nd_hint(&host, &pkt, &hint));
	advert[26] = 3; /* a group's */
	assert_false(rs_nd_hint(&host, &pkt, &hint));
	advert[26] = 2;
	memset(advert + 8, 0, 16); /* nobody's address */
	assert_false(rs_nd_hint(&host, &pkt, &hint));
	free(copy);
}

/* RFC 4861 section 7.2.6: who has taken up our address advertises it, from that very address. */
static void another_has_our_address(void **state)
{
	struct wire_host host = host_on(0);
	uint8_t out[WIRE_ANSWER_BYTES];
	struct wire_neigh_hint hint;

	(void)state;
	PARSE(0, na_conflict);
	assert_int_equal(pkt.kind, WIRE_ND);
	assert_int_equal(rs_nd_answer(&host, &pkt, out), 0);
	assert_true(rs_nd_hint(&host, &pkt, &hint));
	assert_memory_equal(hint.addr, our_v6, 16);
	assert_true(hint.claims_ours);
	free(copy);
}

/* Then we are not there, but who has it may talk to us from it. */
static void without_an_address(void **state)
{
	struct wire_addr addrs[] = {{.prefix_len = 24, .family = 4},
		{.prefix_len = 64, .family = 6}, {.prefix_len = 24, .family = 4}};
	uint8_t frame[sizeof(echo)];
	struct wire_host whole, host, again;
	struct pkt pkt;

	(void)state;
	memcpy(addrs[0].addr, our_v4, 16);
	memcpy(addrs[1].addr, our_v6, 16);
	memcpy(addrs[2].addr, our_v4, 16);
	addrs[2].addr[15] = 77;
	rs_wire_host_init(&whole, our_mac, 0, 0, addrs, 3);
	rs_wire_host_without(&again, &whole, 0);
	assert_memory_equal(&again, &whole, sizeof(whole));

	rs_wire_host_without(&host, &whole, 1 << 0 | 1 << 1);
	assert_false(rs_wire_is_ours(&host, our_v4));
	assert_false(rs_wire_is_ours(&host, our_v6));
	assert_true(rs_wire_is_ours(&host, addrs[2].addr));
	assert_true(rs_wire_is_ours(&host, whole.addrs[3].addr)); /* link-local */
	assert_int_equal(rs_wire_parse(&whole, echo, sizeof(echo), 0, &pkt), WIRE_OK);
	assert_int_equal(rs_wire_parse(&host, echo, sizeof(echo), 0, &pkt), WIRE_OTHER_IP);
	assert_int_equal(rs_wire_parse(&whole, echo6, sizeof(echo6), 0, &pkt), WIRE_OK);
	assert_int_equal(rs_wire_parse(&host, echo6, sizeof(echo6), 0, &pkt), WIRE_OTHER_IP);
	assert_int_equal(rs_wire_parse(&host, na_conflict, sizeof(na_conflict), 0, &pkt), WIRE_OK);

	memcpy(frame, echo, sizeof(echo));
	memcpy(frame + ETH_HEADER_BYTES + 12, our_v4 + 12, 4);
	memcpy(frame + ETH_HEADER_BYTES + 16, addrs[2].addr + 12, 4);
	assert_int_equal(rs_wire_parse(&whole, frame, sizeof(echo), WIRE_IP_CSUM_GOOD, &pkt),
		WIRE_IP_MARTIAN);
	assert_int_equal(
		rs_wire_parse(&host, frame, sizeof(echo), WIRE_IP_CSUM_GOOD, &pkt), WIRE_OK);
}

/* RFC 4861 section 7.2.4: who is asked directly need not say where it is. */
static void advertisement_without_an_address(void **state)
{
	struct wire_host host = host_on(0);
	struct wire_neigh_hint hint;

	(void)state;
	PARSE(0, na_bare);
	assert_true(rs_nd_hint(&host, &pkt, &hint));
	assert_memory_equal(hint.addr, peer_v6, 16);
	assert_int_equal(hint.link, LINK_NONE);
	assert_true(hint.solicited);
	assert_false(hint.claims_ours);
	memcpy(copy + (pkt.l4 - copy) + 8, our_v6, 16); /* nor, then, that it is elsewhere */
	assert_true(rs_nd_hint(&host, &pkt, &hint));
	assert_false(hint.claims_ours);
	free(copy);
}

static void too_big_is_understood(void **state)
{
	struct wire_host host = host_on(0);
	struct icmp_too_big e;

	(void)state;
	{
		PARSE(0, too_big);
		assert_true(rs_icmp_parse_too_big(&host, &pkt, &e));
		assert_int_equal(e.mtu, 1200);
		assert_int_equal(e.seq, 0x12345678);
		assert_int_equal(e.local_port, 80);
		assert_int_equal(e.remote_port, 1000);
		assert_memory_equal(e.remote, peer_v4, 16);
		free(copy);
	}
	{
		PARSE(0, too_big6);
		assert_true(rs_icmp_parse_too_big(&host, &pkt, &e));
		assert_int_equal(e.mtu, 1280);
		assert_memory_equal(e.local, our_v6, 16);
		free(copy);
	}
}

/* RFC 792, RFC 4443: errors of other types, or about what is no TCP. */
static void other_errors_are_not_too_big(void **state)
{
	struct wire_host host = host_on(0);
	struct icmp_too_big e;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		PARSE(0, too_big);
		uint8_t *icmp = copy + (pkt.l4 - copy);

		icmp[i == 0 ? 0 : i == 1 ? 1 : 8 + 9] ^= 1; /* type, code, protocol quoted */
		assert_false(rs_icmp_parse_too_big(&host, &pkt, &e));
		free(copy);
	}
	for (uint32_t i = 0; i < 2; i++) {
		PARSE(0, too_big6);
		uint8_t *icmp = copy + (pkt.l4 - copy);

		icmp[i == 0 ? 0 : 8 + 6] ^= 1;
		assert_false(rs_icmp_parse_too_big(&host, &pkt, &e));
		free(copy);
	}
}

static struct tcp_tx segment(uint32_t family, uint8_t flags)
{
	struct tcp_tx tx = {
		.key = {.remote_port = 1000, .local_port = 80, .family = family},
		.link = rs_link_pack(peer_mac, 0, 0),
		.seq = 100,
		.ack = 200,
		.wnd = 300,
		.flags = flags,
		.mss = 1460,
		.ts_val = 7,
		.ts_ecr = 8,
	};

	memcpy(tx.key.remote, family == 4 ? peer_v4 : peer_v6, 16);
	memcpy(tx.key.local, family == 4 ? our_v4 : our_v6, 16);
	return tx;
}

static void assert_rendered(const struct tcp_tx *tx, const uint8_t *expected, size_t len)
{
	struct wire_host host = host_on(0);
	uint8_t *frame = malloc(len);

	assert_int_equal(rs_wire_render_tcp(&host, tx, frame, 0), len);
	assert_memory_equal(frame, expected, len);
	free(frame);
}

static void rendering(void **state)
{
	struct tcp_tx tx = segment(4, TCP_ACK | TCP_PSH);

	(void)state;
	tx.opts = TCP_OPT_TS;
	tx.len = 7;
	tx.n_spans = 3; /* at odd places */
	tx.spans[0] = (struct slice){.data = (const uint8_t *)"abc", .len = 3};
	tx.spans[1] = (struct slice){.data = (const uint8_t *)"d", .len = 1};
	tx.spans[2] = (struct slice){.data = (const uint8_t *)"efg", .len = 3};
	assert_rendered(&tx, out_v4, sizeof(out_v4));

	tx = segment(6, TCP_ACK);
	tx.len = 7;
	tx.n_spans = 1;
	tx.spans[0] = (struct slice){.data = (const uint8_t *)"abcdefg", .len = 7};
	assert_rendered(&tx, out_v6, sizeof(out_v6));

	tx = segment(4, TCP_SYN | TCP_ACK);
	tx.opts = TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_TS | TCP_OPT_SACK_OK;
	tx.mss_opt = 1460;
	tx.wscale = 2;
	tx.wnd = 65535;
	assert_rendered(&tx, out_syn, sizeof(out_syn));

	tx = segment(4, TCP_ACK);
	tx.link = rs_link_pack(peer_mac, 7, 0);
	tx.opts = TCP_OPT_SACK;
	tx.n_sack = 2;
	tx.sack[0] = (struct sack_block){1, 2};
	tx.sack[1] = (struct sack_block){3, 4};
	assert_rendered(&tx, out_vlan, sizeof(out_vlan));
}

static uint32_t label_of(struct tcp_tx *tx, uint32_t seq)
{
	struct wire_host host = host_on(0);
	uint8_t frame[74];

	host.label_secret = 0x9e3779b97f4a7c15;
	tx->seq = seq;
	rs_wire_render_tcp(&host, tx, frame, 0);
	assert_int_equal(rs_load_be32(frame + 14) >> 20, 0x600);
	return rs_load_be32(frame + 14) & 0xfffff;
}

/* RFC 6437 section 3: constant in a flow, and evenly spread: of all 256 that the upper eight bits
 * can be, some two thirds are to be expected with 256 flows, be it their ports or addresses that
 * differ. */
static void each_flow_has_its_label(void **state)
{
	struct tcp_tx tx = segment(6, TCP_ACK);

	(void)state;
	for (uint32_t place = 0; place < 3; place++) {
		bool is_used[2][256] = {0};
		uint32_t n_high = 0, n_low = 0;

		for (uint32_t i = 0; i < 256; i++) {
			uint32_t label;

			tx.key.remote_port = (uint16_t)(place ? 1000 : 1000 + i);
			tx.key.remote[place == 1 ? 15 : 7] = (uint8_t)(place ? i : 0);
			label = label_of(&tx, i);
			assert_int_equal(label_of(&tx, i + 1), label);
			is_used[0][label >> 12] = is_used[1][label & 0xff] = true;
		}
		for (uint32_t i = 0; i < 256; i++) {
			n_high += is_used[0][i];
			n_low += is_used[1][i];
		}
		assert_true(n_high > 128 && n_low > 128);
	}
}

/* IPv4's words 1 and 2 with the sum of the header: RFC 791 section 3.1. */
static void rendering_for_routers_that_cut(void **state)
{
	struct wire_host host = host_on(0);
	struct tcp_tx tx = segment(4, TCP_ACK);
	uint8_t frame[54];

	(void)state;
	tx.seq = 0xabcd1234;
	tx.routers_may = TCP_TX_CUT;
	rs_wire_render_tcp(&host, &tx, frame, 0);
	assert_int_equal(rs_load_be16(frame + 18), 0x1234); /* its number */
	assert_int_equal(rs_load_be16(frame + 20), 0);      /* no DF, nothing cut yet */
	assert_int_equal(rs_csum_fold16(rs_csum_add(0, frame + 14, 20)), 0xffff);
}

/* RFC 3168 section 5: ECT(0) is 2 in IPv4's second byte, and in IPv6's first two. */
static void rendering_for_routers_that_mark(void **state)
{
	struct wire_host host = host_on(0);
	struct tcp_tx tx = segment(4, TCP_ACK | TCP_CWR);
	uint8_t frame[74];

	(void)state;
	tx.routers_may = TCP_TX_MARK;
	rs_wire_render_tcp(&host, &tx, frame, 0);
	assert_int_equal(rs_load_be16(frame + 14), 0x4502);
	assert_int_equal(rs_load_be16(frame + 20), 0x4000);
	assert_int_equal(rs_csum_fold16(rs_csum_add(0, frame + 14, 20)), 0xffff);
	assert_int_equal(frame[47], TCP_ACK | TCP_CWR);
	tx = segment(6, TCP_ACK | TCP_ECE);
	tx.routers_may = TCP_TX_MARK;
	rs_wire_render_tcp(&host, &tx, frame, 0);
	assert_int_equal(rs_load_be32(frame + 14), 0x60200000);
	assert_int_equal(frame[67], TCP_ACK | TCP_ECE);
}

/* Codepoint 3 of the four is CE. The flags behind it are ECE and CWR; AE beside them is skipped. */
static void marks_of_routers(void **state)
{
	struct wire_host host = host_on(0);
	uint8_t v4[sizeof(data_v4)], v6[sizeof(data_v6)];
	struct pkt pkt;
	struct tcp_seg seg;

	(void)state;
	for (uint32_t ecn = 0; ecn < 4; ecn++) {
		uint16_t csum;

		memcpy(v4, data_v4, sizeof(v4));
		memcpy(v6, data_v6, sizeof(v6));
		v4[15] = (uint8_t)(0xb8 | ecn); /* with a DSCP */
		v4[46] |= 1;
		v4[47] |= TCP_ECE | TCP_CWR;
		memset(v4 + 24, 0, 2);
		csum = rs_csum_finish(rs_csum_add(0, v4 + 14, 20));
		memcpy(v4 + 24, &csum, 2);
		assert_true(twins_agree(&host, v4, sizeof(v4), WIRE_L4_CSUM_GOOD));
		assert_int_equal(
			rs_wire_parse(&host, v4, sizeof(v4), WIRE_L4_CSUM_GOOD, &pkt), WIRE_OK);
		assert_int_equal(rs_wire_parse_tcp(&pkt, &seg), WIRE_OK);
		assert_int_equal(seg.opts, TCP_OPT_TS | (ecn == 3 ? TCP_OPT_CE : 0));
		assert_int_equal(seg.flags, TCP_ACK | TCP_PSH | TCP_ECE | TCP_CWR);
		v6[15] = (uint8_t)(ecn << 4 | 0x0f); /* with a flow label */
		assert_int_equal(rs_wire_parse(&host, v6, sizeof(v6), 0, &pkt), WIRE_OK);
		assert_int_equal(rs_wire_parse_tcp(&pkt, &seg), WIRE_OK);
		assert_int_equal(seg.opts & TCP_OPT_CE, ecn == 3 ? TCP_OPT_CE : 0);
	}
}

/* What the NIC is left to do: it adds the segment to the sum that it finds, and complements. */
static void offloaded_checksums(void **state)
{
	struct wire_host host = host_on(0);
	struct tcp_tx tx = segment(4, TCP_ACK | TCP_PSH);
	uint8_t frame[sizeof(out_v4)];
	uint16_t left, finished;

	(void)state;
	tx.opts = TCP_OPT_TS;
	tx.len = 7;
	tx.n_spans = 1;
	tx.spans[0] = (struct slice){.data = (const uint8_t *)"abcdefg", .len = 7};
	rs_wire_render_tcp(&host, &tx, frame, WIRE_IP_CSUM_OFFLOAD | WIRE_L4_CSUM_OFFLOAD);
	assert_int_equal(rs_load_be16(frame + 24), 0); /* the NIC fills it in */
	memcpy(&left, frame + 50, 2);
	finished = rs_csum_finish(rs_csum_add(0, frame + 34, sizeof(frame) - 34));
	memcpy(frame + 50, &finished, 2);
	memcpy(frame + 24, out_v4 + 24, 2);
	assert_memory_equal(frame, out_v4, sizeof(out_v4));
	rs_wire_render_tcp_header(&host, &tx, frame, WIRE_L4_CSUM_OFFLOAD | WIRE_TSO, 0);
	finished = rs_csum_fold16(
		(uint64_t)left + (uint16_t)~rs_csum_fold16(__builtin_bswap16(32 + 7)));
	memcpy(&left, frame + 50, 2);
	assert_int_equal(left, finished); /* the same without the length */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_say_the_same),
		cmocka_unit_test(syn),
		cmocka_unit_test(data),
		cmocka_unit_test(data_over_ipv6),
		cmocka_unit_test(sack),
		cmocka_unit_test(padding_is_not_payload),
		cmocka_unit_test(vlan),
		cmocka_unit_test(every_drop),
		cmocka_unit_test(from_a_group),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(answers),
		cmocka_unit_test(problems),
		cmocka_unit_test(no_problem_of_more_headers_than_are_read),
		cmocka_unit_test(problems_about_errors),
		cmocka_unit_test(echoes),
		cmocka_unit_test(whom_a_group_is_answered_as),
		cmocka_unit_test(questions),
		cmocka_unit_test(queries_for_groups),
		cmocka_unit_test(when_to_report),
		cmocka_unit_test(groups_of_our_addresses),
		cmocka_unit_test(a_group_for_each_address),
		cmocka_unit_test(no_reports_without_a_link_local_address),
		cmocka_unit_test(no_answer),
		cmocka_unit_test(advertisement_without_an_address),
		cmocka_unit_test(what_arp_tells),
		cmocka_unit_test(what_advertisements_tell),
		cmocka_unit_test(another_has_our_address),
		cmocka_unit_test(without_an_address),
		cmocka_unit_test(too_big_is_understood),
		cmocka_unit_test(other_errors_are_not_too_big),
		cmocka_unit_test(rendering),
		cmocka_unit_test(each_flow_has_its_label),
		cmocka_unit_test(rendering_for_routers_that_cut),
		cmocka_unit_test(rendering_for_routers_that_mark),
		cmocka_unit_test(marks_of_routers),
		cmocka_unit_test(offloaded_checksums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
