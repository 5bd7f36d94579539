/* SPDX-License-Identifier: BSD-2-Clause */
/* The access log's lines. They are written by hand from what Apache's documentation says of
 * mod_log_config; of those in JSON see test_access_json.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "telem/access_format.h"
#include "telem/access_out.h"

/* ---- Lines ------------------------------------------------------------------------------- */

/* The request of the example in Apache's documentation of its logs, by an unnamed client: 13:55:36
 * in the zone -0700 is 20:55:36 UTC. */
static struct access_record example(void)
{
	const struct span texts[ACCESS_N_TEXTS] = {
		[ACCESS_TARGET] = {(const uint8_t *)"/apache_pb.gif", 14},
		[ACCESS_HOST] = {(const uint8_t *)"www.example.com:8080", 20},
		[ACCESS_REFERER] = {(const uint8_t *)"http://www.example.com/start.html", 33},
		[ACCESS_USER_AGENT] = {(const uint8_t *)"Mozilla/4.08 [en] (Win98; I ;Nav)", 33},
	};
	struct access_record record = {
		.unix_us = 971211336123456,
		.duration_us = 2654321,
		.bytes_sent = 2326,
		.client = {[10] = 0xff, 0xff, 127, 0, 0, 1},
		.client_port = 54321,
		.local_port = 80,
		.status = 200,
		.flags = ACCESS_FOLLOWED,
	};

	rs_access_set_method(&record, (struct span){(const uint8_t *)"GET", 3});
	rs_access_set_texts(&record, texts);
	return record;
}

static void set_text(struct access_record *record, enum access_text text, const char *value)
{
	struct span texts[ACCESS_N_TEXTS] = {0};

	record->flags = 0;
	texts[text] = (struct span){(const uint8_t *)value, (uint32_t)strlen(value)};
	rs_access_set_texts(record, texts);
}

static void compile(const char *text, struct access_format *format)
{
	char why[256];

	if (rs_access_format_compile(text, format, why, sizeof(why)))
		fail_msg("\"%s\": %s", text, why);
}

/* Written where no byte more has room, then where each shorter line has none. */
static void assert_line(const char *text, const struct access_record *record, const char *want)
{
	uint32_t want_len = (uint32_t)strlen(want) + 1;
	struct access_format format;

	compile(text, &format);
	assert_true(want_len <= format.line_bytes);
	for (uint32_t size = want_len;; size--) {
		char *line = malloc(size ? size : 1);
		uint32_t len = rs_access_format_line(&format, record, line, size);

		assert_true(len <= size);
		if (size == want_len && (len != size || memcmp(line, want, len - 1) != 0))
			fail_msg("\"%s\": \"%.*s\" instead of \"%s\"", text, (int)len - 1, line,
				want);
		if (size > 0) {
			assert_int_equal(line[len - 1], '\n');
			assert_memory_equal(line, want, len - 1);
		}
		free(line);
		if (size == 0)
			break;
	}
}

static void named_formats(void **state)
{
	struct access_record record = example();

	(void)state;
	assert_line("common", &record,
		"127.0.0.1 - - [10/Oct/2000:20:55:36 +0000] \"GET /apache_pb.gif HTTP/1.0\" 200 "
		"2326");
	assert_line("combined", &record,
		"127.0.0.1 - - [10/Oct/2000:20:55:36 +0000] \"GET /apache_pb.gif HTTP/1.0\" 200 "
		"2326 "
		"\"http://www.example.com/start.html\" \"Mozilla/4.08 [en] (Win98; I ;Nav)\"");
	assert_line("json", &record,
		"{\"time\":\"2000-10-10T20:55:36.123456Z\",\"client\":\"127.0.0.1\","
		"\"client_port\":54321,\"local_port\":80,\"tls\":false,\"reused\":false,"
		"\"method\":\"GET\",\"target\":\"/apache_pb.gif\",\"protocol\":\"HTTP/1.0\","
		"\"host\":\"www.example.com:8080\",\"status\":200,\"bytes\":2326,"
		"\"duration_us\":2654321,\"referer\":\"http://www.example.com/start.html\","
		"\"user_agent\":\"Mozilla/4.08 [en] (Win98; I ;Nav)\",\"aborted\":false,"
		"\"truncated\":false}");
}

struct line_case {
	const char *format;
	const char *line;
};

static void directives(void **state)
{
	static const struct line_case cases[] = {
		{"%%", "%"},
		{"100%% %h,%a", "100% 127.0.0.1,127.0.0.1"},
		{"%l %u", "- -"},
		{"%t", "[10/Oct/2000:20:55:36 +0000]"},
		{"%{begin:}t", "[10/Oct/2000:20:55:36 +0000]"},
		{"%{end:}t", "[10/Oct/2000:20:55:38 +0000]"},
		{"%{%d/%b/%Y %T}t.%{msec_frac}t %{%z}t", "10/Oct/2000 20:55:36.123 +0000"},
		{"%{begin:%Y-%m-%dT%H:%M:%S}t", "2000-10-10T20:55:36"},
		{"%{end:%F %T %% %Z}t", "2000-10-10 20:55:38 % GMT"},
		{"%{sec}t %{msec}t %{usec}t", "971211336 971211336123 971211336123456"},
		{"%{begin:sec}t %{begin:usec_frac}t", "971211336 123456"},
		{"%{end:sec}t %{end:msec}t", "971211338 971211338777"},
		{"%{end:msec_frac}t %{end:usec_frac}t", "777 777777"},
		{"%r", "GET /apache_pb.gif HTTP/1.0"},
		{"%m %U%q %H", "GET /apache_pb.gif HTTP/1.0"},
		{"%s %>s %<s", "200 200 200"},
		{"%B %b", "2326 2326"},
		{"%D %T", "2654321 2"},
		{"%{s}T %{ms}T %{us}T", "2 2654 2654321"},
		{"%p %{canonical}p %{local}p %{remote}p", "80 80 80 54321"},
		{"%v %V %{Host}i", "www.example.com www.example.com www.example.com:8080"},
		{"%{Referer}i -> %U", "http://www.example.com/start.html -> /apache_pb.gif"},
		{"%{User-agent}i", "Mozilla/4.08 [en] (Win98; I ;Nav)"},
		{"%{rEFERER}i", "http://www.example.com/start.html"},
		{"%X", "-"},
		{"%400,501{User-agent}i", "-"},
		{"%400,200{Host}i", "www.example.com:8080"},
		{"%!200,304,302{Referer}i", "-"},
		{"%!304s", "200"},
		{"%200>s", "200"},
		{"%416,299s %!416,299s", "- 200"},
		{"a\tb\\tc %s", "a\tb\tc 200"},
		{"\\\"%s\\\" \\\\ \\q \\", "\"200\" \\ \\q \\"},
		{"\xc3\xa9 %s", "\xc3\xa9 200"},
	};
	struct access_record record = example();

	(void)state;
	for (size_t i = 0; i < RS_ARRAY_SIZE(cases); i++)
		assert_line(cases[i].format, &record, cases[i].line);
}

struct text_case {
	const char *text;
	const char *written;
};

static void paths_and_queries(void **state)
{
	static const struct text_case cases[] = {
		{"/a%20b?c=d?e", "/a%20b ?c=d?e"},
		{"/a?", "/a ?"},
		{"/", "/ "},
		{"http://example.com/a/b?c", "/a/b ?c"},
		{"http://example.com", "/ "},
		{"http://example.com?c", "/ ?c"},
		{"http://", "/ "},
		{"http:///b?c", "/b ?c"},
		{"http:/", "http:/ "},
		{"/a:b://c?d", "/a:b://c ?d"},
		{"/?u=http://x/y", "/ ?u=http://x/y"},
		{"*", "* "},
		{"example.com:443", "example.com:443 "},
	};
	struct access_record record = example();

	(void)state;
	for (size_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		set_text(&record, ACCESS_TARGET, cases[i].text);
		assert_line("%U %q", &record, cases[i].written);
	}
}

static void hosts_without_ports(void **state)
{
	static const struct text_case cases[] = {
		{"example.com", "example.com"},
		{"example.com:", "example.com"},
		{"192.0.2.1:80", "192.0.2.1"},
		{"[2001:db8::1]", "[2001:db8::1]"},
		{"[2001:db8::1]:8443", "[2001:db8::1]"},
		{"[2001:db8::]", "[2001:db8::]"},
		{"", ""},
	};
	struct access_record record = example();

	(void)state;
	for (size_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		set_text(&record, ACCESS_HOST, cases[i].text);
		assert_line("%v", &record, cases[i].written);
	}
}

static void what_there_is_not(void **state)
{
	struct access_record record = {
		.client = {[10] = 0xff, 0xff, 192, 0, 2, 255}, .status = 408};

	(void)state;
	assert_line("combined", &record,
		"192.0.2.255 - - [01/Jan/1970:00:00:00 +0000] \"-\" 408 - \"-\" \"-\"");
	assert_line("%m %U %q %v %V %{Host}i %B %D", &record, "- -  - - - 0 -");
	assert_line("json", &record,
		"{\"time\":\"1970-01-01T00:00:00.000000Z\",\"client\":\"192.0.2.255\","
		"\"client_port\":0,\"local_port\":0,\"tls\":false,\"reused\":false,"
		"\"method\":null,\"target\":null,\"protocol\":\"HTTP/1.0\","
		"\"host\":null,\"status\":408,\"bytes\":0,"
		"\"duration_us\":null,\"referer\":null,\"user_agent\":null,\"aborted\":null,"
		"\"truncated\":false}");
	/* Of a reply that was not followed, its end is not known; all else is. */
	assert_line("%T %{ms}T %{s}T %{us}T %{end:}t %{end:sec}t %{end:%T}t %X", &record,
		"- - - - - - - -");
	record.bytes_sent = 5;
	record.client_port = 6;
	record.local_port = 7;
	set_text(&record, ACCESS_HOST, "a:8");
	assert_line("%% %b %p %{canonical}p %{local}p %{remote}p %v %V %{Host}i", &record,
		"% 5 7 7 7 6 a a a:8");
}

/* Where there is no room for all of it, text that needs no escape is written as far as there is. */
static void a_line_fills_its_room(void **state)
{
	struct access_record record = {.status = 200};
	struct access_format format;

	(void)state;
	compile("abc %% defghi", &format);
	for (uint32_t size = 1; size <= sizeof("abc % defghi"); size++) {
		char line[16];

		assert_int_equal(rs_access_format_line(&format, &record, line, size), size);
		assert_memory_equal(line, "abc % defghi", size - 1);
	}
}

/* A request line that is none: what came stands in its place. */
static void unreadable_request_lines(void **state)
{
	struct access_record record = {.status = 400};

	(void)state;
	set_text(&record, ACCESS_TARGET, "\x16\x03\x01 hello");
	assert_line("\"%r\" %m", &record, "\"\\x16\\x03\\x01 hello\" -");
	record.flags = 0;
	rs_access_set_method(&record, (struct span){(const uint8_t *)"GET", 3});
	assert_line("\"%r\" %m", &record, "\"-\" GET");
}

static void flags(void **state)
{
	struct access_record record = example();

	(void)state;
	record.flags |= ACCESS_KEPT;
	assert_line("%X", &record, "+");
	record.flags |= ACCESS_ABORTED;
	assert_line("%X", &record, "X");
}

static void ipv6_addresses(void **state)
{
	struct access_record record = {.client = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};

	(void)state;
	assert_line("%h %a", &record, "2001:db8::1 2001:db8::1");
}

static void largest_numbers(void **state)
{
	struct access_record record = {.bytes_sent = UINT64_MAX,
		.status = 65535,
		.client_port = 65535,
		.minor_version = 255};

	(void)state;
	assert_line("%B %s %{remote}p %H", &record, "18446744073709551615 65535 65535 HTTP/1.255");
}

/* ---- Escapes ----------------------------------------------------------------------------- */

/* \b \n \r \t \v by a letter, quotes and backslashes behind one, the rest as \xhh. */
static void escapes_of_text(void **state)
{
	static const struct text_case cases[] = {
		{"plain ~!#'<>&", "plain ~!#'<>&"},
		{"say \"no\" to \\", "say \\\"no\\\" to \\\\"},
		{"\a\b\t\n\v\f\r\x1b", "\\x07\\b\\t\\n\\v\\x0c\\r\\x1b"},
		{"\x01\x1f\x7f\x80\xff", "\\x01\\x1f\\x7f\\x80\\xff"},
		{"caf\xc3\xa9", "caf\\xc3\\xa9"},
	};
	struct access_record record = example();

	(void)state;
	for (size_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		set_text(&record, ACCESS_USER_AGENT, cases[i].text);
		assert_line("%{User-Agent}i", &record, cases[i].written);
	}
}

static void no_byte_breaks_a_line(void **state)
{
	struct access_record record = example();
	struct access_format format;
	char line[ACCESS_MAX_LINE_BYTES];

	(void)state;
	compile("%r|%m|%U|%q|%v|%{Host}i|%{Referer}i", &format);
	for (int c = 0; c < 256; c++) {
		const uint8_t all[] = {(uint8_t)c, (uint8_t)c};
		struct span texts[ACCESS_N_TEXTS];
		uint32_t len;

		for (int i = 0; i < ACCESS_N_TEXTS; i++)
			texts[i] = (struct span){all, sizeof(all)};
		rs_access_set_texts(&record, texts);
		rs_access_set_method(&record, texts[0]);
		len = rs_access_format_line(&format, &record, line, sizeof(line));
		for (uint32_t i = 0; i + 1 < len; i++)
			assert_in_range(line[i], 0x20, 0x7e);
	}
}

/* Whatever the room: what does not fit is not begun, and nothing comes behind it. */
static void escapes_are_whole_or_not_there(void **state)
{
	static const struct {
		void (*put)(struct access_out *out, struct span text);
		const char *text, *pieces[12]; /* and "." behind it */
	} cases[] = {
		{rs_access_put_escaped, "a\"\n\x01\\z",
			{"a", "\\\"", "\\n", "\\x01", "\\\\", "z", "."}},
		{rs_access_put_json, "a\"\xc3\xa9\n\xff\xc2\x80\\z",
			{"\"", "a", "\\\"", "\xc3\xa9", "\\u000a", "\\u00ff", "\\u0080", "\\\\",
				"z", "\"", "."}},
	};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		const char *text = cases[i].text;

		for (uint32_t room = 0; room < 50; room++) {
			char line[50], want[50];
			struct access_out out = {.at = line, .end = line + room};
			uint32_t len = 0;

			for (const char *const *p = cases[i].pieces; *p && len + strlen(*p) <= room;
				p++)
				len += (uint32_t)sprintf(want + len, "%s", *p);
			cases[i].put(
				&out, (struct span){(const uint8_t *)text, (uint32_t)strlen(text)});
			rs_access_put_str(&out, ".");
			assert_int_equal(out.at - line, len);
			assert_memory_equal(line, want, len);
		}
	}
}

/* What stands behind the text is no part of its last character. */
static void characters_end_with_the_text(void **state)
{
	static const char *const characters[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};

	(void)state;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(characters); i++) {
		for (uint32_t n = 1; n < strlen(characters[i]); n++) {
			char line[64];
			struct access_out out = {.at = line, .end = line + sizeof(line)};

			rs_access_put_json(&out, (struct span){(const uint8_t *)characters[i], n});
			assert_int_equal(out.at - line, strlen("\"\"") + n * strlen("\\u0000"));
		}
	}
}

/* ---- Bounds ------------------------------------------------------------------------------ */

/* The longest of everything that a record can hold, in all directives at once. */
static void longest_lines_are_as_promised(void **state)
{
	static const char *const formats[] = {"json", "combined",
		"%h %l %u %t %r %m %U %q %H %s %b %D %T %p %{remote}p %X %v %{Host}i %{Referer}i",
		"%{%F%F%F%F%F%F%F%F%F%F%F%F%F%F%F%F%F%F%F%F}t %{end:%A, %d %B %Y}t"};
	char line[ACCESS_MAX_LINE_BYTES];

	(void)state;
	for (size_t i = 0; i < RS_ARRAY_SIZE(formats); i++) {
		for (int longest = 0; longest < ACCESS_N_TEXTS; longest++) {
			struct access_format format;
			struct access_record record;
			uint32_t len;

			memset(&record, 0xff, sizeof(record));
			memset(record.text_len, 0, sizeof(record.text_len));
			record.text_len[longest] = ACCESS_TEXT_BYTES;
			compile(formats[i], &format);
			len = rs_access_format_line(&format, &record, line, sizeof(line));
			assert_true(len <= format.line_bytes);
		}
	}
}

struct refusal {
	const char *format;
	const char *why; /* begins so */
};

static void refused_formats(void **state)
{
	static const struct refusal cases[] = {
		{"", "neither common"},
		{"combned", "neither common"},
		{"%h %z", "\"%z\" at byte 4: unknown"},
		{"%h %{Cookie}i %s", "\"%{Cookie}i\" at byte 4: unknown"},
		{"%A", "\"%A\" at byte 1: unknown"},
		{"%R", "\"%R\" at byte 1: unknown"},
		{"%O", "\"%O\" at byte 1: unknown"},
		{"%{x}h", "\"%{x}h\" at byte 1: unknown"},
		{"%{ns}T", "\"%{ns}T\" at byte 1: unknown"},
		{"%i", "\"%i\" at byte 1: unknown"},
		{"%s %", "\"%\" at byte 4: the format ends"},
		{"%s %>", "\"%>\" at byte 4: the format ends"},
		{"%{Referer}", "\"%{Referer}\" at byte 1: the format ends"},
		{"%s %{Referer", "\"%{Referer\" at byte 4: there is no }"},
		{"%{%s}t", "\"%{%s}t\" at byte 1: neither"},
		{"%{%n}t", "\"%{%n}t\" at byte 1: neither"},
		{"%{%c}t", "\"%{%c}t\" at byte 1: neither"},
		{"%{%}t", "\"%{%}t\" at byte 1: neither"},
		{"%{%Ey}t", "\"%{%Ey}t\" at byte 1: neither"},
		{"%{-----------------------------------------}t", "\"%{--"},
		{"%20s", "\"%2\" at byte 1: a status"},
		{"%2000s", "\"%2\" at byte 1: a status"},
		{"%!s", "\"%!\" at byte 1: no status"},
		{"%1", "\"%1\" at byte 1: a status"},
		{"%200,201,202,203,204s", "\"%200,201,202,203,204\" at byte 1: too many"},
		{"%s\\n", "\"\\n\" at byte 3: a record is one line"},
		{"%s\n", "control character 0x0a at byte 3"},
		{"\x1b[1m%s", "control character 0x1b at byte 1"},
		{"%s\x7f", "control character 0x7f at byte 3"},
		{"%r%r%r%r%r%r%r%r%r%r", "its lines may have"},
	};

	(void)state;
	for (size_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		struct access_format format;
		char why[256] = "";
		char *text = strdup(cases[i].format);

		assert_int_equal(
			rs_access_format_compile(text, &format, why, sizeof(why)), -EINVAL);
		if (strncmp(why, cases[i].why, strlen(cases[i].why)) != 0)
			fail_msg("\"%s\": %s", cases[i].format, why);
		free(text);
	}
}

static void formats_have_an_end(void **state)
{
	char text[ACCESS_FORMAT_BYTES + 2], why[64];
	struct access_format format;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[0] = text[1] = '%';
	text[ACCESS_FORMAT_BYTES + 1] = 0;
	assert_int_equal(rs_access_format_compile(text, &format, why, sizeof(why)), -EINVAL);
	assert_string_equal(why, "longer than 1024 bytes");
	text[ACCESS_FORMAT_BYTES] = 0;
	assert_int_equal(rs_access_format_compile(text, &format, why, sizeof(why)), 0);

	for (uint32_t i = 0; i < ACCESS_MAX_ITEMS; i++)
		memcpy(text + 2 * i, "%X", 3);
	assert_int_equal(rs_access_format_compile(text, &format, why, sizeof(why)), 0);
	memcpy(text + 2 * (size_t)ACCESS_MAX_ITEMS, "%X", 3);
	assert_int_equal(rs_access_format_compile(text, &format, why, sizeof(why)), -EINVAL);
	assert_memory_equal(why, "at byte 129: more than 64", 25);
	memcpy(text + 2 * (size_t)ACCESS_MAX_ITEMS, "y", 2);
	assert_int_equal(rs_access_format_compile(text, &format, why, sizeof(why)), -EINVAL);
	assert_memory_equal(why, "at byte 129: more than 64", 25);
}

/* Statuses of all digits, one by one: three figures are three places. */
static void statuses_are_read_as_they_stand(void **state)
{
	(void)state;
	for (unsigned int status = 100; status <= 999; status++) {
		struct access_record record = {.status = (uint16_t)status};
		char text[16], other[16];

		snprintf(text, sizeof(text), "%%%us", status);
		snprintf(other, sizeof(other), "%u", status);
		assert_line(text, &record, other);
		record.status = (uint16_t)(status == 999 ? 100 : status + 1);
		assert_line(text, &record, "-");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named_formats),
		cmocka_unit_test(directives),
		cmocka_unit_test(paths_and_queries),
		cmocka_unit_test(hosts_without_ports),
		cmocka_unit_test(what_there_is_not),
		cmocka_unit_test(a_line_fills_its_room),
		cmocka_unit_test(unreadable_request_lines),
		cmocka_unit_test(flags),
		cmocka_unit_test(ipv6_addresses),
		cmocka_unit_test(largest_numbers),
		cmocka_unit_test(escapes_of_text),
		cmocka_unit_test(no_byte_breaks_a_line),
		cmocka_unit_test(escapes_are_whole_or_not_there),
		cmocka_unit_test(characters_end_with_the_text),
		cmocka_unit_test(longest_lines_are_as_promised),
		cmocka_unit_test(refused_formats),
		cmocka_unit_test(formats_have_an_end),
		cmocka_unit_test(statuses_are_read_as_they_stand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
