/* SPDX-License-Identifier: BSD-2-Clause */
/* A format and a record of any bytes. Whatever they are, a line fits where it is to be, is ended
 * once, and has nothing that a terminal or a reader of lines would obey. The input: the format's
 * length, the size to cut a line to, the format, the record; and then the same bytes once more, as
 * the record's texts. */
#include <stdlib.h>
#include <string.h>

#include "../unit/rig_check.h"
#include "telem/access_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_printable(const char *text, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)text[i];

		RIG_CHECK((c >= 0x20 && c != 0x7f) || c == '\t');
	}
}

static void require_line(const char *line, uint32_t len, uint32_t most)
{
	RIG_CHECK(len > 0 && len <= most);
	RIG_CHECK(line[len - 1] == '\n');
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
			RIG_CHECK(in_string || line[i] != '\\');
	}
	RIG_CHECK(!in_string && len > 2 && line[0] == '{' && line[len - 2] == '}');
}

/* RFC 3629 section 3: decodes the character at text, in its shortest form. Returns its bytes. */
static uint32_t require_utf8(const uint8_t *text, uint32_t len)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t n = text[0] < 0x80 ? 1 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
	uint32_t code = n == 1 ? text[0] : text[0] & (0x7fu >> n);

	RIG_CHECK(n <= len && (n == 1 || text[0] >= 0xc0) && text[0] < 0xf8);
	for (uint32_t i = 1; i < n; i++) {
		RIG_CHECK(text[i] >> 6 == 2);
		code = code << 6 | (text[i] & 0x3f);
	}
	RIG_CHECK(code >= least[n] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff));
	return n;
}

static void require_all_utf8(const char *line, uint32_t len)
{
	for (uint32_t i = 0; i < len;)
		i += require_utf8((const uint8_t *)line + i, len - i);
}

static void run(const char *text, const struct access_record *record, uint32_t cut)
{
	struct access_format *format = malloc(sizeof(*format));
	char why[128] = "", *line, *part;
	uint32_t len, part_len;

	if (rs_access_format_compile(text, format, why, sizeof(why))) {
		RIG_CHECK(why[0]);
		require_printable(why, (uint32_t)strlen(why));
		free(format);
		return;
	}
	RIG_CHECK(format->line_bytes <= ACCESS_MAX_LINE_BYTES);
	line = malloc(format->line_bytes);
	part = malloc(cut ? cut : 1);
	len = rs_access_format_line(format, record, line, format->line_bytes);
	require_line(line, len, format->line_bytes);
	if (strcmp(text, "json") == 0) {
		require_object(line, len);
		require_all_utf8(line, len);
	}
	part_len = rs_access_format_line(format, record, part, cut);
	if (cut) {
		require_line(part, part_len, cut);
		RIG_CHECK(memcmp(part, line, part_len - 1) == 0);
		RIG_CHECK(cut < len || part_len == len);
	} else {
		RIG_CHECK(part_len == 0);
	}
	free(part);
	free(line);
	free(format);
}

/* Each text is kept from its beginning, and no byte of the record is left over that one needs. */
static void require_texts(
	const struct access_record *record, const struct span texts[ACCESS_N_TEXTS])
{
	uint32_t n_given = 0, n_kept = 0;

	for (enum access_text i = 0; i < ACCESS_N_TEXTS; i++) {
		struct span kept = rs_access_text(record, i);

		RIG_CHECK(kept.data && kept.len <= texts[i].len);
		RIG_CHECK(memcmp(kept.data, texts[i].data, kept.len) == 0);
		n_given += texts[i].len;
		n_kept += kept.len;
	}
	RIG_CHECK(n_kept == rs_min_u32(n_given, ACCESS_TEXT_BYTES));
	RIG_CHECK(!(record->flags & ACCESS_TRUNCATED) == (n_kept == n_given));
}

/* Texts with a 0 between them, in copies of their exact size. */
static void set_texts(struct access_record *record, const uint8_t *data, size_t size)
{
	struct span texts[ACCESS_N_TEXTS];

	for (uint32_t i = 0; i < ACCESS_N_TEXTS; i++) {
		const uint8_t *end = size ? memchr(data, 0, size) : NULL;
		size_t len = end ? (size_t)(end - data) : size;
		uint8_t *copy = malloc(len ? len : 1);

		memcpy(copy, data, len);
		texts[i] = (struct span){.data = copy, .len = (uint32_t)len};
		data += end ? len + 1 : len;
		size -= end ? len + 1 : len;
	}
	record->flags = 0;
	rs_access_set_texts(record, texts);
	require_texts(record, texts);
	for (uint32_t i = 0; i < ACCESS_N_TEXTS; i++)
		free((void *)texts[i].data);
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
	set_texts(&record, data + 2 + n_text, size);
	run("json", &record, data[1]);
	free(text);
	return 0;
}
