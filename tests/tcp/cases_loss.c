/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments of ours get lost, and how fast we send then: RFC 5681, 6582, 3042. */
#include <string.h>

#include "cases.h"

static void duplicate_acks(struct rig *r, uint32_t n, uint32_t ack)
{
	for (uint32_t i = 0; i < n; i++)
		IN(TCP_ACK, .seq = 1, .ack = ack);
}

static void fast_retransmit(struct rig *r)
{
	OPEN(0);
	SEGMENTS(10);
	duplicate_acks(r, 2, 1);
	QUIET();
	duplicate_acks(r, 1, 1); /* RFC 5681 section 3.2 */
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	QUIET();
	EQ(r->p->conn->ssthresh, 7 * r->mss); /* RFC 9438 section 4.6 */
	EQ(r->p->conn->cwnd, 10 * r->mss);
	duplicate_acks(r, 6, 1);
	QUIET(); /* all is sent */
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	QUIET();
	TRUE(r->p->conn->cwnd <= 5 * r->mss); /* RFC 6582 section 3.2 step 3 */
	EQ(COUNTER(TIMEOUTS), 0);
	EQ(COUNTER(FAST_RETRANSMITS), 1);
}

/* Four small segments on their way, of one that could hold them all. */
static void send_small(struct rig *r)
{
	for (uint32_t i = 0; i < 4; i++) {
		if (i == SENDQ_SLICES) /* the queue is short */
			IN(TCP_ACK, .seq = 1, .ack = 101);
		rig_write(r, 100);
		OUT(TCP_ACK, .seq = 1 + i * 100, .ack = 1, .len = 100);
	}
}

static void small_segments_go_again_as_one(struct rig *r)
{
	OPEN(0);
	send_small(r);
	duplicate_acks(r, 3, 101);
	OUT(TCP_ACK, .seq = 101, .ack = 1, .len = 300);
	IN(TCP_ACK, .seq = 1, .ack = 401);
	STATE(TCP_ESTABLISHED);
}

static void fin_goes_again_with_the_last_data(struct rig *r)
{
	OPEN(0);
	send_small(r);
	rig_close(r);
	OUT(FIN_ACK, .seq = 401, .ack = 1);
	duplicate_acks(r, 3, 101);
	OUT(FIN_ACK, .seq = 101, .ack = 1, .len = 300);
	IN(TCP_ACK, .seq = 1, .ack = 402);
	STATE(TCP_FIN_WAIT_2);
}

static void fin_does_not_go_again_in_the_middle(struct rig *r)
{
	OPEN(0);
	rig_write(r, 5 * r->mss);
	rig_close(r);
	rig_drop_output(r);
	duplicate_acks(r, 3, 1);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 4 * r->mss);
	OUT(FIN_ACK, .seq = 1 + 4 * r->mss, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 2 + 5 * r->mss);
	STATE(TCP_FIN_WAIT_2);
}

static void recovery_sends_new_data(struct rig *r)
{
	OPEN(0);
	rig_write(r, 30 * r->mss);
	rig_drop_output(r); /* ten are on their way */
	duplicate_acks(r, 2, 1);
	rig_drop_output(r); /* two more by limited transmit */
	duplicate_acks(r, 1, 1);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	/* RFC 5681 section 3.2 step 2: those two do not count; RFC 9438 section 4.6: ssthresh is 7
	 * of 10. The window is 7 + 3 and one for each further duplicate: step 4. */
	EQ(r->p->conn->ssthresh, 7 * r->mss);
	duplicate_acks(r, 2, 1);
	QUIET(); /* 12 are out */
	duplicate_acks(r, 2, 1);
	OUT(TCP_ACK, .seq = 1 + 12 * r->mss, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = 1 + 13 * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	/* A full acknowledgement: the window deflates to ssthresh at most. */
	IN(TCP_ACK, .seq = 1, .ack = 1 + 12 * r->mss);
	TRUE(r->p->conn->cwnd <= 7 * r->mss);
	rig_drop_output(r);
	TRUE(r->p->conn->snd_max - r->p->our_isn <= 1 + (12 + 7) * r->mss);
}

static void partial_acks(struct rig *r)
{
	OPEN(0);
	SEGMENTS(10);
	duplicate_acks(r, 3, 1);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 4 * r->mss); /* the fifth was lost as well */
	OUT(TCP_ACK, .seq = 1 + 4 * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + 8 * r->mss); /* and the ninth */
	OUT(TCP_ACK, .seq = 1 + 8 * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	EQ(COUNTER(TIMEOUTS), 0);
	EQ(COUNTER(FAST_RETRANSMITS), 1);
	EQ(COUNTER(RETRANSMITTED), 3);
}

static void limited_transmit(struct rig *r)
{
	OPEN(0);
	rig_write(r, 20 * r->mss);
	rig_drop_output(r);
	duplicate_acks(r, 1, 1);
	OUT(TCP_ACK, .seq = 1 + 10 * r->mss, .ack = 1, .len = r->mss); /* RFC 3042 */
	duplicate_acks(r, 1, 1);
	OUT(TCP_ACK, .seq = 1 + 11 * r->mss, .ack = 1, .len = r->mss);
	duplicate_acks(r, 1, 1);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	QUIET();
}

static void not_every_ack_is_a_duplicate(struct rig *r)
{
	OPEN(0);
	SEGMENTS(10);
	/* RFC 5681 section 2: (a) data outstanding, (b) no data, (e) the same window */
	for (uint32_t i = 0; i < 6; i++)
		IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 60000 + i);
	for (uint32_t i = 0; i < 6; i++)
		IN(TCP_ACK, .seq = 1 + i, .ack = 1, .len = 1, .wnd = 60005);
	EQ(COUNTER(FAST_RETRANSMITS), 0);
	EQ(COUNTER(DUP_ACKS_IN), 0);
	IN(TCP_ACK, .seq = 7, .ack = 1 + 10 * r->mss);
	rig_drop_output(r);
	for (uint32_t i = 0; i < 6; i++)
		IN(TCP_ACK, .seq = 7, .ack = 1 + 10 * r->mss);
	EQ(COUNTER(DUP_ACKS_IN), 0);
	MS(50);
	rig_drop_output(r);
}

/*
 * On a long way the first segment of a burst is lost: the timeout counts from when it was sent
 * again, or it would come before the answer to that can.
 */
static void timeout_counts_from_the_retransmission(struct rig *r)
{
	uint32_t start;

	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	MS(600);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	for (start = 1; start < 2001; start += 100) { /* until the round trip is known well */
		rig_write(r, 100);
		rig_drop_output(r);
		MS(600);
		IN(TCP_ACK, .seq = 1, .ack = start + 100);
	}
	rig_write(r, 5 * r->mss);
	rig_drop_output(r);
	MS(600);
	for (uint32_t i = 0; i < 4; i++)
		IN(TCP_ACK, .seq = 1, .ack = start);
	OUT(TCP_ACK, .seq = start, .ack = 1, .len = r->mss);
	MS(600);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = start + 5 * r->mss);
	EQ(COUNTER(TIMEOUTS), 0);
	EQ(COUNTER(RETRANSMITTED), 1);
}

static void new_ack_resets_the_count(struct rig *r)
{
	OPEN(0);
	SEGMENTS(10);
	duplicate_acks(r, 2, 1);
	duplicate_acks(r, 1, 1 + r->mss);
	duplicate_acks(r, 2, 1 + r->mss);
	QUIET();
	EQ(COUNTER(FAST_RETRANSMITS), 0);
	duplicate_acks(r, 1, 1 + r->mss);
	OUT(TCP_ACK, .seq = 1 + r->mss, .ack = 1, .len = r->mss);
}

static void duplicates_of_before_a_timeout(struct rig *r)
{
	OPEN(0);
	SEGMENTS(10);
	WAIT(200);
	rig_drop_output(r);
	duplicate_acks(r, 5, 1);
	EQ(COUNTER(FAST_RETRANSMITS), 0); /* RFC 6582 section 3.2 step 1 */
	rig_drop_output(r);
}

static void timeout_in_recovery(struct rig *r)
{
	OPEN(0);
	SEGMENTS(10);
	duplicate_acks(r, 3, 1);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	WAIT(200); /* the retransmission is lost, too */
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	QUIET();
	EQ(r->p->conn->cwnd, r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	EQ(r->p->conn->sendq.n_bytes, 0);
}

/* The peer acknowledges what is on its way, segment by segment. Returns how many there were. */
static uint32_t ack_one_round(struct rig *r)
{
	uint32_t n = r->t.n_tx;
	uint32_t seq = r->tx[0].seq - r->p->our_isn;

	rig_drop_output(r);
	for (uint32_t i = 1; i <= n; i++)
		IN(TCP_ACK, .seq = 1, .ack = seq + i * r->mss);
	return n;
}

/* No time passes: CUBIC goes as Reno would (RFC 9438 section 4.3). */
static void growth_after_a_timeout(struct rig *r)
{
	static const uint32_t rounds[] = {1, 2, 4, 7, 7, 8, 8, 9, 9, 10, 11};

	OPEN(0);
	rig_write(r, 80 * r->mss);
	rig_drop_output(r);
	WAIT(200);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	WAIT(400); /* the second timeout takes nothing more: RFC 5681 section 3.1, end */
	EQ(r->p->conn->ssthresh, 7 * r->mss);
	/* Slow start up to seven segments; up to the ten that got lost 9/17 more a round, then one.
	 */
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(rounds); i++)
		EQ(ack_one_round(r), rounds[i]);
	rig_drop_output(r);
}

static void lost_fin(struct rig *r)
{
	OPEN(0);
	rig_write(r, 100);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	rig_close(r);
	OUT(FIN_ACK, .seq = 101, .ack = 1);
	IN(TCP_ACK, .seq = 1, .ack = 101);
	WAIT(200);
	OUT(FIN_ACK, .seq = 101, .ack = 1);
	WAIT(400);
	OUT(FIN_ACK, .seq = 101, .ack = 1);
	IN(TCP_ACK, .seq = 1, .ack = 102);
	STATE(TCP_FIN_WAIT_2);
}

static void lost_data_and_fin(struct rig *r)
{
	OPEN(0);
	rig_write(r, 100);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	rig_close(r);
	OUT(FIN_ACK, .seq = 101, .ack = 1);
	WAIT(200);
	OUT(FIN_ACK, .seq = 1, .ack = 1, .len = 100);
	IN(TCP_ACK, .seq = 1, .ack = 102);
	STATE(TCP_FIN_WAIT_2);
}

static void ack_of_what_a_timeout_took_back(struct rig *r)
{
	/* After the timeout SND.NXT has fallen back; the ACK for all of it arrives late. */
	OPEN(0);
	SEGMENTS(5);
	WAIT(200);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 5 * r->mss);
	QUIET();
	EQ(COUNTER(CHALLENGE_ACKS), 0);
	rig_write(r, 10);
	OUT(TCP_ACK, .seq = 1 + 5 * r->mss, .ack = 1, .len = 10);
}

/* 100 bytes in a chunk that they own, as an answer that was rendered. */
static void write_chunk(struct rig *r)
{
	uint8_t *room = rs_sendq_reserve(&r->p->conn->sendq, &r->chunks, 100);

	TRUE(room);
	memcpy(room, rig_pattern, 100);
	rs_sendq_commit(&r->p->conn->sendq, 100, &r->chunks);
	rs_tcp_send(&r->t, r->p->conn);
	rig_flush(r);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
}

/* A descriptor must not outlive the chunk that it points to: others write to it in the same turn.
 */
static void acked_in_the_turn_of_its_loss(struct rig *r)
{
	uint32_t n_free = r->chunks.n_free;

	OPEN(0);
	write_chunk(r);
	r->no_flush = true;
	for (uint32_t i = 0; i < 3; i++)
		IN(TCP_ACK, .seq = 1, .ack = 1);
	EQ(COUNTER(FAST_RETRANSMITS), 1);
	IN(TCP_ACK, .seq = 1, .ack = 101);
	EQ(r->chunks.n_free, n_free);
	r->no_flush = false;
	FLUSH();
	QUIET();
}

static void reset_in_the_turn_of_its_loss(struct rig *r)
{
	uint32_t n_free = r->chunks.n_free;

	OPEN(0);
	write_chunk(r);
	r->no_flush = true;
	for (uint32_t i = 0; i < 3; i++)
		IN(TCP_ACK, .seq = 1, .ack = 1);
	IN(TCP_RST, .seq = 1);
	TRUE(r->p->gone);
	EQ(r->chunks.n_free, n_free);
	r->no_flush = false;
	FLUSH();
	QUIET();
}

/* The same for a probe: what the timer wants is said only when the turn ends. */
static void aborted_in_the_turn_of_its_probe(struct rig *r)
{
	struct tcp_conn *conn;

	OPEN(0);
	write_chunk(r);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
	r->t.now_us += 10000000;
	while (rs_tcp_expire(&r->t, &conn))
		;
	QUIET();
	rig_abort(r);
	OUT(RST_ACK, .seq = 1, .ack = 1);
	QUIET();
}

const struct tcp_case loss_cases[] = {
	{"acked_in_the_turn_of_its_loss", acked_in_the_turn_of_its_loss, NULL, 0},
	{"reset_in_the_turn_of_its_loss", reset_in_the_turn_of_its_loss, NULL, 0},
	{"aborted_in_the_turn_of_its_probe", aborted_in_the_turn_of_its_probe, NULL, 0},
	{"fast_retransmit", fast_retransmit, NULL, 0},
	{"small_segments_go_again_as_one", small_segments_go_again_as_one, NULL, 0},
	{"fin_goes_again_with_the_last_data", fin_goes_again_with_the_last_data, NULL, 0},
	{"fin_does_not_go_again_in_the_middle", fin_does_not_go_again_in_the_middle, NULL, 0},
	{"recovery_sends_new_data", recovery_sends_new_data, NULL, 0},
	{"partial_acks", partial_acks, NULL, 0},
	{"limited_transmit", limited_transmit, NULL, 0},
	{"not_every_ack_is_a_duplicate", not_every_ack_is_a_duplicate, NULL, 0},
	{"timeout_counts_from_the_retransmission", timeout_counts_from_the_retransmission, NULL, 0},
	{"new_ack_resets_the_count", new_ack_resets_the_count, NULL, 0},
	{"duplicates_of_before_a_timeout", duplicates_of_before_a_timeout, NULL, 0},
	{"timeout_in_recovery", timeout_in_recovery, NULL, 0},
	{"growth_after_a_timeout", growth_after_a_timeout, NULL, 0},
	{"lost_fin", lost_fin, NULL, 0},
	{"lost_data_and_fin", lost_data_and_fin, NULL, 0},
	{"ack_of_what_a_timeout_took_back", ack_of_what_a_timeout_took_back, NULL, 0},
	{0},
};
