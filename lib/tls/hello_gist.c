/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/hello_gist.h"

#include "tls/hello.h"
#include "tls/message.h"
#include "tls/reader.h"

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
	struct tls_reader r = rs_tls_reader(s);

	while (r.at < r.end) {
		const uint8_t *begin = r.at;
		uint32_t type = rs_tls_number(&r, 2);
		struct span body = rs_tls_vector(&r, 2);

		if (r.bad)
			return TLS_ALERT_NONE;
		if (seen[type / 8] & 1 << type % 8)
			return TLS_ALERT_ILLEGAL_PARAMETER;
		seen[type / 8] |= (uint8_t)(1 << type % 8);
		has_cookie |= type == TLS_EXT_COOKIE;
		is_1_3 |= type == TLS_EXT_SUPPORTED_VERSIONS && body.len &&
			  rs_tls_hello_lists(
				  (struct span){.data = body.data + 1, .len = body.len - 1},
				  TLS_VERSION_1_3);
		g->had_tickets |= type == TLS_EXT_PRE_SHARED_KEY;
		if (!may_change(type))
			g->sum += sum_of(begin, r.at);
	}
	return has_cookie && is_1_3 ? TLS_ALERT_ILLEGAL_PARAMETER : TLS_ALERT_NONE;
}

enum tls_alert rs_tls_hello_gist_fault(struct span message, struct tls_hello_gist *first)
{
	struct tls_reader r = rs_tls_reader(message);
	struct tls_hello_gist gist = {.was_there = true};
	const uint8_t *begin;
	enum tls_alert fault;

	rs_tls_take(&r, TLS_MESSAGE_HEADER);
	begin = r.at;
	rs_tls_take(&r, 2 + 32); /* version, random */
	rs_tls_vector(&r, 1);    /* session id */
	rs_tls_vector(&r, 2);    /* suites */
	rs_tls_vector(&r, 1);    /* compression methods */
	gist.sum = sum_of(begin, r.at);
	fault = sum_extensions(rs_tls_vector(&r, 2), &gist);
	if (fault != TLS_ALERT_NONE || !rs_tls_is_read(&r))
		return fault;
	if (!first->was_there) {
		*first = gist;
		return TLS_ALERT_NONE;
	}
	return gist.sum == first->sum && (first->had_tickets || !gist.had_tickets)
		       ? TLS_ALERT_NONE
		       : TLS_ALERT_ILLEGAL_PARAMETER;
}
