/* SPDX-License-Identifier: BSD-2-Clause */
/* The access log in JSON: RFC 8259 for its syntax, RFC 3629 for what is UTF-8; and Python's opinion
 * of both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "telem/access_format.h"

static int set_up(void **state)
{
	struct access_format *format = malloc(sizeof(*format));
	char why[64];

	*state = format;
	return rs_access_format_compile("json", format, why, sizeof(why));
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

/* The line of a request with this User-Agent, and a 0 in place of its end. */
static void make_line(const struct access_format *format, struct span user_agent, char *line)
{
	const struct span texts[ACCESS_N_TEXTS] = {[ACCESS_USER_AGENT] = user_agent};
	struct access_record record = {.unix_us = 1, .status = 200};
	uint32_t len;

	rs_access_set_texts(&record, texts);
	len = rs_access_format_line(format, &record, line, ACCESS_MAX_LINE_BYTES);
	assert_int_equal(line[len - 1], '\n');
	line[len - 1] = 0;
	assert_int_equal(strlen(line), len - 1);
}

struct text_case {
	const char *text;
	const char *written;
};

static void escapes(void **state)
{
	static const struct text_case cases[] = {
		{"", ""},
		{"say \"no\" to \\/", "say \\\"no\\\" to \\\\/"},
		{"\n\x1b\x7f", "\\u000a\\u001b\\u007f"},
		/* Valid: two, three and four bytes, at both ends of their ranges. */
		{"caf\xc3\xa9", "caf\xc3\xa9"},
		{"\xc2\xa0 \xdf\xbf", "\xc2\xa0 \xdf\xbf"},
		{"\xe0\xa0\x80 \xef\xbf\xbf", "\xe0\xa0\x80 \xef\xbf\xbf"},
		{"\xed\x9f\xbf \xee\x80\x80", "\xed\x9f\xbf \xee\x80\x80"},
		{"\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf"},
		/* Control characters in two bytes. */
		{"\xc2\x80 \xc2\x9b \xc2\x9f", "\\u0080 \\u009b \\u009f"},
		/* Not valid: alone, overlong, a surrogate, too high, cut short. */
		{"\x80 \xff", "\\u0080 \\u00ff"},
		{"\xc0\xaf", "\\u00c0\\u00af"},
		{"\xe0\x9f\xbf", "\\u00e0\\u009f\\u00bf"},
		{"\xed\xa0\x80", "\\u00ed\\u00a0\\u0080"},
		{"\xf4\x90\x80\x80", "\\u00f4\\u0090\\u0080\\u0080"},
		{"\xf5\x80\x80\x80", "\\u00f5\\u0080\\u0080\\u0080"},
		{"\xe2\x82", "\\u00e2\\u0082"},
		{"\xe2\x82(", "\\u00e2\\u0082("},
		{"caf\xe9 au lait", "caf\\u00e9 au lait"},
	};
	char line[ACCESS_MAX_LINE_BYTES], want[256];

	for (size_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		const char *text = cases[i].text;

		make_line(
			*state, (struct span){(const uint8_t *)text, (uint32_t)strlen(text)}, line);
		snprintf(want, sizeof(want), ",\"user_agent\":\"%s\",", cases[i].written);
		if (!strstr(line, want))
			fail_msg("%s has no %s", line, want);
	}
}

static void ask_python(
	const struct access_format *format, const uint8_t *text, uint32_t len, FILE *python)
{
	char line[ACCESS_MAX_LINE_BYTES];

	make_line(format, (struct span){text, len}, line);
	for (uint32_t i = 0; i < len; i++)
		fprintf(python, "%02x", text[i]);
	fprintf(python, "\n%s\n", line);
}

/* Every pair of bytes, and strings of a few that look like UTF-8. */
static void python_reads_it_the_same(void **state)
{
	static const uint8_t likely[] = {0x00, 0x22, 0x5c, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
		0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff};
	FILE *python =
		popen("exec /usr/bin/python3 " RS_TREE "/tests/unit/check_access_json.py", "w");
	uint64_t lot = 1;

	assert_non_null(python);
	for (uint32_t i = 0; i < 0x10000; i++)
		ask_python(*state, (const uint8_t[]){(uint8_t)(i >> 8), (uint8_t)i}, 2, python);
	for (uint32_t i = 0; i < 20000; i++) {
		uint8_t text[6];

		for (uint32_t k = 0; k < sizeof(text); k++) {
			lot = lot * 6364136223846793005u + 1442695040888963407u;
			text[k] = likely[(lot >> 33) % sizeof(likely)];
		}
		ask_python(*state, text, sizeof(text), python);
	}
	assert_int_equal(pclose(python), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes),
		cmocka_unit_test(python_reads_it_the_same),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
