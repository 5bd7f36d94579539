/* SPDX-License-Identifier: BSD-2-Clause */
/* We open: RFC 9293 sections 3.5, 3.10.1 and 3.10.7.3. */
#include "cases.h"

#define OUR_SYN                                                                                    \
	TCP_SYN, .seq = 0, .opts = TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_TS | TCP_OPT_SACK_OK,    \
		 .mss = (uint16_t)r->mss

static void with_options(struct rig *r)
{
	OPEN_ACTIVE(TCP_OPT_WSCALE | TCP_OPT_TS | TCP_OPT_SACK_OK);
	EQ(COUNTER(OPENED_ACTIVE), 1);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 1000);
	EQ(r->p->conn->snd_wnd, 1000 << 7);
	rig_write(r, 2000);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss - 12);
	OUT(TCP_ACK, .seq = 1 + r->mss - 12, .ack = 1, .len = 2000 - (r->mss - 12));
}

static void without_options(struct rig *r)
{
	OPEN_ACTIVE(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 1000);
	EQ(r->p->conn->snd_wnd, 1000);
	rig_write(r, 10);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 10); /* and no timestamp */
}

static void key_in_use(struct rig *r)
{
	rig_connect(r);
	OUT(OUR_SYN);
	TRUE(!rs_tcp_connect(&r->t, &r->p->key, 1));
	rig_abort(r);
	QUIET(); /* RFC 9293 section 3.10.5: SYN-SENT, no RST */
}

static void data_waits_for_the_handshake(struct rig *r)
{
	rig_connect(r);
	OUT(OUR_SYN);
	rig_write(r, 100);
	QUIET();
	IN(SYN_ACK, .seq = 0, .ack = 1, .opts = TCP_OPT_MSS, .mss = 1460);
	/* The ACK of the handshake rides on the data. */
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	QUIET();
}

static void close_waits_for_the_handshake(struct rig *r)
{
	rig_connect(r);
	OUT(OUR_SYN);
	rig_write(r, 100);
	rig_close(r);
	QUIET();
	IN(SYN_ACK, .seq = 0, .ack = 1, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(FIN_ACK, .seq = 1, .ack = 1, .len = 100);
	STATE(TCP_FIN_WAIT_1);
}

static void syn_is_repeated_then_given_up(struct rig *r)
{
	uint32_t rto_ms = 1000;

	rig_connect(r);
	OUT(OUR_SYN);
	for (uint32_t i = 0; i < r->cfg.max_syn_retries; i++) {
		WAIT(rto_ms);
		OUT(OUR_SYN);
		rto_ms *= 2;
	}
	WAIT(rto_ms);
	EVENTS(TCP_EV_GONE);
	QUIET();
	STATE(TCP_CLOSED);
}

static void refused(struct rig *r)
{
	rig_connect(r);
	OUT(OUR_SYN);
	IN(RST_ACK, .seq = 0, .ack = 2); /* of something else: not believed */
	IN(RST_ACK, .seq = 0, .ack = 0);
	IN(TCP_RST, .seq = 0);
	QUIET();
	EVENTS(0);
	IN(RST_ACK, .seq = 0, .ack = 1);
	QUIET();
	EVENTS(TCP_EV_GONE);
	STATE(TCP_CLOSED);
}

static void old_syn_ack(struct rig *r)
{
	rig_connect(r);
	OUT(OUR_SYN);
	IN(SYN_ACK, .seq = 0, .ack = 500, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(TCP_RST, .seq = 500); /* RFC 9293 figure 9 */
	STATE(TCP_SYN_SENT);
	IN(SYN_ACK, .seq = 0, .ack = 0, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(TCP_RST, .seq = 0);
	IN(SYN_ACK, .seq = 0, .ack = 1, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	EVENTS(TCP_EV_OPENED);
}

static void half_open_peer(struct rig *r)
{
	/* RFC 9293 figure 10: the peer thinks that the old connection still lives. */
	rig_connect(r);
	OUT(OUR_SYN);
	IN(TCP_ACK, .seq = 300, .ack = 100);
	OUT(TCP_RST, .seq = 100);
	STATE(TCP_SYN_SENT);
	WAIT(1000);
	OUT(OUR_SYN);
}

static void syn_ack_again(struct rig *r)
{
	OPEN_ACTIVE(0);
	IN(SYN_ACK, .seq = 0, .ack = 1, .opts = TCP_OPT_MSS, .mss = 1460); /* our ACK was lost */
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	STATE(TCP_ESTABLISHED);
}

static void simultaneous_open(struct rig *r)
{
	/* RFC 9293 figure 7 */
	rig_connect(r);
	OUT(OUR_SYN);
	IN(TCP_SYN, .seq = 0, .opts = TCP_OPT_MSS, .mss = 1460, .wnd = 8000);
	OUT(SYN_ACK, .seq = 0, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	STATE(TCP_SYN_RECEIVED);
	EVENTS(0);
	IN(SYN_ACK, .seq = 0, .ack = 1, .opts = TCP_OPT_MSS, .mss = 1460, .wnd = 9000);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	EVENTS(TCP_EV_OPENED);
	STATE(TCP_ESTABLISHED);
	EQ(r->p->conn->snd_wnd, 9000);
	rig_write(r, 10);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
}

static void simultaneous_open_ends_with_an_ack(struct rig *r)
{
	rig_connect(r);
	OUT(OUR_SYN);
	IN(TCP_SYN, .seq = 0, .opts = TCP_OPT_MSS, .mss = 1460, .wnd = 8000);
	OUT(SYN_ACK, .seq = 0, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 9000);
	EVENTS(TCP_EV_OPENED);
	STATE(TCP_ESTABLISHED);
	rig_write(r, 10);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
	EQ(r->p->conn->snd_wnd, 9000);
}

static void simultaneous_open_reset(struct rig *r)
{
	rig_connect(r);
	OUT(OUR_SYN);
	IN(TCP_SYN, .seq = 0, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(SYN_ACK, .seq = 0, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
	IN(TCP_RST, .seq = 1);
	QUIET();
	EVENTS(TCP_EV_GONE); /* RFC 9293 section 3.10.7.4, second: the open was ours */
	STATE(TCP_CLOSED);
}

static void syn_was_lost(struct rig *r)
{
	rig_connect(r);
	OUT(OUR_SYN);
	WAIT(1000);
	OUT(OUR_SYN);
	IN(SYN_ACK, .seq = 0, .ack = 1, .opts = TCP_OPT_MSS, .mss = 1460);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	rig_write(r, 5000);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss); /* RFC 5681 section 3.1 */
	QUIET();
	WAIT(3000); /* RFC 6298 section 5.7 */
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
}

static void connect_to_a_time_wait_key(struct rig *r)
{
	OPEN(0);
	CLOSE();
	STATE(TCP_TIME_WAIT);
	TRUE(!rs_tcp_connect(&r->t, &r->p->key, 1));
	MS(r->cfg.time_wait_ms + 10);
	rig_reopen(r, r->isn);
	OPEN_ACTIVE(0);
}

const struct tcp_case active_cases[] = {
	{"with_options", with_options, NULL, 0},
	{"without_options", without_options, NULL, 0},
	{"key_in_use", key_in_use, NULL, 0},
	{"data_waits_for_the_handshake", data_waits_for_the_handshake, NULL, 0},
	{"close_waits_for_the_handshake", close_waits_for_the_handshake, NULL, 0},
	{"syn_is_repeated_then_given_up", syn_is_repeated_then_given_up, NULL, 0},
	{"refused", refused, NULL, 0},
	{"old_syn_ack", old_syn_ack, NULL, 0},
	{"half_open_peer", half_open_peer, NULL, 0},
	{"syn_ack_again", syn_ack_again, NULL, 0},
	{"simultaneous_open", simultaneous_open, NULL, 0},
	{"simultaneous_open_ends_with_an_ack", simultaneous_open_ends_with_an_ack, NULL, 0},
	{"simultaneous_open_reset", simultaneous_open_reset, NULL, 0},
	{"syn_was_lost", syn_was_lost, NULL, 0},
	{"connect_to_a_time_wait_key", connect_to_a_time_wait_key, NULL, 0},
	{0},
};
