/* SPDX-License-Identifier: BSD-2-Clause */
#include "content/mime.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "content/content.h"
#include "content/pattern.h"

#define FIRST_SLOTS   4096
#define MAX_EXTENSION 32  /* longer ones are nobody's */
#define MAX_NAME      127 /* RFC 6838 section 4.2, of a type and of a subtype */
#define MAX_VALUE     320 /* both, and parameters */

struct known {
	const char *type;
	const char *extensions;
};

/* What Debian's table has for desktops: .ts is a file of translations there. */
static const struct known preferred[] = {
	{"video/mp2t", "ts"},
	{"application/rss+xml", "rss"},
};

/* What Debian's table lacks, and what a site needs where there is no table. */
static const struct known common[] = {
	{"text/html", "html htm"},
	{"text/css", "css"},
	{"text/javascript", "js mjs"},
	{"text/plain", "txt text log conf"},
	{"text/markdown", "md markdown"},
	{"text/csv", "csv"},
	{"text/calendar", "ics"},
	{"text/vtt", "vtt"},
	{"application/json", "json map"},
	{"application/ld+json", "jsonld"},
	{"application/manifest+json", "webmanifest"},
	{"application/geo+json", "geojson"},
	{"application/xml", "xml"},
	{"application/xhtml+xml", "xhtml"},
	{"application/atom+xml", "atom"},
	{"application/rss+xml", "rss"},
	{"application/wasm", "wasm"},
	{"application/pdf", "pdf"},
	{"application/rtf", "rtf"},
	{"application/epub+zip", "epub"},
	{"application/java-archive", "jar"},
	{"application/zip", "zip"},
	{"application/gzip", "gz tgz"},
	{"application/x-brotli", "br"},
	{"application/zstd", "zst"},
	{"application/x-bzip2", "bz2"},
	{"application/x-xz", "xz"},
	{"application/x-7z-compressed", "7z"},
	{"application/x-tar", "tar"},
	{"application/vnd.ms-fontobject", "eot"},
	{"application/vnd.apple.mpegurl", "m3u8"},
	{"application/dash+xml", "mpd"},
	{"image/svg+xml", "svg"},
	{"image/png", "png"},
	{"image/jpeg", "jpg jpeg"},
	{"image/gif", "gif"},
	{"image/webp", "webp"},
	{"image/avif", "avif"},
	{"image/vnd.microsoft.icon", "ico"},
	{"image/tiff", "tif tiff"},
	{"image/bmp", "bmp"},
	{"font/woff", "woff"},
	{"font/woff2", "woff2"},
	{"font/ttf", "ttf"},
	{"font/otf", "otf"},
	{"audio/mpeg", "mp3"},
	{"audio/ogg", "ogg oga opus"},
	{"audio/flac", "flac"},
	{"audio/mp4", "m4a"},
	{"video/mp4", "mp4 m4v"},
	{"video/webm", "webm"},
	{"video/mp2t", "ts"},
	{"application/octet-stream", "bin iso img deb"},
};

/* ---- types ---- */

static bool begins(struct span text, const char *with)
{
	uint32_t len = (uint32_t)strlen(with);

	return text.len >= len && memcmp(text.data, with, len) == 0;
}

static bool ends(struct span text, const char *with)
{
	uint32_t len = (uint32_t)strlen(with);

	return text.len >= len && memcmp(text.data + text.len - len, with, len) == 0;
}

static bool is(struct span text, const char *other)
{
	return text.len == strlen(other) && begins(text, other);
}

static bool is_name(const uint8_t *at, const uint8_t *end)
{
	if (at == end || end - at > MAX_NAME)
		return false;
	for (; at < end; at++) {
		if (!*at || !isascii(*at) || (!isalnum(*at) && !strchr("!#$&-^_.+", *at)))
			return false;
	}
	return true;
}

/* It becomes the value of a field as it is: what is none, and what is longer, must not. */
static bool is_type(struct span text)
{
	const uint8_t *slash = memchr(text.data, '/', text.len), *end = text.data + text.len;

	return slash && is_name(text.data, slash) && is_name(slash + 1, end);
}

static struct span without_parameters(const char *value)
{
	return (struct span){
		.data = (const uint8_t *)value, .len = (uint32_t)strcspn(value, "; \t")};
}

bool rs_mime_is_value(const char *value)
{
	struct span type = without_parameters(value);
	const char *rest = value + type.len;

	rest += strspn(rest, " \t");
	return is_type(type) && (!*rest || *rest == ';') && strlen(value) <= MAX_VALUE;
}

static bool is_xml(struct span type)
{
	return is(type, "application/xml") || ends(type, "+xml");
}

/* RFC 8259 defines no charset for JSON: it is UTF-8. */
static bool has_charset(struct span type)
{
	return begins(type, "text/") || is(type, "application/javascript") || is_xml(type);
}

bool rs_mime_is_compressible(struct span type)
{
	static const char *const others[] = {
		"application/javascript",
		"application/json",
		"application/wasm",
		"application/rtf",
		"application/vnd.ms-fontobject",
		"application/vnd.apple.mpegurl",
		"application/x-tar",
		"font/ttf",
		"font/otf",
		"image/bmp",
		"image/vnd.microsoft.icon",
		"image/x-icon",
	};

	if (begins(type, "text/") || is_xml(type) || ends(type, "+json"))
		return true;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(others); i++) {
		if (is(type, others[i]))
			return true;
	}
	return false;
}

/* False: no memory. */
static bool make_type(
	const struct mime_table *table, struct span name, struct texts *texts, struct mime_type *to)
{
	static const char parameter[] = "; charset=";
	bool told = has_charset(name) && *table->charset;
	size_t len = name.len + (told ? strlen(parameter) + strlen(table->charset) : 0);
	char *text = rs_texts_room(texts, len);

	if (!text)
		return false;
	memcpy(text, name.data, name.len);
	if (told)
		snprintf(text + name.len, len - name.len + 1, "%s%s", parameter, table->charset);
	to->text = (struct span){.data = (const uint8_t *)text, .len = (uint32_t)len};
	to->compressible = rs_mime_is_compressible(name);
	return true;
}

/* ---- the table ---- */

/* FNV-1a. */
static uint32_t hash_of(const char *extension)
{
	uint32_t hash = 2166136261;

	for (; *extension; extension++)
		hash = (hash ^ (uint8_t)*extension) * 16777619;
	return hash;
}

static struct mime_slot *slot_of(const struct mime_table *table, const char *extension)
{
	uint32_t at = hash_of(extension);

	for (;; at++) {
		struct mime_slot *slot = &table->slots[at & (table->n_slots - 1)];

		if (!slot->extension || strcmp(slot->extension, extension) == 0)
			return slot;
	}
}

static bool grow(struct mime_table *table)
{
	struct mime_table larger = *table;

	larger.n_slots *= 2;
	larger.slots = calloc(larger.n_slots, sizeof(*larger.slots));
	if (!larger.slots)
		return false;
	for (uint32_t i = 0; i < table->n_slots; i++) {
		if (table->slots[i].extension)
			*slot_of(&larger, table->slots[i].extension) = table->slots[i];
	}
	free(table->slots);
	*table = larger;
	return true;
}

/* In lower case and ended by 0; false for one that is too long. */
static bool fold(struct span extension, char folded[MAX_EXTENSION + 1])
{
	if (extension.len > MAX_EXTENSION)
		return false;
	for (uint32_t i = 0; i < extension.len; i++) {
		uint8_t c = extension.data[i];

		folded[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	folded[extension.len] = '\0';
	return true;
}

/* The first to name an extension has it. False: no memory. */
static bool add(struct mime_table *table, struct span extension, const struct mime_type *type,
	struct texts *texts)
{
	char folded[MAX_EXTENSION + 1];
	struct mime_slot *slot;
	char *kept;

	if (!fold(extension, folded))
		return true;
	if (table->n_used == table->n_slots / 2 && !grow(table))
		return false;
	slot = slot_of(table, folded);
	if (slot->extension)
		return true;
	kept = rs_texts_room(texts, extension.len);
	if (!kept)
		return false;
	memcpy(kept, folded, extension.len);
	*slot = (struct mime_slot){.extension = kept, .type = *type};
	table->n_used++;
	return true;
}

static struct span next_word(const char **at)
{
	static const char blank[] = " \t\r\n";
	const char *from = *at + strspn(*at, blank);
	uint32_t len = (uint32_t)strcspn(from, blank);

	*at = from + len;
	return (struct span){.data = (const uint8_t *)from, .len = len};
}

/* A media type and its extensions. False: no memory. */
static bool add_type(
	struct mime_table *table, struct span type, const char *extensions, struct texts *texts)
{
	struct span extension = next_word(&extensions);
	struct mime_type made;

	if (!extension.len)
		return true;
	if (!make_type(table, type, texts, &made))
		return false;
	for (; extension.len; extension = next_word(&extensions)) {
		if (!add(table, extension, &made, texts))
			return false;
	}
	return true;
}

/* False: no memory. */
static bool add_known(
	struct mime_table *table, const struct known *known, size_t n, struct texts *texts)
{
	for (size_t i = 0; i < n; i++) {
		if (!add_type(table, rs_span_text(known[i].type), known[i].extensions, texts))
			return false;
	}
	return true;
}

/* Without comment, blanks at its end and ";" there; true: there was one. */
static bool cut_end(char *line)
{
	size_t len = strcspn(line, "#");

	while (len && isspace((unsigned char)line[len - 1]))
		len--;
	line[len] = '\0';
	if (!len || line[len - 1] != ';')
		return false;
	line[len - 1] = '\0';
	return true;
}

/* Nothing, or what stands round the lines in nginx's files. rest: of the line, behind word. */
static bool is_frame(struct span word, const char *rest)
{
	if (is(word, "types"))
		word = next_word(&rest);
	return !word.len || is(word, "types{") || is(word, "{") || is(word, "}");
}

/*
 * A type and its extensions. In nginx's files a ";" follows, which may come with the extensions on
 * the next line: open is the type that waits for it. False: no memory.
 */
static bool read_line(struct mime_table *table, char *line, uint32_t number, struct span *open,
	struct texts *texts)
{
	bool ended = cut_end(line);
	const char *at = line;
	struct span type = next_word(&at), waits = *open;

	*open = (struct span){0};
	if (is_frame(type, at))
		return true;
	if (is_type(type)) {
		if (!ended)
			*open = type;
		return add_type(table, type, at, texts);
	}
	if (ended && waits.len)
		return add_type(table, waits, line, texts);
	if (!table->n_bad_lines++)
		table->first_bad_line = number;
	return true;
}

/* The lines of text, which they take apart. False: no memory. */
static bool read_lines(struct mime_table *table, char *text, size_t len, struct texts *texts)
{
	char *end = text + len;
	struct span open = {0};

	*end = '\n';
	for (uint32_t number = 1; text < end; number++) {
		char *line = text, *newline = memchr(line, '\n', (size_t)(end - line) + 1);

		*newline = '\0';
		text = newline + 1;
		if (!read_line(table, line, number, &open, texts))
			return false;
	}
	return true;
}

/* 0 or -errno. Not by its size: a device has none, and may have no end. */
static int read_file(struct mime_table *table, const char *name, struct texts *texts)
{
	FILE *file = fopen(name, "re");
	char *text;
	size_t len;
	int err = 0;

	if (!file)
		return -errno;
	text = malloc(MIME_MAX_FILE_BYTES + 1);
	len = text ? fread(text, 1, MIME_MAX_FILE_BYTES + 1, file) : 0;
	if (text && ferror(file))
		err = -errno;
	else if (len > MIME_MAX_FILE_BYTES)
		err = -EFBIG;
	else if (!text || !read_lines(table, text, len, texts))
		err = -ENOMEM;
	free(text);
	fclose(file);
	return err;
}

/* ---- all of it ---- */

/* What the patterns say, as they say it. False: no memory. */
static bool add_patterns(struct mime_table *table, struct texts *texts)
{
	for (uint32_t i = 0; i < table->n_patterns; i++) {
		const char *field = table->patterns[i].field, *value = rs_pattern_value(field);
		uint32_t len = (uint32_t)strlen(value);
		char *text;

		if (!rs_pattern_same_name(field, MIME_FIELD))
			continue;
		text = rs_texts_room(texts, len);
		if (!text)
			return false;
		memcpy(text, value, len);
		table->by_pattern[i] = (struct mime_type){
			.text = {.data = (const uint8_t *)text, .len = len},
			.compressible = rs_mime_is_compressible(without_parameters(text)),
		};
	}
	return true;
}

int rs_mime_load(
	struct mime_table *table, const struct content_options *options, struct texts *texts)
{
	const char *types_file = options->types_file;
	int err;

	*table = (struct mime_table){
		.patterns = options->patterns,
		.n_patterns = options->n_patterns,
		.n_slots = FIRST_SLOTS,
		.charset = options->charset,
	};
	table->slots = calloc(FIRST_SLOTS, sizeof(*table->slots));
	if (!table->slots || !add_patterns(table, texts) ||
		!make_type(table, rs_span_text(options->default_type), texts, &table->fallback))
		return -ENOMEM;
	if (!types_file && !add_known(table, preferred, RS_ARRAY_SIZE(preferred), texts))
		return -ENOMEM;
	err = read_file(table, types_file ? types_file : CONTENT_TYPES_FILE, texts);
	if (err != -ENOMEM && !add_known(table, common, RS_ARRAY_SIZE(common), texts))
		return -ENOMEM;
	return err;
}

/* A dot that begins a name begins no extension. */
static const struct mime_type *find_by_extension(const struct mime_table *table, struct span path)
{
	char folded[MAX_EXTENSION + 1];
	const uint8_t *dot = memrchr(path.data, '.', path.len);
	struct span extension;
	const struct mime_slot *slot;

	if (!dot || dot == path.data || dot[-1] == '/')
		return &table->fallback;
	extension =
		(struct span){.data = dot + 1, .len = (uint32_t)(path.data + path.len - (dot + 1))};
	if (!fold(extension, folded))
		return &table->fallback;
	slot = slot_of(table, folded);
	return slot->extension ? &slot->type : &table->fallback;
}

const struct mime_type *rs_mime_find(const struct mime_table *table, struct span path)
{
	for (uint32_t i = table->n_patterns; i-- > 0;) {
		if (table->by_pattern[i].text.len &&
			rs_pattern_match(table->patterns[i].pattern, path))
			return &table->by_pattern[i];
	}
	return find_by_extension(table, path);
}

void rs_mime_free(struct mime_table *table)
{
	free(table->slots);
	table->slots = NULL;
}
