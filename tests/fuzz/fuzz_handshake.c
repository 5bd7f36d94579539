/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes, in pieces, as all that a client says to a session that waits for its hello; little
 * room for the answer at first. Whoever speaks without keys is never served, and the session ends
 * when its client does, with nothing left behind. The input: the most bytes that come at once (0:
 * all), the room in units of 64 bytes, and what is said. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/tls_rig.h"

#define MAX_SAID 20000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rig rig;

static void stop(void)
{
	rig_fini(&rig);
}

static void start(void)
{
	make_certificate(NULL);
	rig_init(&rig);
	atexit(stop);
}

/* For good. */
static bool is_over(enum tls_status status)
{
	return status == TLS_FAILED || status == TLS_PLAIN_HTTP;
}

/* None of our sealed ones is longer than the client can take. */
static void check_records(void)
{
	uint32_t at = 0;

	while (rig.server.quick && at + 5 <= rig.out_to) {
		uint32_t bytes = (uint32_t)rs_load_be16(rig.out + at + 3);

		RIG_CHECK(rig.out[at] != 23 || bytes <= rig.server.max_fragment + 17u);
		at += 5 + bytes;
	}
	RIG_CHECK(!rig.server.quick || at == rig.out_to);
}

/* Once more, unless it is over. */
static void go_on(enum tls_status *status)
{
	uint32_t n;

	if (is_over(*status))
		return;
	*status = server_read(&rig, &n);
	RIG_CHECK(*status != TLS_OK && !n && !rig.server.open);
	check_records();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum tls_status status = TLS_WANT_INPUT;

	if (size < 2 || size > MAX_SAID)
		return 0;
	if (!rig.domain)
		start();
	rig_connect(&rig);
	rig.shown = data[0] ? data[0] : UINT32_MAX;
	rig.roomy = data[1] * 64u;
	rig.in_to = (uint32_t)size - 2;
	memcpy(rig.in, data + 2, rig.in_to);
	go_on(&status);
	rig.roomy = BUFFER_BYTES / 2;
	for (uint32_t i = 0; status == TLS_WANT_ROOM && i < 2; i++) /* OpenSSL's room is another */
		go_on(&status);
	RIG_CHECK(status == TLS_WANT_INPUT || is_over(status));
	rig.has_ended = true;
	go_on(&status);
	RIG_CHECK(is_over(status));
	rig_disconnect(&rig);
	return 0;
}
