/* SPDX-License-Identifier: BSD-2-Clause */
/* The peer opens: RFC 9293 sections 3.5 and 3.10.7.2, 7323 section 2, 2018, 6298, 6528, 6691. */
#include "cases.h"

#define ALL_OPTS (TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_TS | TCP_OPT_SACK_OK)

static void large_window(struct rig *r)
{
	r->cfg.rcv_wnd_bytes = 1 << 20;
}

/* What one SYN with these options leads to; ends the connection. */
static void one_combination(struct rig *r, uint8_t opts)
{
	uint32_t mss = opts & TCP_OPT_MSS ? 1400 : r->p->key.family == 4 ? 536 : 1220;
	uint32_t scale = opts & TCP_OPT_WSCALE ? 7 : 0;
	struct tcp_conn *c;

	if (opts & TCP_OPT_TS)
		mss -= 12; /* RFC 6691: options come out of the payload */
	IN(TCP_SYN, .seq = 0, .opts = opts, .mss = 1400, .wscale = 7, .ts_val = 777, .wnd = 9000);
	OUT(SYN_ACK, .seq = 0, .ack = 1, .opts = opts | TCP_OPT_MSS, .mss = (uint16_t)r->mss,
		.wscale = opts & TCP_OPT_WSCALE ? 5 : 0, .ts_ecr = opts & TCP_OPT_TS ? 777 : 0,
		.wnd = 65535); /* a SYN's own window is never scaled */
	c = rig_conn(r);
	EQ(c->snd_wnd, 9000);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 500);
	EVENTS(TCP_EV_OPENED);
	EQ(c->snd_wnd, 500u << scale);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 60000);
	rig_write(r, 3000);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = mss,
		.wnd = opts & TCP_OPT_WSCALE ? (1 << 20) >> 5 : 65535);
	rig_abort(r);
	rig_drop_output(r);
	rig_reopen(r, r->isn);
}

static void option_combinations(struct rig *r)
{
	for (uint32_t opts = 0; opts <= ALL_OPTS; opts++) {
		if ((opts & ALL_OPTS) == opts)
			one_combination(r, (uint8_t)opts);
	}
}

static void no_own_options(struct rig *r)
{
	r->cfg.timestamps = false;
	r->cfg.window_scaling = false;
	r->cfg.rcv_wnd_bytes = 1 << 20;
}

static void options_switched_off(struct rig *r)
{
	IN(TCP_SYN, .opts = ALL_OPTS, .mss = 1460, .wscale = 7);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS | TCP_OPT_SACK_OK, .mss = (uint16_t)r->mss,
		.wnd = 65535);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 500);
	EQ(r->p->conn->snd_wnd, 500);
	EQ(r->p->conn->mss, r->mss);
}

static void window_scale_is_at_most_14(struct rig *r)
{
	/* RFC 7323 section 2.3: a larger shift is used as 14. */
	IN(TCP_SYN, .opts = TCP_OPT_MSS | TCP_OPT_WSCALE, .mss = 1460, .wscale = 15);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS | TCP_OPT_WSCALE, .mss = (uint16_t)r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 3);
	EQ(r->p->conn->snd_wnd, 3u << 14);
}

static void peer_mss_is_no_larger_than_ours(struct rig *r)
{
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 9000);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	rig_write(r, 9000);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	rig_drop_output(r);
}

static void absurd_mss(struct rig *r)
{
	/* An MSS of 0 would leave nothing to send. */
	IN(TCP_SYN, .opts = TCP_OPT_MSS | TCP_OPT_TS, .mss = 0);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS | TCP_OPT_TS, .mss = (uint16_t)r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	rig_write(r, 30);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 30);
}

static void syn_again(struct rig *r)
{
	for (uint32_t i = 0; i < 3; i++) {
		IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
		OUT(SYN_ACK, .seq = 0, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	}
	EQ(r->t.n_conns, 1);
	EQ(r->t.n_half_open, 1);
}

/* Each copy is answered, but the timer of the first goes on: a peer cannot stay half-open for ever.
 */
/*
 * BSD's stacks leave the options out of their fourth SYN, and take none in its answer. RFC 7323
 * sections 2.2 and 3.2: they stand in a SYN-ACK only where they stood in the SYN.
 */
static void syn_again_with_fewer_options(struct rig *r)
{
	uint8_t all = TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_TS | TCP_OPT_SACK_OK;

	IN(TCP_SYN, .opts = all, .mss = 1460, .wscale = 7);
	OUT(SYN_ACK, .ack = 1, .opts = all, .mss = (uint16_t)r->mss, .wscale = r->t.rcv_wscale,
		.ts_ecr = 5000);
	IN(TCP_SYN, .opts = TCP_OPT_MSS | TCP_OPT_SACK_OK, .mss = 1400);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS | TCP_OPT_SACK_OK, .mss = (uint16_t)r->mss);
	IN(TCP_SYN, .opts = all, .mss = 1400, .wscale = 7); /* a copy that was overtaken */
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS | TCP_OPT_SACK_OK, .mss = (uint16_t)r->mss);
	WAIT(1000);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS | TCP_OPT_SACK_OK, .mss = (uint16_t)r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .wnd = 500);
	EVENTS(TCP_EV_OPENED | TCP_EV_DATA);
	EQ(r->p->n_read, 10);
	EQ(rig_conn(r)->snd_wnd, 500);
	EQ(rig_conn(r)->mss, 1400);
	TRUE(rig_conn(r)->flags & TCP_F_SACK);
}

static void repeated_syns_hold_no_place(struct rig *r)
{
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	for (uint32_t s = 0; s < 200 && r->t.n_half_open; s++) {
		rig_drop_output(r);
		MS(900);
		if (r->t.n_half_open)
			IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	}
	rig_drop_output(r);
	EQ(r->t.n_half_open, 0);
}

static void syn_ack_is_repeated_then_given_up(struct rig *r)
{
	uint32_t rto_ms = 1000; /* RFC 6298 section 2.1, doubled each time */

	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	for (uint32_t i = 0; i < r->cfg.max_syn_retries; i++) {
		WAIT(rto_ms);
		OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
		rto_ms *= 2;
	}
	MS(rto_ms + 10);
	QUIET();
	EVENTS(0); /* the application never heard of it */
	STATE(TCP_CLOSED);
	EQ(COUNTER(GAVE_UP), 1);
}

static void data_with_the_last_ack(struct rig *r)
{
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	IN(TCP_ACK | TCP_PSH, .seq = 1, .ack = 1, .len = 100);
	EVENTS(TCP_EV_OPENED | TCP_EV_DATA);
	EQ(COUNTER(OPENED_PASSIVE), 1);
	EQ(r->p->n_read, 100);
	WAIT(40);
	OUT(TCP_ACK, .seq = 1, .ack = 101);
}

static void fin_with_the_last_ack(struct rig *r)
{
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	IN(FIN_ACK, .seq = 1, .ack = 1, .len = 10);
	OUT(TCP_ACK, .seq = 1, .ack = 12);
	EVENTS(TCP_EV_OPENED | TCP_EV_DATA);
	TRUE(r->p->eof);
	STATE(TCP_CLOSE_WAIT);
}

static void last_ack_lost_data_comes(struct rig *r)
{
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	/* The second segment of the request first. */
	IN(TCP_ACK, .seq = 101, .ack = 1, .len = 50);
	EVENTS(TCP_EV_OPENED);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	OUT(TCP_ACK, .seq = 1, .ack = 151);
	EQ(r->p->n_read, 150);
}

static void data_in_the_syn_is_sent_again(struct rig *r)
{
	/* RFC 9293 section 3.10.7.2 lets us leave it unacknowledged. */
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460, .len = 10);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
	EVENTS(TCP_EV_OPENED | TCP_EV_DATA);
	EQ(r->p->n_read, 10);
}

static void bad_ack_of_the_handshake(struct rig *r)
{
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 2); /* RFC 9293 section 3.10.7.4, fifth: SYN-RECEIVED */
	OUT(TCP_RST, .seq = 2);
	IN(TCP_ACK, .seq = 1, .ack = 0);
	OUT(TCP_RST, .seq = 0);
	IN(TCP_ACK, .seq = 1, .ack = 0, .len = 10);
	OUT(TCP_RST, .seq = 0);
	STATE(TCP_SYN_RECEIVED);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	EVENTS(TCP_EV_OPENED);
}

/* What SYN-RECEIVED says stands behind its SYN, also where the peer's window is closed. */
static void closed_window_in_the_syn(struct rig *r)
{
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460, .wnd = NO_WND);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	IN(TCP_RST, .seq = 2); /* RFC 5961 section 3.2: <SEQ=SND.NXT> */
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
	EVENTS(TCP_EV_OPENED);
	rig_write(r, 10);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 10);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
}

static void new_syn_inside_the_window(struct rig *r)
{
	/* RFC 9293 section 3.10.7.4, fourth: a passive open returns to LISTEN. */
	for (uint32_t seq = 1; seq <= 1000; seq += 999) {
		IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
		OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
		IN(TCP_SYN, .seq = seq, .opts = TCP_OPT_MSS, .mss = 1460);
		QUIET();
		STATE(TCP_CLOSED);
		rig_reopen(r, r->isn);
	}
}

static void closed_port(struct rig *r)
{
	r->p->key.local_port = 81;
	/* RFC 9293 section 3.10.7.1 */
	IN(TCP_SYN, .seq = 0);
	OUT(RST_ACK, .seq = 0, .ack = 1, .raw_seq = true);
	IN(TCP_FIN, .seq = 5, .len = 10);
	OUT(RST_ACK, .seq = 0, .ack = 16, .raw_seq = true);
	IN(TCP_ACK, .seq = 5, .ack = 9, .len = 10);
	OUT(TCP_RST, .seq = 9);
	IN(SYN_ACK, .seq = 5, .ack = 9);
	OUT(TCP_RST, .seq = 9);
	IN(TCP_RST, .seq = 5);
	IN(RST_ACK, .seq = 5, .ack = 9);
	QUIET();
	EQ(COUNTER(DROP_NO_LISTENER), 2);
}

static void isn_follows_the_clock(struct rig *r)
{
	uint32_t isn[3];

	for (uint32_t i = 0; i < 3; i++) {
		if (i == 2) /* another peer, another place */
			rig_peer(r, 1);
		IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
		isn[i] = r->tx[0].seq;
		OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
		IN(TCP_RST, .seq = 1);
		rig_reopen(r, r->isn);
		if (i == 0)
			r->t.now_us += 1000000;
	}
	EQ(isn[1] - isn[0], 250000); /* one every 4 µs: RFC 6528 section 3 */
	TRUE(isn[2] != isn[1]);
}

/* Whatever of its addresses and ports is another: RFC 6528 section 3, RFC 7323 section 5.4. */
static void numbers_are_of_the_peer(struct rig *r)
{
	uint8_t *part[] = {NULL, &r->p->key.remote[12], &r->p->key.remote[15], &r->p->key.local[12],
		&r->p->key.local[15], (uint8_t *)&r->p->key.remote_port};
	uint32_t isn[RS_ARRAY_SIZE(part)], ts[RS_ARRAY_SIZE(part)];

	for (uint32_t i = 0; i < RS_ARRAY_SIZE(part); i++) {
		if (part[i])
			*part[i] ^= 1;
		IN(TCP_SYN, .opts = TCP_OPT_MSS | TCP_OPT_TS, .mss = 1460, .ts_val = 1);
		isn[i] = r->tx[0].seq;
		ts[i] = r->tx[0].ts_val;
		OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS | TCP_OPT_TS, .mss = (uint16_t)r->mss);
		for (uint32_t k = 0; k < i; k++)
			TRUE(isn[k] != isn[i] && ts[k] != ts[i]);
		IN(TCP_RST, .seq = 1);
		rig_reopen(r, r->isn);
		if (part[i])
			*part[i] ^= 1;
	}
}

static void first_round_trip(struct rig *r)
{
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	MS(300);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	rig_write(r, 10);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
	/* RFC 6298 section 2.2: SRTT = R, RTTVAR = R/2, RTO = SRTT + 4 RTTVAR */
	WAIT(900);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
}

static void syn_ack_was_lost(struct rig *r)
{
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	WAIT(1000);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	rig_write(r, 5000);
	/* RFC 5681 section 3.1: an initial window of one segment */
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	/* RFC 6298 section 5.7: no sample could be taken, the timeout starts at three seconds. */
	WAIT(3000);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
}

/* Nothing is known of the way yet: ssthresh stays "arbitrarily high" (RFC 5681 section 3.1). */
static void slow_start_after_a_lost_syn_ack(struct rig *r)
{
	uint32_t sent = 1;

	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	WAIT(1000);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	rig_write(r, 20 * r->mss);
	for (uint32_t n = 1; n <= 8; n *= 2) {
		for (uint32_t i = 0; i < n; i++, sent += r->mss)
			OUT(TCP_ACK, .seq = sent, .ack = 1, .len = r->mss);
		QUIET();
		for (uint32_t i = n; n < 8 && i > 0; i--)
			IN(TCP_ACK, .seq = 1, .ack = sent - (i - 1) * r->mss);
	}
}

const struct tcp_case passive_cases[] = {
	{"option_combinations", option_combinations, large_window, 0},
	{"options_switched_off", options_switched_off, no_own_options, 0},
	{"window_scale_is_at_most_14", window_scale_is_at_most_14, NULL, 0},
	{"peer_mss_is_no_larger_than_ours", peer_mss_is_no_larger_than_ours, NULL, 0},
	{"absurd_mss", absurd_mss, NULL, 0},
	{"syn_again", syn_again, NULL, 0},
	{"syn_again_with_fewer_options", syn_again_with_fewer_options, NULL, 0},
	{"repeated_syns_hold_no_place", repeated_syns_hold_no_place, NULL, 0},
	{"syn_ack_is_repeated_then_given_up", syn_ack_is_repeated_then_given_up, NULL, 0},
	{"data_with_the_last_ack", data_with_the_last_ack, NULL, 0},
	{"fin_with_the_last_ack", fin_with_the_last_ack, NULL, 0},
	{"last_ack_lost_data_comes", last_ack_lost_data_comes, NULL, 0},
	{"data_in_the_syn_is_sent_again", data_in_the_syn_is_sent_again, NULL, 0},
	{"bad_ack_of_the_handshake", bad_ack_of_the_handshake, NULL, 0},
	{"closed_window_in_the_syn", closed_window_in_the_syn, NULL, 0},
	{"new_syn_inside_the_window", new_syn_inside_the_window, NULL, 0},
	{"closed_port", closed_port, NULL, 0},
	{"isn_follows_the_clock", isn_follows_the_clock, NULL, 0},
	{"numbers_are_of_the_peer", numbers_are_of_the_peer, NULL, 0},
	{"first_round_trip", first_round_trip, NULL, 0},
	{"syn_ack_was_lost", syn_ack_was_lost, NULL, 0},
	{"slow_start_after_a_lost_syn_ack", slow_start_after_a_lost_syn_ack, NULL, 0},
	{0},
};
