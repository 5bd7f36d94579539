/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/fields.h"

#include <string.h>

#include "base/bytes.h"
#include "http/scan.h"
#include "http/target.h"
#include "http/text.h"

#define FIELD_BIT(id) (1u << HTTP_FIELD_##id)

#define MIN_NAME_BYTES 4
#define MAX_NAME_BYTES 19

static const struct known_name {
	char text[31];
	uint8_t len;
} known[HTTP_N_FIELDS] = {
#define HTTP_FIELD(id, name) [HTTP_FIELD_##id] = {name, sizeof(name) - 1},
#include "http/http_fields.def"
#undef HTTP_FIELD
};

/* No two of the known names have the same length and fourth character, nor the same slot. */
#define SLOT(len, fourth) (((len)*3u + (fourth)) & 63)

static const uint8_t at_slot[64] = {
	[SLOT(4, 't')] = HTTP_FIELD_HOST,
	[SLOT(5, 'g')] = HTTP_FIELD_RANGE,
	[SLOT(6, 'e')] = HTTP_FIELD_EXPECT,
	[SLOT(7, 'e')] = HTTP_FIELD_REFERER,
	[SLOT(8, 'r')] = HTTP_FIELD_IF_RANGE,
	[SLOT(8, 'm')] = HTTP_FIELD_IF_MATCH,
	[SLOT(10, 'n')] = HTTP_FIELD_CONNECTION,
	[SLOT(10, 'r')] = HTTP_FIELD_USER_AGENT,
	[SLOT(13, 'n')] = HTTP_FIELD_IF_NONE_MATCH,
	[SLOT(14, 't')] = HTTP_FIELD_CONTENT_LENGTH,
	[SLOT(14, '-')] = HTTP_FIELD_SEC_FETCH_MODE,
	[SLOT(15, 'e')] = HTTP_FIELD_ACCEPT_ENCODING,
	[SLOT(17, 'n')] = HTTP_FIELD_TRANSFER_ENCODING,
	[SLOT(17, 'm')] = HTTP_FIELD_IF_MODIFIED_SINCE,
	[SLOT(19, 'u')] = HTTP_FIELD_IF_UNMODIFIED_SINCE,
};

/* Each bit 0x20 set makes lower case of letters and leaves "-" and digits; no other character of a
 * token becomes one of these. */
#define LOWER_4 UINT32_C(0x20202020)
#define LOWER_8 UINT64_C(0x2020202020202020)

/* Words that overlap where need be: name is as long. */
static bool is_name(const uint8_t *name, const struct known_name *k)
{
	uint32_t last = k->len;

	if (last < 8)
		return (rs_load_32(name) | LOWER_4) == rs_load_32(k->text) &&
		       (rs_load_32(name + last - 4) | LOWER_4) == rs_load_32(k->text + last - 4);
	return (rs_load_64(name) | LOWER_8) == rs_load_64(k->text) &&
	       (rs_load_64(name + last - 8) | LOWER_8) == rs_load_64(k->text + last - 8) &&
	       (last <= 16 || (rs_load_64(name + 8) | LOWER_8) == rs_load_64(k->text + 8));
}

_Static_assert(MIN_NAME_BYTES >= 4 && MAX_NAME_BYTES <= 24, "three words of a name are compared");

uint8_t rs_http_field_id(const uint8_t *name, uint32_t len)
{
	uint8_t id;

	if (len < MIN_NAME_BYTES)
		return HTTP_FIELD_OTHER;
	id = at_slot[SLOT(len, name[3] | 0x20u)];
	return known[id].len == len && is_name(name, &known[id]) ? id : (uint8_t)HTTP_FIELD_OTHER;
}

/* RFC 9112 section 3.2. A target with an authority has precedence, but Host has to be right; an
 * empty one is for what has no authority, which is nothing that is served here (section 3.3). */
static int judge_host(bool vector, struct http_req *req, const struct http_found *found)
{
	uint32_t i, from, to;

	if (!(req->known & FIELD_BIT(HOST)))
		return req->minor_version == 0 ? 0 : HTTP_REFUSED(HTTP_C_BAD_HOST);
	i = found->last[HTTP_FIELD_HOST];
	from = req->fields[i].value;
	to = from + req->fields[i].value_len;
	if (found->repeated & FIELD_BIT(HOST) || !rs_http_is_authority(vector, req->head, from, to))
		return HTTP_REFUSED(HTTP_C_BAD_HOST);
	if (!req->host.data)
		req->host = rs_http_field_value(req, i);
	return 0;
}

/* RFC 9112 section 6.3; a list of equal lengths is refused too, as the section allows. */
static int judge_content_length(struct http_req *req, const struct http_found *found)
{
	uint32_t i = found->last[HTTP_FIELD_CONTENT_LENGTH];

	if (found->repeated & FIELD_BIT(CONTENT_LENGTH) ||
		!rs_http_parse_number(rs_http_field_value(req, i), &req->content_length))
		return HTTP_REFUSED(HTTP_C_BAD_CONTENT_LENGTH);
	req->framing = HTTP_LENGTH;
	return 0;
}

struct codings {
	bool chunked; /* and it was the last so far */
	bool unknown;
};

/* One Transfer-Encoding line. chunked has no parameters (RFC 9112 section 7.1). */
static bool read_codings(struct span list, struct codings *codings)
{
	struct span coding;

	while (rs_http_next_element(&list, &coding)) {
		if (codings->chunked || coding.len == 0 ||
			scan_run_scalar(SCAN_TOKEN, coding.data, 0, coding.len) != coding.len)
			return false;
		if (rs_http_same(coding, "chunked"))
			codings->chunked = true;
		else
			codings->unknown = true;
	}
	return true;
}

/* RFC 9112 sections 6.1 and 6.3. */
static int judge_transfer_encoding(struct http_req *req)
{
	struct codings codings = {0};

	if (req->minor_version == 0 || req->known & FIELD_BIT(CONTENT_LENGTH))
		return HTTP_REFUSED(HTTP_C_BAD_TRANSFER_ENCODING);
	for (uint32_t i = 0; i < req->n_fields; i++)
		if (req->fields[i].id == HTTP_FIELD_TRANSFER_ENCODING &&
			!read_codings(rs_http_field_value(req, i), &codings))
			return HTTP_REFUSED(HTTP_C_BAD_TRANSFER_ENCODING);
	if (!codings.chunked)
		return HTTP_REFUSED(HTTP_C_BAD_TRANSFER_ENCODING);
	if (codings.unknown)
		return HTTP_REFUSED(HTTP_C_UNKNOWN_CODING);
	req->framing = HTTP_CHUNKED;
	return 0;
}

/* RFC 9112 section 9.3. */
static void judge_connection(struct http_req *req, const struct http_found *found)
{
	bool close = false, keep_alive = false;

	/* Nearly all say this, and nothing else. */
	if (!(found->repeated & FIELD_BIT(CONNECTION)) &&
		rs_http_same(rs_http_field_value(req, found->last[HTTP_FIELD_CONNECTION]),
			"keep-alive")) {
		req->keep_alive = true;
		return;
	}
	for (uint32_t i = 0; i < req->n_fields; i++) {
		struct span list = rs_http_field_value(req, i);
		struct span option;

		if (req->fields[i].id != HTTP_FIELD_CONNECTION)
			continue;
		while (rs_http_next_element(&list, &option)) {
			close |= rs_http_same(option, "close");
			keep_alive |= rs_http_same(option, "keep-alive");
		}
	}
	req->keep_alive = !close && (req->minor_version > 0 || keep_alive);
}

/* RFC 9110 section 10.1.1; in HTTP/1.0 the field has no meaning. */
static int judge_expect(struct http_req *req)
{
	bool asked = false;

	if (req->minor_version == 0)
		return 0;
	for (uint32_t i = 0; i < req->n_fields; i++) {
		struct span list = rs_http_field_value(req, i);
		struct span expectation;

		if (req->fields[i].id != HTTP_FIELD_EXPECT)
			continue;
		while (rs_http_next_element(&list, &expectation)) {
			if (!expectation.len)
				continue; /* section 5.6.1.2: empty list elements */
			if (!rs_http_same(expectation, "100-continue"))
				return HTTP_REFUSED(HTTP_C_BAD_EXPECTATION);
			asked = true;
		}
	}
	req->expect_continue =
		asked && (req->framing == HTTP_CHUNKED ||
				 (req->framing == HTTP_LENGTH && req->content_length > 0));
	return 0;
}

int rs_http_judge_fields(bool vector, struct http_req *req, const struct http_found *found)
{
	int r = judge_host(vector, req, found);

	req->keep_alive = req->minor_version > 0;
	req->framing = HTTP_NO_BODY;
	req->content_length = 0;
	req->expect_continue = false;
	if (r == 0 && req->known & FIELD_BIT(TRANSFER_ENCODING))
		r = judge_transfer_encoding(req);
	if (r == 0 && req->known & FIELD_BIT(CONTENT_LENGTH))
		r = judge_content_length(req, found);
	if (r == 0 && req->known & FIELD_BIT(CONNECTION))
		judge_connection(req, found);
	if (r == 0 && req->known & FIELD_BIT(EXPECT))
		r = judge_expect(req);
	return r;
}
