/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/complaint.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>

static bool is_directory(const char *file)
{
	struct stat st;

	return stat(file, &st) == 0 && S_ISDIR(st.st_mode);
}

bool rs_tls_complain(
	const struct tls_complaint *c, const char *option, const char *file, const char *what)
{
	unsigned long code = ERR_peek_error();
	const char *reason = NULL;

	if (is_directory(file)) {
		what = "is a directory";
	} else if (code && ERR_SYSTEM_ERROR(code)) {
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
