/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What handshakes of ours prove to whom, and what they believe: names, tickets.
 * Where OpenSSL's state machine does the same, it has to come to the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tls_rig.h"
#include "tls/domain_internal.h"
#include "tls/quick_ticket.h"

/* ---- names (RFC 6066 section 3) ---- */

static void strict_names(void **state)
{
	static const char *const names[] = {"a.test", "A.TEST", "b.test", NULL};
	static struct rig r;
	uint32_t n;
	char byte;

	(void)state;
	for (uint32_t i = 0; i < 2 * RS_ARRAY_SIZE(names); i++) {
		const char *name = names[i / 2];
		bool is_openssl = i % 2, is_known = i / 2 < 2;

		rig_init_with(&r, is_openssl);
		r.settings.strict_sni = true;
		rig_change_domain(&r);
		rig_connect(&r);
		if (name)
			SSL_set_tlsext_host_name(r.client, name);
		if (is_known) {
			shake_hands(&r);
		} else {
			SSL_do_handshake(r.client);
			carry(&r);
			assert_int_equal(server_read(&r, &n), TLS_FAILED);
			carry(&r);
			ERR_clear_error();
			assert_true(SSL_read(r.client, &byte, 1) <= 0);
			assert_int_equal(ERR_GET_REASON(ERR_peek_error()),
				SSL_AD_REASON_OFFSET + SSL_AD_UNRECOGNIZED_NAME);
		}
		assert_int_equal(r.counters[TLS_C_HANDSHAKES_QUICK], is_known && !is_openssl);
		assert_int_equal(r.counters[TLS_C_UNKNOWN_NAME], !is_known);
		rig_disconnect(&r);
		rig_fini(&r);
	}
}

/* ---- tickets ---- */

static void fill(struct tls_ticket *t)
{
	*t = (struct tls_ticket){.secret_bytes = 32};
	memset(t->name, 'n', sizeof(t->name));
	memset(t->secret, 's', sizeof(t->secret));
}

static bool opens(const struct rig *r, const uint8_t *sealed, uint32_t n, struct tls_ticket *t)
{
	return rs_tls_ticket_open(r->domain, (struct span){.data = sealed, .len = n}, t);
}

static void tickets_open_as_they_were_sealed(void **state)
{
	uint8_t sealed[TLS_TICKET_BYTES], again[TLS_TICKET_BYTES];
	struct tls_ticket t, got;
	static struct rig r;

	(void)state;
	rig_init(&r);
	fill(&t);
	assert_true(rs_tls_ticket_seal(r.domain, &t, sealed));
	assert_true(opens(&r, sealed, sizeof(sealed), &got));
	assert_memory_equal(&got, &t, sizeof(t));
	assert_true(rs_tls_ticket_seal(r.domain, &t, again)); /* with a nonce of its own */
	assert_memory_not_equal(sealed + 16, again + 16, 12);
	for (uint32_t i = 0; i < sizeof(sealed); i++) {
		sealed[i] ^= (uint8_t)(1 << i % 8);
		assert_false(opens(&r, sealed, sizeof(sealed), &got));
		sealed[i] ^= (uint8_t)(1 << i % 8);
		assert_false(opens(&r, sealed, i, &got));
	}
	rig_fini(&r);
}

/* Boxes that share keys may be of other releases. */
static void tickets_of_another_version(void **state)
{
	uint8_t sealed[TLS_TICKET_BYTES], *nonce = sealed + 16, *body = nonce + TLS_AEAD_NONCE;
	struct tls_aead_text text;
	struct tls_ticket t, got;
	static struct rig r;

	(void)state;
	rig_init(&r);
	fill(&t);
	assert_true(rs_tls_ticket_seal(r.domain, &t, sealed));
	t.version -= 1;
	for (uint32_t i = 0; i < 3; i++, t.version++) {
		rs_tls_aead_begin(&text, r.library->sealer, true, nonce, sealed, 16);
		rs_tls_aead_take(&text, body, (const uint8_t *)&t, sizeof(t));
		rs_tls_aead_end(&text, body + sizeof(t));
		assert_int_equal(opens(&r, sealed, sizeof(sealed), &got), i == 1);
	}
	rig_fini(&r);
}

/* Each ticket under the key that it names, whichever was used last; and not under one that has only
 * its name. */
static void tickets_of_several_keys(void **state)
{
	uint8_t sealed[3][TLS_TICKET_BYTES];
	struct tls_ticket t, got;
	struct tls_tickets *keys;
	static struct rig r;

	(void)state;
	rig_init(&r);
	keys = &r.shared->tickets;
	for (uint32_t i = 0; i < 3; i++) {
		fill(&t);
		t.name[0] = (uint8_t)i;
		assert_true(rs_tls_ticket_seal(r.domain, &t, sealed[i]));
		assert_int_equal(rs_tls_tickets_rotate(keys), 0);
	}
	for (uint32_t n = 0; n < 6; n++) {
		assert_true(opens(&r, sealed[n % 3], sizeof(sealed[0]), &got));
		assert_int_equal(got.name[0], n % 3);
	}
	for (uint32_t i = 0; i < TLS_TICKET_SLOTS; i++)
		keys->slots[i].hmac[0] ^= 1;
	for (uint32_t i = 0; i < 3; i++)
		assert_false(opens(&r, sealed[i], sizeof(sealed[0]), &got));
	rig_fini(&r);
}

/* RFC 8446 section 4.6.1: not longer than was said. */
static void tickets_end(void **state)
{
	uint8_t sealed[TLS_TICKET_BYTES];
	struct tls_ticket t, got;
	static struct rig r;

	(void)state;
	rig_init(&r);
	fill(&t);
	assert_true(rs_tls_ticket_seal(r.domain, &t, sealed));
	r.domain->ticket_lifetime_s = 0; /* less than its age, whatever that is */
	assert_false(opens(&r, sealed, sizeof(sealed), &got));
	r.domain->ticket_lifetime_s = 100;
	assert_true(opens(&r, sealed, sizeof(sealed), &got));
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strict_names),
		cmocka_unit_test(tickets_open_as_they_were_sealed),
		cmocka_unit_test(tickets_of_another_version),
		cmocka_unit_test(tickets_of_several_keys),
		cmocka_unit_test(tickets_end),
	};

	return cmocka_run_group_tests(tests, make_certificate, NULL);
}
