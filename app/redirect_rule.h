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

#define REDIRECT_PATH_BYTES 2048 /* of FROM, or TO */

struct redirect_rule {
	uint16_t status;
	bool below;          /* from all paths that begin with path, which ends with "/" */
	bool carries;        /* behind to, what they have behind … */
	uint16_t carry_from; /* … so many bytes */
	struct span host;    /* in lower case, perhaps behind "*."; empty: any */
	const char *path;    /* as rs_http_path() makes it */
	const char *to;      /* as a URI reference has it (RFC 3986 section 4.1) */
	const char *to_path; /* where in to its path begins, which may be its end */
	struct span to_host; /* of a URI, without its port; empty: to is a path */
};

/*
 * [STATUS ]FROM=TO, as --help tells it; text is cut up, and has to stay. NULL, or what is wrong
 * with it.
 */
const char *rs_redirect_parse(struct redirect_rule *rule, char *text);

/* Is a request for this host, without its port, and this path, as rs_http_path_with_slashes() makes
 * it, for rule? */
bool rs_redirect_fits(const struct redirect_rule *rule, struct span host, struct span path);

/*
 * What a path that fits has behind the rule's, as it came: of a URI it makes a difference what is
 * escaped (RFC 3986 section 2.2). Empty: there is none, or the way there has dots or slashes in it
 * that have to be taken out first.
 */
struct span rs_redirect_rest(const struct redirect_rule *rule, struct span raw);

/*
 * Would a client go in circles, as rules send him there again, or where another sends him back? So
 * far as that can be known: with a TO that is a URI, by rules for its host alone, since any other
 * may be somebody else's; of FROM and all below, for one name below it. The first rule that is in a
 * circle, or n_rules: there is none.
 */
uint32_t rs_redirect_circle(const struct redirect_rule *rules, uint32_t n_rules);

#endif
