/* SPDX-License-Identifier: BSD-2-Clause */
#include "telem/access_format.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COMMON   "%h %l %u %t \"%r\" %>s %b"
#define COMBINED COMMON " \"%{Referer}i\" \"%{User-Agent}i\""

enum kind {
	LITERAL,
	CLIENT,
	NOTHING,
	TIME,
	REQUEST,
	METHOD,
	PATH,
	QUERY,
	PROTOCOL,
	STATUS,
	BYTES,
	BYTES_OR_0,
	PORT,
	HOST,
	REFERER,
	USER_AGENT,
};

static const struct {
	const char *directive;
	enum kind kind;
} directives[] = {
	{"%h", CLIENT},
	{"%a", CLIENT},
	{"%l", NOTHING},
	{"%u", NOTHING},
	{"%t", TIME},
	{"%r", REQUEST},
	{"%m", METHOD},
	{"%U", PATH},
	{"%q", QUERY},
	{"%H", PROTOCOL},
	{"%s", STATUS},
	{"%>s", STATUS},
	{"%b", BYTES},
	{"%B", BYTES_OR_0},
	{"%p", PORT},
	{"%v", HOST},
	{"%V", HOST},
	{"%{Host}i", HOST},
	{"%{Referer}i", REFERER},
	{"%{User-Agent}i", USER_AGENT},
};

/* ---- compiling ---- */

static int add(struct access_format *f, enum kind kind, const char *text, size_t len)
{
	if (f->n_items == ACCESS_MAX_ITEMS || len > ACCESS_FORMAT_TEXT - f->n_text)
		return -EINVAL;
	f->items[f->n_items].kind = (uint8_t)kind;
	f->items[f->n_items].from = (uint16_t)f->n_text;
	memcpy(f->text + f->n_text, text, len);
	f->n_text += (uint32_t)len;
	f->items[f->n_items++].to = (uint16_t)f->n_text;
	return 0;
}

/* The directive that text begins with; NULL: none. */
static const char *directive_at(const char *text, enum kind *kind)
{
	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++) {
		const char *d = directives[i].directive;

		if (strncmp(text, d, strlen(d)) != 0)
			continue;
		*kind = directives[i].kind;
		return d;
	}
	return NULL;
}

/* The next piece at text. Returns how long it is; 0: not known; -1: too much. */
static int compile_one(struct access_format *f, const char *text)
{
	enum kind kind;
	const char *d;
	size_t n;

	if (!strncmp(text, "%%", 2))
		return add(f, LITERAL, "%", 1) ? -1 : 2;
	if (*text == '\\' && (text[1] == 'n' || text[1] == 't'))
		return add(f, LITERAL, text[1] == 'n' ? "\n" : "\t", 1) ? -1 : 2;
	if (*text != '%') {
		n = strcspn(text + 1, "%\\") + 1;
		return add(f, LITERAL, text, n) ? -1 : (int)n;
	}
	d = directive_at(text, &kind);
	if (!d)
		return 0;
	return add(f, kind, "", 0) ? -1 : (int)strlen(d);
}

int rs_access_format_compile(struct access_format *f, const char *text, char *why, size_t why_bytes)
{
	*f = (struct access_format){.is_json = !strcmp(text, "json")};
	if (f->is_json)
		return 0;
	if (!strcmp(text, "common"))
		text = COMMON;
	else if (!strcmp(text, "combined"))
		text = COMBINED;
	for (const char *at = text; *at;) {
		int n = compile_one(f, at);

		if (!n)
			snprintf(why, why_bytes, "%.8s at byte %d is not known", at,
				(int)(at - text) + 1);
		else if (n < 0)
			snprintf(why, why_bytes, "expected at most %d pieces of %d bytes in all",
				ACCESS_MAX_ITEMS, ACCESS_FORMAT_TEXT);
		if (n <= 0)
			return -EINVAL;
		at += n;
	}
	return 0;
}

/* ---- writing ---- */

/* A line being written. One byte is kept for its end; what does not fit is left out. */
struct line {
	char *to;
	uint32_t n;
};

static void put(struct line *l, const char *text, uint32_t len)
{
	if (len > ACCESS_LINE_BYTES - 1 - l->n)
		len = ACCESS_LINE_BYTES - 1 - l->n;
	memcpy(l->to + l->n, text, len);
	l->n += len;
}

static void put_string(struct line *l, const char *text)
{
	put(l, text, (uint32_t)strlen(text));
}

static void put_number(struct line *l, uint64_t n)
{
	char text[24];

	put(l, text, (uint32_t)snprintf(text, sizeof(text), "%llu", (unsigned long long)n));
}

/* As Apache does: nothing that a terminal would obey, and no quote that ends a field. */
static void put_text(struct line *l, struct span text)
{
	for (uint32_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		char escape[8];

		if (c == '"' || c == '\\')
			put(l, (const char[]){'\\', (char)c}, 2);
		else if (c < ' ' || c >= 0x7f)
			put(l, escape, (uint32_t)snprintf(escape, sizeof(escape), "\\x%02x", c));
		else
			put(l, (const char *)&c, 1);
	}
}

static void put_json(struct line *l, const char *name, struct span text)
{
	put_string(l, ",\"");
	put_string(l, name);
	put_string(l, "\":\"");
	for (uint32_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		char escape[8];

		if (c == '"' || c == '\\')
			put(l, (const char[]){'\\', (char)c}, 2);
		else if (c < ' ' || c >= 0x7f)
			put(l, escape, (uint32_t)snprintf(escape, sizeof(escape), "\\u%04x", c));
		else
			put(l, (const char *)&c, 1);
	}
	put_string(l, "\"");
}

static void put_client(struct line *l, const struct access_record *r)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	const uint8_t *a = r->client;
	uint32_t zeros_at = 8, n_zeros = 1;
	char text[48];

	if (!memcmp(a, mapped, sizeof(mapped))) {
		snprintf(text, sizeof(text), "%u.%u.%u.%u", a[12], a[13], a[14], a[15]);
		put_string(l, text);
		return;
	}
	/* RFC 5952: the longest row of zeros, of two at least and the first of them, is "::". */
	for (uint32_t i = 0; i < 8; i++) {
		uint32_t n = 0;

		while (i + n < 8 && !a[2 * (i + n)] && !a[2 * (i + n) + 1])
			n++;
		if (n > n_zeros) {
			zeros_at = i;
			n_zeros = n;
		}
	}
	for (uint32_t i = 0; i < 8; i++) {
		if (i == zeros_at) {
			put_string(l, "::");
			i += n_zeros - 1;
			continue;
		}
		if (i && i != zeros_at + n_zeros)
			put_string(l, ":");
		snprintf(text, sizeof(text), "%x", a[2 * i] << 8 | a[2 * i + 1]);
		put_string(l, text);
	}
}

struct when {
	int year;
	unsigned int month, day, hour, minute, second; /* month: 1 to 12 */
};

/* The civil calendar from days since 1970; the year is thought to begin in March. */
static struct when when_of(int64_t unix_s)
{
	int64_t days = unix_s / 86400 + 719468;
	int64_t era = days / 146097;
	uint32_t of_era = (uint32_t)(days - era * 146097);
	uint32_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	uint32_t of_year = of_era - (365 * year + year / 4 - year / 100);
	uint32_t month = (5 * of_year + 2) / 153;
	uint32_t s = (uint32_t)(unix_s % 86400);

	return (struct when){
		.year = (int)(era * 400 + year + (month >= 10)),
		.month = month < 10 ? month + 3 : month - 9,
		.day = of_year - (153 * month + 2) / 5 + 1,
		.hour = s / 3600,
		.minute = s / 60 % 60,
		.second = s % 60,
	};
}

static void put_time(struct line *l, int64_t unix_s)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct when w = when_of(unix_s < 0 ? 0 : unix_s);
	char text[64];

	snprintf(text, sizeof(text), "[%02u/%.3s/%04d:%02u:%02u:%02u +0000]", w.day,
		months + 3 * (w.month - 1), w.year, w.hour, w.minute, w.second);
	put_string(l, text);
}

static void put_iso_time(struct line *l, int64_t unix_s)
{
	struct when w = when_of(unix_s < 0 ? 0 : unix_s);
	char text[64];

	snprintf(text, sizeof(text), "%04d-%02u-%02uT%02u:%02u:%02uZ", w.year, w.month, w.day,
		w.hour, w.minute, w.second);
	put_string(l, text);
}

static void put_protocol(struct line *l, const struct access_record *r)
{
	put_string(l, r->minor_version ? "HTTP/1.1" : "HTTP/1.0");
}

/* Path, or query with its "?". */
static struct span half_of(struct span target, bool is_query)
{
	const uint8_t *mark = target.len ? memchr(target.data, '?', target.len) : NULL;
	uint32_t path = mark ? (uint32_t)(mark - target.data) : target.len;

	if (!is_query)
		return (struct span){.data = target.data, .len = path};
	return (struct span){.data = target.data + path, .len = target.len - path};
}

static void put_or_dash(struct line *l, struct span text)
{
	if (text.len)
		put_text(l, text);
	else
		put_string(l, "-");
}

static void put_request(struct line *l, const struct access_record *r)
{
	if (!r->lens[ACCESS_METHOD]) { /* it was not understood */
		put_string(l, "-");
		return;
	}
	put_text(l, rs_access_text(r, ACCESS_METHOD));
	put_string(l, " ");
	put_text(l, rs_access_text(r, ACCESS_TARGET));
	put_string(l, " ");
	put_protocol(l, r);
}

static void put_item(struct line *l, const struct access_record *r, enum kind kind)
{
	switch (kind) {
	case LITERAL:
		break;
	case CLIENT:
		put_client(l, r);
		break;
	case NOTHING:
		put_string(l, "-");
		break;
	case TIME:
		put_time(l, r->unix_s);
		break;
	case REQUEST:
		put_request(l, r);
		break;
	case METHOD:
		put_or_dash(l, rs_access_text(r, ACCESS_METHOD));
		break;
	case PATH:
		put_or_dash(l, half_of(rs_access_text(r, ACCESS_TARGET), false));
		break;
	case QUERY:
		put_text(l, half_of(rs_access_text(r, ACCESS_TARGET), true));
		break;
	case PROTOCOL:
		put_protocol(l, r);
		break;
	case STATUS:
		put_number(l, r->status);
		break;
	case BYTES:
		if (!r->body_bytes) {
			put_string(l, "-");
			break;
		}
		/* fall through */
	case BYTES_OR_0:
		put_number(l, r->body_bytes);
		break;
	case PORT:
		put_number(l, r->local_port);
		break;
	case HOST:
		put_or_dash(l, rs_access_text(r, ACCESS_HOST));
		break;
	case REFERER:
		put_or_dash(l, rs_access_text(r, ACCESS_REFERER));
		break;
	case USER_AGENT:
		put_or_dash(l, rs_access_text(r, ACCESS_USER_AGENT));
		break;
	}
}

static void put_json_line(struct line *l, const struct access_record *r)
{
	put_string(l, "{\"time\":\"");
	put_iso_time(l, r->unix_s);
	put_string(l, "\",\"client\":\"");
	put_client(l, r);
	put_string(l, "\",\"client_port\":");
	put_number(l, r->client_port);
	put_string(l, ",\"port\":");
	put_number(l, r->local_port);
	put_string(l, r->is_tls ? ",\"tls\":true,\"status\":" : ",\"tls\":false,\"status\":");
	put_number(l, r->status);
	put_string(l, ",\"bytes\":");
	put_number(l, r->body_bytes);
	put_string(l, ",\"protocol\":\"");
	put_protocol(l, r);
	put_string(l, "\"");
	put_json(l, "method", rs_access_text(r, ACCESS_METHOD));
	put_json(l, "target", rs_access_text(r, ACCESS_TARGET));
	put_json(l, "host", rs_access_text(r, ACCESS_HOST));
	put_json(l, "referer", rs_access_text(r, ACCESS_REFERER));
	put_json(l, "user_agent", rs_access_text(r, ACCESS_USER_AGENT));
	put_string(l, r->is_cut ? ",\"cut\":true}" : "}");
}

uint32_t rs_access_format_line(
	const struct access_format *f, const struct access_record *r, char *to)
{
	struct line l = {.to = to};

	if (f->is_json)
		put_json_line(&l, r);
	for (uint32_t i = 0; i < f->n_items; i++) {
		put(&l, f->text + f->items[i].from, (uint32_t)(f->items[i].to - f->items[i].from));
		put_item(&l, r, f->items[i].kind);
	}
	to[l.n++] = '\n';
	return l.n;
}
