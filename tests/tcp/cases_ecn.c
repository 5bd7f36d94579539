/* SPDX-License-Identifier: BSD-2-Clause */
/* Routers mark instead of dropping: RFC 3168, with RFC 8311 and RFC 8511. */
#include "cases.h"

#define ASK     (TCP_SYN | TCP_ECE | TCP_CWR) /* RFC 3168 section 6.1.1: ECN-setup SYN */
#define AGREE   (SYN_ACK | TCP_ECE)           /* ECN-setup SYN-ACK */
#define ACK_ECE (TCP_ACK | TCP_ECE)

#define COOKIE_OPTS (TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_TS | TCP_OPT_SACK_OK)

/* A SYN without timestamps, which cookies would need, and its answer. */
static void syn(struct rig *r, uint8_t flags, uint8_t opts, uint8_t answer)
{
	IN(flags, .opts = TCP_OPT_MSS | opts, .mss = 1460);
	OUT(answer, .ack = 1, .opts = (uint8_t)((TCP_OPT_MSS | opts) & ~TCP_OPT_CE),
		.mss = (uint16_t)r->mss);
}

static void opened(struct rig *r)
{
	IN(TCP_ACK, .seq = 1, .ack = 1);
	EVENTS(TCP_EV_OPENED);
}

static void open_ecn(struct rig *r, uint8_t opts)
{
	syn(r, ASK, opts, AGREE);
	opened(r);
}

/* Whole segments from number first on, counted from 0, all new. */
static void expect_new(struct rig *r, uint32_t first, uint32_t n, uint8_t flags_of_first)
{
	for (uint32_t i = 0; i < n; i++) {
		OUT(TCP_ACK | (i ? 0 : flags_of_first), .seq = 1 + (first + i) * r->mss, .ack = 1,
			.len = r->mss, .is_ect = true);
	}
	QUIET();
}

static void ack(struct rig *r, uint8_t flags, uint32_t n_segments)
{
	IN(flags, .seq = 1, .ack = 1 + n_segments * r->mss);
}

/* There is more to send than the initial window, of ten segments. */
static void open_and_fill(struct rig *r, uint8_t opts)
{
	open_ecn(r, opts);
	rig_write(r, 30 * r->mss);
	expect_new(r, 0, 10, 0);
}

static void cwnd_is(struct rig *r, uint32_t n_segments)
{
	EQ(r->p->conn->cwnd, n_segments * r->mss);
}

/* ---- whether ---- */

static void agreed_where_asked(struct rig *r)
{
	open_ecn(r, 0);
	EQ(COUNTER(ECN_AGREED), 1);
	rig_write(r, 100); /* the short way */
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 100, .is_ect = true);
	rig_write(r, 100); /* the long one */
	OUT(TCP_ACK, .seq = 101, .ack = 1, .len = 100, .is_ect = true);
}

/* Data that is not ECT, and neither ECE nor CE mean anything. */
static void expect_no_ecn(struct rig *r)
{
	uint32_t cwnd = r->p->conn->cwnd;

	EQ(COUNTER(ECN_AGREED), 0);
	rig_write(r, 3 * r->mss);
	for (uint32_t i = 0; i < 3; i++)
		OUT(TCP_ACK, .seq = 1 + i * r->mss, .ack = 1, .len = r->mss);
	ack(r, ACK_ECE, 1);
	TRUE(r->p->conn->cwnd >= cwnd);
	IN(TCP_ACK | TCP_CWR, .seq = 1, .ack = 1 + 3 * r->mss, .len = 1, .opts = TCP_OPT_CE);
	WAIT(40); /* delayed: no mark hurries it */
	OUT(TCP_ACK, .seq = 1 + 3 * r->mss, .ack = 2);
	EQ(COUNTER(ECN_REDUCTIONS) + COUNTER(ECN_MARKED_IN), 0);
}

/* Whatever stands in the SYN, but for what asks. */
static void not_agreed_otherwise(struct rig *r)
{
	syn(r, (uint8_t)(r->arg & 0xff), (uint8_t)(r->arg >> 8), SYN_ACK);
	opened(r);
	expect_no_ecn(r);
}

static void tune_off(struct rig *r)
{
	r->cfg.ecn = false;
}

/* RFC 3168 section 6.1.1.1: who gets no answer asks for less. */
static void asked_no_more(struct rig *r)
{
	syn(r, ASK, 0, AGREE);
	syn(r, TCP_SYN, 0, SYN_ACK);
	syn(r, ASK, 0, SYN_ACK); /* late, and it changes nothing */
	opened(r);
	expect_no_ecn(r);
}

static void asked_twice(struct rig *r)
{
	syn(r, ASK, 0, AGREE);
	syn(r, ASK, 0, AGREE);
	WAIT(1000);
	OUT(AGREE, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	EQ(COUNTER(ECN_AGREED), 1);
}

static void connect_without(struct rig *r)
{
	rig_connect(r);
	OUT(TCP_SYN, .opts = COOKIE_OPTS, .mss = (uint16_t)r->mss, .wscale = r->t.rcv_wscale);
}

/* We never ask: what the SYN-ACK says is no agreement. */
static void not_in_active_opens(struct rig *r)
{
	connect_without(r);
	IN(AGREE, .ack = 1, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	EVENTS(TCP_EV_OPENED);
	expect_no_ecn(r);
}

/* RFC 3168 section 6.1.1: a host whose SYN did not ask is not asked in turn. */
static void not_in_simultaneous_opens(struct rig *r)
{
	connect_without(r);
	syn(r, ASK, 0, SYN_ACK);
	opened(r);
	expect_no_ecn(r);
}

static void in_a_cookie(struct rig *r)
{
	rig_fill_backlog(r);
	IN(ASK, .opts = COOKIE_OPTS, .mss = 1460, .wscale = 9);
	OUT(AGREE, .ack = 1, .opts = COOKIE_OPTS, .mss = (uint16_t)r->mss);
	/* Its first segment is marked at once. */
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 5, .opts = TCP_OPT_CE);
	EVENTS(TCP_EV_OPENED | TCP_EV_DATA);
	OUT(ACK_ECE, .seq = 1, .ack = 6);
	rig_write(r, 100);
	OUT(ACK_ECE, .seq = 1, .ack = 6, .len = 100, .is_ect = true);
	EQ(COUNTER(ECN_AGREED), 1);
}

static void complete_without(struct rig *r)
{
	IN(TCP_ACK, .seq = 1, .ack = 1);
	rig_write(r, 100);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	EQ(COUNTER(ECN_AGREED), 0);
}

static void not_in_the_cookie_of_others(struct rig *r)
{
	rig_fill_backlog(r);
	IN(TCP_SYN, .opts = COOKIE_OPTS, .mss = 1460, .wscale = 9);
	OUT(SYN_ACK, .ack = 1, .opts = COOKIE_OPTS, .mss = (uint16_t)r->mss);
	complete_without(r);
}

/* There is nowhere to remember it: it must not be promised. */
static void not_in_a_cookie_without_timestamps(struct rig *r)
{
	rig_fill_backlog(r);
	syn(r, ASK, 0, SYN_ACK);
	complete_without(r);
}

static void after_time_wait(struct rig *r)
{
	open_ecn(r, 0);
	CLOSE();
	STATE(TCP_TIME_WAIT);
	rig_reopen(r, r->isn + 100000);
	open_ecn(r, 0);
	EQ(COUNTER(TIME_WAIT_REUSED), 1);
	EQ(COUNTER(ECN_AGREED), 2);
}

/* ---- what may be marked ---- */

/* RFC 3168 sections 6.1.4 and 6.1.5 */
static void nothing_but_new_data(struct rig *r)
{
	open_ecn(r, 0);
	rig_write(r, 2 * r->mss);
	expect_new(r, 0, 2, 0);
	WAIT(200);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss); /* again */
	ack(r, TCP_ACK, 1);
	OUT(TCP_ACK, .seq = 1 + r->mss, .ack = 1, .len = r->mss);
	ack(r, TCP_ACK, 2);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 2 * r->mss, .len = 3000);
	OUT(TCP_ACK, .seq = 1 + 2 * r->mss, .ack = 3001);
	rig_close(r);
	OUT(FIN_ACK, .seq = 1 + 2 * r->mss, .ack = 3001);
}

/* RFC 3168 section 6.1.6 */
static void no_window_probe(struct rig *r)
{
	open_ecn(r, 0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND, .len = 1);
	MS(50);
	rig_drop_output(r);
	rig_write(r, 100);
	WAIT(200);
	OUT(TCP_ACK, .seq = 1, .ack = 2, .len = 1);
	IN(TCP_ACK, .seq = 2, .ack = 2);
	OUT(TCP_ACK, .seq = 2, .ack = 2, .len = 99, .is_ect = true);
}

/* ---- the peer tells of marks ---- */

/* In slow start as much as for a loss, and CWR with the first new bytes. */
static void the_window_becomes_smaller(struct rig *r)
{
	open_and_fill(r, 0);
	ack(r, ACK_ECE, 2);
	QUIET();
	cwnd_is(r, 7);
	EQ(r->p->conn->ssthresh, 7 * r->mss);
	ack(r, ACK_ECE, 3); /* the same round trip */
	QUIET();
	cwnd_is(r, 7);
	ack(r, ACK_ECE, 5);
	expect_new(r, 10, 2, TCP_CWR);
	ack(r, ACK_ECE, 10);
	expect_new(r, 12, 5, 0);
	cwnd_is(r, 7); /* section 6.1.2: nor does it grow */
	EQ(COUNTER(ECN_REDUCTIONS), 1);
	ack(r, TCP_ACK, 12); /* the peer has seen CWR */
	TRUE(!(r->p->conn->flags & TCP_F_RECOVER));
	EQ(COUNTER(RETRANSMITTED) + COUNTER(FAST_RETRANSMITS) + COUNTER(TIMEOUTS), 0);
}

/* The next round trip, in congestion avoidance: RFC 8511 section 3. */
static void and_smaller_again(struct rig *r)
{
	open_and_fill(r, 0);
	ack(r, ACK_ECE, 1);
	ack(r, ACK_ECE, 10);
	expect_new(r, 10, 7, TCP_CWR);
	ack(r, ACK_ECE, 11); /* of what CWR came with: another mark */
	EQ(r->p->conn->cwnd, 7 * r->mss / 20 * 17);
	EQ(COUNTER(ECN_REDUCTIONS), 2);
	ack(r, TCP_ACK, 13);
	expect_new(r, 17, 1, TCP_CWR);
}

static void not_below_two_segments(struct rig *r)
{
	uint32_t at = 0;

	open_ecn(r, 0);
	rig_write(r, 60 * r->mss);
	for (uint32_t n = 10; at + n < 60; n = r->t.n_tx) {
		rig_drop_output(r);
		at += n;
		ack(r, ACK_ECE, at);
		TRUE(r->p->conn->cwnd >= 2 * r->mss);
	}
	EQ(r->p->conn->cwnd, 2 * r->mss);
}

/* It goes on to tell until CWR comes, also where it has nothing of ours to acknowledge. */
static void nothing_on_its_way(struct rig *r)
{
	open_ecn(r, 0);
	IN(ACK_ECE, .seq = 1, .ack = 1, .len = 10);
	cwnd_is(r, 10);
	rig_write(r, 100);
	OUT(TCP_ACK, .seq = 1, .ack = 11, .len = 100, .is_ect = true);
	IN(ACK_ECE, .seq = 11, .ack = 101);
	cwnd_is(r, 7);
	IN(ACK_ECE, .seq = 11, .ack = 101, .len = 10);
	rig_write(r, 100); /* the short way */
	OUT(TCP_ACK | TCP_CWR, .seq = 101, .ack = 21, .len = 100, .is_ect = true);
	rig_write(r, 100);
	OUT(TCP_ACK, .seq = 201, .ack = 21, .len = 100, .is_ect = true);
	cwnd_is(r, 7);
	EQ(COUNTER(ECN_REDUCTIONS), 1);
}

/* A loss in the round trip of a mark: it is repaired, and the window made smaller once. */
static void a_mark_then_a_loss(struct rig *r)
{
	open_and_fill(r, TCP_OPT_SACK_OK);
	ack(r, ACK_ECE, 1);
	cwnd_is(r, 7);
	IN(ACK_ECE, .seq = 1, .ack = 1 + r->mss, .n_sack = 1,
		.sack = {{1 + 2 * r->mss, 1 + 8 * r->mss}});
	OUT(TCP_ACK, .seq = 1 + r->mss, .ack = 1, .len = r->mss);
	EQ(r->p->conn->ssthresh, 7 * r->mss);
	rig_drop_output(r);
	ack(r, TCP_ACK, 10);
	rig_drop_output(r);
	EQ(COUNTER(FAST_RETRANSMITS), 1);
	EQ(COUNTER(TIMEOUTS), 0);
}

static void a_loss_then_a_mark(struct rig *r)
{
	open_and_fill(r, 0);
	for (uint32_t i = 0; i < 3; i++)
		ack(r, TCP_ACK, 0);
	rig_drop_output(r);
	EQ(r->p->conn->ssthresh, 7 * r->mss);
	ack(r, ACK_ECE, 3);
	ack(r, ACK_ECE, 10);
	EQ(r->p->conn->ssthresh, 7 * r->mss);
	EQ(COUNTER(ECN_REDUCTIONS), 0);
}

/* RFC 3168 section 6.1.2: CWR after whatever has made it smaller. */
static void cwr_after_a_timeout(struct rig *r)
{
	open_ecn(r, 0);
	rig_write(r, 4 * r->mss);
	expect_new(r, 0, 4, 0);
	WAIT(200);
	rig_drop_output(r);
	ack(r, TCP_ACK, 4);
	rig_write(r, r->mss);
	expect_new(r, 4, 1, TCP_CWR);
}

static void tune_tso(struct rig *r)
{
	r->cfg.tso_bytes = 64000;
}

/* What ports cut may carry CWR in all its pieces: the first goes alone. */
static void cwr_is_not_cut(struct rig *r)
{
	open_ecn(r, 0);
	rig_write(r, 40 * r->mss);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 10 * r->mss, .is_ect = true);
	ack(r, ACK_ECE, 10);
	OUT(TCP_ACK | TCP_CWR, .seq = 1 + 10 * r->mss, .ack = 1, .len = r->mss, .is_ect = true);
	OUT(TCP_ACK, .seq = 1 + 11 * r->mss, .ack = 1, .len = 6 * r->mss, .is_ect = true);
}

/* ---- routers have marked what the peer sends ---- */

/* RFC 3168 section 6.1.3: in every ACK until CWR. */
static void marks_are_told(struct rig *r)
{
	open_ecn(r, 0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .opts = TCP_OPT_CE);
	OUT(ACK_ECE, .seq = 1, .ack = 11); /* at once */
	IN(TCP_ACK, .seq = 11, .ack = 1, .len = 10);
	WAIT(40);
	OUT(ACK_ECE, .seq = 1, .ack = 21);
	rig_write(r, 100);
	OUT(ACK_ECE, .seq = 1, .ack = 21, .len = 100, .is_ect = true);
	IN(TCP_ACK | TCP_CWR, .seq = 21, .ack = 101, .len = 10);
	OUT(TCP_ACK, .seq = 101, .ack = 31);
	EQ(COUNTER(ECN_MARKED_IN), 1);
	/* What says CWR may be marked itself. */
	IN(TCP_ACK, .seq = 31, .ack = 101, .len = 10, .opts = TCP_OPT_CE);
	OUT(ACK_ECE, .seq = 101, .ack = 41);
	IN(TCP_ACK | TCP_CWR, .seq = 41, .ack = 101, .len = 10, .opts = TCP_OPT_CE);
	OUT(ACK_ECE, .seq = 101, .ack = 51);
	rig_close(r);
	OUT(FIN_ACK | TCP_ECE, .seq = 101, .ack = 51);
	EQ(COUNTER(ECN_MARKED_IN), 3);
}

/* Beyond a gap, too: its mark is as good as any. */
static void marks_beyond_a_gap(struct rig *r)
{
	open_ecn(r, 0);
	IN(TCP_ACK, .seq = 11, .ack = 1, .len = 10, .opts = TCP_OPT_CE);
	OUT(ACK_ECE, .seq = 1, .ack = 1);
	rig_drop_output(r);
	EQ(COUNTER(ECN_MARKED_IN), 1);
}

/* RFC 3168 sections 6.1.4 and 6.1.5: on an ACK, or out of the window, nothing is meant by it. */
static void marks_that_do_not_count(struct rig *r)
{
	open_ecn(r, 0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .opts = TCP_OPT_CE);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
	MS(50);
	OUT(TCP_ACK, .seq = 1, .ack = 11);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .opts = TCP_OPT_CE); /* all of it old */
	OUT(TCP_ACK, .seq = 1, .ack = 11);
	IN(TCP_ACK, .seq = 200000, .ack = 1, .len = 10, .opts = TCP_OPT_CE);
	OUT(TCP_ACK, .seq = 1, .ack = 11);
	EQ(COUNTER(ECN_MARKED_IN), 0);
	IN(TCP_ACK, .seq = 11, .ack = 1, .len = 10, .opts = TCP_OPT_CE);
	OUT(ACK_ECE, .seq = 1, .ack = 21);
	IN(TCP_ACK | TCP_CWR, .seq = 21, .ack = 1); /* CWR comes with data */
	IN(TCP_ACK, .seq = 21, .ack = 1, .len = 10);
	MS(50);
	OUT(ACK_ECE, .seq = 1, .ack = 31);
}

#define SYN_OF(flags, opts) ((uint32_t)(opts) << 8 | TCP_SYN | (flags))

const struct tcp_case ecn_cases[] = {
	{"agreed_where_asked", agreed_where_asked, NULL, 0},
	{"syn_with_neither", not_agreed_otherwise, NULL, SYN_OF(0, 0)},
	{"syn_with_ece_only", not_agreed_otherwise, NULL, SYN_OF(TCP_ECE, 0)},
	{"syn_with_cwr_only", not_agreed_otherwise, NULL, SYN_OF(TCP_CWR, 0)},
	{"syn_that_is_marked", not_agreed_otherwise, NULL, SYN_OF(TCP_ECE | TCP_CWR, TCP_OPT_CE)},
	{"off", not_agreed_otherwise, tune_off, SYN_OF(TCP_ECE | TCP_CWR, 0)},
	{"asked_no_more", asked_no_more, NULL, 0},
	{"asked_twice", asked_twice, NULL, 0},
	{"not_in_active_opens", not_in_active_opens, NULL, 0},
	{"not_in_simultaneous_opens", not_in_simultaneous_opens, NULL, 0},
	{"in_a_cookie", in_a_cookie, NULL, 0},
	{"not_in_the_cookie_of_others", not_in_the_cookie_of_others, NULL, 0},
	{"not_in_a_cookie_without_timestamps", not_in_a_cookie_without_timestamps, NULL, 0},
	{"after_time_wait", after_time_wait, NULL, 0},
	{"nothing_but_new_data", nothing_but_new_data, NULL, 0},
	{"no_window_probe", no_window_probe, NULL, 0},
	{"the_window_becomes_smaller", the_window_becomes_smaller, NULL, 0},
	{"and_smaller_again", and_smaller_again, NULL, 0},
	{"not_below_two_segments", not_below_two_segments, NULL, 0},
	{"nothing_on_its_way", nothing_on_its_way, NULL, 0},
	{"a_mark_then_a_loss", a_mark_then_a_loss, NULL, 0},
	{"a_loss_then_a_mark", a_loss_then_a_mark, NULL, 0},
	{"cwr_after_a_timeout", cwr_after_a_timeout, NULL, 0},
	{"cwr_is_not_cut", cwr_is_not_cut, tune_tso, 0},
	{"marks_are_told", marks_are_told, NULL, 0},
	{"marks_beyond_a_gap", marks_beyond_a_gap, NULL, 0},
	{"marks_that_do_not_count", marks_that_do_not_count, NULL, 0},
	{0},
};
