/* SPDX-License-Identifier: BSD-2-Clause */
#include "telem/access_format.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "telem/access_directives.h"

#define COMMON "%h %l %u %t \"%r\" %>s %b"

static const char common[] = COMMON;
static const char combined[] = COMMON " \"%{Referer}i\" \"%{User-Agent}i\"";

/* Conversions of strftime(3) that keep to a line, and mean the same here and elsewhere. */
static const char time_conversions[] = "%aAbBdDeFHhIjmMpRSTuwyYzZ";

/* A format while it is read. */
struct reader {
	const char *text;
	uint32_t at;
	struct access_format *format;
	char *why;
	size_t why_bytes;
};

static bool __attribute__((format(printf, 2, 3))) refuse(struct reader *r, const char *words, ...)
{
	va_list args;

	va_start(args, words);
	vsnprintf(r->why, r->why_bytes, words, args);
	va_end(args);
	return false;
}

static bool refuse_directive(struct reader *r, uint32_t from, const char *words)
{
	return refuse(
		r, "\"%.*s\" at byte %u: %s", (int)(r->at - from), r->text + from, from + 1, words);
}

static struct access_item *new_item(struct reader *r, void (*put)(struct access_line *line))
{
	struct access_item *item;

	if (r->format->n_items == ACCESS_MAX_ITEMS) {
		refuse(r, "at byte %u: more than %u directives and texts between them", r->at + 1,
			ACCESS_MAX_ITEMS);
		return NULL;
	}
	item = &r->format->items[r->format->n_items++];
	*item = (struct access_item){.put = put, .text = (uint16_t)r->format->n_text};
	return item;
}

/* The format's text has room for all of what is read: at most as much again, for ended forms. */
static void keep(struct reader *r, struct access_item *item, char c)
{
	r->format->text[r->format->n_text++] = c;
	item->text_len++;
}

/* \t, \" and \\ are what they stand for; before anything else a backslash is one. */
static bool read_escape(struct reader *r, struct access_item *item)
{
	char c = r->text[r->at + 1];

	if (c == 'n')
		return refuse(r, "\"\\n\" at byte %u: a record is one line", r->at + 1);
	if (c != 't' && c != '"' && c != '\\') {
		keep(r, item, '\\');
		r->at++;
		return true;
	}
	keep(r, item, c == 't' ? '\t' : c);
	r->at += 2;
	return true;
}

static bool read_literal(struct reader *r)
{
	struct access_item *item = new_item(r, rs_access_put_literal);

	if (!item)
		return false;
	while (r->text[r->at] && r->text[r->at] != '%') {
		if (r->text[r->at] == '\\') {
			if (!read_escape(r, item))
				return false;
		} else {
			keep(r, item, r->text[r->at++]);
		}
	}
	r->format->line_bytes += item->text_len;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* [!]NNN,NNN… */
static bool read_statuses(struct reader *r, uint32_t from, struct access_item *item)
{
	if (r->text[r->at] == '!') {
		item->all_others = true;
		r->at++;
	}
	while (is_digit(r->text[r->at])) {
		const char *digits = r->text + r->at;

		if (!is_digit(digits[1]) || !is_digit(digits[2]) || is_digit(digits[3])) {
			r->at++;
			return refuse_directive(r, from, "a status has three digits");
		}
		r->at += 3;
		if (item->n_statuses == ACCESS_MAX_STATUSES)
			return refuse_directive(r, from, "too many statuses, four are the most");
		item->statuses[item->n_statuses++] =
			(uint16_t)((digits[0] - '0') * 100 + (digits[1] - '0') * 10 +
				   (digits[2] - '0'));
		if (r->text[r->at] != ',')
			break;
		r->at++;
	}
	if (item->all_others && !item->n_statuses)
		return refuse_directive(r, from, "no status follows the !");
	return true;
}

/* {ARGUMENT}, without its braces; empty where there is none. */
static bool read_argument(struct reader *r, uint32_t from, struct span *argument)
{
	uint32_t begin = r->at + 1;

	*argument = (struct span){.data = (const uint8_t *)r->text + begin};
	if (r->text[r->at] != '{')
		return true;
	while (r->text[r->at] && r->text[r->at] != '}')
		r->at++;
	if (!r->text[r->at])
		return refuse_directive(r, from, "there is no } that ends it");
	argument->len = r->at++ - begin;
	return true;
}

/* Takes begin: or end: away from a form of time. */
static void read_moment(struct span *form, struct access_item *item)
{
	static const char begin[] = "begin:", end[] = "end:";
	uint32_t len = 0;

	if (form->len >= strlen(begin) && memcmp(form->data, begin, strlen(begin)) == 0)
		len = (uint32_t)strlen(begin);
	else if (form->len >= strlen(end) && memcmp(form->data, end, strlen(end)) == 0)
		len = (uint32_t)strlen(end);
	item->of_end = len == strlen(end);
	form->data += len;
	form->len -= len;
}

static bool read_time_form(
	struct reader *r, uint32_t from, struct span form, struct access_item *item)
{
	if (form.len > ACCESS_MAX_FORM_BYTES)
		return refuse_directive(r, from, "too long a form, 40 bytes are the most");
	for (uint32_t i = 0; i < form.len; i++) {
		if (form.data[i] != '%')
			continue;
		if (++i == form.len || !strchr(time_conversions, form.data[i]))
			return refuse_directive(r, from,
				"neither a form of strftime(3) that is known here, nor "
				"sec, msec, usec, msec_frac or usec_frac");
	}
	for (uint32_t i = 0; i < form.len; i++)
		keep(r, item, (char)form.data[i]);
	keep(r, item, '\0');
	return true;
}

static bool read_directive(struct reader *r)
{
	struct access_item *item = new_item(r, NULL);
	const struct access_directive *directive;
	uint32_t from = r->at++;
	struct span argument;
	char letter;

	if (!item || !read_statuses(r, from, item))
		return false;
	if (r->text[r->at] == '>' || r->text[r->at] == '<')
		r->at++;
	if (!read_argument(r, from, &argument))
		return false;
	letter = r->text[r->at];
	if (!letter)
		return refuse_directive(r, from, "the format ends before the directive does");
	r->at++;
	if (letter == 't')
		read_moment(&argument, item);
	directive = rs_access_find_directive(letter, argument);
	if (!directive && letter == 't') {
		if (!read_time_form(r, from, argument, item))
			return false;
		directive = &rs_access_time_form;
	}
	if (!directive)
		return refuse_directive(r, from, "unknown directive, or one without data here");
	item->put = directive->put;
	item->of_end |= directive->of_end;
	r->format->line_bytes += directive->most_bytes;
	return true;
}

static bool has_control_characters(struct reader *r)
{
	for (uint32_t i = 0; r->text[i]; i++) {
		uint8_t c = (uint8_t)r->text[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f) {
			refuse(r, "control character 0x%02x at byte %u", c, i + 1);
			return true;
		}
	}
	return false;
}

static bool read_format(struct reader *r)
{
	if (!strchr(r->text, '%'))
		return refuse(r, "neither common, combined or json, nor a format: it has no %%");
	if (strlen(r->text) > ACCESS_FORMAT_BYTES)
		return refuse(r, "longer than %u bytes", ACCESS_FORMAT_BYTES);
	if (has_control_characters(r))
		return false;
	while (r->text[r->at]) {
		if (!(r->text[r->at] == '%' ? read_directive(r) : read_literal(r)))
			return false;
	}
	if (r->format->line_bytes > ACCESS_MAX_LINE_BYTES)
		return refuse(r, "its lines may have %u bytes, and %u are the most",
			r->format->line_bytes, ACCESS_MAX_LINE_BYTES);
	return true;
}

int rs_access_format_compile(
	const char *text, struct access_format *format, char *why, size_t why_bytes)
{
	struct reader r = {.text = text, .format = format, .why = why, .why_bytes = why_bytes};

	format->n_items = 0;
	format->n_text = 0;
	format->line_bytes = 1; /* its end */
	if (strcmp(text, "json") == 0) {
		new_item(&r, rs_access_put_object);
		format->line_bytes += ACCESS_OBJECT_BYTES;
		return 0;
	}
	if (strcmp(text, "common") == 0)
		r.text = common;
	else if (strcmp(text, "combined") == 0)
		r.text = combined;
	return read_format(&r) ? 0 : -EINVAL;
}

static bool is_written(const struct access_item *item, const struct access_record *record)
{
	if (item->of_end && !(record->flags & ACCESS_FOLLOWED))
		return false;
	if (!item->n_statuses)
		return true;
	for (uint32_t i = 0; i < item->n_statuses; i++) {
		if (item->statuses[i] == record->status)
			return !item->all_others;
	}
	return item->all_others;
}

uint32_t rs_access_format_line(const struct access_format *format,
	const struct access_record *record, char *to, uint32_t size)
{
	struct access_line line = {.record = record, .text = format->text};

	if (!size)
		return 0;
	line.out = (struct access_out){.at = to, .end = to + size - 1};
	for (uint32_t i = 0; i < format->n_items; i++) {
		line.item = &format->items[i];
		if (is_written(line.item, record))
			line.item->put(&line);
		else
			rs_access_put_str(&line.out, "-");
	}
	*line.out.at++ = '\n';
	return (uint32_t)(line.out.at - to);
}
