/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/reply.h"

#include <string.h>

#include "base/bytes.h"
#include "http/follow.h"
#include "http/lasting.h"
#include "http/render.h"

#define PAGE_BYTES 256 /* an error page: the status, and the help text of a counter */

bool rs_http_reply_closes(
	const struct http_env *env, const struct http_conn *hc, const struct http_req *req)
{
	return !req->keep_alive || rs_http_conn_closes(env, hc);
}

/* How much comes behind the head and what is copied there. */
static uint64_t later_bytes(const struct http_reply *reply, struct span *type, uint8_t *type_text)
{
	const struct http_lasting *body = &reply->lasting;

	if (!body->data)
		return reply->generated_bytes;
	if (body->n_ranges == 0)
		return body->len;
	if (body->n_ranges == 1)
		return body->ranges[0].last - body->ranges[0].first + 1;
	type->data = type_text;
	return rs_http_parts_bytes(body, type_text, &type->len);
}

static uint32_t hints_room(const struct http_reply *reply)
{
	return reply->hints.len ? HTTP_HINTS_ROOM + reply->hints.len : 0;
}

/* Is there room for its last lines behind a head that fills a chunk? */
static bool has_room_for_lasting_fields(
	struct http_env *env, struct sendq *out, const struct http_reply *reply)
{
	uint32_t n =
		env->chunks->chunk_bytes + reply->lasting_fields.len + (uint32_t)strlen("\r\n");

	return rs_sendq_make_room(out, env->chunks, 2) && out->n_bytes <= SENDQ_MAX_BYTES - n;
}

/* The last lines of a head that is queued. */
static void queue_lasting_fields(
	struct http_env *env, struct sendq *out, const struct http_reply *reply)
{
	if (!reply->lasting_fields.len)
		return;
	if (reply->lasting.owner)
		rs_chunk_share(env->chunks, reply->lasting.owner);
	rs_sendq_push(out, reply->lasting_fields.data,
		reply->lasting_fields.len + (uint32_t)strlen("\r\n"), reply->lasting.owner);
}

/* What is copied of a reply. Returns the bytes. */
static uint32_t write_reply(struct http_env *env, uint8_t *to, const struct http_reply *reply,
	const struct http_reply_head *head, bool body)
{
	uint32_t n = 0;

	if (rs_unlikely(reply->hints.len)) {
		n = rs_http_render_hints(to, reply->hints);
		env->counters[HTTP_C_REPLIES_1XX]++;
	}
	n += rs_http_render_head(to + n, head);
	if (body && reply->body.len) {
		memcpy(to + n, reply->body.data, reply->body.len);
		n += reply->body.len;
	}
	return n;
}

/* The head of a reply is queued. */
static void account(struct http_env *env, struct http_conn *hc, const struct http_req *req,
	uint16_t status, uint64_t body_bytes)
{
	env->counters[rs_http_class_counter(status)]++;
	if (rs_unlikely(env->log != NULL))
		rs_http_follow_begin(env, hc, rs_http_asked(req), status, body_bytes);
}

/* Room is asked for as if the body were sent: HEAD and GET differ in nothing else. */
static bool queue_reply(struct http_env *env, struct http_conn *hc, const struct http_req *req,
	struct sendq *out, const struct http_reply *reply, bool last)
{
	bool body = req->method != HTTP_HEAD;
	uint8_t type_text[HTTP_PARTS_TYPE_BYTES];
	struct span type = reply->content_type;
	uint64_t later = later_bytes(reply, &type, type_text);
	struct http_reply_head head = {
		.status = reply->status,
		.connection = (uint8_t)rs_http_say_connection(req, last),
		.date = env->date,
		.content_type = type,
		.content_length = later ? later : reply->body.len,
		.fields = reply->fields,
		.goes_on = reply->lasting_fields.len > 0,
	};
	uint8_t *to;

	if (rs_unlikely(head.goes_on) && !has_room_for_lasting_fields(env, out, reply))
		return false;
	to = rs_sendq_reserve(out, env->chunks,
		hints_room(reply) + HTTP_HEAD_ROOM + type.len + reply->fields.len +
			reply->body.len);
	if (!to)
		return false;
	if (body && later && reply->lasting.data &&
		!rs_http_lasting_begin(env, hc, &reply->lasting)) {
		rs_sendq_commit(out, 0, env->chunks);
		return false;
	}
	rs_sendq_commit(out, write_reply(env, to, reply, &head, body), env->chunks);
	queue_lasting_fields(env, out, reply);
	hc->reply_left = body ? later : 0;
	hc->last = last;
	account(env, hc, req, reply->status, body ? head.content_length : 0);
	return true;
}

/* Ours: the status, and what is wrong. */
static struct span write_page(uint8_t page[PAGE_BYTES], enum http_counter reason)
{
	const char *parts[] = {rs_http_status_text(rs_http_reason_status(reason)), "\n",
		rs_http_counter_defs[reason].help, "\n"};
	uint32_t n = 0;

	for (uint32_t i = 0; i < RS_ARRAY_SIZE(parts); i++) {
		struct span part = rs_span_text(parts[i]);

		if (part.len > PAGE_BYTES - n)
			part.len = PAGE_BYTES - n;
		memcpy(page + n, part.data, part.len);
		n += part.len;
	}
	return (struct span){.data = page, .len = n};
}

static struct span refusal_fields(const struct http_env *env)
{
	return rs_http_may_be_secured(env) ? env->cfg->secured_refusal_fields
					   : env->cfg->refusal_fields;
}

struct refusal {
	enum http_counter reason;
	struct span fields; /* that it has beside those of all */
	bool is_last;
};

static bool queue_refusal(struct http_env *env, struct http_conn *hc, const struct http_req *req,
	struct sendq *out, const struct refusal *refusal)
{
	const struct http_config *cfg = env->cfg;
	uint16_t status = rs_http_reason_status(refusal->reason);
	struct span fields = refusal->fields;
	struct span more = refusal_fields(env);
	uint8_t lines[HTTP_REFUSAL_MORE_BYTES + HTTP_REFUSAL_FIELDS_BYTES];
	uint8_t page[PAGE_BYTES];
	struct http_reply reply = {.status = status, .fields = fields};

	if (!cfg->refusal_page || !cfg->refusal_page(env, req, status, &reply)) {
		reply.content_type = rs_span_text("text/plain");
		reply.body = write_page(page, refusal->reason);
	}
	if (more.len && more.len + fields.len <= sizeof(lines)) {
		if (fields.len)
			memcpy(lines, fields.data, fields.len);
		memcpy(lines + fields.len, more.data, more.len);
		reply.fields = (struct span){.data = lines, .len = fields.len + more.len};
	}
	if (!queue_reply(env, hc, req, out, &reply, refusal->is_last))
		return false;
	env->counters[refusal->reason]++;
	return true;
}

bool rs_http_reply(struct http_env *env, struct http_conn *hc, const struct http_req *req,
	struct sendq *out, const struct http_reply *reply)
{
	return queue_reply(env, hc, req, out, reply, rs_http_reply_closes(env, hc, req));
}

bool rs_http_refuse(struct http_env *env, struct http_conn *hc, const struct http_req *req,
	struct sendq *out, enum http_counter reason)
{
	return rs_http_refuse_with(env, hc, req, out, reason, (struct span){0});
}

bool rs_http_refuse_with(struct http_env *env, struct http_conn *hc, const struct http_req *req,
	struct sendq *out, enum http_counter reason, struct span fields)
{
	const struct refusal refusal = {
		.reason = reason,
		.fields = fields,
		.is_last = rs_http_reply_closes(env, hc, req),
	};

	return queue_refusal(env, hc, req, out, &refusal);
}

bool rs_http_refuse_last(struct http_env *env, struct http_conn *hc, const struct http_req *req,
	struct sendq *out, enum http_counter reason)
{
	return queue_refusal(
		env, hc, req, out, &(struct refusal){.reason = reason, .is_last = true});
}

static uint32_t allow_line(uint8_t *to, uint32_t methods)
{
	static const char name[] = "Allow: ";
	uint32_t n = sizeof(name) - 1;

	memcpy(to, name, n);
	n += rs_http_allow(to + n, methods);
	to[n++] = '\r';
	to[n++] = '\n';
	return n;
}

#define ALLOW_LINE_BYTES (HTTP_ALLOW_BYTES + 9)

bool rs_http_refuse_method(struct http_env *env, struct http_conn *hc, const struct http_req *req,
	struct sendq *out, uint32_t methods)
{
	uint8_t line[ALLOW_LINE_BYTES];
	struct span allow = {.data = line, .len = allow_line(line, methods)};

	return rs_http_refuse_with(env, hc, req, out, HTTP_C_NOT_ALLOWED, allow);
}

bool rs_http_reply_options(struct http_env *env, struct http_conn *hc, const struct http_req *req,
	struct sendq *out, uint32_t methods)
{
	struct span more = env->cfg->options_fields;
	uint8_t lines[ALLOW_LINE_BYTES + HTTP_OPTIONS_FIELDS_BYTES];
	struct http_reply reply = {
		.status = 204,
		.fields = {.data = lines, .len = allow_line(lines, methods)},
	};

	if (more.len && more.len <= HTTP_OPTIONS_FIELDS_BYTES) {
		memcpy(lines + reply.fields.len, more.data, more.len);
		reply.fields.len += more.len;
	}
	return rs_http_reply(env, hc, req, out, &reply);
}

bool rs_http_reply_continue(struct http_env *env, struct sendq *out)
{
	struct span text = rs_span_text("HTTP/1.1 100 Continue\r\n\r\n");
	uint8_t *to = rs_sendq_reserve(out, env->chunks, text.len);

	if (!to)
		return false;
	memcpy(to, text.data, text.len);
	rs_sendq_commit(out, text.len, env->chunks);
	env->counters[HTTP_C_REPLIES_1XX]++;
	return true;
}

/* RFC 9110 section 6.6.1 lets a 5xx go without Date. Nothing of it needs a buffer; out is empty. */
void rs_http_reply_overload(
	struct http_env *env, struct http_conn *hc, const struct http_req *req, struct sendq *out)
{
	static const char text[] =
		"HTTP/1.1 503 Service Unavailable\r\n" HTTP_SERVER_LINE "Content-Length: 0\r\n"
		"Connection: close\r\n";
	struct span parts[] = {rs_span_text(text), refusal_fields(env), rs_span_text("\r\n")};

	for (uint32_t i = 0; i < RS_ARRAY_SIZE(parts); i++) {
		if (parts[i].len)
			rs_sendq_push(out, parts[i].data, parts[i].len, 0);
	}
	hc->reply_left = 0;
	hc->last = true;
	env->counters[HTTP_C_OVERLOAD]++;
	account(env, hc, req, 503, 0);
}
