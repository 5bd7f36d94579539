/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/hello.h"

#include <string.h>

#include "tls/message.h"

#define LEGACY         0x0303
#define TLS_1_3        0x0304
#define X25519         29
#define X25519_BYTES   32
#define MAX_NAME       255
#define PSK_DHE_KE     1
#define MAX_EXTENSIONS 32

/* Section 4.2 */
enum extension {
	SERVER_NAME = 0,
	MAX_FRAGMENT_LENGTH = 1,
	STATUS_REQUEST = 5,
	SUPPORTED_GROUPS = 10,
	SIGNATURE_ALGORITHMS = 13,
	ALPN = 16,
	PRE_SHARED_KEY = 41,
	EARLY_DATA = 42,
	SUPPORTED_VERSIONS = 43,
	COOKIE = 44,
	PSK_MODES = 45,
	POST_HANDSHAKE_AUTH = 49,
	SIGNATURE_ALGORITHMS_CERT = 50,
	KEY_SHARE = 51,
};

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
	return (struct reader){.at = s.data, .end = s.data + s.len};
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

/* RFC 6066 section 8. */
static bool read_status(struct span s, struct tls_hello *h)
{
	struct reader r = in(s);

	h->wants_status = number(&r, 1) == 1;
	vector(&r, 2);
	vector(&r, 2);
	return is_done(&r) && h->wants_status;
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
	struct span list;
	struct reader r;

	if (!only_vector(s, 2, &list))
		return false;
	for (r = in(list); r.at < r.end;) {
		uint32_t group = number(&r, 2);
		struct span share = vector(&r, 2);

		if (!share.len)
			return false;
		if (group != X25519)
			continue;
		if (h->share.len || share.len != X25519_BYTES)
			return false;
		h->share = share;
	}
	return is_done(&r) && h->share.len;
}

/* Section 4.2.11; as many binders as identities, or OpenSSL says what is wrong. */
static bool read_ticket(struct span s, const uint8_t *message, struct tls_hello *h)
{
	struct reader r = in(s);
	struct reader identities = in(vector(&r, 2)), binders;
	int32_t more = 0;

	h->n_before_binders = (uint32_t)(r.at - message);
	binders = in(vector(&r, 2));
	if (!is_done(&r))
		return false;
	for (; identities.at < identities.end; more++) {
		struct span ticket = vector(&identities, 2);

		number(&identities, 4);
		if (!ticket.len)
			return false;
		if (!more)
			h->ticket = ticket;
	}
	for (struct span first = {0}; binders.at < binders.end; more--) {
		struct span binder = vector(&binders, 1);

		if (binder.len < 32)
			return false;
		if (!first.len)
			h->binder = first = binder;
	}
	return !more && h->ticket.len && is_done(&identities) && is_done(&binders);
}

static bool read_extension(
	enum extension type, struct span s, const uint8_t *message, struct tls_hello *h)
{
	struct span list;

	switch (type) {
	case SERVER_NAME:
		return read_name(s, h);
	case STATUS_REQUEST:
		return read_status(s, h);
	case SUPPORTED_GROUPS:
		return only_numbers(s, 2, &list) && rs_tls_hello_lists(list, X25519);
	case SIGNATURE_ALGORITHMS:
		return only_numbers(s, 2, &h->signatures);
	case ALPN:
		return read_protocols(s, h);
	case SUPPORTED_VERSIONS:
		return only_numbers(s, 1, &list) && rs_tls_hello_lists(list, TLS_1_3);
	case PSK_MODES:
		if (!only_vector(s, 1, &list))
			return false;
		h->takes_tickets = memchr(list.data, PSK_DHE_KE, list.len);
		return true;
	case KEY_SHARE:
		return read_shares(s, h);
	case PRE_SHARED_KEY:
		return read_ticket(s, message, h);
	case MAX_FRAGMENT_LENGTH:
	case EARLY_DATA:
	case COOKIE:
	case POST_HANDSHAKE_AUTH:
	case SIGNATURE_ALGORITHMS_CERT:
		return false;
	default:
		return true;
	}
}

/* Each at most once, and pre_shared_key the last. */
static bool read_extensions(struct span s, const uint8_t *message, struct tls_hello *h)
{
	uint32_t seen[MAX_EXTENSIONS], n = 0;
	bool has_groups = false, has_versions = false;

	for (struct reader r = in(s); r.at < r.end; n++) {
		uint32_t type = number(&r, 2);
		struct span body = vector(&r, 2);

		if (r.bad || n == MAX_EXTENSIONS || h->ticket.len)
			return false;
		for (uint32_t i = 0; i < n; i++) {
			if (seen[i] == type)
				return false;
		}
		seen[n] = type;
		has_groups |= type == SUPPORTED_GROUPS;
		has_versions |= type == SUPPORTED_VERSIONS;
		if (!read_extension((enum extension)type, body, message, h))
			return false;
	}
	return has_groups && has_versions && h->share.len && h->signatures.len &&
	       (!h->ticket.len || h->takes_tickets);
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
