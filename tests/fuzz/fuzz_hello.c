/* SPDX-License-Identifier: BSD-2-Clause */
/* ClientHellos: what is found lies within the message, and is as long as it has to be. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tls/hello.h"
#include "tls/hello_gist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int condition)
{
	if (!condition)
		abort();
}

static void check_within(struct span outer, struct span inner)
{
	check(!inner.len ||
		(inner.data >= outer.data && inner.data + inner.len <= outer.data + outer.len));
}

/* As many binders as tickets, each as long as a hash. */
static void check_tickets(struct span message, const struct tls_hello *h)
{
	struct span ticket, binder;
	uint32_t n = 0;

	for (; rs_tls_hello_ticket(h, n, &ticket, &binder); n++) {
		check_within(message, ticket);
		check_within(message, binder);
		check(ticket.len && binder.len >= 32);
	}
	check(!h->tickets.len == !n && (!n || h->n_before_binders < message.len));
}

/* The bytes as each extension: nothing is read beyond them, and nothing takes its time. */
static void look_for_faults(struct span s)
{
	const struct span half = {.data = s.data, .len = s.len / 2};
	const struct tls_hello_parts p = {
		.version = 0x0303,
		.compressions = s.len % 2 ? s : half,
		.versions = s.len % 3 ? (struct span){0} : s,
		.groups = half,
		.shares = {.data = half.data + half.len, .len = s.len - half.len},
		.tickets = s,
		.cert_compressions = half,
		.record_limit = s.len % 2 ? (struct span){0} : half,
	};

	rs_tls_hello_fault(&p);
}

/* As the first of two, and as the second: itself it is always like. */
static void compare(struct span message)
{
	struct tls_hello_gist gist = {0};
	enum tls_alert fault = rs_tls_hello_gist_fault(message, &gist);

	check(fault == TLS_ALERT_NONE || !gist.was_there);
	check(rs_tls_hello_gist_fault(message, &gist) == fault);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span message = {.len = (uint32_t)size};
	struct tls_hello h;
	uint8_t *copy;

	if (size > 20000)
		return 0;
	copy = malloc(size ? size : 1);
	if (size)
		memcpy(copy, data, size);
	message.data = copy;
	if (rs_tls_hello_read(message, &h)) {
		check_within(message, h.session_id);
		check_within(message, h.suites);
		check_within(message, h.signatures);
		check_within(message, h.share);
		check_within(message, h.name);
		check_within(message, h.protocols);
		check_tickets(message, &h);
		check(h.group ? rs_tls_group_fits(h.group, h.share)
			      : !h.share.len && h.tickets.len && h.psk_ke);
		check(h.session_id.len <= 32 && h.name.len <= 255);
		check(!(h.cert_compressions & ~(1 << 1 | 1 << 2 | 1 << 3)));
		check(!h.record_limit || h.record_limit >= 64);
		check(h.suites.len >= 2 && (h.signatures.len >= 2 || h.tickets.len));
	}
	look_for_faults(message);
	compare(message);
	free(copy);
	return 0;
}
