/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a client may say with the right keys and should not: each record is sealed as the client's
 * own next one, and the answer is the alert that RFC 8446 names. Where OpenSSL's state machine
 * answers the same, that is checked, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tls_unwanted.h"
#include "tls/domain_internal.h"

#define CCS_BYTES 6

/* Sections in the names. */
static const struct unwanted all[] = {
	{"5.4: empty alert", ALERT, 0, {0}, 0, TLS_ALERT_UNEXPECTED_MESSAGE, false},
	{"5.4: empty handshake", HANDSHAKE, 0, {0}, 0, TLS_ALERT_UNEXPECTED_MESSAGE, false},
	{"5.4: nothing but padding", 0, 4, {0}, 0, TLS_ALERT_UNEXPECTED_MESSAGE, false},
	{"5: inner CCS", CCS, 1, {1}, 0, TLS_ALERT_UNEXPECTED_MESSAGE, false},
	{"5: unknown type", 99, 1, {1}, 0, TLS_ALERT_UNEXPECTED_MESSAGE, false},
	{"6: alert too short", ALERT, 1, {1}, 0, TLS_ALERT_DECODE_ERROR, true},
	{"6: alert too long", ALERT, 3, {1, 0, 0}, 0, TLS_ALERT_DECODE_ERROR, true},
	{"6.2: fatal alert", ALERT, 2, {2, 40}, 0, NO_ALERT, false},
	{"6: unknown alert of level warning", ALERT, 2, {1, 255}, 0, NO_ALERT, true},
	{"6: error alert of level warning", ALERT, 2, {1, 40}, 0, NO_ALERT, true},
	{"4.6.3: KeyUpdate", HANDSHAKE, 5, {24, 0, 0, 1, 0}, 0, GOES_ON, false},
	{"4.6.3: KeyUpdate of value 2", HANDSHAKE, 5, {24, 0, 0, 1, 2}, 0,
		TLS_ALERT_ILLEGAL_PARAMETER, false},
	{"6.2: KeyUpdate without a value", HANDSHAKE, 4, {24, 0, 0, 0}, 0, TLS_ALERT_DECODE_ERROR,
		false},
	{"6.2: KeyUpdate with two", HANDSHAKE, 6, {24, 0, 0, 2, 0, 0}, 0, TLS_ALERT_DECODE_ERROR,
		true},
	{"5.1: two KeyUpdates in a record", HANDSHAKE, 10, {24, 0, 0, 1, 0, 24, 0, 0, 1, 0}, 0,
		TLS_ALERT_UNEXPECTED_MESSAGE, false},
	{"4: HelloRequest", HANDSHAKE, 4, {0}, 0, TLS_ALERT_UNEXPECTED_MESSAGE, false},
	{"4.1.2: ClientHello", HANDSHAKE, 4, {1}, 0, TLS_ALERT_UNEXPECTED_MESSAGE, false},
	{"4.6.1: NewSessionTicket", HANDSHAKE, 4, {4}, 0, TLS_ALERT_UNEXPECTED_MESSAGE, false},
	{"4.6.2: Certificate", HANDSHAKE, 8, {11, 0, 0, 4}, 0, TLS_ALERT_UNEXPECTED_MESSAGE, false},
	{"4.4.4: Finished", HANDSHAKE, 5, {20, 0, 0, 1, 0}, 0, TLS_ALERT_UNEXPECTED_MESSAGE, false},
	{"5.1: a few empty records", DATA, 0, {0}, 32, GOES_ON, false},
	{"5.1: too many of them", DATA, 0, {0}, 40, TLS_ALERT_UNEXPECTED_MESSAGE, false},
};

/* ---- the client's own keys ---- */

static struct rig rig;
static struct tls_record_keys keys;
static uint8_t secret[TLS_MAX_SECRET];
static const char *wanted; /* how its line of a key log begins */

static void keep_secret(const SSL *ssl, const char *line)
{
	const char *last = strrchr(line, ' ');
	unsigned int byte;

	(void)ssl;
	if (strncmp(line, wanted, strlen(wanted)) != 0)
		return;
	for (uint32_t i = 0; i < sizeof(secret) && sscanf(last + 1 + 2 * i, "%2x", &byte) == 1; i++)
		secret[i] = (uint8_t)byte;
}

static void say(uint8_t type, const uint8_t *text, uint32_t n)
{
	const struct tls_record_sink sink = rig_sink(&rig);

	rs_tls_record_seal(&keys, type, text, n, &sink);
}

/* The same, but as it is. */
static void say_in_clear(uint8_t type, const uint8_t *text, uint32_t n)
{
	const uint8_t header[TLS_RECORD_HEADER] = {type, 3, 3, (uint8_t)(n >> 8), (uint8_t)n};
	const struct tls_record_sink sink = rig_sink(&rig);

	rs_tls_record_put(&sink, header, sizeof(header));
	rs_tls_record_put(&sink, text, n);
}

/* To the client's hello. */
static void begin_to(bool no_lean, const char *line)
{
	wanted = line;
	rig_init_with(&rig, no_lean);
	SSL_CTX_set_ciphersuites(rig.ctx, "TLS_AES_128_GCM_SHA256");
	SSL_CTX_set_keylog_callback(rig.ctx, keep_secret);
	rig_connect(&rig);
	SSL_do_handshake(rig.client);
	carry(&rig);
}

static void begin(bool no_lean)
{
	begin_to(no_lean, "CLIENT_TRAFFIC_SECRET_0 ");
	shake_hands(&rig);
	carry(&rig);
	assert_true(rs_tls_keys_init(&keys, &rig.library->suites[0], secret));
}

static void end(void)
{
	rs_tls_keys_free(&keys);
	rig_disconnect(&rig);
	rig_fini(&rig);
}

/* How the server takes it: an alert as the client understands it, or one of the others. */
static int answer(void)
{
	uint32_t n;
	char byte;
	enum tls_status status = server_read(&rig, &n);

	carry(&rig);
	ERR_clear_error();
	SSL_read(rig.client, &byte, 1);
	if (status == TLS_FAILED && ERR_peek_error())
		return ERR_GET_REASON(ERR_peek_error()) - SSL_AD_REASON_OFFSET;
	return status == TLS_FAILED ? NO_ALERT : GOES_ON;
}

static void each_gets_its_alert(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(all); i++) {
		for (uint32_t no_lean = 0; no_lean < 2; no_lean++) {
			if (no_lean && all[i].but_openssl)
				continue;
			begin(no_lean);
			expect_answer(&all[i], no_lean, say, answer);
			end();
		}
	}
}

static void records_of_the_greatest_size(void **state)
{
	static uint8_t text[MAX_TEXT];
	uint32_t n;

	(void)state;
	for (uint32_t no_lean = 0; no_lean < 2; no_lean++) {
		begin(no_lean);
		say(DATA, text, TLS_RECORD_PLAINTEXT);
		assert_int_equal(server_read(&rig, &n), TLS_OK);
		assert_int_equal(n, TLS_RECORD_PLAINTEXT);
		say(DATA, text, TLS_RECORD_PLAINTEXT + 1);
		assert_int_equal(answer(), TLS_ALERT_RECORD_OVERFLOW);
		end();
	}
}

/* Section 5.4: padding does not change how much a record holds in all, its type included. */
static void padding_to_the_greatest_size(void **state)
{
	static uint8_t text[MAX_TEXT] = {'a', DATA};
	uint32_t n;

	(void)state;
	begin(false);
	say(0, text, TLS_RECORD_PLAINTEXT);
	assert_int_equal(server_read(&rig, &n), TLS_OK);
	assert_int_equal(n, 1);
	say(0, text, TLS_RECORD_PLAINTEXT + 1);
	assert_int_equal(answer(), TLS_ALERT_RECORD_OVERFLOW);
	end();
}

/* Section 5.4: no octet is found that would be the type. OpenSSL takes the record for a short one.
 */
static void a_record_without_a_type(void **state)
{
	uint8_t nonce[TLS_AEAD_NONCE], tag[TLS_AEAD_TAG];
	const uint8_t header[TLS_RECORD_HEADER] = {DATA, 3, 3, 0, sizeof(tag)};
	struct tls_aead_text text;

	(void)state;
	for (uint32_t is_forged = 0; is_forged < 2; is_forged++) {
		begin(false);
		memcpy(nonce, keys.iv, sizeof(nonce)); /* its number is 0 */
		rs_tls_aead_begin(&text, keys.key, true, nonce, header, sizeof(header));
		rs_tls_aead_end(&text, tag);
		tag[0] ^= (uint8_t)is_forged;
		say_in_clear(DATA, tag, sizeof(tag));
		assert_int_equal(answer(),
			is_forged ? TLS_ALERT_BAD_RECORD_MAC : TLS_ALERT_UNEXPECTED_MESSAGE);
		end();
	}
}

/* Section 5.1: messages may be fragmented, and nothing comes between the fragments. */
static void a_key_update_in_fragments(void **state)
{
	static const uint8_t update[5] = {24, 0, 0, 1, 0};
	uint32_t n;

	(void)state;
	for (uint32_t no_lean = 0; no_lean < 2; no_lean++) {
		for (uint32_t cut = 1; cut < sizeof(update); cut++) {
			begin(no_lean);
			say(HANDSHAKE, update, cut);
			say(HANDSHAKE, update + cut, (uint32_t)sizeof(update) - cut);
			assert_true(rs_tls_keys_update(&keys, &rig.library->suites[0]));
			say(DATA, update, 1);
			assert_int_equal(server_read(&rig, &n), TLS_OK);
			assert_int_equal(n, 1);
			end();
		}
		begin(no_lean);
		say(HANDSHAKE, update, 3);
		say(DATA, update, 1);
		assert_int_equal(answer(), TLS_ALERT_UNEXPECTED_MESSAGE);
		end();
	}
}

static void say_update(void)
{
	static const uint8_t update[5] = {24, 0, 0, 1, 1};

	say(HANDSHAKE, update, sizeof(update));
	assert_true(rs_tls_keys_update(&keys, &rig.library->suites[0]));
}

/* Section 4.6.3: scanners ask for 32 in a row; who says nothing else is sent away at last. */
static void key_updates_in_a_row(void **state)
{
	static const uint8_t byte;

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		bool no_lean = i / 2;
		uint32_t too_many = i % 2;
		uint32_t n;

		begin(no_lean);
		for (uint32_t k = 0; k < 32 + too_many; k++)
			say_update();
		say(DATA, &byte, 1);
		if (too_many) {
			assert_int_equal(
				answer(), no_lean ? NO_ALERT : TLS_ALERT_UNEXPECTED_MESSAGE);
		} else {
			assert_int_equal(server_read(&rig, &n), TLS_OK);
			assert_int_equal(n, 1);
		}
		end();
	}
}

/* One at a time, too; but data between them, from either side, makes it another row. */
static void key_updates_now_and_then(void **state)
{
	static const uint8_t byte;
	uint32_t n;

	(void)state;
	for (uint32_t k = 0; k < 4; k++) {
		bool no_lean = k / 2, side = k % 2;

		begin(no_lean);
		for (uint32_t i = 0; i < 100; i++) {
			say_update();
			assert_int_equal(server_read(&rig, &n), TLS_WANT_INPUT);
			if (i % 32 != 31)
				continue;
			if (side) {
				say(DATA, &byte, 1);
				assert_int_equal(server_read(&rig, &n), TLS_OK);
			} else {
				assert_int_equal(
					rs_tls_session_write(&rig.server, &byte, 1, &n), TLS_OK);
			}
		}
		end();
	}
	for (uint32_t no_lean = 0; no_lean < 2; no_lean++) {
		begin(no_lean);
		for (uint32_t i = 0; i < 32; i++) {
			say_update();
			assert_int_equal(server_read(&rig, &n), TLS_WANT_INPUT);
		}
		say_update();
		assert_int_equal(answer(), no_lean ? NO_ALERT : TLS_ALERT_UNEXPECTED_MESSAGE);
		end();
	}
}

/* Section 5: until the Finished they are dropped; but not without end. The client has one of its
 * own, too. */
static void ccs_before_the_finished(void **state)
{
	static const uint8_t ccs[6] = {CCS, 3, 3, 0, 1, 1};
	static const uint32_t counts[2][2] = {{31, 32}, {6, 40}}; /* OpenSSL counts otherwise */

	(void)state;
	for (uint32_t no_lean = 0; no_lean < 2; no_lean++) {
		for (uint32_t many = 0; many < 2; many++) {
			uint32_t n;

			rig_init_with(&rig, no_lean);
			rig_connect(&rig);
			SSL_do_handshake(rig.client);
			carry(&rig);
			assert_int_equal(server_read(&rig, &n), TLS_WANT_INPUT);
			carry(&rig);
			for (uint32_t i = 0; i < counts[no_lean][many]; i++) {
				memcpy(rig.in + rig.in_to, ccs, sizeof(ccs));
				rig.in_to += (uint32_t)sizeof(ccs);
			}
			assert_int_equal(SSL_do_handshake(rig.client), 1);
			carry(&rig);
			assert_int_equal(server_read(&rig, &n), many ? TLS_FAILED : TLS_WANT_INPUT);
			assert_int_equal(rig.server.open, !many);
			rig_disconnect(&rig);
			rig_fini(&rig);
		}
	}
}

/* ---- the first hello ---- */

/* Section 5.1: there is no record with nothing of a message in it, wherever it comes. */
static void hellos_with_empty_records(void **state)
{
	static const uint32_t cuts[] = {0, 1, 3, 4, 100};
	static uint8_t hello[4000];

	(void)state;
	for (uint32_t i = 0; i < 2 * RS_ARRAY_SIZE(cuts); i++) {
		uint32_t n, bytes, cut = cuts[i / 2];

		rig_init_with(&rig, i % 2);
		rig_connect(&rig);
		SSL_do_handshake(rig.client);
		carry(&rig);
		bytes = rig.in_to - TLS_RECORD_HEADER;
		memcpy(hello, rig.in + TLS_RECORD_HEADER, bytes);
		rig.in_to = 0;
		if (cut)
			say_in_clear(HANDSHAKE, hello, cut);
		say_in_clear(HANDSHAKE, hello, 0);
		say_in_clear(HANDSHAKE, hello + cut, bytes - cut);
		assert_int_equal(server_read(&rig, &n), TLS_FAILED);
		assert_int_equal(alert_of(&rig), TLS_ALERT_UNEXPECTED_MESSAGE);
		rig_disconnect(&rig);
		rig_fini(&rig);
	}
}

/* ---- the second hello ---- */

#define RANDOM_AT   (CCS_BYTES + TLS_RECORD_HEADER + 4 + 2)
#define N_UNCHANGED (32 + 1 + 32) /* random and session id; the latter's length at 32 */

/* Section 4.1.2: a bit of it is another than in the first. */
static void a_second_hello_of_other_bytes(void **state)
{
	uint32_t n;

	(void)state;
	for (uint32_t i = 0; i <= N_UNCHANGED; i++) {
		bool is_changed = i < N_UNCHANGED;

		if (i == 32)
			continue;
		rig_init_with(&rig, i % 2);
		SSL_CTX_set1_groups_list(rig.ctx, "P-521:P-256");
		rig_connect(&rig);
		SSL_do_handshake(rig.client);
		carry(&rig);
		assert_int_equal(server_read(&rig, &n), TLS_WANT_INPUT);
		carry(&rig);
		SSL_do_handshake(rig.client);
		carry(&rig);
		if (is_changed)
			rig.in[RANDOM_AT + i] ^= 1;
		assert_int_equal(server_read(&rig, &n), is_changed ? TLS_FAILED : TLS_WANT_INPUT);
		assert_int_equal(rig.out[0], is_changed ? ALERT : HANDSHAKE);
		if (is_changed)
			assert_int_equal(rig.out[6], TLS_ALERT_ILLEGAL_PARAMETER);
		rig_disconnect(&rig);
		rig_fini(&rig);
	}
}

/* ---- the Finished ---- */

#define FINISHED_BYTES (4 + 32)

/* A handshake up to the client's Finished, which the server has not seen; keys: the client's. */
static void begin_finished(bool no_lean, uint8_t *finished)
{
	static uint8_t text[TLS_RECORD_MAX];
	struct tls_record_keys reader;
	uint32_t n;
	uint8_t type;

	begin_to(no_lean, "CLIENT_HANDSHAKE_TRAFFIC_SECRET ");
	assert_int_equal(server_read(&rig, &n), TLS_WANT_INPUT);
	carry(&rig);
	assert_int_equal(SSL_do_handshake(rig.client), 1);
	carry(&rig);
	assert_true(rs_tls_keys_init(&reader, &rig.library->suites[0], secret));
	assert_int_equal(rs_tls_record_open(&reader, rig.in + CCS_BYTES, rig.in_to - CCS_BYTES,
				 text, &n, &type),
		TLS_ALERT_NONE);
	assert_int_equal(n, FINISHED_BYTES);
	memcpy(finished, text, n);
	rs_tls_keys_free(&reader);
	rig.in_to = CCS_BYTES;
	assert_true(rs_tls_keys_init(&keys, &rig.library->suites[0], secret));
}

/* Section 5.1, as above; and whoever waits for more is not served yet. */
static void a_finished_in_fragments(void **state)
{
	uint8_t finished[FINISHED_BYTES];
	uint32_t n;

	(void)state;
	for (uint32_t no_lean = 0; no_lean < 2; no_lean++) {
		for (uint32_t cut = 1; cut < FINISHED_BYTES; cut++) {
			begin_finished(no_lean, finished);
			say(HANDSHAKE, finished, cut);
			assert_int_equal(server_read(&rig, &n), TLS_WANT_INPUT);
			assert_false(rig.server.open);
			say(HANDSHAKE, finished + cut, FINISHED_BYTES - cut);
			assert_int_equal(server_read(&rig, &n), TLS_WANT_INPUT);
			assert_true(rig.server.open);
			end();
		}
	}
}

enum finished_fault {
	WRONG,
	WRONG_AT_ONCE,
	SHORT,
	LONG,
	OTHER_MESSAGE,
	MORE_BEHIND_IT,
	DATA_BEFORE_IT,
	DATA_WITHIN,
	EMPTY,
	EMPTY_WITHIN,
	SPOILT,
	N_FINISHED_FAULTS,
};

static void say_faulty(enum finished_fault fault, uint8_t *finished)
{
	uint8_t text[FINISHED_BYTES + 1] = {0};

	memcpy(text, finished, FINISHED_BYTES);
	switch (fault) {
	case WRONG:
		text[FINISHED_BYTES - 1] ^= 1;
		say(HANDSHAKE, text, 10);
		say(HANDSHAKE, text + 10, FINISHED_BYTES - 10);
		return;
	case WRONG_AT_ONCE:
		text[4] ^= 0x80;
		say(HANDSHAKE, text, FINISHED_BYTES);
		return;
	case SHORT:
		text[3]--;
		say(HANDSHAKE, text, FINISHED_BYTES - 1);
		return;
	case LONG:
		text[3]++;
		say(HANDSHAKE, text, FINISHED_BYTES + 1);
		return;
	case OTHER_MESSAGE:
		text[0] = 24;
		say(HANDSHAKE, text, FINISHED_BYTES);
		return;
	case MORE_BEHIND_IT:
		say(HANDSHAKE, text, FINISHED_BYTES + 1);
		return;
	case DATA_BEFORE_IT:
		say(DATA, text, 1);
		return;
	case DATA_WITHIN:
		say(HANDSHAKE, text, 10);
		say(DATA, text, 1);
		return;
	case EMPTY_WITHIN:
		say(HANDSHAKE, text, 10);
		say(HANDSHAKE, text, 0);
		return;
	case SPOILT: /* in nothing but the tag */
		say(HANDSHAKE, text, FINISHED_BYTES);
		rig.in[rig.in_to - 1] ^= 1;
		return;
	default:
		say(HANDSHAKE, text, 0);
		return;
	}
}

/* Sections 4.4.4, 5.1, 5.2, 6.2. */
static void nothing_but_the_finished(void **state)
{
	static const int alerts[N_FINISHED_FAULTS] = {
		[WRONG] = TLS_ALERT_DECRYPT_ERROR,
		[WRONG_AT_ONCE] = TLS_ALERT_DECRYPT_ERROR,
		[SHORT] = TLS_ALERT_DECODE_ERROR,
		[LONG] = TLS_ALERT_DECODE_ERROR,
		[OTHER_MESSAGE] = TLS_ALERT_UNEXPECTED_MESSAGE,
		[MORE_BEHIND_IT] = TLS_ALERT_UNEXPECTED_MESSAGE,
		[DATA_BEFORE_IT] = TLS_ALERT_UNEXPECTED_MESSAGE,
		[DATA_WITHIN] = TLS_ALERT_UNEXPECTED_MESSAGE,
		[EMPTY] = TLS_ALERT_UNEXPECTED_MESSAGE,
		[EMPTY_WITHIN] = TLS_ALERT_UNEXPECTED_MESSAGE,
		[SPOILT] = TLS_ALERT_BAD_RECORD_MAC,
	};
	uint8_t finished[FINISHED_BYTES];

	(void)state;
	for (uint32_t no_lean = 0; no_lean < 2; no_lean++) {
		for (uint32_t i = 0; i < N_FINISHED_FAULTS; i++) {
			begin_finished(no_lean, finished);
			say_faulty((enum finished_fault)i, finished);
			assert_int_equal(answer(), alerts[i]);
			assert_false(rig.server.open);
			end();
		}
	}
}

/* Section 5: a single byte, which is 1. OpenSSL has another alert. */
static void other_changes_of_cipher_spec(void **state)
{
	static const struct {
		uint8_t n, text[2];
	} all_kinds[] = {{0, {1}}, {1, {0}}, {1, {2}}, {2, {1, 1}}};
	uint8_t finished[FINISHED_BYTES];

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(all_kinds); i++) {
		begin_finished(false, finished);
		say_in_clear(CCS, all_kinds[i].text, all_kinds[i].n);
		assert_int_equal(answer(), TLS_ALERT_UNEXPECTED_MESSAGE);
		assert_false(rig.server.open);
		end();
	}
}

/* Sections 5.1 and 5.4: a record of alerts has one, and all of it; sealed, or as it is. */
static void alerts_instead_of_the_finished(void **state)
{
	static const int answers[] = {TLS_ALERT_UNEXPECTED_MESSAGE, TLS_ALERT_DECODE_ERROR,
		NO_ALERT, TLS_ALERT_DECODE_ERROR};
	static const uint8_t alert[] = {2, 40, 0};
	uint8_t finished[FINISHED_BYTES];

	(void)state;
	for (uint32_t sealed = 0; sealed < 2; sealed++) {
		for (uint8_t n = 0; n < RS_ARRAY_SIZE(answers); n++) {
			begin_finished(false, finished);
			(sealed ? say : say_in_clear)(ALERT, alert, n);
			assert_int_equal(answer(), answers[n]);
			assert_false(rig.server.open);
			end();
		}
	}
}

/* Section 5.1, with what would be dropped, or heeded, before it. OpenSSL does that all the same. */
static void nothing_within_the_finished(void **state)
{
	static const struct {
		void (*say)(uint8_t type, const uint8_t *text, uint32_t n);
		uint8_t type, n, text[2];
	} all_kinds[] = {
		{say_in_clear, CCS, 1, {1}},
		{say_in_clear, ALERT, 2, {1, 90}},
		{say, ALERT, 2, {1, 90}},
		{say, ALERT, 2, {1, 0}},
		{say, ALERT, 2, {2, 40}},
	};
	uint8_t finished[FINISHED_BYTES];

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(all_kinds); i++) {
		begin_finished(false, finished);
		say(HANDSHAKE, finished, 10);
		all_kinds[i].say(all_kinds[i].type, all_kinds[i].text, all_kinds[i].n);
		say(HANDSHAKE, finished + 10, FINISHED_BYTES - 10);
		assert_int_equal(answer(), TLS_ALERT_UNEXPECTED_MESSAGE);
		assert_false(rig.server.open);
		end();
	}
}

/* Section 6.1: user_canceled closes nothing, before the Finished and behind it; but not without
 * end. */
static void who_cancels_may_go_on(void **state)
{
	static const uint8_t canceled[] = {1, 90}, byte;
	uint8_t finished[FINISHED_BYTES];
	uint32_t n;

	(void)state;
	for (uint32_t no_lean = 0; no_lean < 2; no_lean++) {
		begin_finished(no_lean, finished);
		say(ALERT, canceled, sizeof(canceled));
		say(ALERT, canceled, sizeof(canceled));
		say(HANDSHAKE, finished, FINISHED_BYTES);
		assert_int_equal(server_read(&rig, &n), TLS_WANT_INPUT);
		assert_true(rig.server.open);
		end();
		begin(no_lean);
		say(ALERT, canceled, sizeof(canceled));
		say(DATA, &byte, 1);
		assert_int_equal(server_read(&rig, &n), TLS_OK);
		assert_int_equal(n, 1);
		end();
		begin_finished(no_lean, finished);
		for (uint32_t i = 0; i < 40; i++)
			say(ALERT, canceled, sizeof(canceled));
		assert_int_equal(answer(), TLS_ALERT_UNEXPECTED_MESSAGE);
		assert_false(rig.server.open);
		end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_gets_its_alert),
		cmocka_unit_test(records_of_the_greatest_size),
		cmocka_unit_test(padding_to_the_greatest_size),
		cmocka_unit_test(a_record_without_a_type),
		cmocka_unit_test(a_key_update_in_fragments),
		cmocka_unit_test(key_updates_in_a_row),
		cmocka_unit_test(key_updates_now_and_then),
		cmocka_unit_test(ccs_before_the_finished),
		cmocka_unit_test(hellos_with_empty_records),
		cmocka_unit_test(a_second_hello_of_other_bytes),
		cmocka_unit_test(a_finished_in_fragments),
		cmocka_unit_test(nothing_but_the_finished),
		cmocka_unit_test(other_changes_of_cipher_spec),
		cmocka_unit_test(alerts_instead_of_the_finished),
		cmocka_unit_test(nothing_within_the_finished),
		cmocka_unit_test(who_cancels_may_go_on),
	};

	return cmocka_run_group_tests(tests, make_certificate, NULL);
}
