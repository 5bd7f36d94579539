/* SPDX-License-Identifier: BSD-2-Clause */
#include "net_render.h"

#include <rte_prefetch.h>

#include "anchor.h"
#include "io/dma.h"
#include "io/reuse.h"
#include "wire/link.h"
#include "wire/render.h"

#define FETCH_AHEAD   2    /* segments */
#define FETCHED_BYTES 1460 /* of each: what a frame takes */

_Static_assert(IO_DMA_SEGS == 1 + SENDQ_SLICES, "a frame is its headers, and an mbuf a span");

/* Mbufs that point, in the longest frame that the port cuts: longer spans take several. */
#define MAX_POINTING (SENDQ_SLICES + UINT16_MAX / IO_DMA_SEG_BYTES)

/* ---- pointing to payload ---- */

/* Of a span, what its bytes belong to. */
struct lasting {
	struct anchor *anchor;
	const struct sums_area *area;
};

/* False: its bytes do not last, or ports cannot read them. */
static bool find_lasting(struct stage_net *net, const struct slice *span, struct lasting *to)
{
	to->anchor = rs_anchor_of(&net->web.chunks, span, &net->builtin);
	if (!to->anchor || !to->anchor->is_external)
		return false;
	to->area = rs_sums_find(to->anchor->areas, to->anchor->n_areas, span->data);
	return to->area != NULL;
}

/* The folded checksum of the payload, whose spans last from number first on. */
static uint16_t sum_payload(const struct tcp_tx *tx, const struct lasting *lasting, uint32_t first)
{
	uint64_t sum = 0;
	uint32_t offset = 0;

	for (uint32_t i = 0; i < tx->n_spans; i++) {
		const struct slice *s = &tx->spans[i];
		uint64_t part = i < first ? rs_csum_add(0, s->data, s->len)
					  : rs_sums_of(lasting[i].area, s->data, s->len);

		sum += rs_csum_at(part, offset);
		offset += s->len;
	}
	return rs_csum_fold16(sum);
}

/* How many mbufs point to the spans from number first on. */
static uint32_t count_pointing(const struct tcp_tx *tx, uint32_t first)
{
	uint32_t n = 0;

	for (uint32_t i = first; i < tx->n_spans; i++)
		n += (tx->spans[i].len + IO_DMA_SEG_BYTES - 1) / IO_DMA_SEG_BYTES;
	return n;
}

static void attach(struct rte_mbuf *seg, const uint8_t *data, uint16_t len, struct anchor *anchor)
{
	rs_anchor_count(anchor, 1);
	/* Where an address of the device's own is needed, it is the same (io/dma.h). */
	rte_pktmbuf_attach_extbuf(
		seg, (void *)(uintptr_t)data, (rte_iova_t)(uintptr_t)data, len, &anchor->mbufs);
	seg->data_len = len;
}

/* Behind head: mbufs that point to the spans from number first on. False: there are too few. */
static bool point_to(struct stage_net *net, struct rte_mbuf *head, const struct tcp_tx *tx,
	const struct lasting *lasting, uint32_t first)
{
	struct rte_mbuf *segs[MAX_POINTING];
	struct rte_mbuf *last = head;
	uint32_t n = count_pointing(tx, first);

	if (rs_unlikely(rte_pktmbuf_alloc_bulk(net->segs_out, segs, n))) {
		net->counters[NET_C_COPIED_NO_SEG]++;
		return false;
	}
	head->nb_segs = (uint16_t)(1 + n);
	for (uint32_t i = first, k = 0; i < tx->n_spans; i++) {
		const struct slice *s = &tx->spans[i];

		for (uint32_t at = 0; at < s->len; at += IO_DMA_SEG_BYTES) {
			uint32_t len = rs_min_u32(s->len - at, IO_DMA_SEG_BYTES);

			attach(segs[k], s->data + at, (uint16_t)len, lasting[i].anchor);
			last = last->next = segs[k++];
		}
		head->pkt_len += s->len;
	}
	return true;
}

/* ---- one frame ---- */

static uint32_t render_header(
	const struct net_port *port, const struct tcp_tx *tx, struct rte_mbuf *m, uint32_t flags)
{
	return rs_wire_render_tcp_header(&port->host, tx, rte_pktmbuf_mtod(m, uint8_t *),
		port->render_flags | flags, tx->payload_sum);
}

/* Payload that does not fit behind the headers goes on in further mbufs (with TSO only). */
static bool append_payload(struct stage_net *net, struct rte_mbuf *head, const struct tcp_tx *tx)
{
	struct rte_mbuf *last = head;

	for (uint32_t i = 0; i < tx->n_spans; i++) {
		const uint8_t *data = tx->spans[i].data;
		uint32_t left = tx->spans[i].len;

		while (left) {
			uint32_t take;

			if (!rte_pktmbuf_tailroom(last)) {
				last->next = rte_pktmbuf_alloc(net->mbufs);
				if (!last->next)
					return false;
				last = last->next;
				head->nb_segs++;
			}
			take = rs_min_u32(left, rte_pktmbuf_tailroom(last));
			memcpy(rte_pktmbuf_mtod_offset(last, uint8_t *, last->data_len), data,
				take);
			last->data_len = (uint16_t)(last->data_len + take);
			head->pkt_len += take;
			data += take;
			left -= take;
		}
	}
	return true;
}

/* A segment that the port cuts: headers, then a chain of payload. */
static bool render_tso(struct stage_net *net, const struct net_port *port, struct rte_mbuf *m,
	const struct tcp_tx *tx)
{
	m->data_len = (uint16_t)render_header(port, tx, m, WIRE_TSO);
	m->pkt_len = m->data_len;
	return append_payload(net, m, tx);
}

/*
 * Headers and what does not last, then mbufs that point to the rest. False: that does not pay, or
 * cannot be had, and m is as it was.
 */
static bool render_pointing(
	struct stage_net *net, const struct net_port *port, struct rte_mbuf *m, struct tcp_tx *tx)
{
	struct lasting lasting[SENDQ_SLICES];
	uint32_t first = tx->n_spans, n_copied = tx->len;

	while (first && find_lasting(net, &tx->spans[first - 1], &lasting[first - 1]))
		n_copied -= tx->spans[--first].len;
	if (tx->len - n_copied < port->point_bytes ||
		n_copied + WIRE_MAX_HEADER_BYTES > rte_pktmbuf_tailroom(m) ||
		!point_to(net, m, tx, lasting, first))
		return false;
	if (!(port->render_flags & WIRE_L4_CSUM_OFFLOAD))
		tx->payload_sum = sum_payload(tx, lasting, first);
	m->data_len = (uint16_t)render_header(port, tx, m, tx->len > tx->mss ? WIRE_TSO : 0);
	for (uint32_t i = 0; i < first; i++) {
		const struct slice *s = &tx->spans[i];

		memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len), s->data, s->len);
		m->data_len = (uint16_t)(m->data_len + s->len);
	}
	m->pkt_len += m->data_len;
	return true;
}

static void render_copying(const struct net_port *port, struct rte_mbuf *m, const struct tcp_tx *tx)
{
	m->data_len = (uint16_t)rs_wire_render_tcp(
		&port->host, tx, rte_pktmbuf_mtod(m, uint8_t *), port->render_flags);
	m->pkt_len = m->data_len;
}

/*
 * False: there are not enough mbufs. Not inlined: small replies pay for what they use. What goes
 * again is copied. It may have been lost because the port cannot read it where it is, and then
 * would be lost each time: some emulated NICs behind an IOMMU cannot read what crosses a page.
 */
static __attribute__((noinline)) bool render_large(
	struct stage_net *net, const struct net_port *port, struct rte_mbuf *m, struct tcp_tx *tx)
{
	if (tx->len >= port->point_bytes && !tx->is_again && render_pointing(net, port, m, tx))
		return true;
	if (tx->len > tx->mss)
		return render_tso(net, port, m, tx);
	render_copying(port, m, tx);
	return true;
}

static void ask_for_offloads(
	const struct net_port *port, struct rte_mbuf *m, const struct tcp_tx *tx)
{
	struct wire_lens lens = rs_wire_tcp_lens(tx);

	m->tx_offload = rte_mbuf_tx_offload(
		lens.l2, lens.l3, lens.l4, tx->len > tx->mss ? tx->mss : 0, 0, 0, 0);
	m->ol_flags |= tx->key.family == 4 ? port->ol_flags_v4 : port->ol_flags_v6;
	if (tx->len > tx->mss)
		m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
}

/* Writes tx to the frame m and queues it. */
static void render(struct stage_net *net, struct tcp_tx *tx, struct rte_mbuf *m)
{
	struct net_port *port = &net->ports[rs_link_port(tx->link)];

	if (rs_unlikely(port->n_out == NET_OUT)) {
		net->counters[NET_C_DROP_OUT_FULL]++;
		rs_net_drop_frame(net, m);
		return;
	}
	if (rs_likely(tx->len < port->point_bytes && tx->len <= tx->mss)) {
		render_copying(port, m, tx);
	} else if (!render_large(net, port, m, tx)) {
		net->counters[NET_C_DROP_NO_MBUF]++;
		rs_net_drop_frame(net, m);
		return;
	}
	if (port->ol_flags_v4 | port->ol_flags_v6)
		ask_for_offloads(port, m, tx);
	rs_net_queue_frame(port, m);
}

/* ---- all of them ---- */

/* n frames at once; where the pool has fewer, as many as it has. Returns how many. */
static uint32_t new_frames(struct stage_net *net, struct rte_mbuf **frames, uint32_t n)
{
	uint32_t n_got = n;

	if (!n)
		return 0;
	if (rs_unlikely(rte_pktmbuf_alloc_bulk(net->mbufs, frames, n))) {
		for (n_got = 0; n_got < n; n_got++) {
			frames[n_got] = rte_pktmbuf_alloc(net->mbufs);
			if (!frames[n_got])
				break;
		}
		net->counters[NET_C_DROP_NO_MBUF] += n - n_got;
	}
	net->frames.n_in += n_got;
	return n_got;
}

/*
 * Begins to fetch the bytes that a segment ends with, unless they were for the one before. Only
 * those in chunks: they will be copied, others may be pointed to. Returns what was fetched last, by
 * its first byte.
 */
static const uint8_t *fetch_payload(
	const struct stage_net *net, const struct tcp_tx *tx, const uint8_t *fetched)
{
	const struct slice *last;
	uint32_t n;

	if (!tx->n_spans)
		return fetched;
	last = &tx->spans[tx->n_spans - 1];
	if (last->data == fetched || !rs_chunk_has(&net->web.chunks, last->data))
		return fetched;
	n = rs_min_u32(last->len, FETCHED_BYTES);
	for (uint32_t offset = 0; offset < n; offset += RS_CACHE_LINE)
		rte_prefetch0(last->data + offset);
	return last->data;
}

void rs_net_render(struct stage_net *net)
{
	struct rte_mbuf *frames[NET_MAX_TX];
	/* Frames received this turn, all dealt with by now, are the first to be sent. */
	uint32_t n = rs_io_reuse(net->mbufs, net->pkts, &net->n_pkts, frames, net->tcp.n_tx);
	const uint8_t *fetched = NULL;

	n += new_frames(net, frames + n, net->tcp.n_tx - n);
	for (uint32_t i = 0; i < n; i++) {
		if (i + FETCH_AHEAD < n)
			fetched = fetch_payload(net, &net->tcp.tx[i + FETCH_AHEAD], fetched);
		render(net, &net->tcp.tx[i], frames[i]);
	}
}
