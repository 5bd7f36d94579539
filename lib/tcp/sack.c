/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scoreboard (RFC 6675): which bytes in flight the peer has reported as received (RFC 2018),
 * and what follows from it: what is lost, what to send again, how much is still on its way. It
 * stands in a chunk that a connection takes when the first report comes, and gives back when
 * nothing is reported any more. Without a chunk recovery goes on as NewReno.
 */
#include "tcp/tcp_internal.h"

#define MAX_RANGES 32

struct scoreboard {
	uint32_t high_rxt;    /* what was not reported below it has been sent again */
	uint32_t lost_below;  /* what was not reported below it is lost */
	uint32_t mark;        /* where the highest report ended when the reordering window began */
	uint32_t rto_tick;    /* when the timeout comes, which that window has put off */
	uint32_t news_tick;   /* when something was reported last that was not before */
	uint32_t resent_tick; /* when what stands at snd_una was sent again, if it was; or later */
	uint32_t n;
	struct sack_block ranges[MAX_RANGES]; /* sorted, apart, from snd_una up to snd_max */
};

_Static_assert(sizeof(struct scoreboard) <= 512, "fits into the smallest chunk");

static struct scoreboard *board(const struct tcp *t, const struct tcp_conn *c)
{
	return (struct scoreboard *)rs_chunk_data(t->chunks, c->sacked);
}

static void remove_range(struct scoreboard *b, uint32_t i)
{
	b->n--;
	for (; i < b->n; i++)
		b->ranges[i] = b->ranges[i + 1];
}

/* Adds one report. Where there is no room for another range it is not noted: it will be reported
 * again. */
static void add_range(struct scoreboard *b, struct sack_block r)
{
	uint32_t i = 0;

	while (i < b->n && rs_seq_lt(b->ranges[i].end, r.start))
		i++;
	while (i < b->n && rs_seq_leq(b->ranges[i].start, r.end)) { /* they touch */
		if (rs_seq_lt(b->ranges[i].start, r.start))
			r.start = b->ranges[i].start;
		if (rs_seq_gt(b->ranges[i].end, r.end))
			r.end = b->ranges[i].end;
		remove_range(b, i);
	}
	if (b->n == MAX_RANGES)
		return;
	for (uint32_t k = b->n++; k > i; k--)
		b->ranges[k] = b->ranges[k - 1];
	b->ranges[i] = r;
}

static bool is_known(const struct scoreboard *b, struct sack_block r)
{
	for (uint32_t i = 0; i < b->n; i++) {
		if (rs_seq_leq(b->ranges[i].start, r.start) && rs_seq_geq(b->ranges[i].end, r.end))
			return true;
	}
	return false;
}

void rs_tcp_sack_update(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg)
{
	for (uint32_t i = 0; i < seg->n_sack; i++) {
		struct sack_block r = seg->sack[i];

		/* Only what is in flight; a report of what came twice (RFC 2883) is none. */
		if (!rs_seq_lt(r.start, r.end) || !rs_seq_gt(r.start, c->snd_una) ||
			!rs_seq_leq(r.end, c->snd_max))
			continue;
		if (!c->sacked) {
			c->sacked = rs_chunk_alloc(t->chunks);
			if (!c->sacked)
				return;
			*board(t, c) = (struct scoreboard){
				.high_rxt = c->snd_una, .lost_below = c->snd_una};
		}
		if (!is_known(board(t, c), r)) {
			board(t, c)->news_tick = rs_tcp_tick(t);
			add_range(board(t, c), r);
		}
	}
}

void rs_tcp_sack_clear(struct tcp *t, struct tcp_conn *c)
{
	if (c->sacked)
		rs_chunk_free(t->chunks, c->sacked);
	c->sacked = 0;
}

void rs_tcp_sack_acked(struct tcp *t, struct tcp_conn *c)
{
	struct scoreboard *b = board(t, c);

	while (b->n && rs_seq_leq(b->ranges[0].end, c->snd_una))
		remove_range(b, 0);
	if (!b->n && !(c->flags & TCP_F_RECOVERY)) {
		rs_tcp_sack_clear(t, c);
		return;
	}
	if (b->n && rs_seq_lt(b->ranges[0].start, c->snd_una))
		b->ranges[0].start = c->snd_una;
	if (rs_seq_lt(b->high_rxt, c->snd_una))
		b->high_rxt = c->snd_una;
	if (rs_seq_lt(b->lost_below, c->snd_una))
		b->lost_below = c->snd_una;
	b->resent_tick = rs_tcp_tick(t);
}

/* What lies between two reports. */
struct hole {
	uint32_t start, end;
	bool lost; /* RFC 6675 section 4, IsLost(); or RFC 8985 says so */
};

/*
 * RFC 6675 section 4, IsLost(), of what is before ranges[i]. Where segments are known to overtake
 * each other, their number says nothing: only time tells (RFC 8985 section 6.2).
 */
static bool enough_follows(
	const struct tcp_conn *c, const struct scoreboard *b, uint32_t i, uint32_t n_sacked)
{
	return !c->reorder_steps &&
	       (n_sacked > (TCP_DUP_THRESH - 1) * (uint32_t)c->mss || b->n - i >= TCP_DUP_THRESH);
}

static struct hole hole_before(
	const struct tcp_conn *c, const struct scoreboard *b, uint32_t i, uint32_t n_sacked)
{
	uint32_t start = i ? b->ranges[i - 1].end : c->snd_una;

	return (struct hole){
		.start = start,
		.end = i < b->n ? b->ranges[i].start : c->snd_max,
		.lost = i < b->n &&
			(enough_follows(c, b, i, n_sacked) || rs_seq_lt(start, b->lost_below)),
	};
}

static uint32_t sum_of_ranges(const struct scoreboard *b)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < b->n; i++)
		sum += b->ranges[i].end - b->ranges[i].start;
	return sum;
}

bool rs_tcp_sack_found_loss(const struct tcp *t, const struct tcp_conn *c)
{
	const struct scoreboard *b = board(t, c);

	return b->n && hole_before(c, b, 0, sum_of_ranges(b)).lost;
}

/* RFC 6675 section 4, SetPipe() */
uint32_t rs_tcp_sack_pipe(const struct tcp *t, const struct tcp_conn *c)
{
	const struct scoreboard *b = board(t, c);
	uint32_t n_sacked = sum_of_ranges(b);
	uint32_t pipe = 0;

	for (uint32_t i = 0; i <= b->n; i++) {
		struct hole h = hole_before(c, b, i, n_sacked);

		if (!h.lost)
			pipe += h.end - h.start;
		if (rs_seq_gt(b->high_rxt, h.start))
			pipe += (rs_seq_lt(b->high_rxt, h.end) ? b->high_rxt : h.end) - h.start;
		if (i < b->n)
			n_sacked -= b->ranges[i].end - b->ranges[i].start;
	}
	return pipe;
}

/* RFC 6675 section 4, NextSeg() rule 1 */
bool rs_tcp_sack_next_lost(
	const struct tcp *t, const struct tcp_conn *c, uint32_t *seq, uint32_t *len)
{
	const struct scoreboard *b = board(t, c);
	uint32_t n_sacked = sum_of_ranges(b);

	for (uint32_t i = 0; i < b->n; i++) {
		struct hole h = hole_before(c, b, i, n_sacked);

		if (rs_seq_lt(h.start, b->high_rxt))
			h.start = b->high_rxt;
		if (h.lost && rs_seq_lt(h.start, h.end)) {
			*seq = h.start;
			*len = rs_min_u32(h.end - h.start, c->mss);
			return true;
		}
		n_sacked -= b->ranges[i].end - b->ranges[i].start;
	}
	return false;
}

void rs_tcp_sack_sent_again(struct tcp *t, struct tcp_conn *c, uint32_t seq, uint32_t end)
{
	struct scoreboard *b = board(t, c);

	if (seq == c->snd_una)
		b->resent_tick = rs_tcp_tick(t);
	if (rs_seq_gt(end, b->high_rxt))
		b->high_rxt = end;
}

uint32_t rs_tcp_sack_high_rxt(const struct tcp *t, const struct tcp_conn *c)
{
	return board(t, c)->high_rxt;
}

uint32_t rs_tcp_sack_highest(const struct tcp *t, const struct tcp_conn *c)
{
	const struct scoreboard *b = board(t, c);

	return b->n ? b->ranges[b->n - 1].end : c->snd_una;
}

void rs_tcp_sack_all_lost(struct tcp *t, struct tcp_conn *c)
{
	struct scoreboard *b = board(t, c);

	if (b->n)
		b->lost_below = b->ranges[b->n - 1].start;
}

void rs_tcp_sack_none_lost(struct tcp *t, struct tcp_conn *c)
{
	board(t, c)->lost_below = c->snd_una;
}

/*
 * RFC 8985 section 6.2: what arrives a round trip and a reordering window after it was sent again
 * has been sent after it.
 */
bool rs_tcp_sack_is_lost_again(const struct tcp *t, const struct tcp_conn *c)
{
	const struct scoreboard *b = board(t, c);
	uint32_t limit_us = (c->srtt_us8 >> 3) + rs_tcp_reorder_window_us(c);

	return b->n && rs_seq_lt(c->snd_una, b->high_rxt) && b->news_tick == rs_tcp_tick(t) &&
	       b->news_tick - b->resent_tick > (limit_us >> WHEEL_TICK_SHIFT) + 1;
}

void rs_tcp_sack_start_window(struct tcp *t, struct tcp_conn *c, uint32_t rto_tick)
{
	struct scoreboard *b = board(t, c);

	b->mark = rs_tcp_sack_highest(t, c);
	b->rto_tick = rto_tick;
}

void rs_tcp_sack_end_window(struct tcp *t, struct tcp_conn *c)
{
	struct scoreboard *b = board(t, c);

	if (rs_seq_gt(b->mark, b->lost_below))
		b->lost_below = b->mark;
}

bool rs_tcp_sack_outruns_window(const struct tcp *t, const struct tcp_conn *c)
{
	return rs_seq_gt(rs_tcp_sack_highest(t, c), board(t, c)->mark);
}

uint32_t rs_tcp_sack_rto_tick(const struct tcp *t, const struct tcp_conn *c)
{
	return board(t, c)->rto_tick;
}

uint32_t rs_tcp_sack_skip(const struct tcp *t, const struct tcp_conn *c, uint32_t seq)
{
	const struct scoreboard *b = board(t, c);

	/* It waits for this one: what it has reported here it has thrown away (RFC 2018 section 8).
	 */
	if (seq == c->snd_una)
		return seq;
	for (uint32_t i = 0; i < b->n; i++) {
		if (rs_seq_leq(b->ranges[i].start, seq) && rs_seq_lt(seq, b->ranges[i].end))
			return b->ranges[i].end;
	}
	return seq;
}

uint32_t rs_tcp_sack_gap(const struct tcp *t, const struct tcp_conn *c, uint32_t seq, uint32_t len)
{
	const struct scoreboard *b = board(t, c);

	for (uint32_t i = 0; i < b->n; i++) {
		if (rs_seq_gt(b->ranges[i].start, seq))
			return rs_min_u32(len, b->ranges[i].start - seq);
	}
	return len;
}

bool rs_tcp_sack_is_reneged(const struct tcp *t, const struct tcp_conn *c)
{
	const struct scoreboard *b = board(t, c);

	return b->n && b->ranges[0].start == c->snd_una;
}

void rs_tcp_sack_start_over(struct tcp *t, struct tcp_conn *c)
{
	const struct scoreboard *b = board(t, c);

	/*
	 * RFC 2018 section 8: the peer may throw away what it has reported. It must have where it
	 * waits for just that, and it may have where this is the second timeout in a row.
	 */
	if (!b->n || rs_tcp_sack_is_reneged(t, c) || c->flags & TCP_F_RETRIED)
		rs_tcp_sack_clear(t, c);
	else
		board(t, c)->high_rxt = c->snd_una;
}
