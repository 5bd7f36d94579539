/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Request heads (RFC 9112 sections 2 to 6): bytes in, struct http_req out. Strict: what the RFC
 * lets a server refuse is refused, so that nobody in front of us can read a request differently.
 * In particular a line ends with CR LF, and a bare LF is an error (section 2.2 leaves the choice).
 *
 * It does not read bodies (chunked.h), choose a handler (route.h) or answer (reply.h), nor decode
 * %-escapes (text.h). No state, no allocation. Any core; includes base only.
 */
#ifndef RS_HTTP_PARSE_H
#define RS_HTTP_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "http/counters.h"

#define HTTP_MAX_FIELDS     128   /* no configuration can ask for more */
#define HTTP_MAX_HEAD_BYTES 32767 /* … or for more of these: offsets are 16 bits wide */
#define HTTP_TARGET_BYTES   8192  /* none asks for longer targets */

enum http_method {
	HTTP_NO_METHOD, /* the request line was not understood */
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_DELETE,
	HTTP_CONNECT,
	HTTP_OPTIONS,
	HTTP_TRACE,
	HTTP_PATCH,
	HTTP_N_METHODS,
};

#define HTTP_METHOD_BIT(method) (1u << (method))

/* RFC 9112 section 3.2. */
enum http_form {
	HTTP_ORIGIN_FORM,    /* /path?query */
	HTTP_ABSOLUTE_FORM,  /* http://host/path?query; see enum http_scheme */
	HTTP_AUTHORITY_FORM, /* host:port, CONNECT only */
	HTTP_ASTERISK_FORM,  /* *, OPTIONS only */
};

/* Of a target in absolute-form. */
enum http_scheme {
	HTTP_SCHEME_HTTP,
	HTTP_SCHEME_HTTPS,
	HTTP_SCHEME_OTHER, /* with an authority: "ftp://host/" */
};

/* RFC 9112 section 6.3: how long the body is. */
enum http_framing {
	HTTP_NO_BODY,
	HTTP_LENGTH, /* content_length bytes, which may be 0 */
	HTTP_CHUNKED,
};

enum http_field_id {
	HTTP_FIELD_OTHER,
#define HTTP_FIELD(id, name) HTTP_FIELD_##id,
#include "http/http_fields.def"
#undef HTTP_FIELD
	HTTP_N_FIELDS,
};

/* Offsets, counted from req->fields_at. The value is without the whitespace around it, and may be
 * empty. */
struct http_field {
	uint16_t name;
	uint16_t value;
	uint16_t value_len;
	uint8_t id; /* enum http_field_id */
};

/* Spans point into the head that was parsed: they live as long as it does. */
struct http_req {
	const uint8_t *head;
	uint32_t head_bytes;
	uint8_t method;        /* enum http_method */
	uint8_t form;          /* enum http_form */
	uint8_t minor_version; /* of HTTP/1; anything above 1 is served as 1 */
	bool line_known;      /* the request line has the form of one: see rs_http_request_line() */
	bool keep_alive;      /* as the client asks (RFC 9112 section 9.3) */
	bool expect_continue; /* RFC 9110 section 10.1.1 */
	uint16_t n_fields;
	uint32_t known;          /* a bit for each enum http_field_id that occurs */
	uint64_t content_length; /* 0 with any other framing than HTTP_LENGTH */
	/* Away from method: what was written byte by byte must not be read back as one word. */
	uint8_t framing;    /* enum http_framing */
	uint8_t scheme;     /* enum http_scheme; with HTTP_ABSOLUTE_FORM only */
	struct span path;   /* not decoded; "/" where an absolute target has none; "*" */
	struct span query;  /* without the "?"; data is NULL where there is no "?" */
	struct span host;   /* host[:port], from the target, or Host; HTTP/1.0 may have none */
	struct span tail;   /* what follows the handler's prefix in path; set by exchange.c */
	uint32_t fields_at; /* what the fields' offsets count from, in the head */
	/* Where the fields are, if not in the next array: what was read of the same bytes before
	 * (seen.h). NULL: there. */
	const struct http_field *seen_fields;
	struct http_field fields[HTTP_MAX_FIELDS]; /* n_fields of them; see rs_http_field() */
};

struct http_limits {
	uint32_t max_head_bytes;   /* request line and fields; at most HTTP_MAX_HEAD_BYTES */
	uint32_t max_target_bytes; /* smaller than max_head_bytes */
	uint32_t max_fields;       /* at most HTTP_MAX_FIELDS */
};

/* Reasons as negative results; the first reason has number 0. */
#define HTTP_REFUSED(reason) (-1 - (int)(reason))
#define HTTP_REASON(result)  ((enum http_counter)(-1 - (result)))

/*
 * Parses the head at the beginning of len bytes. Returns the bytes of the complete head (then req
 * is valid), 0 when more bytes have to come, or HTTP_REFUSED(reason), which is negative. After a
 * refusal, and after 0 where *scanned was 0 before, req says what was understood until then, be it
 * only the method; head_bytes are those that were looked at.
 *
 * *scanned: 0 at first; when more bytes have come behind the same ones, what the call before left
 * there (its meaning is private). No byte is looked at more than a few times, however the head is
 * split, and the result does not depend on how it is split: faults of the line structure are
 * reported when the offending byte is there, those of the request line when it is complete, all
 * others with the whole head.
 *
 * One empty line before the request line is skipped (RFC 9112 section 2.2).
 */
int rs_http_parse(const struct http_limits *limits, const uint8_t *head, uint32_t len,
	uint16_t *scanned, struct http_req *req);

/* The same without vector instructions: for CPUs that have none, and to compare in tests. */
int rs_http_parse_scalar(const struct http_limits *limits, const uint8_t *head, uint32_t len,
	uint16_t *scanned, struct http_req *req);

/*
 * The request line of a head that was parsed, with whatever result: as it came, and as far. Where
 * req->line_known, it is a method, a space, a target, a space, and HTTP_VERSION_BYTES of a version.
 */
#define HTTP_VERSION_BYTES 8
struct span rs_http_request_line(const struct http_req *req);

static inline const struct http_field *rs_http_field(const struct http_req *req, uint32_t i)
{
	return req->seen_fields ? &req->seen_fields[i] : &req->fields[i];
}

static inline struct span rs_http_field_value(const struct http_req *req, uint32_t i)
{
	const struct http_field *f = rs_http_field(req, i);

	return (struct span){.data = req->head + req->fields_at + f->value, .len = f->value_len};
}

static inline bool rs_http_has_field(const struct http_req *req, enum http_field_id id)
{
	return (req->known & 1u << id) != 0;
}

/* How many fields of that name there are, and the value of the first one; empty where none is. */
uint32_t rs_http_find_field(const struct http_req *req, enum http_field_id id, struct span *first);

#endif
