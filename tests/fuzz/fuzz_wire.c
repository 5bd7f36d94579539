/* SPDX-License-Identifier: BSD-2-Clause */
/* A frame of any bytes: parsed, and whatever may answer it answers. The first byte chooses the
 * host. */
#include <stdlib.h>
#include <string.h>

#include "../unit/rig_check.h"
#include "../unit/wire_twins.h"
#include "wire/neighbour.h"
#include "wire/icmp.h"
#include "wire/link.h"
#include "wire/pkt.h"
#include "wire/tcp_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_host(struct wire_host *host, uint8_t choice)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 2};
	static const struct wire_addr addrs[2] = {
		{.addr = {[10] = 0xff, [11] = 0xff, 10, 99, 0, 2}, .prefix_len = 24, .family = 4},
		{.addr = {0xfd, 0x99, [15] = 2}, .prefix_len = 64, .family = 6},
	};

	rs_wire_host_init(host, mac, choice & 1 ? 7 : 0, 0, addrs, 2);
}

/* What we say must be something that we ourselves would accept as a frame. */
static void check_answer(const uint8_t *out, uint32_t len, uint32_t most)
{
	RIG_CHECK(len <= most);
	RIG_CHECK(len == 0 || len >= 60 || len >= 54);
	(void)out;
}

static void check_segment(const struct pkt *pkt)
{
	struct tcp_seg seg;

	if (rs_wire_parse_tcp(pkt, &seg))
		return;
	RIG_CHECK(seg.data >= pkt->l4 && seg.data + seg.len == pkt->l4 + pkt->l4_len);
	RIG_CHECK(seg.n_sack <= TCP_MAX_SACK_BLOCKS);
	RIG_CHECK(seg.key.remote_port && seg.key.local_port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t flags = size && data[0] & 2 ? WIRE_IP_CSUM_GOOD | WIRE_L4_CSUM_GOOD : 0;
	uint8_t *out = malloc(4096);
	struct wire_neigh_hint hint;
	struct icmp_too_big too_big;
	struct wire_host host;
	struct pkt pkt;
	uint32_t len, drop;

	if (size < 1 || size > 2048)
		goto out;
	make_host(&host, data[0]);
	/* Checksums count as good on request, so that a mutation gets past them. */
	RIG_CHECK(twins_agree(&host, data + 1, (uint32_t)size - 1, flags));
	drop = rs_wire_parse(&host, data + 1, (uint32_t)size - 1, flags, &pkt);
	if (drop == WIRE_IP_OPTION || drop == WIRE_IP_SOURCE_ROUTE)
		check_answer(out, rs_icmp_problem(&host, &pkt, out), WIRE_ANSWER_BYTES);
	if (drop == WIRE_IP_FRAGMENT)
		check_answer(out, rs_icmp_reassembly_late(&host, &pkt, out), WIRE_ANSWER_BYTES);
	if (drop)
		goto out;
	RIG_CHECK(pkt.kind == WIRE_ARP || (pkt.l4 >= pkt.l3 && pkt.l4 + pkt.l4_len <= data + size));
	switch (pkt.kind) {
	case WIRE_TCP:
		check_segment(&pkt);
		break;
	case WIRE_ARP:
		len = rs_arp_answer(&host, &pkt, out);
		check_answer(out, len, WIRE_ANSWER_BYTES);
		rs_arp_hint(&host, &pkt, &hint);
		break;
	case WIRE_ND:
		len = rs_nd_answer(&host, &pkt, out);
		check_answer(out, len, WIRE_ANSWER_BYTES);
		rs_nd_hint(&host, &pkt, &hint);
		break;
	case WIRE_MLD:
		len = rs_mld_report(&host, false, out);
		check_answer(out, len, WIRE_ANSWER_BYTES);
		break;
	case WIRE_ICMP_ECHO:
		len = rs_icmp_echo_answer(&host, &pkt, out, 2048);
		check_answer(out, len, 2048);
		break;
	case WIRE_ICMP_ERROR:
		rs_icmp_parse_too_big(&host, &pkt, &too_big);
		break;
	case WIRE_UDP:
	case WIRE_OTHER_L4:
		len = rs_icmp_unreachable(&host, &pkt, out);
		check_answer(out, len, WIRE_ANSWER_BYTES);
		break;
	default:
		break;
	}
out:
	free(out);
	return 0;
}
