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
/* For a length: the chunks will tell, or the end of the connection. */
#define IN_CHUNKS   UINT64_MAX
#define UNTIL_CLOSE (UINT64_MAX - 1)

void rs_answer_reader_init(struct answer_reader *r, const struct load_options *o, bool is_head)
{
	memset(r, 0, sizeof(*r));
	r->status = o->status;
	r->length = o->length;
	r->is_head = is_head;
	for (uint16_t i = 1; i < ANSWER_N_HEADS; i++) /* 0 says: none */
		r->free_heads[r->n_free_heads++] = i;
}

void rs_answer_reset(struct answer_reader *r, struct answer *a, struct answer_chunks *chunks)
{
	if (a->head)
		r->free_heads[r->n_free_heads++] = a->head;
	*a = (struct answer){0};
	*chunks = (struct answer_chunks){0};
}

/* ---- heads ---- */

struct head {
	uint32_t status;
	uint64_t body_len;
	const uint8_t *framing; /* the value of Content-Length or Transfer-Encoding, or NULL */
	uint32_t framing_len;
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

	if ((size_t)(end - line) < n || strncasecmp((const char *)line, name, n) != 0)
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

/* One field. False: the head contradicts itself (RFC 9112 section 6.3). */
static bool read_field(const uint8_t *line, const uint8_t *end, struct head *h)
{
	uint32_t len;
	const uint8_t *value = field_value(line, end, "content-length:", &len);
	bool is_length = value;

	if (!value)
		value = field_value(line, end, "transfer-encoding:", &len);
	if (value && h->framing)
		return false;
	if (value) {
		h->framing = value;
		h->framing_len = len;
		h->body_len = is_length ? 0 : IN_CHUNKS;
		return true;
	}
	value = field_value(line, end, "connection:", &len);
	if (value && has_element(value, len, "close"))
		h->closes = true;
	else if (value && has_element(value, len, "keep-alive"))
		h->closes = false;
	return true;
}

static bool read_length(struct head *h)
{
	if (!h->framing_len || h->framing_len > MAX_LENGTH)
		return false;
	for (uint32_t i = 0; i < h->framing_len; i++) {
		if (h->framing[i] < '0' || h->framing[i] > '9')
			return false;
		h->body_len = h->body_len * 10 + h->framing[i] - '0';
	}
	return true;
}

/* No other coding was asked for, and HTTP/1.0 has none (RFC 9112 sections 6.1 and 7.4). */
static bool is_chunked(const struct head *h, bool is_http10)
{
	return !is_http10 && h->framing_len == 7 &&
	       !strncasecmp((const char *)h->framing, "chunked", 7);
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
	if (h->status == 204 || h->status == 304 || h->status < 200) { /* without a body */
		h->body_len = 0;
		return true;
	}
	if (!h->framing) {
		h->body_len = UNTIL_CLOSE;
		return true;
	}
	return h->body_len == IN_CHUNKS ? is_chunked(h, data[7] == '0') : read_length(h);
}

/* Is this what bodies of the path must have? */
static bool is_right_length(
	const struct answer_reader *r, struct load_request *q, uint64_t body_len)
{
	if (r->length >= 0)
		return body_len == (uint64_t)r->length;
	if (!q->has_length) {
		q->has_length = true;
		q->body_len = body_len;
	}
	return body_len == q->body_len;
}

/* What later heads of the path are held against. */
static void learn(struct load_request *q, const uint8_t *data, uint32_t len, const struct head *h)
{
	if (!h->framing || h->framing_len > MAX_MARKED)
		return;
	q->head_len = len;
	q->mark_at = (uint32_t)(h->framing - data) + h->framing_len + 2 - LOAD_MARK;
	memcpy(q->mark, data + q->mark_at, LOAD_MARK);
	q->usual_len = h->body_len;
	q->closes = h->closes;
}

/* body_len, closes: as the head says. Only bodies of right heads say what is right. */
static void begin_body(
	struct answer_reader *r, struct answer *a, uint64_t body_len, bool closes, bool is_right)
{
	a->body_left = r->is_head ? 0 : body_len;
	a->in_body = true;
	a->closes = closes;
	a->is_right = is_right;
	a->is_sampled = is_right && !r->is_head && !(r->n_answers++ & ANSWER_SAMPLE_MASK);
	a->crc = 0;
}

/*
 * Nearly every answer has its path's usual head, but for the date: the status, the length (or that
 * there are chunks) and the empty line stand where they stood, and nothing else needs to be looked
 * at.
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
	bool is_right = true;
	struct head h;

	if (!read_head(data, len, &h))
		return false;
	if (h.status < 200)
		return true;
	if (h.status != r->status) {
		r->n_wrong_status++;
		is_right = false;
	} else if (h.body_len < UNTIL_CLOSE && !is_right_length(r, q, h.body_len)) {
		r->n_wrong_length++;
		is_right = false;
	} else if (!q->head_len) {
		learn(q, data, len, &h);
	}
	begin_body(r, a, h.body_len, h.closes, is_right);
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
	if (!is_usual_head(q, data, len) || r->status != 200)
		return false;
	begin_body(r, a, q->usual_len, q->closes, true);
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

/* ---- bodies ---- */

static void take_body(struct answer_reader *r, struct answer *a, const uint8_t *data, uint32_t len)
{
	if (a->is_sampled)
		a->crc = (uint32_t)crc32(a->crc, data, len);
	r->body_bytes += len;
}

static void end_body(struct answer_reader *r, struct answer *a, struct load_request *q)
{
	a->in_body = false;
	if (rs_likely(!a->is_sampled))
		return;
	if (!q->has_crc) {
		q->has_crc = true;
		q->crc = a->crc;
	} else if (q->crc != a->crc) {
		r->n_wrong_body++;
	}
}

static enum answer_end input_body(struct answer_reader *r, struct answer *a, struct load_request *q,
	const uint8_t *data, uint32_t len, uint32_t *used)
{
	uint32_t n = a->body_left < len ? (uint32_t)a->body_left : len;

	take_body(r, a, data, n);
	a->body_left -= n;
	if (a->body_left)
		return ANSWER_MORE;
	*used = n;
	end_body(r, a, q);
	return ANSWER_DONE;
}

/* Only now there is a length. */
static void end_counted(struct answer_reader *r, struct answer *a, struct answer_chunks *chunks,
	struct load_request *q)
{
	if (a->is_right && !is_right_length(r, q, chunks->n_bytes)) {
		r->n_wrong_length++;
		a->is_sampled = false;
	}
	*chunks = (struct answer_chunks){0};
	end_body(r, a, q);
}

static void take_counted(struct answer_reader *r, struct answer *a, struct answer_chunks *chunks,
	const uint8_t *data, uint32_t len)
{
	take_body(r, a, data, len);
	chunks->n_bytes += len;
}

/* RFC 9112 section 7.1 */
static enum answer_end input_chunks(struct answer_reader *r, struct answer *a,
	struct answer_chunks *chunks, struct load_request *q, const uint8_t *data, uint32_t len,
	uint32_t *used)
{
	uint32_t at = 0;

	for (;;) {
		struct span piece;
		uint32_t n;
		enum http_chunked_event event =
			rs_http_chunked_read(&chunks->decoder, data + at, len - at, &n, &piece);

		at += n;
		switch (event) {
		case HTTP_CHUNKED_MORE:
			return ANSWER_MORE;
		case HTTP_CHUNKED_DATA:
			take_counted(r, a, chunks, piece.data, piece.len);
			break;
		case HTTP_CHUNKED_DONE:
			*used = at;
			end_counted(r, a, chunks, q);
			return ANSWER_DONE;
		case HTTP_CHUNKED_BAD:
			r->n_malformed++;
			return ANSWER_BROKEN;
		}
	}
}

enum answer_end rs_answer_input(struct answer_reader *r, struct answer *a,
	struct answer_chunks *chunks, struct load_request *request, const uint8_t *data,
	uint32_t len, uint32_t *used)
{
	enum answer_end end;
	uint32_t at = 0, n;

	*used = 0;
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
	if (rs_unlikely(a->body_left == UNTIL_CLOSE)) {
		take_counted(r, a, chunks, data + at, len - at);
		return ANSWER_MORE;
	}
	if (rs_unlikely(a->body_left == IN_CHUNKS))
		end = input_chunks(r, a, chunks, request, data + at, len - at, used);
	else
		end = input_body(r, a, request, data + at, len - at, used);
	*used += at;
	return end;
}

bool rs_answer_close(struct answer_reader *r, struct answer *a, struct answer_chunks *chunks,
	struct load_request *request)
{
	if (!a->in_body || a->body_left != UNTIL_CLOSE)
		return false;
	end_counted(r, a, chunks, request);
	return true;
}
