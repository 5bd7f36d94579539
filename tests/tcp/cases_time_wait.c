/* SPDX-License-Identifier: BSD-2-Clause */
/* TIME-WAIT: RFC 9293 sections 3.6.1 and 3.10.7.4, 6191, 1337. */
#include "cases.h"

static void to_time_wait(struct rig *r, uint8_t opts)
{
	OPEN(opts);
	CLOSE();
	STATE(TCP_TIME_WAIT);
	EQ(r->t.n_conns, 0);
}

static void it_ends(struct rig *r)
{
	to_time_wait(r, 0);
	MS(r->cfg.time_wait_ms - 3);
	STATE(TCP_TIME_WAIT);
	MS(10);
	STATE(TCP_CLOSED);
	IN(FIN_ACK, .seq = 1, .ack = 2);
	OUT(TCP_RST, .seq = 2);
}

static void fin_again(struct rig *r)
{
	to_time_wait(r, 0);
	MS(50000);
	IN(FIN_ACK, .seq = 1, .ack = 2);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
	MS(r->cfg.time_wait_ms - 3); /* the time begins anew */
	STATE(TCP_TIME_WAIT);
	MS(10);
	STATE(TCP_CLOSED);
}

/* The peer's last bytes came with its FIN, and come with it again. */
static void fin_with_data_again(struct rig *r)
{
	OPEN(0);
	rig_close(r);
	OUT(FIN_ACK, .seq = 1, .ack = 1);
	IN(FIN_ACK, .seq = 1, .ack = 2, .len = 10);
	OUT(TCP_ACK, .seq = 2, .ack = 12);
	STATE(TCP_TIME_WAIT);
	MS(50000);
	IN(FIN_ACK, .seq = 1, .ack = 2, .len = 10);
	OUT(TCP_ACK, .seq = 2, .ack = 12);
	MS(r->cfg.time_wait_ms - 3);
	STATE(TCP_TIME_WAIT);
	MS(10);
	STATE(TCP_CLOSED);
}

/* RFC 7323 section 3.2: every segment has them. Ours go on as they did, the peer's is echoed; and
 * all goes where the peer was last. */
static void timestamps_go_on(struct rig *r)
{
	uint32_t before;

	to_time_wait(r, TCP_OPT_TS);
	EQ(COUNTER(TIME_WAIT), 1);
	before = r->p->ts_seen;
	MS(5120);
	IN(FIN_ACK, .seq = 1, .ack = 2);
	EQ(r->tx[0].link, 1);
	TRUE(r->tx[0].ts_val - (before + 4999) <= 2); /* its clock ticks every 1,024 µs */
	OUT(TCP_ACK, .seq = 2, .ack = 2, .opts = TCP_OPT_TS, .ts_ecr = r->p->ts_val);
}

/* RFC 7323 section 5.3: what is older than TS.Recent is answered, and does nothing else. */
static void fin_with_an_older_timestamp(struct rig *r)
{
	to_time_wait(r, TCP_OPT_TS);
	MS(50000);
	IN(FIN_ACK, .seq = 1, .ack = 2, .ts_val = r->p->ts_val - 1);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
	MS(r->cfg.time_wait_ms - 50000 + 10);
	STATE(TCP_CLOSED);
}

/* A FIN that the peer never sent does not begin the time anew. */
static void made_up_fin(struct rig *r)
{
	to_time_wait(r, 0);
	MS(50000);
	IN(FIN_ACK, .seq = 500, .ack = 2);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
	MS(r->cfg.time_wait_ms - 50000 + 10);
	STATE(TCP_CLOSED);
}

static void old_data(struct rig *r)
{
	to_time_wait(r, 0);
	IN(TCP_ACK, .seq = (uint32_t)-50, .ack = 2, .len = 10);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
	IN(TCP_ACK, .seq = 2, .ack = 2); /* the peer's last word */
	QUIET();
	STATE(TCP_TIME_WAIT);
}

static void rst_does_not_end_it(struct rig *r)
{
	to_time_wait(r, 0);
	IN(TCP_RST, .seq = 2); /* RFC 1337 */
	IN(RST_ACK, .seq = 2, .ack = 2);
	QUIET();
	STATE(TCP_TIME_WAIT);
}

static void old_syn(struct rig *r)
{
	to_time_wait(r, 0);
	IN(TCP_SYN, .seq = 0, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
	STATE(TCP_TIME_WAIT);
	IN(SYN_ACK, .seq = 500, .ack = 2);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
	STATE(TCP_TIME_WAIT);
}

/*
 * A client that was started again, with numbers below the old ones: our ACK is none that it knows
 * (RFC 9293 section 3.10.7.3: <SEQ=SEG.ACK><CTL=RST>), and its next SYN finds nothing in its way.
 */
static void syn_and_rst_end_it(struct rig *r)
{
	to_time_wait(r, 0);
	IN(TCP_SYN, .seq = (uint32_t)-100000, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
	IN(TCP_RST, .seq = 1); /* any other RST still does nothing */
	IN(TCP_RST, .seq = (uint32_t)-99999);
	STATE(TCP_TIME_WAIT);
	IN(TCP_RST, .seq = 2);
	QUIET();
	STATE(TCP_CLOSED);
	EQ(COUNTER(RST_IN), 1);
	EQ(COUNTER(DROP_BAD_RST), 2);
	IN(TCP_SYN, .seq = (uint32_t)-100000, .opts = TCP_OPT_MSS, .mss = 1460);
	EQ(r->t.n_tx, 1);
	EQ(r->tx[0].flags, SYN_ACK);
	r->t.n_tx = 0;
}

/* A new connection on the same ports. */
static void expect_reopened(struct rig *r, uint8_t opts)
{
	uint32_t old_end = r->p->our_isn + 2;
	uint32_t isn = r->t.n_tx ? r->tx[0].ack - 1 : 0;

	EQ(r->t.n_tx, 1);
	TRUE((int32_t)(r->tx[0].seq - old_end) > 0); /* beyond the old one: RFC 6191 section 2 */
	EQ(r->t.n_time_wait, 0);
	EQ(COUNTER(TIME_WAIT_REUSED), 1);
	rig_reopen(r, isn);
	OUT(SYN_ACK, .seq = 0, .ack = 1, .opts = TCP_OPT_MSS | opts, .mss = (uint16_t)r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
	EVENTS(TCP_EV_OPENED | TCP_EV_DATA);
	EQ(r->p->n_read, 10);
}

static void syn_reopens(struct rig *r)
{
	to_time_wait(r, 0);
	IN(TCP_SYN, .seq = 1000, .opts = TCP_OPT_MSS, .mss = 1460);
	expect_reopened(r, 0);
}

static void syn_with_newer_timestamp_reopens(struct rig *r)
{
	to_time_wait(r, TCP_OPT_TS);
	r->p->ts_val = 5001;
	IN(TCP_SYN, .seq = (uint32_t)-100000, .opts = TCP_OPT_MSS | TCP_OPT_TS, .mss = 1460);
	expect_reopened(r, TCP_OPT_TS);
}

static void syn_with_the_same_timestamp(struct rig *r)
{
	to_time_wait(r, TCP_OPT_TS);
	IN(TCP_SYN, .seq = 0, .opts = TCP_OPT_MSS | TCP_OPT_TS, .mss = 1460, .ts_val = 5000);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
	IN(TCP_SYN, .seq = 1000, .opts = TCP_OPT_MSS | TCP_OPT_TS, .mss = 1460, .ts_val = 5000);
	expect_reopened(r, TCP_OPT_TS);
}

static void syn_with_older_timestamp(struct rig *r)
{
	to_time_wait(r, TCP_OPT_TS);
	IN(TCP_SYN, .seq = 1000, .opts = TCP_OPT_MSS | TCP_OPT_TS, .mss = 1460, .ts_val = 4999);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
	STATE(TCP_TIME_WAIT);
}

static void syn_without_timestamp(struct rig *r)
{
	to_time_wait(r, TCP_OPT_TS);
	IN(TCP_SYN, .seq = 1000, .opts = TCP_OPT_MSS, .mss = 1460);
	expect_reopened(r, 0);
}

static void reopening_when_draining(struct rig *r)
{
	to_time_wait(r, 0);
	r->t.draining = true;
	IN(TCP_SYN, .seq = 1000, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(RST_ACK, .seq = 0, .ack = 1001, .raw_seq = true);
	STATE(TCP_TIME_WAIT); /* what nobody took up does not end it */
}

/* RFC 9293 section 3.6.1: a new ISN is larger than what the old connection used; a cookie may not.
 */
static void reopening_with_a_full_backlog(struct rig *r)
{
	to_time_wait(r, 0);
	rig_fill_backlog(r);
	IN(TCP_SYN, .seq = 1000, .opts = TCP_OPT_MSS, .mss = 1460);
	expect_reopened(r, 0);
	EQ(COUNTER(SYN_COOKIES_SENT), 0);
	EQ(r->t.n_time_wait, 0);
	rig_peer(r, r->cfg.syn_backlog + 1); /* others still get cookies */
	IN(TCP_SYN, .seq = 0, .opts = TCP_OPT_MSS, .mss = 1460);
	rig_drop_output(r);
	EQ(COUNTER(SYN_COOKIES_SENT), 1);
}

static void reopening_without_room(struct rig *r)
{
	to_time_wait(r, 0);
	r->cfg.chunk_reserve = r->chunks.n_total + 1;
	IN(TCP_SYN, .seq = 1000, .opts = TCP_OPT_MSS, .mss = 1460);
	QUIET();
	EQ(r->t.n_time_wait, 1); /* the next one, too, has to keep above the old numbers */
	EQ(COUNTER(TIME_WAIT_REUSED), 0);
	r->cfg.chunk_reserve = 0;
	IN(TCP_SYN, .seq = 1000, .opts = TCP_OPT_MSS, .mss = 1460);
	expect_reopened(r, 0);
}

/* The old connection used sequence numbers far ahead of the clock that gives new ones. */
static void isn_is_above_the_old_ones(struct rig *r)
{
	uint32_t end = 1;

	OPEN(0);
	for (; end < 1000000; end += 10 * r->mss) {
		rig_write(r, 10 * r->mss);
		rig_drop_output(r);
		IN(TCP_ACK, .seq = 1, .ack = end + 10 * r->mss);
	}
	rig_close(r);
	OUT(FIN_ACK, .seq = end, .ack = 1);
	IN(FIN_ACK, .seq = 1, .ack = end + 1);
	OUT(TCP_ACK, .seq = end + 1, .ack = 2);
	IN(TCP_SYN, .seq = 1000, .opts = TCP_OPT_MSS, .mss = 1460);
	TRUE((int32_t)(r->tx[0].seq - (r->p->our_isn + end)) > 0);
	EQ(r->tx[0].flags, SYN_ACK);
	rig_drop_output(r);
}

/* The same where the first number above the old ones is 0. */
static void isn_above_may_be_zero(struct rig *r)
{
	uint32_t end;

	OPEN(0);
	end = 0u - 2 - r->p->our_isn; /* the FIN takes 2^32 - 2 */
	if (end > 2000000)
		return; /* not the variant for it */
	for (uint32_t sent = 1; sent < end;) {
		uint32_t n = rs_min_u32(5 * r->mss, end - sent);

		rig_write(r, n);
		rig_drop_output(r);
		sent += n;
		IN(TCP_ACK, .seq = 1, .ack = sent);
	}
	rig_close(r);
	OUT(FIN_ACK, .seq = end, .ack = 1);
	IN(FIN_ACK, .seq = 1, .ack = end + 1);
	OUT(TCP_ACK, .seq = end + 1, .ack = 2);
	IN(TCP_SYN, .seq = 1000, .opts = TCP_OPT_MSS, .mss = 1460);
	EQ(r->tx[0].seq, 0);
	EQ(r->tx[0].flags, SYN_ACK);
	rig_drop_output(r);
}

static void syn_with_fin(struct rig *r)
{
	to_time_wait(r, 0);
	IN(TCP_SYN | TCP_FIN, .seq = 1000);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
	STATE(TCP_TIME_WAIT);
}

static void oldest_gives_way(struct rig *r)
{
	for (uint32_t i = 0; i < r->cfg.max_time_wait + 3; i++) {
		rig_peer(r, i);
		OPEN(0);
		CLOSE();
	}
	EQ(r->t.n_time_wait, r->cfg.max_time_wait);
	EQ(COUNTER(TIME_WAIT_FULL), 3);
	rig_peer(r, 2);
	IN(FIN_ACK, .seq = 1, .ack = 2);
	OUT(TCP_RST, .seq = 2);
	rig_peer(r, 3);
	IN(FIN_ACK, .seq = 1, .ack = 2);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
}

static void fill_time_wait(struct rig *r)
{
	for (uint32_t i = 0; i < r->cfg.max_time_wait; i++) {
		rig_peer(r, i);
		to_time_wait(r, 0);
	}
	EQ(r->t.n_time_wait, r->cfg.max_time_wait);
}

/* The 2 MSL of the oldest begin again: there is no other that would have to give way. */
static void oldest_restarts_when_full(struct rig *r)
{
	fill_time_wait(r);
	MS(2000);
	rig_peer(r, 0);
	IN(FIN_ACK, .seq = 1, .ack = 2);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
	EQ(COUNTER(TIME_WAIT_FULL), 0);
	EQ(r->t.n_time_wait, r->cfg.max_time_wait);
	for (uint32_t i = 0; i < r->cfg.max_time_wait; i++) {
		rig_peer(r, i);
		IN(FIN_ACK, .seq = 1, .ack = 2);
		OUT(TCP_ACK, .seq = 2, .ack = 2);
	}
}

/* What has ended before its time is no more, when it is its turn to give way. */
static void full_but_for_what_has_ended(struct rig *r)
{
	fill_time_wait(r);
	rig_peer(r, 1);
	IN(TCP_SYN, .seq = (uint32_t)-100000, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
	IN(TCP_RST, .seq = 2);
	EQ(r->t.n_time_wait, r->cfg.max_time_wait - 1);
	for (uint32_t i = 0; i < 2; i++) {
		rig_peer(r, r->cfg.max_time_wait + i);
		to_time_wait(r, 0);
		EQ(COUNTER(TIME_WAIT_FULL), 1); /* the first for the oldest, then a free place */
	}
	EQ(r->t.n_time_wait, r->cfg.max_time_wait);
	rig_peer(r, 0);
	IN(FIN_ACK, .seq = 1, .ack = 2);
	OUT(TCP_RST, .seq = 2);
	rig_peer(r, 2);
	IN(FIN_ACK, .seq = 1, .ack = 2);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
}

/* RFC 7323 section 2.3: the peer shifts what we say of it, and is offered no more than we have. */
static void the_window_is_true(struct rig *r)
{
	OPEN(TCP_OPT_WSCALE);
	CLOSE();
	IN(FIN_ACK, .seq = 1, .ack = 2);
	EQ(r->t.n_tx, 1);
	TRUE(r->tx[0].wnd > 0);
	TRUE((uint32_t)r->tx[0].wnd << r->t.rcv_wscale <= r->cfg.rcv_wnd_bytes);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
}

static void restarts_keep_the_count(struct rig *r)
{
	/* Restarted entries move to the young end; their old places must not pile up. */
	for (uint32_t i = 0; i < 4; i++) {
		rig_peer(r, i);
		to_time_wait(r, 0);
	}
	for (uint32_t i = 0; i < 50; i++) {
		rig_peer(r, i % 4);
		MS(1050);
		IN(FIN_ACK, .seq = 1, .ack = 2);
		OUT(TCP_ACK, .seq = 2, .ack = 2);
		EQ(r->t.n_time_wait, 4);
	}
	EQ(COUNTER(TIME_WAIT_FULL), 0);
}

/* A client that repeats its FIN must not have the ring for itself. */
static void restarts_push_nobody_out(struct rig *r)
{
	for (uint32_t i = 0; i < 2; i++) {
		rig_peer(r, i);
		to_time_wait(r, 0);
	}
	MS(2000);
	for (uint32_t i = 0; i < 3 * r->cfg.max_time_wait; i++) {
		IN(FIN_ACK, .seq = 1, .ack = 2);
		OUT(TCP_ACK, .seq = 2, .ack = 2);
	}
	EQ(COUNTER(TIME_WAIT_FULL), 0);
	EQ(r->t.n_time_wait, 2);
	rig_peer(r, 0);
	STATE(TCP_TIME_WAIT);
}

static void no_room_at_all(struct rig *r)
{
	r->cfg.max_time_wait = 0;
}

static void without_time_wait(struct rig *r)
{
	OPEN(0);
	CLOSE();
	TRUE(r->p->gone);
	STATE(TCP_CLOSED);
}

static void large_window(struct rig *r)
{
	r->cfg.rcv_wnd_bytes = 1 << 20;
}

const struct tcp_case time_wait_cases[] = {
	{"it_ends", it_ends, NULL, 0},
	{"fin_again", fin_again, NULL, 0},
	{"fin_with_data_again", fin_with_data_again, NULL, 0},
	{"timestamps_go_on", timestamps_go_on, NULL, 0},
	{"fin_with_an_older_timestamp", fin_with_an_older_timestamp, NULL, 0},
	{"made_up_fin", made_up_fin, NULL, 0},
	{"old_data", old_data, NULL, 0},
	{"rst_does_not_end_it", rst_does_not_end_it, NULL, 0},
	{"old_syn", old_syn, NULL, 0},
	{"syn_and_rst_end_it", syn_and_rst_end_it, NULL, 0},
	{"syn_reopens", syn_reopens, NULL, 0},
	{"syn_with_newer_timestamp_reopens", syn_with_newer_timestamp_reopens, NULL, 0},
	{"syn_with_the_same_timestamp", syn_with_the_same_timestamp, NULL, 0},
	{"syn_with_older_timestamp", syn_with_older_timestamp, NULL, 0},
	{"syn_without_timestamp", syn_without_timestamp, NULL, 0},
	{"reopening_when_draining", reopening_when_draining, NULL, 0},
	{"reopening_with_a_full_backlog", reopening_with_a_full_backlog, NULL, 0},
	{"reopening_without_room", reopening_without_room, NULL, 0},
	{"isn_is_above_the_old_ones", isn_is_above_the_old_ones, NULL, 0},
	{"isn_above_may_be_zero", isn_above_may_be_zero, NULL, 0},
	{"syn_with_fin", syn_with_fin, NULL, 0},
	{"oldest_gives_way", oldest_gives_way, NULL, 0},
	{"oldest_restarts_when_full", oldest_restarts_when_full, NULL, 0},
	{"full_but_for_what_has_ended", full_but_for_what_has_ended, NULL, 0},
	{"the_window_is_true", the_window_is_true, large_window, 0},
	{"restarts_keep_the_count", restarts_keep_the_count, NULL, 0},
	{"restarts_push_nobody_out", restarts_push_nobody_out, NULL, 0},
	{"without_time_wait", without_time_wait, no_room_at_all, 0},
	{0},
};
