/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Losses at the end of what is in flight: RFC 8985, sections 6.2 (the reordering window) and 7 (the
 * tail loss probe). The way takes RTT_MS there and back; the timeout is then 300 ms (RFC 6298).
 */
#include "cases.h"

#define RTT_MS 100
#define PTO_MS (2 * RTT_MS)
#define RTO_MS (3 * RTT_MS)

static void open_at(struct rig *r, uint8_t opts, uint32_t rtt_ms)
{
	IN(TCP_SYN, .opts = TCP_OPT_MSS | opts, .mss = 1460);
	OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS | opts, .mss = (uint16_t)r->mss);
	MS(rtt_ms);
	IN(TCP_ACK, .seq = 1, .ack = 1);
	EVENTS(TCP_EV_OPENED);
}

static void open_far(struct rig *r, uint8_t opts)
{
	open_at(r, opts, RTT_MS);
}

/* Four segments, and the last of them again after two round trips. */
static void probe_last_of_four(struct rig *r)
{
	open_far(r, TCP_OPT_SACK_OK);
	SEGMENTS(4);
	WAIT(PTO_MS);
	OUT(TCP_ACK, .seq = 1 + 3 * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	EQ(COUNTER(TAIL_PROBES), 1);
}

static void more(struct rig *r, uint32_t from, uint32_t n)
{
	rig_write(r, n);
	OUT(TCP_ACK, .seq = 1 + from, .ack = 1, .len = n);
}

/* Section 7.4.2: the loss would have gone unnoticed; the window pays for it all the same. */
static void last_is_lost(struct rig *r)
{
	uint32_t sent = 4 * r->mss;

	probe_last_of_four(r);
	IN(TCP_ACK, .seq = 1, .ack = 1 + sent);
	EQ(rig_conn(r)->cwnd, 10 * r->mss); /* the original may have been late */
	more(r, sent, 100);
	IN(TCP_ACK, .seq = 1, .ack = 1 + sent + 100);
	EQ(COUNTER(TAIL_LOSSES), 1);
	EQ(COUNTER(TIMEOUTS), 0);
	EQ(rig_conn(r)->cwnd, 7 * r->mss); /* of ten, however little is in flight by now */
	EQ(rig_conn(r)->ssthresh, 7 * r->mss);
}

/* Both arrived, as RFC 2883 lets the peer say. */
static void last_came_twice(struct rig *r)
{
	uint32_t sent = 4 * r->mss;

	probe_last_of_four(r);
	IN(TCP_ACK, .seq = 1, .ack = 1 + sent);
	rig_report(r, 4, 3, 4);
	more(r, sent, 100);
	IN(TCP_ACK, .seq = 1, .ack = 1 + sent + 100);
	EQ(COUNTER(TAIL_LOSSES), 0);
	EQ(rig_conn(r)->cwnd, 10 * r->mss);
}

/* … or an ACK that says the same once more, from a peer that does not report it. */
static void last_came_twice_without_report(struct rig *r)
{
	uint32_t sent = 4 * r->mss;

	probe_last_of_four(r);
	IN(TCP_ACK, .seq = 1, .ack = 1 + sent);
	IN(TCP_ACK, .seq = 1, .ack = 1 + sent);
	more(r, sent, 100);
	IN(TCP_ACK, .seq = 1, .ack = 1 + sent + 100);
	EQ(COUNTER(TAIL_LOSSES), 0);
	EQ(rig_conn(r)->cwnd, 10 * r->mss);
}

/* The report of the probe shows what else is lost, which goes out as ACKs come (RFC 9937). */
static void all_but_the_first_are_lost(struct rig *r)
{
	open_far(r, TCP_OPT_SACK_OK);
	SEGMENTS(4);
	MS(RTT_MS);
	IN(TCP_ACK, .seq = 1, .ack = 1 + r->mss);
	WAIT(PTO_MS);
	OUT(TCP_ACK, .seq = 1 + 3 * r->mss, .ack = 1, .len = r->mss);
	MS(RTT_MS);
	rig_report(r, 1, 3, 4);
	OUT(TCP_ACK, .seq = 1 + r->mss, .ack = 1, .len = r->mss);
	QUIET();
	EQ(rig_conn(r)->cwnd, 3 * r->mss / 10 * 7);
	rig_report(r, 2, 3, 4);
	OUT(TCP_ACK, .seq = 1 + 2 * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + 4 * r->mss);
	EQ(COUNTER(FAST_RETRANSMITS), 1);
	EQ(COUNTER(TAIL_LOSSES), 0); /* it has paid once */
	EQ(COUNTER(TIMEOUTS), 0);
	EQ(rig_conn(r)->sacked, 0);
}

/* Section 7.3: one probe, then the timeout, all of it. */
static void probe_is_lost(struct rig *r)
{
	probe_last_of_four(r);
	WAIT(RTO_MS);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	QUIET();
	EQ(COUNTER(TIMEOUTS), 1);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 4 * r->mss);
	EQ(COUNTER(TAIL_LOSSES), 0); /* the timeout has said so already */
	EQ(rig_conn(r)->cwnd, 2 * r->mss);
}

/* Section 7.2: each ACK of something new, and each new segment, begins the wait anew. */
static void wait_begins_anew(struct rig *r)
{
	open_far(r, TCP_OPT_SACK_OK);
	SEGMENTS(4);
	MS(150);
	more(r, 4 * r->mss, 100);
	MS(140); /* the timeout of the first stands at 300 ms */
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + r->mss); /* RFC 6298: 290 ms; SRTT is 124 ms now */
	WAIT(248);
	OUT(TCP_ACK, .seq = 1 + 3 * r->mss + 100, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 4 * r->mss + 100);
}

/*
 * Section 7.2: the probe comes no later than the timeout of what was sent first would (RFC 6298
 * section 5), however much new data begins the wait anew.
 */
static void new_data_does_not_put_the_timeout_off(struct rig *r)
{
	const uint32_t step_ms = RTT_MS / 2;
	uint32_t sent = 4 * r->mss;

	open_far(r, TCP_OPT_SACK_OK);
	SEGMENTS(4);
	for (uint32_t ms = step_ms; ms < RTO_MS; ms += step_ms) {
		MS(step_ms);
		rig_push_more(r, 10);
		rs_tcp_send(&r->t, r->p->conn);
		FLUSH();
		OUT(TCP_ACK, .seq = 1 + sent, .ack = 1, .len = 10);
		sent += 10;
	}
	WAIT(step_ms);
	EQ(COUNTER(TAIL_PROBES), 1);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1 + sent);
}

/* What the peer sends meanwhile says nothing of what we have sent. */
static void upload_does_not_delay_it(struct rig *r)
{
	const uint32_t step_ms = PTO_MS / 4;

	open_far(r, TCP_OPT_SACK_OK);
	SEGMENTS(4);
	for (uint32_t i = 0; i < 3; i++) {
		MS(step_ms);
		rig_drop_output(r); /* delayed ACKs */
		IN(TCP_ACK, .seq = 1 + 10 * i, .ack = 1, .len = 10);
	}
	MS(step_ms - 1);
	rig_drop_output(r);
	WAIT(0);
	OUT(TCP_ACK, .seq = 1 + 3 * r->mss, .ack = 31, .len = r->mss);
	EQ(COUNTER(TAIL_PROBES), 1);
	IN(TCP_ACK, .seq = 31, .ack = 1 + 4 * r->mss);
}

/*
 * Section 7.2: a peer may delay its ACK of a single segment. The probe would come no sooner than
 * the timeout then, and takes its place, which leaves the window and the next timeout as they are.
 */
static void probe_single_segment(struct rig *r)
{
	open_far(r, TCP_OPT_SACK_OK);
	SEGMENTS(1);
	WAIT(RTO_MS);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	QUIET();
	EQ(COUNTER(TAIL_PROBES), 1);
	EQ(COUNTER(TIMEOUTS), 0);
}

static void single_segment(struct rig *r)
{
	probe_single_segment(r);
	WAIT(RTO_MS);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	EQ(COUNTER(TAIL_PROBES), 1);
	EQ(COUNTER(TIMEOUTS), 1);
	EQ(rig_conn(r)->cwnd, r->mss);
	WAIT(2 * RTO_MS);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
}

static void single_segment_is_lost(struct rig *r)
{
	probe_single_segment(r);
	IN(TCP_ACK, .seq = 1, .ack = 1 + r->mss);
	EQ(rig_conn(r)->cwnd, 10 * r->mss);
	more(r, r->mss, 100);
	IN(TCP_ACK, .seq = 1, .ack = 1 + r->mss + 100);
	EQ(COUNTER(TAIL_LOSSES), 1);
	EQ(COUNTER(TIMEOUTS), 0);
	EQ(rig_conn(r)->cwnd, 7 * r->mss);
}

/* A FIN alone is one as well. */
static void single_fin(struct rig *r)
{
	open_far(r, TCP_OPT_SACK_OK);
	rig_close(r);
	OUT(FIN_ACK, .seq = 1, .ack = 1);
	WAIT(RTO_MS);
	OUT(FIN_ACK, .seq = 1, .ack = 1);
	EQ(COUNTER(TAIL_PROBES), 1);
	IN(TCP_ACK, .seq = 1, .ack = 2);
	STATE(TCP_FIN_WAIT_2);
}

/* On a long and steady way the timeout comes before two round trips are over. */
static void probe_on_a_long_way(struct rig *r)
{
	const uint32_t rtt_ms = 500;
	uint32_t sent = 0;

	open_at(r, TCP_OPT_SACK_OK, rtt_ms);
	while (sent < 1000) { /* the timeout of the first round trip is three of them */
		more(r, sent, 100);
		sent += 100;
		MS(rtt_ms);
		IN(TCP_ACK, .seq = 1, .ack = 1 + sent);
	}
	rig_write(r, 3 * r->mss);
	rig_drop_output(r);
	WAIT(rtt_ms + 200);
	OUT(TCP_ACK, .seq = 1 + sent + 2 * r->mss, .ack = 1, .len = r->mss);
	EQ(COUNTER(TIMEOUTS), 0);
	IN(TCP_ACK, .seq = 1, .ack = 1 + sent + 3 * r->mss);
}

/* Without reports the probe would tell nothing. */
static void without_sack(struct rig *r)
{
	open_far(r, 0);
	SEGMENTS(4);
	WAIT(RTO_MS);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	EQ(COUNTER(TAIL_PROBES), 0);
}

/* Section 7.3, second condition: no further one before a round trip was measured. */
static void not_again_without_measurement(struct rig *r)
{
	uint32_t sent = 4 * r->mss;

	probe_last_of_four(r);
	IN(TCP_ACK, .seq = 1, .ack = 1 + sent);
	rig_report(r, 4, 3, 4); /* both arrived, much later than expected */
	rig_write(r, 2 * r->mss);
	rig_drop_output(r);
	WAIT(RTO_MS);
	OUT(TCP_ACK, .seq = 1 + sent, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + sent + 2 * r->mss);
	sent += 2 * r->mss;
	more(r, sent, 100);
	MS(RTT_MS);
	IN(TCP_ACK, .seq = 1, .ack = 1 + sent + 100);
	sent += 100;
	rig_write(r, 2 * r->mss);
	rig_drop_output(r);
	WAIT(PTO_MS);
	OUT(TCP_ACK, .seq = 1 + sent + r->mss, .ack = 1, .len = r->mss);
	EQ(COUNTER(TAIL_PROBES), 2);
	IN(TCP_ACK, .seq = 1, .ack = 1 + sent + 2 * r->mss);
}

/* FIN is the end of the last segment, whether it stood there or alone. */
static void with_fin(struct rig *r)
{
	open_far(r, TCP_OPT_SACK_OK);
	SEGMENTS(3);
	rig_close(r);
	OUT(FIN_ACK, .seq = 1 + 3 * r->mss, .ack = 1);
	WAIT(PTO_MS);
	OUT(FIN_ACK, .seq = 1 + 2 * r->mss, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 2 + 3 * r->mss);
	STATE(TCP_FIN_WAIT_2);
}

/* What does not fit into one descriptor is cut in front: it is the end that matters. */
static void many_small_slices(struct rig *r)
{
	const uint32_t n = 2 * SENDQ_SLICES + 1;

	open_far(r, TCP_OPT_SACK_OK);
	rig_write(r, r->mss);
	rig_drop_output(r);
	for (uint32_t i = 0; i < n; i++)
		rig_push_more(r, 10);
	rs_tcp_send(&r->t, r->p->conn);
	FLUSH();
	rig_drop_output(r);
	WAIT(PTO_MS);
	EQ(r->tx[r->n_seen].seq + r->tx[r->n_seen].len, rig_conn(r)->snd_max);
	TRUE(r->tx[r->n_seen].len > 0);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1 + r->mss + 10 * n);
}

/* A window that was closed meanwhile is probed by another rule (RFC 9293 section 3.8.6.1). */
static void window_closes(struct rig *r)
{
	open_far(r, TCP_OPT_SACK_OK);
	SEGMENTS(4);
	MS(50);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
	MS(PTO_MS);
	QUIET();
	EQ(COUNTER(TAIL_PROBES), 0);
	while (!r->t.n_tx)
		MS(1);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 1);
	EQ(COUNTER(WINDOW_PROBES), 1);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 4 * r->mss);
}

/* An ACK in the same burst as the probe's time has made it needless. */
static void settled_in_the_same_turn(struct rig *r)
{
	struct tcp_conn *c;

	open_far(r, TCP_OPT_SACK_OK);
	SEGMENTS(4);
	r->no_flush = true;
	r->t.now_us += (PTO_MS + 5) * 1000;
	EQ(rs_tcp_expire(&r->t, &c), 0);
	EQ(COUNTER(TAIL_PROBES), 1);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 4 * r->mss);
	r->no_flush = false;
	FLUSH();
	QUIET();
	more(r, 4 * r->mss, 100);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 4 * r->mss + 100);
	EQ(COUNTER(TAIL_LOSSES), 0);
}

/* Section 6.2: a quarter of a round trip after the report. */
static void one_report_is_enough(struct rig *r)
{
	open_far(r, TCP_OPT_SACK_OK);
	SEGMENTS(3);
	MS(RTT_MS);
	rig_report(r, 0, 1, 2);
	QUIET();
	WAIT(RTT_MS / 4);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	QUIET();
	EQ(COUNTER(FAST_RETRANSMITS), 1);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 3 * r->mss);
	EQ(COUNTER(TIMEOUTS), 0);
	EQ(rig_conn(r)->sacked, 0);
}

/* … unless it was only overtaken. */
static void it_was_late(struct rig *r)
{
	open_far(r, TCP_OPT_SACK_OK);
	SEGMENTS(3);
	MS(RTT_MS);
	rig_report(r, 0, 1, 2);
	MS(RTT_MS / 4 - 5);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 3 * r->mss);
	MS(5000);
	QUIET();
	EQ(rig_conn(r)->cwnd, 10 * r->mss);
	EQ(COUNTER(RETRANSMITTED), 0);
}

/* More reports do not put it off, and three do not wait for it. */
static void reports_do_not_delay_it(struct rig *r)
{
	open_far(r, TCP_OPT_SACK_OK);
	SEGMENTS(6);
	MS(RTT_MS);
	rig_report(r, 0, 1, 2);
	rig_drop_output(r);
	MS(RTT_MS / 4 - 2);
	rig_report(r, 0, 1, 3);
	QUIET();
	WAIT(1);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 6 * r->mss);
}

/* What follows the highest report may still be on its way. */
static void only_below_a_report(struct rig *r)
{
	open_far(r, TCP_OPT_SACK_OK);
	SEGMENTS(5);
	MS(RTT_MS);
	rig_report(r, 0, 1, 2);
	IN(TCP_ACK, .seq = 1, .ack = 1, .n_sack = 2,
		.sack = {{1 + 3 * r->mss, 1 + 4 * r->mss}, {1 + r->mss, 1 + 2 * r->mss}});
	QUIET();
	WAIT(RTT_MS / 4);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 2 * r->mss, .n_sack = 1,
		.sack = {{1 + 3 * r->mss, 1 + 4 * r->mss}});
	OUT(TCP_ACK, .seq = 1 + 2 * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + 5 * r->mss);
	EQ(COUNTER(RETRANSMITTED), 2);
	EQ(COUNTER(TIMEOUTS), 0);
}

/* What a peer says that keeps its window closed, or opens it, is about the window alone. */
static void report_while_the_window_is_probed(struct rig *r)
{
	open_far(r, TCP_OPT_SACK_OK);
	SEGMENTS(4);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND);
	while (!COUNTER(WINDOW_PROBES))
		MS(1);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = NO_WND, .n_sack = 1,
		.sack = {{1 + r->mss, 1 + 2 * r->mss}});
	MS(RTT_MS);
	QUIET();
	rig_report(r, 0, 1, 2);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1 + 4 * r->mss);
	EQ(rig_conn(r)->sacked, 0);
}

const struct tcp_case tail_cases[] = {
	{"last_is_lost", last_is_lost, NULL, 0},
	{"last_came_twice", last_came_twice, NULL, 0},
	{"last_came_twice_without_report", last_came_twice_without_report, NULL, 0},
	{"all_but_the_first_are_lost", all_but_the_first_are_lost, NULL, 0},
	{"probe_is_lost", probe_is_lost, NULL, 0},
	{"wait_begins_anew", wait_begins_anew, NULL, 0},
	{"new_data_does_not_put_the_timeout_off", new_data_does_not_put_the_timeout_off, NULL, 0},
	{"upload_does_not_delay_it", upload_does_not_delay_it, NULL, 0},
	{"single_segment", single_segment, NULL, 0},
	{"single_segment_is_lost", single_segment_is_lost, NULL, 0},
	{"single_fin", single_fin, NULL, 0},
	{"probe_on_a_long_way", probe_on_a_long_way, NULL, 0},
	{"without_sack", without_sack, NULL, 0},
	{"not_again_without_measurement", not_again_without_measurement, NULL, 0},
	{"with_fin", with_fin, NULL, 0},
	{"many_small_slices", many_small_slices, NULL, 0},
	{"window_closes", window_closes, NULL, 0},
	{"settled_in_the_same_turn", settled_in_the_same_turn, NULL, 0},
	{"one_report_is_enough", one_report_is_enough, NULL, 0},
	{"it_was_late", it_was_late, NULL, 0},
	{"reports_do_not_delay_it", reports_do_not_delay_it, NULL, 0},
	{"only_below_a_report", only_below_a_report, NULL, 0},
	{"report_while_the_window_is_probed", report_while_the_window_is_probed, NULL, 0},
	{NULL, NULL, NULL, 0},
};
