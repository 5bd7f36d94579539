/* SPDX-License-Identifier: BSD-2-Clause */
#include "answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <zlib.h>

#include "base/bytes.h"

#define STATUS_BYTES 12              /* HTTP/1.1 200 */
#define MAX_LENGTH   19              /* digits */
#define MAX_MARKED   (LOAD_MARK - 3) /* with its CRLF, and what is before it */

void rs_answer_reader_init(struct answer_reader *r, const struct load_options *o, bool is_head)
{
	memset(r, 0, sizeof(*r));
	r->status = o->status;
	r->length = o->length;
	r->is_head = is_head;
	for (uint16_t i = 1; i < ANSWER_N_HEADS; i++) /* 0 says: none */
		r->free_heads[r->n_free_heads++] = i;
}

void rs_answer_reset(struct answer_reader *r, struct answer *a)
{
	if (a->head)
		r->free_heads[r->n_free_heads++] = a->head;
	*a = (struct answer){0};
}

/* ---- heads ---- */

struct head {
	uint32_t status;
	uint64_t body_len;
	const uint8_t *length; /* the value of Content-Length, or NULL */
	uint32_t length_len;
	bool closes; /* RFC 9112 section 9.3 */
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* The value of the field in [line, end), if it has this name; NULL otherwise. */
static const uint8_t *field_value(
	const uint8_t *line, const uint8_t *end, const char *name, uint32_t *len)
{
	size_t n = strlen(name);

	if ((size_t)(end - line) <= n || strncasecmp((const char *)line, name, n) != 0)
		return NULL;
	line += n;
	while (line < end && is_blank(*line))
		line++;
	while (line < end && is_blank(end[-1]))
		end--;
	*len = (uint32_t)(end - line);
	return line;
}

/* Is word an element of a list? */
static bool has_element(const uint8_t *list, uint32_t len, const char *word)
{
	const uint8_t *end = list + len;
	size_t n = strlen(word);

	while (list < end) {
		const uint8_t *comma = memchr(list, ',', (size_t)(end - list));
		const uint8_t *next = comma ? comma : end;

		while (list < next && is_blank(*list))
			list++;
		if ((size_t)(next - list) >= n && !strncasecmp((const char *)list, word, n) &&
			(list + n == next || is_blank(list[n])))
			return true;
		list = next + 1;
	}
	return false;
}

/* One field. False: the head contradicts itself. */
static bool read_field(const uint8_t *line, const uint8_t *end, struct head *h)
{
	uint32_t len;
	const uint8_t *value = field_value(line, end, "content-length:", &len);

	if (value && h->length)
		return false;
	if (value) {
		h->length = value;
		h->length_len = len;
		return true;
	}
	value = field_value(line, end, "connection:", &len);
	if (value && has_element(value, len, "close"))
		h->closes = true;
	else if (value && has_element(value, len, "keep-alive"))
		h->closes = false;
	return true;
}

/* A whole head, with the empty line. False: it cannot be read. */
static bool read_head(const uint8_t *data, uint32_t len, struct head *h)
{
	const uint8_t *line = data, *end = data + len - 2;

	*h = (struct head){0};
	if (len < STATUS_BYTES + 3 || memcmp(data, "HTTP/1.", 7) != 0)
		return false;
	h->closes = data[7] == '0';
	for (uint32_t i = 9; i < 12; i++) {
		if (data[i] < '0' || data[i] > '9')
			return false;
		h->status = h->status * 10 + data[i] - '0';
	}
	while (line < end) {
		const uint8_t *next = memchr(line, '\n', (size_t)(data + len - line));

		if (!read_field(line, next - 1, h))
			return false;
		line = next + 1;
	}
	if (h->status == 204 || h->status == 304 || h->status < 200)
		return true;
	if (!h->length || !h->length_len || h->length_len > MAX_LENGTH)
		return false;
	for (uint32_t i = 0; i < h->length_len; i++) {
		if (h->length[i] < '0' || h->length[i] > '9')
			return false;
		h->body_len = h->body_len * 10 + h->length[i] - '0';
	}
	return true;
}

/* What later answers of the path are held against. */
static void learn(struct load_request *q, const uint8_t *data, uint32_t len, const struct head *h)
{
	if (!h->length || h->length_len > MAX_MARKED)
		return;
	q->head_len = len;
	q->mark_at = (uint32_t)(h->length - data) + h->length_len + 2 - LOAD_MARK;
	memcpy(q->mark, data + q->mark_at, LOAD_MARK);
	q->body_len = h->body_len;
	q->closes = h->closes;
}

/* body_len, closes: as the head says. Only bodies of right heads say what is right. */
static void begin_body(
	struct answer_reader *r, struct answer *a, uint64_t body_len, bool closes, bool is_right)
{
	a->body_left = r->is_head ? 0 : body_len;
	a->in_body = true;
	a->closes = closes;
	a->is_sampled = is_right && !r->is_head && !(r->n_answers++ & ANSWER_SAMPLE_MASK);
	a->crc = 0;
}

/*
 * Nearly every answer has its path's usual head, but for the date: the status, the length and the
 * empty line stand where they stood, and nothing else needs to be looked at.
 */
static bool is_usual_head(const struct load_request *q, const uint8_t *data, uint32_t len)
{
	return q->head_len && len >= q->head_len && !memcmp(data, "HTTP/1.1 200", STATUS_BYTES) &&
	       !memcmp(data + q->mark_at, q->mark, LOAD_MARK) &&
	       !memcmp(data + q->head_len - 4, "\r\n\r\n", 4);
}

/* Judges a whole head. False: the answer is broken. An interim answer (1xx) is passed over. */
static bool take_head(struct answer_reader *r, struct answer *a, struct load_request *q,
	const uint8_t *data, uint32_t len)
{
	struct head h;
	bool has_status, has_length;

	if (!read_head(data, len, &h))
		return false;
	if (h.status < 200)
		return true;
	has_status = h.status == r->status;
	has_length = r->length >= 0 ? h.body_len == (uint64_t)r->length
				    : !q->head_len || h.body_len == q->body_len;
	if (!has_status)
		r->n_wrong_status++;
	else if (!has_length)
		r->n_wrong_length++;
	else if (!q->head_len)
		learn(q, data, len, &h);
	begin_body(r, a, h.body_len, h.closes, has_status && has_length);
	return true;
}

/* Keeps the beginning of a head until the rest is there. 0: there is no room for it. */
static uint32_t keep_head(
	struct answer_reader *r, struct answer *a, const uint8_t *data, uint32_t len)
{
	struct answer_head *head;
	uint32_t n;

	if (!a->head) {
		if (!r->n_free_heads)
			return 0;
		a->head = r->free_heads[--r->n_free_heads];
		r->heads[a->head].len = 0;
	}
	head = &r->heads[a->head];
	n = rs_min_u32(len, ANSWER_HEAD_BYTES - head->len);
	memcpy(head->data + head->len, data, n);
	head->len += n;
	return n;
}

/* The end of the head at the beginning of data, or 0. */
static uint32_t head_end(const uint8_t *data, uint32_t len)
{
	const uint8_t *end = memmem(data, len, "\r\n\r\n", 4);

	return end ? (uint32_t)(end - data) + 4 : 0;
}

/* The usual head, at once? */
static bool skip_usual_head(struct answer_reader *r, struct answer *a, const struct load_request *q,
	const uint8_t *data, uint32_t len)
{
	if (!is_usual_head(q, data, len) || r->status != 200 ||
		(r->length >= 0 && (uint64_t)r->length != q->body_len))
		return false;
	begin_body(r, a, q->body_len, q->closes, true);
	return true;
}

/* Returns how many bytes of data belonged to a head, 0: broken. */
static uint32_t input_head(struct answer_reader *r, struct answer *a, struct load_request *q,
	const uint8_t *data, uint32_t len)
{
	uint32_t before, end, n;
	struct answer_head *head;

	if (!a->head) {
		if (rs_likely(skip_usual_head(r, a, q, data, len)))
			return q->head_len;
		end = head_end(data, len);
		if (end)
			return take_head(r, a, q, data, end) ? end : 0;
	}
	before = a->head ? r->heads[a->head].len : 0;
	n = keep_head(r, a, data, len);
	if (!n)
		return 0;
	head = &r->heads[a->head];
	end = head_end(head->data, head->len);
	if (!end)
		return n;
	if (!take_head(r, a, q, head->data, end))
		return 0;
	r->free_heads[r->n_free_heads++] = a->head;
	a->head = 0;
	return end - before;
}

static void end_body(struct answer_reader *r, const struct answer *a, struct load_request *q)
{
	if (rs_likely(!a->is_sampled))
		return;
	if (!q->has_crc) {
		q->has_crc = true;
		q->crc = a->crc;
	} else if (q->crc != a->crc) {
		r->n_wrong_body++;
	}
}

enum answer_end rs_answer_input(struct answer_reader *r, struct answer *a,
	struct load_request *request, const uint8_t *data, uint32_t len, uint32_t *used)
{
	uint32_t at = 0, n;

	while (!a->in_body && at < len) {
		n = input_head(r, a, request, data + at, len - at);
		if (!n) {
			r->n_malformed++;
			return ANSWER_BROKEN;
		}
		at += n;
	}
	if (!a->in_body)
		return ANSWER_MORE;
	n = a->body_left < len - at ? (uint32_t)a->body_left : len - at;
	if (a->is_sampled)
		a->crc = (uint32_t)crc32(a->crc, data + at, n);
	a->body_left -= n;
	r->body_bytes += n;
	if (a->body_left)
		return ANSWER_MORE;
	*used = at + n;
	end_body(r, a, request);
	a->in_body = false;
	return ANSWER_DONE;
}
