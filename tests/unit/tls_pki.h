/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Certificates of any names and keys, all signed by one authority, and what that says of them, in
 * files. For tests of lib/tls that need more than the one of tls_rig.h.
 */
#ifndef RS_TESTS_TLS_PKI_H
#define RS_TESTS_TLS_PKI_H

#include <time.h>

#include <openssl/ocsp.h>

#include "tls_rig.h"

struct pki_pair {
	X509 *cert;
	EVP_PKEY *key;
	char cert_path[TEMP_PATH_BYTES], key_path[TEMP_PATH_BYTES];
};

static struct pki_pair pki_authority;

static inline void pki_sign(X509 *cert, const char *name, EVP_PKEY *key, const char *names)
{
	static long serial;

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
		(const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(pki_authority.cert));
	if (names) {
		X509_EXTENSION *extension =
			X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);

		RIG_CHECK(extension && X509_add_ext(cert, extension, -1));
		X509_EXTENSION_free(extension);
	}
	RIG_CHECK(X509_sign(cert, pki_authority.key, EVP_sha256()) > 0);
}

static inline void pki_write(struct pki_pair *p, const X509 *issuer)
{
	FILE *file = temp_new_file(p->cert_path);

	PEM_write_X509(file, p->cert);
	if (issuer)
		PEM_write_X509(file, (X509 *)issuer);
	fclose(file);
	file = temp_new_file(p->key_path);
	PEM_write_PrivateKey(file, p->key, NULL, NULL, 0, NULL, NULL);
	fclose(file);
}

static inline void pki_begin(void)
{
	pki_authority.key = EVP_EC_gen("P-256");
	pki_authority.cert = X509_new();
	pki_sign(pki_authority.cert, "authority", pki_authority.key, NULL);
}

/*
 * names: as OpenSSL has them, "DNS:a.test,DNS:*.b.test"; NULL: only that of the subject. The pair
 * has the key from now on. with_chain: the authority stands behind it in its file.
 */
static inline void pki_make(
	struct pki_pair *p, EVP_PKEY *key, const char *subject, const char *names, bool with_chain)
{
	p->key = key;
	p->cert = X509_new();
	pki_sign(p->cert, subject, key, names);
	pki_write(p, with_chain ? pki_authority.cert : NULL);
}

static inline void pki_free(struct pki_pair *p)
{
	X509_free(p->cert);
	EVP_PKEY_free(p->key);
	*p = (struct pki_pair){0};
}

static inline struct tls_pair pki_use(const struct pki_pair *p)
{
	return (struct tls_pair){.cert = p->cert_path, .key = p->key_path};
}

/* A response about a certificate; times are from now on. until_s 0: it does not say. */
struct pki_answer {
	const struct pki_pair *about;
	int status; /* V_OCSP_CERTSTATUS_… */
	long from_s, until_s;
};

static inline OCSP_RESPONSE *pki_answer_of(const struct pki_answer *a)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), a->about->cert, pki_authority.cert);
	ASN1_TIME *from = X509_gmtime_adj(NULL, a->from_s);
	ASN1_TIME *until = a->until_s ? X509_gmtime_adj(NULL, a->until_s) : NULL;
	ASN1_TIME *revoked =
		a->status == V_OCSP_CERTSTATUS_REVOKED ? X509_gmtime_adj(NULL, -60) : NULL;
	OCSP_RESPONSE *response;

	RIG_CHECK(OCSP_basic_add1_status(basic, id, a->status, 0, revoked, from, until));
	RIG_CHECK(OCSP_basic_sign(
		basic, pki_authority.cert, pki_authority.key, EVP_sha256(), NULL, 0));
	response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	ASN1_TIME_free(revoked);
	return response;
}

/* Its bytes, in a file, too. Returns how many. */
static inline uint32_t pki_answer(
	const struct pki_answer *a, char path[TEMP_PATH_BYTES], uint8_t bytes[4096])
{
	OCSP_RESPONSE *response = pki_answer_of(a);
	FILE *file = temp_new_file(path);
	int n = i2d_OCSP_RESPONSE(response, &bytes);

	RIG_CHECK(n > 0 && n <= 4096);
	RIG_CHECK(fwrite(bytes - n, 1, (size_t)n, file) == (size_t)n);
	fclose(file);
	OCSP_RESPONSE_free(response);
	return (uint32_t)n;
}

#endif
