/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/hello.h"

#include <string.h>

#include "base/bytes.h"
#include "tls/message.h"
#include "tls/reader.h"

#define SSL_3          0x0300
#define MAX_NAME       255
#define HOST_NAME      0
#define PSK_KE         0
#define PSK_DHE_KE     1
#define MAX_EXTENSIONS 32
#define MIN_LIMIT      64

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

		for (struct tls_reader r = rs_tls_reader(offered); r.at < r.end;) {
			struct span name = rs_tls_vector(&r, 1);

			if (name.len == own.len && !memcmp(name.data, own.data, own.len))
				return own;
		}
	}
	return (struct span){0};
}

/* ---- extensions ---- */

/* No element of a list may be empty, and what is cut is read as empty: that refuses both. */

/* Whether all of it is ASCII that can be seen, as in any name of a host. */
static bool is_visible(struct span name)
{
	for (uint32_t i = 0; i < name.len; i++) {
		if (name.data[i] <= ' ' || name.data[i] > '~')
			return false;
	}
	return true;
}

/* RFC 6066 section 3: one name, of type host_name. */
static bool read_name(struct span s, struct tls_hello *h)
{
	struct span list;
	struct tls_reader r;

	if (!rs_tls_only_vector(s, 2, &list))
		return false;
	r = rs_tls_reader(list);
	if (rs_tls_number(&r, 1) != HOST_NAME)
		return false;
	h->name = rs_tls_vector(&r, 2);
	return rs_tls_is_read(&r) && h->name.len && h->name.len <= MAX_NAME && is_visible(h->name);
}

/* RFC 6066 section 8: of OCSP, with no responders nor extensions, which would have to be DER. */
static bool read_status(struct span s, struct tls_hello *h)
{
	struct tls_reader r = rs_tls_reader(s);

	h->wants_status = rs_tls_number(&r, 1) == 1;
	return h->wants_status && !rs_tls_vector(&r, 2).len && !rs_tls_vector(&r, 2).len &&
	       rs_tls_is_read(&r);
}

/* RFC 8879 section 3. What nobody has here is passed over. */
static bool read_compressions(struct span s, struct tls_hello *h)
{
	struct span list;
	struct tls_reader r;

	if (!rs_tls_only_numbers(s, 1, &list))
		return false;
	for (r = rs_tls_reader(list); r.at < r.end;) {
		uint32_t number = rs_tls_number(&r, 2);

		if (rs_tls_hello_lists(rs_tls_span(r.at, (uint32_t)(r.end - r.at)), number))
			return false;
		if (number > TLS_COMPRESSION_NONE && number < TLS_N_COMPRESSIONS)
			h->cert_compressions |= (uint8_t)(1 << number);
	}
	return true;
}

/* RFC 8449 section 4 */
static enum tls_alert read_limit(struct span s, struct tls_hello *h)
{
	if (s.len != 2)
		return TLS_ALERT_DECODE_ERROR;
	h->record_limit = (uint16_t)rs_load_be16(s.data);
	return h->record_limit < MIN_LIMIT ? TLS_ALERT_ILLEGAL_PARAMETER : TLS_ALERT_NONE;
}

/* RFC 7301 section 3.1 */
static bool read_protocols(struct span s, struct tls_hello *h)
{
	struct tls_reader r;

	if (!rs_tls_only_vector(s, 2, &h->protocols))
		return false;
	for (r = rs_tls_reader(h->protocols); r.at < r.end;) {
		if (!rs_tls_vector(&r, 1).len)
			return false;
	}
	return true;
}

/* Of several shares, that of the group that is ours before others. */
static bool read_shares(struct span s, struct tls_hello *h)
{
	struct tls_reader r;

	if (!rs_tls_only_vector(s, 2, &h->shares))
		return false;
	for (r = rs_tls_reader(h->shares); r.at < r.end;) {
		const struct tls_group *group = rs_tls_group(rs_tls_number(&r, 2));
		struct span share = rs_tls_vector(&r, 2);

		if (!share.len)
			return false;
		if (group && (!h->group || group < h->group)) {
			h->group = group;
			h->share = share;
		}
	}
	return true;
}

/*
 * Section 4.2.8: of each group at most one share, and none of a group that is not supported. A
 * group has its bit until its share has come.
 */
static bool fit(struct span shares, struct span groups)
{
	uint8_t awaited[(1 << 16) / 8] = {0};

	for (struct tls_reader r = rs_tls_reader(groups); r.at < r.end;) {
		uint32_t group = rs_tls_number(&r, 2);

		awaited[group / 8] |= (uint8_t)(1 << group % 8);
	}
	for (struct tls_reader r = rs_tls_reader(shares); r.at < r.end;) {
		uint32_t group = rs_tls_number(&r, 2);

		rs_tls_vector(&r, 2);
		if (!(awaited[group / 8] & 1 << group % 8))
			return false;
		awaited[group / 8] &= (uint8_t) ~(1 << group % 8);
	}
	return true;
}

/* Section 4.2.9 */
static bool read_modes(struct span s, struct tls_hello *h)
{
	struct span list;

	if (!rs_tls_only_vector(s, 1, &list))
		return false;
	h->psk_ke = memchr(list.data, PSK_KE, list.len);
	h->psk_dhe_ke = memchr(list.data, PSK_DHE_KE, list.len);
	return true;
}

/* Section 4.2.11 */
static enum tls_alert read_tickets(struct span s, const uint8_t *message, struct tls_hello *h)
{
	struct tls_reader r = rs_tls_reader(s);
	struct tls_reader identities, binders;
	int32_t more = 0;

	h->tickets = rs_tls_vector(&r, 2);
	h->n_before_binders = (uint32_t)(r.at - message);
	h->binders = rs_tls_vector(&r, 2);
	if (!rs_tls_is_read(&r) || !h->tickets.len || !h->binders.len)
		return TLS_ALERT_DECODE_ERROR;
	for (identities = rs_tls_reader(h->tickets); identities.at < identities.end; more++) {
		struct span ticket = rs_tls_vector(&identities, 2);

		rs_tls_number(&identities, 4);
		if (!ticket.len)
			return TLS_ALERT_DECODE_ERROR;
	}
	for (binders = rs_tls_reader(h->binders); binders.at < binders.end; more--) {
		if (rs_tls_vector(&binders, 1).len < 32)
			return TLS_ALERT_DECODE_ERROR;
	}
	if (!rs_tls_is_read(&identities))
		return TLS_ALERT_DECODE_ERROR;
	return more ? TLS_ALERT_ILLEGAL_PARAMETER : TLS_ALERT_NONE;
}

bool rs_tls_hello_ticket(
	const struct tls_hello *h, uint32_t number_of_it, struct span *ticket, struct span *binder)
{
	struct tls_reader tickets = rs_tls_reader(h->tickets), binders = rs_tls_reader(h->binders);

	for (uint32_t i = 0; tickets.at < tickets.end; i++) {
		*ticket = rs_tls_vector(&tickets, 2);
		rs_tls_number(&tickets, 4); /* obfuscated_ticket_age */
		*binder = rs_tls_vector(&binders, 1);
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
		return rs_tls_only_numbers(s, 2, &h->groups);
	case TLS_EXT_SIGNATURE_ALGORITHMS:
		return rs_tls_only_numbers(s, 2, &h->signatures);
	case TLS_EXT_ALPN:
		return read_protocols(s, h);
	case TLS_EXT_SUPPORTED_VERSIONS:
		return rs_tls_only_numbers(s, 1, &list) &&
		       rs_tls_hello_lists(list, TLS_VERSION_1_3);
	case TLS_EXT_PSK_MODES:
		return read_modes(s, h);
	case TLS_EXT_KEY_SHARE:
		return read_shares(s, h);
	case TLS_EXT_PRE_SHARED_KEY:
		return read_tickets(s, message, h) == TLS_ALERT_NONE;
	case TLS_EXT_COMPRESS_CERTIFICATE:
		return read_compressions(s, h);
	case TLS_EXT_RECORD_SIZE_LIMIT:
		return read_limit(s, h) == TLS_ALERT_NONE;
	case TLS_EXT_MAX_FRAGMENT_LENGTH:
		h->has_fragments = true;
		return true;
	case TLS_EXT_EARLY_DATA:
	case TLS_EXT_COOKIE:
	case TLS_EXT_CERTIFICATE_AUTHORITIES:
		return false;
	case TLS_EXT_POST_HANDSHAKE_AUTH: /* section 4.2.6: an offer, which is not taken up */
		return !s.len;
	case TLS_EXT_SIGNATURE_ALGORITHMS_CERT: /* section 4.4.2.2: the one chain goes out all the
						   same */
		return rs_tls_only_numbers(s, 2, &list);
	default:
		return true;
	}
}

/* Section 9.2: what a handshake cannot do without. Who resumes needs less of it. */
static bool is_enough(const struct tls_hello *h)
{
	if (h->group && !rs_tls_group_fits(h->group, h->share))
		return false;
	if (h->has_fragments && !h->record_limit) /* RFC 8449 section 5: both are the limit */
		return false;
	if (h->tickets.len)
		return h->psk_ke || (h->psk_dhe_ke && h->share.len);
	return h->share.len && h->signatures.len;
}

/* Each at most once, and pre_shared_key the last. */
static bool read_extensions(struct span s, const uint8_t *message, struct tls_hello *h)
{
	uint32_t seen[MAX_EXTENSIONS], n = 0;
	bool has_versions = false;

	for (struct tls_reader r = rs_tls_reader(s); r.at < r.end; n++) {
		uint32_t type = rs_tls_number(&r, 2);
		struct span body = rs_tls_vector(&r, 2);

		if (r.bad || n == MAX_EXTENSIONS || h->tickets.len || is_among(seen, n, type))
			return false;
		seen[n] = type;
		has_versions |= type == TLS_EXT_SUPPORTED_VERSIONS;
		if (!read_extension((enum tls_extension)type, body, message, h))
			return false;
	}
	return has_versions && fit(h->shares, h->groups) && is_enough(h);
}

bool rs_tls_hello_read(struct span message, struct tls_hello *h)
{
	struct tls_reader r = rs_tls_reader(message);
	struct span body, compressions, extensions;

	*h = (struct tls_hello){0};
	if (rs_tls_number(&r, 1) != TLS_CLIENT_HELLO)
		return false;
	body = rs_tls_vector(&r, 3);
	if (!rs_tls_is_read(&r))
		return false;
	r = rs_tls_reader(body);
	if (rs_tls_number(&r, 2) != TLS_VERSION_1_2)
		return false;
	rs_tls_take(&r, 32); /* its random */
	h->session_id = rs_tls_vector(&r, 1);
	h->suites = rs_tls_vector(&r, 2);
	compressions = rs_tls_vector(&r, 1);
	extensions = rs_tls_vector(&r, 2);
	return rs_tls_is_read(&r) && h->session_id.len <= 32 && h->suites.len &&
	       h->suites.len % 2 == 0 && compressions.len == 1 && !compressions.data[0] &&
	       read_extensions(extensions, message.data, h);
}

/* ---- hellos of all kinds ---- */

static struct span numbers_of(struct span s)
{
	struct span list;

	return rs_tls_only_numbers(s, 2, &list) ? list : (struct span){0};
}

static bool is_older(const struct tls_hello_parts *p)
{
	struct span versions;

	return !rs_tls_only_numbers(p->versions, 1, &versions) ||
	       !rs_tls_hello_lists(versions, TLS_VERSION_1_3);
}

void rs_tls_hello_skim(const struct tls_hello_parts *p, struct tls_hello *h)
{
	*h = (struct tls_hello){
		.suites = p->suites,
		.groups = numbers_of(p->groups),
		.signatures = numbers_of(p->signatures),
		.is_older = is_older(p),
	};
	if (!read_name(p->name, h))
		h->name = (struct span){0};
	read_modes(p->psk_modes, h);
}

/* ---- what OpenSSL does not mind ---- */

static bool is_part(struct span s)
{
	return s.data;
}

/* RFC 6066 section 3: a name is in ASCII, and there are no two of one type. */
static enum tls_alert name_fault(struct span s)
{
	struct tls_reader r;
	struct span list;

	if (!rs_tls_only_vector(s, 2, &list))
		return TLS_ALERT_NONE;
	r = rs_tls_reader(list);
	for (uint32_t n = 0; r.at < r.end; n++) {
		uint32_t type = rs_tls_number(&r, 1);
		struct span name = rs_tls_vector(&r, 2);

		if (r.bad || type != HOST_NAME)
			break;
		if (!name.len)
			return TLS_ALERT_DECODE_ERROR;
		if (n || !is_visible(name))
			return TLS_ALERT_ILLEGAL_PARAMETER;
	}
	return TLS_ALERT_NONE;
}

/* RFC 8422 section 5.1.2: who can do with curves can do with points that are not compressed. */
static bool lacks_point_format(const struct tls_hello_parts *p)
{
	static const uint16_t curves[] = {23, 24, 25, 29, 30};
	const struct span groups = numbers_of(p->groups);
	struct span formats;

	if (!rs_tls_only_vector(p->formats, 1, &formats) || memchr(formats.data, 0, formats.len))
		return false;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(curves); i++) {
		if (rs_tls_hello_lists(groups, curves[i]))
			return true;
	}
	return false;
}

/* A vector, which may be empty, with a length of one byte. */
static bool has_more_behind(struct span s)
{
	return s.len && s.len > 1u + s.data[0];
}

enum tls_alert rs_tls_hello_fault(const struct tls_hello_parts *p)
{
	enum tls_alert alert;
	struct tls_hello h = {0};
	struct span list;

	if (p->version == SSL_3) /* appendix D.5 */
		return TLS_ALERT_PROTOCOL_VERSION;
	if (is_part(p->suites) && !p->suites.len)
		return TLS_ALERT_DECODE_ERROR;
	if (p->compressions.len && !memchr(p->compressions.data, 0, p->compressions.len))
		return TLS_ALERT_ILLEGAL_PARAMETER;
	if (is_part(p->versions) && !rs_tls_only_numbers(p->versions, 1, &list))
		return TLS_ALERT_DECODE_ERROR;
	alert = name_fault(p->name);
	if (alert != TLS_ALERT_NONE)
		return alert;
	if (!is_older(p) && rs_tls_only_numbers(p->groups, 2, &list) &&
		read_shares(p->shares, &h) && !fit(h.shares, list))
		return TLS_ALERT_ILLEGAL_PARAMETER;
	if (is_part(p->record_limit))
		alert = read_limit(p->record_limit, &h);
	if (alert != TLS_ALERT_NONE)
		return alert;
	if (!is_older(p) && is_part(p->cert_compressions) &&
		!read_compressions(p->cert_compressions, &h))
		return TLS_ALERT_DECODE_ERROR;
	if (is_older(p) && has_more_behind(p->renegotiation)) /* RFC 5746 section 3.2 */
		return TLS_ALERT_DECODE_ERROR;
	if (!is_older(p) && is_part(p->authorities) && /* section 4.2.4 */
		!rs_tls_only_vector(p->authorities, 2, &list))
		return TLS_ALERT_DECODE_ERROR;
	if (is_older(p) && lacks_point_format(p))
		return TLS_ALERT_ILLEGAL_PARAMETER;
	return is_part(p->tickets) ? read_tickets(p->tickets, p->tickets.data, &h) : TLS_ALERT_NONE;
}
