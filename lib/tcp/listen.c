/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How connections begin: initial sequence numbers (RFC 6528), passive open, the SYN backlog, and
 * SYN cookies (RFC 4987 section 3.6) where it is full.
 *
 * A cookie is the ISN of a SYN-ACK for which we keep nothing: 24 bits of a keyed hash, 5 bits of a
 * clock in units of about a minute, 3 bits that name the peer's MSS in a table. Where the peer uses
 * timestamps, the low bits of our TSval say what else it offered.
 */
#include "tcp/tcp_internal.h"

#include <stddef.h>
#include <string.h>

#include "base/siphash.h"

#define COOKIE_CLOCK_SHIFT  26 /* 2^26 µs: 67 s */
#define COOKIE_MAX_AGE      1  /* accepted in its own period and the next */
#define COOKIE_LIFE_TICKS   (2u << (COOKIE_CLOCK_SHIFT - WHEEL_TICK_SHIFT))
#define COOKIE_TS_BITS      6u
#define COOKIE_TS_SACK      0x10u
#define COOKIE_TS_NO_WSCALE 0x0fu
#define COOKIE_TS_ECN       0x20u
#define MIN_MSS             64 /* a smaller offer would make us send mostly headers */

/*
 * The first is the smallest that peer_mss() gives: what a cookie says is never more than the peer
 * takes. Between 1460 and 8940 there is none: 1460 is 97 % payload already.
 */
static const uint16_t cookie_mss[8] = {MIN_MSS, 216, 536, 1220, 1360, 1440, 1460, 8940};

/*
 * Of addresses and ports, and of what more points to. Each family has a length of its own, with
 * more and without: what was hashed for one purpose never serves another.
 */
static uint64_t keyed_hash(const struct tcp *t, const struct flow_key *key, const uint64_t *more)
{
	uint32_t ports = (uint32_t)key->remote_port << 16 | key->local_port;
	uint64_t words[5];
	uint32_t n = 0;

	if (rs_likely(key->family == 4)) {
		uint32_t remote, local;

		memcpy(&remote, key->remote + 12, 4); /* as ::ffff:a.b.c.d */
		memcpy(&local, key->local + 12, 4);
		words[n++] = (uint64_t)local << 32 | remote;
	} else {
		memcpy(words, key->remote, 16);
		memcpy(words + 2, key->local, 16);
		n = 4;
	}
	if (more)
		words[n++] = *more;
	return rs_siphash_words(t->cfg->isn_secret, words, n, ports, sizeof(ports));
}

struct tcp_origin rs_tcp_origin(const struct tcp *t, const struct flow_key *key)
{
	uint64_t hash = keyed_hash(t, key, NULL);

	return (struct tcp_origin){
		.isn = (uint32_t)(t->now_us >> 2) + (uint32_t)hash,
		.ts_offset = (uint32_t)(hash >> 32),
	};
}

static uint16_t peer_mss(const struct tcp_seg *seg)
{
	/* RFC 9293 section 3.7.1: what to assume where the option is missing. */
	uint16_t mss = seg->key.family == 4 ? 536 : 1220;

	if (seg->opts & TCP_OPT_MSS)
		mss = seg->mss < MIN_MSS ? MIN_MSS : seg->mss;
	return mss;
}

/* What the peer's SYN has said. */
struct offer {
	uint16_t mss;
	bool ts, wscale, sack;
	uint8_t wscale_value; /* with wscale */
};

static void set_options(struct tcp *t, struct tcp_conn *c, const struct offer *o)
{
	uint16_t own = rs_tcp_own_mss(t, &c->key);

	c->mss = o->mss < own ? o->mss : own;
	if (o->ts && t->cfg->timestamps) {
		c->flags |= TCP_F_TS;
		/* RFC 6691: options come out of the payload. */
		c->mss = (uint16_t)(c->mss - TCP_TS_BYTES);
	}
	if (o->wscale && t->cfg->window_scaling) {
		c->flags |= TCP_F_WSCALE;
		c->snd_wscale = o->wscale_value > TCP_MAX_WSCALE ? TCP_MAX_WSCALE : o->wscale_value;
	}
	if (o->sack)
		c->flags |= TCP_F_SACK;
}

void rs_tcp_take_syn_options(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *seg)
{
	set_options(t, c,
		&(struct offer){.mss = peer_mss(seg),
			.ts = seg->opts & TCP_OPT_TS,
			.wscale = seg->opts & TCP_OPT_WSCALE,
			.sack = seg->opts & TCP_OPT_SACK_OK,
			.wscale_value = seg->wscale});
	c->ts_recent = c->flags & TCP_F_TS ? seg->ts_val : 0;
}

static bool is_listening(const struct tcp *t, uint16_t port)
{
	if (t->draining)
		return false;
	for (uint32_t i = 0; i < t->cfg->n_listen; i++) {
		if (t->cfg->listen[i] == port)
			return true;
	}
	return false;
}

static uint32_t cookie_clock(const struct tcp *t)
{
	return (uint32_t)(t->now_us >> COOKIE_CLOCK_SHIFT);
}

static uint32_t make_cookie(const struct tcp *t, const struct flow_key *key, uint32_t peer_isn,
	uint32_t clock, uint32_t mss_index)
{
	uint32_t low = (clock & 31) << 3 | mss_index;
	uint64_t more = (uint64_t)(clock << 3 | mss_index) << 32 | peer_isn;

	return ((uint32_t)keyed_hash(t, key, &more) & ~0xffu) | low;
}

static void send_cookie(struct tcp *t, const struct tcp_seg *seg)
{
	struct tcp_tx *tx = rs_tcp_new_tx(t, &seg->key, seg->link);
	uint16_t mss = peer_mss(seg);
	uint32_t index = 0;

	if (!tx)
		return;
	while (index < RS_ARRAY_SIZE(cookie_mss) - 1 && cookie_mss[index + 1] <= mss)
		index++;
	tx->seq = make_cookie(t, &seg->key, seg->seq, cookie_clock(t), index);
	tx->ack = seg->seq + 1;
	tx->flags = TCP_SYN | TCP_ACK;
	tx->mss = tx->mss_opt = rs_tcp_own_mss(t, &seg->key);
	tx->wnd = (uint16_t)rs_tcp_unscaled_window(t);
	tx->opts = TCP_OPT_MSS;
	if (seg->opts & TCP_OPT_TS && t->cfg->timestamps) {
		bool wscale = seg->opts & TCP_OPT_WSCALE && t->cfg->window_scaling;
		uint32_t said = wscale ? seg->wscale : COOKIE_TS_NO_WSCALE;
		uint32_t clock = rs_tcp_tick(t) >> COOKIE_TS_BITS;

		if (wscale && said > TCP_MAX_WSCALE)
			said = TCP_MAX_WSCALE;
		said |= seg->opts & TCP_OPT_SACK_OK ? COOKIE_TS_SACK : 0;
		if (rs_unlikely(seg->flags & TCP_ECE) && rs_tcp_ecn_is_asked(t, seg)) {
			said |= COOKIE_TS_ECN;
			tx->flags |= TCP_ECE;
		}
		/* One period back, so that our clock never seems to run backwards later. */
		tx->ts_val = ((clock - 1) << COOKIE_TS_BITS | said) +
			     rs_tcp_origin(t, &seg->key).ts_offset;
		tx->ts_ecr = seg->ts_val;
		tx->opts |= TCP_OPT_TS;
		tx->opts |= wscale ? TCP_OPT_WSCALE : 0;
		tx->opts |= seg->opts & TCP_OPT_SACK_OK ? TCP_OPT_SACK_OK : 0;
		tx->wscale = t->rcv_wscale;
	}
	t->sent_cookies = true;
	t->last_cookie_tick = rs_tcp_tick(t);
	t->counters[TCP_C_SYN_COOKIES_SENT]++;
}

/* Does this ACK answer a cookie of ours? Then *mss is what the peer's SYN said. */
static bool check_cookie(const struct tcp *t, const struct tcp_seg *seg, uint16_t *mss)
{
	uint32_t cookie = seg->ack - 1;
	uint32_t age = (cookie_clock(t) - (cookie >> 3)) & 31;

	if (!t->sent_cookies || rs_tcp_tick(t) - t->last_cookie_tick > COOKIE_LIFE_TICKS)
		return false;
	if (age > COOKIE_MAX_AGE)
		return false;
	*mss = cookie_mss[cookie & 7];
	return make_cookie(t, &seg->key, seg->seq - 1, cookie_clock(t) - age, cookie & 7) == cookie;
}

bool rs_tcp_is_ack_of_cookie(const struct tcp *t, const struct tcp_seg *seg)
{
	uint16_t mss;

	return check_cookie(t, seg, &mss);
}

/* An ACK for which there is no connection: the last step of a handshake with cookies, or nothing.
 */
static uint32_t cookie_input(struct tcp *t, const struct tcp_seg *seg, struct tcp_conn **conn)
{
	struct tcp_conn *c;
	uint32_t said = COOKIE_TS_NO_WSCALE;
	uint16_t mss;

	if (seg->flags & (TCP_SYN | TCP_RST) || !check_cookie(t, seg, &mss)) {
		t->counters[t->sent_cookies ? TCP_C_SYN_COOKIES_BAD : TCP_C_DROP_NO_CONN]++;
		rs_tcp_send_rst_for(t, seg);
		return 0;
	}
	c = rs_tcp_conn_new(t, &seg->key, seg->hash, seg->link);
	if (!c)
		return 0; /* counted; the peer will send again what follows */
	if (seg->opts & TCP_OPT_TS)
		said = (seg->ts_ecr - c->ts_offset) & ((1u << COOKIE_TS_BITS) - 1);
	set_options(t, c,
		&(struct offer){.mss = mss,
			.ts = seg->opts & TCP_OPT_TS,
			.wscale = (said & 0xf) != COOKIE_TS_NO_WSCALE,
			.sack = said & COOKIE_TS_SACK,
			.wscale_value = said & 0xf});
	c->ts_recent = c->flags & TCP_F_TS ? seg->ts_val : 0;
	c->state = TCP_ESTABLISHED;
	c->sacked = 0; /* it was iss until now */
	c->flags |= TCP_F_PASSIVE | (said & COOKIE_TS_ECN && t->cfg->ecn ? TCP_F_ECN : 0);
	c->recover = seg->ack - 1;
	c->snd_una = c->snd_nxt = c->snd_max = seg->ack;
	c->snd_wl1 = seg->seq;
	c->snd_wnd = c->max_snd_wnd = (uint32_t)seg->wnd << c->snd_wscale;
	c->rcv_nxt = c->rcv_acked = seg->seq;
	c->rcv_edge = seg->seq + rs_tcp_unscaled_window(t);
	rs_tcp_init_cwnd(c);
	t->counters[TCP_C_SYN_COOKIES_OK]++;
	t->counters[TCP_C_OPENED_PASSIVE]++;
	t->counters[TCP_C_ECN_AGREED] += (c->flags & TCP_F_ECN) != 0;
	*conn = c;
	return TCP_EV_OPENED | rs_tcp_input_text(t, c, seg);
}

/* min_isn: NULL where any number will do. False: there is no room. */
static bool passive_open(struct tcp *t, const struct tcp_seg *seg, const uint32_t *min_isn)
{
	struct tcp_conn *c = rs_tcp_conn_new(t, &seg->key, seg->hash, seg->link);

	if (!c)
		return false;
	c->state = TCP_SYN_RECEIVED;
	c->flags |= TCP_F_PASSIVE;
	if (rs_unlikely(seg->flags & TCP_ECE) && rs_tcp_ecn_is_asked(t, seg))
		c->flags |= TCP_F_ECN;
	if (min_isn && rs_seq_lt(c->iss, *min_isn))
		c->iss = *min_isn;
	c->snd_una = c->snd_nxt = c->snd_max = c->recover = c->iss;
	c->snd_wnd = c->max_snd_wnd = seg->wnd;
	c->snd_wl1 = seg->seq;
	c->rcv_nxt = seg->seq + 1;
	rs_tcp_take_syn_options(t, c, seg);
	t->n_half_open++;
	rs_tcp_send_syn(t, c);
	return true;
}

static bool backlog_is_full(const struct tcp *t)
{
	return t->n_half_open >= t->cfg->syn_backlog;
}

static void refuse(struct tcp *t, const struct tcp_seg *seg)
{
	t->counters[seg->flags & TCP_SYN ? TCP_C_DROP_NO_LISTENER : TCP_C_DROP_NO_CONN]++;
	rs_tcp_send_rst_for(t, seg);
}

/*
 * With the backlog full, too: a cookie is a hash, and as often as not it lies below the old
 * numbers, so that late segments of the old connection could be taken for new ones. Who floods
 * gains nothing by it: each of these takes away an entry of TIME-WAIT, which has cost a handshake.
 */
bool rs_tcp_reopen(struct tcp *t, const struct tcp_seg *seg, uint32_t min_isn)
{
	if (!is_listening(t, seg->key.local_port)) {
		refuse(t, seg);
		return false;
	}
	return passive_open(t, seg, &min_isn);
}

/* RFC 9293 sections 3.10.7.1 (CLOSED) and 3.10.7.2 (LISTEN) */
uint32_t rs_tcp_listen_input(struct tcp *t, const struct tcp_seg *seg, struct tcp_conn **conn)
{
	*conn = NULL;
	if (seg->flags & TCP_RST) {
		t->counters[TCP_C_DROP_NO_CONN]++;
		return 0;
	}
	if (!is_listening(t, seg->key.local_port)) {
		refuse(t, seg);
		return 0;
	}
	if (seg->flags & TCP_ACK)
		return cookie_input(t, seg, conn);
	if ((seg->flags & (TCP_SYN | TCP_FIN)) != TCP_SYN) {
		t->counters[TCP_C_DROP_BAD_FLAGS]++;
		return 0;
	}
	if (backlog_is_full(t))
		send_cookie(t, seg);
	else
		passive_open(t, seg, NULL);
	return 0;
}
