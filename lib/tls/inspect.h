/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What clients will object to in files that can be served all the same: a certificate with a key
 * that TLS 1.3 has no signature for (RFC 8446 section 4.2.3), one that by its usages is not for us
 * (section 4.4.2.2), one that has expired or is not valid yet (RFC 5280 section 4.1.2.5), one with
 * no subjectAltName (RFC 9110 section 4.3.4), one that the next does not vouch for (RFC 8446
 * section 4.4.2), a stapled response that does not hold (RFC 6960 section 4.2.2.1), or says that
 * the certificate does not, or is demanded and missing (RFC 7633); authorities that do not hold, or
 * are more than clients can be told, and revocation lists among them, which nobody asks. For
 * whoever reads the files, before a core has them. Includes domain.h.
 */
#ifndef RS_TLS_INSPECT_H
#define RS_TLS_INSPECT_H

#include "tls/domain.h"

/* settings: those that d was made with. tell() gets one line for each objection. */
void rs_tls_inspect(const struct tls_domain *d, const struct tls_settings *settings,
	void (*tell)(const char *line));

#endif
