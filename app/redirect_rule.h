/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What --redirect says: from which paths, of which host, to where. Any core may ask, once the
 * options are read. Includes http and base only.
 */
#ifndef RS_APP_REDIRECT_RULE_H
#define RS_APP_REDIRECT_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "http/parse.h"

#define REDIRECT_PATH_BYTES 2048 /* longer ones are for nobody here */

struct redirect_rule {
	uint16_t status;
	bool below;          /* from all paths that begin with path, which ends with "/" */
	bool carries;        /* behind to, what they have behind … */
	uint16_t carry_from; /* … so many bytes */
	struct span host;    /* in lower case, perhaps behind "*."; empty: any */
	const char *path;    /* as rs_http_path() makes it */
	const char *to;      /* as a URI reference has it (RFC 3986 section 4.1) */
};

/*
 * [STATUS ]FROM=TO, as --help tells it; text is cut up, and has to stay. NULL, or what is wrong
 * with it.
 */
const char *rs_redirect_parse(struct redirect_rule *rule, char *text);

/* Is a request for this host, without its port, and this path, as rs_http_path() makes it, for
 * rule?
 */
bool rs_redirect_fits(const struct redirect_rule *rule, struct span host, struct span path);

#endif
