/* SPDX-License-Identifier: BSD-2-Clause */
/* The link between the two sides: delay, bandwidth, a queue, an MTU, and all that goes wrong. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"
#include "wire/pkt.h"
#include "wire/render.h"
#include "wire/tcp_parse.h"

#define MAX_PACKET     (64 * 1024)
#define ETHERNET_BYTES 14

/* The key of a segment as the other side sees it. */
static struct flow_key turned_round(const struct flow_key *key)
{
	struct flow_key other = {.remote_port = key->local_port,
		.local_port = key->remote_port,
		.family = key->family};

	memcpy(other.remote, key->local, 16);
	memcpy(other.local, key->remote, 16);
	return other;
}

static void enqueue(struct sim *sim, struct packet *p)
{
	struct packet **at = &sim->packets;

	while (*at && (*at)->due_us <= p->due_us)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
	p->from->n_under_way++;
}

static void put_on_link(struct sim *sim, struct side *from, const struct tcp_seg *seg)
{
	struct packet *p = malloc(sizeof(*p) + seg->len);

	*p = (struct packet){.seg = *seg, .from = from};
	p->to = from == sim->sides ? sim->sides + 1 : sim->sides;
	if (seg->len)
		memcpy(p->payload, seg->data, seg->len);
	p->seg.data = p->payload;
	p->seg.key = turned_round(&seg->key);
	if (from->link_free_us < sim->now_us)
		from->link_free_us = sim->now_us;
	from->link_free_us += (uint64_t)(seg->len + 60) * sim->s->us_per_kb / 1024;
	p->due_us = from->link_free_us + sim->s->delay_us;
	if (netsim_chance(sim, sim->s->reorder_ppm))
		p->due_us += netsim_draw(sim, 4 * sim->s->delay_us + 1000);
	if (sim->s->hold_us && !seg->len)
		p->due_us += sim->s->hold_us - p->due_us % sim->s->hold_us;
	enqueue(sim, p);
}

/* The router's word that seg was too long, on its way to who sent it. */
static void report_mtu(struct sim *sim, struct side *from, const struct tcp_seg *seg)
{
	struct packet *p = malloc(sizeof(*p));

	*p = (struct packet){.seg = *seg, .from = from, .to = from, .mtu = sim->s->mtu};
	p->due_us = sim->now_us + sim->s->delay_us;
	enqueue(sim, p);
}

static bool is_dark(struct sim *sim, struct side *from)
{
	if (netsim_chance(sim, sim->s->outage_ppm))
		from->outage_end_us = sim->now_us + netsim_draw(sim, sim->s->outage_us);
	return sim->now_us < from->outage_end_us;
}

static void send_on_link(struct sim *sim, struct side *from, const struct tcp_seg *seg,
	uint32_t header_bytes, bool may_fragment)
{
	if (sim->s->queue && from->n_under_way >= sim->s->queue)
		return;
	if (netsim_chance(sim, sim->s->loss_ppm) || is_dark(sim, from))
		return;
	if (sim->s->mtu && !may_fragment && seg->len + header_bytes > sim->s->mtu) {
		report_mtu(sim, from, seg);
		return;
	}
	put_on_link(sim, from, seg);
	if (netsim_chance(sim, sim->s->dup_ppm))
		put_on_link(sim, from, seg);
}

/*
 * As the wire would: to bytes, with a checksum, and back. False when a flipped bit was noticed;
 * where it stands in what no checksum covers (IPv6 flow label, hop limit), it does no harm.
 */
static bool through_bytes(
	struct sim *sim, struct tcp_seg *seg, const struct tcp_tx *tx, uint8_t *frame)
{
	static const uint8_t sender_mac[6] = {2, 0, 0, 0, 0, 1};
	static const uint8_t receiver_mac[6] = {2, 0, 0, 0, 0, 2};
	struct wire_addr addr = {.family = (uint8_t)tx->key.family};
	struct wire_host sender, receiver;
	bool corrupt = netsim_chance(sim, sim->s->corrupt_ppm);
	struct tcp_tx copy = *tx;
	struct pkt pkt;
	uint32_t len, drop;

	memcpy(addr.addr, tx->key.remote, 16);
	addr.prefix_len = tx->key.family == 4 ? 32 : 128;
	rs_wire_host_init(&sender, sender_mac, 0, 0, NULL, 0);
	rs_wire_host_init(&receiver, receiver_mac, 0, 0, &addr, 1);
	copy.link = 0;
	memcpy(&copy.link, receiver.mac, 6);
	len = rs_wire_render_tcp(&sender, &copy, frame, 0);
	if (corrupt) {
		uint32_t at = ETHERNET_BYTES + netsim_draw(sim, len - ETHERNET_BYTES);

		frame[at] ^= (uint8_t)(1u << netsim_draw(sim, 8));
	}
	drop = rs_wire_parse(&receiver, frame, len, 0, &pkt);
	CHECK(sim, corrupt || (drop == WIRE_OK && pkt.kind == WIRE_TCP),
		"what we render must parse", drop, len);
	if (drop != WIRE_OK || pkt.kind != WIRE_TCP)
		return false;
	drop = rs_wire_parse_tcp(&pkt, seg);
	CHECK(sim, corrupt || drop == WIRE_OK, "our segments must parse", drop, len);
	/* put_on_link() turns it round: give it the sender's view. */
	seg->key = tx->key;
	seg->link = 1;
	return drop == WIRE_OK;
}

static void to_seg(const struct tcp_tx *tx, uint8_t *payload, struct tcp_seg *seg)
{
	uint32_t at = 0;

	*seg = (struct tcp_seg){
		.key = tx->key,
		.link = 1,
		.seq = tx->seq,
		.ack = tx->ack,
		.flags = tx->flags,
		.wnd = tx->wnd,
		.opts = tx->opts,
		.ts_val = tx->opts & TCP_OPT_TS ? tx->ts_val : 0,
		.ts_ecr = tx->opts & TCP_OPT_TS ? tx->ts_ecr : 0,
		.mss = tx->mss_opt,
		.wscale = tx->wscale,
		.n_sack = tx->n_sack,
		.data = payload,
		.len = tx->len,
	};
	memcpy(seg->sack, tx->sack, sizeof(seg->sack));
	for (uint32_t i = 0; i < tx->n_spans; i++) {
		memcpy(payload + at, tx->spans[i].data, tx->spans[i].len);
		at += tx->spans[i].len;
	}
}

/* What routers do that know better, and peers that throw away what they have reported. */
static void meddle(struct sim *sim, const struct side *from, struct tcp_seg *seg)
{
	if (seg->flags & TCP_SYN) {
		seg->opts &= (uint8_t) ~(sim->s->no_sack ? TCP_OPT_SACK_OK : 0);
		seg->opts &= (uint8_t) ~(sim->s->no_wscale ? TCP_OPT_WSCALE : 0);
		return;
	}
	if (sim->s->no_blocks) {
		seg->opts &= (uint8_t)~TCP_OPT_SACK;
		seg->n_sack = 0;
	}
	if (seg->n_sack && netsim_chance(sim, sim->s->lie_ppm))
		seg->sack[seg->n_sack - 1].end += netsim_draw(sim, 4000);
	if (from == sim->sides && netsim_chance(sim, sim->s->shrink_ppm))
		seg->wnd = netsim_draw(sim, 2) ? (uint16_t)netsim_draw(sim, seg->wnd) : 0;
}

static void send_one(struct sim *sim, struct side *side, const struct tcp_tx *tx)
{
	static uint8_t payload[MAX_PACKET];
	uint32_t header_bytes = (tx->key.family == 4 ? 40 : 60) + rs_tcp_tx_opt_bytes(tx);
	struct tcp_seg part;

	CHECK(sim, tx->len <= rs_max_u32(tx->mss, sim->s->tso_bytes), "a descriptor is too long",
		tx->len, tx->mss);
	if (!sim->s->over_wire)
		to_seg(tx, payload, &part);
	else if (!through_bytes(sim, &part, tx, payload))
		return;
	meddle(sim, side, &part);
	while (part.len > tx->mss) {
		struct tcp_seg first = part;

		first.len = tx->mss;
		first.flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
		send_on_link(sim, side, &first, header_bytes, tx->routers_may & TCP_TX_CUT);
		part.seq += tx->mss;
		part.data += tx->mss;
		part.len -= tx->mss;
	}
	send_on_link(sim, side, &part, header_bytes, tx->routers_may & TCP_TX_CUT);
}

void netsim_transmit(struct sim *sim, struct side *side)
{
	for (uint32_t i = 0; i < side->t.n_tx; i++)
		send_one(sim, side, &side->tx[i]);
	side->t.n_tx = 0;
}

struct packet *netsim_next_due(struct sim *sim)
{
	struct packet *p = sim->packets;

	if (!p || p->due_us > sim->now_us)
		return NULL;
	sim->packets = p->next;
	p->from->n_under_way--;
	return p;
}
