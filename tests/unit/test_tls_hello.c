/* SPDX-License-Identifier: BSD-2-Clause */
/* The faults of a ClientHello that rs_tls_hello_fault() finds, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "tls/hello.h"
#include "tls/hello_gist.h"

#define BYTES(literal)                                                                             \
	{                                                                                          \
		.data = (const uint8_t *)(literal), .len = sizeof(literal) - 1                     \
	}
#define BINDER  "12345678901234567890123456789012"
#define TICKET  "\x00\x01t\x00\x00\x00\x00"
#define GROUPS  BYTES("\x00\x04\x00\x1d\x00\x17")
#define NOTHING TLS_ALERT_NONE

struct fault {
	const char *name;
	struct tls_hello_parts parts;
	enum tls_alert alert;
};

/* Sections of RFC 8446 in the names. */
static const struct fault all[] = {
	{"nothing", {.version = 0x0303}, NOTHING},
	{"D.5: SSL 3.0", {.version = 0x0300}, TLS_ALERT_PROTOCOL_VERSION},
	{"4.1.2: null compression", {.compressions = BYTES("\x00")}, NOTHING},
	{"4.1.2: no null compression", {.compressions = BYTES("\x01\x40")},
		TLS_ALERT_ILLEGAL_PARAMETER},
	{"RFC 6066 3: a name",
		{.name = BYTES("\x00\x04\x00\x00\x01"
			       "a")},
		NOTHING},
	{"RFC 6066 3: a name of no bytes", {.name = BYTES("\x00\x03\x00\x00\x00")},
		TLS_ALERT_DECODE_ERROR},
	{"4.2.1: a version", {.versions = BYTES("\x02\x03\x04")}, NOTHING},
	{"4.2.1: no versions", {.versions = BYTES("\x00")}, TLS_ALERT_DECODE_ERROR},
	{"4.2.1: not even a list", {.versions = BYTES("")}, TLS_ALERT_DECODE_ERROR},
	{"4.2.1: half a version", {.versions = BYTES("\x03\x03\x04\x03")}, TLS_ALERT_DECODE_ERROR},
	{"4.2.1: more behind them", {.versions = BYTES("\x02\x03\x04\x00")},
		TLS_ALERT_DECODE_ERROR},
	{"4.2.8: no share", {.groups = GROUPS, .shares = BYTES("\x00\x00")}, NOTHING},
	{"4.2.8: two shares",
		{.groups = GROUPS, .shares = BYTES("\x00\x0a\x00\x17\x00\x01p\x00\x1d\x00\x01x")},
		NOTHING},
	{"4.2.8: two of a group",
		{.groups = GROUPS, .shares = BYTES("\x00\x0a\x00\x1d\x00\x01x\x00\x1d\x00\x01x")},
		TLS_ALERT_ILLEGAL_PARAMETER},
	{"4.2.8: of a group that is not supported",
		{.groups = GROUPS, .shares = BYTES("\x00\x0a\x00\x1d\x00\x01x\x00\x1e\x00\x01y")},
		TLS_ALERT_ILLEGAL_PARAMETER},
	{"4.2.11: a ticket", {.tickets = BYTES("\x00\x07" TICKET "\x00\x21\x20" BINDER)}, NOTHING},
	{"4.2.11: a short binder",
		{.tickets = BYTES("\x00\x07" TICKET "\x00\x20\x1f"
				  "1234567890123456789012345678901")},
		TLS_ALERT_DECODE_ERROR},
	{"4.2.11: no binder", {.tickets = BYTES("\x00\x07" TICKET "\x00\x00")},
		TLS_ALERT_DECODE_ERROR},
	{"4.2.11: no ticket", {.tickets = BYTES("\x00\x00\x00\x21\x20" BINDER)},
		TLS_ALERT_DECODE_ERROR},
	{"4.2.11: two tickets, one binder",
		{.tickets = BYTES("\x00\x0e" TICKET TICKET "\x00\x21\x20" BINDER)},
		TLS_ALERT_ILLEGAL_PARAMETER},
	{"RFC 8422 5.1.2: compressed points, too",
		{.groups = GROUPS, .formats = BYTES("\x02\x01\x00")}, NOTHING},
	{"RFC 8422 5.1.2: none but those", {.groups = GROUPS, .formats = BYTES("\x01\x01")},
		TLS_ALERT_ILLEGAL_PARAMETER},
	{"RFC 8422 5.1.2: and X448",
		{.groups = BYTES("\x00\x02\x00\x1e"), .formats = BYTES("\x02\x01\x02")},
		TLS_ALERT_ILLEGAL_PARAMETER},
	{"RFC 8422 5.1.2: and none of its curves",
		{.groups = BYTES("\x00\x02\x01\x00"), .formats = BYTES("\x01\x01")}, NOTHING},
	{"RFC 8422 5.1.2: and no groups", {.formats = BYTES("\x01\x01")}, NOTHING},
	{"RFC 8422 5.1.2: of no account in 1.3",
		{.groups = GROUPS,
			.versions = BYTES("\x04\x03\x03\x03\x04"),
			.formats = BYTES("\x01\x01")},
		NOTHING},
	{"4.2.11: a ticket, two binders",
		{.tickets = BYTES("\x00\x07" TICKET "\x00\x42\x20" BINDER "\x20" BINDER)},
		TLS_ALERT_ILLEGAL_PARAMETER},
};

static void each_fault_has_its_alert(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(all); i++) {
		enum tls_alert alert = rs_tls_hello_fault(&all[i].parts);

		if (alert != all[i].alert)
			fail_msg("%s: %d, not %d", all[i].name, (int)alert, (int)all[i].alert);
	}
}

/* There are not so many groups as would be needed for more of them. */
static void shares_of_64_groups_at_most(void **state)
{
	uint8_t groups[2 + 65 * 2], shares[2 + 65 * 5];

	(void)state;
	for (uint32_t n = 64; n <= 65; n++) {
		struct tls_hello_parts p = {
			.groups = {.data = groups, .len = 2 + n * 2},
			.shares = {.data = shares, .len = 2 + n * 5},
		};

		groups[0] = 0;
		groups[1] = (uint8_t)(n * 2);
		shares[0] = (uint8_t)(n * 5 >> 8);
		shares[1] = (uint8_t)(n * 5);
		for (uint32_t i = 0; i < n; i++) {
			const uint8_t share[] = {0x0b, (uint8_t)i, 0, 1, 's'};

			memcpy(groups + 2 + i * 2, share, 2);
			memcpy(shares + 2 + i * 5, share, sizeof(share));
		}
		assert_int_equal(rs_tls_hello_fault(&p),
			n > 64 ? TLS_ALERT_ILLEGAL_PARAMETER : TLS_ALERT_NONE);
	}
}

/* ---- one hello after the other ---- */

/* A binder makes a random, too: both are 32 bytes. */
#define HEAD        "\x03\x03" BINDER "\x01s\x00\x02\x13\x01\x01\x00"
#define VERSION_1_3 "\x00\x2b\x00\x03\x02\x03\x04"
#define NAME        "\x00\x00\x00\x06\x00\x04\x00\x00\x01"
#define FIRST       VERSION_1_3 NAME "a"

struct hello {
	const char *name;
	struct span head, extensions;
	enum tls_alert alert;
};

/* What a second hello may be after FIRST. Sections of RFC 8446 in the names. */
static const struct hello seconds[] = {
	{"4.1.2: the same", BYTES(HEAD), BYTES(FIRST), NOTHING},
	{"4.1.2: in another order", BYTES(HEAD), BYTES(NAME "a" VERSION_1_3), NOTHING},
	{"4.1.2: with a share", BYTES(HEAD), BYTES(FIRST "\x00\x33\x00\x02\x00\x00"), NOTHING},
	{"4.1.2: with padding", BYTES(HEAD), BYTES(FIRST "\x00\x15\x00\x01\x00"), NOTHING},
	{"4.1.2: another version", BYTES("\x03\x02" BINDER "\x01s\x00\x02\x13\x01\x01\x00"),
		BYTES(FIRST), TLS_ALERT_ILLEGAL_PARAMETER},
	{"4.1.2: another session id", BYTES("\x03\x03" BINDER "\x01t\x00\x02\x13\x01\x01\x00"),
		BYTES(FIRST), TLS_ALERT_ILLEGAL_PARAMETER},
	{"4.1.2: another suite", BYTES("\x03\x03" BINDER "\x01s\x00\x02\x13\x02\x01\x00"),
		BYTES(FIRST), TLS_ALERT_ILLEGAL_PARAMETER},
	{"4.1.2: another name", BYTES(HEAD), BYTES(VERSION_1_3 NAME "b"),
		TLS_ALERT_ILLEGAL_PARAMETER},
	{"4.1.2: no name", BYTES(HEAD), BYTES(VERSION_1_3), TLS_ALERT_ILLEGAL_PARAMETER},
	{"4.1.2: one extension more", BYTES(HEAD), BYTES(FIRST "\x33\x33\x00\x00"),
		TLS_ALERT_ILLEGAL_PARAMETER},
	{"4.1.2: a ticket, and none before", BYTES(HEAD), BYTES(FIRST "\x00\x29\x00\x00"),
		TLS_ALERT_ILLEGAL_PARAMETER},
	{"4.2: one twice", BYTES(HEAD), BYTES(FIRST "\x33\x33\x00\x00\x33\x33\x00\x01x"),
		TLS_ALERT_ILLEGAL_PARAMETER},
	{"4.2.2: a cookie that nobody has given", BYTES(HEAD),
		BYTES(FIRST "\x00\x2c\x00\x03\x00\x01x"), TLS_ALERT_ILLEGAL_PARAMETER},
	{"malformed", BYTES(HEAD), BYTES(FIRST "\x00\x2c\x00\x03\x00\x01"), NOTHING},
};

static enum tls_alert fault_of(
	struct span head, struct span extensions, struct tls_hello_gist *first)
{
	uint32_t n = 4 + head.len + 2 + extensions.len;
	uint8_t *message = malloc(n); /* for the sanitizer to see a byte too many */
	enum tls_alert fault;

	memset(message, 0, 4); /* the header is what OpenSSL has read it by */
	memcpy(message + 4, head.data, head.len);
	message[4 + head.len] = (uint8_t)(extensions.len >> 8);
	message[5 + head.len] = (uint8_t)extensions.len;
	memcpy(message + 6 + head.len, extensions.data, extensions.len);
	fault = rs_tls_hello_gist_fault((struct span){.data = message, .len = n}, first);
	free(message);
	return fault;
}

static void a_second_hello_is_like_the_first(void **state)
{
	const struct span head = BYTES(HEAD), extensions = BYTES(FIRST);

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(seconds); i++) {
		const struct hello *h = &seconds[i];
		struct tls_hello_gist first = {0};
		enum tls_alert alert;

		assert_int_equal(fault_of(head, extensions, &first), NOTHING);
		alert = fault_of(h->head, h->extensions, &first);
		if (alert != h->alert)
			fail_msg("%s: %d, not %d", h->name, (int)alert, (int)h->alert);
	}
}

/* Extensions twice and cookies are faults of the first one, too; tickets may go, but not come. */
static void first_hellos(void **state)
{
	const struct span head = BYTES(HEAD), with_ticket = BYTES(FIRST "\x00\x29\x00\x00"),
			  twice = BYTES(FIRST FIRST), first_of_1_3 = BYTES(FIRST),
			  cookie = BYTES(FIRST "\x00\x2c\x00\x00"),
			  cookie_to_1_2 = BYTES("\x00\x2c\x00\x00");
	struct tls_hello_gist first = {0};

	(void)state;
	assert_int_equal(fault_of(head, twice, &first), TLS_ALERT_ILLEGAL_PARAMETER);
	assert_int_equal(fault_of(head, cookie, &first), TLS_ALERT_ILLEGAL_PARAMETER);
	assert_false(first.was_there);
	assert_int_equal(fault_of(head, with_ticket, &first), NOTHING);
	assert_int_equal(fault_of(head, first_of_1_3, &first), NOTHING);
	first = (struct tls_hello_gist){0};
	assert_int_equal(fault_of(head, cookie_to_1_2, &first), NOTHING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fault_has_its_alert),
		cmocka_unit_test(shares_of_64_groups_at_most),
		cmocka_unit_test(a_second_hello_is_like_the_first),
		cmocka_unit_test(first_hellos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
