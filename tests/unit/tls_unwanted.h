/* SPDX-License-Identifier: BSD-2-Clause */
/* What a client may say with the right keys and should not, and what it gets for it. */
#ifndef TLS_UNWANTED_H
#define TLS_UNWANTED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "tls_rig.h"

#define CCS       20
#define ALERT     21
#define HANDSHAKE 22
#define DATA      23
#define MAX_TEXT  (TLS_RECORD_PLAINTEXT + 1)

/* Answers, beside alerts. */
#define WARNING  256 /* added to an alert of that level */
#define GOES_ON  512 /* no alert, and the session stands */
#define NO_ALERT 513 /* the session ends without one */

struct unwanted {
	const char *name;
	uint8_t type;
	uint8_t n;
	uint8_t text[16];
	uint32_t times; /* 0: once */
	int answer;     /* an alert, or one of the above */
	bool but_openssl;
};

static inline void expect_answer(const struct unwanted *u, bool no_lean,
	void (*say)(uint8_t type, const uint8_t *text, uint32_t n), int (*answer)(void))
{
	int got;

	for (uint32_t k = 0; k < rs_max_u32(u->times, 1); k++)
		say(u->type, u->text, u->n);
	got = answer();
	if (got != u->answer)
		fail_msg("%s%s: %d, not %d", u->name, no_lean ? " (OpenSSL)" : "", got, u->answer);
}

#endif
