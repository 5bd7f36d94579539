/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/domain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "tls/domain_internal.h"
#include "tls/hello.h"
#include "tls/identity.h"
#include "tls/lean.h"
#include "tls/message.h"
#include "tls/provider.h"

#define MAX_OCSP_BYTES (64 << 10)

/* TLS 1.3 chooses from the first list, 1.2 from the second: AEAD and forward secrecy only. */
#define SUITES_13 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define SUITES_12                                                                                  \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                               \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                               \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define GROUPS "X25519:P-256:P-384"

const struct counter_def rs_tls_counter_defs[TLS_N_COUNTERS] = {
#define RS_COUNTER(id, name, help) {name, help},
#include "tls/tls_counters.def"
#undef RS_COUNTER
};

/* Where words go when something is wrong. */
struct complaint {
	char *why;
	size_t bytes;
};

/*
 * Says what is wrong with an option's file, in OpenSSL's words where it has any: the first of its
 * errors, as those behind it only tell which function gave up. Always false.
 */
static bool complain(
	const struct complaint *c, const char *option, const char *file, const char *what)
{
	unsigned long code = ERR_peek_error();
	const char *reason = NULL;

	if (code && ERR_SYSTEM_ERROR(code)) {
		what = "cannot be read";
		reason = strerror(ERR_GET_REASON(code));
	} else if (code) {
		reason = ERR_reason_error_string(code);
	}
	snprintf(c->why, c->bytes, "%s %s: %s%s%s", option, file, what, reason ? ": " : "",
		reason ? reason : "");
	ERR_clear_error();
	return false;
}

/* ---- hellos ---- */

/* Of a hello OpenSSL keeps the extensions that it knows; here are its bytes. */
static void on_message(int written, int version, int content_type, const void *data, size_t bytes,
	SSL *ssl, void *unused)
{
	const struct span message = {.data = data, .len = (uint32_t)bytes};
	struct tls_session *s = SSL_get_app_data(ssl);

	(void)version;
	(void)unused;
	rs_tls_lean_count(s, written, content_type, message);
	if (!written && content_type == SSL3_RT_HANDSHAKE && bytes && !s->open &&
		message.data[0] == TLS_CLIENT_HELLO)
		s->hello_fault = rs_tls_hello_fault_of(message, &s->first_hello);
}

static struct span extension(SSL *ssl, unsigned int type)
{
	const unsigned char *data = NULL;
	size_t n = 0;

	SSL_client_hello_get0_ext(ssl, type, &data, &n);
	return (struct span){.data = data, .len = (uint32_t)n};
}

static int on_hello(SSL *ssl, int *alert, void *unused)
{
	struct tls_hello_parts p = {
		.version = SSL_client_hello_get0_legacy_version(ssl),
		.name = extension(ssl, TLSEXT_TYPE_server_name),
		.versions = extension(ssl, TLSEXT_TYPE_supported_versions),
		.groups = extension(ssl, TLSEXT_TYPE_supported_groups),
		.shares = extension(ssl, TLSEXT_TYPE_key_share),
		.tickets = extension(ssl, TLSEXT_TYPE_psk),
	};
	struct tls_session *s = SSL_get_app_data(ssl);
	enum tls_alert fault = s->hello_fault;

	(void)unused;
	rs_tls_note_name(s, p.name);
	p.compressions.len =
		(uint32_t)SSL_client_hello_get0_compression_methods(ssl, &p.compressions.data);
	if (fault == TLS_ALERT_NONE)
		fault = rs_tls_hello_fault(&p);
	if (fault == TLS_ALERT_NONE)
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert = (int)fault;
	return SSL_CLIENT_HELLO_ERROR;
}

/* ---- names (RFC 6066 section 3, RFC 6125 section 6.4) ---- */

static bool has_name(const struct tls_identity *identity, const char *name)
{
	return X509_check_host(
		       identity->first, name, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

const struct tls_identity *rs_tls_identity_for(const struct tls_domain *d, const char *name)
{
	if (*name == '.') /* OpenSSL would take it for all that ends so */
		return NULL;
	for (uint32_t i = 0; i < d->n_identities; i++) {
		if (has_name(&d->identities[i], name))
			return &d->identities[i];
	}
	return NULL;
}

static int on_server_name(SSL *ssl, int *alert, void *domain)
{
	struct tls_domain *d = domain;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	const struct tls_identity *identity = name ? rs_tls_identity_for(d, name) : NULL;

	if (!identity) {
		if (!d->strict_sni)
			return SSL_TLSEXT_ERR_NOACK;
		d->counters[TLS_C_UNKNOWN_NAME]++;
		*alert = SSL_AD_UNRECOGNIZED_NAME;
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	}
	if (identity != &d->identities[0])
		SSL_set_SSL_CTX(ssl, identity->ctx);
	return SSL_TLSEXT_ERR_OK;
}

/* ---- protocols (RFC 7301) ---- */

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_bytes,
	const unsigned char *in, unsigned int in_bytes, void *domain)
{
	const struct span protocol = rs_tls_hello_protocol(rs_tls_span(in, in_bytes));
	struct tls_domain *d = domain;

	(void)ssl;
	*out = protocol.data;
	*out_bytes = (unsigned char)protocol.len;
	if (protocol.len)
		return SSL_TLSEXT_ERR_OK;
	d->counters[TLS_C_NO_PROTOCOL]++;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* ---- OCSP (RFC 6066 section 8) ---- */

static int on_status_request(SSL *ssl, void *identity)
{
	const struct tls_identity *id = identity;
	uint8_t *copy;

	if (!id->ocsp)
		return SSL_TLSEXT_ERR_NOACK;
	copy = OPENSSL_memdup(id->ocsp, (size_t)id->ocsp_bytes); /* the session will free it */
	if (!copy)
		return SSL_TLSEXT_ERR_NOACK;
	SSL_set_tlsext_status_ocsp_resp(ssl, copy, id->ocsp_bytes);
	return SSL_TLSEXT_ERR_OK;
}

static bool read_ocsp(struct tls_identity *id, const char *path, const struct complaint *c)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes;
	size_t n;

	if (!file) {
		snprintf(c->why, c->bytes, "--ocsp %s: cannot be read: %s", path, strerror(errno));
		return false;
	}
	bytes = malloc(MAX_OCSP_BYTES);
	n = bytes ? fread(bytes, 1, MAX_OCSP_BYTES, file) : 0;
	fclose(file);
	/* A DER sequence that is all of the file; clients verify the rest. */
	if (n < 4 || n == MAX_OCSP_BYTES || bytes[0] != 0x30) {
		free(bytes);
		return complain(c, "--ocsp", path, "no OCSP response in DER");
	}
	id->ocsp = bytes;
	id->ocsp_bytes = (int)n;
	SSL_CTX_set_tlsext_status_cb(id->ctx, on_status_request);
	SSL_CTX_set_tlsext_status_arg(id->ctx, id);
	return true;
}

/* ---- contexts ---- */

/*
 * Who resumes is not asked for a certificate again, so a session is only for those who ask for the
 * same: its id context, which tickets hold, is a hash over the mode and all authorities.
 */
static bool set_session_context(SSL_CTX *ctx, enum tls_client_cert mode)
{
	STACK_OF(X509) *authorities = X509_STORE_get1_all_certs(SSL_CTX_get_cert_store(ctx));
	uint8_t id[2 * SHA256_DIGEST_LENGTH] = {(uint8_t)mode};
	bool ok = authorities;

	for (int i = 0; ok && i < sk_X509_num(authorities); i++) {
		uint8_t *der = NULL;
		int n = i2d_X509_AUX(sk_X509_value(authorities, i), &der);

		ok = n > 0;
		if (!ok)
			break;
		SHA256(der, (size_t)n, id + SHA256_DIGEST_LENGTH);
		SHA256(id, sizeof(id), id);
		OPENSSL_free(der);
	}
	sk_X509_pop_free(authorities, X509_free);
	return ok && SSL_CTX_set_session_id_context(ctx, id, SHA256_DIGEST_LENGTH) == 1;
}

static bool use_client_ca(
	struct tls_domain *d, SSL_CTX *ctx, const struct tls_settings *s, const struct complaint *c)
{
	STACK_OF(X509_NAME) * names;
	int mode = SSL_VERIFY_PEER;

	if (!s->client_ca)
		return set_session_context(ctx, TLS_CLIENT_CERT_NONE);
	if (s->client_cert == TLS_CLIENT_CERT_REQUIRED)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	names = SSL_load_client_CA_file_ex(s->client_ca, d->library->ctx, NULL);
	if (!names || !SSL_CTX_load_verify_file(ctx, s->client_ca)) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return complain(c, "--client-ca", s->client_ca, "no certificates of authorities");
	}
	SSL_CTX_set_client_CA_list(ctx, names);
	SSL_CTX_set_verify(ctx, mode, NULL);
	return set_session_context(ctx, s->client_cert) ||
	       complain(c, "--client-ca", s->client_ca, "no memory for it");
}

static SSL_CTX *new_context(
	struct tls_domain *d, const struct tls_settings *s, const struct complaint *c)
{
	SSL_CTX *ctx = SSL_CTX_new_ex(d->library->ctx, TLS_PROPERTIES, TLS_server_method());

	if (!ctx || !SSL_CTX_set_ciphersuites(ctx, SUITES_13) ||
		!SSL_CTX_set_cipher_list(ctx, SUITES_12) ||
		!SSL_CTX_set1_groups_list(ctx, GROUPS)) {
		complain(c, "OpenSSL's", "context", "cannot be made");
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_min_proto_version(ctx, s->only_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
					 SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_cert_list(ctx, 32 << 10);
	SSL_CTX_set_client_hello_cb(ctx, on_hello, NULL);
	SSL_CTX_set_tlsext_servername_callback(ctx, on_server_name);
	SSL_CTX_set_tlsext_servername_arg(ctx, d);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, d);
	SSL_CTX_set_msg_callback(ctx, on_message);
	rs_tls_use_tickets(d, ctx, s);
	if (use_client_ca(d, ctx, s, c))
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

/* An identity with the same names and no key of this type yet, or NULL. */
static struct tls_identity *same_names(struct tls_domain *d, X509 *cert)
{
	const GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	const struct tls_identity *found = NULL;

	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type != GEN_DNS)
			continue;
		found = rs_tls_identity_for(
			d, (const char *)ASN1_STRING_get0_data(name->d.dNSName));
		break;
	}
	GENERAL_NAMES_free((GENERAL_NAMES *)names);
	if (found && EVP_PKEY_get_base_id(X509_get0_pubkey(found->first)) ==
			     EVP_PKEY_get_base_id(X509_get0_pubkey(cert)))
		return NULL;
	return (struct tls_identity *)found;
}

/* OpenSSL would ask the terminal, and wait for it: at the start, and in a reload. */
static int no_passphrase(char *to, int bytes, int writing, void *was_asked)
{
	(void)to;
	(void)bytes;
	(void)writing;
	*(bool *)was_asked = true;
	return -1;
}

static bool use_key(SSL_CTX *ctx, const char *file, const struct complaint *c)
{
	bool is_encrypted = false;
	int ok;

	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	SSL_CTX_set_default_passwd_cb_userdata(ctx, &is_encrypted);
	ok = SSL_CTX_use_PrivateKey_file(ctx, file, SSL_FILETYPE_PEM);
	SSL_CTX_set_default_passwd_cb_userdata(ctx, NULL);
	if (ok == 1)
		return true;
	if (is_encrypted)
		ERR_clear_error(); /* what comes of it says less */
	return complain(c, "--key", file,
		is_encrypted ? "the key is encrypted, and nobody is asked for its passphrase"
			     : "no key in PEM, or not that of the certificate");
}

static bool use_pair(SSL_CTX *ctx, const struct tls_pair *pair, const struct complaint *c)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, pair->cert) != 1)
		return complain(c, "--cert", pair->cert, "no certificate in PEM");
	if (!use_key(ctx, pair->key, c))
		return false;
	if (SSL_CTX_check_private_key(ctx) != 1)
		return complain(c, "--key", pair->key, "not the key of the certificate");
	return true;
}

static bool add_pair(struct tls_domain *d, const struct tls_settings *s,
	const struct tls_pair *pair, const struct complaint *c)
{
	struct tls_identity *id = &d->identities[d->n_identities];
	struct tls_identity *other;

	id->ctx = new_context(d, s, c);
	if (!id->ctx)
		return false;
	d->n_identities++; /* to be freed from now on */
	if (!use_pair(id->ctx, pair, c))
		return false;
	id->first = SSL_CTX_get0_certificate(id->ctx);
	d->n_identities--;
	other = same_names(d, id->first);
	if (other && !pair->ocsp) { /* the client's signature algorithms choose between them */
		SSL_CTX_free(id->ctx);
		*id = (struct tls_identity){0};
		other->is_mixed = true;
		return use_pair(other->ctx, pair, c);
	}
	d->n_identities++;
	return !pair->ocsp || read_ocsp(id, pair->ocsp, c);
}

struct tls_domain *rs_tls_domain_new(struct tls_library *library,
	const struct tls_settings *settings, struct tls_shared *shared, uint64_t *counters,
	char *why, size_t why_bytes)
{
	struct complaint c = {.why = why, .bytes = why_bytes};
	struct tls_domain *d = calloc(1, sizeof(*d));

	ERR_clear_error();
	if (!d) {
		snprintf(why, why_bytes, "no memory for certificates");
		return NULL;
	}
	d->library = library;
	d->shared = shared;
	d->counters = counters;
	d->strict_sni = settings->strict_sni;
	d->lean = !settings->no_lean;
	d->early_data = settings->max_early_data && settings->ticket_lifetime_s;
	d->ticket_lifetime_s = settings->ticket_lifetime_s;
	d->quick = d->lean && !d->early_data && !settings->client_ca;
	for (uint32_t i = 0; i < settings->n_pairs; i++) {
		if (!add_pair(d, settings, &settings->pairs[i], &c)) {
			rs_tls_domain_free(d);
			return NULL;
		}
	}
	for (uint32_t i = 0; d->quick && i < d->n_identities; i++) {
		if (!rs_tls_identity_prepare(&d->identities[i], library))
			rs_tls_identity_release(&d->identities[i]);
	}
	ERR_clear_error();
	return d;
}

uint32_t rs_tls_domain_n_sessions(const struct tls_domain *d)
{
	return __atomic_load_n(&d->n_sessions, __ATOMIC_ACQUIRE);
}

void rs_tls_domain_free(struct tls_domain *d)
{
	if (!d)
		return;
	for (uint32_t i = 0; i < d->n_identities; i++) {
		rs_tls_identity_release(&d->identities[i]);
		SSL_CTX_free(d->identities[i].ctx);
		free(d->identities[i].ocsp);
	}
	free(d);
}

static bool make_suites(struct tls_library *library)
{
	static const enum tls_hash hashes[TLS_N_AEADS] = {
		[TLS_AES_128_GCM] = TLS_SHA256,
		[TLS_AES_256_GCM] = TLS_SHA384,
		[TLS_CHACHA20_POLY1305] = TLS_SHA256,
	};

	library->aead = rs_tls_aead_new();
	if (!library->aead ||
		!rs_tls_hkdf_init(&library->hkdfs[TLS_SHA256], library->ctx, "SHA256") ||
		!rs_tls_hkdf_init(&library->hkdfs[TLS_SHA384], library->ctx, "SHA384"))
		return false;
	for (uint32_t i = 0; i < TLS_N_AEADS; i++)
		library->suites[i] = (struct tls_record_suite){
			.aead = library->aead,
			.kind = (enum tls_aead_kind)i,
			.hkdf = &library->hkdfs[hashes[i]],
		};
	return true;
}

/* What handshakes work with, one after the other. */
static bool make_contexts(struct tls_library *library)
{
	library->transcript = EVP_MD_CTX_new();
	library->snapshot = EVP_MD_CTX_new();
	library->sealer = rs_tls_aead_key_new(library->aead);
	library->ticket_cipher = EVP_CIPHER_fetch(library->ctx, "AES-256-CBC", NULL);
	return rs_tls_pairs_init(&library->pairs, library->ctx) && library->transcript &&
	       library->snapshot && library->sealer && library->ticket_cipher;
}

struct tls_library *rs_tls_library_new(void)
{
	struct tls_library *library = calloc(1, sizeof(*library));

	if (!library)
		return NULL;
	library->ctx = OSSL_LIB_CTX_new();
	library->bio_method = rs_tls_new_bio_method();
	if (library->ctx && library->bio_method && rs_tls_provider_load(library) &&
		make_suites(library) && make_contexts(library))
		return library;
	rs_tls_library_free(library);
	return NULL;
}

bool rs_tls_library_make_ahead(struct tls_library *library)
{
	return rs_tls_pairs_make_ahead(&library->pairs);
}

void rs_tls_library_leave(struct tls_library *library)
{
	OPENSSL_thread_stop_ex(library->ctx);
}

void rs_tls_library_free(struct tls_library *library)
{
	if (!library)
		return;
	for (uint32_t i = 0; i < TLS_N_HASHES; i++)
		rs_tls_hkdf_free(&library->hkdfs[i]);
	EVP_CIPHER_free(library->ticket_cipher);
	rs_tls_pairs_free(&library->pairs);
	EVP_MD_CTX_free(library->transcript);
	EVP_MD_CTX_free(library->snapshot);
	rs_tls_aead_key_free(library->sealer);
	rs_tls_aead_free(library->aead);
	BIO_meth_free(library->bio_method);
	rs_tls_provider_unload(library);
	OPENSSL_thread_stop_ex(library->ctx); /* what this thread has of it */
	OSSL_LIB_CTX_free(library->ctx);
	free(library);
}
