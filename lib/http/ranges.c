/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/ranges.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "http/text.h"

/* Digits; what is too large for 64 bits is beyond the end of everything. */
static bool position(struct span text, uint64_t *n)
{
	if (!text.len)
		return false;
	for (uint32_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	}
	if (!rs_http_parse_number(text, n))
		*n = UINT64_MAX;
	return true;
}

/* Digits, however many: is a the smaller number? */
static bool is_less(struct span a, struct span b)
{
	for (; a.len > b.len && *a.data == '0'; a.len--)
		a.data++;
	for (; b.len > a.len && *b.data == '0'; b.len--)
		b.data++;
	return a.len < b.len || (a.len == b.len && memcmp(a.data, b.data, a.len) < 0);
}

/* "first-", "first-last" or "-suffix". False: malformed. *some: it has bytes of len. */
static bool parse_one(struct span text, uint64_t len, struct http_range *r, bool *some)
{
	const uint8_t *dash = memchr(text.data, '-', text.len);
	struct span left, right;
	uint64_t suffix;

	if (!dash)
		return false;
	left = (struct span){.data = text.data, .len = (uint32_t)(dash - text.data)};
	right = (struct span){.data = dash + 1, .len = text.len - left.len - 1};
	if (!left.len) {
		if (!position(right, &suffix))
			return false;
		*some = suffix || !len;
		r->first = suffix < len ? len - suffix : 0;
		r->last = len - 1;
		return true;
	}
	if (!position(left, &r->first))
		return false;
	r->last = UINT64_MAX;
	if (right.len && (!position(right, &r->last) || is_less(right, left)))
		return false;
	*some = r->first < len || !r->first;
	r->last = rs_min_u64(r->last, len - 1);
	return true;
}

static bool touches(const struct http_range *a, const struct http_range *b)
{
	uint64_t from = rs_max_u64(a->first, b->first);
	uint64_t to = rs_min_u64(a->last, b->last);

	return from <= to || from - to == 1;
}

/* Ranges that have grown together may touch others. */
static uint32_t coalesce(struct http_range *r, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t k = i + 1; k < n; k++) {
			if (!touches(&r[i], &r[k]))
				continue;
			r[i].first = rs_min_u64(r[i].first, r[k].first);
			r[i].last = rs_max_u64(r[i].last, r[k].last);
			memmove(&r[k], &r[k + 1], (--n - k) * sizeof(*r));
			k = i; /* from its neighbour again */
		}
	}
	return n;
}

static enum http_range_result parse_set(
	struct span set, uint64_t len, struct http_range *ranges, uint32_t *n)
{
	uint32_t n_given = 0;
	struct span one;

	while (rs_http_next_element(&set, &one)) {
		struct http_range r;
		bool some;

		if (!one.len)
			continue; /* section 5.6.1.2: empty list elements */
		if (n_given++ == HTTP_MAX_RANGES || !parse_one(one, len, &r, &some))
			return HTTP_RANGE_ALL;
		if (some)
			ranges[(*n)++] = r;
	}
	if (!n_given)
		return HTTP_RANGE_ALL;
	if (!*n)
		return HTTP_RANGE_UNSATISFIABLE;
	return len ? HTTP_RANGE_SOME : HTTP_RANGE_ALL; /* no Content-Range can say "nothing" */
}

enum http_range_result rs_http_ranges(const struct http_req *req, uint64_t len,
	struct http_range ranges[HTTP_MAX_RANGES], uint32_t *n)
{
	enum http_range_result result;
	struct span value;

	*n = 0;
	if (rs_http_find_field(req, HTTP_FIELD_RANGE, &value) != 1)
		return HTTP_RANGE_ALL;
	/* Units are compared without regard to case (section 14.1). */
	if (value.len < 6 || !rs_http_same((struct span){.data = value.data, .len = 6}, "bytes="))
		return HTTP_RANGE_ALL;
	value.data += 6;
	value.len -= 6;
	result = parse_set(value, len, ranges, n);
	*n = coalesce(ranges, *n);
	if (result != HTTP_RANGE_SOME)
		*n = 0;
	return result;
}
