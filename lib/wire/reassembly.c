/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/reassembly.h"

#include "base/bytes.h"
#include "wire/ipv6.h"

#define UNITS_A_WORD 64
#define NOT_ECT      0
#define CE           3

const struct counter_def rs_reassembly_counter_defs[REASSEMBLY_N_COUNTERS] = {
#define RS_COUNTER(id, name, help) {name, help},
#include "wire/reassembly_counters.def"
#undef RS_COUNTER
};

static const struct reassembly_frame nothing;

/* What a fragment says of itself. */
struct fragment {
	const struct pkt *pkt;
	const uint8_t *data; /* of the payload, len bytes from offset on */
	uint32_t offset;
	uint32_t len;
	uint32_t id;
	uint8_t proto; /* IPv4: which of the sender's sequences id is from */
	uint8_t ecn;
	bool is_last;
};

/* Parsing has seen that it is a sound one. */
static struct fragment read_fragment(const struct pkt *pkt)
{
	struct fragment f = {.pkt = pkt, .data = pkt->l4, .len = pkt->l4_len};
	uint16_t field;

	if (pkt->family == 4) {
		field = rs_load_be16(pkt->l3 + 6);
		f.offset = (field & 0x1fffu) * REASSEMBLY_UNIT;
		f.is_last = !(field & 0x2000);
		f.id = rs_load_be16(pkt->l3 + 4);
		f.proto = pkt->proto;
		f.ecn = pkt->l3[1] & 3;
		return f;
	}
	field = rs_load_be16(pkt->l4 + 2);
	f.offset = field & 0xfff8u;
	f.is_last = !(field & 1);
	f.id = rs_load_be32(pkt->l4 + 4);
	f.ecn = pkt->l3[1] >> 4 & 3;
	f.data += IPV6_EXTENSION_BYTES;
	f.len -= IPV6_EXTENSION_BYTES;
	return f;
}

/* ---- the table ---- */

void rs_reassembly_init(struct reassembly *r)
{
	r->used = 0;
	r->next_us = UINT64_MAX;
	memset(r->counters, 0, sizeof(r->counters));
}

static void look_again_at(struct reassembly *r, uint64_t late_us)
{
	if (late_us < r->next_us)
		r->next_us = late_us;
}

static bool is_of(const struct reassembly_packet *p, const struct fragment *f)
{
	return p->id == f->id && p->family == f->pkt->family && p->proto == f->proto &&
	       !memcmp(p->src, f->pkt->src, 16) && !memcmp(p->dst, f->pkt->dst, 16);
}

static struct reassembly_packet *find(struct reassembly *r, const struct fragment *f)
{
	for (uint32_t left = r->used; left; left &= left - 1) {
		struct reassembly_packet *p = &r->packets[__builtin_ctz(left)];

		if (is_of(p, f))
			return p;
	}
	return NULL;
}

static struct reassembly_packet *oldest(struct reassembly *r)
{
	struct reassembly_packet *found = NULL;

	for (uint32_t left = r->used; left; left &= left - 1) {
		struct reassembly_packet *p = &r->packets[__builtin_ctz(left)];

		if (!found || p->late_us < found->late_us)
			found = p;
	}
	return found;
}

static void forget(struct reassembly *r, const struct reassembly_packet *p)
{
	r->used &= ~(UINT32_C(1) << (p - r->packets));
}

static struct reassembly_packet *make_room(struct reassembly *r)
{
	struct reassembly_packet *p;

	if (~r->used)
		return &r->packets[__builtin_ctz(~r->used)];
	p = oldest(r);
	forget(r, p);
	r->counters[REASSEMBLY_C_FULL]++;
	return p;
}

/* Everything but its bytes, which are read only where they have come. */
static struct reassembly_packet *begin(
	struct reassembly *r, const struct fragment *f, uint64_t now_us)
{
	struct reassembly_packet *p = make_room(r);

	memset(p, 0, offsetof(struct reassembly_packet, bytes_of_head));
	memcpy(p->src, f->pkt->src, 16);
	memcpy(p->dst, f->pkt->dst, 16);
	p->link = f->pkt->link;
	p->late_us = now_us + REASSEMBLY_TIMEOUT_US;
	p->id = f->id;
	p->family = f->pkt->family;
	p->proto = f->proto;
	r->used |= UINT32_C(1) << (p - r->packets);
	look_again_at(r, p->late_us);
	return p;
}

/* ---- a packet ---- */

/* How many of n units from first on have come. */
static uint32_t count_units(const struct reassembly_packet *p, uint32_t first, uint32_t n)
{
	uint32_t n_set = 0;

	for (uint32_t i = first; i < first + n; i++)
		n_set += p->units[i / UNITS_A_WORD] >> i % UNITS_A_WORD & 1;
	return n_set;
}

static void mark_units(struct reassembly_packet *p, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++)
		p->units[i / UNITS_A_WORD] |= UINT64_C(1) << i % UNITS_A_WORD;
	p->n_units += n;
}

static uint32_t units_of(uint32_t bytes)
{
	return (bytes + REASSEMBLY_UNIT - 1) / REASSEMBLY_UNIT;
}

/* Nothing may stand behind the end. */
static bool agrees_about_length(const struct reassembly_packet *p, const struct fragment *f)
{
	uint32_t end = f->offset + f->len;

	if (p->bytes)
		return f->is_last ? end == p->bytes : end <= p->bytes;
	return !f->is_last || end >= p->end;
}

/* RFC 8200 section 4.5, RFC 5722: no byte comes twice, unless the network has doubled it. */
enum novelty {
	IS_NEW,
	IS_DUPLICATE,
	OVERLAPS
};

static enum novelty novelty_of(const struct reassembly_packet *p, const struct fragment *f)
{
	uint32_t n = units_of(f->len);
	uint32_t n_there = count_units(p, f->offset / REASSEMBLY_UNIT, n);

	if (!n_there)
		return IS_NEW;
	if (n_there == n && !memcmp(p->payload + f->offset, f->data, f->len))
		return IS_DUPLICATE;
	return OVERLAPS;
}

/* RFC 3168 section 5.3: a mark must not get lost, nor come to who knows nothing of marks. */
static bool agrees_about_congestion(const struct reassembly_packet *p, const struct fragment *f)
{
	uint8_t seen = p->ecn_seen | (uint8_t)(1u << f->ecn);

	return !(seen & 1u << CE && seen & 1u << NOT_ECT);
}

/* The headers that the whole packet will have. False: they are too long. */
static bool keep_head(struct reassembly_packet *p, const struct fragment *f, const uint8_t *frame)
{
	size_t head = (size_t)(f->data - frame);

	if (head > REASSEMBLY_HEAD)
		return false;
	memcpy(p->bytes_of_head + REASSEMBLY_HEAD - head, frame, head);
	p->head = (uint8_t)head;
	p->l2 = (uint8_t)(f->pkt->l3 - frame);
	p->first_bytes = f->len;
	return true;
}

/* ---- whole ---- */

static void finish_ipv4(const struct reassembly_packet *p, uint8_t *ip, uint32_t header)
{
	uint16_t csum;

	rs_store_be16(ip + 2, (uint16_t)(header + p->bytes));
	rs_store_be16(ip + 6, 0);
	if (p->ecn_seen & 1u << CE)
		ip[1] |= CE;
	memset(ip + 10, 0, 2);
	csum = rs_csum_finish(rs_csum_add(0, ip, header));
	memcpy(ip + 10, &csum, 2);
}

/*
 * The fragment header, the last one of those at ip, goes: who pointed to it points to what it
 * pointed to, and what stands before it moves up.
 */
static void finish_ipv6(struct reassembly_packet *p, uint8_t *frame)
{
	uint8_t *ip = frame + p->l2;
	uint32_t header = p->head - p->l2 - (uint32_t)IPV6_EXTENSION_BYTES;
	uint8_t *next = ip + 6;
	uint32_t at = IPV6_HEADER_BYTES;

	while (at < header) {
		uint8_t type = *next;

		next = ip + at;
		at += rs_ipv6_extension_bytes(type, next);
	}
	*next = ip[header];
	rs_store_be16(ip + 4, (uint16_t)(header - IPV6_HEADER_BYTES + p->bytes));
	if (p->ecn_seen & 1u << CE)
		ip[1] |= CE << 4;
	memmove(frame + IPV6_EXTENSION_BYTES, frame, p->l2 + header);
	p->head -= IPV6_EXTENSION_BYTES;
}

/* The headers end where the payload begins. */
static uint8_t *frame_of(struct reassembly_packet *p)
{
	return p->bytes_of_head + REASSEMBLY_HEAD - p->head;
}

static struct reassembly_frame give(struct reassembly_packet *p, uint32_t payload)
{
	return (struct reassembly_frame){{frame_of(p), p->head + payload}, p->link};
}

static struct reassembly_frame finish(struct reassembly *r, struct reassembly_packet *p)
{
	uint32_t header = (uint32_t)(p->head - p->l2);
	/* What the length field does not count. */
	uint32_t uncounted = p->family == 4 ? 0 : IPV6_HEADER_BYTES + IPV6_EXTENSION_BYTES;

	forget(r, p);
	if (header + p->bytes - uncounted > UINT16_MAX) {
		r->counters[REASSEMBLY_C_TOO_LONG]++;
		return nothing;
	}
	r->counters[REASSEMBLY_C_WHOLE]++;
	if (p->family == 4)
		finish_ipv4(p, frame_of(p) + p->l2, header);
	else
		finish_ipv6(p, frame_of(p));
	return give(p, p->bytes);
}

/* ---- fragments ---- */

/* Together with what has not come yet, and without a word (RFC 8200 section 4.5). */
static void abandon(struct reassembly *r, struct reassembly_packet *p, uint64_t now_us)
{
	p->is_abandoned = true;
	p->first_bytes = 0;
	p->late_us = now_us + REASSEMBLY_ABANDON_US;
	look_again_at(r, p->late_us);
	r->counters[REASSEMBLY_C_CONTRADICTION]++;
}

/* One that nothing speaks against. */
static struct reassembly_frame add(struct reassembly *r, struct reassembly_packet *p,
	const struct fragment *f, const uint8_t *frame)
{
	if (!f->offset && !keep_head(p, f, frame)) {
		r->counters[REASSEMBLY_C_TOO_LONG]++;
		return nothing;
	}
	memcpy(p->payload + f->offset, f->data, f->len);
	mark_units(p, f->offset / REASSEMBLY_UNIT, units_of(f->len));
	p->ecn_seen |= (uint8_t)(1u << f->ecn);
	p->end = rs_max_u32(p->end, f->offset + f->len);
	if (f->is_last)
		p->bytes = p->end;
	return p->bytes && p->n_units == units_of(p->bytes) ? finish(r, p) : nothing;
}

struct reassembly_frame rs_reassembly_take(
	struct reassembly *r, const uint8_t *frame, const struct pkt *pkt, uint64_t now_us)
{
	struct fragment f = read_fragment(pkt);
	struct reassembly_packet *p = find(r, &f);
	enum novelty novelty;

	if (!p)
		p = begin(r, &f, now_us);
	if (p->is_abandoned) {
		r->counters[REASSEMBLY_C_ABANDONED]++;
		return nothing;
	}
	novelty = novelty_of(p, &f);
	if (novelty == OVERLAPS || !agrees_about_length(p, &f) || !agrees_about_congestion(p, &f)) {
		abandon(r, p, now_us);
		return nothing;
	}
	if (novelty == IS_DUPLICATE) {
		r->counters[REASSEMBLY_C_DUPLICATE]++;
		return nothing;
	}
	return add(r, p, &f, frame);
}

struct reassembly_frame rs_reassembly_give_up(struct reassembly *r, uint64_t now_us)
{
	struct reassembly_packet *p = oldest(r);

	if (!p || now_us < p->late_us) {
		r->next_us = p ? p->late_us : UINT64_MAX;
		return nothing;
	}
	forget(r, p);
	r->counters[REASSEMBLY_C_LATE] += !p->is_abandoned;
	return p->first_bytes ? give(p, p->first_bytes) : nothing;
}
