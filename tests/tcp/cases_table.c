/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state × event table: every state meets every event. A cell says what is answered and which
 * state follows, from RFC 9293 section 3.10 as amended by RFC 5961. There is no blank cell: the
 * compiler counts the columns, and each row is filled in full.
 */
#include <stdio.h>

#include "rig_tests.h"

enum event {
	EV_SYN, /* a SYN below the window, as a retransmission of the first */
	EV_SYN_ACK,
	EV_ACK,          /* acceptable, acknowledging all that was sent */
	EV_ACK_OLD,      /* further back than any window */
	EV_ACK_UNSENT,   /* for what was not sent */
	EV_DATA,         /* the next ten bytes */
	EV_DATA_OUTSIDE, /* beyond the window */
	EV_FIN,
	EV_RST,        /* exactly in its place */
	EV_RST_INSIDE, /* elsewhere in the window */
	EV_RST_OUTSIDE,
	EV_NO_FLAGS,
	EV_TIMEOUT, /* the retransmission timer */
	EV_CLOSE,   /* the application closes */
	EV_ABORT,
	EV_SEND, /* the application sends ten bytes */
	N_EVENTS,
};

/* What comes out of it. States above TCP_N_STATES are those that keep no connection. */
enum {
	GONE = TCP_N_STATES, /* no connection, nothing left */
	TIME_WAIT,
};

enum reply {
	NOTHING,
	ACK,   /* at once */
	LATER, /* an ACK, delayed */
	SYN_ACK_,
	SYN_,
	RST_,
	FIN_, /* FIN (with ACK) */
	DATA, /* ten bytes */
};

struct cell {
	enum reply reply;
	uint8_t state;
};

#define ROW_ESTABLISHED_LIKE(self, data, fin_reply, fin_state)                                     \
	[EV_SYN] = {ACK, self}, [EV_SYN_ACK] = {ACK, self}, [EV_ACK_OLD] = {ACK, self},            \
	[EV_ACK_UNSENT] = {ACK, self}, [EV_DATA] = {data, self}, [EV_DATA_OUTSIDE] = {ACK, self},  \
	[EV_FIN] = {fin_reply, fin_state}, [EV_RST] = {NOTHING, GONE},                             \
	[EV_RST_INSIDE] = {ACK, self}, [EV_RST_OUTSIDE] = {NOTHING, self},                         \
	[EV_NO_FLAGS] = {NOTHING, self}, [EV_ABORT] = {RST_, GONE}

/* clang-format off */
static const struct cell table[TCP_N_STATES][N_EVENTS] = {
	[TCP_SYN_SENT] = {
		[EV_SYN] = {SYN_ACK_, TCP_SYN_RECEIVED}, [EV_SYN_ACK] = {ACK, TCP_ESTABLISHED},
		[EV_ACK] = {NOTHING, TCP_SYN_SENT}, [EV_ACK_OLD] = {RST_, TCP_SYN_SENT},
		[EV_ACK_UNSENT] = {RST_, TCP_SYN_SENT}, [EV_DATA] = {NOTHING, TCP_SYN_SENT},
		[EV_DATA_OUTSIDE] = {NOTHING, TCP_SYN_SENT}, [EV_FIN] = {NOTHING, TCP_SYN_SENT},
		[EV_RST] = {NOTHING, TCP_SYN_SENT}, [EV_RST_INSIDE] = {NOTHING, TCP_SYN_SENT},
		[EV_RST_OUTSIDE] = {NOTHING, TCP_SYN_SENT}, [EV_NO_FLAGS] = {NOTHING, TCP_SYN_SENT},
		[EV_TIMEOUT] = {SYN_, TCP_SYN_SENT}, [EV_CLOSE] = {NOTHING, TCP_SYN_SENT},
		[EV_ABORT] = {NOTHING, GONE}, [EV_SEND] = {NOTHING, TCP_SYN_SENT},
	},
	[TCP_SYN_RECEIVED] = {
		[EV_SYN] = {SYN_ACK_, TCP_SYN_RECEIVED}, [EV_SYN_ACK] = {ACK, TCP_SYN_RECEIVED},
		[EV_ACK] = {NOTHING, TCP_ESTABLISHED}, [EV_ACK_OLD] = {RST_, TCP_SYN_RECEIVED},
		[EV_ACK_UNSENT] = {RST_, TCP_SYN_RECEIVED}, [EV_DATA] = {LATER, TCP_ESTABLISHED},
		[EV_DATA_OUTSIDE] = {ACK, TCP_SYN_RECEIVED}, [EV_FIN] = {ACK, TCP_CLOSE_WAIT},
		[EV_RST] = {NOTHING, GONE}, [EV_RST_INSIDE] = {ACK, TCP_SYN_RECEIVED},
		[EV_RST_OUTSIDE] = {NOTHING, TCP_SYN_RECEIVED},
		[EV_NO_FLAGS] = {NOTHING, TCP_SYN_RECEIVED},
		[EV_TIMEOUT] = {SYN_ACK_, TCP_SYN_RECEIVED},
		[EV_CLOSE] = {NOTHING, TCP_SYN_RECEIVED},
		[EV_ABORT] = {RST_, GONE}, [EV_SEND] = {NOTHING, TCP_SYN_RECEIVED},
	},
	[TCP_ESTABLISHED] = {
		ROW_ESTABLISHED_LIKE(TCP_ESTABLISHED, LATER, ACK, TCP_CLOSE_WAIT),
		[EV_ACK] = {NOTHING, TCP_ESTABLISHED}, [EV_TIMEOUT] = {NOTHING, TCP_ESTABLISHED},
		[EV_CLOSE] = {FIN_, TCP_FIN_WAIT_1}, [EV_SEND] = {DATA, TCP_ESTABLISHED},
	},
	[TCP_FIN_WAIT_1] = {
		ROW_ESTABLISHED_LIKE(TCP_FIN_WAIT_1, LATER, ACK, TCP_CLOSING),
		[EV_ACK] = {NOTHING, TCP_FIN_WAIT_2}, [EV_TIMEOUT] = {FIN_, TCP_FIN_WAIT_1},
		[EV_CLOSE] = {NOTHING, TCP_FIN_WAIT_1}, [EV_SEND] = {NOTHING, TCP_FIN_WAIT_1},
	},
	[TCP_FIN_WAIT_2] = {
		ROW_ESTABLISHED_LIKE(TCP_FIN_WAIT_2, LATER, ACK, TIME_WAIT),
		[EV_ACK] = {NOTHING, TCP_FIN_WAIT_2}, [EV_TIMEOUT] = {NOTHING, TCP_FIN_WAIT_2},
		[EV_CLOSE] = {NOTHING, TCP_FIN_WAIT_2}, [EV_SEND] = {NOTHING, TCP_FIN_WAIT_2},
	},
	[TCP_CLOSE_WAIT] = {
		ROW_ESTABLISHED_LIKE(TCP_CLOSE_WAIT, NOTHING, ACK, TCP_CLOSE_WAIT),
		[EV_ACK] = {NOTHING, TCP_CLOSE_WAIT}, [EV_TIMEOUT] = {NOTHING, TCP_CLOSE_WAIT},
		[EV_CLOSE] = {FIN_, TCP_LAST_ACK}, [EV_SEND] = {DATA, TCP_CLOSE_WAIT},
	},
	[TCP_CLOSING] = {
		ROW_ESTABLISHED_LIKE(TCP_CLOSING, NOTHING, ACK, TCP_CLOSING),
		[EV_ACK] = {NOTHING, TIME_WAIT}, [EV_TIMEOUT] = {FIN_, TCP_CLOSING},
		[EV_CLOSE] = {NOTHING, TCP_CLOSING}, [EV_SEND] = {NOTHING, TCP_CLOSING},
	},
	[TCP_LAST_ACK] = {
		ROW_ESTABLISHED_LIKE(TCP_LAST_ACK, NOTHING, ACK, TCP_LAST_ACK),
		[EV_ACK] = {NOTHING, GONE}, [EV_TIMEOUT] = {FIN_, TCP_LAST_ACK},
		[EV_CLOSE] = {NOTHING, TCP_LAST_ACK}, [EV_SEND] = {NOTHING, TCP_LAST_ACK},
	},
};
/* clang-format on */

/* Brings the rig into a state. peer: the next sequence number of the peer; una: what it has acked.
 */
static void reach(struct rig *r, enum tcp_state state, uint32_t *peer, uint32_t *una)
{
	*peer = 1;
	*una = 1;
	switch (state) {
	case TCP_SYN_SENT:
		r->conn = rs_tcp_connect(&r->t, &r->key, 1);
		rig_flush(r);
		OUT(TCP_SYN, .seq = 0);
		*peer = 0;
		return;
	case TCP_SYN_RECEIVED:
		IN(TCP_SYN, .opts = TCP_OPT_MSS, .mss = 1460);
		OUT(TCP_SYN | TCP_ACK, .ack = 1);
		r->conn = &r->t.conns[0];
		while (r->conn->state != TCP_SYN_RECEIVED)
			r->conn++;
		return;
	default:
		rig_open(r, 0);
	}
	if (state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK) {
		IN(TCP_ACK | TCP_FIN, .seq = 1, .ack = 1);
		*peer = 2;
	}
	if (state != TCP_ESTABLISHED && state != TCP_CLOSE_WAIT)
		rig_close(r);
	if (state == TCP_FIN_WAIT_2) {
		IN(TCP_ACK, .seq = 1, .ack = 2);
		*una = 2;
	}
	if (state == TCP_CLOSING) {
		IN(TCP_ACK | TCP_FIN, .seq = 1, .ack = 1);
		*peer = 2;
	}
	rig_drop_output(r);
	assert_int_equal(r->conn->state, state);
}

/* Acknowledges all that we have sent in this state. */
static uint32_t ack_all(const struct rig *r)
{
	return r->conn->snd_max - r->our_isn;
}

static void happen(struct rig *r, enum event ev, enum tcp_state state, uint32_t peer, uint32_t una)
{
	switch (ev) {
	case EV_SYN:
		IN(TCP_SYN, .seq = 0, .opts = TCP_OPT_MSS, .mss = 1460);
		break;
	case EV_SYN_ACK:
		IN(TCP_SYN | TCP_ACK, .seq = state == TCP_SYN_SENT ? 0 : peer, .ack = 1,
			.opts = TCP_OPT_MSS, .mss = 1460);
		break;
	case EV_ACK:
		IN(TCP_ACK, .seq = peer, .ack = ack_all(r));
		break;
	case EV_ACK_OLD:
		IN(TCP_ACK, .seq = peer, .ack = una - 200000);
		break;
	case EV_ACK_UNSENT:
		IN(TCP_ACK, .seq = peer, .ack = ack_all(r) + 1000);
		break;
	case EV_DATA:
		IN(TCP_ACK, .seq = peer, .ack = una, .len = 10);
		break;
	case EV_DATA_OUTSIDE:
		IN(TCP_ACK, .seq = peer + 70000, .ack = una, .len = 10);
		break;
	case EV_FIN: /* where the peer has closed already: its FIN again */
		IN(TCP_ACK | TCP_FIN, .seq = r->conn->flags & TCP_F_FIN_RCVD ? peer - 1 : peer,
			.ack = una);
		break;
	case EV_RST:
		IN(TCP_RST, .seq = peer);
		break;
	case EV_RST_INSIDE:
		IN(TCP_RST, .seq = peer + 100);
		break;
	case EV_RST_OUTSIDE:
		IN(TCP_RST, .seq = peer - 100);
		break;
	case EV_NO_FLAGS:
		IN(0, .seq = peer);
		break;
	case EV_TIMEOUT:
		MS(1100);
		break;
	case EV_CLOSE:
		rig_close(r);
		break;
	case EV_ABORT:
		rs_tcp_abort(&r->t, r->conn);
		break;
	case EV_SEND:
		if (!(r->conn->flags & TCP_F_CLOSE))
			rig_write(r, 10);
		break;
	default:
		break;
	}
}

static enum reply seen_reply(const struct rig *r)
{
	const struct tcp_tx *tx = &r->tx[0];

	if (!r->t.n_tx)
		return NOTHING;
	if (tx->flags & TCP_RST)
		return RST_;
	if (tx->flags & TCP_SYN)
		return tx->flags & TCP_ACK ? SYN_ACK_ : SYN_;
	if (tx->flags & TCP_FIN)
		return FIN_;
	return tx->len ? DATA : ACK;
}

static uint8_t seen_state(const struct rig *r)
{
	if (r->conn->state != TCP_CLOSED)
		return r->conn->state;
	return r->t.n_time_wait ? TIME_WAIT : GONE;
}

static void every_cell_of(struct rig *r, enum tcp_state state)
{
	/* One rig runs one case; each cell starts on a port of its own, from an empty stack. */
	for (uint32_t ev = 0; ev < N_EVENTS; ev++) {
		struct cell want = table[state][ev];
		uint32_t peer, una;
		enum reply reply;

		r->key.remote_port++;
		r->events = r->n_read = r->written = 0;
		r->eof = r->gone = false;
		reach(r, state, &peer, &una);
		happen(r, ev, state, peer, una);
		reply = seen_reply(r);
		if (reply == NOTHING && want.reply == LATER && seen_state(r) != GONE) {
			MS(50);
			reply = seen_reply(r) == ACK ? LATER : seen_reply(r);
		}
		if (reply != want.reply || seen_state(r) != want.state) {
			print_error("state %d, event %u: reply %d and state %d, not %d and %d\n",
				state, ev, reply, seen_state(r), want.reply, want.state);
			fail();
		}
		rig_drop_output(r);
		rs_tcp_abort(&r->t, r->conn);
		rig_drop_output(r);
		MS(61000); /* so that no TIME-WAIT is left */
		rig_drop_output(r);
	}
}

#define STATE_CASE(name, state)                                                                    \
	static void name(struct rig *r)                                                            \
	{                                                                                          \
		every_cell_of(r, state);                                                           \
	}

STATE_CASE(in_syn_sent, TCP_SYN_SENT)
STATE_CASE(in_syn_received, TCP_SYN_RECEIVED)
STATE_CASE(in_established, TCP_ESTABLISHED)
STATE_CASE(in_fin_wait_1, TCP_FIN_WAIT_1)
STATE_CASE(in_fin_wait_2, TCP_FIN_WAIT_2)
STATE_CASE(in_close_wait, TCP_CLOSE_WAIT)
STATE_CASE(in_closing, TCP_CLOSING)
STATE_CASE(in_last_ack, TCP_LAST_ACK)

const struct tcp_case table_cases[] = {
	CASE(in_syn_sent),
	CASE(in_syn_received),
	CASE(in_established),
	CASE(in_fin_wait_1),
	CASE(in_fin_wait_2),
	CASE(in_close_wait),
	CASE(in_closing),
	CASE(in_last_ack),
	{0},
};
