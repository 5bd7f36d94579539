/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/text.h"

#include <string.h>

#define SECONDS_PER_DAY   86400
#define DAYS_PER_400_YEAR 146097

struct date {
	uint32_t year, month, day; /* month and day from 1 */
};

/*
 * The Gregorian date so many days after 1970-01-01, counted in years that begin on the 1st of
 * March: leap days then come last, and month lengths repeat every five months (153 days).
 */
static struct date civil_date(uint64_t days)
{
	uint64_t since = days + 719468; /* 0000-03-01 */
	uint32_t era = (uint32_t)(since / DAYS_PER_400_YEAR);
	uint32_t day = (uint32_t)(since % DAYS_PER_400_YEAR);
	uint32_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	uint32_t month;

	day -= 365 * year + year / 4 - year / 100;
	month = (5 * day + 2) / 153;
	day -= (153 * month + 2) / 5;
	return (struct date){
		.year = era * 400 + year + (month >= 10),
		.month = month < 10 ? month + 3 : month - 9,
		.day = day + 1,
	};
}

static void two_digits(char *to, uint32_t n)
{
	to[0] = (char)('0' + n / 10);
	to[1] = (char)('0' + n % 10);
}

void rs_http_date(char *to, uint64_t unix_seconds)
{
	static const char weekdays[] = "ThuFriSatSunMonTueWed"; /* 1970-01-01 was a Thursday */
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	uint64_t days = unix_seconds / SECONDS_PER_DAY;
	uint32_t second = (uint32_t)(unix_seconds % SECONDS_PER_DAY);
	struct date date = civil_date(days);

	memcpy(to, "Thu, 01 Jan 1970 00:00:00 GMT", HTTP_DATE_BYTES);
	memcpy(to, weekdays + days % 7 * 3, 3);
	two_digits(to + 5, date.day);
	memcpy(to + 8, months + (date.month - 1) * 3, 3);
	two_digits(to + 12, date.year / 100 % 100);
	two_digits(to + 14, date.year % 100);
	two_digits(to + 17, second / 3600);
	two_digits(to + 20, second / 60 % 60);
	two_digits(to + 23, second % 60);
}

static uint32_t count_digits(uint64_t n)
{
	uint32_t len = 1;

	for (uint64_t limit = 10; len < HTTP_NUMBER_BYTES && n >= limit; limit *= 10)
		len++;
	return len;
}

uint32_t rs_http_number(uint8_t *to, uint64_t n)
{
	uint32_t len = count_digits(n);

	for (uint32_t i = len; i > 0; n /= 10)
		to[--i] = (uint8_t)('0' + n % 10);
	return len;
}

bool rs_http_parse_number(struct span text, uint64_t *n)
{
	uint64_t v = 0;

	for (uint32_t i = 0; i < text.len; i++) {
		uint32_t digit = (uint32_t)text.data[i] - '0';

		if (digit > 9 || v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*n = v;
	return text.len > 0;
}

struct span rs_http_trim(struct span text)
{
	const uint8_t *p = text.data, *end = text.data + text.len;

	while (p < end && rs_http_is_blank(*p))
		p++;
	while (p < end && rs_http_is_blank(end[-1]))
		end--;
	return (struct span){.data = p, .len = (uint32_t)(end - p)};
}

bool rs_http_next_element(struct span *list, struct span *element)
{
	struct span all = *list;
	const uint8_t *comma;

	if (!all.data)
		return false;
	*list = (struct span){0};
	comma = memchr(all.data, ',', all.len);
	if (comma) {
		uint32_t before = (uint32_t)(comma - all.data);

		*list = (struct span){.data = comma + 1, .len = all.len - before - 1};
		all.len = before;
	}
	*element = rs_http_trim(all);
	return true;
}

bool rs_http_same(struct span text, const char *lower)
{
	uint32_t i;

	for (i = 0; i < text.len && lower[i]; i++) {
		uint8_t c = text.data[i];

		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		if (c != (uint8_t)lower[i])
			return false;
	}
	return i == text.len && !lower[i];
}

int rs_http_percent_decode(struct span text, uint8_t *to)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < text.len; i++) {
		int c = text.data[i];

		if (c == '%') {
			c = rs_http_unescape(
				(struct span){.data = text.data + i, .len = text.len - i});
			if (c < 0)
				return -1;
			i += HTTP_ESCAPE_BYTES - 1;
		}
		to[n++] = (uint8_t)c;
	}
	return (int)n;
}

static const char *html_entity(uint8_t c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

uint32_t rs_http_html_escape(struct span text, uint8_t *to)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < text.len; i++) {
		const char *entity = html_entity(text.data[i]);

		if (entity) {
			size_t len = strlen(entity);

			memcpy(to + n, entity, len);
			n += (uint32_t)len;
		} else {
			to[n++] = text.data[i];
		}
	}
	return n;
}
