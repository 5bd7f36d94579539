/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A request for a path of a site becomes a reply: name, entry, coding, conditions, ranges, in the
 * order of RFC 9110 section 13.2.2.
 */
#include <string.h>

#include "base/bytes.h"
#include "http/codings.h"
#include "http/conditional.h"
#include "http/date.h"
#include "http/escape.h"
#include "http/handler.h"
#include "http/path.h"
#include "http/render.h"
#include "http/text.h"
#include "site_set.h"

#define MAX_LOCATION_BYTES 1200
#define LINE_ROOM          1280 /* for the field lines of this file, beside those of --header */
#define COPIED_FIELDS      1024 /* of --header, up to here copied, as far as there is room */

/* A coding's number in one enum is that in the other. */
_Static_assert((int)HTTP_IDENTITY == (int)CONTENT_IDENTITY, "");
_Static_assert((int)HTTP_GZIP == (int)CONTENT_GZIP, "");
_Static_assert((int)HTTP_ZSTD == (int)CONTENT_ZSTD, "");
_Static_assert((int)HTTP_BR == (int)CONTENT_BR, "");
_Static_assert((int)HTTP_N_CODINGS == (int)CONTENT_N_CODINGS, "");

/* What is asked for, while it is being answered. */
struct ask {
	struct http_env *env;
	struct http_conn *hc;
	const struct http_req *req;
	struct sendq *out;
	const struct site_core *core;
	const struct site *site;
	const struct content_entry *entry;
	const struct content_body *body;
	enum http_coding coding;
	uint32_t n; /* of fields */
	uint8_t fields[COPIED_FIELDS + SITE_COMMON_BYTES + LINE_ROOM];
};

/* ---- field lines ---- */

static void add(struct ask *a, const void *text, size_t len)
{
	if (!len)
		return;
	memcpy(a->fields + a->n, text, len);
	a->n += (uint32_t)len;
}

#define ADD(a, literal) add(a, literal, sizeof(literal) - 1)

static void add_number(struct ask *a, uint64_t n)
{
	a->n += rs_http_number(a->fields + a->n, n);
}

static struct span fields_of(const struct ask *a)
{
	return (struct span){.data = a->fields, .len = a->n};
}

static bool has_codings(const struct content_entry *e)
{
	return e->bodies[CONTENT_GZIP] || e->bodies[CONTENT_BR] || e->bodies[CONTENT_ZSTD];
}

/*
 * When the file was changed, for clients: never later than Date, as a cache would go on with the
 * old file until then (section 8.8.2.1), nor before what a date is written for.
 */
static int64_t changed_s(const struct ask *a)
{
	int64_t now_s = a->env->unix_s;

	if (a->entry->mtime_s < 0)
		return 0;
	return a->entry->mtime_s < now_s ? a->entry->mtime_s : now_s;
}

/* is_coded: of a file that has codings. */
static void add_common(struct ask *a, bool is_coded)
{
	struct span fields = a->core->set->common[is_coded];

	add(a, fields.data, fields.len);
}

/* What a 304 repeats, too (section 15.4.5). */
static void add_metadata(struct ask *a)
{
	ADD(a, "ETag: ");
	add(a, a->body->etag, a->body->etag_len);
	ADD(a, "\r\nLast-Modified: ");
	rs_http_date((char *)a->fields + a->n, (uint64_t)changed_s(a));
	a->n += HTTP_DATE_BYTES;
	ADD(a, "\r\n");
	add_common(a, has_codings(a->entry));
}

static void add_coding(struct ask *a)
{
	const char *name = rs_http_coding_names[a->coding];

	if (a->coding == HTTP_IDENTITY)
		return;
	ADD(a, "Content-Encoding: ");
	add(a, name, strlen(name));
	ADD(a, "\r\n");
}

/* ---- replies of an entry ---- */

/* Those of --header. */
static struct span own_fields(const struct ask *a)
{
	struct span fields = a->entry->fields;

	if (a->entry->n_secured_bytes && !rs_http_may_be_secured(a->env)) {
		fields.data += a->entry->n_secured_bytes;
		fields.len -= a->entry->n_secured_bytes;
	}
	return fields;
}

/* Bytes of a buffer that its head takes, with the fields of --header. */
static uint32_t head_bytes(const struct ask *a, uint32_t hints_bytes)
{
	return HTTP_HINTS_ROOM + hints_bytes + HTTP_HEAD_ROOM +
	       rs_max_u32(a->entry->type.len, HTTP_PARTS_TYPE_BYTES) + a->n + own_fields(a).len;
}

/* With the fields that have been added, and those of --header as the last. Where these are many,
 * they are not copied. */
static bool reply_with_fields(struct ask *a, struct http_reply *reply)
{
	struct span fields = own_fields(a);

	if (fields.len <= COPIED_FIELDS &&
		head_bytes(a, reply->hints.len) <= a->env->chunks->chunk_bytes) {
		add(a, fields.data, fields.len);
	} else {
		reply->lasting_fields = fields;
		reply->lasting.owner = a->core->anchor;
	}
	reply->fields = fields_of(a);
	return rs_http_reply(a->env, a->hc, a->req, a->out, reply);
}

/* ---- errors ---- */

/* fields that were added: beside those of all refusals. */
static bool refuse(struct ask *a, enum http_counter reason)
{
	return rs_http_refuse_with(a->env, a->hc, a->req, a->out, reason, fields_of(a));
}

/* ---- redirects ---- */

static void add_escaped(struct ask *a, struct span text, const char *others)
{
	a->n += rs_http_escape(a->fields + a->n, text, others);
}

static struct span last_segment(struct span path)
{
	const uint8_t *end = path.data + path.len;
	const uint8_t *slash = memrchr(path.data, '/', path.len);

	return (struct span){.data = slash + 1, .len = (uint32_t)(end - slash - 1)};
}

/*
 * 301 to the same path with "/" behind it; relative, so that scheme and host stay what they are.
 * Where that is too long, relative to the path, too: the last segment that was asked for is that of
 * the directory, as dot segments would have ended with "/".
 */
static bool redirect(struct ask *a)
{
	struct span path = a->entry->path, query = a->req->query;
	struct http_reply reply = {.status = 301};
	uint32_t query_bytes = rs_http_escaped_bytes(query, HTTP_IN_QUERY);
	bool is_long = rs_http_escaped_bytes(path, HTTP_IN_NAME) + query_bytes > MAX_LOCATION_BYTES;

	if (is_long)
		path = last_segment(path);
	if (is_long && rs_http_escaped_bytes(path, HTTP_IN_NAME) + query_bytes > MAX_LOCATION_BYTES)
		return refuse(a, HTTP_C_TARGET_TOO_LONG);
	ADD(a, "Location: ");
	if (is_long)
		ADD(a, "./"); /* or a colon in it would end a scheme */
	add_escaped(a, path, HTTP_IN_NAME);
	ADD(a, "/");
	if (query.data) {
		ADD(a, "?");
		add_escaped(a, query, HTTP_IN_QUERY);
	}
	ADD(a, "\r\n");
	add_common(a, false);
	return reply_with_fields(a, &reply);
}

/* ---- files ---- */

/*
 * What goes ahead of the page in a 103 (RFC 8297). HTTP/1.1 clients are known that take an interim
 * reply for the final one (section 3): so only those get it that say they are browsers which
 * navigate, the ones that can make use of it.
 */
static struct span hints_for(const struct ask *a)
{
	const struct http_req *req = a->req;
	struct span mode;

	if (!a->core->set->options->early_hints || req->method != HTTP_GET || !req->minor_version)
		return (struct span){0};
	if (rs_http_find_field(req, HTTP_FIELD_SEC_FETCH_MODE, &mode) != 1 ||
		!rs_http_same(mode, "navigate"))
		return (struct span){0};
	return a->entry->link;
}

static bool reply_unsatisfiable(struct ask *a)
{
	ADD(a, "Content-Range: bytes */");
	add_number(a, a->body->len);
	ADD(a, "\r\n");
	return refuse(a, HTTP_C_BAD_RANGE);
}

/* Is there room to copy so much of the body behind its head? */
static bool is_small(const struct ask *a, uint64_t len, uint32_t hints_bytes)
{
	return len <= HTTP_SMALL_BODY_BYTES && own_fields(a).len <= COPIED_FIELDS &&
	       head_bytes(a, hints_bytes) + len <= a->env->chunks->chunk_bytes;
}

/* Without its quotes. No file contains the digits that its own bytes come to. */
static struct span etag_digits(const struct content_body *body)
{
	return (struct span){.data = (const uint8_t *)body->etag + 1, .len = body->etag_len - 2u};
}

static bool reply_body(struct ask *a, uint16_t status, const struct http_range *ranges, uint32_t n)
{
	struct http_reply reply = {.status = status, .content_type = a->entry->type};
	uint64_t first = n == 1 ? ranges->first : 0;
	uint64_t len = n == 1 ? ranges->last - first + 1 : a->body->len;

	if (status == 200)
		reply.hints = hints_for(a);
	if (n <= 1 && is_small(a, len, reply.hints.len))
		reply.body = (struct span){.data = a->body->data + first, .len = (uint32_t)len};
	else
		reply.lasting = (struct http_lasting){
			.data = a->body->data,
			.len = a->body->len,
			.owner = a->core->anchor,
			.n_ranges = n,
			.ranges = ranges,
			.part_type = a->entry->type,
			.boundary = etag_digits(a->body),
		};
	return reply_with_fields(a, &reply);
}

static bool reply_ranges(struct ask *a, const struct http_range *ranges, uint32_t n)
{
	if (n == 1) {
		ADD(a, "Content-Range: bytes ");
		add_number(a, ranges->first);
		ADD(a, "-");
		add_number(a, ranges->last);
		ADD(a, "/");
		add_number(a, a->body->len);
		ADD(a, "\r\n");
	}
	return reply_body(a, 206, ranges, n);
}

/* The best of what there is in the codings that the client takes; or what alone there is. */
static void choose_body(struct ask *a)
{
	const struct content_entry *e = a->entry;
	uint32_t available = 0;

	for (uint32_t i = 0; i < HTTP_N_CODINGS; i++)
		available |= (e->bodies[i] ? 1u : 0u) << i;
	a->coding = rs_http_choose_coding(a->req, available);
	a->body = e->bodies[a->coding];
	if (e->stored_coding)
		a->coding = (enum http_coding)e->stored_coding;
}

static bool reply_file(struct ask *a)
{
	struct http_range ranges[HTTP_MAX_RANGES];
	struct http_validators v;
	uint32_t n = 0;

	choose_body(a);
	v = (struct http_validators){
		.etag = {.data = (const uint8_t *)a->body->etag, .len = a->body->etag_len},
		.mtime_s = changed_s(a),
		.now_s = a->env->unix_s,
	};
	switch (rs_http_check_conditions(a->req, &v)) {
	case HTTP_NOT_MODIFIED:
		add_metadata(a);
		return reply_with_fields(a, &(struct http_reply){.status = 304});
	case HTTP_PRECONDITION_FAILED:
		return refuse(a, HTTP_C_PRECONDITION_FAILED);
	case HTTP_PROCEED:
		break;
	}
	/* Section 14.2: Range is defined for GET alone. */
	if (a->req->method == HTTP_GET && rs_http_if_range(a->req, &v) &&
		rs_http_ranges(a->req, a->body->len, ranges, &n) == HTTP_RANGE_UNSATISFIABLE)
		return reply_unsatisfiable(a);
	if (n > 1 && a->coding != HTTP_IDENTITY)
		n = 0; /* section 8.4: it would be the list of parts that is coded */
	add_metadata(a);
	ADD(a, "Accept-Ranges: bytes\r\n");
	add_coding(a);
	return n ? reply_ranges(a, ranges, n) : reply_body(a, 200, NULL, 0);
}

/* ---- requests ---- */

/*
 * Does the path lead to a directory that has nothing to send? Generators of sites put blog.html
 * beside blog/ and its pages. name: n bytes, with room for one more.
 */
static bool is_bare_directory(const struct ask *a, uint8_t *name, uint32_t n)
{
	const struct content_entry *directory;

	if (a->entry->kind != CONTENT_REDIRECT)
		return false;
	name[n] = '/';
	directory = rs_content_find(a->site->tree, name, n + 1);
	return directory && directory->kind == CONTENT_BARE_PATH;
}

static bool is_at(struct span path, uint32_t at, struct span part)
{
	return !part.len || !memcmp(path.data + at, part.data, part.len);
}

static bool is_of(const struct site *site, struct span host)
{
	return !host.len || (site->host && strlen(site->host) == host.len &&
				    !memcmp(site->host, host.data, host.len));
}

static bool is_for(const struct site_try *try, struct span path)
{
	struct span begin = try->begin, end = try->end;

	if (!end.len && path.len + 1 == begin.len && begin.data[path.len] == '/')
		begin.len--; /* the folder itself */
	return path.len >= begin.len + end.len && is_at(path, 0, begin) &&
	       is_at(path, path.len - end.len, end);
}

/*
 * What --try has, in its order, where nothing is, or for a directory what its endings have. name:
 * n bytes, with room for an ending; none where no file can have it.
 */
static const struct content_entry *try_others(const struct ask *a, uint8_t *name, uint32_t n)
{
	const struct site_options *options = a->core->set->options;
	const struct content_entry *e = NULL;
	struct span path = n ? (struct span){.data = name, .len = n} : a->req->path;

	for (uint32_t i = 0; !e && i < options->n_tries; i++) {
		const struct site_try *try = &options->tries[i];
		uint32_t len = (uint32_t)strlen(try->what);

		if (!is_of(a->site, try->host) || !is_for(try, path))
			continue;
		if (!strcmp(try->what, SITE_TRY_NOTHING))
			break;
		if (*try->what == '/') {
			e = a->entry ? NULL : a->site->named[SITE_NAMED_TRY(i)];
		} else if (n) {
			memcpy(name + n, try->what, len);
			e = rs_content_find(a->site->tree, name, n + len);
			e = e && e->kind == CONTENT_FILE ? e : NULL;
		}
	}
	return e;
}

/* What is sent for the name; NULL: nothing. */
static const struct content_entry *find(struct ask *a, uint8_t *name, uint32_t n)
{
	const struct content_entry *other = NULL;

	a->entry = n ? rs_content_find(a->site->tree, name, n) : NULL;
	if (!a->entry || is_bare_directory(a, name, n))
		other = try_others(a, name, n);
	return other ? other : a->entry;
}

bool rs_site_respond(
	struct http_env *env, struct http_conn *hc, const struct http_req *req, struct sendq *out)
{
	const struct site_core *core = env->app;
	uint8_t name[HTTP_TARGET_BYTES + SITE_ENDING_BYTES];
	struct ask a;
	int n;

	a.env = env;
	a.hc = hc;
	a.req = req;
	a.out = out;
	a.core = core;
	a.n = 0;
	a.site = rs_site_of(core->set, req);
	if (!a.site)
		return refuse(&a, HTTP_C_MISDIRECTED);
	n = req->path.len <= HTTP_TARGET_BYTES ? rs_http_path(req->path, name) : HTTP_PATH_NOWHERE;
	if (n == HTTP_PATH_MALFORMED || n == HTTP_PATH_OUTSIDE)
		return refuse(&a, HTTP_C_BAD_TARGET);
	a.entry = find(&a, name, n > 0 ? (uint32_t)n : 0);
	if (!a.entry)
		return refuse(&a, HTTP_C_NOT_FOUND);
	switch ((enum content_kind)a.entry->kind) {
	case CONTENT_REDIRECT:
		return redirect(&a);
	case CONTENT_BARE_PATH:
		return refuse(&a, HTTP_C_FORBIDDEN);
	case CONTENT_FILE:
		break;
	}
	return reply_file(&a);
}
