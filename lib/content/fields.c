/* SPDX-License-Identifier: BSD-2-Clause */
#include "content/fields.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "content/mime.h"
#include "content/pattern.h"

#define CODING_FIELD "Content-Encoding"

/* ---- field lines ---- */

/* RFC 9110 section 5.6.2: a token. */
static bool is_name(const char *field)
{
	size_t len = rs_pattern_name_len(field);

	if (!len || !field[len])
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isascii((unsigned char)field[i]) ||
			(!isalnum((unsigned char)field[i]) && !strchr("!#$%&'*+-.^_`|~", field[i])))
			return false;
	}
	return true;
}

/* RFC 9110 section 5.5: no control characters but tabs. */
static bool is_value(const char *value)
{
	for (; *value; value++) {
		if (((uint8_t)*value < ' ' && *value != '\t') || *value == 0x7f)
			return false;
	}
	return true;
}

/* Those that replies have once, and say by themselves. */
static bool is_own(const char *field)
{
	static const char *const own[] = {"Accept-Ranges", "Connection", "Content-Length",
		"Content-Range", "Date", "ETag", "Last-Modified", "Location", "Server",
		"Transfer-Encoding"};

	for (size_t i = 0; i < RS_ARRAY_SIZE(own); i++) {
		if (rs_pattern_same_name(field, own[i]))
			return true;
	}
	return false;
}

static enum content_coding coding_of(const char *field)
{
	return rs_content_coding_named(rs_span_text(rs_pattern_value(field)));
}

const char *rs_content_field_fault(const char *field)
{
	if (!is_name(field) || !is_value(rs_pattern_value(field)))
		return "is not \"Name: value\"";
	if (rs_pattern_same_name(field, MIME_FIELD))
		return rs_mime_is_value(rs_pattern_value(field)) ? NULL : "names no media type";
	if (rs_pattern_same_name(field, CODING_FIELD))
		return coding_of(field) < CONTENT_N_CODINGS
			       ? NULL
			       : "names none of gzip, br, zstd and identity";
	if (rs_pattern_same_name(field, CONTENT_SECURED_FIELD) &&
		strlen(field) > CONTENT_SECURED_BYTES)
		return "is longer than that may be";
	return is_own(field) ? "is one that Ringside sends by itself" : NULL;
}

bool rs_fields_init(struct fields *fields, const struct content_pattern *patterns,
	uint32_t n_patterns, char *error, size_t n_error)
{
	*fields = (struct fields){.patterns = patterns, .n_patterns = n_patterns};
	if (n_patterns > CONTENT_MAX_PATTERNS) {
		snprintf(error, n_error, "%u patterns for header fields are more than %d",
			n_patterns, CONTENT_MAX_PATTERNS);
		return false;
	}
	for (uint32_t i = 0; i < n_patterns; i++) {
		const char *fault = rs_content_field_fault(patterns[i].field);

		if (fault) {
			snprintf(error, n_error, "the header field of pattern %.100s %s",
				patterns[i].pattern, fault);
			return false;
		}
	}
	return true;
}

/* ---- sets of lines ---- */

/* Is it about the file itself, and not a line beside what is said of that? */
static bool is_about_file(const char *field)
{
	return rs_pattern_same_name(field, MIME_FIELD) || rs_pattern_same_name(field, CODING_FIELD);
}

/* Those that match, without the ones that a later one overrides, and those about the file. */
static uint64_t matching(const struct fields *fields, struct span path)
{
	uint64_t set = 0;

	for (uint32_t i = 0; i < fields->n_patterns; i++) {
		if (is_about_file(fields->patterns[i].field) ||
			!rs_pattern_match(fields->patterns[i].pattern, path))
			continue;
		for (uint32_t j = 0; j < i; j++) {
			if (rs_pattern_same_name(
				    fields->patterns[j].field, fields->patterns[i].field))
				set &= ~(UINT64_C(1) << j);
		}
		set |= UINT64_C(1) << i;
	}
	return set;
}

static uint32_t line_len(const char *field)
{
	return (uint32_t)(rs_pattern_name_len(field) + strlen(": ") +
			  strlen(rs_pattern_value(field)) + strlen("\r\n"));
}

static char *put_lines(const struct fields *fields, uint64_t set, char *to)
{
	for (; set; set &= set - 1) {
		const char *field = fields->patterns[__builtin_ctzll(set)].field;

		to += sprintf(to, "%.*s: %s\r\n", (int)rs_pattern_name_len(field), field,
			rs_pattern_value(field));
	}
	return to;
}

static bool make_text(
	const struct fields *fields, uint64_t set, struct texts *texts, struct span *text)
{
	uint64_t first = 0;
	uint32_t len = 0;
	char *to;

	for (uint64_t rest = set; rest; rest &= rest - 1) {
		const char *field = fields->patterns[__builtin_ctzll(rest)].field;

		len += line_len(field);
		if (rs_pattern_same_name(field, CONTENT_SECURED_FIELD))
			first = rest & -rest;
	}
	to = rs_texts_room(texts, len + strlen("\r\n"));
	if (!to)
		return false;
	*text = (struct span){.data = (const uint8_t *)to, .len = len};
	to = put_lines(fields, first, to);
	to = put_lines(fields, set & ~first, to);
	sprintf(to, "\r\n");
	return true;
}

bool rs_fields_find(struct fields *fields, struct span path, struct texts *texts, struct span *text)
{
	uint64_t set = matching(fields, path);

	*text = (struct span){0};
	if (!set)
		return true;
	for (uint32_t i = 0; i < fields->n_sets; i++) {
		if (fields->sets[i].matching == set) {
			*text = fields->sets[i].text;
			return true;
		}
	}
	if (!make_text(fields, set, texts, text))
		return false;
	if (fields->n_sets < FIELDS_MAX_SETS)
		fields->sets[fields->n_sets++] =
			(struct fields_set){.matching = set, .text = *text};
	return true;
}

enum content_coding rs_fields_coding(const struct fields *fields, struct span path)
{
	const char *field =
		rs_content_field_for(fields->patterns, fields->n_patterns, path, CODING_FIELD);

	return field ? coding_of(field) : CONTENT_IDENTITY;
}

const char *rs_content_field_for(const struct content_pattern *patterns, uint32_t n_patterns,
	struct span path, const char *name)
{
	for (uint32_t i = n_patterns; i-- > 0;) {
		if (rs_pattern_same_name(patterns[i].field, name) &&
			rs_pattern_match(patterns[i].pattern, path))
			return patterns[i].field;
	}
	return NULL;
}

struct span rs_fields_line(struct span text, const char *name)
{
	const uint8_t *line = text.data, *end = text.len ? text.data + text.len : text.data;
	size_t len = strlen(name);

	while (line < end) {
		const uint8_t *next = memchr(line, '\n', (size_t)(end - line));

		next = next ? next + 1 : end;
		if ((size_t)(next - line) > len && line[len] == ':' &&
			strncasecmp((const char *)line, name, len) == 0)
			return (struct span){.data = line, .len = (uint32_t)(next - line)};
		line = next;
	}
	return (struct span){0};
}
