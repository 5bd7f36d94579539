/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments in, and the comparison of those that come out. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

void rig_in(struct rig *r, struct say s)
{
	struct peer *p = r->p;
	struct tcp_seg seg = {
		.key = p->key,
		.link = s.link ? s.link : 1,
		.seq = p->isn + s.seq,
		.ack = s.flags & TCP_ACK ? p->our_isn + s.ack : 0,
		.len = s.len,
		.flags = s.flags,
		.wnd = (uint16_t)(s.wnd == NO_WND ? 0
				  : s.wnd         ? s.wnd
						  : 65535),
		.opts = s.opts,
		.mss = s.mss,
		.wscale = s.wscale,
	};
	uint8_t *data = malloc(s.len ? s.len : 1); /* exact, so that ASan sees a read beyond it */
	struct tcp_conn *conn;
	uint32_t found, ev;

	if (p->ts && !(s.flags & (TCP_SYN | TCP_RST)) && !s.no_ts)
		seg.opts |= TCP_OPT_TS;
	if (seg.opts & TCP_OPT_TS) {
		seg.ts_val = s.ts_val ? s.ts_val : p->ts_val;
		seg.ts_ecr = s.ts_ecr ? s.ts_ecr : p->ts_seen;
	}
	for (; seg.n_sack < s.n_sack; seg.n_sack++) {
		seg.opts |= TCP_OPT_SACK;
		seg.sack[seg.n_sack].start = p->our_isn + s.sack[seg.n_sack].start;
		seg.sack[seg.n_sack].end = p->our_isn + s.sack[seg.n_sack].end;
	}
	for (uint32_t i = 0; i < s.len; i++)
		data[i] = rig_pattern[(s.seq - 1 + i) % PATTERN_PERIOD];
	seg.data = data;
	rs_tcp_lookup(&r->t, &seg, &found, 1);
	ev = rs_tcp_input(&r->t, &seg, found, &conn);
	if (ev)
		rig_take_events(r, ev, conn);
	memset(data, 0xee, s.len);
	free(data);
	if (!r->no_flush)
		rig_flush(r);
}

static void append(char *to, size_t size, const char *format, ...)
{
	size_t used = strlen(to);
	va_list args;

	va_start(args, format);
	vsnprintf(to + used, size - used, format, args);
	va_end(args);
}

/* One line, as tcpdump would put it. */
static const char *describe(char *to, size_t size, const struct say *s)
{
	snprintf(to, size, "%s%s%s%s%s%s%s%s seq %u ack %u len %u win %u",
		s->flags & TCP_SYN ? "S" : "", s->flags & TCP_FIN ? "F" : "",
		s->flags & TCP_RST ? "R" : "", s->flags & TCP_PSH ? "P" : "",
		s->flags & TCP_ACK ? "." : "", s->flags & TCP_ECE ? "E" : "",
		s->flags & TCP_CWR ? "W" : "", s->is_ect ? " ect" : "", s->seq, s->ack, s->len,
		s->wnd == NO_WND ? 0 : s->wnd);
	if (s->opts & TCP_OPT_MSS)
		append(to, size, " mss %u", s->mss);
	if (s->opts & TCP_OPT_WSCALE)
		append(to, size, " wscale %u", s->wscale);
	if (s->opts & TCP_OPT_SACK_OK)
		append(to, size, " sackOK");
	if (s->opts & TCP_OPT_TS)
		append(to, size, " ts %u:%u", s->ts_val, s->ts_ecr);
	for (uint32_t i = 0; s->opts & TCP_OPT_SACK && i < s->n_sack; i++)
		append(to, size, " sack %u-%u", s->sack[i].start, s->sack[i].end);
	return to;
}

/* What we sent, in the terms of a case. */
static struct say relative(const struct rig *r, const struct tcp_tx *tx, bool raw_seq)
{
	const struct peer *p = r->p;
	struct say s = {
		.flags = tx->flags,
		.seq = raw_seq ? tx->seq : tx->seq - p->our_isn,
		.ack = tx->flags & TCP_ACK ? tx->ack - p->isn : 0,
		.len = tx->len,
		.wnd = tx->wnd ? tx->wnd : NO_WND,
		.opts = tx->opts,
		.is_ect = tx->routers_may & TCP_TX_MARK,
		.raw_seq = raw_seq,
	};

	if (tx->opts & TCP_OPT_MSS)
		s.mss = tx->mss_opt;
	if (tx->opts & TCP_OPT_WSCALE)
		s.wscale = tx->wscale;
	if (tx->opts & TCP_OPT_TS) {
		s.ts_val = tx->ts_val;
		s.ts_ecr = tx->ts_ecr;
	}
	if (tx->opts & TCP_OPT_SACK) {
		s.n_sack = tx->n_sack;
		for (uint32_t i = 0; i < tx->n_sack; i++) {
			s.sack[i].start = tx->sack[i].start - p->isn;
			s.sack[i].end = tx->sack[i].end - p->isn;
		}
	}
	return s;
}

/* Fills what the case left open with what was seen, or with what must be so. */
static void complete(const struct rig *r, struct say *want, const struct say *got)
{
	bool is_plain = !(want->flags & (TCP_SYN | TCP_RST));

	if (!(want->flags & TCP_PSH))
		want->flags |= got->flags & TCP_PSH;
	if (!want->wnd)
		want->wnd = got->wnd;
	if (is_plain && r->p->ts)
		want->opts |= TCP_OPT_TS;
	if (want->opts & TCP_OPT_TS) {
		if (!want->ts_val)
			want->ts_val = got->ts_val;
		if (!want->ts_ecr)
			want->ts_ecr = got->ts_ecr;
	}
}

static bool same(const struct say *a, const struct say *b)
{
	for (uint32_t i = 0; i < a->n_sack; i++) {
		if (a->sack[i].start != b->sack[i].start || a->sack[i].end != b->sack[i].end)
			return false;
	}
	return a->flags == b->flags && a->seq == b->seq && a->ack == b->ack && a->len == b->len &&
	       a->wnd == b->wnd && a->opts == b->opts && a->mss == b->mss &&
	       a->wscale == b->wscale && a->ts_val == b->ts_val && a->ts_ecr == b->ts_ecr &&
	       a->n_sack == b->n_sack && a->is_ect == b->is_ect;
}

static void check_payload(const struct rig *r, const struct tcp_tx *tx, uint32_t seq)
{
	uint32_t at = seq - 1;
	uint32_t len = 0;

	for (uint32_t i = 0; i < tx->n_spans; i++) {
		for (uint32_t k = 0; k < tx->spans[i].len; k++, at++) {
			if (tx->spans[i].data[k] != rig_pattern[at % PATTERN_PERIOD])
				rig_fail(__FILE__, __LINE__, "byte %u sent is wrong", at);
		}
		len += tx->spans[i].len;
	}
	EQ(len, tx->len);
	TRUE(tx->len <= rs_max_u32(tx->mss, r->cfg.tso_bytes));
}

/* What must be so of every segment, whatever the case expects. */
static void check_always(struct rig *r, const struct tcp_tx *tx)
{
	struct peer *p = r->p;

	TRUE(rs_flow_key_equal(&tx->key, &p->key));
	if (tx->flags & TCP_ACK && !(tx->flags & TCP_RST) && rig_conn(r)) {
		bool scaled = p->wscale && !(tx->flags & TCP_SYN);
		uint32_t edge = tx->ack + ((uint32_t)tx->wnd << (scaled ? r->t.rcv_wscale : 0));
		uint32_t rounding = scaled ? (1u << r->t.rcv_wscale) - 1 : 0;

		/* RFC 9293 section 3.8.6: a window that was offered is not taken back. */
		TRUE(!p->has_edge || rs_seq_geq(edge + rounding, p->edge));
		p->edge = edge;
		p->has_edge = true;
	}
	if (tx->opts & TCP_OPT_TS) {
		TRUE(!p->ts_seen || rs_seq_geq(tx->ts_val, p->ts_seen)); /* RFC 7323 section 4.1 */
		p->ts_seen = tx->ts_val;
	}
}

void rig_expect(struct rig *r, struct say s, const char *file, int line)
{
	const struct tcp_tx *tx = &r->tx[r->n_seen];
	struct peer *p = r->p;
	char want[200], got[200];
	struct say seen;

	if (r->n_seen == r->t.n_tx)
		rig_fail(file, line, "nothing came\n  expected %s", describe(want, 200, &s));
	if (tx->flags & TCP_SYN && !p->knows_our_isn) {
		p->our_isn = tx->seq;
		p->knows_our_isn = true;
	}
	if ((tx->flags & SYN_ACK) == SYN_ACK) {
		p->ts = tx->opts & TCP_OPT_TS;
		p->wscale = tx->opts & TCP_OPT_WSCALE;
	}
	seen = relative(r, tx, s.raw_seq);
	complete(r, &s, &seen);
	if (!same(&s, &seen))
		rig_fail(file, line, "\n  expected %s\n  got      %s", describe(want, 200, &s),
			describe(got, 200, &seen));
	check_always(r, tx);
	check_payload(r, tx, seen.seq);
	if (++r->n_seen == r->t.n_tx)
		rig_drop_output(r);
}

void rig_drop_output(struct rig *r)
{
	r->n_seen = r->t.n_tx = 0;
	memset(r->tx, 0xa5, sizeof(r->tx)); /* what a segment forgets shows */
}

void rig_expect_none(struct rig *r, const char *file, int line)
{
	struct say seen;
	char got[200];

	if (r->n_seen == r->t.n_tx)
		return;
	seen = relative(r, &r->tx[r->n_seen], false);
	rig_fail(file, line, "expected nothing\n  got      %s", describe(got, 200, &seen));
}
