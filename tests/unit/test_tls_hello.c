/* SPDX-License-Identifier: BSD-2-Clause */
/* The faults of a ClientHello that rs_tls_hello_fault() finds, and what is none; and which hellos
 * rs_tls_hello_read() takes. */
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
#include "tls/message.h"

#define BYTES(literal)                                                                             \
	{                                                                                          \
		.data = (const uint8_t *)(literal), .len = sizeof(literal) - 1                     \
	}
#define BINDER  "12345678901234567890123456789012"
#define TICKET  "\x00\x01t\x00\x00\x00\x00"
#define GROUPS  BYTES("\x00\x04\x00\x1d\x00\x17")
#define NOTHING TLS_ALERT_NONE
#define OF_1_3  BYTES("\x02\x03\x04")

struct fault {
	const char *name;
	struct tls_hello_parts parts;
	enum tls_alert alert;
};

/* Sections of RFC 8446 in the names. */
static const struct fault all[] = {
	{"nothing", {.version = 0x0303}, NOTHING},
	{"D.5: SSL 3.0", {.version = 0x0300}, TLS_ALERT_PROTOCOL_VERSION},
	{"4.1.2: a suite", {.suites = BYTES("\x13\x01")}, NOTHING},
	{"4.1.2: no suite", {.suites = BYTES("")}, TLS_ALERT_DECODE_ERROR},
	{"4.1.2: null compression", {.compressions = BYTES("\x00")}, NOTHING},
	{"4.1.2: no null compression", {.compressions = BYTES("\x01\x40")},
		TLS_ALERT_ILLEGAL_PARAMETER},
	{"RFC 6066 3: a name",
		{.name = BYTES("\x00\x04\x00\x00\x01"
			       "a")},
		NOTHING},
	{"RFC 6066 3: a name of no bytes", {.name = BYTES("\x00\x03\x00\x00\x00")},
		TLS_ALERT_DECODE_ERROR},
	{"RFC 6066 3: two names", {.name = BYTES("\x00\x08\x00\x00\x01-\x00\x00\x01-")},
		TLS_ALERT_ILLEGAL_PARAMETER},
	{"RFC 6066 3: one, and another type", {.name = BYTES("\x00\x08\x00\x00\x01-\x01\x00\x01-")},
		NOTHING},
	{"RFC 6066 3: the second is cut", {.name = BYTES("\x00\x07\x00\x00\x01-\x00\x00\x01")},
		NOTHING},
	{"RFC 6066 3: the first and last visible", {.name = BYTES("\x00\x05\x00\x00\x02!~")},
		NOTHING},
	{"RFC 6066 3: a NUL", {.name = BYTES("\x00\x05\x00\x00\x02-\x00")},
		TLS_ALERT_ILLEGAL_PARAMETER},
	{"RFC 6066 3: a space", {.name = BYTES("\x00\x05\x00\x00\x02- ")},
		TLS_ALERT_ILLEGAL_PARAMETER},
	{"RFC 6066 3: what deletes", {.name = BYTES("\x00\x05\x00\x00\x02\x7f-")},
		TLS_ALERT_ILLEGAL_PARAMETER},
	{"RFC 6066 3: UTF-8", {.name = BYTES("\x00\x05\x00\x00\x02\xc4\x85")},
		TLS_ALERT_ILLEGAL_PARAMETER},
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
		{.versions = OF_1_3,
			.groups = GROUPS,
			.shares = BYTES("\x00\x0a\x00\x1d\x00\x01x\x00\x1d\x00\x01x")},
		TLS_ALERT_ILLEGAL_PARAMETER},
	{"4.2.8: two of a group, of no account in 1.2",
		{.groups = GROUPS, .shares = BYTES("\x00\x0a\x00\x1d\x00\x01x\x00\x1d\x00\x01x")},
		NOTHING},
	{"4.2.8: of a group that is not supported",
		{.versions = OF_1_3,
			.groups = GROUPS,
			.shares = BYTES("\x00\x0a\x00\x1d\x00\x01x\x00\x1e\x00\x01y")},
		TLS_ALERT_ILLEGAL_PARAMETER},
	{"4.2.11: a ticket", {.tickets = BYTES("\x00\x07" TICKET "\x00\x21\x20" BINDER)}, NOTHING},
	{"4.2.11: a short binder",
		{.tickets = BYTES("\x00\x07" TICKET "\x00\x20\x1f"
				  "1234567890123456789012345678901")},
		TLS_ALERT_DECODE_ERROR},
	{"4.2.11: a ticket, and half of its age",
		{.tickets = BYTES("\x00\x05\x00\x01t\x00\x00\x00\x21\x20" BINDER)},
		TLS_ALERT_DECODE_ERROR},
	{"4.2.11: half a binder",
		{.tickets = BYTES("\x00\x07" TICKET "\x00\x23\x20" BINDER "\x20x")},
		TLS_ALERT_DECODE_ERROR},
	{"4.2.11: more behind them",
		{.tickets = BYTES("\x00\x07" TICKET "\x00\x21\x20" BINDER "x")},
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
	{"RFC 8449 4: 64 bytes", {.record_limit = BYTES("\x00\x40")}, NOTHING},
	{"RFC 8449 4: 63 bytes", {.record_limit = BYTES("\x00\x3f")}, TLS_ALERT_ILLEGAL_PARAMETER},
	{"RFC 8449 4: none", {.record_limit = BYTES("\x00\x00")}, TLS_ALERT_ILLEGAL_PARAMETER},
	{"RFC 8449 4: more than there may be", {.record_limit = BYTES("\xff\xff")}, NOTHING},
	{"RFC 8449 4: of one byte", {.record_limit = BYTES("\x40")}, TLS_ALERT_DECODE_ERROR},
	{"RFC 8449 4: of three", {.record_limit = BYTES("\x40\x01\x00")}, TLS_ALERT_DECODE_ERROR},
	{"RFC 8449 4: of nothing", {.record_limit = BYTES("")}, TLS_ALERT_DECODE_ERROR},
	{"RFC 8449 4: 63 bytes in 1.3", {.versions = OF_1_3, .record_limit = BYTES("\x00\x3f")},
		TLS_ALERT_ILLEGAL_PARAMETER},
	{"RFC 8879 3: all",
		{.versions = OF_1_3, .cert_compressions = BYTES("\x06\x00\x01\x00\x02\x00\x03")},
		NOTHING},
	{"RFC 8879 3: one that nobody knows",
		{.versions = OF_1_3, .cert_compressions = BYTES("\x02\x40\x00")}, NOTHING},
	{"RFC 8879 3: an empty list", {.versions = OF_1_3, .cert_compressions = BYTES("\x00")},
		TLS_ALERT_DECODE_ERROR},
	{"RFC 8879 3: not even a list", {.versions = OF_1_3, .cert_compressions = BYTES("")},
		TLS_ALERT_DECODE_ERROR},
	{"RFC 8879 3: one and a half",
		{.versions = OF_1_3, .cert_compressions = BYTES("\x03\x00\x01\x00")},
		TLS_ALERT_DECODE_ERROR},
	{"RFC 8879 3: more behind them",
		{.versions = OF_1_3, .cert_compressions = BYTES("\x02\x00\x01\x00")},
		TLS_ALERT_DECODE_ERROR},
	{"RFC 8879 3: one twice",
		{.versions = OF_1_3, .cert_compressions = BYTES("\x06\x00\x02\x00\x01\x00\x02")},
		TLS_ALERT_DECODE_ERROR},
	{"RFC 8879 3: of no account in 1.2", {.cert_compressions = BYTES("\x03\x00\x01\x00")},
		NOTHING},
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

/*
 * RFC 8446 section 9.3: shares of groups that nobody knows are passed over, however many. The last
 * is another one of the first's group, or of a group that is not supported.
 */
static void any_number_of_shares(void **state)
{
	static const uint8_t last[] = {199, 0, 200};
	uint8_t groups[2 + 200 * 2], shares[2 + 200 * 5];
	const struct tls_hello_parts p = {
		.versions = OF_1_3,
		.groups = {.data = groups, .len = sizeof(groups)},
		.shares = {.data = shares, .len = sizeof(shares)},
	};

	(void)state;
	rs_tls_put_number(groups, 200 * 2, 2);
	rs_tls_put_number(shares, 200 * 5, 2);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(last); i++) {
		for (uint32_t k = 0; k < 200; k++) {
			const uint8_t share[] = {0x0b, k < 199 ? (uint8_t)k : last[i], 0, 1, 's'};
			const uint8_t group[] = {0x0b, (uint8_t)k};

			memcpy(groups + 2 + k * 2, group, sizeof(group));
			memcpy(shares + 2 + k * 5, share, sizeof(share));
		}
		assert_int_equal(
			rs_tls_hello_fault(&p), i ? TLS_ALERT_ILLEGAL_PARAMETER : TLS_ALERT_NONE);
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

#define COOKIE "\x00\x2c\x00\x00"

/* Extensions twice and cookies are faults of the first one, too. */
static const struct hello firsts[] = {
	{"4.1.2: plain", BYTES(HEAD), BYTES(FIRST), NOTHING},
	{"4.2: all twice", BYTES(HEAD), BYTES(FIRST FIRST), TLS_ALERT_ILLEGAL_PARAMETER},
	{"4.2: one twice", BYTES(HEAD), BYTES(VERSION_1_3 NAME "a" VERSION_1_3),
		TLS_ALERT_ILLEGAL_PARAMETER},
	{"4.2: two with similar numbers", BYTES(HEAD), BYTES(FIRST "\x00\x2d\x00\x00"), NOTHING},
	{"4.2.2: a cookie", BYTES(HEAD), BYTES(FIRST COOKIE), TLS_ALERT_ILLEGAL_PARAMETER},
	{"4.2.2: a cookie to 1.2", BYTES(HEAD), BYTES(COOKIE), NOTHING},
	{"4.2.2: … with those bytes elsewhere", BYTES(HEAD),
		BYTES("\x33\x33\x00\x03\x02\x03\x04" COOKIE), NOTHING},
	{"4.2.1: … with no list of versions", BYTES(HEAD), BYTES("\x00\x2b\x00\x00" COOKIE),
		NOTHING},
	{"4.2.1: … with half a version", BYTES(HEAD),
		BYTES("\x00\x2b\x00\x02\x01\x03\x04\x00\x00\x00" COOKIE), NOTHING},
};

static void first_hellos(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(firsts); i++) {
		const struct hello *h = &firsts[i];
		struct tls_hello_gist first = {0};
		enum tls_alert alert = fault_of(h->head, h->extensions, &first);

		if (alert != h->alert)
			fail_msg("%s: %d, not %d", h->name, (int)alert, (int)h->alert);
		assert_int_equal(first.was_there, alert == NOTHING);
	}
}

/* Section 4.1.2: tickets may go, and have other binders, but not come; early data has to go. */
static void what_may_change(void **state)
{
	static const struct {
		struct span first, second;
	} pairs[] = {
		{BYTES(FIRST "\x00\x29\x00\x01x"), BYTES(FIRST)},
		{BYTES(FIRST "\x00\x29\x00\x01x"), BYTES(FIRST "\x00\x29\x00\x01y")},
		{BYTES(FIRST "\x00\x2a\x00\x00"), BYTES(FIRST)},
		{BYTES(FIRST "\xfe\x0d\x00\x01x"), BYTES(FIRST "\xfe\x0d\x00\x01y")},
	};
	const struct span head = BYTES(HEAD);

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(pairs); i++) {
		struct tls_hello_gist first = {0};

		assert_int_equal(fault_of(head, pairs[i].first, &first), NOTHING);
		assert_int_equal(fault_of(head, pairs[i].second, &first), NOTHING);
	}
}

/* ---- which of them are for a handshake of ours ---- */

#define KEY          "12345678901234567890123456789012"
#define SHARE        "\x00\x1d\x00\x20" KEY
#define SHARE_P256   "\x00\x17\x00\x41\x04" KEY KEY
#define TYPE_MODES   45
#define TYPE_TICKETS 41

struct piece {
	uint32_t type;
	struct span body;
};

/* The least that RFC 8446 section 9.2 asks for, and a ticket with what section 4.2.9 asks for. */
static const struct piece plain[] = {
	{43, BYTES("\x02\x03\x04")},
	{10, BYTES("\x00\x04\x00\x1d\x00\x17")},
	{13, BYTES("\x00\x02\x04\x03")},
	{51, BYTES("\x00\x24" SHARE)},
	{TYPE_MODES, BYTES("\x01\x01")},
	{TYPE_TICKETS, BYTES("\x00\x07" TICKET "\x00\x21\x20" BINDER)},
};

/* One piece in another form, beside all others; body.data == NULL: it is left out. */
struct reading {
	const char *name;
	bool has_ticket;
	struct piece piece;
	bool is_ours;
};

#define LEFT_OUT                                                                                   \
	{                                                                                          \
		.data = NULL                                                                       \
	}

/* Sections of RFC 8446 in the names, but where another is named. */
static const struct reading readings[] = {
	{"4.1.2: one that nobody knows", false, {0x0a0a, BYTES("")}, true},
	{"4.2.1: no versions", false, {43, LEFT_OUT}, false},
	{"4.2.1: of 1.2 as well", false, {43, BYTES("\x04\x03\x04\x03\x03")}, true},
	{"4.2.1: of 1.2 alone", false, {43, BYTES("\x02\x03\x03")}, false},
	{"4.2.1: one and a half", false, {43, BYTES("\x03\x03\x04\x03")}, false},
	{"4.2.7: no groups", false, {10, LEFT_OUT}, false},
	{"4.2.7: none of the share", false, {10, BYTES("\x00\x02\x00\x17")}, false},
	{"4.2.7: one and a half", false, {10, BYTES("\x00\x03\x00\x1d\x00")}, false},
	{"4.2.3: no signatures", false, {13, LEFT_OUT}, false},
	{"4.2.3: an empty list", false, {13, BYTES("\x00\x00")}, false},
	{"4.2.3: half of one", false, {13, BYTES("\x00\x01\x04")}, false},
	{"4.2.3: of certificates", false, {50, BYTES("\x00\x02\x04\x03")}, true},
	{"4.2.3: half of one", false, {50, BYTES("\x00\x01\x04")}, false},
	{"4.2.8: no shares", false, {51, LEFT_OUT}, false},
	{"4.2.8: of P-256", false, {51, BYTES("\x00\x45" SHARE_P256)}, true},
	{"4.2.8: of both", false, {51, BYTES("\x00\x69" SHARE_P256 SHARE)}, true},
	{"4.2.8: of both, the other one bad", false, {51, BYTES("\x00\x29\x00\x17\x00\x01p" SHARE)},
		true},
	{"4.2.8: of both, ours bad", false, {51, BYTES("\x00\x4a\x00\x1d\x00\x01p" SHARE_P256)},
		false},
	{"4.2.8.2: a point of one byte", false, {51, BYTES("\x00\x05\x00\x17\x00\x01\x04")}, false},
	{"4.2.8.2: a compressed one", false, {51, BYTES("\x00\x25\x00\x17\x00\x21\x02" KEY)},
		false},
	{"4.2.8.2: of a form for both", false, {51, BYTES("\x00\x45\x00\x17\x00\x41\x06" KEY KEY)},
		false},
	{"4.2.8: an empty list", false, {51, BYTES("\x00\x00")}, false},
	{"4.2.8: behind another", false, {51, BYTES("\x00\x29\x00\x17\x00\x01p" SHARE)}, true},
	{"4.2.8: before another", false, {51, BYTES("\x00\x29" SHARE "\x00\x17\x00\x01p")}, true},
	{"4.2.8: behind another of no bytes", false, {51, BYTES("\x00\x28\x00\x17\x00\x00" SHARE)},
		false},
	{"4.2.8: before half of another", false, {51, BYTES("\x00\x28" SHARE "\x00\x17\x00\x01")},
		false},
	{"4.2.8: another alone", false, {51, BYTES("\x00\x05\x00\x17\x00\x01p")}, false},
	{"4.2.8: twice", false, {51, BYTES("\x00\x48" SHARE SHARE)}, false},
	{"4.2.8: of no bytes", false, {51, BYTES("\x00\x04\x00\x1d\x00\x00")}, false},
	{"RFC 7748 5: of 31 bytes", false,
		{51, BYTES("\x00\x23\x00\x1d\x00\x1f"
			   "1234567890123456789012345678901")},
		false},
	{"RFC 7748 5: of 33 bytes", false, {51, BYTES("\x00\x25\x00\x1d\x00\x21" KEY "3")}, false},
	{"RFC 6066 3: a name", false,
		{0, BYTES("\x00\x04\x00\x00\x01"
			  "a")},
		true},
	{"RFC 6066 3: of another type", false,
		{0, BYTES("\x00\x04\x01\x00\x01"
			  "a")},
		false},
	{"RFC 6066 3: nothing", false, {0, BYTES("")}, false},
	{"RFC 6066 3: half a name", false,
		{0, BYTES("\x00\x05\x00\x00\x02"
			  "a")},
		false},
	{"RFC 6066 3: half a list", false,
		{0, BYTES("\x00\x05\x00\x00\x01"
			  "a")},
		false},
	{"RFC 6066 3: of no bytes", false, {0, BYTES("\x00\x03\x00\x00\x00")}, false},
	{"RFC 6066 3: with a zero", false,
		{0, BYTES("\x00\x05\x00\x00\x02"
			  "a\x00")},
		false},
	{"RFC 6066 3: two", false,
		{0, BYTES("\x00\x08\x00\x00\x01"
			  "a\x00\x00\x01"
			  "b")},
		false},
	{"RFC 6066 4: a length of fragments", false, {1, BYTES("\x01")}, false},
	{"RFC 8449 4: 64 bytes", false, {28, BYTES("\x00\x40")}, true},
	{"RFC 8449 4: 63 bytes", false, {28, BYTES("\x00\x3f")}, false},
	{"RFC 8449 4: more than there may be", false, {28, BYTES("\xff\xff")}, true},
	{"RFC 8449 4: of one byte", false, {28, BYTES("\x40")}, false},
	{"RFC 8449 4: of three", false, {28, BYTES("\x40\x01\x00")}, false},
	{"RFC 8879 3: all", false, {27, BYTES("\x06\x00\x01\x00\x02\x00\x03")}, true},
	{"RFC 8879 3: one that nobody knows", false, {27, BYTES("\x02\x40\x00")}, true},
	{"RFC 8879 3: an empty list", false, {27, BYTES("\x00")}, false},
	{"RFC 8879 3: not even a list", false, {27, BYTES("")}, false},
	{"RFC 8879 3: one and a half", false, {27, BYTES("\x03\x00\x01\x00")}, false},
	{"RFC 8879 3: one twice", false, {27, BYTES("\x04\x00\x02\x00\x02")}, false},
	{"RFC 8879 3: one that nobody knows twice", false, {27, BYTES("\x04\x40\x00\x40\x00")},
		false},
	{"RFC 6066 8: OCSP", false, {5, BYTES("\x01\x00\x00\x00\x00")}, true},
	{"RFC 6066 8: of another type", false, {5, BYTES("\x02\x00\x00\x00\x00")}, false},
	{"RFC 6066 8: of a responder", false, {5, BYTES("\x01\x00\x01r\x00\x00")}, false},
	{"RFC 6066 8: with an extension", false,
		{5, BYTES("\x01\x00\x00\x00\x01"
			  "e")},
		false},
	{"RFC 6066 8: and more", false, {5, BYTES("\x01\x00\x00\x00\x00\x00")}, false},
	{"RFC 7301 3.1: a protocol", false, {16, BYTES("\x00\x03\x02h2")}, true},
	{"RFC 7301 3.1: none", false, {16, BYTES("\x00\x00")}, false},
	{"RFC 7301 3.1: of no bytes", false, {16, BYTES("\x00\x04\x02h2\x00")}, false},
	{"RFC 7301 3.1: half of one", false, {16, BYTES("\x00\x02\x02h")}, false},
	{"4.2.2: a cookie", false,
		{44, BYTES("\x00\x01"
			   "c")},
		false},
	{"4.2.4: authorities", false,
		{47, BYTES("\x00\x03\x00\x01"
			   "a")},
		false},
	{"4.2.6: certificates later", false, {49, BYTES("")}, true},
	{"4.2.6: and more", false, {49, BYTES("x")}, false},
	{"4.2.9: modes of tickets that are not there", false, {TYPE_MODES, LEFT_OUT}, true},
	{"4.2.9: an empty list", false, {TYPE_MODES, BYTES("\x00")}, false},
	{"4.2.10: early data", true, {42, BYTES("")}, false},
	{"4.2.11: a ticket", true, {0x0a0a, BYTES("")}, true},
	{"4.2.11: and two groups", true, {10, BYTES("\x00\x04\x00\x17\x00\x1d")}, true},
	{"4.2.11: no signatures", true, {13, LEFT_OUT}, true},
	{"4.2.11: no modes", true, {TYPE_MODES, LEFT_OUT}, false},
	{"4.2.11: of a mode that nobody knows", true, {TYPE_MODES, BYTES("\x01\x02")}, false},
	{"4.2.11: of both modes", true, {TYPE_MODES, BYTES("\x02\x00\x01")}, true},
	{"4.2.11: no share for the mode", true, {51, LEFT_OUT}, false},
	{"4.2.11: a share of 31 bytes", true,
		{51, BYTES("\x00\x23\x00\x1d\x00\x1f"
			   "1234567890123456789012345678901")},
		false},
	{"4.2.11: two tickets, two binders", true,
		{TYPE_TICKETS, BYTES("\x00\x0e" TICKET TICKET "\x00\x42\x20" BINDER "\x20" BINDER)},
		true},
	{"4.2.11: two tickets, one binder", true,
		{TYPE_TICKETS, BYTES("\x00\x0e" TICKET TICKET "\x00\x21\x20" BINDER)}, false},
	{"4.2.11: a ticket of no bytes", true,
		{TYPE_TICKETS, BYTES("\x00\x06\x00\x00\x00\x00\x00\x00\x00\x21\x20" BINDER)},
		false},
	{"4.2.11: a ticket, and half of its age", true,
		{TYPE_TICKETS, BYTES("\x00\x05\x00\x01t\x00\x00\x00\x21\x20" BINDER)}, false},
	{"4.2.11: more behind them", true,
		{TYPE_TICKETS, BYTES("\x00\x07" TICKET "\x00\x21\x20" BINDER "x")}, false},
	{"4.2.11: a short binder", true,
		{TYPE_TICKETS, BYTES("\x00\x07" TICKET "\x00\x20\x1f"
				     "1234567890123456789012345678901")},
		false},
	{"4.2.11: a binder of SHA-384", true,
		{TYPE_TICKETS, BYTES("\x00\x07" TICKET "\x00\x31\x30" BINDER "1234567890123456")},
		true},
};

static void put(uint8_t *message, uint32_t *n, const struct piece *p)
{
	message[(*n)++] = (uint8_t)(p->type >> 8);
	message[(*n)++] = (uint8_t)p->type;
	message[(*n)++] = (uint8_t)(p->body.len >> 8);
	message[(*n)++] = (uint8_t)p->body.len;
	memcpy(message + *n, p->body.data, p->body.len);
	*n += p->body.len;
}

static struct tls_hello last; /* that was read; its spans are not there any more */

/* head with so many bytes of extensions. */
static bool is_whole_read(struct span head, struct span extensions)
{
	uint32_t n = head.len + 2 + extensions.len;
	uint8_t *message = malloc(4 + n); /* for the sanitizer to see a byte too many */
	bool is_ours;

	message[0] = 1;
	message[1] = 0;
	message[2] = (uint8_t)(n >> 8);
	message[3] = (uint8_t)n;
	memcpy(message + 4, head.data, head.len);
	message[4 + head.len] = (uint8_t)(extensions.len >> 8);
	message[5 + head.len] = (uint8_t)extensions.len;
	memcpy(message + 6 + head.len, extensions.data, extensions.len);
	is_ours = rs_tls_hello_read((struct span){.data = message, .len = 4 + n}, &last);
	free(message);
	return is_ours;
}

/* In the place of the piece of that type: these bytes. */
static bool is_read_with(struct span head, uint32_t type, struct span bytes)
{
	uint8_t extensions[1024];
	uint32_t n = 0;

	for (uint32_t i = 0; i < RS_ARRAY_SIZE(plain); i++) {
		if (plain[i].type != type) {
			put(extensions, &n, &plain[i]);
			continue;
		}
		memcpy(extensions + n, bytes.data, bytes.len);
		n += bytes.len;
	}
	return is_whole_read(head, (struct span){.data = extensions, .len = n});
}

/* One of the pieces in another form, or one more in front of them. */
static bool is_read(struct span head, const struct piece *other, bool has_ticket)
{
	uint8_t extensions[1024];
	bool is_there = false;
	uint32_t n = 0;

	for (uint32_t i = 0; i < RS_ARRAY_SIZE(plain); i++)
		is_there |= plain[i].type == other->type;
	if (!is_there)
		put(extensions, &n, other);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(plain); i++) {
		const struct piece *p = plain[i].type == other->type ? other : &plain[i];

		if (p->body.data && (has_ticket || p->type != TYPE_TICKETS))
			put(extensions, &n, p);
	}
	return is_whole_read(head, (struct span){.data = extensions, .len = n});
}

static void only_plain_hellos_are_for_us(void **state)
{
	const struct span head = BYTES(HEAD);

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(readings); i++) {
		const struct reading *r = &readings[i];

		if (is_read(head, &r->piece, r->has_ticket) != r->is_ours)
			fail_msg("%s: %s", r->name, r->is_ours ? "refused" : "taken");
	}
}

/* What is found: RFC 8879 section 7.3 has their numbers. */
static void which_compressions_and_which_limit(void **state)
{
	static const struct {
		struct span list;
		uint32_t algorithms;
	} lists[] = {
		{BYTES("\x06\x00\x01\x00\x02\x00\x03"), 1 << 1 | 1 << 2 | 1 << 3},
		{BYTES("\x02\x00\x02"), 1 << 2},
		{BYTES("\x04\x00\x03\x00\x01"), 1 << 3 | 1 << 1},
		{BYTES("\x0a\x00\x00\x00\x04\x00\x1f\x01\x01\x40\x01"), 0},
	};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(lists); i++) {
		const struct piece pieces[] = {{27, lists[i].list}, {28, BYTES("\x12\x34")}};
		uint8_t bytes[256];
		uint32_t n = 0;

		put(bytes, &n, &pieces[0]);
		put(bytes, &n, &pieces[1]);
		put(bytes, &n, &plain[0]);
		assert_true(is_read_with((struct span)BYTES(HEAD), plain[0].type,
			(struct span){.data = bytes, .len = n}));
		assert_int_equal(last.cert_compressions, lists[i].algorithms);
		assert_int_equal(last.record_limit, 0x1234);
	}
}

/* RFC 8449 section 5: max_fragment_length does not count beside a limit, in any order. */
static void a_limit_beside_a_length_of_fragments(void **state)
{
	const struct piece limit = {28, BYTES("\x10\x00")}, fragments = {1, BYTES("\x01")};

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		uint8_t bytes[256];
		uint32_t n = 0;

		put(bytes, &n, i ? &limit : &fragments);
		put(bytes, &n, i ? &fragments : &limit);
		put(bytes, &n, &plain[0]);
		assert_true(is_read_with((struct span)BYTES(HEAD), plain[0].type,
			(struct span){.data = bytes, .len = n}));
		assert_int_equal(last.record_limit, 0x1000);
	}
}

/* Section 4.2.9: where psk_ke is what a client offers, a share may be missing, but not be
 * malformed. */
static void no_share_without_a_key_exchange(void **state)
{
	static const struct {
		struct span body;
		bool is_ours;
	} shares[] = {
		{LEFT_OUT, true},
		{BYTES("\x00\x24" SHARE), true},
		{BYTES("\x00\x45" SHARE_P256), true},
		{BYTES("\x00\x05\x00\x17\x00\x01p"), false},
		{BYTES("\x00\x05\x00\x17\x00\x01"), false},
		{BYTES("\x00\x05\x00\x17\x00\x01px"), false},
	};
	const struct piece modes = {TYPE_MODES, BYTES("\x01\x00")};
	const struct span head = BYTES(HEAD);

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(shares); i++) {
		uint8_t extensions[1024];
		uint32_t n = 0;

		for (uint32_t k = 0; k < RS_ARRAY_SIZE(plain); k++) {
			const struct piece share = {51, shares[i].body};
			const struct piece *p = plain[k].type == 51           ? &share
						: plain[k].type == TYPE_MODES ? &modes
									      : &plain[k];

			if (p->body.data)
				put(extensions, &n, p);
		}
		assert_int_equal(is_whole_read(head, (struct span){.data = extensions, .len = n}),
			shares[i].is_ours);
	}
}

/* Section 4.2: none comes twice, and nothing behind pre_shared_key. So of each two, one behind the
 * other in the place of the first. */
static void extensions_once_and_tickets_last(void **state)
{
	const struct span head = BYTES(HEAD);

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(plain); i++) {
		for (uint32_t k = 0; k < 2; k++) {
			const struct piece other = {0x0a0a, BYTES("")};
			const struct piece *second = k ? &other : &plain[i];
			bool is_last = plain[i].type == TYPE_TICKETS;
			uint8_t bytes[256];
			uint32_t n = 0;

			put(bytes, &n, &plain[i]);
			put(bytes, &n, second);
			assert_int_equal(is_read_with(head, plain[i].type,
						 (struct span){.data = bytes, .len = n}),
				k && !is_last);
		}
	}
}

/* As docs/tls.md says: no more than 32 of them. */
static void as_many_extensions_as_there_may_be(void **state)
{
	const struct span head = BYTES(HEAD);

	(void)state;
	for (uint32_t n_all = 30; n_all <= 34; n_all++) {
		uint8_t bytes[256];
		uint32_t n = 0;

		put(bytes, &n, &plain[0]);
		for (uint32_t i = RS_ARRAY_SIZE(plain); i < n_all; i++)
			put(bytes, &n, &(struct piece){0x1000 + i, BYTES("")});
		assert_int_equal(
			is_read_with(head, plain[0].type, (struct span){.data = bytes, .len = n}),
			n_all <= 32);
	}
}

/* Section 4.1.2 */
static void heads_of_hellos(void **state)
{
	static const struct {
		const char *name;
		struct span head;
		bool is_ours;
	} heads[] = {
		{"plain", BYTES(HEAD), true},
		{"another version", BYTES("\x03\x02" BINDER "\x01s\x00\x02\x13\x01\x01\x00"),
			false},
		{"no session id", BYTES("\x03\x03" BINDER "\x00\x00\x02\x13\x01\x01\x00"), true},
		{"one of 32 bytes", BYTES("\x03\x03" BINDER "\x20" KEY "\x00\x02\x13\x01\x01\x00"),
			true},
		{"one of 33 bytes", BYTES("\x03\x03" BINDER "\x21" KEY "3\x00\x02\x13\x01\x01\x00"),
			false},
		{"no suites", BYTES("\x03\x03" BINDER "\x01s\x00\x00\x01\x00"), false},
		{"half a suite", BYTES("\x03\x03" BINDER "\x01s\x00\x01\x13\x01\x00"), false},
		{"one and a half", BYTES("\x03\x03" BINDER "\x01s\x00\x03\x13\x01\x13\x01\x00"),
			false},
		{"two suites", BYTES("\x03\x03" BINDER "\x01s\x00\x04\x13\x01\x13\x02\x01\x00"),
			true},
		{"no compression", BYTES("\x03\x03" BINDER "\x01s\x00\x02\x13\x01\x00"), false},
		{"another", BYTES("\x03\x03" BINDER "\x01s\x00\x02\x13\x01\x01\x01"), false},
		{"two", BYTES("\x03\x03" BINDER "\x01s\x00\x02\x13\x01\x02\x00\x01"), false},
	};
	const struct piece grease = {0x0a0a, BYTES("")};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(heads); i++) {
		if (is_read(heads[i].head, &grease, false) != heads[i].is_ours)
			fail_msg("%s: %s", heads[i].name, heads[i].is_ours ? "refused" : "taken");
	}
}

/* RFC 6066 section 3: no longer than a name of DNS may be, which is what OpenSSL takes. */
static void names_of_any_length(void **state)
{
	const struct span head = BYTES(HEAD);

	(void)state;
	for (uint32_t n = 1; n <= 256; n++) {
		uint8_t body[5 + 256];
		const struct piece name = {0, {.data = body, .len = 5 + n}};

		rs_tls_put_number(body, 3 + n, 2);
		rs_tls_put_number(body + 2, 0, 1);
		rs_tls_put_number(body + 3, n, 2);
		memset(body + 5, 'a', n);
		assert_int_equal(is_read(head, &name, false), n <= 255);
	}
}

/* RFC 7301 section 3.2: one of those that are offered, and the one that we like best. */
static void protocols_in_our_order(void **state)
{
	static const struct {
		const char *offered, *chosen;
	} cases[] = {
		{"\x08http/1.1", "http/1.1"},
		{"\x08http/1.0", "http/1.0"},
		{"\x02h2\x08http/1.0\x08http/1.1", "http/1.1"},
		{"\x02h2\x08http/1.0", "http/1.0"},
		{"\x02h2", ""},
		{"\x08http/1.2", ""},
		{"\x07http/1.", ""},
		{"\x09http/1.1x", ""},
		{"", ""},
	};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		const struct span chosen = rs_tls_hello_protocol(rs_tls_text(cases[i].offered));

		assert_int_equal(chosen.len, strlen(cases[i].chosen));
		if (chosen.len)
			assert_memory_equal(chosen.data, cases[i].chosen, chosen.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fault_has_its_alert),
		cmocka_unit_test(any_number_of_shares),
		cmocka_unit_test(a_second_hello_is_like_the_first),
		cmocka_unit_test(first_hellos),
		cmocka_unit_test(what_may_change),
		cmocka_unit_test(only_plain_hellos_are_for_us),
		cmocka_unit_test(which_compressions_and_which_limit),
		cmocka_unit_test(a_limit_beside_a_length_of_fragments),
		cmocka_unit_test(no_share_without_a_key_exchange),
		cmocka_unit_test(extensions_once_and_tickets_last),
		cmocka_unit_test(as_many_extensions_as_there_may_be),
		cmocka_unit_test(heads_of_hellos),
		cmocka_unit_test(names_of_any_length),
		cmocka_unit_test(protocols_in_our_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
