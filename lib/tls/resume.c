/* SPDX-License-Identifier: BSD-2-Clause */
/* Tickets and early data: the callbacks that OpenSSL asks. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "tls/domain_internal.h"
#include "tls/session.h"

/*
 * Early data that is not for us is passed over (RFC 8446 section 4.2.10), whether we take any or
 * not: tickets may come from before a restart, or from another box with other limits.
 */
#define MIN_PASSED_OVER (16u << 10)
/* Between two clocks, of which each shows whole seconds, and one a leap second. */
#define MAX_DRIFT_S 2

static struct tls_domain *domain_of(SSL *ssl)
{
	return SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
}

static bool set_hmac(EVP_MAC_CTX *mac, const struct tls_ticket_key *key)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(
			OSSL_MAC_PARAM_KEY, (void *)key->hmac, sizeof(key->hmac)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, params) == 1;
}

static int seal(struct tls_domain *d, uint8_t name[16], uint8_t *iv, EVP_CIPHER_CTX *cipher,
	EVP_MAC_CTX *mac)
{
	struct tls_ticket_key key;
	bool ok;

	rs_tls_tickets_newest(&d->shared->tickets, &key);
	memcpy(name, key.name, sizeof(key.name));
	ok = RAND_bytes_ex(d->library->ctx, iv, 16, 0) == 1 &&
	     EVP_EncryptInit_ex2(cipher, d->library->ticket_cipher, key.aes, iv, NULL) == 1 &&
	     set_hmac(mac, &key);
	OPENSSL_cleanse(&key, sizeof(key));
	return ok ? 1 : -1;
}

/*
 * 1: opened; 2: opened, and a new ticket is due; 0: unknown key, a full handshake follows. In TLS
 * 1.3 one is always due: clients use a ticket only once (RFC 8446 appendix C.4).
 */
static int open(struct tls_domain *d, bool is_tls13, const uint8_t name[16], const uint8_t *iv,
	EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	struct tls_ticket_key key;
	bool is_newest, ok;

	if (!rs_tls_tickets_find(&d->shared->tickets, name, &key, &is_newest))
		return 0;
	ok = set_hmac(mac, &key) &&
	     EVP_DecryptInit_ex2(cipher, d->library->ticket_cipher, key.aes, iv, NULL) == 1;
	OPENSSL_cleanse(&key, sizeof(key));
	if (!ok)
		return -1;
	return is_newest && !is_tls13 ? 1 : 2;
}

static int on_ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
	EVP_MAC_CTX *mac, int sealing)
{
	struct tls_domain *d = domain_of(ssl);

	if (sealing)
		return seal(d, name, iv, cipher, mac);
	return open(d, SSL_version(ssl) == TLS1_3_VERSION, name, iv, cipher, mac);
}

/* ---- what is noted in a ticket, beside the session ---- */

struct note {
	uint64_t box;     /* which process has sealed it */
	uint64_t name;    /* whom the client has asked for, hashed */
	uint64_t until_s; /* since 1970: whom it is renewed for inherits that */
	uint64_t made_s;  /* by the clock that nobody sets */
};

static uint64_t monotonic_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

static uint64_t first_bytes_of_hash(struct span s)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	uint64_t n;

	SHA256(s.data, s.len, hash);
	memcpy(&n, hash, sizeof(n));
	return n;
}

void rs_tls_note_name(struct tls_session *s, struct span extension)
{
	s->name = first_bytes_of_hash(extension);
}

static uint64_t name_of(const SSL *ssl)
{
	return ((const struct tls_session *)SSL_get_app_data(ssl))->name;
}

static bool read_note(SSL_SESSION *session, struct note *note)
{
	void *data = NULL;
	size_t n = 0;

	if (!SSL_SESSION_get0_ticket_appdata(session, &data, &n) || n != sizeof(*note))
		return false;
	memcpy(note, data, n);
	return true;
}

/* When the client has to make a full handshake again: not after its certificates have expired. */
static uint64_t until_s(const SSL *ssl)
{
	const STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
	int64_t left = TLS_MAX_RESUMPTION_S;

	for (int i = 0; i < sk_X509_num(chain); i++) {
		const ASN1_TIME *end = X509_get0_notAfter(sk_X509_value(chain, i));
		int days, seconds;

		if (!ASN1_TIME_diff(&days, &seconds, NULL, end))
			return 0;
		if ((int64_t)days * 86400 + seconds < left)
			left = (int64_t)days * 86400 + seconds;
	}
	return (uint64_t)(time(NULL) + left);
}

static int on_new_ticket(SSL *ssl, void *domain)
{
	const struct tls_domain *d = domain;
	SSL_SESSION *session = SSL_get_session(ssl);
	struct note note;

	if (!SSL_session_reused(ssl) || !read_note(session, &note))
		note.until_s = until_s(ssl);
	note.box = d->shared->box;
	note.name = name_of(ssl);
	note.made_s = monotonic_s();
	SSL_SESSION_set1_ticket_appdata(session, &note, sizeof(note));
	return 1;
}

/* RFC 6066 sections 3 and 4: no session is resumed for another name, or with another length of
 * fragments, which OpenSSL would answer whatever the client has asked for now. */
static bool is_good(const SSL *ssl, SSL_SESSION *session)
{
	const struct tls_session *s = SSL_get_app_data(ssl);
	struct note note;

	return read_note(session, &note) && note.name == s->name &&
	       (uint64_t)time(NULL) < note.until_s &&
	       SSL_SESSION_get_max_fragment_length(session) == s->fragments;
}

/* A handshake is full where a ticket is not taken. */
static SSL_TICKET_RETURN on_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
	size_t name_bytes, SSL_TICKET_STATUS status, void *domain)
{
	(void)name;
	(void)name_bytes;
	(void)domain;
	switch (status) {
	case SSL_TICKET_SUCCESS:
	case SSL_TICKET_SUCCESS_RENEW:
		if (!is_good(ssl, session))
			return SSL_TICKET_RETURN_IGNORE_RENEW;
		return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE
						    : SSL_TICKET_RETURN_USE_RENEW;
	case SSL_TICKET_EMPTY:
	case SSL_TICKET_NO_DECRYPT:
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	default:
		return SSL_TICKET_RETURN_ABORT;
	}
}

/* ---- early data ---- */

/* What tells one ticket from all others: its secret, hashed. */
static uint64_t ticket_id(const SSL_SESSION *session)
{
	uint8_t secret[SSL_MAX_MASTER_KEY_LENGTH];
	size_t n = SSL_SESSION_get_master_key(session, secret, sizeof(secret));
	uint64_t id = first_bytes_of_hash((struct span){.data = secret, .len = (uint32_t)n});

	OPENSSL_cleanse(secret, sizeof(secret));
	return id;
}

/* RFC 8446 section 4.2.10. OpenSSL compares versions and protocols, but of suites only hashes. */
static bool has_same_suite(const SSL *ssl, const SSL_SESSION *session)
{
	return SSL_get_pending_cipher(ssl) == SSL_SESSION_get0_cipher(session);
}

/*
 * RFC 8446 section 8.3. OpenSSL has compared the ticket's age with what the client says, by a clock
 * that may have been set since. Had it been set back, a hello could come again when the register,
 * whose clock cannot be set, has forgotten it.
 */
static bool has_same_age(const SSL_SESSION *session, const struct note *note, uint64_t now_s)
{
	int64_t age_s = time(NULL) - SSL_SESSION_get_time(session);

	return llabs(age_s - (int64_t)(now_s - note->made_s)) <= MAX_DRIFT_S;
}

/* At most once a ticket, and only for tickets of this process, which has seen all of them. */
static int on_early_data(SSL *ssl, void *domain)
{
	struct tls_domain *d = domain;
	SSL_SESSION *session = SSL_get0_session(ssl);
	const uint64_t now_s = monotonic_s();
	struct note note;

	if (session && !has_same_suite(ssl, session))
		return 0;
	if (session && read_note(session, &note) && note.box == d->shared->box &&
		has_same_age(session, &note, now_s) &&
		rs_tls_replay_first(&d->shared->replay, ticket_id(session), now_s)) {
		d->counters[TLS_C_EARLY_ACCEPTED]++;
		return 1;
	}
	d->counters[TLS_C_EARLY_REPLAYED]++;
	return 0;
}

void rs_tls_use_tickets(struct tls_domain *d, SSL_CTX *ctx, const struct tls_settings *settings)
{
	/* What is taken has the limit of its ticket; this one is for what is passed over, too. */
	SSL_CTX_set_recv_max_early_data(ctx, settings->max_early_data > MIN_PASSED_OVER
						     ? settings->max_early_data
						     : MIN_PASSED_OVER);
	if (!settings->ticket_lifetime_s) {
		SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
		SSL_CTX_set_num_tickets(ctx, 0);
		return;
	}
	SSL_CTX_set_timeout(ctx, (long)settings->ticket_lifetime_s);
	SSL_CTX_set_num_tickets(ctx, 1);
	if (settings->psk_ke) /* only where a client offers nothing else */
		SSL_CTX_set_options(ctx, SSL_OP_ALLOW_NO_DHE_KEX);
	SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket_key);
	SSL_CTX_set_session_ticket_cb(ctx, on_new_ticket, on_ticket, d);
	if (!settings->max_early_data)
		return;
	/* Tickets hold all there is to know, and the replay register is ours. */
	SSL_CTX_set_options(ctx, SSL_OP_NO_ANTI_REPLAY);
	SSL_CTX_set_max_early_data(ctx, settings->max_early_data);
	SSL_CTX_set_allow_early_data_cb(ctx, on_early_data, d);
}
