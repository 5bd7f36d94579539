/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/conditional.h"

#include "http/date.h"
#include "http/text.h"

/* etagc of section 8.8.3: no quote, no control character, no space. */
static bool is_etag_byte(uint8_t c)
{
	return c > ' ' && c != '"' && c != 0x7f;
}

/*
 * The next entity-tag of a list at *at: *tag, with its quotes, and *weak; moves behind it. False:
 * the list ends here, or what follows is malformed.
 */
static bool next_tag(const uint8_t **at, const uint8_t *end, struct span *tag, bool *weak)
{
	const uint8_t *p = *at, *begin;

	while (p < end && (rs_http_is_blank(*p) || *p == ','))
		p++;
	if (p == end)
		return false;
	*weak = end - p > 2 && p[0] == 'W' && p[1] == '/';
	p += *weak ? 2 : 0;
	begin = p;
	if (*p++ != '"')
		return false;
	while (p < end && is_etag_byte(*p))
		p++;
	if (p == end || *p++ != '"')
		return false;
	*tag = (struct span){.data = begin, .len = (uint32_t)(p - begin)};
	while (p < end && rs_http_is_blank(*p))
		p++;
	if (p < end && *p != ',')
		return false;
	*at = p;
	return true;
}

static bool value_matches(struct span value, struct span etag, bool allow_weak)
{
	const uint8_t *at = value.data, *end = value.data + value.len;
	struct span tag;
	bool weak;

	while (next_tag(&at, end, &tag, &weak)) {
		if ((allow_weak || !weak) && rs_span_same(tag, etag))
			return true;
	}
	return false;
}

static bool any_matches(
	const struct http_req *req, enum http_field_id id, struct span etag, bool allow_weak)
{
	struct span value;

	/* "*" stands alone: several lines are one list (section 5.3), where it is no tag. */
	if (rs_http_find_field(req, id, &value) == 1 && value.len == 1 && *value.data == '*')
		return true;
	for (uint32_t i = 0; i < req->n_fields; i++) {
		if (rs_http_field(req, i)->id == id &&
			value_matches(rs_http_field_value(req, i), etag, allow_weak))
			return true;
	}
	return false;
}

/* Is there a date, and was it changed after that? */
static bool modified_since(const struct http_req *req, enum http_field_id id,
	const struct http_validators *v, bool *modified)
{
	struct span value;
	int64_t date_s;

	if (v->mtime_s == HTTP_NO_MTIME || rs_http_find_field(req, id, &value) != 1 ||
		!rs_http_parse_date(value, v->now_s, &date_s))
		return false;
	*modified = v->mtime_s > date_s;
	return true;
}

enum http_condition rs_http_check_conditions(
	const struct http_req *req, const struct http_validators *v)
{
	bool reads = req->method == HTTP_GET || req->method == HTTP_HEAD;
	bool modified;

	if (!(req->known & HTTP_CONDITION_FIELDS))
		return HTTP_PROCEED;
	if (rs_http_has_field(req, HTTP_FIELD_IF_MATCH)) {
		if (!any_matches(req, HTTP_FIELD_IF_MATCH, v->etag, false))
			return HTTP_PRECONDITION_FAILED;
	} else if (modified_since(req, HTTP_FIELD_IF_UNMODIFIED_SINCE, v, &modified) && modified) {
		return HTTP_PRECONDITION_FAILED;
	}
	if (rs_http_has_field(req, HTTP_FIELD_IF_NONE_MATCH)) {
		if (!any_matches(req, HTTP_FIELD_IF_NONE_MATCH, v->etag, true))
			return HTTP_PROCEED;
		return reads ? HTTP_NOT_MODIFIED : HTTP_PRECONDITION_FAILED;
	}
	if (reads && modified_since(req, HTTP_FIELD_IF_MODIFIED_SINCE, v, &modified) && !modified)
		return HTTP_NOT_MODIFIED;
	return HTTP_PROCEED;
}

bool rs_http_if_range(const struct http_req *req, const struct http_validators *v)
{
	struct span value, tag;
	const uint8_t *at;
	int64_t date_s;
	bool weak;

	if (!rs_http_has_field(req, HTTP_FIELD_IF_RANGE))
		return true;
	if (rs_http_find_field(req, HTTP_FIELD_IF_RANGE, &value) != 1)
		return false;
	at = value.data;
	if (value.len && (*at == '"' || *at == 'W') &&
		next_tag(&at, value.data + value.len, &tag, &weak))
		return !weak && at == value.data + value.len && rs_span_same(tag, v->etag);
	/* A date that is less than a second older than now may stand for two versions. */
	return rs_http_parse_date(value, v->now_s, &date_s) && date_s == v->mtime_s &&
	       v->now_s - v->mtime_s >= 1;
}
