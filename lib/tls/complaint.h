/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One line about a file that is not as it has to be. Private to lib/tls.
 */
#ifndef RS_TLS_COMPLAINT_H
#define RS_TLS_COMPLAINT_H

#include <stdbool.h>
#include <stddef.h>

/* Where the words go. */
struct tls_complaint {
	char *why;
	size_t bytes;
};

/*
 * Says what is wrong with an option's file, in OpenSSL's words where it has any: the first of its
 * errors, as those behind it only tell which function gave up. Always false.
 */
bool rs_tls_complain(
	const struct tls_complaint *c, const char *option, const char *file, const char *what);

#endif
