/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/inspect.h"

#include <stdio.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tls/domain_internal.h"

/* Where words go, and about which file. */
struct inspection {
	const char *file;
	void (*tell)(const char *line);
};

static void object(const struct inspection *i, uint32_t n, const char *what)
{
	char line[512];

	snprintf(line, sizeof(line), "%s: certificate %u %s", i->file, n, what);
	i->tell(line);
}

static void inspect_times(const struct inspection *i, uint32_t n, const X509 *cert)
{
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
		object(i, n, "has expired");
	else if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
		object(i, n, "is not valid yet");
}

static X509 *read_next(BIO *bio, struct tls_library *library)
{
	X509 *cert = X509_new_ex(library->ctx, NULL);

	if (!cert || PEM_read_bio_X509(bio, &cert, NULL, (void *)"")) /* no passphrase */
		return cert;
	X509_free(cert);
	return NULL;
}

void rs_tls_inspect(struct tls_library *library, const char *file, void (*tell)(const char *line))
{
	const struct inspection i = {.file = file, .tell = tell};
	BIO *bio = BIO_new_file(file, "r");
	X509 *below = NULL, *cert;

	for (uint32_t n = 1; bio && (cert = read_next(bio, library)); n++) {
		inspect_times(&i, n, cert);
		if (below && X509_check_issued(cert, below) != X509_V_OK)
			object(&i, n, "did not issue the one before it");
		X509_free(below);
		below = cert;
	}
	X509_free(below);
	BIO_free(bio);
	ERR_clear_error();
}
