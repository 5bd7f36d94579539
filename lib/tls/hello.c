/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/hello.h"

#include <string.h>

#include "base/bytes.h"
#include "tls/message.h"

#define LEGACY         0x0303
#define SSL_3          0x0300
#define TLS_1_3        0x0304
#define MAX_NAME       255
#define MIN_NAME_BYTES 6 /* of server_name: of a list, a type, and a name of one byte */
#define PSK_DHE_KE     1
#define MAX_EXTENSIONS 32
#define MAX_SHARES     64 /* more than there are groups */

/* ---- what is left of a structure: reading past its end makes it bad, and all that follows ---- */

struct reader {
	const uint8_t *at, *end;
	bool bad;
};

static struct span take(struct reader *r, uint32_t n)
{
	struct span s = {.data = r->at, .len = n};

	if (n > (size_t)(r->end - r->at)) {
		r->bad = true;
		r->at = r->end;
		return (struct span){.data = r->at};
	}
	r->at += n;
	return s;
}

static uint32_t number(struct reader *r, uint32_t bytes)
{
	struct span s = take(r, bytes);
	uint32_t n = 0;

	for (uint32_t i = 0; i < s.len; i++)
		n = n << 8 | s.data[i];
	return n;
}

/* A vector, behind its length. */
static struct span vector(struct reader *r, uint32_t length_bytes)
{
	return take(r, number(r, length_bytes));
}

static struct reader in(struct span s)
{
	static const uint8_t nothing[1]; /* a null pointer, plus 0, is no pointer */
	const uint8_t *at = s.data ? s.data : nothing;

	return (struct reader){.at = at, .end = at + s.len};
}

static bool is_done(const struct reader *r)
{
	return !r->bad && r->at == r->end;
}

/* A vector that is all of s; not empty. */
static bool only_vector(struct span s, uint32_t length_bytes, struct span *v)
{
	struct reader r = in(s);

	*v = vector(&r, length_bytes);
	return is_done(&r) && v->len;
}

static bool only_numbers(struct span s, uint32_t length_bytes, struct span *v)
{
	return only_vector(s, length_bytes, v) && v->len % 2 == 0;
}

bool rs_tls_hello_lists(struct span list, uint32_t wanted)
{
	for (uint32_t i = 0; i + 1 < list.len; i += 2) {
		if (((uint32_t)list.data[i] << 8 | list.data[i + 1]) == wanted)
			return true;
	}
	return false;
}

static bool is_among(const uint32_t *numbers, uint32_t n, uint32_t wanted)
{
	for (uint32_t i = 0; i < n; i++) {
		if (numbers[i] == wanted)
			return true;
	}
	return false;
}

struct span rs_tls_hello_protocol(struct span offered)
{
	static const char *const ours[] = {"http/1.1", "http/1.0"};

	for (uint32_t i = 0; i < RS_ARRAY_SIZE(ours); i++) {
		const struct span own = rs_tls_text(ours[i]);

		for (struct reader r = in(offered); r.at < r.end;) {
			struct span name = vector(&r, 1);

			if (name.len == own.len && !memcmp(name.data, own.data, own.len))
				return own;
		}
	}
	return (struct span){0};
}

/* ---- extensions ---- */

/* RFC 6066 section 3: one name, of type host_name. */
static bool read_name(struct span s, struct tls_hello *h)
{
	struct span list;
	struct reader r;

	if (!only_vector(s, 2, &list))
		return false;
	r = in(list);
	if (number(&r, 1) != 0)
		return false;
	h->name = vector(&r, 2);
	return is_done(&r) && h->name.len && h->name.len <= MAX_NAME &&
	       !memchr(h->name.data, 0, h->name.len);
}

/* RFC 6066 section 8: of OCSP, with no responders nor extensions, which would have to be DER. */
static bool read_status(struct span s, struct tls_hello *h)
{
	struct reader r = in(s);

	h->wants_status = number(&r, 1) == 1;
	return h->wants_status && !vector(&r, 2).len && !vector(&r, 2).len && is_done(&r);
}

/* RFC 7301 section 3.1 */
static bool read_protocols(struct span s, struct tls_hello *h)
{
	struct reader r;

	if (!only_vector(s, 2, &h->protocols))
		return false;
	for (r = in(h->protocols); r.at < r.end;) {
		if (!vector(&r, 1).len)
			return false;
	}
	return is_done(&r);
}

static bool read_shares(struct span s, struct tls_hello *h)
{
	struct reader r;

	if (!only_vector(s, 2, &h->shares))
		return false;
	for (r = in(h->shares); r.at < r.end;) {
		uint32_t group = number(&r, 2);
		struct span share = vector(&r, 2);

		if (!share.len)
			return false;
		if (group == TLS_GROUP_X25519)
			h->share = share;
	}
	return is_done(&r);
}

/* Section 4.2.8: of each group at most one, and none of a group that is not supported. */
static bool fit(struct span shares, struct span groups)
{
	uint32_t seen[MAX_SHARES], n = 0;

	for (struct reader r = in(shares); r.at < r.end; n++) {
		uint32_t group = number(&r, 2);

		vector(&r, 2);
		if (n == MAX_SHARES || is_among(seen, n, group) ||
			!rs_tls_hello_lists(groups, group))
			return false;
		seen[n] = group;
	}
	return true;
}

/* Section 4.2.11 */
static enum tls_alert read_tickets(struct span s, const uint8_t *message, struct tls_hello *h)
{
	struct reader r = in(s);
	struct reader identities, binders;
	int32_t more = 0;

	h->tickets = vector(&r, 2);
	h->n_before_binders = (uint32_t)(r.at - message);
	h->binders = vector(&r, 2);
	if (!is_done(&r) || !h->tickets.len || !h->binders.len)
		return TLS_ALERT_DECODE_ERROR;
	for (identities = in(h->tickets); identities.at < identities.end; more++) {
		struct span ticket = vector(&identities, 2);

		number(&identities, 4);
		if (!ticket.len)
			return TLS_ALERT_DECODE_ERROR;
	}
	for (binders = in(h->binders); binders.at < binders.end; more--) {
		if (vector(&binders, 1).len < 32)
			return TLS_ALERT_DECODE_ERROR;
	}
	if (!is_done(&identities) || !is_done(&binders))
		return TLS_ALERT_DECODE_ERROR;
	return more ? TLS_ALERT_ILLEGAL_PARAMETER : TLS_ALERT_NONE;
}

bool rs_tls_hello_ticket(
	const struct tls_hello *h, uint32_t number_of_it, struct span *ticket, struct span *binder)
{
	struct reader tickets = in(h->tickets), binders = in(h->binders);

	for (uint32_t i = 0; tickets.at < tickets.end; i++) {
		*ticket = vector(&tickets, 2);
		number(&tickets, 4); /* obfuscated_ticket_age */
		*binder = vector(&binders, 1);
		if (i == number_of_it)
			return true;
	}
	return false;
}

static bool read_extension(
	enum tls_extension type, struct span s, const uint8_t *message, struct tls_hello *h)
{
	struct span list;

	switch (type) {
	case TLS_EXT_SERVER_NAME:
		return read_name(s, h);
	case TLS_EXT_STATUS_REQUEST:
		return read_status(s, h);
	case TLS_EXT_SUPPORTED_GROUPS:
		return only_numbers(s, 2, &h->groups);
	case TLS_EXT_SIGNATURE_ALGORITHMS:
		return only_numbers(s, 2, &h->signatures);
	case TLS_EXT_ALPN:
		return read_protocols(s, h);
	case TLS_EXT_SUPPORTED_VERSIONS:
		return only_numbers(s, 1, &list) && rs_tls_hello_lists(list, TLS_1_3);
	case TLS_EXT_PSK_MODES:
		if (!only_vector(s, 1, &list))
			return false;
		h->takes_tickets = memchr(list.data, PSK_DHE_KE, list.len);
		return true;
	case TLS_EXT_KEY_SHARE:
		return read_shares(s, h);
	case TLS_EXT_PRE_SHARED_KEY:
		return read_tickets(s, message, h) == TLS_ALERT_NONE;
	case TLS_EXT_MAX_FRAGMENT_LENGTH:
	case TLS_EXT_EARLY_DATA:
	case TLS_EXT_COOKIE:
	case TLS_EXT_CERTIFICATE_AUTHORITIES:
		return false;
	case TLS_EXT_POST_HANDSHAKE_AUTH: /* section 4.2.6: an offer, which is not taken up */
		return !s.len;
	case TLS_EXT_SIGNATURE_ALGORITHMS_CERT: /* section 4.4.2.2: the one chain goes out all the
						   same */
		return only_numbers(s, 2, &list);
	default:
		return true;
	}
}

/* Each at most once, and pre_shared_key the last. */
static bool read_extensions(struct span s, const uint8_t *message, struct tls_hello *h)
{
	uint32_t seen[MAX_EXTENSIONS], n = 0;
	bool has_versions = false;

	for (struct reader r = in(s); r.at < r.end; n++) {
		uint32_t type = number(&r, 2);
		struct span body = vector(&r, 2);

		if (r.bad || n == MAX_EXTENSIONS || h->tickets.len || is_among(seen, n, type))
			return false;
		seen[n] = type;
		has_versions |= type == TLS_EXT_SUPPORTED_VERSIONS;
		if (!read_extension((enum tls_extension)type, body, message, h))
			return false;
	}
	return has_versions && h->share.len == TLS_X25519_BYTES && fit(h->shares, h->groups) &&
	       (h->tickets.len ? h->takes_tickets : h->signatures.len > 0); /* section 9.2 */
}

bool rs_tls_hello_read(struct span message, struct tls_hello *h)
{
	struct reader r = in(message);
	struct span body, compressions, extensions;

	*h = (struct tls_hello){0};
	if (number(&r, 1) != TLS_CLIENT_HELLO)
		return false;
	body = vector(&r, 3);
	if (!is_done(&r))
		return false;
	r = in(body);
	if (number(&r, 2) != LEGACY)
		return false;
	take(&r, 32); /* its random */
	h->session_id = vector(&r, 1);
	h->suites = vector(&r, 2);
	compressions = vector(&r, 1);
	extensions = vector(&r, 2);
	return is_done(&r) && h->session_id.len <= 32 && h->suites.len && h->suites.len % 2 == 0 &&
	       compressions.len == 1 && !compressions.data[0] &&
	       read_extensions(extensions, message.data, h);
}

/* ---- hellos of all kinds ---- */

static struct span numbers_of(struct span s)
{
	struct span list;

	return only_numbers(s, 2, &list) ? list : (struct span){0};
}

void rs_tls_hello_skim(const struct tls_hello_parts *p, struct tls_hello *h)
{
	struct span versions;

	*h = (struct tls_hello){
		.suites = p->suites,
		.groups = numbers_of(p->groups),
		.signatures = numbers_of(p->signatures),
		.is_older = !only_numbers(p->versions, 1, &versions) ||
			    !rs_tls_hello_lists(versions, TLS_1_3),
	};
	if (!read_name(p->name, h))
		h->name = (struct span){0};
}

/* ---- what OpenSSL does not mind ---- */

static bool is_part(struct span s)
{
	return s.data;
}

enum tls_alert rs_tls_hello_fault(const struct tls_hello_parts *p)
{
	struct tls_hello h = {0};
	struct span list;

	if (p->version == SSL_3) /* appendix D.5 */
		return TLS_ALERT_PROTOCOL_VERSION;
	if (p->compressions.len && !memchr(p->compressions.data, 0, p->compressions.len))
		return TLS_ALERT_ILLEGAL_PARAMETER;
	if (is_part(p->versions) && !only_numbers(p->versions, 1, &list))
		return TLS_ALERT_DECODE_ERROR;
	if (is_part(p->name) && p->name.len < MIN_NAME_BYTES)
		return TLS_ALERT_DECODE_ERROR;
	if (only_numbers(p->groups, 2, &list) && read_shares(p->shares, &h) && !fit(h.shares, list))
		return TLS_ALERT_ILLEGAL_PARAMETER;
	return is_part(p->tickets) ? read_tickets(p->tickets, p->tickets.data, &h) : TLS_ALERT_NONE;
}

/* ---- one hello after the other ---- */

/* Those that may change (section 4.1.2), with that of ECH, which does (RFC 9849). */
static bool may_change(uint32_t type)
{
	return type == TLS_EXT_KEY_SHARE || type == TLS_EXT_EARLY_DATA ||
	       type == TLS_EXT_PRE_SHARED_KEY || type == TLS_EXT_PADDING ||
	       type == TLS_EXT_ENCRYPTED_CLIENT_HELLO;
}

/* FNV-1a: nobody gains by two hellos with the same sum. */
static uint64_t sum_of(const uint8_t *from, const uint8_t *to)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	while (from < to)
		sum = (sum ^ *from++) * UINT64_C(0x100000001b3);
	return sum;
}

/* In any order: clients are known that change it. */
static enum tls_alert sum_extensions(struct span s, struct tls_hello_gist *g)
{
	uint8_t seen[(1 << 16) / 8] = {0};
	bool has_cookie = false, is_1_3 = false;
	struct reader r = in(s);

	while (r.at < r.end) {
		const uint8_t *begin = r.at;
		uint32_t type = number(&r, 2);
		struct span body = vector(&r, 2);

		if (r.bad)
			return TLS_ALERT_NONE;
		if (seen[type / 8] & 1 << type % 8)
			return TLS_ALERT_ILLEGAL_PARAMETER;
		seen[type / 8] |= (uint8_t)(1 << type % 8);
		has_cookie |= type == TLS_EXT_COOKIE;
		is_1_3 |=
			type == TLS_EXT_SUPPORTED_VERSIONS && body.len &&
			rs_tls_hello_lists(
				(struct span){.data = body.data + 1, .len = body.len - 1}, TLS_1_3);
		g->had_tickets |= type == TLS_EXT_PRE_SHARED_KEY;
		if (!may_change(type))
			g->sum += sum_of(begin, r.at);
	}
	return has_cookie && is_1_3 ? TLS_ALERT_ILLEGAL_PARAMETER : TLS_ALERT_NONE;
}

enum tls_alert rs_tls_hello_fault_of(struct span message, struct tls_hello_gist *first)
{
	struct reader r = in(message);
	struct tls_hello_gist gist = {.was_there = true};
	const uint8_t *begin;
	enum tls_alert fault;

	take(&r, TLS_MESSAGE_HEADER);
	begin = r.at;
	take(&r, 2 + 32); /* version, random */
	vector(&r, 1);    /* session id */
	vector(&r, 2);    /* suites */
	vector(&r, 1);    /* compression methods */
	gist.sum = sum_of(begin, r.at);
	fault = sum_extensions(vector(&r, 2), &gist);
	if (fault != TLS_ALERT_NONE || !is_done(&r))
		return fault;
	if (!first->was_there) {
		*first = gist;
		return TLS_ALERT_NONE;
	}
	return gist.sum == first->sum && (first->had_tickets || !gist.had_tickets)
		       ? TLS_ALERT_NONE
		       : TLS_ALERT_ILLEGAL_PARAMETER;
}
