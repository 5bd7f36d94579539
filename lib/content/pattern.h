/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The operator's patterns: which paths one matches, and the name and value of its field. Private
 * to lib/content; any thread.
 */
#ifndef RS_CONTENT_PATTERN_H
#define RS_CONTENT_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"
#include "content/content.h"

/* Whether all of text is as pattern says, where '*' is any number of any bytes. */
bool rs_pattern_match(const char *pattern, struct span text);

/* Of a "Name: value", how long its name is. */
size_t rs_pattern_name_len(const char *field);

/* Whether the names of two fields are the same; either may be a name alone. */
bool rs_pattern_same_name(const char *a, const char *b);

/* Of a "Name: value", what stands behind the colon and blanks. */
const char *rs_pattern_value(const char *field);

#endif
