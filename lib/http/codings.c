/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/codings.h"

#include <stdbool.h>
#include <string.h>

#include "http/text.h"

#define WEIGHT_NONE UINT32_MAX /* not mentioned */

const char *const rs_http_coding_names[HTTP_N_CODINGS] = {
	[HTTP_IDENTITY] = "identity",
	[HTTP_GZIP] = "gzip",
	[HTTP_ZSTD] = "zstd",
	[HTTP_BR] = "br",
};

struct weights {
	uint32_t of[HTTP_N_CODINGS]; /* in thousandths */
	uint32_t of_rest;            /* "*"; 0 where that is not mentioned */
};

/* qvalue of section 12.4.2: 0, 1, or a fraction with up to three digits. */
static bool parse_weight(struct span text, uint32_t *weight)
{
	uint32_t scale = 100;

	if (!text.len || text.len > 5 || (*text.data != '0' && *text.data != '1'))
		return false;
	*weight = *text.data == '1' ? 1000 : 0;
	if (text.len > 1 && text.data[1] != '.')
		return false;
	for (uint32_t i = 2; i < text.len; i++, scale /= 10) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		*weight += (uint32_t)(text.data[i] - '0') * scale;
	}
	return *weight <= 1000;
}

/* "name" or "name;q=0.5". */
static bool split_weight(struct span *item, uint32_t *weight)
{
	const uint8_t *semicolon = memchr(item->data, ';', item->len);
	struct span q;

	*weight = 1000;
	if (!semicolon)
		return true;
	q = (struct span){
		.data = semicolon + 1,
		.len = (uint32_t)(item->data + item->len - semicolon - 1),
	};
	item->len = (uint32_t)(semicolon - item->data);
	*item = rs_http_trim(*item);
	q = rs_http_trim(q);
	if (q.len < 2 || (*q.data | 0x20) != 'q' || q.data[1] != '=')
		return false;
	return parse_weight((struct span){.data = q.data + 2, .len = q.len - 2}, weight);
}

static void note(struct weights *w, struct span item)
{
	uint32_t weight;

	if (!split_weight(&item, &weight))
		return;
	if (item.len == 1 && *item.data == '*')
		w->of_rest = weight;
	for (uint32_t i = 0; i < HTTP_N_CODINGS; i++) {
		if (rs_http_same(item, rs_http_coding_names[i]))
			w->of[i] = weight;
	}
	if (rs_http_same(item, "x-gzip")) /* section 8.4.1.3 */
		w->of[HTTP_GZIP] = weight;
}

static uint32_t weight_of(const struct weights *w, enum http_coding coding)
{
	return w->of[coding] == WEIGHT_NONE ? w->of_rest : w->of[coding];
}

enum http_coding rs_http_choose_coding(const struct http_req *req, uint32_t available)
{
	struct weights w = {0};
	enum http_coding best = HTTP_IDENTITY;

	if (!(available & ~1u) || !rs_http_has_field(req, HTTP_FIELD_ACCEPT_ENCODING))
		return HTTP_IDENTITY;
	for (uint32_t i = 0; i < HTTP_N_CODINGS; i++)
		w.of[i] = WEIGHT_NONE;
	for (uint32_t i = 0; i < req->n_fields; i++) {
		struct span list = rs_http_field_value(req, i);
		struct span item;

		if (rs_http_field(req, i)->id != HTTP_FIELD_ACCEPT_ENCODING)
			continue;
		while (rs_http_next_element(&list, &item))
			note(&w, item);
	}
	for (enum http_coding i = HTTP_GZIP; i < HTTP_N_CODINGS; i++) {
		if (available & 1u << i && weight_of(&w, i) &&
			weight_of(&w, i) >= weight_of(&w, best))
			best = i;
	}
	return best;
}
