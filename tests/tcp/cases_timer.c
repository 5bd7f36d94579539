/* SPDX-License-Identifier: BSD-2-Clause */
/* Keep-alive (RFC 9293 section 3.8.4), the application's deadline, FIN-WAIT-2. */
#include "cases.h"

static void probing(struct rig *r)
{
	r->cfg.keepalive_idle_ms = 10000;
	r->cfg.keepalive_interval_ms = 1000;
	r->cfg.keepalive_probes = 3;
}

static void keepalive_gives_up(struct rig *r)
{
	OPEN(0);
	for (uint32_t i = 0; i < 3; i++) {
		WAIT(i == 0 ? 10000 : 1000);
		OUT(TCP_ACK, .seq = 0, .ack = 1); /* SEG.SEQ = SND.NXT - 1 */
	}
	WAIT(1000);
	EVENTS(TCP_EV_GONE);
	EQ(COUNTER(KEEPALIVE_PROBES), 3);
}

static void keepalive_is_answered(struct rig *r)
{
	OPEN(0);
	for (uint32_t i = 0; i < 5; i++) {
		WAIT(10000);
		OUT(TCP_ACK, .seq = 0, .ack = 1);
		IN(TCP_ACK, .seq = 1, .ack = 1);
	}
	WAIT(10000);
	OUT(TCP_ACK, .seq = 0, .ack = 1);
	WAIT(1000);
	OUT(TCP_ACK, .seq = 0, .ack = 1);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10); /* data is an answer, too */
	WAIT(40);
	OUT(TCP_ACK, .seq = 1, .ack = 11);
	WAIT(10000 - 40);
	OUT(TCP_ACK, .seq = 0, .ack = 11);
}

static void short_silences(struct rig *r)
{
	r->cfg.keepalive_idle_ms = 1000;
	r->cfg.keepalive_interval_ms = 15000;
	r->cfg.keepalive_probes = 3;
}

static void silence_shorter_than_the_interval(struct rig *r)
{
	OPEN(0);
	for (uint32_t i = 0; i < 5; i++) {
		WAIT(1000);
		OUT(TCP_ACK, .seq = 0, .ack = 1);
		IN(TCP_ACK, .seq = 1, .ack = 1);
	}
	WAIT(1000);
	OUT(TCP_ACK, .seq = 0, .ack = 1);
	WAIT(15000); /* since nobody answers */
	OUT(TCP_ACK, .seq = 0, .ack = 1);
}

static void traffic_puts_keepalive_off(struct rig *r)
{
	OPEN(0);
	for (uint32_t i = 0; i < 20; i++) {
		MS(9000);
		IN(TCP_ACK, .seq = 1 + i, .ack = 1, .len = 1);
		WAIT(40);
		OUT(TCP_ACK, .seq = 1, .ack = 2 + i);
	}
	EQ(COUNTER(KEEPALIVE_PROBES), 0);
}

static void no_keepalive_while_retransmitting(struct rig *r)
{
	OPEN(0);
	rig_write(r, 100);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	for (uint32_t i = 0; i < 7; i++) {
		WAIT(200u << i);
		OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	}
	EQ(COUNTER(KEEPALIVE_PROBES), 0);
}

static void keepalive_with_timestamps(struct rig *r)
{
	OPEN(TCP_OPT_TS);
	WAIT(10000);
	OUT(TCP_ACK, .seq = 0, .ack = 1);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	rig_write(r, 10); /* the probe took no sequence space */
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
}

/*
 * No answer to a probe says anything of the data that follows: its first timeout takes of the
 * window (RFC 5681 section 3.1, equation 4), and it is tried as often as any other.
 */
static void keepalive_before_data(struct rig *r)
{
	OPEN(0);
	WAIT(10000);
	OUT(TCP_ACK, .seq = 0, .ack = 1);
	WAIT(1000);
	OUT(TCP_ACK, .seq = 0, .ack = 1);
	rig_write(r, r->mss);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	EQ(rig_conn(r)->n_retries, 0);
	WAIT(200);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	EQ(rig_conn(r)->ssthresh, 2 * r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + r->mss);
}

static void none_unless_asked(struct rig *r)
{
	OPEN(0);
	for (uint32_t i = 0; i < 20; i++) {
		r->t.now_us += UINT64_C(600000000);
		MS(5);
		QUIET();
	}
	STATE(TCP_ESTABLISHED);
	rig_write(r, 10);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
}

static void deadline(struct rig *r)
{
	OPEN(0);
	rs_tcp_set_deadline(&r->t, r->p->conn, r->t.now_us + 500000);
	WAIT(500);
	EVENTS(TCP_EV_DEADLINE);
	MS(2000);
	EVENTS(0); /* once */
}

static void deadline_is_never_early(struct rig *r)
{
	for (uint32_t i = 0; i < 50; i++) {
		uint64_t due_us;

		rig_peer(r, 0);
		if (!i)
			OPEN(0);
		due_us = r->t.now_us + 1000 + 37 * i;
		rs_tcp_set_deadline(&r->t, r->p->conn, due_us);
		while (!(r->p->events & TCP_EV_DEADLINE))
			MS(1);
		TRUE(r->t.now_us >= due_us);
		TRUE(r->t.now_us <= due_us + 5000);
		EVENTS(TCP_EV_DEADLINE);
		r->t.now_us += 333;
	}
}

static void deadline_moves(struct rig *r)
{
	OPEN(0);
	rs_tcp_set_deadline(&r->t, r->p->conn, r->t.now_us + 500000);
	rs_tcp_set_deadline(&r->t, r->p->conn, r->t.now_us + 900000); /* later */
	MS(100);
	WAIT(800);
	EVENTS(TCP_EV_DEADLINE);
	rs_tcp_set_deadline(&r->t, r->p->conn, r->t.now_us + 900000);
	rs_tcp_set_deadline(&r->t, r->p->conn, r->t.now_us + 300000); /* earlier */
	WAIT(300);
	EVENTS(TCP_EV_DEADLINE);
	rs_tcp_set_deadline(&r->t, r->p->conn, r->t.now_us + 300000);
	rs_tcp_set_deadline(&r->t, r->p->conn, 0); /* none */
	MS(1000);
	EVENTS(0);
	rs_tcp_set_deadline(&r->t, r->p->conn, r->t.now_us - 1); /* gone by */
	MS(5);
	EVENTS(TCP_EV_DEADLINE);
}

static void deadline_beside_retransmission(struct rig *r)
{
	OPEN(0);
	rs_tcp_set_deadline(&r->t, r->p->conn, r->t.now_us + 300000);
	rig_write(r, 10);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
	WAIT(200);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
	WAIT(100);
	EVENTS(TCP_EV_DEADLINE);
	WAIT(300);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
}

static void fin_wait_2_ends(struct rig *r)
{
	OPEN(0);
	rig_close(r);
	OUT(FIN_ACK, .seq = 1, .ack = 1);
	IN(TCP_ACK, .seq = 1, .ack = 2);
	STATE(TCP_FIN_WAIT_2);
	WAIT(r->cfg.fin_wait_2_ms);
	EVENTS(TCP_EV_GONE);
	QUIET();
	IN(FIN_ACK, .seq = 1, .ack = 2); /* later than we waited */
	OUT(TCP_RST, .seq = 2);
}

static void many_at_once(struct rig *r)
{
	uint64_t due_us;

	for (uint32_t i = 0; i < r->cfg.max_conns; i++) {
		rig_peer(r, i);
		OPEN(0);
	}
	due_us = r->t.now_us + 100000;
	for (uint32_t i = 0; i < r->cfg.max_conns; i++)
		rs_tcp_set_deadline(&r->t, r->peers[i].conn, due_us);
	MS(105);
	for (uint32_t i = 0; i < r->cfg.max_conns; i++) {
		rig_peer(r, i);
		EVENTS(TCP_EV_DEADLINE);
	}
}

static void nothing_to_do(struct rig *r)
{
	EQ(rs_tcp_deadline_us(&r->t), UINT64_MAX);
	OPEN(0);
	TRUE(rs_tcp_deadline_us(&r->t) != UINT64_MAX); /* an hour at most */
	rig_abort(r);
	OUT(RST_ACK, .seq = 1, .ack = 1);
	EQ(rs_tcp_deadline_us(&r->t), UINT64_MAX);
}

/* The clock may have begun long ago: in 50 days the wheel has counted all its ticks. */
static void nothing_to_do_after_weeks(struct rig *r)
{
	r->t.now_us += UINT64_C(1) << (32 + WHEEL_TICK_SHIFT);
	OPEN(0);
	TRUE(rs_tcp_deadline_us(&r->t) > r->t.now_us);
	TRUE(rs_tcp_deadline_us(&r->t) <= r->t.now_us + WHEEL_TICK_US);
	rig_abort(r);
	OUT(RST_ACK, .seq = 1, .ack = 1);
}

const struct tcp_case timer_cases[] = {
	{"keepalive_gives_up", keepalive_gives_up, probing, 0},
	{"keepalive_is_answered", keepalive_is_answered, probing, 0},
	{"silence_shorter_than_the_interval", silence_shorter_than_the_interval, short_silences, 0},
	{"traffic_puts_keepalive_off", traffic_puts_keepalive_off, probing, 0},
	{"no_keepalive_while_retransmitting", no_keepalive_while_retransmitting, probing, 0},
	{"keepalive_before_data", keepalive_before_data, probing, 0},
	{"keepalive_with_timestamps", keepalive_with_timestamps, probing, 0},
	{"none_unless_asked", none_unless_asked, NULL, 0},
	{"deadline", deadline, NULL, 0},
	{"deadline_is_never_early", deadline_is_never_early, NULL, 0},
	{"deadline_moves", deadline_moves, NULL, 0},
	{"deadline_beside_retransmission", deadline_beside_retransmission, NULL, 0},
	{"fin_wait_2_ends", fin_wait_2_ends, NULL, 0},
	{"many_at_once", many_at_once, NULL, 0},
	{"nothing_to_do", nothing_to_do, NULL, 0},
	{"nothing_to_do_after_weeks", nothing_to_do_after_weeks, NULL, 0},
	{0},
};
