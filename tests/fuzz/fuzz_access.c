/* SPDX-License-Identifier: BSD-2-Clause */
/* A format and a record of any bytes. Whatever they are, a line fits where it is to be, is ended
 * once, and has nothing that a terminal or a reader of lines would obey. The input: the format's
 * length, the size to cut a line to, the format, the record. */
#include <stdlib.h>
#include <string.h>

#include "telem/access_format.h"

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_printable(const char *text, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)text[i];

		REQUIRE((c >= 0x20 && c != 0x7f) || c == '\t');
	}
}

static void require_line(const char *line, uint32_t len, uint32_t most)
{
	REQUIRE(len > 0 && len <= most);
	REQUIRE(line[len - 1] == '\n');
	require_printable(line, len - 1);
}

/* Strings are ended, and the object is: quotes come in pairs, the last byte is its brace. */
static void require_object(const char *line, uint32_t len)
{
	bool in_string = false;

	for (uint32_t i = 0; i < len - 1; i++) {
		if (in_string && line[i] == '\\')
			i++;
		else if (line[i] == '"')
			in_string = !in_string;
		else
			REQUIRE(in_string || line[i] != '\\');
	}
	REQUIRE(!in_string && len > 2 && line[0] == '{' && line[len - 2] == '}');
}

static void run(const char *text, const struct access_record *record, uint32_t cut)
{
	struct access_format *format = malloc(sizeof(*format));
	char why[128] = "", *line, *part;
	uint32_t len, part_len;

	if (rs_access_format_compile(text, format, why, sizeof(why))) {
		REQUIRE(why[0]);
		require_printable(why, (uint32_t)strlen(why));
		free(format);
		return;
	}
	REQUIRE(format->line_bytes <= ACCESS_MAX_LINE_BYTES);
	line = malloc(format->line_bytes);
	part = malloc(cut ? cut : 1);
	len = rs_access_format_line(format, record, line, format->line_bytes);
	require_line(line, len, format->line_bytes);
	if (strcmp(text, "json") == 0)
		require_object(line, len);
	part_len = rs_access_format_line(format, record, part, cut);
	if (cut) {
		require_line(part, part_len, cut);
		REQUIRE(memcmp(part, line, part_len - 1) == 0);
		REQUIRE(cut < len || part_len == len);
	} else {
		REQUIRE(part_len == 0);
	}
	free(part);
	free(line);
	free(format);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct access_record record = {0};
	size_t n_text;
	char *text;

	if (size < 2)
		return 0;
	n_text = data[0] < size - 2 ? data[0] : size - 2;
	text = malloc(n_text + 1);
	memcpy(text, data + 2, n_text);
	text[n_text] = 0;
	size -= 2 + n_text;
	memcpy(&record, data + 2 + n_text, size < sizeof(record) ? size : sizeof(record));
	run(text, &record, data[1]);
	run("json", &record, data[1]);
	free(text);
	return 0;
}
