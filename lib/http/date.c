/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/date.h"

#include <string.h>

#define FIFTY_YEARS_S     INT64_C(1577847600)
#define SECONDS_PER_DAY   86400
#define SECONDS_PER_YEAR  31556952 /* on average */
#define DAYS_PER_400_YEAR 146097
#define DAYS_TO_1970      719468 /* from 0000-03-01 */
#define WEEKDAY_OF_1970   3      /* of its first day, a Thursday: see days */

struct parts {
	int64_t year;
	uint32_t month, day, hour, minute, second; /* month: 1 to 12 */
};

static const char days[] = "MonTueWedThuFriSatSun";
static const char *const long_days[] = {
	"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* What is left of a text that is read from the left. */
struct cursor {
	const uint8_t *at;
	const uint8_t *end;
};

static bool take(struct cursor *c, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(c->end - c->at) < n || memcmp(c->at, text, n) != 0)
		return false;
	c->at += n;
	return true;
}

static bool take_digits(struct cursor *c, uint32_t n_digits, uint32_t *n)
{
	*n = 0;
	if ((uint32_t)(c->end - c->at) < n_digits)
		return false;
	for (uint32_t i = 0; i < n_digits; i++) {
		uint32_t digit = (uint32_t)(*c->at++ - '0');

		if (digit > 9)
			return false;
		*n = *n * 10 + digit;
	}
	return true;
}

/* One of the three-letter names in list: counted from 1. */
static bool take_name(struct cursor *c, const char *list, uint32_t *n)
{
	for (*n = 1; *list; list += 3, ++*n) {
		if (c->end - c->at >= 3 && !memcmp(c->at, list, 3)) {
			c->at += 3;
			return true;
		}
	}
	return false;
}

static bool take_time(struct cursor *c, struct parts *p)
{
	return take_digits(c, 2, &p->hour) && take(c, ":") && take_digits(c, 2, &p->minute) &&
	       take(c, ":") && take_digits(c, 2, &p->second);
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
static bool take_fixdate(struct cursor c, struct parts *p)
{
	uint32_t day, year;

	if (!take_name(&c, days, &day) || !take(&c, ", ") || !take_digits(&c, 2, &p->day) ||
		!take(&c, " ") || !take_name(&c, months, &p->month) || !take(&c, " ") ||
		!take_digits(&c, 4, &year) || !take(&c, " ") || !take_time(&c, p))
		return false;
	p->year = year;
	return take(&c, " GMT") && c.at == c.end;
}

/* Sunday, 06-Nov-94 08:49:37 GMT, in the century of this_year */
static bool take_rfc850(struct cursor c, int64_t this_year, struct parts *p)
{
	uint32_t day = 0, year;

	while (day < 7 && !take(&c, long_days[day]))
		day++;
	if (day == 7 || !take(&c, ", ") || !take_digits(&c, 2, &p->day) || !take(&c, "-") ||
		!take_name(&c, months, &p->month) || !take(&c, "-") || !take_digits(&c, 2, &year) ||
		!take(&c, " ") || !take_time(&c, p))
		return false;
	p->year = this_year - this_year % 100 + year;
	return take(&c, " GMT") && c.at == c.end;
}

/* Sun Nov  6 08:49:37 1994 */
static bool take_asctime(struct cursor c, struct parts *p)
{
	uint32_t day, year;

	if (!take_name(&c, days, &day) || !take(&c, " ") || !take_name(&c, months, &p->month) ||
		!take(&c, " "))
		return false;
	if (take(&c, " ") ? !take_digits(&c, 1, &p->day) : !take_digits(&c, 2, &p->day))
		return false;
	if (!take(&c, " ") || !take_time(&c, p) || !take(&c, " ") || !take_digits(&c, 4, &year))
		return false;
	p->year = year;
	return c.at == c.end;
}

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool exists(const struct parts *p)
{
	static const uint8_t n_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	uint32_t most = n_days[p->month - 1] + (p->month == 2 && is_leap(p->year));

	return p->day >= 1 && p->day <= most && p->hour < 24 && p->minute < 60 && p->second <= 60;
}

/* Days since 1970-01-01 in the Gregorian calendar; the year is thought to begin in March. */
static int64_t day_number(const struct parts *p)
{
	int64_t year = p->year - (p->month <= 2);
	int64_t month = (p->month + 9) % 12;
	int64_t leap_days = year / 4 - year / 100 + year / 400;

	return 365 * year + leap_days + (153 * month + 2) / 5 + p->day - 1 - DAYS_TO_1970;
}

static int64_t seconds(const struct parts *p)
{
	return ((day_number(p) * 24 + p->hour) * 60 + p->minute) * 60 + p->second;
}

bool rs_http_parse_date(struct span text, int64_t now_s, int64_t *unix_s)
{
	struct cursor c = {.at = text.data, .end = text.data + text.len};
	int64_t this_year = 1970 + now_s / SECONDS_PER_YEAR;
	struct parts p;

	if (!take_fixdate(c, &p) && !take_asctime(c, &p)) {
		if (!take_rfc850(c, this_year, &p))
			return false;
		if (seconds(&p) > now_s + FIFTY_YEARS_S)
			p.year -= 100;
	}
	if (!exists(&p))
		return false;
	if (p.second == 60)
		p.second = 59;
	*unix_s = seconds(&p);
	return true;
}

/*
 * The Gregorian date and the time of day, counted in years that begin on the 1st of March: leap
 * days then come last, and month lengths repeat every five months (153 days).
 */
static struct parts parts_of(uint64_t unix_seconds)
{
	uint64_t since = unix_seconds / SECONDS_PER_DAY + DAYS_TO_1970;
	uint32_t second = (uint32_t)(unix_seconds % SECONDS_PER_DAY);
	uint32_t era = (uint32_t)(since / DAYS_PER_400_YEAR);
	uint32_t day = (uint32_t)(since % DAYS_PER_400_YEAR);
	uint32_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	uint32_t month;

	day -= 365 * year + year / 4 - year / 100;
	month = (5 * day + 2) / 153;
	day -= (153 * month + 2) / 5;
	return (struct parts){
		.year = era * 400 + year + (month >= 10),
		.month = month < 10 ? month + 3 : month - 9,
		.day = day + 1,
		.hour = second / 3600,
		.minute = second / 60 % 60,
		.second = second % 60,
	};
}

static void two_digits(char *to, uint32_t n)
{
	to[0] = (char)('0' + n / 10);
	to[1] = (char)('0' + n % 10);
}

void rs_http_date(char *to, uint64_t unix_seconds)
{
	struct parts p = parts_of(unix_seconds);
	uint32_t year = (uint32_t)p.year;
	uint64_t weekday = (unix_seconds / SECONDS_PER_DAY + WEEKDAY_OF_1970) % 7;

	memcpy(to, "Thu, 01 Jan 1970 00:00:00 GMT", HTTP_DATE_BYTES);
	memcpy(to, days + weekday * 3, 3);
	two_digits(to + 5, p.day);
	memcpy(to + 8, months + (p.month - 1) * 3, 3);
	two_digits(to + 12, year / 100 % 100);
	two_digits(to + 14, year % 100);
	two_digits(to + 17, p.hour);
	two_digits(to + 20, p.minute);
	two_digits(to + 23, p.second);
}
