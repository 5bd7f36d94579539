/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a client says to an established session, with its keys and without. The input: a suite (3
 * of TLS 1.3, then 3 of 1.2), the most bytes that come at once (0: all), the room for answers in
 * units of 16 bytes; then records, each a type, a length, and its text, which is sealed. With the
 * highest bit of the type set, the text comes as it is. Whatever that is, the session gives no
 * byte that was not said, and says nothing that its client cannot open.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/tls_rig.h"
#include "tls/domain_internal.h"

#define N_SUITES  3
#define MAX_STEPS 200
#define RAW       0x80

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rig rig;
static struct tls_record_keys client, server;
static uint8_t secrets[2][TLS_MAX_SECRET];
static uint64_t n_said, n_got;

static void take_secret(const SSL *ssl, const char *line)
{
	static const char *const labels[] = {
		"CLIENT_TRAFFIC_SECRET_0 ", "SERVER_TRAFFIC_SECRET_0 "};
	size_t n;

	(void)ssl;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(labels); i++) {
		if (!strncmp(line, labels[i], strlen(labels[i])))
			OPENSSL_hexstr2buf_ex(
				secrets[i], TLS_MAX_SECRET, &n, strrchr(line, ' ') + 1, '\0');
	}
}

static void stop(void)
{
	rig_fini(&rig);
}

static void start(void)
{
	make_certificate(NULL);
	rig_init(&rig);
	rig.settings.ticket_lifetime_s = 0; /* no records behind the handshake */
	rig_change_domain(&rig);
	SSL_CTX_set_keylog_callback(rig.ctx, take_secret);
	atexit(stop);
}

static void use_keys_12(const struct tls_record_suite *suite)
{
	uint8_t master[TLS_MASTER_BYTES], randoms[2 * TLS_RANDOM_BYTES];

	SSL_SESSION_get_master_key(SSL_get_session(rig.client), master, sizeof(master));
	SSL_get_server_random(rig.client, randoms, TLS_RANDOM_BYTES);
	SSL_get_client_random(rig.client, randoms + TLS_RANDOM_BYTES, TLS_RANDOM_BYTES);
	RIG_CHECK(rs_tls_keys_init_12(&client, &server, suite, master, randoms));
	client.seq = server.seq = 1; /* behind the Finished */
}

static void connect_with(uint32_t choice)
{
	static const char *const suites_13[N_SUITES] = {
		"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"};
	static const char *const suites_12[N_SUITES] = {"ECDHE-ECDSA-AES128-GCM-SHA256",
		"ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"};
	const uint32_t kind = choice % N_SUITES;
	const struct tls_record_suite *suite = &rig.library->suites[kind];
	const bool is_12 = choice / N_SUITES % 2;

	SSL_CTX_set_max_proto_version(rig.ctx, is_12 ? TLS1_2_VERSION : TLS1_3_VERSION);
	SSL_CTX_set_ciphersuites(rig.ctx, suites_13[kind]);
	SSL_CTX_set_cipher_list(rig.ctx, suites_12[kind]);
	rig_connect(&rig);
	shake_hands(&rig);
	RIG_CHECK(rig.server.lean && !rig.in_to && !rig.out_to);
	if (is_12)
		use_keys_12(suite);
	else
		RIG_CHECK(rs_tls_keys_init(&client, suite, secrets[0]) &&
			  rs_tls_keys_init(&server, suite, secrets[1]));
	n_said = n_got = 0;
}

static uint8_t *to_server(void *self, uint32_t *bytes)
{
	struct rig *r = self;

	*bytes = BUFFER_BYTES - r->in_to;
	return r->in + r->in_to;
}

static void has_come(void *self, uint32_t n)
{
	((struct rig *)self)->in_to += n;
}

/* Keys of 1.3 are others behind a KeyUpdate. */
static void follow(struct tls_record_keys *k, uint8_t type, const uint8_t *text, uint32_t n)
{
	if (k->format == TLS_RECORD_13 && type == TLS_CONTENT_HANDSHAKE &&
		n == TLS_KEY_UPDATE_BYTES && text[0] == TLS_KEY_UPDATE)
		RIG_CHECK(rs_tls_keys_update(k, rig.server.suite));
}

static void say(uint8_t type, const uint8_t *text, uint32_t n)
{
	const struct tls_record_sink sink = {.self = &rig, .room = to_server, .wrote = has_come};

	if (type & RAW) {
		memcpy(rig.in + rig.in_to, text, n);
		rig.in_to += n;
		return;
	}
	rs_tls_record_seal(&client, type, text, n, &sink);
	follow(&client, type, text, n);
	n_said += n;
}

static void hear(void)
{
	static uint8_t text[TLS_RECORD_MAX];

	for (uint32_t at = 0; at < rig.out_to;) {
		uint32_t n, bytes = TLS_RECORD_HEADER + rs_load_be16(rig.out + at + 3);
		uint8_t type;

		RIG_CHECK(rs_tls_record_open(&server, rig.out + at, bytes, text, &n, &type) ==
			  TLS_ALERT_NONE);
		follow(&server, type, text, n);
		at += bytes;
	}
	rig.out_to = 0;
}

/* All that has come is read, and each read is answered with as much. */
static enum tls_status answer(uint32_t roomy)
{
	enum tls_status status = TLS_OK;
	uint32_t n, n_written;

	while (status == TLS_OK) {
		status = server_read(&rig, &n);
		RIG_CHECK(status == TLS_OK ? n : !n);
		n_got += n;
		rig.roomy = roomy;
		if (n && rs_tls_session_write(&rig.server, rig.text, n, &n_written) == TLS_FAILED)
			status = TLS_FAILED;
		hear();
	}
	RIG_CHECK(n_got <= n_said);
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum tls_status status = TLS_WANT_INPUT;
	uint32_t roomy;

	if (size < 3)
		return 0;
	if (!rig.domain)
		start();
	connect_with(data[0]);
	rig.shown = data[1] ? data[1] : UINT32_MAX;
	rig.roomy = roomy = data[2] * 16u;
	data += 3;
	size -= 3;
	for (uint32_t i = 0; i < MAX_STEPS && size >= 2 && status == TLS_WANT_INPUT; i++) {
		uint32_t n = rs_min_u32(data[1], (uint32_t)size - 2);

		say(data[0], data + 2, n);
		status = answer(roomy);
		data += 2 + n;
		size -= 2 + n;
	}
	rig.has_ended = true;
	if (status == TLS_WANT_INPUT)
		RIG_CHECK(answer(roomy) != TLS_WANT_INPUT);
	rs_tls_session_close(&rig.server);
	rs_tls_keys_free(&client);
	rs_tls_keys_free(&server);
	rig_disconnect(&rig);
	return 0;
}
