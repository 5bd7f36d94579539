/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/*
 * A router that is always about to be congested: it marks one in sixteen of the frames that may be
 * marked (RFC 3168 section 5). The tests put it on the client's end.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ONE_IN 16
#define ECT_0  2
#define CE     3

static void mark_ipv4(struct iphdr *ip)
{
	__u32 sum = bpf_ntohs(ip->check);

	if ((ip->tos & 3) != ECT_0)
		return;
	ip->tos |= CE;
	/* RFC 1624: the header has become larger by one. */
	sum = sum ? sum - 1 : 0xfffe;
	ip->check = bpf_htons((__u16)sum);
}

static void mark_ipv6(__u8 *ip)
{
	if ((ip[1] >> 4 & 3) == ECT_0)
		ip[1] |= CE << 4;
}

SEC("xdp")
int mark_some(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	void *ip = eth + 1;

	if (ip + sizeof(struct ipv6hdr) > end || bpf_get_prandom_u32() % ONE_IN)
		return XDP_PASS;
	if (eth->h_proto == bpf_htons(ETH_P_IP))
		mark_ipv4(ip);
	else if (eth->h_proto == bpf_htons(ETH_P_IPV6))
		mark_ipv6(ip);
	return XDP_PASS;
}

char licence[] SEC("license") = "Dual BSD/GPL";
