/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of lib/tcp share. Nobody else includes it.
 */
#ifndef RS_TCP_INTERNAL_H
#define RS_TCP_INTERNAL_H

#include "tcp/tcp.h"

/* The wheel's tick (1024 µs) is the unit of all deadlines and of the timestamp clock. */
static inline uint32_t rs_tcp_tick(const struct tcp *t)
{
	return (uint32_t)(t->now_us >> WHEEL_TICK_SHIFT);
}

/* What timestamps take of each segment, with the padding before them. */
#define TCP_TS_BYTES 12

#define TCP_MAX_WSCALE 14 /* RFC 7323 section 2.3 */
#define TCP_DUP_THRESH 3  /* RFC 5681 section 3.2, RFC 6675 section 2 */

static inline uint32_t rs_tcp_ms_to_ticks(uint32_t ms)
{
	return (uint32_t)(((uint64_t)ms * 1000 + WHEEL_TICK_US - 1) >> WHEEL_TICK_SHIFT);
}

/* Periods of 2^9 ticks: 524 ms. */
static inline uint16_t rs_tcp_stray_period(const struct tcp *t)
{
	return (uint16_t)(rs_tcp_tick(t) >> 9);
}

static inline bool rs_tcp_is_due(uint32_t tick, uint32_t now_tick)
{
	return (int32_t)(tick - now_tick) <= 0;
}

/* Bytes queued for the wire end here: at this sequence number our FIN stands or will stand. */
static inline uint32_t rs_tcp_snd_end(const struct tcp_conn *c)
{
	return c->snd_una + c->sendq.n_bytes;
}

/* Both FINs are there and acknowledged. */
static inline bool rs_tcp_both_closed(const struct tcp_conn *c)
{
	const uint32_t both = TCP_F_FIN_RCVD | TCP_F_FIN_ACKED;

	return (c->flags & both) == both;
}

/* The largest window that says itself without a scale: that of a SYN (RFC 7323 section 2.2). */
static inline uint32_t rs_tcp_unscaled_window(const struct tcp *t)
{
	return rs_min_u32(t->cfg->rcv_wnd_bytes, UINT16_MAX);
}

/* The largest that c may be offered. */
static inline uint32_t rs_tcp_most_window(const struct tcp *t, const struct tcp_conn *c)
{
	return c->flags & TCP_F_WSCALE ? t->cfg->rcv_wnd_bytes : rs_tcp_unscaled_window(t);
}

static inline uint16_t rs_tcp_own_mss(const struct tcp *t, const struct flow_key *key)
{
	return key->family == 4 ? t->cfg->mss_v4 : t->cfg->mss_v6;
}

/* tcp.c: the life of a connection */
struct tcp_conn *rs_tcp_conn_new(
	struct tcp *t, const struct flow_key *key, uint32_t hash, uint64_t link);
void rs_tcp_conn_free(struct tcp *t, struct tcp_conn *c);
/* All of it but its entry in the flow table, which has become somebody else's. */
void rs_tcp_conn_release(struct tcp *t, struct tcp_conn *c);
struct tcp_conn *rs_tcp_conn_find(
	struct tcp *t, const struct tcp_seg *seg, uint32_t *time_wait_slot);
void rs_tcp_mark_dirty(struct tcp *t, struct tcp_conn *c);
/* The wheel looks at c at tick next, and not before. */
void rs_tcp_look_at(struct tcp *t, struct tcp_conn *c, uint32_t tick);
/* Makes sure that the wheel looks at c at tick or before. */
static inline void rs_tcp_arm(struct tcp *t, struct tcp_conn *c, uint32_t tick)
{
	if (rs_seq_lt(tick, c->wheel_tick))
		rs_tcp_look_at(t, c, tick);
}

/* listen.c: how connections begin */

/*
 * Where its numbers begin: sequence numbers at a clock of 4 µs plus a keyed hash of its addresses
 * (RFC 6528 section 3), timestamps at another half of that hash, since our uptime is nobody's
 * business (RFC 7323 section 5.4).
 */
struct tcp_origin {
	uint32_t isn;
	uint32_t ts_offset; /* the same for all connections of a pair of addresses and ports */
};
struct tcp_origin rs_tcp_origin(const struct tcp *t, const struct flow_key *key);
/* A segment for which there is no connection. Returns events as rs_tcp_input(). */
uint32_t rs_tcp_listen_input(struct tcp *t, const struct tcp_seg *seg, struct tcp_conn **conn);
/* Is it the last step of a handshake with a cookie? */
bool rs_tcp_is_ack_of_cookie(const struct tcp *t, const struct tcp_seg *seg);
/*
 * A SYN opens anew what is in TIME-WAIT: the new numbers are not below min_isn (RFC 9293 section
 * 3.6.1). False: it was refused, and TIME-WAIT has to go on.
 */
bool rs_tcp_reopen(struct tcp *t, const struct tcp_seg *seg, uint32_t min_isn);
/* Takes over what a SYN or SYN-ACK says: MSS, window scaling, timestamps, SACK. */
void rs_tcp_take_syn_options(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg);
void rs_tcp_init_cwnd(struct tcp_conn *c);

/* time_wait.c */
#define TCP_TIME_WAIT_ID 0x80000000u /* set in the flow table's ids of TIME-WAIT entries */
size_t rs_tcp_time_wait_bytes(const struct tcp_config *cfg);
/* Moves a closed connection to TIME-WAIT: an entry takes over its key, and the connection is freed.
 */
void rs_tcp_time_wait_enter(struct tcp *t, struct tcp_conn *c);
void rs_tcp_time_wait_input(struct tcp *t, const struct tcp_seg *seg, uint32_t slot);
bool rs_tcp_time_wait_match(const struct tcp *t, uint32_t slot, const struct flow_key *key);
/* Removes entries whose time is over, a bounded number a call. */
void rs_tcp_time_wait_expire(struct tcp *t);

/* input.c */
/* Frees a connection; TCP_EV_GONE when the application knows it, else 0. */
uint32_t rs_tcp_end(struct tcp *t, struct tcp_conn *c);

/* timer.c */
/* We have closed: how long the peer may go on without sending anything new. */
void rs_tcp_start_fin_wait_2(struct tcp *t, struct tcp_conn *c);

/* deliver.c */
/* The payload and FIN of a segment whose acknowledgement has been dealt with. Returns events. */
uint32_t rs_tcp_input_text(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg);
/* Ends a connection whose FINs are both done and whose bytes are all read: to TIME-WAIT, or, where
 * the peer closed first, at once. False: it is not that far. */
bool rs_tcp_finish(struct tcp *t, struct tcp_conn *c);

/* rcvq.c: bytes that have arrived and cannot be delivered yet */
/* Keeps data[0, len) at seq, as far as it is new and there is room. */
void rs_tcp_rcvq_insert(
	struct tcp *t, struct tcp_conn *c, uint32_t seq, const uint8_t *data, uint32_t len);
/* The first run of [seq, end) that is kept already; an empty one when nothing of it is. */
struct sack_block rs_tcp_rcvq_overlap(
	const struct tcp *t, const struct tcp_conn *c, uint32_t seq, uint32_t end);
/* Where the run of kept bytes ends that starts at or before seq and covers it; seq when none does.
 */
uint32_t rs_tcp_rcvq_contiguous(const struct tcp *t, const struct tcp_conn *c, uint32_t seq);
/* Where the first kept byte stands; only with c->rcvq != 0. */
uint32_t rs_tcp_rcvq_start(const struct tcp *t, const struct tcp_conn *c);
/* The first kept bytes, up to where they are contiguous in memory. */
struct span rs_tcp_rcvq_front(const struct tcp *t, const struct tcp_conn *c);
void rs_tcp_rcvq_pop(struct tcp *t, struct tcp_conn *c, uint32_t n);
/* Forgets what is kept from end on. */
void rs_tcp_rcvq_truncate(struct tcp *t, struct tcp_conn *c, uint32_t end);
void rs_tcp_rcvq_clear(struct tcp *t, struct tcp_conn *c);
/* The ranges kept beyond rcv_nxt, the one that holds recent first, then those that bytes joined
 * last (RFC 2018 section 4). */
uint8_t rs_tcp_rcvq_sack(const struct tcp *t, const struct tcp_conn *c, uint32_t recent,
	struct sack_block *blocks, uint8_t max);

/* output.c */
/* Sends what c has to say. False when t->tx is full or c has had its share: flush c again. */
bool rs_tcp_output(struct tcp *t, struct tcp_conn *c);
/* An ACK without data, now. recent: the sequence number that made it necessary, for SACK. */
void rs_tcp_send_ack(struct tcp *t, struct tcp_conn *c, uint32_t recent);
/* The same, of bytes that had come before: RFC 2883. */
void rs_tcp_send_ack_of_duplicate(struct tcp *t, struct tcp_conn *c, struct sack_block again);
void rs_tcp_send_challenge_ack(struct tcp *t, struct tcp_conn *c);
/* SYN or SYN-ACK of a connection in SYN-SENT or SYN-RECEIVED. */
void rs_tcp_send_syn(struct tcp *t, struct tcp_conn *c);
/*
 * At the next flush: the segment at snd_una again, or, with TCP_F_PERSIST, a probe. Not now: what
 * comes in the same turn may free the chunks that a descriptor points to, and give them to others.
 */
void rs_tcp_resend(struct tcp *t, struct tcp_conn *c);
void rs_tcp_send_keepalive(struct tcp *t, struct tcp_conn *c);
void rs_tcp_send_rst(struct tcp *t, struct tcp_conn *c);
/* The RST that answers a segment of no connection (RFC 9293 section 3.10.7.1). */
void rs_tcp_send_rst_for(struct tcp *t, const struct tcp_seg *seg);
/* A descriptor, addressed, without options and payload; the numbers, the flags and the window are
 * to be filled in. NULL (counted) when there is no room. */
struct tcp_tx *rs_tcp_new_tx(struct tcp *t, const struct flow_key *key, uint64_t link);
/* May one more challenge ACK be sent now? (RFC 5961 section 7) */
bool rs_tcp_challenge_allowed(struct tcp *t);
/*
 * May a segment without data that is not acceptable be answered now? Once in a period, whose number
 * *period keeps: two ends that disagree about where they are would answer each other's ACKs for
 * ever (RFC 5961 section 7). After hours without a stray one a number may come again: then the
 * first answer waits for the next period, or for the next probe.
 */
bool rs_tcp_may_answer_stray(struct tcp *t, uint16_t *period);
/* Moves the edge of the receive window right where that is worth it. */
void rs_tcp_open_window(const struct tcp *t, struct tcp_conn *c);
/* What is in flight has the whole timeout from now on, whatever rtx_tick was for. */
void rs_tcp_start_rtx_timer(struct tcp *t, struct tcp_conn *c);

/* tail.c: losses at the end of what is in flight (RFC 8985) */
/* Something new was sent, or acknowledged: a probe may be due before the timeout. */
void rs_tcp_tail_watch(struct tcp *t, struct tcp_conn *c);
/* With c->sacked: where something may be lost, or was only overtaken, time will tell. */
void rs_tcp_tail_reported(struct tcp *t, struct tcp_conn *c);
/* May a probe go out, be it in place of the timeout? Asked before that has cleared its flag. */
bool rs_tcp_tail_may_probe(const struct tcp_conn *c);
/* rtx_tick has come, with TCP_F_PTO or TCP_F_REORDER, or a probe takes the timeout's place. */
void rs_tcp_tail_timer(struct tcp *t, struct tcp_conn *c);
/* With c->sacked: is the probe reported, and something before it not? */
bool rs_tcp_tail_is_reported(const struct tcp *t, const struct tcp_conn *c);
/* With TCP_F_PROBED: what an ACK tells of the probe. came_twice: the peer had its bytes already. */
void rs_tcp_tail_acked(struct tcp *t, struct tcp_conn *c, uint32_t ack, bool came_twice);

/* ecn.c: RFC 3168 */
/* Does this SYN ask for ECN, and may it have it? */
bool rs_tcp_ecn_is_asked(const struct tcp *t, const struct tcp_seg *syn);
/* With TCP_F_ECN: a segment in the window, and what routers and the peer say with its data. */
void rs_tcp_ecn_take(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg);
/* Before the acknowledgement ack counts: with it the peer tells of marks. */
void rs_tcp_ecn_echoed(struct tcp *t, struct tcp_conn *c, uint32_t ack);
/* With TCP_F_ECN: the first new bytes since cwnd became smaller begin at seq. The peer is told with
 * them, in one segment: ports may repeat the flag in all that they cut. */
static inline bool rs_tcp_ecn_cwr_is_due(const struct tcp_conn *c, uint32_t seq)
{
	return (c->flags & (TCP_F_ECN | TCP_F_RECOVER)) == (TCP_F_ECN | TCP_F_RECOVER) &&
	       seq == c->recover;
}
/* With TCP_F_ECN: tx has bytes that were never sent before. */
void rs_tcp_ecn_put(const struct tcp_conn *c, struct tcp_tx *tx);

/* sack.c; but for the first two, only with c->sacked != 0 */
void rs_tcp_sack_update(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg);
void rs_tcp_sack_clear(struct tcp *t, struct tcp_conn *c);
/* snd_una has moved. May give the scoreboard back. */
void rs_tcp_sack_acked(struct tcp *t, struct tcp_conn *c);
/* How many bytes have come since this was asked last; how many of all that was sent had not by
 * then.
 */
uint32_t rs_tcp_sack_take_delivered(const struct tcp *t, const struct tcp_conn *c);
uint32_t rs_tcp_sack_not_delivered(const struct tcp *t, const struct tcp_conn *c);
/* What enough was reported beyond is lost. Is anything of that news? */
bool rs_tcp_sack_judge(const struct tcp *t, const struct tcp_conn *c);
/* What stands at snd_una is lost; or was sent again, and is on its way. */
bool rs_tcp_sack_found_loss(const struct tcp *t, const struct tcp_conn *c);
bool rs_tcp_sack_is_resent(const struct tcp *t, const struct tcp_conn *c);
/* Bytes that are believed to be on their way. */
uint32_t rs_tcp_sack_pipe(const struct tcp *t, const struct tcp_conn *c);
/* The next segment to send again; false when there is none. Then tell that it was sent. */
bool rs_tcp_sack_next_lost(
	const struct tcp *t, const struct tcp_conn *c, uint32_t *seq, uint32_t *len);
void rs_tcp_sack_sent_again(struct tcp *t, struct tcp_conn *c, uint32_t seq, uint32_t end);
/* Something may be lost, or lost once more, but was perhaps only overtaken. */
bool rs_tcp_sack_time_will_tell(const struct tcp *t, const struct tcp_conn *c);
/*
 * How many runs of what was sent again are lost once more: something has come that was sent still
 * later, and the reordering window has passed. *pays: some was sent since the window became smaller
 * for such a loss.
 */
uint32_t rs_tcp_sack_find_lost_again(const struct tcp *t, const struct tcp_conn *c, bool *pays);
/* A reordering window begins, and the timeout is put off; ends: what it was for is lost. */
void rs_tcp_sack_start_window(struct tcp *t, struct tcp_conn *c, uint32_t rto_tick);
void rs_tcp_sack_end_window(struct tcp *t, struct tcp_conn *c);
uint32_t rs_tcp_sack_rto_tick(const struct tcp *t, const struct tcp_conn *c);
/* Nothing is known to be lost any more. */
void rs_tcp_sack_none_lost(struct tcp *t, struct tcp_conn *c);
/* Is anything lost, or was sent again? */
bool rs_tcp_sack_any_lost(const struct tcp *t, const struct tcp_conn *c);
/* Where the highest report ends; snd_una when there is none. */
uint32_t rs_tcp_sack_highest(const struct tcp *t, const struct tcp_conn *c);
/* Whatever lies below the highest report is lost. */
void rs_tcp_sack_all_lost(struct tcp *t, struct tcp_conn *c);
/* How many bytes from snd_una on come before the next that were reported, or sent again. */
uint32_t rs_tcp_sack_gap(const struct tcp *t, const struct tcp_conn *c);
/* The peer waits for what it has reported: it has thrown that away (RFC 2018 section 8). */
bool rs_tcp_sack_is_reneged(const struct tcp *t, const struct tcp_conn *c);
/* All that was not reported is lost. False: the reports mean nothing any more, and are forgotten.
 */
bool rs_tcp_sack_start_over(struct tcp *t, struct tcp_conn *c);
/* All was to be sent again, and was up to snd_nxt; now there are reports. False: there is no room.
 */
bool rs_tcp_sack_take_over(struct tcp *t, struct tcp_conn *c);

/* prr.c: RFC 9937 */
/* Recovery begins, or its ssthresh has become smaller. Without a scoreboard it is NewReno's. */
void rs_tcp_prr_begin(const struct tcp *t, struct tcp_conn *c);
/*
 * With rs_tcp_in_prr(), what is in flight may have changed: so many bytes have come. is_safe: some
 * of them stood at snd_una, and nothing else was found lost.
 */
void rs_tcp_prr_report(const struct tcp *t, struct tcp_conn *c, uint32_t delivered, bool is_safe);
static inline bool rs_tcp_in_prr(const struct tcp_conn *c)
{
	return c->flags & TCP_F_RECOVERY && c->in_prr;
}
/* How much may be in flight now. */
static inline uint32_t rs_tcp_prr_window(const struct tcp_conn *c)
{
	return rs_tcp_in_prr(c) ? c->prr_limit : c->cwnd;
}

/*
 * RFC 8985 section 6.2: so long may a segment be overtaken before it is lost. A quarter of a round
 * trip, and more where that was too short, but never more than all of it.
 */
static inline uint32_t rs_tcp_reorder_window_us(const struct tcp_conn *c)
{
	return (c->srtt_us8 >> 5) * rs_max_u32(c->reorder_steps, 1);
}

/* RFC 6928 section 2 */
static inline uint32_t rs_tcp_initial_window(uint32_t mss)
{
	return rs_min_u32(10 * mss, rs_max_u32(2 * mss, 14600));
}

/* grow.c: RFC 9438, RFC 9406 */
/* acked new bytes have arrived, and the window was used. */
void rs_tcp_grow(const struct tcp *t, struct tcp_conn *c, uint32_t acked);
/* In slow start: an ACK answers what was sent at sent_tick, as its timestamp tells. */
void rs_tcp_grow_rtt(const struct tcp *t, struct tcp_conn *c, uint32_t sent_tick);
/*
 * Before that: was the window used in this round of slow start? Where there is no more to send, the
 * last ACKs of a round find little in flight.
 */
bool rs_tcp_grow_was_used(const struct tcp_conn *c, uint32_t acked);
/* An ACK that acknowledges nothing new. */
void rs_tcp_grow_heard(const struct tcp *t, struct tcp_conn *c);
/* The window is not used: what time it is on CUBIC's curve means nothing (RFC 9438 section 5.8). */
void rs_tcp_grow_pause(struct tcp_conn *c);
/* Slow start begins. */
void rs_tcp_grow_anew(struct tcp_conn *c);
/* A loss, or marks, of a window of which so many bytes were used: returns what becomes ssthresh. */
uint32_t rs_tcp_grow_less(struct tcp_conn *c, uint32_t used);

/* cc.c: RFC 6298, 5681, 6582, 6675 */
void rs_tcp_cc_sample_rtt(const struct tcp *t, struct tcp_conn *c);
/* The first answer after a timeout is to what was sent at sent_tick, as its timestamp tells. */
void rs_tcp_cc_take_echo(const struct tcp *t, struct tcp_conn *c, uint32_t sent_tick);
void rs_tcp_cc_reset_rto(const struct tcp *t, struct tcp_conn *c);
/* New bytes were acknowledged: snd_una has moved by acked, flight is what was outstanding before.
 */
void rs_tcp_cc_acked(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg, uint32_t acked,
	uint32_t flight);
void rs_tcp_cc_duplicate_ack(struct tcp *t, struct tcp_conn *c);
/* The scoreboard has changed; advances: so has snd_una. */
void rs_tcp_cc_sacked(struct tcp *t, struct tcp_conn *c, bool advances);
/* A reordering window has passed, and something below a report is still not there. */
void rs_tcp_cc_reports_stand(struct tcp *t, struct tcp_conn *c);
/*
 * With may_undo: the peer's answer shows that the first segment that was sent again had only been
 * overtaken, or that a timeout came too soon. acked: how many bytes it acknowledges.
 */
void rs_tcp_cc_undo(struct tcp *t, struct tcp_conn *c, uint32_t acked);
/* The last segment was lost, and its probe has repaired that (RFC 8985 section 7.4.2). */
void rs_tcp_cc_tail_was_lost(struct tcp *t, struct tcp_conn *c);
/* RFC 6298 section 5.5 */
void rs_tcp_cc_back_off(const struct tcp *t, struct tcp_conn *c);
void rs_tcp_cc_timeout(struct tcp *t, struct tcp_conn *c);
/* What is in flight was too long for a link on the path, and is sent again. */
void rs_tcp_cc_path_narrows(struct tcp *t, struct tcp_conn *c);
/* The peer has closed its window before what is in flight, and may have thrown that away. */
void rs_tcp_cc_window_shrank(struct tcp *t, struct tcp_conn *c);
void rs_tcp_cc_before_send(struct tcp *t, struct tcp_conn *c);
/* How far beyond snd_una we may send now. */
uint32_t rs_tcp_cc_window(const struct tcp *t, const struct tcp_conn *c);

#endif
