/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * perf/load with TLS, without a port: its connections against OpenSSL's own server, to which the
 * segments are carried here, cut as the test likes, and now and then lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client.h"
#include "tls.h"
#include "tls_rig.h"
#include "wire/seg.h"

#define TSC_HZ     1000000000u
#define V4         "--target 10.0.0.2 --ip 10.0.1.1/16 --conns 1 "
#define MAX_ANSWER 400000

static struct load_options options;
static struct workload workload;
static struct answer_reader reader;
static struct client client;

/* The server of the one connection, and how its TCP stands. */
static struct server {
	SSL_CTX *ctx;
	SSL *ssl;
	uint32_t seq, ack;
	uint16_t wnd;           /* its window … */
	uint32_t room;          /* … and what is left of that which the client knows */
	uint32_t segment_bytes; /* of what it sends */
	uint32_t n_requests;
	uint32_t request_bytes; /* how long they are; 0: as short as a record */
	uint32_t n_heard;       /* of the next one */
	uint32_t n_key_updates; /* the client's */
	char answer[MAX_ANSWER];
	uint32_t answer_len;
	bool closes;       /* after each answer … */
	bool says_nothing; /* … without a close-notify */
	bool syn_out, fin_out, fin_in;
} server;

static void serve_body(uint32_t len)
{
	int n = sprintf(server.answer, "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n", len);

	for (uint32_t i = 0; i < len; i++)
		server.answer[n++] = (char)(i * 7 + i / 1000);
	server.answer_len = (uint32_t)n;
}

static void on_message(int written, int version, int content_type, const void *data, size_t bytes,
	SSL *ssl, void *arg)
{
	const uint8_t *message = data;

	(void)version;
	(void)ssl;
	(void)arg;
	if (!written && content_type == SSL3_RT_HANDSHAKE && bytes)
		server.n_key_updates += message[0] == SSL3_MT_KEY_UPDATE;
}

static void start(const char *words)
{
	static char copy[500];
	char *argv[40] = {"ringside-load"};
	int argc = 1;

	strcpy(copy, words);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	assert_int_equal(rs_load_options_parse(&options, argc, argv), 0);
	assert_int_equal(rs_workload_init(&workload, &options), 0);
	rs_answer_reader_init(&reader, &options, workload.is_head);
	assert_int_equal(rs_client_init(&client, &options, &workload, &reader, 1460, TSC_HZ), 0);
	rs_client_now(&client, TSC_HZ);

	memset(&server, 0, sizeof(server));
	server.segment_bytes = 1460;
	server.wnd = UINT16_MAX;
	server.ctx = SSL_CTX_new(TLS_server_method());
	assert_int_equal(SSL_CTX_use_certificate_file(server.ctx, cert_path, SSL_FILETYPE_PEM), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey_file(server.ctx, key_path, SSL_FILETYPE_PEM), 1);
	SSL_CTX_set_msg_callback(server.ctx, on_message);
	serve_body(5);
	assert_true(rs_client_open_next(&client));
}

static void finish(void)
{
	SSL_free(server.ssl);
	SSL_CTX_free(server.ctx);
	rs_client_fini(&client);
	rs_workload_fini(&workload);
}

static struct load_tls_stats *stats(void)
{
	return rs_load_tls_stats(client.tls);
}

/* A segment to the client, whose bytes nobody may read beyond. */
static void say(uint8_t flags, const void *data, uint32_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct load_seg seg = {
		.tuple = client.conns[0].tuple,
		.seq = server.seq,
		.ack = server.ack,
		.wnd = server.wnd,
		.flags = flags,
		.data = copy,
		.len = len,
	};

	memcpy(copy, data, len);
	server.room = server.wnd;
	rs_client_input(&client, &seg);
	server.seq += len + !!(flags & (TCP_SYN | TCP_FIN));
	free(copy);
}

static void accept_connection(const struct load_out *syn)
{
	SSL_free(server.ssl);
	server.ssl = SSL_new(server.ctx);
	SSL_set_bio(server.ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_accept_state(server.ssl);
	server.seq = 99;
	server.ack = syn->seq + 1;
	server.syn_out = true;
	server.fin_out = false;
}

/* One segment from the client. */
static void hear(const struct load_out *out)
{
	if (out->flags & TCP_SYN) {
		accept_connection(out);
		return;
	}
	assert_true(out->len <= 1460);
	if (!out->len && !(out->flags & TCP_FIN))
		return;
	assert_int_equal(out->seq, server.ack);
	assert_true(out->len <= server.room);
	server.room -= out->len;
	if (out->len)
		assert_int_equal(
			BIO_write(SSL_get_rbio(server.ssl), out->data, (int)out->len), out->len);
	server.fin_in = out->flags & TCP_FIN;
	server.ack += out->len + server.fin_in;
}

/* What the server's TLS has to say about that. */
static void think(void)
{
	char text[16384];
	int n;

	while ((n = SSL_read(server.ssl, text, sizeof(text))) > 0) {
		if (!server.n_heard)
			assert_memory_equal(text, "GET / HTTP/1.1\r\n", 16);
		server.n_heard += (uint32_t)n;
		if (server.n_heard < server.request_bytes)
			continue;
		server.n_heard = 0;
		server.n_requests++;
		SSL_write(server.ssl, server.answer, (int)server.answer_len);
		if (server.closes && !server.says_nothing)
			SSL_shutdown(server.ssl);
		server.fin_out = server.closes;
	}
	ERR_clear_error();
}

static void answer(void)
{
	static uint8_t bytes[2 * MAX_ANSWER];
	int len = BIO_read(SSL_get_wbio(server.ssl), bytes, sizeof(bytes));

	if (server.syn_out)
		say(TCP_SYN | TCP_ACK, "", 0);
	else if (server.fin_in)
		say(TCP_ACK, "", 0);
	server.syn_out = server.fin_in = false;
	for (uint32_t at = 0; len > 0 && at < (uint32_t)len;) {
		uint32_t n = rs_min_u32((uint32_t)len - at, server.segment_bytes);

		say(TCP_ACK, bytes + at, n);
		at += n;
	}
	if (server.fin_out)
		say(TCP_ACK | TCP_FIN, "", 0);
	server.fin_out = false;
}

/* Carries what both say, a flight each. False: the client has said nothing. */
static bool carry_once(void)
{
	uint32_t n = client.n_out;

	for (uint32_t i = 0; i < n; i++)
		hear(&client.out[i]);
	client.n_out = 0;
	if (server.ssl && !server.syn_out)
		think();
	answer();
	rs_client_flush_acks(&client);
	return n;
}

static void carry_until(const uint64_t *count, uint64_t wanted)
{
	for (int i = 0; i < 1000 && *count < wanted; i++)
		carry_once();
	assert_int_equal(*count, wanted);
}

static void nothing_is_wrong(void)
{
	assert_int_equal(stats()->n_failed + stats()->n_bad_records + stats()->n_truncated, 0);
	assert_int_equal(reader.n_malformed + reader.n_wrong_length + reader.n_wrong_body, 0);
	assert_int_equal(client.stats.n_resets + client.stats.n_closed_early, 0);
}

/* ---- tests ---- */

static void wrong_options(void **state)
{
	static const char *const wrong[] = {"--tls", "--tls half", "--tls full --pipeline 2",
		"--tls-group X25519", "--tls-cipher TLS_AES_128_GCM_SHA256",
		"--tls full --tls-records lean", "--tls keepalive --tls-records mine"};
	char words[200];

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(wrong); i++) {
		char *argv[20] = {"ringside-load"};
		int argc = 1;

		sprintf(words, V4 "%s", wrong[i]);
		for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
			argv[argc++] = word;
		assert_int_equal(rs_load_options_parse(&options, argc, argv), -1);
	}
	start(V4 "--tls full");
	assert_int_equal(options.port, 443);
	assert_int_equal(options.per_conn, 1);
	finish();
	options.tls_group = "no-such-group";
	assert_null(rs_load_tls_create(&options, 1));
	assert_int_equal(rs_client_init(&client, &options, &workload, &reader, 1460, TSC_HZ), -1);
	assert_int_equal(client.slots.n, 0); /* no connection is left to be closed */
	rs_client_fini(&client);
	options.tls_group = "X25519";
	options.tls_cipher = "no-such-cipher";
	assert_null(rs_load_tls_create(&options, 1));
}

static const char *const records[] = {
	V4 "--tls keepalive --tls-records lean", V4 "--tls keepalive --tls-records openssl"};

static void requests_over_one_session(void **state)
{
	static const uint32_t cuts[] = {1, 5, 100, 1460};

	(void)state;
	for (uint32_t i = 0; i < 2 * RS_ARRAY_SIZE(cuts); i++) {
		start(records[i % 2]);
		server.segment_bytes = cuts[i / 2];
		carry_until(&client.stats.n_responses, 5);
		assert_string_equal(SSL_get_version(server.ssl), "TLSv1.3");
		assert_string_equal(SSL_get_cipher(server.ssl), "TLS_AES_128_GCM_SHA256");
		assert_int_equal(SSL_get_negotiated_group(server.ssl), NID_X25519);
		assert_int_equal(stats()->n_full, 1);
		assert_int_equal(stats()->n_resumed, 0);
		assert_int_equal(stats()->handshake.n, 1);
		assert_int_equal(client.n_established, 1);
		assert_int_equal(reader.body_bytes, 25);
		nothing_is_wrong();
		finish();
	}
}

static void group_and_cipher(void **state)
{
	static const char *const ciphers[] = {
		"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"};

	(void)state;
	for (uint32_t i = 0; i < 2 * RS_ARRAY_SIZE(ciphers); i++) {
		char words[200];

		sprintf(words, "%s --tls-group P-256 --tls-cipher %s", records[i % 2],
			ciphers[i / 2]);
		start(words);
		carry_until(&client.stats.n_responses, 2);
		assert_string_equal(SSL_get_cipher(server.ssl), ciphers[i / 2]);
		assert_int_equal(SSL_get_negotiated_group(server.ssl), NID_X9_62_prime256v1);
		nothing_is_wrong();
		finish();
	}
}

static void records_that_span_segments(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(records); i++) {
		start(records[i]);
		serve_body(300000);
		/* One body of 64 is read: the first one, and that one, which must be the same. */
		carry_until(&client.stats.n_responses, ANSWER_SAMPLE_MASK + 2);
		assert_int_equal(reader.body_bytes, 300000 * (ANSWER_SAMPLE_MASK + 2));
		nothing_is_wrong();
		server.answer[1000] ^= 1;
		carry_until(&client.stats.n_responses, 2 * (ANSWER_SAMPLE_MASK + 2));
		assert_int_equal(reader.n_wrong_body, 1);
		finish();
	}
}

static void the_server_changes_its_keys(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(records); i++) {
		start(records[i]);
		carry_until(&client.stats.n_responses, 2);
		assert_int_equal(SSL_key_update(server.ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		carry_until(&client.stats.n_responses, 4);
		assert_int_equal(server.n_key_updates, 0);
		/* And wants the client to do so, too. */
		assert_int_equal(SSL_key_update(server.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
		carry_until(&client.stats.n_responses, 8);
		assert_int_equal(server.n_key_updates, 1);
		nothing_is_wrong();
		finish();
	}
}

/* With bodies of 32 KiB. */
static void start_large(const char *options_words)
{
	char body[TEMP_PATH_BYTES], words[256];
	FILE *file = temp_new_file(body);

	for (uint32_t n = 0; n < 32768; n++)
		fputc((int)(n * 13 % 251), file);
	fclose(file);
	sprintf(words, "%s --body %s", options_words, body);
	start(words);
	server.request_bytes = workload.requests[0].len;
}

static void large_requests(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(records); i++) {
		start_large(records[i]);
		carry_until(&client.stats.n_responses, 3);
		nothing_is_wrong();
		finish();
	}
}

/* No more goes out than the server has room for: hear() looks at that. */
static void the_window_is_heeded(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(records); i++) {
		start_large(records[i]);
		server.wnd = 3000;
		for (uint32_t n = 0; n < 100 && !client.stats.n_responses; n++) {
			carry_once();
			say(TCP_ACK, "", 0);
		}
		assert_int_equal(client.stats.n_responses, 1);
		nothing_is_wrong();
		finish();
	}
}

/* RFC 9293, 3.8.6.1 and 3.8.6.2.1 */
static void shut_and_small_windows(void **state)
{
	(void)state;
	start_large(V4 "--tls keepalive --timeout 60000");
	carry_once();
	server.wnd = 0;
	carry_until(&client.stats.n_requests, 1);
	for (uint32_t n = 0; n < 5 && client.n_out; n++)
		carry_once();
	say(TCP_ACK, "", 0);
	assert_int_equal(client.n_out, 0);
	for (uint32_t n = 0; n < 2; n++) { /* and once more, since it is lost */
		client.n_out = 0;
		rs_client_now(&client, client.now_tsc + TSC_HZ);
		rs_client_scan(&client, 1, 0);
		assert_int_equal(client.n_out, 1);
		assert_int_equal(client.out[0].seq, server.ack);
		assert_int_equal(client.out[0].len, 1);
	}
	server.room = 1;
	hear(&client.out[0]);
	client.n_out = 0;
	server.wnd = 2000;
	say(TCP_ACK, "", 0);
	assert_int_equal(client.n_out, 3); /* whole segments, and no piece of a fourth */
	assert_int_equal(client.conns[0].snd_nxt, server.ack + 3 * 536);
	server.wnd = UINT16_MAX;
	carry_until(&client.stats.n_responses, 2);
	nothing_is_wrong();
	finish();
}

static void a_full_handshake_for_each_connection(void **state)
{
	(void)state;
	start(V4 "--tls full");
	server.closes = true;
	carry_until(&stats()->n_full, 4);
	assert_int_equal(stats()->n_resumed, 0);
	assert_int_equal(server.n_requests, 3);
	assert_int_equal(client.stats.n_connects, 4);
	nothing_is_wrong();
	finish();
}

static void resumption(void **state)
{
	(void)state;
	start(V4 "--tls resumed");
	server.closes = true;
	carry_until(&stats()->n_resumed, 3);
	assert_true(SSL_session_reused(server.ssl));
	/* With a key exchange all the same. */
	assert_int_equal(SSL_get_negotiated_group(server.ssl), NID_X25519);
	assert_int_equal(stats()->n_full, 1);
	/* A server that has no new ticket for who has one. */
	SSL_CTX_set_num_tickets(server.ctx, 0);
	carry_until(&stats()->n_resumed, 7);
	assert_int_equal(stats()->n_full, 1);
	nothing_is_wrong();
	finish();
}

static void what_is_lost_is_sent_again(void **state)
{
	uint32_t seq, len;

	(void)state;
	start(V4 "--tls keepalive");
	carry_once(); /* accepted: a ClientHello is on its way */
	assert_int_equal(client.n_out, 1);
	seq = client.out[0].seq;
	len = client.out[0].len;
	client.n_out = 0;
	rs_client_now(&client, client.now_tsc + TSC_HZ / 4);
	rs_client_scan(&client, 1, 0);
	assert_int_equal(client.n_out, 1);
	assert_int_equal(client.out[0].seq, seq);
	assert_int_equal(client.out[0].len, len);
	assert_int_equal(client.stats.n_retransmissions, 1);
	/* Half of it has arrived: the other half is sent again. */
	client.n_out = 0;
	BIO_write(SSL_get_rbio(server.ssl), client.out[0].data, 100);
	server.ack += 100;
	say(TCP_ACK, "", 0);
	assert_int_equal(client.n_out, 0);
	rs_client_now(&client, client.now_tsc + TSC_HZ / 4);
	rs_client_scan(&client, 1, 0);
	assert_int_equal(client.out[0].seq, seq + 100);
	carry_until(&client.stats.n_responses, 1);
	/* The server has all: however long it takes, there is nothing to repeat. */
	assert_int_equal(client.n_out, 1);
	hear(&client.out[0]);
	client.n_out = 0;
	say(TCP_ACK, "", 0);
	rs_client_now(&client, client.now_tsc + TSC_HZ);
	rs_client_scan(&client, 1, 0);
	assert_int_equal(client.stats.n_retransmissions, 2);
	carry_until(&client.stats.n_responses, 2);
	nothing_is_wrong();
	finish();
}

static void bytes_that_are_wrong(void **state)
{
	(void)state;
	start(V4 "--tls keepalive");
	carry_once();
	say(TCP_ACK, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
	assert_int_equal(stats()->n_failed, 1);
	assert_int_equal(client.conns[0].state, CLIENT_CLOSED);
	assert_int_equal(client.out[client.n_out - 1].flags, TCP_RST | TCP_ACK);
	finish();

	start(records[0]);
	carry_until(&client.stats.n_responses, 1);
	client.n_out = 0;
	say(TCP_ACK, "\x17\x03\x03\x00\x15 not what was sealed", 26);
	assert_int_equal(stats()->n_bad_records, 1);
	assert_int_equal(client.out[client.n_out - 1].flags, TCP_RST | TCP_ACK);
	finish();

	start(records[1]);
	carry_until(&client.stats.n_responses, 1);
	client.n_out = 0;
	say(TCP_ACK, "\x17\x03\x03\x00\x15 not what was sealed", 26);
	assert_int_equal(stats()->n_bad_records, 1);
	assert_int_equal(stats()->n_failed, 0);
	assert_int_equal(client.n_established, 0);
	assert_int_equal(client.n_out, 2); /* the alert, and a RST behind it */
	assert_true(client.out[0].has_data);
	assert_int_equal(client.out[1].flags, TCP_RST | TCP_ACK);
	assert_int_equal(client.out[1].seq, client.out[0].seq + client.out[0].len);
	finish();
}

/* An answer that ends with the connection ends with the session (RFC 9112 section 9.8). */
static void the_end_of_the_session_ends_an_answer(void **state)
{
	(void)state;
	for (uint32_t is_cut = 0; is_cut < 2; is_cut++) {
		start(V4 "--tls full");
		server.answer_len =
			(uint32_t)sprintf(server.answer, "HTTP/1.0 200 OK\r\n\r\nhello");
		server.closes = true;
		server.says_nothing = is_cut;
		if (is_cut) /* it opens again when time has passed */
			carry_until(&stats()->n_truncated, 1);
		else
			carry_until(&client.stats.n_connects, 3);
		assert_int_equal(client.stats.n_responses, is_cut ? 0 : 2);
		assert_int_equal(client.stats.n_closed_early, is_cut);
		assert_int_equal(stats()->n_truncated, is_cut);
		assert_int_equal(reader.n_malformed, 0);
		finish();
	}
}

static void ends_that_are_wrong(void **state)
{
	(void)state;
	start(V4 "--tls full");
	server.closes = server.says_nothing = true;
	carry_until(&client.stats.n_connects, 2);
	assert_int_equal(stats()->n_truncated, 1);
	finish();

	start(V4 "--tls full");
	carry_once();
	say(TCP_ACK | TCP_FIN, "", 0);
	assert_int_equal(stats()->n_failed, 1);
	assert_int_equal(client.stats.n_closed_early, 1);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_options),
		cmocka_unit_test(requests_over_one_session),
		cmocka_unit_test(group_and_cipher),
		cmocka_unit_test(records_that_span_segments),
		cmocka_unit_test(the_server_changes_its_keys),
		cmocka_unit_test(large_requests),
		cmocka_unit_test(the_window_is_heeded),
		cmocka_unit_test(shut_and_small_windows),
		cmocka_unit_test(a_full_handshake_for_each_connection),
		cmocka_unit_test(resumption),
		cmocka_unit_test(what_is_lost_is_sent_again),
		cmocka_unit_test(bytes_that_are_wrong),
		cmocka_unit_test(the_end_of_the_session_ends_an_answer),
		cmocka_unit_test(ends_that_are_wrong),
	};

	return cmocka_run_group_tests(tests, make_certificate, NULL);
}
