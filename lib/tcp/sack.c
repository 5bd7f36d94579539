/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scoreboard (RFC 6675, RFC 8985): what the peer has not reported as received (RFC 2018) of
 * what it must have been sent, hole by hole; which of them are lost, which were sent again and
 * when, and how much is still on its way. It stands in a chunk that a connection takes when the
 * first report comes, and gives back when nothing is reported any more. Without a chunk recovery
 * goes on as NewReno.
 */
#include "tcp/tcp_internal.h"

enum hole_state {
	HOLE_LATE,  /* it may still come */
	HOLE_LOST,  /* to be sent again */
	HOLE_RESENT /* it was sent again */
};

#define TICK_MASK (UINT32_MAX >> 2) /* what a hole keeps of a tick */

struct hole {
	uint32_t start, end;
	uint32_t sent_max;       /* HOLE_RESENT: what was sent for the first time after it was
				    begins there */
	uint32_t sent_tick : 30; /* and when that was */
	uint32_t state : 2;      /* enum hole_state */
};

struct scoreboard {
	uint32_t end;        /* nothing is said of what is in flight from here on */
	uint32_t mark;       /* end, when the reordering window began */
	uint32_t rto_tick;   /* when the timeout comes, which that window has put off */
	uint32_t heard_tick; /* when that was sent again which was sent last of what has come, */
	uint32_t heard_end;  /* and where it ended */
	uint32_t paid_tick;  /* when the window became smaller last for what was lost again */
	uint32_t told;       /* snd_una and what is reported beyond it, when that was asked last */
	uint16_t n;
	bool was_reneged;    /* the peer has thrown away what it had reported */
	struct hole holes[]; /* sorted, from snd_una up to end; between them it was reported */
};

static struct scoreboard *board(const struct tcp *t, const struct tcp_conn *c)
{
	return (struct scoreboard *)rs_chunk_data(t->chunks, c->sacked);
}

static bool fits(const struct tcp *t, const struct scoreboard *b, uint32_t n_more)
{
	return sizeof(*b) + (b->n + n_more) * sizeof(b->holes[0]) <= t->chunks->chunk_bytes;
}

/* For n_more holes. Counts where there is none: what was to be noted is not. */
static bool has_room_for(struct tcp *t, const struct scoreboard *b, uint32_t n_more)
{
	if (fits(t, b, n_more))
		return true;
	t->counters[TCP_C_SCOREBOARD_FULL]++;
	return false;
}

/* For a hole that is reported: one is left for a hole that is sent again piece by piece. */
static bool has_room(struct tcp *t, const struct scoreboard *b)
{
	return has_room_for(t, b, 2);
}

static void remove_hole(struct scoreboard *b, uint32_t i)
{
	b->n--;
	for (; i < b->n; i++)
		b->holes[i] = b->holes[i + 1];
}

/* Only where there is room. */
static void insert_hole(struct scoreboard *b, uint32_t i, struct hole h)
{
	for (uint32_t k = b->n++; k > i; k--)
		b->holes[k] = b->holes[k - 1];
	b->holes[i] = h;
}

/* Ticks since it was sent again. */
static uint32_t age_of(const struct tcp *t, const struct hole *h)
{
	return (rs_tcp_tick(t) - h->sent_tick) & TICK_MASK;
}

/*
 * RFC 8985 section 6.2: what was sent for the first time before that which has come was sent again
 * is overtaken, too, be it beyond all reports. It joins the board; time will tell.
 */
static void note_overtaken(struct tcp *t, struct scoreboard *b, uint32_t seq)
{
	struct hole *last = b->n ? &b->holes[b->n - 1] : NULL;

	if (rs_seq_leq(seq, b->end))
		return;
	if (last && last->state == HOLE_LATE && last->end == b->end)
		last->end = seq;
	else if (has_room(t, b))
		insert_hole(b, b->n, (struct hole){.start = b->end, .end = seq});
	else
		return;
	b->end = seq;
}

/*
 * Bytes of h have come. RFC 8985 section 6.2, step 2: much sooner than a round trip after they were
 * sent again it is the originals that came.
 */
static void heard_of(
	struct tcp *t, const struct tcp_conn *c, struct scoreboard *b, const struct hole *h)
{
	uint32_t sent_tick = rs_tcp_tick(t) - age_of(t, h);

	if (h->state != HOLE_RESENT || age_of(t, h) < c->srtt_us8 >> (4 + WHEEL_TICK_SHIFT))
		return;
	if (rs_seq_gt(sent_tick, b->heard_tick) ||
		(sent_tick == b->heard_tick && rs_seq_gt(h->end, b->heard_end))) {
		b->heard_tick = sent_tick;
		b->heard_end = h->end;
	}
	note_overtaken(t, b, h->sent_max);
}

/* What lies within r is missing no more. */
static void fill_holes(
	struct tcp *t, const struct tcp_conn *c, struct scoreboard *b, struct sack_block r)
{
	uint32_t i = 0;

	while (i < b->n && rs_seq_leq(b->holes[i].end, r.start))
		i++;
	while (i < b->n && rs_seq_lt(b->holes[i].start, r.end)) {
		struct hole *h = &b->holes[i];
		struct hole rest = *h;

		heard_of(t, c, b, h);
		rest.start = r.end;
		if (rs_seq_geq(h->start, r.start)) {
			h->start = rs_seq_lt(r.end, h->end) ? r.end : h->end;
		} else {
			if (rs_seq_gt(rest.end, rest.start)) {
				if (!has_room(t, b))
					return;
				insert_hole(b, i + 1, rest);
			}
			h->end = r.start;
		}
		if (h->start == h->end)
			remove_hole(b, i);
		else
			i++;
	}
}

static void take_report(
	struct tcp *t, const struct tcp_conn *c, struct scoreboard *b, struct sack_block r)
{
	fill_holes(t, c, b, r);
	if (rs_seq_leq(r.end, b->end))
		return;
	if (rs_seq_gt(r.start, b->end)) {
		if (!has_room(t, b))
			return;
		insert_hole(b, b->n, (struct hole){.start = b->end, .end = r.start});
	}
	b->end = r.end;
}

/* What peers report must leave room for answers to others: none begins with a quarter of the chunks
 * left. Without one, losses are found one a round trip (RFC 6582). */
static bool begin(struct tcp *t, struct tcp_conn *c)
{
	if (t->chunks->n_free > t->chunks->n_total / 4)
		c->sacked = rs_chunk_alloc(t->chunks);
	if (!c->sacked) {
		t->counters[TCP_C_SCOREBOARD_NO_CHUNK]++;
		return false;
	}
	*board(t, c) = (struct scoreboard){
		.end = c->snd_una,
		.heard_tick = rs_tcp_tick(t),
		.heard_end = c->snd_una,
		.paid_tick = rs_tcp_tick(t),
		.told = c->snd_una,
	};
	return true;
}

void rs_tcp_sack_update(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg)
{
	for (uint32_t i = 0; i < seg->n_sack; i++) {
		struct sack_block r = seg->sack[i];

		/* Only what is in flight; a report of what came twice (RFC 2883) is none. */
		if (!rs_seq_lt(r.start, r.end) || !rs_seq_gt(r.start, c->snd_una) ||
			!rs_seq_leq(r.end, c->snd_max))
			continue;
		if (!c->sacked && !begin(t, c))
			return;
		take_report(t, c, board(t, c), r);
	}
}

/* Bytes that are missing below the end of the board. */
static uint32_t missing_bytes(const struct scoreboard *b)
{
	uint32_t missing = 0;

	for (uint32_t i = 0; i < b->n; i++)
		missing += b->holes[i].end - b->holes[i].start;
	return missing;
}

uint32_t rs_tcp_sack_take_delivered(const struct tcp *t, const struct tcp_conn *c)
{
	struct scoreboard *b = board(t, c);
	uint32_t delivered = b->end - missing_bytes(b) - b->told;

	b->told += delivered;
	return delivered <= INT32_MAX ? delivered : 0; /* less than before: it was thrown away */
}

uint32_t rs_tcp_sack_not_delivered(const struct tcp *t, const struct tcp_conn *c)
{
	return c->snd_max - board(t, c)->told;
}

void rs_tcp_sack_clear(struct tcp *t, struct tcp_conn *c)
{
	if (c->sacked)
		rs_chunk_free(t->chunks, c->sacked);
	c->sacked = 0;
}

static bool nothing_is_reported(const struct tcp_conn *c, const struct scoreboard *b)
{
	return missing_bytes(b) == b->end - c->snd_una;
}

void rs_tcp_sack_acked(struct tcp *t, struct tcp_conn *c)
{
	struct scoreboard *b = board(t, c);

	if (rs_seq_lt(b->end, c->snd_una))
		b->end = c->snd_una;
	while (b->n && rs_seq_lt(b->holes[0].start, c->snd_una)) {
		heard_of(t, c, b, &b->holes[0]);
		if (rs_seq_gt(b->holes[0].end, c->snd_una))
			b->holes[0].start = c->snd_una;
		else
			remove_hole(b, 0);
	}
	if (!(c->flags & TCP_F_RECOVERY) && nothing_is_reported(c, b))
		rs_tcp_sack_clear(t, c);
}

/*
 * RFC 6675 section 4, IsLost(). Where segments are known to overtake each other, their number says
 * nothing: only time tells (RFC 8985 section 6.2).
 */
bool rs_tcp_sack_judge(const struct tcp *t, const struct tcp_conn *c)
{
	struct scoreboard *b = board(t, c);
	uint32_t n_ranges = 0, n_bytes = 0, above = b->end;
	bool is_news = false;

	if (c->reorder_steps)
		return false;
	for (uint32_t i = b->n; i-- > 0;) {
		struct hole *h = &b->holes[i];

		n_ranges += h->end != above;
		n_bytes += above - h->end;
		above = h->start;
		if (h->state == HOLE_LATE &&
			(n_ranges >= TCP_DUP_THRESH ||
				n_bytes > (TCP_DUP_THRESH - 1) * (uint32_t)c->mss)) {
			h->state = HOLE_LOST;
			is_news = true;
		}
	}
	return is_news;
}

/* The one that the peer waits for; NULL where that was reported, or nothing beyond it was. */
static const struct hole *first_hole(const struct tcp *t, const struct tcp_conn *c)
{
	const struct scoreboard *b = board(t, c);

	return b->n && b->holes[0].start == c->snd_una ? &b->holes[0] : NULL;
}

bool rs_tcp_sack_found_loss(const struct tcp *t, const struct tcp_conn *c)
{
	const struct hole *h = first_hole(t, c);

	return h && h->state == HOLE_LOST;
}

bool rs_tcp_sack_is_resent(const struct tcp *t, const struct tcp_conn *c)
{
	const struct hole *h = first_hole(t, c);

	return h && h->state == HOLE_RESENT;
}

/* RFC 6675 section 4, SetPipe() */
uint32_t rs_tcp_sack_pipe(const struct tcp *t, const struct tcp_conn *c)
{
	const struct scoreboard *b = board(t, c);
	uint32_t pipe = c->snd_max - b->end;

	for (uint32_t i = 0; i < b->n; i++) {
		if (b->holes[i].state != HOLE_LOST)
			pipe += b->holes[i].end - b->holes[i].start;
	}
	return pipe;
}

static uint32_t first_lost(const struct scoreboard *b)
{
	uint32_t i = 0;

	while (i < b->n && b->holes[i].state != HOLE_LOST)
		i++;
	return i;
}

/* RFC 6675 section 4, NextSeg() rule 1 */
bool rs_tcp_sack_next_lost(
	const struct tcp *t, const struct tcp_conn *c, uint32_t *seq, uint32_t *len)
{
	const struct scoreboard *b = board(t, c);
	uint32_t i = first_lost(b);

	if (i == b->n)
		return false;
	*seq = b->holes[i].start;
	*len = rs_min_u32(b->holes[i].end - *seq, c->mss);
	return true;
}

/* The hole that begins at seq: from there on nothing is known, or the peer has thrown it away. */
static bool open_hole(struct tcp *t, struct scoreboard *b, uint32_t seq, uint32_t end)
{
	bool is_last = seq == b->end;

	if (!has_room(t, b))
		return false;
	insert_hole(b, is_last ? b->n : 0, (struct hole){.start = seq, .end = end});
	if (is_last)
		b->end = end;
	else
		b->was_reneged = true;
	return true;
}

/*
 * What goes again now joins what did so before, where that ends. Of another time it does only where
 * there is no room, and then all of it counts as sent now.
 */
static bool joins(const struct tcp *t, const struct scoreboard *b, const struct hole *before,
	const struct hole *resent)
{
	return before->state == HOLE_RESENT && before->end == resent->start &&
	       ((before->sent_tick == resent->sent_tick && before->sent_max == resent->sent_max) ||
		       !fits(t, b, 1));
}

void rs_tcp_sack_sent_again(struct tcp *t, struct tcp_conn *c, uint32_t seq, uint32_t end)
{
	struct scoreboard *b = board(t, c);
	struct hole resent = {
		.start = seq,
		.end = end,
		.sent_max = c->snd_max,
		.sent_tick = rs_tcp_tick(t) & TICK_MASK,
		.state = HOLE_RESENT,
	};
	uint32_t i = 0;

	while (i < b->n && b->holes[i].start != seq)
		i++;
	if (i == b->n) {
		if (!open_hole(t, b, seq, end))
			return;
		i = seq == b->holes[0].start ? 0 : b->n - 1;
	}
	if (i && joins(t, b, &b->holes[i - 1], &resent)) {
		resent.start = b->holes[i - 1].start;
		b->holes[i - 1] = resent;
		b->holes[i].start = end;
		if (b->holes[i].start == b->holes[i].end)
			remove_hole(b, i);
	} else if (end == b->holes[i].end || !has_room_for(t, b, 1)) {
		/* What does not fit counts as sent, too, until it is found lost again. */
		resent.end = b->holes[i].end;
		b->holes[i] = resent;
	} else {
		b->holes[i].start = end;
		insert_hole(b, i, resent);
	}
}

uint32_t rs_tcp_sack_highest(const struct tcp *t, const struct tcp_conn *c)
{
	const struct scoreboard *b = board(t, c);
	uint32_t highest = b->end;

	for (uint32_t i = b->n; i-- > 0 && b->holes[i].end == highest;)
		highest = b->holes[i].start;
	return highest;
}

/* What may still come and begins below seq is lost. */
static void lose_below(struct scoreboard *b, uint32_t seq)
{
	for (uint32_t i = 0; i < b->n && rs_seq_lt(b->holes[i].start, seq); i++) {
		if (b->holes[i].state == HOLE_LATE)
			b->holes[i].state = HOLE_LOST;
	}
}

void rs_tcp_sack_all_lost(struct tcp *t, struct tcp_conn *c)
{
	lose_below(board(t, c), rs_tcp_sack_highest(t, c));
}

void rs_tcp_sack_none_lost(struct tcp *t, struct tcp_conn *c)
{
	struct scoreboard *b = board(t, c);

	for (uint32_t i = 0; i < b->n; i++)
		b->holes[i].state = HOLE_LATE;
}

bool rs_tcp_sack_any_lost(const struct tcp *t, const struct tcp_conn *c)
{
	const struct scoreboard *b = board(t, c);

	for (uint32_t i = 0; i < b->n; i++) {
		if (b->holes[i].state != HOLE_LATE)
			return true;
	}
	return false;
}

/* RFC 8985 section 6.2: something has come that was sent after h was sent again. */
static bool is_overtaken(
	const struct tcp *t, const struct scoreboard *b, const struct hole *h, uint32_t highest)
{
	uint32_t sent_tick = rs_tcp_tick(t) - age_of(t, h);

	return h->state == HOLE_RESENT &&
	       (rs_seq_lt(sent_tick, b->heard_tick) || rs_seq_gt(highest, h->sent_max) ||
		       (sent_tick == b->heard_tick && rs_seq_lt(h->end, b->heard_end)));
}

bool rs_tcp_sack_time_will_tell(const struct tcp *t, const struct tcp_conn *c)
{
	const struct scoreboard *b = board(t, c);
	uint32_t highest = rs_tcp_sack_highest(t, c);

	for (uint32_t i = 0; i < b->n; i++) {
		const struct hole *h = &b->holes[i];

		if (h->state == HOLE_LATE || is_overtaken(t, b, h, highest))
			return true;
	}
	return false;
}

uint32_t rs_tcp_sack_find_lost_again(const struct tcp *t, const struct tcp_conn *c, bool *pays)
{
	struct scoreboard *b = board(t, c);
	uint32_t highest = rs_tcp_sack_highest(t, c);
	uint32_t limit_us = (c->srtt_us8 >> 3) + rs_tcp_reorder_window_us(c);
	uint32_t limit = (limit_us >> WHEEL_TICK_SHIFT) + 1;
	uint32_t n_lost = 0;

	*pays = false;
	for (uint32_t i = 0; i < b->n; i++) {
		struct hole *h = &b->holes[i];

		if (!is_overtaken(t, b, h, highest) || age_of(t, h) <= limit)
			continue;
		*pays |= rs_tcp_tick(t) - b->paid_tick >= age_of(t, h);
		h->state = HOLE_LOST;
		n_lost++;
	}
	if (*pays)
		b->paid_tick = rs_tcp_tick(t);
	return n_lost;
}

void rs_tcp_sack_start_window(struct tcp *t, struct tcp_conn *c, uint32_t rto_tick)
{
	struct scoreboard *b = board(t, c);

	b->mark = b->end;
	b->rto_tick = rto_tick;
}

void rs_tcp_sack_end_window(struct tcp *t, struct tcp_conn *c)
{
	lose_below(board(t, c), board(t, c)->mark);
}

uint32_t rs_tcp_sack_rto_tick(const struct tcp *t, const struct tcp_conn *c)
{
	return board(t, c)->rto_tick;
}

uint32_t rs_tcp_sack_gap(const struct tcp *t, const struct tcp_conn *c)
{
	const struct scoreboard *b = board(t, c);

	if (!b->n)
		return c->snd_max - c->snd_una;
	return (first_hole(t, c) ? b->holes[0].end : b->holes[0].start) - c->snd_una;
}

bool rs_tcp_sack_is_reneged(const struct tcp *t, const struct tcp_conn *c)
{
	return board(t, c)->end != c->snd_una && !first_hole(t, c);
}

/* All that was not reported, whatever came of it before. False: there is no room to note that. */
static bool lose_all(struct tcp *t, const struct tcp_conn *c, struct scoreboard *b)
{
	if (b->end != c->snd_max && !open_hole(t, b, b->end, c->snd_max))
		return false;
	for (uint32_t i = 0; i < b->n; i++)
		b->holes[i].state = HOLE_LOST;
	return true;
}

bool rs_tcp_sack_start_over(struct tcp *t, struct tcp_conn *c)
{
	struct scoreboard *b = board(t, c);

	/*
	 * RFC 2018 section 8: the peer may throw away what it has reported. It must have where it
	 * waits for just that, and it may have where this is the second timeout in a row.
	 */
	if (!nothing_is_reported(c, b) && !rs_tcp_sack_is_reneged(t, c) && !b->was_reneged &&
		!(c->flags & TCP_F_RETRIED) && lose_all(t, c, b))
		return true;
	rs_tcp_sack_clear(t, c);
	return false;
}

bool rs_tcp_sack_take_over(struct tcp *t, struct tcp_conn *c)
{
	struct scoreboard *b = board(t, c);
	uint32_t i;

	if (!lose_all(t, c, b))
		return false;
	while ((i = first_lost(b)) < b->n && rs_seq_lt(b->holes[i].start, c->snd_nxt)) {
		uint32_t end = b->holes[i].end;

		rs_tcp_sack_sent_again(
			t, c, b->holes[i].start, rs_seq_lt(end, c->snd_nxt) ? end : c->snd_nxt);
	}
	return true;
}
