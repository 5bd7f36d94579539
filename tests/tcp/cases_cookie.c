/* SPDX-License-Identifier: BSD-2-Clause */
/* SYN cookies when the backlog is full: RFC 4987 section 3.6. */
#include "cases.h"

#define ALL_OPTS (TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_TS | TCP_OPT_SACK_OK)

static void with_data(struct rig *r)
{
	rig_fill_backlog(r);
	IN(TCP_SYN, .opts = ALL_OPTS, .mss = 1400, .wscale = 9, .ts_val = 777);
	OUT(SYN_ACK, .ack = 1, .opts = ALL_OPTS, .mss = (uint16_t)r->mss, .ts_ecr = 777,
		.wnd = 65535);
	EQ(r->t.n_conns, r->cfg.syn_backlog); /* nothing is kept */
	IN(TCP_ACK | TCP_PSH, .seq = 1, .ack = 1, .len = 50, .wnd = 100);
	EVENTS(TCP_EV_OPENED | TCP_EV_DATA);
	EQ(r->p->n_read, 50);
	EQ(COUNTER(OPENED_PASSIVE), 1);
	EQ(r->p->conn->snd_wnd, 100 << 9);
	TRUE(r->p->conn->flags & TCP_F_SACK);
	rig_write(r, 3000);
	EQ(r->tx[0].opts, TCP_OPT_TS);
	TRUE(r->tx[0].len <= 1400 - 12 && r->tx[0].len >= 1220 - 12);
	rig_drop_output(r);
}

static void without_timestamps(struct rig *r)
{
	rig_fill_backlog(r);
	IN(TCP_SYN, .opts = TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_SACK_OK, .mss = 1460,
		.wscale = 9);
	/* There is nowhere to remember the rest: it must not be promised. */
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 500);
	EVENTS(TCP_EV_OPENED);
	EQ(r->p->conn->snd_wnd, 500);
	TRUE(!(r->p->conn->flags & (TCP_F_WSCALE | TCP_F_SACK | TCP_F_TS)));
}

static void each_mss(struct rig *r)
{
	static const uint16_t announced[] = {
		64, 100, 300, 536, 1000, 1220, 1300, 1440, 1460, 4000, 8960, 65535};

	rig_fill_backlog(r);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(announced); i++) {
		IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = announced[i]);
		OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
		IN(TCP_ACK, .seq = 1, .ack = 1);
		EVENTS(TCP_EV_OPENED);
		TRUE(r->p->conn->mss <= announced[i]); /* RFC 9293 section 3.7.1 */
		TRUE(r->p->conn->mss <= r->mss);
		rig_abort(r);
		rig_drop_output(r);
		rig_reopen(r, r->isn);
	}
	IN(TCP_SYN, .seq = 0); /* no MSS option: 536 or 1220 */
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	EQ(r->p->conn->mss, r->p->key.family == 4 ? 536 : 1220);
}

/* RFC 9293 section 3.7.1: no segment is larger than the peer takes. */
static void small_mss(struct rig *r)
{
	uint32_t sent = 0;

	rig_fill_backlog(r);
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 100);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	rig_write(r, 1000);
	while (sent < 1000) {
		TRUE(r->t.n_tx > 0);
		for (uint32_t i = 0; i < r->t.n_tx; i++) {
			TRUE(r->tx[i].len <= 100);
			sent += r->tx[i].len;
		}
		rig_drop_output(r);
		IN(TCP_ACK, .seq = 1, .ack = 1 + sent);
	}
}

static void wrong_cookie(struct rig *r)
{
	rig_fill_backlog(r);
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	for (uint32_t bit = 0; bit < 32; bit++) {
		IN(TCP_ACK, .seq = 1, .ack = 1 + (1u << bit));
		OUT(TCP_RST, .seq = 1 + (1u << bit));
	}
	IN(TCP_ACK, .seq = 2, .ack = 1); /* right, but of another SYN */
	OUT(TCP_RST, .seq = 1);
	rig_peer(r, 7); /* right, but of another peer */
	r->p->our_isn = r->peers[0].our_isn;
	IN(TCP_ACK, .seq = 1, .ack = 1);
	OUT(TCP_RST, .seq = 1);
	EVENTS(0);
	EQ(COUNTER(SYN_COOKIES_OK), 0);
}

static void old_cookie(struct rig *r)
{
	rig_fill_backlog(r);
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	r->t.now_us += 150 * UINT64_C(1000000);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	OUT(TCP_RST, .seq = 1);
	EVENTS(0);
}

static void cookie_lives_for_a_minute(struct rig *r)
{
	rig_fill_backlog(r);
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	r->t.now_us += 60 * UINT64_C(1000000);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	EVENTS(TCP_EV_OPENED);
}

static void ack_with_fin_and_data(struct rig *r)
{
	rig_fill_backlog(r);
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	IN(FIN_ACK, .seq = 1, .ack = 1, .len = 20);
	OUT(TCP_ACK, .seq = 1, .ack = 22);
	EVENTS(TCP_EV_OPENED | TCP_EV_DATA);
	TRUE(r->p->eof);
	STATE(TCP_CLOSE_WAIT);
}

static void no_cookie_was_sent(struct rig *r)
{
	IN(TCP_ACK, .seq = 1, .ack = 1);
	OUT(TCP_RST, .seq = 1);
	EQ(COUNTER(DROP_NO_CONN), 1);
	EQ(COUNTER(SYN_COOKIES_BAD), 0);
}

static void cookie_but_no_room(struct rig *r)
{
	rig_fill_backlog(r);
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	r->cfg.chunk_reserve = r->chunks.n_total + 1;
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
	QUIET(); /* silently: what follows comes again */
	r->cfg.chunk_reserve = 0;
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
	EVENTS(TCP_EV_OPENED | TCP_EV_DATA);
}

static void wide_window(struct rig *r)
{
	r->cfg.rcv_wnd_bytes = 1 << 20;
}

static void no_wider_than_was_offered(struct rig *r)
{
	rig_fill_backlog(r);
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss, .wnd = 65535);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	EVENTS(TCP_EV_OPENED);
	IN(TCP_ACK, .seq = 1 + 65535, .ack = 1, .len = 10);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .wnd = 65535);
	EQ(COUNTER(DROP_WINDOW), 1);
}

static void backlog_recovers(struct rig *r)
{
	rig_fill_backlog(r);
	rig_peer(r, 1);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	EVENTS(TCP_EV_OPENED);
	rig_peer(r, 0);
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	EQ(COUNTER(SYN_COOKIES_SENT), 0);
	STATE(TCP_SYN_RECEIVED);
}

/*
 * The cookie is still on its way when the SYN comes again and finds room: the peer takes the first
 * SYN-ACK that reaches it.
 */
static void cookie_then_room(struct rig *r)
{
	rig_fill_backlog(r);
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	rig_peer(r, 1);
	IN(TCP_RST, .seq = 1);
	rig_peer(r, 0);
	IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
	EQ(r->t.n_tx, 1);
	TRUE(r->tx[0].seq != r->p->our_isn);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 2); /* of neither */
	OUT(TCP_RST, .seq = 2);
	EQ(r->t.n_half_open, r->cfg.syn_backlog);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
	EVENTS(TCP_EV_OPENED | TCP_EV_DATA);
	EQ(r->p->n_read, 10);
	EQ(r->t.n_half_open, r->cfg.syn_backlog - 1);
	EQ(COUNTER(SYN_COOKIES_OK), 1);
	rig_write(r, 20);
	OUT(TCP_ACK, .seq = 1, .ack = 11, .len = 20);
}

const struct tcp_case cookie_cases[] = {
	{"with_data", with_data, NULL, 0},
	{"without_timestamps", without_timestamps, NULL, 0},
	{"each_mss", each_mss, NULL, 0},
	{"small_mss", small_mss, NULL, 0},
	{"wrong_cookie", wrong_cookie, NULL, 0},
	{"old_cookie", old_cookie, NULL, 0},
	{"cookie_lives_for_a_minute", cookie_lives_for_a_minute, NULL, 0},
	{"ack_with_fin_and_data", ack_with_fin_and_data, NULL, 0},
	{"no_cookie_was_sent", no_cookie_was_sent, NULL, 0},
	{"cookie_but_no_room", cookie_but_no_room, NULL, 0},
	{"no_wider_than_was_offered", no_wider_than_was_offered, wide_window, 0},
	{"cookie_then_room", cookie_then_room, NULL, 0},
	{"backlog_recovers", backlog_recovers, NULL, 0},
	{0},
};
