/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timers of a connection: retransmission (RFC 6298), tail loss probe (RFC 8985), zero-window
 * probe (RFC 9293 section 3.8.6.1), delayed acknowledgement, keep-alive (section 3.8.4),
 * FIN-WAIT-2, the application's deadline. The wheel looks at a connection at wheel_tick; what is
 * really due is decided here.
 */
#include "tcp/tcp_internal.h"

/* One call handles at most this many connections that turn out to have nothing to report. */
#define MAX_QUIET_PER_CALL 64

/* A connection without a timer is looked at this often all the same: about an hour. */
#define FAR_TICKS (3600u * 1000u)

/* One more try without an answer. False when there were enough: the peer has gone. */
static bool try_again(struct tcp *t, struct tcp_conn *c)
{
	bool in_handshake = c->state == TCP_SYN_SENT || c->state == TCP_SYN_RECEIVED;
	uint32_t most = in_handshake ? t->cfg->max_syn_retries : t->cfg->max_retries;

	if (c->n_retries >= most) {
		t->counters[TCP_C_GAVE_UP]++;
		return false;
	}
	c->n_retries++;
	return true;
}

/* False when the connection has to end. */
static bool on_rtx_timer(struct tcp *t, struct tcp_conn *c)
{
	bool may_probe = rs_tcp_tail_may_probe(c) && c->snd_wnd;

	c->flags &= ~(uint32_t)TCP_F_RTX;
	if (c->flags & TCP_F_FIN_ACKED)
		return false;
	if (c->flags & (TCP_F_PTO | TCP_F_REORDER) || may_probe) {
		rs_tcp_tail_timer(t, c);
		return true;
	}
	if (!try_again(t, c))
		return false;
	/* RFC 9293 section 3.8.6: a window that shrank to nothing is probed, whatever was sent. */
	if (c->state >= TCP_ESTABLISHED && !c->snd_wnd) {
		c->flags |= TCP_F_PERSIST;
		rs_tcp_cc_window_shrank(t, c);
	}
	if (c->flags & TCP_F_PERSIST) {
		c->flags |= TCP_F_RETRIED;
		rs_tcp_cc_back_off(t, c);
		rs_tcp_start_rtx_timer(t, c);
		rs_tcp_resend(t, c);
		return true;
	}
	t->counters[TCP_C_TIMEOUTS]++;
	rs_tcp_cc_timeout(t, c);
	c->flags |= TCP_F_RETRIED;
	if (c->state == TCP_SYN_SENT || c->state == TCP_SYN_RECEIVED) {
		rs_tcp_send_syn(t, c);
		return true;
	}
	rs_tcp_start_rtx_timer(t, c); /* also when t->tx has no room just now */
	rs_tcp_mark_dirty(t, c);
	return true;
}

void rs_tcp_start_fin_wait_2(struct tcp *t, struct tcp_conn *c)
{
	c->rtx_tick = rs_tcp_tick(t) + rs_tcp_ms_to_ticks(t->cfg->fin_wait_2_ms);
	c->flags |= TCP_F_RTX;
	rs_tcp_arm(t, c, c->rtx_tick);
}

static uint32_t keepalive_tick(const struct tcp *t, const struct tcp_conn *c)
{
	const struct tcp_config *cfg = t->cfg;

	return c->last_rx_tick + rs_tcp_ms_to_ticks(cfg->keepalive_idle_ms) +
	       c->n_retries * rs_tcp_ms_to_ticks(cfg->keepalive_interval_ms);
}

static bool keepalive_applies(const struct tcp *t, const struct tcp_conn *c)
{
	return t->cfg->keepalive_idle_ms && !(c->flags & TCP_F_RTX) &&
	       (c->state == TCP_ESTABLISHED || c->state == TCP_CLOSE_WAIT);
}

/* False when the connection has to end. */
static bool on_keepalive(struct tcp *t, struct tcp_conn *c)
{
	if (c->n_retries >= t->cfg->keepalive_probes) {
		t->counters[TCP_C_GAVE_UP]++;
		return false;
	}
	c->n_retries++;
	c->flags |= TCP_F_RETRIED;
	rs_tcp_send_keepalive(t, c);
	return true;
}

static void earlier(uint32_t *tick, uint32_t other)
{
	if (rs_seq_lt(other, *tick))
		*tick = other;
}

/* Asks the wheel to look again when the next timer is due. */
static void rearm(struct tcp *t, struct tcp_conn *c)
{
	uint32_t now_tick = rs_tcp_tick(t);
	uint32_t next = now_tick + FAR_TICKS;

	if (c->flags & TCP_F_RTX)
		earlier(&next, c->rtx_tick);
	if (c->flags & TCP_F_APP_TIMER)
		earlier(&next, c->app_tick);
	if (c->flags & TCP_F_DELACK)
		earlier(&next, c->delack_tick);
	if (keepalive_applies(t, c)) {
		earlier(&next, keepalive_tick(t, c));
		/* The answer to a probe begins the silence anew: it may end before the next one. */
		earlier(&next, now_tick + rs_tcp_ms_to_ticks(t->cfg->keepalive_idle_ms));
	}
	rs_tcp_look_at(t, c, next);
}

static uint32_t run_timers(struct tcp *t, struct tcp_conn *c)
{
	uint32_t now_tick = rs_tcp_tick(t);
	uint32_t ev = 0;

	if (c->flags & TCP_F_RTX && rs_tcp_is_due(c->rtx_tick, now_tick) && !on_rtx_timer(t, c))
		return rs_tcp_end(t, c);
	if (keepalive_applies(t, c) && rs_tcp_is_due(keepalive_tick(t, c), now_tick) &&
		!on_keepalive(t, c))
		return rs_tcp_end(t, c);
	if (c->flags & TCP_F_DELACK && rs_tcp_is_due(c->delack_tick, now_tick)) {
		c->flags = (c->flags & ~(uint32_t)TCP_F_DELACK) | TCP_F_ACK_NOW;
		t->counters[TCP_C_DELAYED_ACKS]++;
		rs_tcp_mark_dirty(t, c);
	}
	if (c->flags & TCP_F_APP_TIMER && rs_tcp_is_due(c->app_tick, now_tick)) {
		c->flags &= ~(uint32_t)TCP_F_APP_TIMER;
		ev = TCP_EV_DEADLINE;
	}
	rearm(t, c);
	return ev;
}

uint32_t rs_tcp_expire(struct tcp *t, struct tcp_conn **conn)
{
	*conn = NULL;
	rs_tcp_time_wait_expire(t);
	for (uint32_t n = 0; n < MAX_QUIET_PER_CALL; n++) {
		struct tcp_conn *c;
		uint32_t ev;

		if (t->due_next == t->n_due) {
			t->due_next = 0;
			t->n_due = rs_wheel_advance(&t->wheel, t->now_us, t->due, TCP_DUE_BATCH);
			if (!t->n_due)
				return 0;
		}
		/* What it reports may close connections that are due as well: look at each anew. */
		c = &t->conns[t->due[t->due_next++]];
		if (c->state == TCP_CLOSED)
			continue;
		ev = run_timers(t, c);
		if (ev) {
			*conn = c;
			return ev;
		}
	}
	return 0;
}
