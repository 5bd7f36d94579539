/* SPDX-License-Identifier: BSD-2-Clause */
/* What a domain is made of, for those who make and who use it. Private to lib/tls. */
#ifndef RS_TLS_DOMAIN_INTERNAL_H
#define RS_TLS_DOMAIN_INTERNAL_H

#include <openssl/provider.h>
#include <openssl/ssl.h>

#include "tls/chain.h"
#include "tls/complaint.h"
#include "tls/curves.h"
#include "tls/directory.h"
#include "tls/domain.h"
#include "tls/message.h"
#include "tls/names.h"
#include "tls/ocsp.h"
#include "tls/pairs.h"
#include "tls/record.h"

enum tls_hash {
	TLS_SHA256,
	TLS_SHA384,
	TLS_N_HASHES,
};

struct tls_authorities;
struct tls_key_use;

/* A certificate, its chain and its key: those of one --cert. */
struct tls_identity {
	SSL_CTX *ctx;
	X509 *first; /* our own certificate; ctx holds it */
	struct tls_names names;
	const struct tls_key_use *use; /* see choose.h */
	struct tls_ocsp ocsp;          /* what is stapled to it, if anything */
	/* For handshakes of ours (identity.h); signer NULL: they are OpenSSL's. */
	EVP_PKEY_CTX *signer;
	const struct tls_hkdf *hash; /* of what is signed */
	uint32_t algorithm;          /* RFC 8446 section 4.2.3 */
	struct tls_chain chain;
};

struct tls_session;

struct tls_library {
	OSSL_LIB_CTX *ctx;
	EVP_CIPHER *ticket_cipher; /* fetched once */
	BIO_METHOD *bio_method;
	struct tls_pairs pairs;
	struct tls_curves curves;
	EVP_MD_CTX *transcript, *snapshot;
	struct tls_aead *aead;
	struct tls_aead_key *sealer;       /* of our own tickets … */
	struct tls_ticket_key sealer_from; /* … which it was made from … */
	bool has_sealer;                   /* … if it was */
	OSSL_PROVIDER *providers[2];
	struct tls_session *at_work; /* whose handshake OpenSSL is called for, or NULL */
	struct tls_hkdf hkdfs[TLS_N_HASHES];
	struct tls_record_suite suites[TLS_N_AEADS]; /* by kind; 1.2 has the same */
};

/* Of TLS 1.3, by its number on the wire. NULL: not one of ours. */
static inline const struct tls_record_suite *rs_tls_suite(
	const struct tls_library *library, uint32_t number)
{
	const uint32_t first = TLS_SUITE_AES_128_GCM_SHA256;

	return number >= first && number < first + TLS_N_AEADS ? &library->suites[number - first]
							       : NULL;
}

struct tls_domain {
	struct tls_library *library;
	struct tls_shared *shared;
	uint64_t *counters;
	uint32_t n_sessions; /* atomic, written by the core that uses it */
	bool strict_sni;
	bool early_data;
	bool quick; /* handshakes without OpenSSL's state machine, where hellos are plain */
	uint32_t ticket_lifetime_s;
	bool psk_ke;
	bool lean; /* records without OpenSSL's state machine */
	struct tls_directory directory;
	uint32_t n_identities;
	struct tls_identity *identities; /* the first has the context that accepts */
};

/* The way between OpenSSL and a struct tls_pipe (pipe_bio.c). NULL: no memory. */
BIO_METHOD *rs_tls_new_bio_method(void);

/* A context with everything but a certificate (context.c). NULL: that is said. */
SSL_CTX *rs_tls_new_context(struct tls_domain *d, const struct tls_settings *s,
	const struct tls_authorities *authorities, const struct tls_complaint *c);

/* Hellos (greeting.c): sets ctx up for what is asked when one comes. False: no memory. */
bool rs_tls_use_greeting(struct tls_domain *d, SSL_CTX *ctx);

/* Resumption (resume.c): sets ctx up for tickets and early data. */
void rs_tls_use_tickets(struct tls_domain *d, SSL_CTX *ctx, const struct tls_settings *settings);

/* The hello of a session has this server_name: its tickets are for that, and no others are taken.
 */
void rs_tls_note_name(struct tls_session *s, struct span extension);

#endif
