/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One field line (RFC 9112 section 5), whose end is known. Inline, since it is compiled for both
 * twins of the parser. Private to lib/http; includes base only.
 */
#ifndef RS_HTTP_FIELD_LINE_H
#define RS_HTTP_FIELD_LINE_H

#include "base/bytes.h"
#include "http/fields.h"
#include "http/parse.h"
#include "http/scan.h"
#include "http/text.h"

static inline bool is_line_end(const uint8_t *p)
{
	return rs_load_be16(p) == ('\r' << 8 | '\n');
}

/* Why the field line at head[from], whose name ends at i, is no field line. */
static inline int refuse_field(const uint8_t *head, uint32_t from, uint32_t i)
{
	if (head[from] == ' ' || head[from] == '\t')
		return HTTP_REFUSED(HTTP_C_OBS_FOLD);
	if (i > from) {
		while (head[i] == ' ' || head[i] == '\t')
			i++;
		if (head[i] == ':')
			return HTTP_REFUSED(HTTP_C_SPACE_BEFORE_COLON);
	}
	return HTTP_REFUSED(HTTP_C_BAD_FIELD_NAME);
}

/* name ":" OWS value OWS, in [from, cr) of a head that ends at end. Returns 0, or a refusal. */
static inline int read_field(bool vector, const uint8_t *head, uint32_t from, uint32_t cr,
	uint32_t end, struct http_field *field)
{
	uint32_t colon = scan_run(vector, SCAN_TOKEN, head, from, end, 0);
	uint32_t value = colon + 1;

	if (colon == from || head[colon] != ':')
		return refuse_field(head, from, colon);
	value += head[value] == ' '; /* all that most have */
	while (rs_unlikely(rs_http_is_blank(head[value])))
		value++;
	while (rs_unlikely(rs_http_is_blank(head[cr - 1])) && cr > value)
		cr--;
	*field = (struct http_field){
		.name = (uint16_t)from,
		.value = (uint16_t)value,
		.value_len = (uint16_t)(cr - value),
		.id = rs_http_field_id(head + from, colon - from),
	};
	return 0;
}

#endif
