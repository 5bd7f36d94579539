/* SPDX-License-Identifier: BSD-2-Clause */
/* The faults of a ClientHello that rs_tls_hello_fault() finds, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "tls/hello.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fault_has_its_alert),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
