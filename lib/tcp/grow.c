/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the congestion window grows, and how much of it a loss takes: slow start, counting bytes (RFC
 * 5681, RFC 3465), which slows down as soon as ACKs come as slowly as the path lets them, or the
 * round trip becomes longer (HyStart, RFC 9406), then CUBIC (RFC 9438).
 *
 * Times are ticks of the wheel, windows bytes. Nothing is divided but by constants, and the cube
 * root is searched for when congestion avoidance begins, after a loss or a pause.
 */
#include "tcp/tcp_internal.h"

/* RFC 9406 section 4.2: by so many segments may one ACK open the window in slow start. */
#define SLOW_START_LIMIT 8

/* RFC 9406 section 4.3: conservative slow start. */
#define CSS_GROWTH_DIVISOR 4
#define CSS_ROUNDS         5

/* RFC 9406 section 4.3: a round trip that is longer by an eighth, or by so many ticks. */
#define MIN_RTT_THRESH 4u
#define MAX_RTT_THRESH 16u
#define N_RTT_SAMPLE   8
#define NO_RTT         UINT16_MAX

/* ACKs that follow each other no later than that, or an eighth of a round trip, are of one train.
 */
#define TRAIN_GAP_US 2000u

/* CUBIC's curve is followed for a minute from its middle; then it is steep enough. */
#define MAX_CURVE_TICKS 65535u

/*
 * The end of a round's ACKs is as far from its beginning as the bottleneck takes to send what
 * was sent in that round. Where that is half of a round trip, the next rounds would fill its queue.
 */
static bool fills_path(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t now_us = (uint32_t)t->now_us;

	return now_us == c->train_us && now_us - c->round_us > c->srtt_us8 >> 4;
}

static void begin_round(const struct tcp *t, struct tcp_conn *c, uint32_t flight)
{
	c->round_flight = (uint16_t)rs_min_u32(flight >> 8, UINT16_MAX);
	c->round_end = c->snd_max;
	c->round_us = c->train_us = (uint32_t)t->now_us;
	c->last_rtt = c->round_rtt;
	c->round_rtt = NO_RTT;
	c->n_rtts = 0;
	if (c->css_round && ++c->css_round > CSS_ROUNDS)
		c->ssthresh = c->cwnd;
}

void rs_tcp_grow_rtt(const struct tcp *t, struct tcp_conn *c, uint32_t sent_tick)
{
	uint32_t rtt = rs_min_u32(rs_tcp_tick(t) - sent_tick, NO_RTT - 1);

	c->round_rtt = (uint16_t)rs_min_u32(rtt, c->round_rtt);
	if (c->n_rtts < N_RTT_SAMPLE)
		c->n_rtts++;
}

/* RFC 9406 section 4.3: a queue stands on the path. */
static bool is_delayed(const struct tcp_conn *c)
{
	uint32_t thresh = rs_max_u32(MIN_RTT_THRESH, rs_min_u32(c->last_rtt / 8, MAX_RTT_THRESH));

	return c->n_rtts == N_RTT_SAMPLE && c->last_rtt != NO_RTT &&
	       c->round_rtt >= c->last_rtt + thresh;
}

/* Begins conservative slow start, or ends it where it was begun for a delay that has gone. */
static void heed_path(const struct tcp *t, struct tcp_conn *c)
{
	if (c->css_round) {
		if (c->n_rtts == N_RTT_SAMPLE && c->round_rtt < c->css_rtt)
			c->css_round = 0;
		return;
	}
	rs_tcp_grow_heard(t, c);
	c->css_rtt = is_delayed(c) ? c->round_rtt : 0;
	c->css_round = c->css_rtt || fills_path(t, c);
}

void rs_tcp_grow_heard(const struct tcp *t, struct tcp_conn *c)
{
	if ((uint32_t)t->now_us - c->train_us <= rs_max_u32(TRAIN_GAP_US, c->srtt_us8 >> 6))
		c->train_us = (uint32_t)t->now_us;
}

static void slow_start(const struct tcp *t, struct tcp_conn *c, uint32_t acked)
{
	/* RFC 3465 section 2.3: after losses an ACK may cover what had arrived long before. */
	uint32_t most = c->flags & TCP_F_RECOVER ? 1 : SLOW_START_LIMIT;

	if (rs_seq_geq(c->snd_una, c->round_end))
		begin_round(t, c, c->snd_max - c->snd_una + acked);
	acked = rs_min_u32(acked, most * c->mss);
	heed_path(t, c);
	c->cwnd += c->css_round ? acked / CSS_GROWTH_DIVISOR : acked;
}

/* C * ticks^3 (section 4.2) in bytes: C is 0.4 segments a second cubed, 59 / 2^37 a tick cubed. */
static uint32_t curve_bytes(uint32_t ticks, uint32_t mss)
{
	uint64_t t = rs_min_u32(ticks, MAX_CURVE_TICKS);
	uint64_t bytes = (((t * t * t * 59) >> 29) * mss) >> 8;

	return bytes > UINT32_MAX / 4 ? UINT32_MAX / 4 : (uint32_t)bytes;
}

/* K: when the curve has risen by bytes. */
static uint32_t curve_ticks(uint32_t bytes, uint32_t mss)
{
	uint32_t ticks = 0;

	for (uint32_t bit = (MAX_CURVE_TICKS + 1) / 2; bit; bit /= 2) {
		if (curve_bytes(ticks | bit, mss) <= bytes)
			ticks |= bit;
	}
	return ticks;
}

/* W_cubic(t), section 4.2 */
static uint32_t w_cubic(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t ticks = rs_tcp_tick(t) - c->epoch_tick;
	uint32_t below;

	if (ticks >= c->k_ticks)
		return c->w_max + curve_bytes(ticks - c->k_ticks, c->mss);
	below = curve_bytes(c->k_ticks - ticks, c->mss);
	return c->w_max - rs_min_u32(below, c->w_max);
}

static void begin_epoch(const struct tcp *t, struct tcp_conn *c)
{
	c->in_epoch = true;
	c->epoch_tick = rs_tcp_tick(t);
	c->w_max = rs_max_u32(c->w_max, c->cwnd);
	c->k_ticks = curve_ticks(c->w_max - c->cwnd, c->mss);
	c->w_est = c->cwnd;
	c->ca_acked = 0;
}

/* Section 4.3: what Reno would have; alpha is 9/17 up to the window that met the loss, then 1. */
static void estimate_reno(struct tcp_conn *c, uint32_t acked)
{
	uint32_t needed = c->w_est < c->w_max ? c->cwnd / 9 * 17 : c->cwnd;

	c->ca_acked += acked;
	if (c->ca_acked < needed)
		return;
	c->ca_acked -= needed;
	c->w_est += c->mss;
}

static void avoid_congestion(const struct tcp *t, struct tcp_conn *c, uint32_t acked)
{
	uint32_t target;

	if (!c->in_epoch)
		begin_epoch(t, c);
	estimate_reno(c, acked);
	c->cwnd = rs_max_u32(c->cwnd, c->w_est);
	target = w_cubic(t, c);
	if (target > c->cwnd) /* by half in a round trip at most */
		c->cwnd += rs_min_u32(target - c->cwnd, acked / 2);
}

bool rs_tcp_grow_was_used(const struct tcp_conn *c, uint32_t acked)
{
	return c->cwnd < c->ssthresh && rs_seq_lt(c->snd_una - acked, c->round_end) &&
	       c->round_flight * 512u > c->cwnd;
}

void rs_tcp_grow(const struct tcp *t, struct tcp_conn *c, uint32_t acked)
{
	c->last_tx_tick = rs_tcp_tick(t); /* not kept below the initial window */
	if (c->flags & TCP_F_RECOVER && c->was_marked)
		return; /* RFC 3168 section 6.1.2 */
	if (c->cwnd < c->ssthresh)
		slow_start(t, c, acked);
	else
		avoid_congestion(t, c, acked);
}

void rs_tcp_grow_pause(struct tcp_conn *c)
{
	c->in_epoch = false;
}

void rs_tcp_grow_anew(struct tcp_conn *c)
{
	c->in_epoch = false;
	c->css_round = 0;
	c->round_rtt = NO_RTT;
	c->round_end = c->snd_una;
}

uint32_t rs_tcp_grow_less(struct tcp_conn *c, uint32_t used)
{
	c->in_epoch = false;
	/* Section 4.7, fast convergence: who had more before makes room for others. */
	c->w_max = c->cwnd < c->w_max ? c->cwnd / 20 * 17 : c->cwnd;
	return rs_max_u32(used / 10 * 7, 2u * c->mss);
}
