/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/ocsp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "tls/domain_internal.h"

#define MAX_OCSP_BYTES (64 << 10)

/* ---- the file ---- */

static bool read_file(struct tls_ocsp *o, const char *path, const struct tls_complaint *c)
{
	FILE *file = fopen(path, "rb");
	size_t n;

	if (!file) {
		snprintf(c->why, c->bytes, "--ocsp %s: cannot be read: %s", path, strerror(errno));
		return false;
	}
	o->bytes = malloc(MAX_OCSP_BYTES);
	n = o->bytes ? fread(o->bytes, 1, MAX_OCSP_BYTES, file) : 0;
	fclose(file);
	o->n_bytes = (uint32_t)n;
	return (n && n < MAX_OCSP_BYTES) ||
	       rs_tls_complain(c, "--ocsp", path, "no OCSP response in DER");
}

/* ---- what it says ---- */

static bool is_hash(const ASN1_OCTET_STRING *hash, const uint8_t *of, unsigned int n)
{
	return ASN1_STRING_length(hash) == (int)n && !memcmp(ASN1_STRING_get0_data(hash), of, n);
}

/* By its number, who has issued it, and the issuer's key where that is known. */
static bool is_about(const OCSP_SINGLERESP *single, const X509 *cert, const X509 *issuer)
{
	ASN1_OCTET_STRING *name, *key;
	ASN1_OBJECT *algorithm;
	ASN1_INTEGER *serial;
	uint8_t hash[EVP_MAX_MD_SIZE];
	const EVP_MD *md;
	unsigned int n;

	OCSP_id_get0_info(
		&name, &algorithm, &key, &serial, (OCSP_CERTID *)OCSP_SINGLERESP_get0_id(single));
	md = EVP_get_digestbyobj(algorithm);
	return md && !ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(cert)) &&
	       X509_NAME_digest(X509_get_issuer_name(cert), md, hash, &n) == 1 &&
	       is_hash(name, hash, n) &&
	       (!issuer ||
		       (X509_pubkey_digest(issuer, md, hash, &n) == 1 && is_hash(key, hash, n)));
}

/* The next certificate of its chain, if that is it; or itself. */
static const X509 *issuer_of(const struct tls_identity *id)
{
	STACK_OF(X509) *chain = NULL;
	X509 *next;

	SSL_CTX_get0_chain_certs(id->ctx, &chain);
	next = sk_X509_num(chain) > 0 ? sk_X509_value(chain, 0) : id->first;
	return X509_check_issued(next, id->first) == X509_V_OK ? next : NULL;
}

static OCSP_SINGLERESP *find(OCSP_BASICRESP *basic, const struct tls_identity *id)
{
	const X509 *issuer = issuer_of(id);

	for (int i = 0; i < OCSP_resp_count(basic); i++) {
		OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);

		if (is_about(single, id->first, issuer))
			return single;
	}
	return NULL;
}

static bool read_time(const ASN1_GENERALIZEDTIME *t, int64_t *s)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	*s = timegm(&tm);
	return true;
}

static bool read_single(struct tls_ocsp *o, OCSP_SINGLERESP *single)
{
	ASN1_GENERALIZEDTIME *from = NULL, *until = NULL;

	o->is_good = OCSP_single_get0_status(single, NULL, NULL, &from, &until) ==
		     V_OCSP_CERTSTATUS_GOOD;
	o->until_s = TLS_OCSP_FOREVER; /* RFC 6960 section 4.2.2.1 */
	return read_time(from, &o->from_s) && (!until || read_time(until, &o->until_s));
}

/* NULL: it is fine. */
static const char *fault_in(
	struct tls_identity *id, const OCSP_RESPONSE *response, OCSP_BASICRESP *basic)
{
	OCSP_SINGLERESP *single;

	if (OCSP_response_status((OCSP_RESPONSE *)response) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
		return "not a successful response";
	if (!basic)
		return "no OCSP response of the basic type";
	single = find(basic, id);
	if (!single)
		return "not about the certificate of its --cert";
	return read_single(&id->ocsp, single) ? NULL : "times that are none";
}

static const char *look_at(struct tls_identity *id)
{
	const uint8_t *at = id->ocsp.bytes, *end = at + id->ocsp.n_bytes;
	OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)id->ocsp.n_bytes);
	OCSP_BASICRESP *basic = response ? OCSP_response_get1_basic(response) : NULL;
	const char *fault = "no OCSP response in DER";

	if (response && at == end)
		fault = fault_in(id, response, basic);
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(response);
	return fault;
}

/* ---- stapling ---- */

struct span rs_tls_ocsp_now(const struct tls_ocsp *o)
{
	const int64_t now_s = o->bytes ? (int64_t)time(NULL) : 0;

	if (!o->bytes || now_s < o->from_s || now_s >= o->until_s)
		return (struct span){0};
	return (struct span){.data = o->bytes, .len = o->n_bytes};
}

static int on_status_request(SSL *ssl, void *identity)
{
	const struct tls_identity *id = identity;
	const struct span now = rs_tls_ocsp_now(&id->ocsp);
	uint8_t *copy = now.len ? OPENSSL_memdup(now.data, now.len) : NULL;

	if (!copy)
		return SSL_TLSEXT_ERR_NOACK;
	SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)now.len); /* the session will free it */
	return SSL_TLSEXT_ERR_OK;
}

bool rs_tls_ocsp_read(struct tls_identity *id, const char *path, const struct tls_complaint *c)
{
	const char *fault;

	if (!read_file(&id->ocsp, path, c))
		return false;
	fault = look_at(id);
	ERR_clear_error(); /* which byte of it OpenSSL has not liked says less */
	if (fault)
		return rs_tls_complain(c, "--ocsp", path, fault);
	SSL_CTX_set_tlsext_status_cb(id->ctx, on_status_request);
	SSL_CTX_set_tlsext_status_arg(id->ctx, id);
	return true;
}

void rs_tls_ocsp_free(struct tls_ocsp *o)
{
	free(o->bytes);
	*o = (struct tls_ocsp){0};
}
