/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls_lean.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/bytes.h"

/* RFC 8446 section 5.5: fewer records with one key than AES-GCM stands. */
#define MAX_RECORDS_PER_KEY (UINT64_C(1) << 23)
#define KEY_UPDATE          24
#define KEY_UPDATE_BYTES    5

/* ---- keys ---- */

bool rs_load_lean_suite_init(
	struct tls_lean_suite *suite, OSSL_LIB_CTX *library, const SSL_CIPHER *cipher)
{
	uint32_t number = SSL_CIPHER_get_protocol_id(cipher);
	const char *hash = EVP_MD_get0_name(SSL_CIPHER_get_handshake_digest(cipher));

	if (number <= 0x1300 || number > 0x1300 + TLS_N_AEADS ||
		!rs_tls_hkdf_init(&suite->hkdf, library, hash))
		return false;
	suite->aead = rs_tls_aead_new();
	suite->record = (struct tls_record_suite){
		.aead = suite->aead,
		.kind = (enum tls_aead_kind)(number - 0x1301),
		.hkdf = &suite->hkdf,
	};
	return suite->aead;
}

void rs_load_lean_suite_free(struct tls_lean_suite *suite)
{
	rs_tls_aead_free(suite->aead);
	rs_tls_hkdf_free(&suite->hkdf);
}

/* "LABEL client-random secret", in hexadecimal. */
static void take_secret(const char *line, const char *label, uint8_t *secret)
{
	size_t n = strlen(label);
	const char *space;

	if (strncmp(line, label, n) != 0 || line[n] != ' ')
		return;
	space = strchr(line + n + 1, ' ');
	if (space)
		OPENSSL_hexstr2buf_ex(secret, TLS_MAX_SECRET, &n, space + 1, '\0');
}

void rs_load_lean_key(struct tls_lean *l, const char *line)
{
	take_secret(line, "SERVER_TRAFFIC_SECRET_0", l->rx_secret);
	take_secret(line, "CLIENT_TRAFFIC_SECRET_0", l->tx_secret);
}

bool rs_load_lean_begin(struct tls_lean *l, const struct tls_lean_suite *suite)
{
	l->suite = suite;
	return rs_tls_keys_init(&l->rx, &suite->record, l->rx_secret) &&
	       rs_tls_keys_init(&l->tx, &suite->record, l->tx_secret);
}

void rs_load_lean_reset(struct tls_lean *l)
{
	rs_tls_keys_free(&l->rx);
	rs_tls_keys_free(&l->tx);
	free(l->gathered);
	*l = (struct tls_lean){0};
}

/* ---- writing ---- */

static bool update_own_keys(struct tls_lean *l, const struct tls_record_sink *sink)
{
	static const uint8_t update[KEY_UPDATE_BYTES] = {KEY_UPDATE, 0, 0, 1, 0};

	if (rs_likely(!l->owes_update && l->tx.seq < MAX_RECORDS_PER_KEY))
		return true;
	l->owes_update = false;
	rs_tls_record_seal(&l->tx, TLS_CONTENT_HANDSHAKE, update, sizeof(update), sink);
	return rs_tls_keys_update(&l->tx, &l->suite->record);
}

uint32_t rs_load_lean_room(uint32_t len)
{
	uint32_t n_records = 2 + len / TLS_RECORD_PLAINTEXT; /* the key update's, and a rest */

	return len + KEY_UPDATE_BYTES + n_records * TLS_RECORD_OVERHEAD;
}

bool rs_load_lean_write(
	struct tls_lean *l, const uint8_t *data, uint32_t len, const struct tls_record_sink *sink)
{
	if (!update_own_keys(l, sink))
		return false;
	while (len) {
		uint32_t n = rs_min_u32(len, TLS_RECORD_PLAINTEXT);

		rs_tls_record_seal(&l->tx, TLS_CONTENT_DATA, data, n, sink);
		data += n;
		len -= n;
	}
	return true;
}

/* ---- reading ---- */

/* Of a whole record, by its header. 0: no such record may come. */
static uint32_t record_bytes(const uint8_t *header)
{
	uint32_t bytes = TLS_RECORD_HEADER + rs_load_be16(header + 3);

	return header[0] == TLS_CONTENT_DATA && bytes <= TLS_RECORD_MAX ? bytes : 0;
}

static uint32_t move(uint8_t *to, struct span *in, uint32_t most)
{
	uint32_t n = rs_min_u32(in->len, most);

	memcpy(to, in->data, n);
	in->data += n;
	in->len -= n;
	return n;
}

/* Adds to a record that comes in pieces. LOAD_TLS_DATA: it is whole. */
static enum load_tls_event gather(struct tls_lean *l, struct span *in)
{
	uint32_t bytes;

	if (l->n_gathered < TLS_RECORD_HEADER)
		l->n_gathered +=
			move(l->header + l->n_gathered, in, TLS_RECORD_HEADER - l->n_gathered);
	if (l->n_gathered < TLS_RECORD_HEADER)
		return LOAD_TLS_MORE;
	bytes = record_bytes(l->header);
	if (!bytes)
		return LOAD_TLS_FAILED;
	if (!l->gathered) {
		l->gathered = malloc(bytes);
		if (!l->gathered)
			return LOAD_TLS_FAILED;
		memcpy(l->gathered, l->header, TLS_RECORD_HEADER);
	}
	l->n_gathered += move(l->gathered + l->n_gathered, in, bytes - l->n_gathered);
	return l->n_gathered == bytes ? LOAD_TLS_DATA : LOAD_TLS_MORE;
}

/* What is no data: tickets, which nobody wants, key updates, alerts. */
static enum load_tls_event take_other(
	struct tls_lean *l, uint8_t type, const uint8_t *message, uint32_t n)
{
	if (type == TLS_CONTENT_ALERT)
		return n == 2 && message[1] == TLS_ALERT_CLOSE_NOTIFY ? LOAD_TLS_CLOSED
								      : LOAD_TLS_FAILED;
	if (type != TLS_CONTENT_HANDSHAKE || !n)
		return LOAD_TLS_FAILED;
	if (message[0] != KEY_UPDATE)
		return LOAD_TLS_MORE;
	if (n != KEY_UPDATE_BYTES || !rs_tls_keys_update(&l->rx, &l->suite->record))
		return LOAD_TLS_FAILED;
	l->owes_update |= message[4] == 1;
	return LOAD_TLS_MORE;
}

static enum load_tls_event open_record(
	struct tls_lean *l, const uint8_t *record, uint32_t bytes, uint8_t *to, uint32_t *n)
{
	enum load_tls_event event;
	uint8_t type;

	if (rs_tls_record_open(&l->rx, record, bytes, to, n, &type) != TLS_ALERT_NONE)
		return LOAD_TLS_FAILED;
	if (rs_likely(type == TLS_CONTENT_DATA))
		return LOAD_TLS_DATA;
	event = take_other(l, type, to, *n);
	*n = 0;
	return event;
}

static enum load_tls_event read_gathered(
	struct tls_lean *l, struct span *in, uint8_t *to, uint32_t *n)
{
	enum load_tls_event event = gather(l, in);

	if (event != LOAD_TLS_DATA)
		return event;
	event = open_record(l, l->gathered, l->n_gathered, to, n);
	free(l->gathered);
	l->gathered = NULL;
	l->n_gathered = 0;
	return event;
}

static enum load_tls_event read_one(struct tls_lean *l, struct span *in, uint8_t *to, uint32_t *n)
{
	uint32_t bytes;
	const uint8_t *record = in->data;

	if (l->n_gathered || in->len < TLS_RECORD_HEADER)
		return read_gathered(l, in, to, n);
	bytes = record_bytes(record);
	if (!bytes)
		return LOAD_TLS_FAILED;
	if (in->len < bytes)
		return read_gathered(l, in, to, n);
	in->data += bytes;
	in->len -= bytes;
	return open_record(l, record, bytes, to, n);
}

enum load_tls_event rs_load_lean_read(struct tls_lean *l, struct span *in, uint8_t *to, uint32_t *n)
{
	enum load_tls_event event = LOAD_TLS_MORE;

	*n = 0;
	while (event == LOAD_TLS_MORE && in->len)
		event = read_one(l, in, to, n);
	return event;
}
