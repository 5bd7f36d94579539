/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/names.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

/* What is none, with a zero in it or a dot in front, is left out. False: no memory. */
static bool add(struct tls_names *names, const unsigned char *name, int n)
{
	char *text;

	if (n <= 0 || *name == '.' || memchr(name, 0, (size_t)n))
		return true;
	text = realloc(names->text, names->bytes + (size_t)n + 1);
	if (!text)
		return false;
	memcpy(text + names->bytes, name, (size_t)n);
	text[names->bytes + (uint32_t)n] = 0;
	names->text = text;
	names->bytes += (uint32_t)n + 1;
	names->n++;
	return true;
}

static bool add_alternatives(struct tls_names *names, const GENERAL_NAMES *all, bool *are_some)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);

		if (name->type != GEN_DNS)
			continue;
		*are_some = true;
		if (!add(names, ASN1_STRING_get0_data(name->d.dNSName),
			    ASN1_STRING_length(name->d.dNSName)))
			return false;
	}
	return true;
}

static bool add_subject(struct tls_names *names, const X509_NAME *subject)
{
	bool ok = true;

	for (int i = -1; ok && (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;) {
		unsigned char *name = NULL;
		int n = ASN1_STRING_to_UTF8(
			&name, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)));

		ok = add(names, name, n);
		OPENSSL_free(name);
	}
	return ok;
}

bool rs_tls_names_init(struct tls_names *names, const X509 *cert)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	bool are_some = false, ok;

	*names = (struct tls_names){0};
	ok = add_alternatives(names, all, &are_some);
	GENERAL_NAMES_free(all);
	return ok && (are_some || add_subject(names, X509_get_subject_name(cert)));
}

void rs_tls_names_free(struct tls_names *names)
{
	free(names->text);
	*names = (struct tls_names){0};
}
