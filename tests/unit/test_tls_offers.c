/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hellos that offer tickets in ways that OpenSSL's client does not (RFC 8446 section 4.2.11): its
 * hello is taken apart and put together anew, with binders of our own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tls_rig.h"
#include "tls/domain_internal.h"
#include "tls/quick_internal.h"

#define MAX_HELLO    4000
#define HASH_BYTES   32
#define RANDOM_END   (TLS_MESSAGE_HEADER + 2 + 32)
#define SERVER_HELLO (TLS_RECORD_HEADER + RANDOM_END) /* its session id, in our first record */
#define NO_TICKET    (-1)
#define FAILED       (-2)

enum extension {
	SIGNATURE_ALGORITHMS = 13,
	PRE_SHARED_KEY = 41,
	PSK_MODES = 45,
	SIGNATURE_ALGORITHMS_CERT = 50,
	KEY_SHARE = 51,
};

struct offer {
	uint32_t n_foreign;     /* tickets of others before ours */
	bool twice;             /* ours again behind ours */
	bool is_foreign;        /* none of ours is there */
	const char *signatures; /* signature_algorithms, of 4 bytes; NULL: it is not there */
	const char *of_chain;   /* signature_algorithms_cert, the same */
	bool only_psk_ke;       /* and not psk_dhe_ke */
	bool has_no_share;
	uint32_t n_more; /* bytes behind each binder, as if they were of it */
};

static struct rig rig;
static bool was_agreed; /* the last ServerHello has a share */

static int begin(void **state)
{
	char byte;

	(void)state;
	rig_init(&rig);
	SSL_CTX_set_session_cache_mode(rig.ctx, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(rig.ctx, keep_session);
	SSL_CTX_set_ciphersuites(rig.ctx, "TLS_AES_128_GCM_SHA256");
	rig_connect(&rig);
	shake_hands(&rig);
	SSL_read(rig.client, &byte, 1);
	rig_disconnect(&rig);
	return last_session ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	SSL_SESSION_free(last_session);
	last_session = NULL;
	rig_fini(&rig);
	return 0;
}

/* Section 4.2.11.2, for the first n bytes of a message. */
static void bind_to(const uint8_t *message, uint32_t n, uint8_t *binder)
{
	const struct tls_hkdf *h = &rig.library->hkdfs[TLS_SHA256];
	uint8_t psk[HASH_BYTES], early[HASH_BYTES], key[HASH_BYTES], hash[HASH_BYTES];

	assert_int_equal(SSL_SESSION_get_master_key(last_session, psk, sizeof(psk)), sizeof(psk));
	assert_true(rs_tls_hkdf_extract(h, (struct span){0}, rs_tls_span(psk, HASH_BYTES), early));
	assert_true(rs_tls_quick_derive(
		h, early, "res binder", rs_tls_span(h->empty, HASH_BYTES), key));
	assert_true(rs_tls_quick_derive(h, key, "finished", (struct span){0}, psk));
	assert_int_equal(EVP_Digest(message, n, hash, NULL, EVP_sha256(), NULL), 1);
	assert_true(rs_tls_hkdf_extract(
		h, rs_tls_span(psk, HASH_BYTES), rs_tls_span(hash, HASH_BYTES), binder));
}

static uint32_t binder_bytes(const struct offer *o)
{
	return 1 + HASH_BYTES + o->n_more;
}

/* The body of pre_shared_key, by that of the client; the binders are zeros. */
static uint32_t put_tickets(uint8_t *to, const uint8_t *was, const struct offer *o)
{
	uint32_t bytes = (uint32_t)rs_load_be16(was);
	uint32_t n_all = o->n_foreign + 1 + o->twice;
	uint32_t n = rs_tls_put_number(to, n_all * bytes, 2);

	for (uint32_t i = 0; i < n_all; i++) {
		n += rs_tls_put_bytes(to + n, was + 2, bytes);
		if (i < o->n_foreign || o->is_foreign)
			to[n - bytes + 2] ^= 1; /* another key's name */
	}
	n += rs_tls_put_number(to + n, n_all * binder_bytes(o), 2);
	for (uint32_t i = 0; i < n_all; i++) {
		memset(to + n, 0, binder_bytes(o));
		rs_tls_put_number(to + n, binder_bytes(o) - 1, 1);
		n += binder_bytes(o);
	}
	return n;
}

static uint32_t put_extension(
	uint8_t *to, uint32_t type, const uint8_t *body, uint32_t bytes, const struct offer *o)
{
	if (type == SIGNATURE_ALGORITHMS) {
		if (!o->signatures)
			return 0;
		body = (const uint8_t *)o->signatures;
		bytes = 4;
	}
	if (type == KEY_SHARE && o->has_no_share)
		return 0;
	rs_tls_put_number(to, type, 2);
	if (type == PSK_MODES && o->only_psk_ke)
		body = (const uint8_t *)"\x01\x00";
	if (type == PRE_SHARED_KEY)
		bytes = put_tickets(to + 4, body, o);
	else
		memcpy(to + 4, body, bytes);
	rs_tls_put_number(to + 2, bytes, 2);
	return 4 + bytes;
}

/* Another message of the client's. Returns how long it is. */
static uint32_t put_hello(uint8_t *to, const uint8_t *was, uint32_t bytes, const struct offer *o)
{
	uint32_t n_binders = (o->n_foreign + 1 + o->twice) * binder_bytes(o);
	uint32_t at = RANDOM_END, n, n_extensions;

	at += 1u + was[at];
	at += 2 + (uint32_t)rs_load_be16(was + at);
	at += 1u + was[at];
	n = n_extensions = at;
	memcpy(to, was, n);
	n += 2;
	if (o->of_chain) {
		n += rs_tls_put_number(to + n, SIGNATURE_ALGORITHMS_CERT, 2);
		n += rs_tls_put_number(to + n, 4, 2);
		n += rs_tls_put_bytes(to + n, (const uint8_t *)o->of_chain, 4);
	}
	for (at += 2; at < bytes; at += 4 + (uint32_t)rs_load_be16(was + at + 2))
		n += put_extension(to + n, (uint32_t)rs_load_be16(was + at), was + at + 4,
			(uint32_t)rs_load_be16(was + at + 2), o);
	rs_tls_put_number(to + n_extensions, n - n_extensions - 2, 2);
	rs_tls_put_header(to, TLS_CLIENT_HELLO, n - TLS_MESSAGE_HEADER);
	for (uint32_t i = o->n_foreign; i < o->n_foreign + 1 + o->twice; i++)
		bind_to(to, n - n_binders - 2, to + n - n_binders + i * binder_bytes(o) + 1);
	return n;
}

/* Which ticket a ServerHello takes; and was_agreed. */
static int ticket_of(const uint8_t *out, uint32_t n)
{
	uint32_t at = SERVER_HELLO;
	uint32_t to = TLS_RECORD_HEADER + (uint32_t)rs_load_be16(out + 3);
	int ticket = NO_TICKET;

	was_agreed = false;
	assert_true(to <= n && out[TLS_RECORD_HEADER] == TLS_SERVER_HELLO);
	for (at += 1u + out[at] + 2 + 1 + 2; at < to;
		at += 4 + (uint32_t)rs_load_be16(out + at + 2)) {
		if (rs_load_be16(out + at) == PRE_SHARED_KEY)
			ticket = (int)rs_load_be16(out + at + 4);
		was_agreed |= rs_load_be16(out + at) == KEY_SHARE;
	}
	return ticket;
}

/* What becomes of it: the number of the ticket that is taken, or one of the above. */
static int answer_to(const struct offer *o)
{
	static uint8_t hello[MAX_HELLO];
	uint32_t n, n_read;
	SSL_SESSION *copy = SSL_SESSION_dup(last_session);
	enum tls_status status;
	int answer = FAILED;

	rig_connect(&rig);
	SSL_set_session(rig.client, copy);
	SSL_SESSION_free(copy);
	SSL_do_handshake(rig.client);
	carry(&rig);
	n = put_hello(hello, rig.in + TLS_RECORD_HEADER, rig.in_to - TLS_RECORD_HEADER, o);
	rs_tls_put_number(rig.in + 3, n, 2);
	memcpy(rig.in + TLS_RECORD_HEADER, hello, n);
	rig.in_to = TLS_RECORD_HEADER + n;
	status = server_read(&rig, &n_read);
	if (status == TLS_WANT_INPUT)
		answer = ticket_of(rig.out, rig.out_to);
	else
		assert_int_equal(rig.out[0], TLS_CONTENT_ALERT);
	if (!rig.server.quick && status == TLS_WANT_INPUT)
		fail_msg("OpenSSL's handshake");
	rig_disconnect(&rig);
	return answer;
}

#define ECDSA "\x00\x02\x04\x03"
#define RSA   "\x00\x02\x08\x04"

static int answer_with(uint32_t n_foreign, bool twice, bool is_foreign, const char *signatures)
{
	return answer_to(&(struct offer){.n_foreign = n_foreign,
		.twice = twice,
		.is_foreign = is_foreign,
		.signatures = signatures});
}

/* Clients keep several, of which some may be for keys that are gone. */
static void the_first_that_opens(void **state)
{
	(void)state;
	assert_int_equal(answer_with(0, false, false, ECDSA), 0);
	assert_int_equal(answer_with(0, true, false, ECDSA), 0);
	assert_int_equal(answer_with(1, false, false, ECDSA), 1);
	assert_int_equal(answer_with(3, true, false, ECDSA), 3);
	assert_int_equal(answer_with(0, false, true, ECDSA), NO_TICKET);
}

static void but_not_any_number_of_them(void **state)
{
	(void)state;
	assert_int_equal(answer_with(4, false, false, ECDSA), NO_TICKET);
	assert_int_equal(answer_with(10, true, false, ECDSA), NO_TICKET);
}

/* Section 4.2.11.2: a binder is as long as the hash. */
static void binders_that_only_begin_well(void **state)
{
	(void)state;
	assert_int_equal(answer_to(&(struct offer){.signatures = ECDSA, .n_more = 0}), 0);
	assert_int_equal(answer_to(&(struct offer){.signatures = ECDSA, .n_more = 1}), FAILED);
	assert_int_equal(answer_to(&(struct offer){.signatures = ECDSA, .n_more = 16}), FAILED);
}

/* Sections 4.2.3, 9.2: what is not signed needs no algorithm; a full handshake does. */
static void without_signatures(void **state)
{
	(void)state;
	assert_int_equal(answer_with(0, false, false, NULL), 0);
	assert_int_equal(answer_with(0, false, false, RSA), 0);
	assert_int_equal(answer_with(0, false, true, NULL), FAILED);
	assert_int_equal(answer_with(0, false, true, RSA), FAILED);
}

/* Section 4.4.2.2: there is but one chain, and it is sent whatever it is signed with. */
static void with_algorithms_of_chains(void **state)
{
	(void)state;
	assert_int_equal(
		answer_to(&(struct offer){
			.signatures = ECDSA, .is_foreign = true, .of_chain = "\x00\x02\x99\x99"}),
		NO_TICKET);
	assert_int_equal(
		answer_to(&(struct offer){
			.signatures = ECDSA, .is_foreign = true, .of_chain = "\x00\x01\x99\x99"}),
		FAILED);
}

static int answer_to_psk_ke(bool allowed, bool has_no_share, bool is_foreign)
{
	rig.settings.psk_ke = allowed;
	rig_change_domain(&rig);
	return answer_to(&(struct offer){.signatures = ECDSA,
		.is_foreign = is_foreign,
		.only_psk_ke = true,
		.has_no_share = has_no_share});
}

/* Section 4.2.9: no share is answered then, nor needed; whose ticket does not open needs one. */
static void without_a_key_exchange(void **state)
{
	(void)state;
	for (uint32_t has_no_share = 0; has_no_share < 2; has_no_share++) {
		assert_int_equal(answer_to_psk_ke(true, has_no_share, false), 0);
		assert_false(was_agreed);
	}
	for (uint32_t allowed = 0; allowed < 2; allowed++) {
		assert_int_equal(answer_to_psk_ke(allowed, false, true), NO_TICKET);
		assert_true(was_agreed);
		assert_int_equal(answer_to_psk_ke(allowed, true, true), FAILED);
	}
	assert_int_equal(answer_to_psk_ke(false, false, false), NO_TICKET);
	assert_true(was_agreed);
	assert_int_equal(answer_to_psk_ke(false, true, false), FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_first_that_opens, begin, end),
		cmocka_unit_test_setup_teardown(but_not_any_number_of_them, begin, end),
		cmocka_unit_test_setup_teardown(binders_that_only_begin_well, begin, end),
		cmocka_unit_test_setup_teardown(without_signatures, begin, end),
		cmocka_unit_test_setup_teardown(with_algorithms_of_chains, begin, end),
		cmocka_unit_test_setup_teardown(without_a_key_exchange, begin, end),
	};

	return cmocka_run_group_tests(tests, make_certificate, NULL);
}
