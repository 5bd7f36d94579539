/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state × event table: every state meets every event. A cell says what is answered, which
 * state follows, and whether bytes are delivered: from RFC 9293 section 3.10 as amended by RFC
 * 5961. There is no blank cell: the cases at the end are made from both lists.
 */
#include "cases.h"

/* clang-format off */
#define STATES(X)                                                                                  \
	X(LISTEN) X(SYN_SENT) X(SYN_RECEIVED) X(ESTABLISHED) X(FIN_WAIT_1) X(FIN_WAIT_2)           \
	X(CLOSE_WAIT) X(CLOSING) X(LAST_ACK) X(TIME_WAIT)

#define EVENTS_OF(X, state)                                                                        \
	X(state, SYN) X(state, SYN_ACK) X(state, ACK) X(state, ACK_OLD) X(state, ACK_UNSENT)       \
	X(state, DATA) X(state, DATA_OUTSIDE) X(state, FIN) X(state, RST) X(state, RST_INSIDE)     \
	X(state, RST_OUTSIDE) X(state, NO_FLAGS) X(state, TIMEOUT) X(state, CLOSE)                 \
	X(state, ABORT) X(state, SEND)

#define STATE_ID(state)        IN_##state,
#define EVENT_ID(state, event) ON_##event,

enum { STATES(STATE_ID) N_STATES };

enum event { EVENTS_OF(EVENT_ID, _) N_EVENTS };
/* clang-format on */

/*
 * What happens, in full:
 * SYN           the peer's first SYN again (the first one, where there is none)
 * SYN_ACK       the same with an acknowledgement of our SYN
 * ACK           acceptable, for all that we sent
 * ACK_OLD       further back than any window ever reached
 * ACK_UNSENT    for what was never sent
 * DATA          the next ten bytes
 * DATA_OUTSIDE  ten bytes beyond the window
 * FIN           the peer closes; where it has closed, its FIN once more
 * RST           exactly where the next byte belongs; in SYN-SENT with the right ACK
 * RST_INSIDE    elsewhere in the window; in SYN-SENT without an ACK
 * RST_OUTSIDE   outside the window; in SYN-SENT with a wrong ACK
 * NO_FLAGS      nothing is set
 * TIMEOUT       1.1 seconds pass, and the first retransmission is looked at
 * CLOSE, ABORT, SEND   calls of the application; SEND is ten bytes, and where the application has
 *               closed only the call, since it must not queue more
 */

enum reply {
	NOTHING,
	ACK,   /* <SEQ=SND.NXT><ACK=RCV.NXT>, at once */
	LATER, /* the same, delayed */
	SYN,
	SYN_ACK_,
	RST,     /* <SEQ=SEG.ACK>, without ACK */
	ABORTED, /* <SEQ=SND.NXT><CTL=RST,ACK> */
	FIN,     /* our FIN */
	DATA,    /* ten bytes */
};

struct cell {
	enum reply reply;
	uint8_t state; /* enum tcp_state, or TCP_TIME_WAIT */
};

#define GONE TCP_CLOSED

/* RFC 5961 sections 3 to 5 are the same in all synchronized states. */
#define SYNCHRONIZED(self)                                                                         \
	[ON_SYN] = {ACK, self}, [ON_SYN_ACK] = {ACK, self}, [ON_ACK_OLD] = {ACK, self},            \
	[ON_ACK_UNSENT] = {ACK, self}, [ON_DATA_OUTSIDE] = {ACK, self},                            \
	[ON_RST] = {NOTHING, GONE}, [ON_RST_INSIDE] = {ACK, self},                                 \
	[ON_RST_OUTSIDE] = {NOTHING, self}, [ON_NO_FLAGS] = {NOTHING, self}

/* clang-format off */
static const struct cell table[N_STATES][N_EVENTS] = {
	[IN_LISTEN] = { /* section 3.10.7.2; the calls and the time find no connection */
		[ON_SYN] = {SYN_ACK_, TCP_SYN_RECEIVED}, [ON_SYN_ACK] = {RST, GONE},
		[ON_ACK] = {RST, GONE}, [ON_ACK_OLD] = {RST, GONE}, [ON_ACK_UNSENT] = {RST, GONE},
		[ON_DATA] = {RST, GONE}, [ON_DATA_OUTSIDE] = {RST, GONE}, [ON_FIN] = {RST, GONE},
		[ON_RST] = {NOTHING, GONE}, [ON_RST_INSIDE] = {NOTHING, GONE},
		[ON_RST_OUTSIDE] = {NOTHING, GONE}, [ON_NO_FLAGS] = {NOTHING, GONE},
		[ON_TIMEOUT] = {NOTHING, GONE}, [ON_CLOSE] = {NOTHING, GONE},
		[ON_ABORT] = {NOTHING, GONE}, [ON_SEND] = {NOTHING, GONE},
	},
	[IN_SYN_SENT] = { /* section 3.10.7.3 */
		[ON_SYN] = {SYN_ACK_, TCP_SYN_RECEIVED}, [ON_SYN_ACK] = {ACK, TCP_ESTABLISHED},
		[ON_ACK] = {NOTHING, TCP_SYN_SENT}, [ON_ACK_OLD] = {RST, TCP_SYN_SENT},
		[ON_ACK_UNSENT] = {RST, TCP_SYN_SENT}, [ON_DATA] = {NOTHING, TCP_SYN_SENT},
		[ON_DATA_OUTSIDE] = {NOTHING, TCP_SYN_SENT}, [ON_FIN] = {NOTHING, TCP_SYN_SENT},
		[ON_RST] = {NOTHING, GONE}, [ON_RST_INSIDE] = {NOTHING, TCP_SYN_SENT},
		[ON_RST_OUTSIDE] = {NOTHING, TCP_SYN_SENT},
		[ON_NO_FLAGS] = {NOTHING, TCP_SYN_SENT},
		[ON_TIMEOUT] = {SYN, TCP_SYN_SENT},
		[ON_CLOSE] = {NOTHING, TCP_SYN_SENT},
		[ON_ABORT] = {NOTHING, GONE}, [ON_SEND] = {NOTHING, TCP_SYN_SENT},
	},
	[IN_SYN_RECEIVED] = {
		[ON_SYN] = {SYN_ACK_, TCP_SYN_RECEIVED}, [ON_SYN_ACK] = {ACK, TCP_SYN_RECEIVED},
		[ON_ACK] = {NOTHING, TCP_ESTABLISHED}, [ON_ACK_OLD] = {RST, TCP_SYN_RECEIVED},
		[ON_ACK_UNSENT] = {RST, TCP_SYN_RECEIVED}, [ON_DATA] = {LATER, TCP_ESTABLISHED},
		[ON_DATA_OUTSIDE] = {ACK, TCP_SYN_RECEIVED}, [ON_FIN] = {ACK, TCP_CLOSE_WAIT},
		[ON_RST] = {NOTHING, GONE}, [ON_RST_INSIDE] = {ACK, TCP_SYN_RECEIVED},
		[ON_RST_OUTSIDE] = {NOTHING, TCP_SYN_RECEIVED},
		[ON_NO_FLAGS] = {NOTHING, TCP_SYN_RECEIVED},
		[ON_TIMEOUT] = {SYN_ACK_, TCP_SYN_RECEIVED},
		[ON_CLOSE] = {NOTHING, TCP_SYN_RECEIVED},
		[ON_ABORT] = {ABORTED, GONE}, [ON_SEND] = {NOTHING, TCP_SYN_RECEIVED},
	},
	[IN_ESTABLISHED] = {
		SYNCHRONIZED(TCP_ESTABLISHED),
		[ON_ACK] = {NOTHING, TCP_ESTABLISHED}, [ON_DATA] = {LATER, TCP_ESTABLISHED},
		[ON_FIN] = {ACK, TCP_CLOSE_WAIT}, [ON_TIMEOUT] = {NOTHING, TCP_ESTABLISHED},
		[ON_CLOSE] = {FIN, TCP_FIN_WAIT_1}, [ON_ABORT] = {ABORTED, GONE},
		[ON_SEND] = {DATA, TCP_ESTABLISHED},
	},
	[IN_FIN_WAIT_1] = {
		SYNCHRONIZED(TCP_FIN_WAIT_1),
		[ON_ACK] = {NOTHING, TCP_FIN_WAIT_2}, [ON_DATA] = {LATER, TCP_FIN_WAIT_1},
		[ON_FIN] = {ACK, TCP_CLOSING}, [ON_TIMEOUT] = {FIN, TCP_FIN_WAIT_1},
		[ON_CLOSE] = {NOTHING, TCP_FIN_WAIT_1}, [ON_ABORT] = {ABORTED, GONE},
		[ON_SEND] = {NOTHING, TCP_FIN_WAIT_1},
	},
	[IN_FIN_WAIT_2] = {
		SYNCHRONIZED(TCP_FIN_WAIT_2),
		[ON_ACK] = {NOTHING, TCP_FIN_WAIT_2}, [ON_DATA] = {LATER, TCP_FIN_WAIT_2},
		[ON_FIN] = {ACK, TCP_TIME_WAIT}, [ON_TIMEOUT] = {NOTHING, TCP_FIN_WAIT_2},
		[ON_CLOSE] = {NOTHING, TCP_FIN_WAIT_2}, [ON_ABORT] = {ABORTED, GONE},
		[ON_SEND] = {NOTHING, TCP_FIN_WAIT_2},
	},
	[IN_CLOSE_WAIT] = {
		SYNCHRONIZED(TCP_CLOSE_WAIT),
		[ON_ACK] = {NOTHING, TCP_CLOSE_WAIT}, [ON_DATA] = {NOTHING, TCP_CLOSE_WAIT},
		[ON_FIN] = {ACK, TCP_CLOSE_WAIT}, [ON_TIMEOUT] = {NOTHING, TCP_CLOSE_WAIT},
		[ON_CLOSE] = {FIN, TCP_LAST_ACK}, [ON_ABORT] = {ABORTED, GONE},
		[ON_SEND] = {DATA, TCP_CLOSE_WAIT},
	},
	[IN_CLOSING] = { /* ABORT: section 3.10.5, nothing is sent from here on */
		SYNCHRONIZED(TCP_CLOSING),
		[ON_ACK] = {NOTHING, TCP_TIME_WAIT}, [ON_DATA] = {NOTHING, TCP_CLOSING},
		[ON_FIN] = {ACK, TCP_CLOSING}, [ON_TIMEOUT] = {FIN, TCP_CLOSING},
		[ON_CLOSE] = {NOTHING, TCP_CLOSING}, [ON_ABORT] = {NOTHING, GONE},
		[ON_SEND] = {NOTHING, TCP_CLOSING},
	},
	[IN_LAST_ACK] = {
		SYNCHRONIZED(TCP_LAST_ACK),
		[ON_ACK] = {NOTHING, GONE}, [ON_DATA] = {NOTHING, TCP_LAST_ACK},
		[ON_FIN] = {ACK, TCP_LAST_ACK}, [ON_TIMEOUT] = {FIN, TCP_LAST_ACK},
		[ON_CLOSE] = {NOTHING, TCP_LAST_ACK}, [ON_ABORT] = {NOTHING, GONE},
		[ON_SEND] = {NOTHING, TCP_LAST_ACK},
	},
	[IN_TIME_WAIT] = { /* RST: RFC 1337. Text is answered: the peer may be lost. */
		[ON_SYN] = {ACK, TCP_TIME_WAIT}, [ON_SYN_ACK] = {ACK, TCP_TIME_WAIT},
		[ON_ACK] = {NOTHING, TCP_TIME_WAIT}, [ON_ACK_OLD] = {NOTHING, TCP_TIME_WAIT},
		[ON_ACK_UNSENT] = {NOTHING, TCP_TIME_WAIT}, [ON_DATA] = {ACK, TCP_TIME_WAIT},
		[ON_DATA_OUTSIDE] = {ACK, TCP_TIME_WAIT}, [ON_FIN] = {ACK, TCP_TIME_WAIT},
		[ON_RST] = {NOTHING, TCP_TIME_WAIT}, [ON_RST_INSIDE] = {NOTHING, TCP_TIME_WAIT},
		[ON_RST_OUTSIDE] = {NOTHING, TCP_TIME_WAIT},
		[ON_NO_FLAGS] = {NOTHING, TCP_TIME_WAIT},
		[ON_TIMEOUT] = {NOTHING, TCP_TIME_WAIT},
		[ON_CLOSE] = {NOTHING, TCP_TIME_WAIT},
		[ON_ABORT] = {NOTHING, TCP_TIME_WAIT}, [ON_SEND] = {NOTHING, TCP_TIME_WAIT},
	},
};
/* clang-format on */

#define OUR_SYN_OPTS (TCP_OPT_MSS | TCP_OPT_WSCALE | TCP_OPT_TS | TCP_OPT_SACK_OK)

/* Where both sides stand, relative. */
struct place {
	uint32_t peer;  /* the peer's next sequence number: our RCV.NXT */
	uint32_t acked; /* what the peer has acknowledged: our SND.UNA */
	uint32_t sent;  /* our SND.NXT */
};

/* Brings the rig into a state. */
static struct place reach(struct rig *r, uint32_t state)
{
	bool peer_closed = state == IN_CLOSE_WAIT || state == IN_LAST_ACK || state == IN_CLOSING ||
			   state == IN_TIME_WAIT;
	bool we_closed = state >= IN_FIN_WAIT_1 && state != IN_CLOSE_WAIT;
	bool fin_acked = state == IN_FIN_WAIT_2 || state == IN_TIME_WAIT;
	struct place at = {.peer = 1, .acked = 1, .sent = 1};

	if (state == IN_LISTEN)
		return at;
	if (state == IN_SYN_SENT) {
		rig_connect(r);
		OUT(TCP_SYN, .seq = 0, .opts = OUR_SYN_OPTS, .mss = (uint16_t)r->mss);
		return at;
	}
	if (state == IN_SYN_RECEIVED) {
		IN(TCP_SYN, .seq = 0, .opts = TCP_OPT_MSS, .mss = 1460);
		OUT(SYN_ACK, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
		r->p->conn = rig_conn(r);
		return at;
	}
	OPEN(0);
	if (state == IN_CLOSE_WAIT || state == IN_LAST_ACK)
		IN(FIN_ACK, .seq = 1, .ack = 1);
	if (we_closed)
		rig_close(r);
	if (state == IN_FIN_WAIT_2)
		IN(TCP_ACK, .seq = 1, .ack = 2);
	if (state == IN_CLOSING)
		IN(FIN_ACK, .seq = 1, .ack = 1);
	if (state == IN_TIME_WAIT)
		IN(FIN_ACK, .seq = 1, .ack = 2);
	rig_drop_output(r);
	at.peer += peer_closed;
	at.sent += we_closed;
	at.acked += fin_acked;
	return at;
}

/* The first thing that is said within 1.1 s. */
static void let_time_pass(struct rig *r)
{
	for (uint32_t ms = 0; ms < 1100 && !r->t.n_tx; ms++)
		MS(1);
}

static void call_send(struct rig *r)
{
	if (r->p->conn->flags & TCP_F_CLOSE)
		rs_tcp_send(&r->t, r->p->conn);
	else
		rig_write(r, 10);
	FLUSH();
}

static void happen_rst(struct rig *r, enum event ev, uint32_t state, const struct place *at)
{
	uint32_t seq = at->peer;

	if (ev != ON_RST)
		seq += ev == ON_RST_INSIDE ? 100 : -100u;
	if (state == IN_SYN_SENT && ev != ON_RST_INSIDE)
		IN(RST_ACK, .seq = 0, .ack = ev == ON_RST ? 1 : 500);
	else
		IN(TCP_RST, .seq = seq);
}

/* Returns the acknowledgement number that the segment carried, if one did. */
static uint32_t happen(struct rig *r, enum event ev, uint32_t state, const struct place *at)
{
	bool peer_closed = at->peer == 2;
	uint32_t ack = at->acked;

	switch (ev) {
	case ON_SYN:
		IN(TCP_SYN, .seq = 0, .opts = TCP_OPT_MSS, .mss = 1460);
		break;
	case ON_SYN_ACK:
		IN(SYN_ACK, .seq = 0, .ack = ack = 1, .opts = TCP_OPT_MSS, .mss = 1460);
		break;
	case ON_ACK:
		IN(TCP_ACK, .seq = at->peer, .ack = ack = at->sent);
		break;
	case ON_ACK_OLD:
		IN(TCP_ACK, .seq = at->peer, .ack = ack = at->acked - 200000);
		break;
	case ON_ACK_UNSENT:
		IN(TCP_ACK, .seq = at->peer, .ack = ack = at->sent + 1000);
		break;
	case ON_DATA:
		IN(TCP_ACK, .seq = at->peer, .ack = ack, .len = 10);
		break;
	case ON_DATA_OUTSIDE:
		IN(TCP_ACK, .seq = at->peer + 70000, .ack = ack, .len = 10);
		break;
	case ON_FIN:
		IN(FIN_ACK, .seq = at->peer - peer_closed, .ack = ack);
		break;
	case ON_RST:
	case ON_RST_INSIDE:
	case ON_RST_OUTSIDE:
		happen_rst(r, ev, state, at);
		break;
	case ON_NO_FLAGS:
		IN(0, .seq = at->peer);
		break;
	case ON_TIMEOUT:
		let_time_pass(r);
		break;
	case ON_CLOSE:
		if (r->p->conn)
			rig_close(r);
		break;
	case ON_ABORT:
		if (r->p->conn)
			rig_abort(r);
		break;
	case ON_SEND:
		if (r->p->conn)
			call_send(r);
		break;
	default:
		break;
	}
	return ack;
}

static void expect_reply(struct rig *r, enum reply reply, const struct place *at, uint32_t seg_ack)
{
	uint32_t got = r->p->n_read;
	uint32_t rcv_nxt = at->peer + got + (r->p->eof && at->peer == 1);

	switch (reply) {
	case NOTHING:
		break;
	case LATER:
		WAIT(40);
		OUT(TCP_ACK, .seq = at->sent, .ack = rcv_nxt);
		break;
	case ACK:
		OUT(TCP_ACK, .seq = at->sent, .ack = rcv_nxt);
		break;
	case SYN:
		OUT(TCP_SYN, .seq = 0, .opts = OUR_SYN_OPTS, .mss = (uint16_t)r->mss);
		break;
	case SYN_ACK_:
		OUT(SYN_ACK, .seq = 0, .ack = 1, .opts = TCP_OPT_MSS, .mss = (uint16_t)r->mss);
		break;
	case RST:
		OUT(TCP_RST, .seq = seg_ack);
		break;
	case ABORTED:
		OUT(RST_ACK, .seq = at->sent, .ack = rcv_nxt);
		break;
	case FIN:
		OUT(FIN_ACK, .seq = 1, .ack = rcv_nxt);
		break;
	case DATA:
		OUT(TCP_ACK, .seq = at->sent, .ack = rcv_nxt, .len = 10);
		break;
	}
	QUIET();
}

/* Data is delivered only where the table says that it is taken; the end once it has come. */
static void expect_delivery(struct rig *r, enum event ev, const struct cell *want)
{
	bool knows_end = want->state >= TCP_CLOSE_WAIT;

	EQ(r->p->n_read, ev == ON_DATA && want->reply == LATER ? 10 : 0);
	if (want->state != GONE)
		EQ(r->p->eof, knows_end);
}

static void one_cell(struct rig *r)
{
	uint32_t state = r->arg / N_EVENTS;
	enum event ev = r->arg % N_EVENTS;
	const struct cell *want = &table[state][ev];
	struct place at = reach(r, state);
	uint32_t seg_ack = happen(r, ev, state, &at);

	expect_reply(r, want->reply, &at, seg_ack);
	STATE(want->state);
	expect_delivery(r, ev, want);
}

/* clang-format off */
#define CELL(state, event)                                                                         \
	{#state "+" #event, one_cell, NULL, (uint32_t)IN_##state * N_EVENTS + ON_##event},
#define ROW(state) EVENTS_OF(CELL, state)

const struct tcp_case state_cases[] = {
	STATES(ROW)
	{0},
};
/* clang-format on */
