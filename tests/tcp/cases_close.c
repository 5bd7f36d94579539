/* SPDX-License-Identifier: BSD-2-Clause */
/* How connections end: RFC 9293 sections 3.6, 3.10.4, 3.10.5 and 3.10.7.4. */
#include "cases.h"

static void we_close_first(struct rig *r)
{
	OPEN(0);
	rig_close(r);
	OUT(FIN_ACK, .seq = 1, .ack = 1);
	STATE(TCP_FIN_WAIT_1);
	IN(TCP_ACK, .seq = 1, .ack = 2);
	STATE(TCP_FIN_WAIT_2);
	IN(TCP_ACK, .seq = 1, .ack = 2, .len = 100); /* half closed: it may go on sending */
	EQ(r->p->n_read, 100);
	WAIT(40);
	OUT(TCP_ACK, .seq = 2, .ack = 101);
	IN(FIN_ACK, .seq = 101, .ack = 2);
	OUT(TCP_ACK, .seq = 2, .ack = 102);
	TRUE(r->p->eof && r->p->gone);
	STATE(TCP_TIME_WAIT);
	EQ(r->t.n_conns, 0);
}

static void peer_closes_first(struct rig *r)
{
	OPEN(0);
	IN(FIN_ACK, .seq = 1, .ack = 1);
	OUT(TCP_ACK, .seq = 1, .ack = 2);
	TRUE(r->p->eof && !r->p->gone);
	STATE(TCP_CLOSE_WAIT);
	rig_close(r);
	OUT(FIN_ACK, .seq = 1, .ack = 2);
	STATE(TCP_LAST_ACK);
	IN(TCP_ACK, .seq = 2, .ack = 2);
	TRUE(r->p->gone);
	STATE(TCP_CLOSED); /* and no TIME-WAIT on this side */
	QUIET();
}

static void answer_and_close(struct rig *r)
{
	/* "Connection: close" at its best: one segment in, one out. */
	OPEN(0);
	r->no_flush = true;
	IN(FIN_ACK | TCP_PSH, .seq = 1, .ack = 1, .len = 80);
	rig_write(r, 120);
	rig_close(r);
	FLUSH();
	OUT(FIN_ACK | TCP_PSH, .seq = 1, .ack = 82, .len = 120);
	QUIET();
	STATE(TCP_LAST_ACK);
	IN(TCP_ACK, .seq = 82, .ack = 122);
	TRUE(r->p->gone);
}

static void fin_and_its_ack_in_one(struct rig *r)
{
	OPEN(0);
	rig_close(r);
	OUT(FIN_ACK, .seq = 1, .ack = 1);
	IN(FIN_ACK, .seq = 1, .ack = 2, .len = 50);
	OUT(TCP_ACK, .seq = 2, .ack = 52);
	EQ(r->p->n_read, 50);
	TRUE(r->p->eof && r->p->gone);
	STATE(TCP_TIME_WAIT);
}

static void both_close_at_once(struct rig *r)
{
	/* RFC 9293 figure 12 */
	OPEN(0);
	rig_close(r);
	OUT(FIN_ACK, .seq = 1, .ack = 1);
	IN(FIN_ACK, .seq = 1, .ack = 1);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
	STATE(TCP_CLOSING);
	TRUE(r->p->eof && !r->p->gone);
	IN(TCP_ACK, .seq = 2, .ack = 2);
	TRUE(r->p->gone);
	STATE(TCP_TIME_WAIT);
}

static void half_close_of_the_peer(struct rig *r)
{
	OPEN(0);
	IN(FIN_ACK, .seq = 1, .ack = 1, .len = 10);
	OUT(TCP_ACK, .seq = 1, .ack = 12);
	rig_write(r, 5 * r->mss);
	for (uint32_t i = 0; i < 5; i++)
		OUT(TCP_ACK, .seq = 1 + i * r->mss, .ack = 12, .len = r->mss);
	IN(TCP_ACK, .seq = 12, .ack = 1 + 5 * r->mss);
	EVENTS(TCP_EV_DATA | TCP_EV_SENT);
	STATE(TCP_CLOSE_WAIT);
	rig_write(r, 10);
	OUT(TCP_ACK, .seq = 1 + 5 * r->mss, .ack = 12, .len = 10);
	WAIT(200); /* losses are repaired as ever */
	OUT(TCP_ACK, .seq = 1 + 5 * r->mss, .ack = 12, .len = 10);
}

static void our_half_close(struct rig *r)
{
	OPEN(0);
	rig_write(r, 100);
	rig_close(r);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 102);
	for (uint32_t i = 0; i < 20; i += 2) {
		IN(TCP_ACK, .seq = 1 + i * r->mss, .ack = 102, .len = r->mss);
		IN(TCP_ACK, .seq = 1 + (i + 1) * r->mss, .ack = 102, .len = r->mss);
		OUT(TCP_ACK, .seq = 102, .ack = 1 + (i + 2) * r->mss);
	}
	EQ(r->p->n_read, 20 * r->mss);
	IN(TCP_ACK, .seq = 1 + 21 * r->mss, .ack = 102, .len = 10); /* a gap, too */
	OUT(TCP_ACK, .seq = 102, .ack = 1 + 20 * r->mss);
	IN(FIN_ACK, .seq = 11 + 21 * r->mss, .ack = 102);
	OUT(TCP_ACK, .seq = 102, .ack = 1 + 20 * r->mss);
	IN(TCP_ACK, .seq = 1 + 20 * r->mss, .ack = 102, .len = r->mss);
	OUT(TCP_ACK, .seq = 102, .ack = 12 + 21 * r->mss);
	TRUE(r->p->gone);
	STATE(TCP_TIME_WAIT);
}

static void data_then_fin_behind_the_window(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .wnd = 2 * r->mss);
	rig_write(r, 3 * r->mss);
	rig_close(r);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = 1 + r->mss, .ack = 1, .len = r->mss);
	QUIET();
	STATE(TCP_ESTABLISHED); /* the FIN has not gone out */
	IN(TCP_ACK, .seq = 1, .ack = 1 + 2 * r->mss, .wnd = r->mss);
	OUT(TCP_ACK, .seq = 1 + 2 * r->mss, .ack = 1, .len = r->mss); /* no room for the FIN */
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + 3 * r->mss, .wnd = 1);
	OUT(FIN_ACK, .seq = 1 + 3 * r->mss, .ack = 1);
	STATE(TCP_FIN_WAIT_1);
}

static void fin_with_the_last_of_many(struct rig *r)
{
	OPEN(0);
	r->no_flush = true;
	rig_write(r, 3 * r->mss);
	rig_close(r);
	FLUSH();
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = r->mss);
	OUT(TCP_ACK, .seq = 1 + r->mss, .ack = 1, .len = r->mss);
	OUT(FIN_ACK, .seq = 1 + 2 * r->mss, .ack = 1, .len = r->mss);
	QUIET();
}

/*
 * cwnd "limits the amount of data" (RFC 5681 section 2), which FIN is none of: an answer that fills
 * the initial window (RFC 6928) ends with it.
 */
static void answer_fills_the_window(struct rig *r)
{
	OPEN(0);
	r->no_flush = true;
	rig_write(r, 10 * r->mss);
	rig_close(r);
	FLUSH();
	for (uint32_t i = 0; i < 9; i++)
		OUT(TCP_ACK, .seq = 1 + i * r->mss, .ack = 1, .len = r->mss);
	OUT(FIN_ACK, .seq = 1 + 9 * r->mss, .ack = 1, .len = r->mss);
	QUIET();
	STATE(TCP_FIN_WAIT_1);
	IN(TCP_ACK, .seq = 1, .ack = 2 + 10 * r->mss);
	STATE(TCP_FIN_WAIT_2);
}

/* … and where it is known only later that this was all, FIN follows at once. */
static void fin_follows_a_full_window(struct rig *r)
{
	OPEN(0);
	SEGMENTS(10);
	rig_close(r);
	OUT(FIN_ACK, .seq = 1 + 10 * r->mss, .ack = 1);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 1 + 10 * r->mss);
	QUIET();
	STATE(TCP_FIN_WAIT_1);
	IN(TCP_ACK, .seq = 1, .ack = 2 + 10 * r->mss);
	STATE(TCP_FIN_WAIT_2);
}

static void data_acked_but_not_the_fin(struct rig *r)
{
	OPEN(0);
	rig_write(r, 100);
	rig_close(r);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 101);
	STATE(TCP_FIN_WAIT_1);
	IN(TCP_ACK, .seq = 1, .ack = 102);
	STATE(TCP_FIN_WAIT_2);
	EVENTS(TCP_EV_SENT);
}

static void fin_before_the_data(struct rig *r)
{
	OPEN(0);
	IN(FIN_ACK, .seq = 101, .ack = 1, .len = 50);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	TRUE(!r->p->eof);
	STATE(TCP_ESTABLISHED);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	OUT(TCP_ACK, .seq = 1, .ack = 152);
	EQ(r->p->n_read, 150);
	TRUE(r->p->eof);
	STATE(TCP_CLOSE_WAIT);
}

static void bare_fin_before_the_data(struct rig *r)
{
	OPEN(0);
	IN(FIN_ACK, .seq = 101, .ack = 1);
	OUT(TCP_ACK, .seq = 1, .ack = 1);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 99);
	TRUE(!r->p->eof);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 100, .ack = 1, .len = 1);
	OUT(TCP_ACK, .seq = 1, .ack = 102);
	TRUE(r->p->eof);
}

static void data_beyond_the_fin(struct rig *r)
{
	OPEN(0);
	IN(FIN_ACK, .seq = 1, .ack = 1, .len = 10);
	OUT(TCP_ACK, .seq = 1, .ack = 12);
	IN(TCP_ACK, .seq = 12, .ack = 1, .len = 10);
	QUIET();
	EQ(r->p->n_read, 10);
	EQ(COUNTER(DROP_AFTER_CLOSE), 1);
}

static void data_beyond_a_fin_out_of_order(struct rig *r)
{
	OPEN(0);
	IN(FIN_ACK, .seq = 101, .ack = 1);
	IN(TCP_ACK, .seq = 51, .ack = 1, .len = 100); /* more than there can be */
	IN(TCP_ACK, .seq = 102, .ack = 1, .len = 100);
	IN(FIN_ACK, .seq = 201, .ack = 1); /* a second end, elsewhere */
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 50);
	OUT(TCP_ACK, .seq = 1, .ack = 102);
	EQ(r->p->n_read, 100);
	TRUE(r->p->eof);
	EQ(r->chunks.n_free, r->chunks.n_total);
}

static void data_beyond_a_fin_came_first(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 11, .ack = 1, .len = 90);
	IN(TCP_ACK, .seq = 3001, .ack = 1, .len = 90);
	rig_drop_output(r);
	IN(FIN_ACK, .seq = 1, .ack = 1, .len = 50); /* the end is here, in spite of what is kept */
	OUT(TCP_ACK, .seq = 1, .ack = 52);
	EQ(r->p->n_read, 50);
	TRUE(r->p->eof);
	STATE(TCP_CLOSE_WAIT);
	rig_read(r, 100);
	EQ(r->p->n_read, 50);
	EQ(r->chunks.n_free, r->chunks.n_total);
}

static void data_around_a_fin_out_of_order(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 11, .ack = 1, .len = 90);
	IN(FIN_ACK, .seq = 41, .ack = 1, .len = 10);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10);
	OUT(TCP_ACK, .seq = 1, .ack = 52);
	EQ(r->p->n_read, 50);
	TRUE(r->p->eof);
}

static void fin_again(struct rig *r)
{
	OPEN(0);
	IN(FIN_ACK, .seq = 1, .ack = 1, .len = 10);
	OUT(TCP_ACK, .seq = 1, .ack = 12);
	for (uint32_t i = 0; i < 3; i++) {
		IN(FIN_ACK, .seq = 1, .ack = 1, .len = 10);
		OUT(TCP_ACK, .seq = 1, .ack = 12);
	}
	STATE(TCP_CLOSE_WAIT);
	rig_close(r);
	OUT(FIN_ACK, .seq = 1, .ack = 12);
	IN(FIN_ACK, .seq = 11, .ack = 1);
	OUT(TCP_ACK, .seq = 2, .ack = 12);
	STATE(TCP_LAST_ACK);
}

/* As scamper's tbit does it: the FIN goes on acknowledging what comes. */
static void fin_again_acknowledges(struct rig *r)
{
	uint32_t mss = r->mss, sent = 1 + 2 * mss;

	OPEN(0);
	SEGMENTS(2);
	IN(FIN_ACK, .seq = 1, .ack = 1);
	OUT(TCP_ACK, .seq = sent, .ack = 2);
	IN(FIN_ACK, .seq = 1, .ack = 1 + mss);
	OUT(TCP_ACK, .seq = sent, .ack = 2);
	IN(FIN_ACK, .seq = 1, .ack = sent, .wnd = 2000);
	OUT(TCP_ACK, .seq = sent, .ack = 2);
	EQ(r->p->conn->snd_wnd, 2000);
	EQ(r->chunks.n_free, r->chunks.n_total);
	IN(FIN_ACK, .seq = 1, .ack = sent + 1); /* what was never sent still is not */
	OUT(TCP_ACK, .seq = sent, .ack = 2);
	OUT(TCP_ACK, .seq = sent, .ack = 2);
	rig_close(r);
	OUT(FIN_ACK, .seq = sent, .ack = 2);
	IN(FIN_ACK, .seq = 1, .ack = sent + 1);
	OUT(TCP_ACK, .seq = sent + 1, .ack = 2);
	STATE(TCP_CLOSED);
}

/* The request again, with news of what has come since. */
static void text_again_acknowledges(struct rig *r)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	rig_write(r, 500);
	OUT(TCP_ACK | TCP_PSH, .seq = 1, .ack = 101, .len = 500);
	IN(TCP_ACK, .seq = 1, .ack = 501, .len = 99); /* not to where we are: older than that */
	OUT(TCP_ACK, .seq = 501, .ack = 101);
	EQ(r->p->conn->snd_una - r->p->our_isn, 1);
	IN(TCP_ACK, .seq = 1, .ack = 501, .len = 100);
	OUT(TCP_ACK, .seq = 501, .ack = 101);
	EQ(r->p->conn->snd_una - r->p->our_isn, 501);
}

static void lost_ack_of_our_fin(struct rig *r)
{
	OPEN(0);
	rig_close(r);
	OUT(FIN_ACK, .seq = 1, .ack = 1);
	WAIT(200);
	OUT(FIN_ACK, .seq = 1, .ack = 1);
	IN(FIN_ACK, .seq = 1, .ack = 2);
	OUT(TCP_ACK, .seq = 2, .ack = 2);
	STATE(TCP_TIME_WAIT);
}

static void last_ack_gives_up(struct rig *r)
{
	OPEN(0);
	IN(FIN_ACK, .seq = 1, .ack = 1);
	rig_close(r);
	for (uint32_t i = 0; i < 20 && !r->p->gone; i++) {
		MS(61000);
		rig_drop_output(r);
	}
	TRUE(r->p->gone);
	STATE(TCP_CLOSED);
}

static void close_twice(struct rig *r)
{
	OPEN(0);
	rig_close(r);
	OUT(FIN_ACK, .seq = 1, .ack = 1);
	rig_close(r);
	rig_close(r);
	QUIET();
	IN(TCP_ACK, .seq = 1, .ack = 2);
	rig_close(r);
	QUIET();
	STATE(TCP_FIN_WAIT_2);
}

static void abort_sends_rst(struct rig *r)
{
	OPEN(0);
	rig_write(r, 100);
	OUT(TCP_ACK, .seq = 1, .ack = 1, .len = 100);
	IN(TCP_ACK, .seq = 1001, .ack = 1, .len = 100); /* a gap, chunks held */
	rig_drop_output(r);
	rig_abort(r);
	OUT(RST_ACK, .seq = 101, .ack = 1); /* <SEQ=SND.NXT> */
	STATE(TCP_CLOSED);
	EQ(r->chunks.n_free, r->chunks.n_total);
	EVENTS(0); /* no TCP_EV_GONE for what the application itself ended */
	/* Data for a reader that has gone: RFC 9293 section 3.6.1 */
	IN(TCP_ACK, .seq = 1, .ack = 101, .len = 5);
	OUT(TCP_RST, .seq = 101);
}

static void abort_when_both_have_closed(struct rig *r)
{
	/* RFC 9293 section 3.10.5: in CLOSING and LAST-ACK nothing is sent. */
	OPEN(0);
	IN(FIN_ACK, .seq = 1, .ack = 1);
	rig_close(r);
	rig_drop_output(r);
	STATE(TCP_LAST_ACK);
	rig_abort(r);
	QUIET();
	rig_reopen(r, r->isn);
	OPEN(0);
	rig_close(r);
	IN(FIN_ACK, .seq = 1, .ack = 1);
	rig_drop_output(r);
	STATE(TCP_CLOSING);
	rig_abort(r);
	QUIET();
}

static void unread_bytes_outlive_the_close(struct rig *r)
{
	OPEN(0);
	r->p->blocked = true;
	IN(FIN_ACK, .seq = 1, .ack = 1, .len = 100);
	OUT(TCP_ACK, .seq = 1, .ack = 102);
	rig_close(r);
	OUT(FIN_ACK, .seq = 1, .ack = 102);
	IN(TCP_ACK, .seq = 102, .ack = 2);
	TRUE(!r->p->gone && !r->p->eof);
	IN(TCP_RST, .seq = 102); /* nothing is left that it could end */
	QUIET();
	TRUE(!r->p->gone);
	r->p->blocked = false;
	rig_read(r, 60);
	TRUE(!r->p->gone && !r->p->eof);
	rig_read(r, 60);
	EQ(r->p->n_read, 100);
	TRUE(r->p->eof && r->p->gone);
}

static void unread_for_ever(struct rig *r)
{
	OPEN(0);
	r->p->blocked = true;
	IN(FIN_ACK, .seq = 1, .ack = 1, .len = 100);
	rig_close(r);
	rig_drop_output(r);
	IN(TCP_ACK, .seq = 102, .ack = 2);
	WAIT(r->cfg.fin_wait_2_ms); /* bounded all the same */
	EQ(r->p->events & TCP_EV_GONE, TCP_EV_GONE);
	EQ(r->chunks.n_free, r->chunks.n_total);
}

static void end_is_told_after_the_last_byte(struct rig *r)
{
	OPEN(0);
	r->p->blocked = true;
	IN(FIN_ACK, .seq = 1, .ack = 1, .len = 100);
	OUT(TCP_ACK, .seq = 1, .ack = 102);
	r->p->blocked = false;
	rig_read(r, 99);
	TRUE(!r->p->eof);
	rig_read(r, 1);
	TRUE(r->p->eof);
	rig_read(r, 1); /* told once: the harness would notice a second time */
	QUIET();
}

static void rst_after_our_close(struct rig *r)
{
	OPEN(0);
	rig_write(r, 100);
	rig_close(r);
	rig_drop_output(r);
	IN(TCP_RST, .seq = 1);
	EVENTS(TCP_EV_GONE);
	STATE(TCP_CLOSED);
}

/* A peer that goes on sending is not cut off. */
static void fin_wait_2_lasts_while_data_comes(struct rig *r)
{
	uint32_t seq = 1;

	OPEN(0);
	rig_close(r);
	OUT(FIN_ACK, .seq = 1, .ack = 1);
	IN(TCP_ACK, .seq = 1, .ack = 2);
	for (uint32_t i = 0; i < 4; i++) {
		MS(r->cfg.fin_wait_2_ms / 2 + 1000);
		STATE(TCP_FIN_WAIT_2);
		IN(TCP_ACK, .seq = seq, .ack = 2, .len = 10);
		seq += 10;
		rig_drop_output(r);
		MS(100);
		rig_drop_output(r);
	}
	MS(r->cfg.fin_wait_2_ms + 10);
	EVENTS(TCP_EV_DATA | TCP_EV_GONE);
}

/* Nothing may follow a FIN (RFC 9293 section 3.10.7.4, seventh): it does not prolong the wait. */
static void nothing_behind_the_fin_counts(struct rig *r)
{
	OPEN(0);
	r->p->blocked = true;
	rig_close(r);
	OUT(FIN_ACK, .seq = 1, .ack = 1);
	IN(TCP_ACK, .seq = 1, .ack = 2);
	IN(FIN_ACK, .seq = 1, .ack = 2, .len = 100);
	OUT(TCP_ACK, .seq = 2, .ack = 102);
	r->p->events = 0;
	MS(r->cfg.fin_wait_2_ms / 2);
	IN(TCP_ACK, .seq = 102, .ack = 2, .len = 10);
	rig_drop_output(r);
	EVENTS(0);
	WAIT(r->cfg.fin_wait_2_ms / 2);
	EVENTS(TCP_EV_GONE);
}

/* FIN takes a place in the window (RFC 9293 section 3.4): with the answer where there is one. */
static void last_answer(struct rig *r, uint32_t wnd)
{
	OPEN(0);
	IN(TCP_ACK, .seq = 1, .ack = 1, .len = 10, .wnd = (uint16_t)wnd);
	rig_drop_output(r);
	r->no_flush = true;
	rig_write(r, 100);
	rig_close(r);
	r->no_flush = false;
	FLUSH();
}

static void fin_rides_on_the_answer(struct rig *r)
{
	last_answer(r, 101);
	OUT(FIN_ACK, .seq = 1, .ack = 11, .len = 100);
	STATE(TCP_FIN_WAIT_1);
	WAIT(200);
	OUT(FIN_ACK, .seq = 1, .ack = 11, .len = 100);
	IN(TCP_ACK, .seq = 11, .ack = 102);
	STATE(TCP_FIN_WAIT_2);
}

static void no_room_for_fin_beside_the_answer(struct rig *r)
{
	last_answer(r, 100);
	OUT(TCP_ACK, .seq = 1, .ack = 11, .len = 100);
	QUIET();
	STATE(TCP_ESTABLISHED);
	IN(TCP_ACK, .seq = 11, .ack = 101, .wnd = 100);
	OUT(FIN_ACK, .seq = 101, .ack = 11);
	STATE(TCP_FIN_WAIT_1);
	IN(TCP_ACK, .seq = 11, .ack = 102);
}

const struct tcp_case close_cases[] = {
	{"fin_rides_on_the_answer", fin_rides_on_the_answer, NULL, 0},
	{"no_room_for_fin_beside_the_answer", no_room_for_fin_beside_the_answer, NULL, 0},
	{"nothing_behind_the_fin_counts", nothing_behind_the_fin_counts, NULL, 0},
	{"fin_wait_2_lasts_while_data_comes", fin_wait_2_lasts_while_data_comes, NULL, 0},
	{"we_close_first", we_close_first, NULL, 0},
	{"peer_closes_first", peer_closes_first, NULL, 0},
	{"answer_and_close", answer_and_close, NULL, 0},
	{"fin_and_its_ack_in_one", fin_and_its_ack_in_one, NULL, 0},
	{"both_close_at_once", both_close_at_once, NULL, 0},
	{"half_close_of_the_peer", half_close_of_the_peer, NULL, 0},
	{"our_half_close", our_half_close, NULL, 0},
	{"data_then_fin_behind_the_window", data_then_fin_behind_the_window, NULL, 0},
	{"fin_with_the_last_of_many", fin_with_the_last_of_many, NULL, 0},
	{"answer_fills_the_window", answer_fills_the_window, NULL, 0},
	{"fin_follows_a_full_window", fin_follows_a_full_window, NULL, 0},
	{"data_acked_but_not_the_fin", data_acked_but_not_the_fin, NULL, 0},
	{"fin_before_the_data", fin_before_the_data, NULL, 0},
	{"bare_fin_before_the_data", bare_fin_before_the_data, NULL, 0},
	{"data_beyond_the_fin", data_beyond_the_fin, NULL, 0},
	{"data_beyond_a_fin_out_of_order", data_beyond_a_fin_out_of_order, NULL, 0},
	{"data_beyond_a_fin_came_first", data_beyond_a_fin_came_first, NULL, 0},
	{"data_around_a_fin_out_of_order", data_around_a_fin_out_of_order, NULL, 0},
	{"fin_again", fin_again, NULL, 0},
	{"fin_again_acknowledges", fin_again_acknowledges, NULL, 0},
	{"text_again_acknowledges", text_again_acknowledges, NULL, 0},
	{"lost_ack_of_our_fin", lost_ack_of_our_fin, NULL, 0},
	{"last_ack_gives_up", last_ack_gives_up, NULL, 0},
	{"close_twice", close_twice, NULL, 0},
	{"abort_sends_rst", abort_sends_rst, NULL, 0},
	{"abort_when_both_have_closed", abort_when_both_have_closed, NULL, 0},
	{"unread_bytes_outlive_the_close", unread_bytes_outlive_the_close, NULL, 0},
	{"unread_for_ever", unread_for_ever, NULL, 0},
	{"end_is_told_after_the_last_byte", end_is_told_after_the_last_byte, NULL, 0},
	{"rst_after_our_close", rst_after_our_close, NULL, 0},
	{0},
};
