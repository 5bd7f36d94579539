/* SPDX-License-Identifier: BSD-2-Clause */
/* Windows, ours and the peer's, down to zero: RFC 9293 sections 3.8.6.1 and 3.8.6.2, 7323. */
#include "cases.h"

static void nobody_reads(struct rig *r)
{
	uint32_t seq = 1;

	OPEN(0);
	r->p->blocked = true;
	for (; seq + 1400 < 65536; seq += 1400)
		IN(TCP_ACK, .seq = seq, .ack = 1, .len = 1400);
	IN(TCP_ACK, .seq = seq, .ack = 1, .len = 1400); /* only a part has room */
	rig_drop_output(r);
	MS(100);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 65536, .ack = 1, .len = 1); /* a probe into the closed window */
	OUT(TCP_ACK, .seq = 1, .ack = 65536, .wnd = NO_WND);
	r->p->blocked = false;
	rig_read(r, UINT32_MAX);
	OUT(TCP_ACK, .seq = 1, .ack = 65536, .wnd = 65535); /* the window is open again */
	EQ(r->p->n_read, 65535);
	EQ(r->chunks.n_free, r->chunks.n_total);
}

static void small_reads_open_nothing(struct rig *r)
{
	uint32_t seq = 1;

	OPEN(0);
	r->p->blocked = true;
	for (; seq < 65536; seq += 1285)
		IN(TCP_ACK, .seq = seq, .ack = 1, .len = 1285);
	rig_drop_output(r);
	MS(100);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = seq, .ack = 1, .len = 1);
	OUT(TCP_ACK, .seq = 1, .ack = 65536, .wnd = NO_WND);
	/* RFC 9293 section 3.8.6.2.2: not before there is room for a full segment. */
	rig_read(r, 500);
	QUIET();
	rig_read(r, 500);
	QUIET();
	IN(TCP_ACK, .seq = seq, .ack = 1, .len = 1);
	OUT(TCP_ACK, .seq = 1, .ack = 65536, .wnd = NO_WND);
	rig_read(r, 4000);
	EQ(r->t.n_tx, 1);
	TRUE(r->tx[0].wnd >= r->mss && r->tx[0].wnd <= 5000);
	OUT(TCP_ACK, .seq = 1, .ack = 65536);
}

static void ack_into_our_closed_window(struct rig *r)
{
	uint32_t seq = 1;

	OPEN(0);
	rig_write(r, 100);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	r->p->blocked = true;
	for (; seq < 65536; seq += 1285)
		IN(TCP_ACK, .seq = seq, .ack = 1, .len = 1285);
	rig_drop_output(r);
	MS(50);
	rig_drop_output(r);
	/* RFC 9293 section 3.10.7.4, first: acknowledgements and RSTs count all the same. */
	IN(TCP_ACK, .seq = 65536, .ack = 101);
	EQ(r->p->conn->snd_una - r->p->our_isn, 101);
	QUIET();
	IN(TCP_RST, .seq = 65536);
	TRUE(r->p->gone);
}

static void scaled(struct rig *r)
{
	r->cfg.rcv_wnd_bytes = 1 << 20;
	r->n_chunks = 1024;
	r->cfg.rcvq_chunks = 1000;
}

static void our_scaled_window(struct rig *r)
{
	OPEN(TCP_OPT_WSCALE);
	EQ(r->t.rcv_wscale, 5);
	/* The SYN could offer no more than 64 KB: the rest is offered at the first occasion. */
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 1000);
	OUT(TCP_ACK, .seq = 1, .ack = 1001, .wnd = (1 << 20) >> 5);
	IN(TCP_ACK, .seq = 500001, .ack = 1, .len = 1000); /* inside it now */
	OUT(TCP_ACK, .seq = 1, .ack = 1001);
	EQ(COUNTER(DROP_WINDOW), 0);
}

static void unscaled_window_is_64k(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 1000);
	WAIT(40);
	OUT(TCP_ACK, .seq = 1, .ack = 1001, .wnd = 65535);
	IN(TCP_ACK, .seq = 1001 + 65535, .ack = 1, .len = 1);
	OUT(TCP_ACK, .seq = 1, .ack = 1001);
	EQ(COUNTER(DROP_WINDOW), 1);
}

static void window_limits_sending(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 2 * r->mss + 500);
	rig_write(r, 10000);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = 1 + r->mss, .ack = 1, .len = r->mss);
	QUIET(); /* no small segment while others are on their way: section 3.8.6.2.1 */
	IN(TCP_ACK, .seq = 1, .ack = 1 + r->mss, .wnd = 2 * r->mss);
	OUT(TCP_ACK, .seq = 1 + 2 * r->mss, .ack = 1, .len = r->mss);
	QUIET();
}

static void half_of_the_largest_window_is_worth_it(struct rig *r)
{
	/* Section 3.8.6.2.1, (3): a peer whose whole window is small. */
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460, .wnd = 600);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 600);
	rig_write(r, 1000);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 300);
	OUT(TCP_ACK, .seq = 301, .ack = 1, .len = 300);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 601, .wnd = 299);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 601, .wnd = 300);
	OUT(TCP_ACK, .seq = 601, .ack = 1, .len = 300);
}

/*
 * Of what has room for one segment and a bit, the second half goes with the first: a peer that
 * acknowledges every second segment (RFC 1122 section 4.2.3.2) would wait with each. The end of
 * what there is need not be cut, nor is what does not fill the window of a peer with room for two.
 */
static void small_windows_are_halved(struct rig *r)
{
	uint16_t wnd = (uint16_t)(r->mss + 100), half = wnd / 2;

	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460, .wnd = wnd);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = wnd);
	rig_write(r, 3u * half + 700);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = half);
	OUT(TCP_ACK, .seq = 1 + half, .ack = 1, .len = half);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + 2 * half, .wnd = wnd);
	OUT(TCP_ACK, .seq = 1 + 2 * half, .ack = 1, .len = half);
	OUT(TCP_ACK, .seq = 1 + 3 * half, .ack = 1, .len = 700);
	IN(TCP_ACK, .seq = 1, .ack = 701 + 3 * half, .wnd = wnd);
	rig_write(r, r->mss);
	OUT(TCP_ACK, .seq = 701 + 3 * half, .ack = 1, .len = r->mss);
	rig_drop_output(r);
}

static void silly_window(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 10);
	rig_write(r, 5000);
	QUIET();
	WAIT(200); /* the override timeout */
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
	IN(TCP_ACK, .seq = 1, .ack = 11, .wnd = 10);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 11, .wnd = 10000);
	OUT(TCP_ACK, .seq = 11, .ack = 1, .len = r->mss);
	rig_drop_output(r);
}

static void zero_window_is_probed(struct rig *r)
{
	uint32_t wait_ms = 200;

	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
	rig_write(r, 500);
	for (uint32_t i = 0; i < 6; i++) {
		WAIT(wait_ms); /* exponentially: section 3.8.6.1 */
		OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 1);
		IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
		wait_ms *= 2;
	}
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 1000);
	OUT(TCP_ACK | TCP_PSH, .seq = 1, .ack = 1, .len = 500);
	IN(TCP_ACK, .seq = 1, .ack = 501);
	EQ(COUNTER(WINDOW_PROBES), 6);
	MS(10000);
	QUIET();
}

static void probe_is_taken(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
	rig_write(r, 500);
	WAIT(200);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 1);
	IN(TCP_ACK, .seq = 1, .ack = 2, .wnd = NO_WND); /* it had room for one byte */
	MS(100);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 2, .wnd = 10000);
	OUT(TCP_ACK | TCP_PSH, .seq = 2, .ack = 1, .len = 499);
}

static void window_update_is_lost(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
	rig_write(r, 500);
	WAIT(200);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 1);
	IN(TCP_ACK, .seq = 1, .ack = 2, .wnd = 1000); /* the answer to the probe says it again */
	OUT(TCP_ACK | TCP_PSH, .seq = 2, .ack = 1, .len = 499);
}

/*
 * Probes come at ever longer intervals (section 3.8.6.1), but that says nothing of the way: once
 * the window is open a loss is found after the timeout that the round trips call for (RFC 6298).
 */
static void expect_prompt_timeout(struct rig *r, uint32_t seq, uint32_t rto_ms)
{
	rig_write(r, 1000);
	rig_drop_output(r);
	WAIT(rto_ms);
	EQ(r->tx[0].seq - r->p->our_isn, seq);
	EQ(rig_conn(r)->ssthresh, 2 * r->mss); /* RFC 5681 equation (4) */
	rig_drop_output(r);
}

static void probe_for_long(struct rig *r, uint32_t n)
{
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
	rig_write(r, 1);
	for (uint32_t i = 0; i < n; i++) {
		while (!r->t.n_tx)
			MS(10);
		OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 1);
		if (i + 1 < n)
			IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
	}
}

static void timeout_after_a_probe_that_was_taken(struct rig *r)
{
	OPEN(0);
	probe_for_long(r, 6);
	IN(TCP_ACK, .seq = 1, .ack = 2);
	QUIET();
	expect_prompt_timeout(r, 2, 200);
}

static void timeout_after_a_window_update(struct rig *r)
{
	OPEN(0);
	probe_for_long(r, 6);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 1);
	expect_prompt_timeout(r, 1, 200);
}

/* Where no round trip was ever measured, as after a cookie, it is the initial one. */
static void timeout_after_probes_without_a_sample(struct rig *r)
{
	r->cfg.syn_backlog = 0;
	OPEN(0);
	EQ(COUNTER(SYN_COOKIES_OK), 1);
	probe_for_long(r, 4);
	IN(TCP_ACK, .seq = 1, .ack = 2);
	QUIET();
	expect_prompt_timeout(r, 2, 1000);
}

static void answered_probes_never_give_up(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
	rig_write(r, 500);
	for (uint32_t i = 0; i < 30; i++) {
		MS(61000);
		TRUE(r->t.n_tx > 0);
		rig_drop_output(r);
		IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
		TRUE(!r->p->gone);
	}
}

static void unanswered_probes_give_up(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
	rig_write(r, 500);
	for (uint32_t i = 0; i < 20 && !r->p->gone; i++) {
		MS(61000);
		rig_drop_output(r);
	}
	EVENTS(TCP_EV_GONE);
	EQ(COUNTER(WINDOW_PROBES), r->cfg.max_retries);
}

static void window_shrinks_to_zero(struct rig *r)
{
	uint32_t wait_ms = 200;

	OPEN(0);
	rig_write(r, 3 * r->mss);
	rig_drop_output(r);
	/* The peer takes back what it had offered, with segments on their way. */
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
	/* Section 3.8.6: "the sender MUST probe it in the standard way", and not time out. */
	for (uint32_t i = 0; i < r->cfg.max_retries + 5; i++) {
		WAIT(wait_ms);
		EQ(r->tx[0].seq - r->p->our_isn, 1);
		TRUE(r->tx[0].len >= 1);
		rig_drop_output(r);
		IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
		wait_ms = wait_ms > 30000 ? 60000 : 2 * wait_ms;
	}
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 65535);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 3 * r->mss);
	EQ(r->p->conn->sendq.n_bytes, 0);
}

static void window_shrinks_below_a_fin(struct rig *r)
{
	OPEN(0);
	rig_close(r);
	OUT(FIN_ACK, .seq = 1, .ack = 1);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
	for (uint32_t i = 0; i < r->cfg.max_retries + 5; i++) {
		MS(61000);
		TRUE(!r->p->gone);
		TRUE(r->t.n_tx > 0);
		EQ(r->tx[0].flags, FIN_ACK);
		EQ(r->tx[0].seq - r->p->our_isn, 1);
		rig_drop_output(r);
		IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
	}
	IN(TCP_ACK, .seq = 1, .ack = 2);
	STATE(TCP_FIN_WAIT_2);
}

static void fin_into_a_closed_window(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
	rig_close(r);
	WAIT(200); /* the FIN itself is the probe */
	OUT(FIN_ACK, .seq = 1, .ack = 1);
	STATE(TCP_FIN_WAIT_1);
	IN(TCP_ACK, .seq = 1, .ack = 2, .wnd = NO_WND);
	STATE(TCP_FIN_WAIT_2);
}

static void fin_was_the_probe_and_got_lost(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
	rig_close(r);
	WAIT(200);
	OUT(FIN_ACK, .seq = 1, .ack = 1);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 5000); /* the window opens, the FIN is not there */
	OUT(FIN_ACK, .seq = 1, .ack = 1);
	WAIT(200);
	OUT(FIN_ACK, .seq = 1, .ack = 1);
}

static void old_segment_does_not_set_the_window(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 100, .wnd = 5000);
	IN(TCP_ACK, .seq = 101, .ack = 1, .len = 100, .wnd = 8000);
	rig_drop_output(r);
	EQ(r->p->conn->snd_wnd, 8000);
	/* SND.WL1: one that was overtaken says nothing of the present (section 3.10.7.4). */
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 100, .wnd = 100);
	rig_drop_output(r);
	EQ(r->p->conn->snd_wnd, 8000);
}

static void bare_window_update(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = r->mss);
	rig_write(r, 3 * r->mss);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 3 * r->mss);
	OUT(TCP_ACK, .seq = 1 + r->mss, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = 1 + 2 * r->mss, .ack = 1, .len = r->mss);
}

/* Nobody reads: the window is filled but for its last bytes, which stand at the result. */
static uint32_t nearly_fill_our_window(struct rig *r)
{
	uint32_t seq = 1;

	OPEN(0);
	r->p->blocked = true;
	for (; seq + r->mss <= 65536; seq += r->mss)
		IN(TCP_ACK, .seq = seq, .ack = 1, .len = r->mss);
	rig_drop_output(r);
	return seq;
}

static void read_to_the_end(struct rig *r)
{
	STATE(TCP_CLOSE_WAIT);
	r->p->blocked = false;
	rig_read(r, UINT32_MAX);
	QUIET();
	EQ(r->p->n_read, 65535);
	TRUE(r->p->eof);
}

/* A FIN takes no memory: it is taken where the window has no place for it, too. */
static void fin_at_the_edge(struct rig *r)
{
	uint32_t seq = nearly_fill_our_window(r);

	IN(FIN_ACK, .seq = seq, .ack = 1, .len = 65536 - seq);
	OUT(TCP_ACK, .seq = 1, .ack = 65537, .wnd = NO_WND);
	read_to_the_end(r);
}

/* Some stacks send it again with every ACK that refuses it. */
static void fin_into_our_closed_window(struct rig *r)
{
	uint32_t seq = nearly_fill_our_window(r);

	IN(TCP_ACK, .seq = seq, .ack = 1, .len = 65536 - seq);
	rig_drop_output(r);
	IN(FIN_ACK, .seq = 65537, .ack = 1); /* beyond the edge */
	OUT(TCP_ACK, .seq = 1, .ack = 65536, .wnd = NO_WND);
	IN(FIN_ACK, .seq = 65536, .ack = 1, .len = 1); /* text is refused, and its FIN with it */
	OUT(TCP_ACK, .seq = 1, .ack = 65536, .wnd = NO_WND);
	STATE(TCP_ESTABLISHED);
	IN(FIN_ACK, .seq = 65536, .ack = 1);
	OUT(TCP_ACK, .seq = 1, .ack = 65537, .wnd = NO_WND);
	IN(FIN_ACK, .seq = 65536, .ack = 1); /* again */
	OUT(TCP_ACK, .seq = 1, .ack = 65537, .wnd = NO_WND);
	read_to_the_end(r);
}

/*
 * What filled a small window got lost, and more is queued since: RFC 9293 section 3.8.6.2.1 (4),
 * the timeout overrides the avoidance of small segments.
 */
static void loss_in_a_small_window(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 500);
	rig_write(r, 500);
	OUT(TCP_ACK | TCP_PSH, .seq = 1, .ack = 1, .len = 500);
	rig_write(r, 5000);
	QUIET();
	WAIT(200);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 500);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 501);
	OUT(TCP_ACK, .seq = 501, .ack = 1, .len = r->mss);
}

/* Returns what is next to be sent. */
static uint32_t grow_until_the_window_closes(struct rig *r)
{
	uint32_t n_bytes = 60 * r->mss;
	uint32_t acked = 1;

	OPEN(TCP_OPT_WSCALE);
	rig_write(r, n_bytes);
	while (acked <= n_bytes) {
		acked = r->p->conn->snd_max - r->p->our_isn;
		rig_drop_output(r);
		IN(TCP_ACK, .seq = 1, .ack = acked, .wnd = acked > n_bytes ? NO_WND : UINT16_MAX);
	}
	TRUE(rig_conn(r)->cwnd > 20 * r->mss);
	return acked;
}

/*
 * RFC 5681 section 4.1: the peer has read nothing for longer than the timeout, and no ACKs have
 * been coming that would pace what follows. What probed its window was no data on its way.
 */
static void restart_after_a_closed_window(struct rig *r)
{
	uint32_t next = grow_until_the_window_closes(r);
	bool is_taken = r->arg;

	rig_write(r, 40 * r->mss);
	for (uint32_t wait_ms = 200; wait_ms <= 1600; wait_ms *= 2) {
		WAIT(wait_ms);
		OUT(TCP_ACK, .seq = next, .ack = 1, .len = 1);
		if (!is_taken)
			IN(TCP_ACK, .seq = 1, .ack = next, .wnd = NO_WND);
	}
	IN(TCP_ACK, .seq = 1, .ack = next + is_taken);
	EQ(r->t.n_tx, 10);
	EQ(rig_conn(r)->cwnd, 10 * r->mss);
	rig_drop_output(r);
}

/* It was closed for a moment only: what is known of the way still holds. */
static void no_restart_within_the_timeout(struct rig *r)
{
	uint32_t next = grow_until_the_window_closes(r);
	uint32_t cwnd = rig_conn(r)->cwnd;

	rig_write(r, 20 * r->mss);
	MS(190);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = next);
	EQ(r->t.n_tx, 20);
	EQ(rig_conn(r)->cwnd, cwnd);
	rig_drop_output(r);
}

const struct tcp_case window_cases[] = {
	{"fin_into_our_closed_window", fin_into_our_closed_window, NULL, 0},
	{"fin_at_the_edge", fin_at_the_edge, NULL, 0},
	{"nobody_reads", nobody_reads, NULL, 0},
	{"small_reads_open_nothing", small_reads_open_nothing, NULL, 0},
	{"ack_into_our_closed_window", ack_into_our_closed_window, NULL, 0},
	{"our_scaled_window", our_scaled_window, scaled, 0},
	{"unscaled_window_is_64k", unscaled_window_is_64k, scaled, 0},
	{"window_limits_sending", window_limits_sending, NULL, 0},
	{"half_of_the_largest_window_is_worth_it", half_of_the_largest_window_is_worth_it, NULL, 0},
	{"small_windows_are_halved", small_windows_are_halved, NULL, 0},
	{"silly_window", silly_window, NULL, 0},
	{"zero_window_is_probed", zero_window_is_probed, NULL, 0},
	{"probe_is_taken", probe_is_taken, NULL, 0},
	{"window_update_is_lost", window_update_is_lost, NULL, 0},
	{"timeout_after_a_probe_that_was_taken", timeout_after_a_probe_that_was_taken, NULL, 0},
	{"timeout_after_a_window_update", timeout_after_a_window_update, NULL, 0},
	{"timeout_after_probes_without_a_sample", timeout_after_probes_without_a_sample, NULL, 0},
	{"answered_probes_never_give_up", answered_probes_never_give_up, NULL, 0},
	{"unanswered_probes_give_up", unanswered_probes_give_up, NULL, 0},
	{"window_shrinks_to_zero", window_shrinks_to_zero, NULL, 0},
	{"window_shrinks_below_a_fin", window_shrinks_below_a_fin, NULL, 0},
	{"fin_into_a_closed_window", fin_into_a_closed_window, NULL, 0},
	{"fin_was_the_probe_and_got_lost", fin_was_the_probe_and_got_lost, NULL, 0},
	{"old_segment_does_not_set_the_window", old_segment_does_not_set_the_window, NULL, 0},
	{"bare_window_update", bare_window_update, NULL, 0},
	{"loss_in_a_small_window", loss_in_a_small_window, NULL, 0},
	{"restart_after_a_closed_window", restart_after_a_closed_window, NULL, 0},
	{"restart_after_a_probe_that_was_taken", restart_after_a_closed_window, NULL, 1},
	{"no_restart_within_the_timeout", no_restart_within_the_timeout, NULL, 0},
	{0},
};
