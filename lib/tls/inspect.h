/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What clients will object to in a chain of certificates that can be served all the same: a
 * certificate that has expired or is not valid yet (RFC 5280 section 4.1.2.5), one that the next
 * does not vouch for (RFC 8446 section 4.4.2). The control core's, when files are read.
 */
#ifndef RS_TLS_INSPECT_H
#define RS_TLS_INSPECT_H

#include "tls/domain.h"

/* tell() gets one line for each objection; none for a file that cannot be read. */
void rs_tls_inspect(struct tls_library *library, const char *file, void (*tell)(const char *line));

#endif
