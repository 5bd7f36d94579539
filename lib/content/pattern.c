/* SPDX-License-Identifier: BSD-2-Clause */
#include "content/pattern.h"

#include <string.h>
#include <strings.h>

/*
 * Each '*' takes as little as lets what stands before the next one match; taking more could only
 * leave less for the rest. So only the last '*' that was passed is ever tried again.
 */
bool rs_pattern_match(const char *pattern, struct span text)
{
	const char *retry = NULL;
	uint32_t retry_at = 0;
	uint32_t at = 0;

	while (at < text.len) {
		if (*pattern == '*') {
			retry = ++pattern;
			retry_at = at;
		} else if (*pattern && (uint8_t)*pattern == text.data[at]) {
			pattern++;
			at++;
		} else if (retry) {
			pattern = retry;
			at = ++retry_at;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

size_t rs_pattern_name_len(const char *field)
{
	return strcspn(field, ":");
}

bool rs_pattern_same_name(const char *a, const char *b)
{
	size_t len = rs_pattern_name_len(a);

	return len == rs_pattern_name_len(b) && strncasecmp(a, b, len) == 0;
}

const char *rs_pattern_value(const char *field)
{
	const char *value = field + rs_pattern_name_len(field) + 1;

	return value + strspn(value, " \t");
}
