/* SPDX-License-Identifier: BSD-2-Clause */
/* TIME-WAIT: RFC 9293 sections 3.6.1 and 3.10.7.4, 6191, 1337. */
#include "cases.h"

static void to_time_wait(struct rig *r, uint8_t opts)
{
	OPEN(opts);
	rig_close(r);
	OUT(FIN_ACK, .seq = 1, .ack = 1);
	IN(FIN_ACK, .seq = 1, .ack = 2);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
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
}

static void oldest_gives_way(struct rig *r)
{
	for (uint32_t i = 0; i < r->cfg.max_time_wait + 3; i++) {
		rig_peer(r, i);
		OPEN(0);
		rig_close(r);
		OUT(FIN_ACK, .seq = 1, .ack = 1);
		IN(FIN_ACK, .seq = 1, .ack = 2);
		OUT(TCP_ACK, .seq = 2, .ack = 2);
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

static void restarts_keep_the_count(struct rig *r)
{
	/* Restarted entries move to the young end; their old places must not pile up. */
	for (uint32_t i = 0; i < 4; i++) {
		rig_peer(r, i);
		to_time_wait(r, 0);
	}
	for (uint32_t i = 0; i < 50; i++) {
		rig_peer(r, i % 4);
		IN(FIN_ACK, .seq = 1, .ack = 2);
		OUT(TCP_ACK, .seq = 2, .ack = 2);
		EQ(r->t.n_time_wait, 4);
	}
}

static void no_room_at_all(struct rig *r)
{
	r->cfg.max_time_wait = 0;
}

static void without_time_wait(struct rig *r)
{
	OPEN(0);
	rig_close(r);
	OUT(FIN_ACK, .seq = 1, .ack = 1);
	IN(FIN_ACK, .seq = 1, .ack = 2);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
	TRUE(r->p->gone);
	STATE(TCP_CLOSED);
}

const struct tcp_case time_wait_cases[] = {
	{"it_ends", it_ends, NULL, 0},
	{"fin_again", fin_again, NULL, 0},
	{"made_up_fin", made_up_fin, NULL, 0},
	{"old_data", old_data, NULL, 0},
	{"rst_does_not_end_it", rst_does_not_end_it, NULL, 0},
	{"old_syn", old_syn, NULL, 0},
	{"syn_reopens", syn_reopens, NULL, 0},
	{"syn_with_newer_timestamp_reopens", syn_with_newer_timestamp_reopens, NULL, 0},
	{"syn_with_the_same_timestamp", syn_with_the_same_timestamp, NULL, 0},
	{"syn_with_older_timestamp", syn_with_older_timestamp, NULL, 0},
	{"syn_without_timestamp", syn_without_timestamp, NULL, 0},
	{"reopening_when_draining", reopening_when_draining, NULL, 0},
	{"oldest_gives_way", oldest_gives_way, NULL, 0},
	{"restarts_keep_the_count", restarts_keep_the_count, NULL, 0},
	{"without_time_wait", without_time_wait, no_room_at_all, 0},
	{0},
};
