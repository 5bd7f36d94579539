/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* A link that loses one frame in a hundred; the tests put it on the client's end. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define ONE_IN 100

SEC("xdp")
int lose_some(struct xdp_md *ctx)
{
	(void)ctx;
	return bpf_get_prandom_u32() % ONE_IN == 0 ? XDP_DROP : XDP_PASS;
}

char licence[] SEC("license") = "Dual BSD/GPL";
