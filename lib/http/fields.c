/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/fields.h"

#include <string.h>

#include "base/bytes.h"
#include "http/scan.h"
#include "http/target.h"
#include "http/text.h"

#define FIELD_BIT(id) (1u << HTTP_FIELD_##id)

#define MAX_NAME_BYTES 19

static const struct {
	uint8_t len;
	char name[MAX_NAME_BYTES + 1];
} known[HTTP_N_FIELDS + 1] = {
#define HTTP_FIELD(id, name) [HTTP_FIELD_##id] = {sizeof(name) - 1, name},
#include "http/http_fields.def"
#undef HTTP_FIELD
};

/* Lower case, for letters and for "-"; no other character of a token becomes one of these. */
static bool same_4(const uint8_t *name, const char *lower)
{
	uint32_t a, b;

	memcpy(&a, name, sizeof(a));
	memcpy(&b, lower, sizeof(b));
	return (a | 0x20202020u) == b;
}

static bool same_name(const uint8_t *name, const char *lower, uint32_t len)
{
	uint32_t i;

	for (i = 0; i + 4 <= len; i += 4)
		if (!same_4(name + i, lower + i))
			return false;
	for (; i < len; i++)
		if ((name[i] | 0x20) != lower[i])
			return false;
	return true;
}

/* http_fields.def is in the order of length. */
uint8_t rs_http_field_id(const uint8_t *name, uint32_t len)
{
	static const uint8_t first_of_len[MAX_NAME_BYTES + 1] = {
		[4] = HTTP_FIELD_HOST,
		[5] = HTTP_FIELD_RANGE,
		[6] = HTTP_FIELD_EXPECT,
		[7] = HTTP_FIELD_REFERER,
		[8] = HTTP_FIELD_IF_RANGE,
		[10] = HTTP_FIELD_CONNECTION,
		[13] = HTTP_FIELD_IF_NONE_MATCH,
		[14] = HTTP_FIELD_CONTENT_LENGTH,
		[15] = HTTP_FIELD_ACCEPT_ENCODING,
		[17] = HTTP_FIELD_TRANSFER_ENCODING,
		[19] = HTTP_FIELD_IF_UNMODIFIED_SINCE,
	};

	if (len > MAX_NAME_BYTES || !first_of_len[len])
		return HTTP_FIELD_OTHER;
	for (uint8_t id = first_of_len[len]; known[id].len == len; id++)
		if (same_name(name, known[id].name, len))
			return id;
	return HTTP_FIELD_OTHER;
}

/* id occurs. */
static uint32_t first_field(const struct http_req *req, enum http_field_id id)
{
	uint32_t i = 0;

	while (req->fields[i].id != id)
		i++;
	return i;
}

/* RFC 9112 section 3.2. A target with an authority has precedence, but Host has to be right. */
static int judge_host(bool vector, struct http_req *req, uint32_t repeated)
{
	uint32_t i, from, to;

	if (!(req->known & FIELD_BIT(HOST)))
		return req->minor_version == 0 ? 0 : HTTP_REFUSED(HTTP_C_BAD_HOST);
	i = first_field(req, HTTP_FIELD_HOST);
	from = req->fields[i].value;
	to = from + req->fields[i].value_len;
	if (repeated & FIELD_BIT(HOST) || !rs_http_is_authority(vector, req->head, from, to))
		return HTTP_REFUSED(HTTP_C_BAD_HOST);
	if (!req->host.data)
		req->host = rs_http_field_value(req, i);
	return 0;
}

/* RFC 9112 section 6.3; a list of equal lengths is refused too, as the section allows. */
static int judge_content_length(struct http_req *req, uint32_t repeated)
{
	uint32_t i = first_field(req, HTTP_FIELD_CONTENT_LENGTH);

	if (repeated & FIELD_BIT(CONTENT_LENGTH) ||
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
static void judge_connection(struct http_req *req)
{
	bool close = false, keep_alive = false;

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

int rs_http_judge_fields(bool vector, struct http_req *req, uint32_t repeated)
{
	int r = judge_host(vector, req, repeated);

	req->keep_alive = req->minor_version > 0;
	req->framing = HTTP_NO_BODY;
	req->content_length = 0;
	req->expect_continue = false;
	if (r == 0 && req->known & FIELD_BIT(TRANSFER_ENCODING))
		r = judge_transfer_encoding(req);
	if (r == 0 && req->known & FIELD_BIT(CONTENT_LENGTH))
		r = judge_content_length(req, repeated);
	if (r == 0 && req->known & FIELD_BIT(CONNECTION))
		judge_connection(req);
	if (r == 0 && req->known & FIELD_BIT(EXPECT))
		r = judge_expect(req);
	return r;
}
