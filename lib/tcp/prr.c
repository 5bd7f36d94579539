/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Proportional rate reduction (RFC 9937): how fast a recovery that has a scoreboard sends. Each ACK
 * lets out a share of what it says has come, so that what is in flight shrinks to ssthresh over a
 * round trip. Where losses have taken more than that, it lets out as much as has come, and a
 * segment more when all goes well: however much is found lost at once, it is not sent at once.
 *
 * The RFC's cwnd is prr_limit here; ours is ssthresh all the time, which is what the RFC makes of
 * it when recovery ends (section 6.4).
 */
#include "tcp/tcp_internal.h"

#define SHARE_BITS 16

/* part of whole, rounded up, or all of it. Searched for, since nothing is divided here. */
static uint32_t share_of(uint32_t part, uint32_t whole)
{
	uint32_t share = 0;

	for (uint32_t bit = 1u << (SHARE_BITS - 1); bit; bit /= 2) {
		if (((uint64_t)whole * (share | bit)) >> SHARE_BITS < part)
			share |= bit;
	}
	return share + 1;
}

void rs_tcp_prr_begin(const struct tcp *t, struct tcp_conn *c)
{
	c->in_epoch = false;
	c->in_prr = c->sacked;
	if (!c->in_prr)
		return;
	c->prr_delivered = c->prr_out = 0;
	c->prr_share = share_of(c->ssthresh, rs_tcp_sack_not_delivered(t, c));
	c->prr_limit = c->ssthresh;
}

/* Bytes that may go as the window shrinks. */
static int32_t proportional(const struct tcp_conn *c)
{
	uint64_t all = ((uint64_t)c->prr_delivered * c->prr_share) >> SHARE_BITS;

	return (int32_t)((uint32_t)all - c->prr_out);
}

/* As many as have come, now or earlier. */
static int32_t conserving(const struct tcp_conn *c, uint32_t delivered)
{
	int32_t kept = (int32_t)(c->prr_delivered - c->prr_out);

	return kept > (int32_t)delivered ? kept : (int32_t)delivered;
}

void rs_tcp_prr_report(const struct tcp *t, struct tcp_conn *c, uint32_t delivered, bool is_safe)
{
	uint32_t pipe = rs_tcp_sack_pipe(t, c);
	bool shrinks = pipe > c->ssthresh;
	int32_t out;

	c->prr_delivered += delivered;
	if (shrinks)
		out = proportional(c);
	else
		out = conserving(c, delivered) + (is_safe ? c->mss : 0);
	/* A segment that may begin may go whole. */
	c->prr_limit = pipe + (out > 0 ? (uint32_t)out + c->mss - 1 : 0);
	if (!shrinks)
		c->prr_limit = rs_min_u32(c->prr_limit, c->ssthresh);
}
