/* SPDX-License-Identifier: BSD-2-Clause */
/* Bodies in other codings: from files beside a file, and made by the load. */
#include "content_site.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include "base/bytes.h"

#define ALL_CODINGS                                                                                \
	(CONTENT_CODING_BIT(CONTENT_GZIP) | CONTENT_CODING_BIT(CONTENT_BR) |                       \
		CONTENT_CODING_BIT(CONTENT_ZSTD))

/* ---- what a client does ---- */

static size_t gunzip(const struct content_body *body, uint8_t *to, size_t n_room)
{
	z_stream stream = {
		.next_in = (z_const Bytef *)body->data,
		.avail_in = (uInt)body->len,
		.next_out = to,
		.avail_out = (uInt)n_room,
	};

	assert_int_equal(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.avail_in, 0);
	inflateEnd(&stream);
	return stream.total_out;
}

static size_t decode(
	enum content_coding coding, const struct content_body *body, uint8_t *to, size_t n_room)
{
	size_t n = n_room;

	switch (coding) {
	case CONTENT_GZIP:
		return gunzip(body, to, n_room);
	case CONTENT_BR:
		assert_int_equal(BrotliDecoderDecompress(body->len, body->data, &n, to),
			BROTLI_DECODER_RESULT_SUCCESS);
		return n;
	default:
		return ZSTD_decompress(to, n_room, body->data, body->len);
	}
}

static void assert_codings(const struct content_entry *entry, const uint8_t *bytes, size_t len)
{
	uint8_t *decoded = malloc(len + 1);

	for (uint32_t coding = CONTENT_GZIP; coding < CONTENT_N_CODINGS; coding++) {
		const struct content_body *body = entry->bodies[coding];

		assert_non_null(body);
		assert_true(body->len <= len - len / 20);
		assert_string_not_equal(body->etag, entry->bodies[CONTENT_IDENTITY]->etag);
		assert_int_equal(decode(coding, body, decoded, len + 1), len);
		assert_memory_equal(decoded, bytes, len);
	}
	free(decoded);
}

static void assert_identity_only(const struct content_entry *entry)
{
	for (uint32_t coding = CONTENT_GZIP; coding < CONTENT_N_CODINGS; coding++)
		assert_null(entry->bodies[coding]);
}

/* Text as there is in pages: it compresses, though not to nothing. */
static uint8_t *prose(size_t len)
{
	static const char *const words[] = {"the ", "quick ", "brown ", "fox ", "jumps ", "over ",
		"a ", "lazy ", "dog. ", "<p>", "</p>\n"};
	uint8_t *text = malloc(len);
	uint64_t random = 88172645463325252;
	size_t at = 0;

	while (at < len) {
		const char *word;
		size_t n;

		random = random * 6364136223846793005 + 1442695040888963407;
		word = words[(random >> 33) % RS_ARRAY_SIZE(words)];
		n = strlen(word) < len - at ? strlen(word) : len - at;
		memcpy(text + at, word, n);
		at += n;
	}
	return text;
}

static uint8_t *noise(size_t len)
{
	uint8_t *bytes = malloc(len);
	uint64_t random = 88172645463325252;

	for (size_t i = 0; i < len; i++) {
		random = random * 6364136223846793005 + 1442695040888963407;
		bytes[i] = (uint8_t)(random >> 56);
	}
	return bytes;
}

/* ---- precompressed by the load ---- */

static void what_is_made_decodes(void **state)
{
	static const size_t sizes[] = {256, 1460, 65536, 8 << 20};
	struct site *site = *state;
	uint8_t *text = prose(8 << 20);
	struct content_tree *tree;
	char name[32];

	site->options.precompress = ALL_CODINGS;
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(sizes); i++) {
		snprintf(name, sizeof(name), "/%zu.html", sizes[i]);
		site_put(site, name, text, sizes[i]);
	}
	tree = site_load(site, NULL);
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(sizes); i++) {
		snprintf(name, sizeof(name), "/%zu.html", sizes[i]);
		assert_codings(site_file(tree, name), text, sizes[i]);
	}
	assert_int_equal(site->report.counts[CONTENT_C_COMPRESSED], 12);
	rs_content_free(tree);
	free(text);
}

static void what_does_not_pay_is_not_made(void **state)
{
	struct site *site = *state;
	uint8_t *text = prose((8 << 20) + 1);
	uint8_t *random = noise(10000);
	struct content_tree *tree;

	site->options.precompress = ALL_CODINGS;
	site_put(site, "/small.html", text, 255);
	site_put(site, "/large.html", text, (8 << 20) + 1);
	site_put(site, "/picture.png", text, 4096);
	site_put(site, "/random.txt", random, 10000);
	tree = site_load(site, NULL);
	assert_identity_only(site_file(tree, "/small.html"));
	assert_identity_only(site_file(tree, "/large.html"));
	assert_identity_only(site_file(tree, "/picture.png"));
	assert_identity_only(site_file(tree, "/random.txt"));
	assert_int_equal(site->report.counts[CONTENT_C_NOT_SMALLER], 3);
	assert_int_equal(site->report.counts[CONTENT_C_COMPRESSED], 0);
	rs_content_free(tree);
	free(text);
	free(random);
}

/* Once for the same bytes, and once for all trees. */
static void compressed_once(void **state)
{
	struct site *site = *state;
	uint8_t *text = prose(5000);
	uint8_t *random = noise(5000);
	struct content_tree *first, *second;

	site->options.precompress = CONTENT_CODING_BIT(CONTENT_ZSTD);
	site_put(site, "/index.html", text, 5000);
	site_put(site, "/b.txt", text, 5000);
	site_put(site, "/c.txt", random, 5000);
	first = site_load(site, NULL);
	assert_int_equal(site->report.counts[CONTENT_C_COMPRESSED], 1);
	assert_int_equal(site->report.counts[CONTENT_C_NOT_SMALLER], 1);
	assert_ptr_equal(site_file(first, "/index.html")->bodies[CONTENT_ZSTD],
		site_file(first, "/b.txt")->bodies[CONTENT_ZSTD]);
	assert_ptr_equal(site_file(first, "/index.html")->bodies[CONTENT_ZSTD],
		site_file(first, "/")->bodies[CONTENT_ZSTD]);
	assert_null(site_file(first, "/")->bodies[CONTENT_GZIP]);
	second = site_load(site, first);
	assert_int_equal(site->report.counts[CONTENT_C_COMPRESSED], 0);
	assert_int_equal(site->report.counts[CONTENT_C_NOT_SMALLER], 0);
	assert_ptr_equal(site_file(first, "/")->bodies[CONTENT_ZSTD],
		site_file(second, "/b.txt")->bodies[CONTENT_ZSTD]);
	rs_content_free(first);

	/* Another coding than before; and none at all. */
	site->options.precompress = CONTENT_CODING_BIT(CONTENT_GZIP);
	first = site_load(site, second);
	assert_non_null(site_file(first, "/")->bodies[CONTENT_GZIP]);
	assert_null(site_file(first, "/")->bodies[CONTENT_ZSTD]);
	rs_content_free(second);
	site->options.precompress = 0;
	second = site_load(site, first);
	assert_identity_only(site_file(second, "/"));
	rs_content_free(second);
	rs_content_free(first);
	free(text);
	free(random);
}

static void keep_last(void *last, const struct content_progress *progress)
{
	if (progress->phase == CONTENT_COMPRESSING)
		*(struct content_progress *)last = *progress;
}

/* Told are the files that are worth it, be there codings of them from before or not. */
static void progress_of_compression(void **state)
{
	struct content_progress last = {0};
	struct site *site = *state;
	uint8_t *text = prose(5000);
	struct content_tree *tree, *again;

	site->options.precompress = ALL_CODINGS;
	site->options.on_progress = keep_last;
	site->options.ctx = &last;
	site_put(site, "/a.txt", text, 5000);
	site_put(site, "/b.txt", text, 300);
	site_put(site, "/c.txt", text, 100); /* too short */
	site_put(site, "/d.png", text, 5000);
	tree = site_load(site, NULL);
	assert_int_equal(site->report.counts[CONTENT_C_FILE_BYTES], 5000 + 300 + 100 + 5000);
	for (uint32_t n = 0; n < 2; n++) {
		assert_int_equal(site->report.counts[CONTENT_C_COMPRESSED], n ? 0 : 6);
		assert_int_equal(last.n_files, 2);
		assert_int_equal(last.n_files_total, 2);
		assert_int_equal(last.n_bytes, 5300);
		assert_int_equal(last.n_bytes_total, 5300);
		last = (struct content_progress){0};
		again = site_load(site, tree);
		rs_content_free(tree);
		tree = again;
	}
	rs_content_free(tree);
	free(text);
}

/* The memory that is said to be needed is enough for what is compressed, too. */
static void memory_to_compress_into(void **state)
{
	struct site *site = *state;
	uint8_t *text = prose(300000);
	struct content_tree *tree;
	unsigned long long need;
	const char *said;

	for (uint32_t i = 0; i < 8; i++) {
		char name[16];

		text[0] = (uint8_t)('a' + i);
		snprintf(name, sizeof(name), "/%u.txt", i);
		site_put(site, name, text, 300000);
	}
	free(text);
	site->options.precompress = ALL_CODINGS;
	site->options.listing = true;
	site->options.max_bytes = 2 << 20;
	assert_null(site_load(site, NULL));
	said = strstr(site->report.error, "needs up to ");
	assert_non_null(said);
	assert_int_equal(sscanf(said, "needs up to %llu bytes of memory", &need), 1);
	site->options.max_bytes = need;
	tree = site_load(site, NULL);
	assert_non_null(tree);
	assert_int_equal(site->report.counts[CONTENT_C_COMPRESSED], 24 + 3);
	rs_content_free(tree);
}

static void listings_are_compressed(void **state)
{
	struct site *site = *state;
	const struct content_body *page;
	struct content_tree *tree;

	site->options.precompress = ALL_CODINGS;
	site->options.listing = true;
	for (uint32_t i = 0; i < 20; i++) {
		char name[16];

		snprintf(name, sizeof(name), "/file%u", i);
		site_text(site, name, "");
	}
	tree = site_load(site, NULL);
	page = site_body(tree, "/");
	assert_codings(site_file(tree, "/"), page->data, page->len);
	rs_content_free(tree);
}

/* ---- siblings ---- */

/* "hello\n" as RFC 1952, RFC 7932 and RFC 8878 have it, not compressed to speak of. */
static const uint8_t hello_gz[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb,
	0x48, 0xcd, 0xc9, 0xc9, 0xe7, 0x02, 0x00, 0x20, 0x30, 0x3a, 0x36, 0x06, 0x00, 0x00, 0x00};
static const uint8_t hello_br[] = {0x8f, 0x02, 0x80, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x0a, 0x03};
static const uint8_t hello_zst[] = {
	0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x06, 0x31, 0x00, 0x00, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x0a};

static void put_siblings(struct site *site, int64_t mtime_s)
{
	site_put(site, "/a.txt.gz", hello_gz, sizeof(hello_gz));
	site_put(site, "/a.txt.br", hello_br, sizeof(hello_br));
	site_put(site, "/a.txt.zst", hello_zst, sizeof(hello_zst));
	site_date(site, "/a.txt.gz", mtime_s);
	site_date(site, "/a.txt.br", mtime_s);
	site_date(site, "/a.txt.zst", mtime_s);
}

static void siblings(void **state)
{
	static const char *const names[] = {[CONTENT_GZIP] = "/a.txt.gz",
		[CONTENT_BR] = "/a.txt.br",
		[CONTENT_ZSTD] = "/a.txt.zst"};
	static const char *const types[] = {[CONTENT_GZIP] = "application/gzip",
		[CONTENT_BR] = "application/x-brotli",
		[CONTENT_ZSTD] = "application/zstd"};
	struct site *site = *state;
	struct content_tree *tree;

	site_text(site, "/a.txt", "hello\n");
	site_date(site, "/a.txt", 1000);
	put_siblings(site, 1000);
	tree = site_load(site, NULL);
	for (uint32_t coding = CONTENT_GZIP; coding < CONTENT_N_CODINGS; coding++) {
		const struct content_body *body = site_file(tree, "/a.txt")->bodies[coding];
		uint8_t decoded[16];

		assert_ptr_equal(body, site_body(tree, names[coding]));
		assert_text(site_file(tree, names[coding])->type, types[coding]);
		assert_int_equal(decode(coding, body, decoded, sizeof(decoded)), 6);
		assert_memory_equal(decoded, "hello\n", 6);
		assert_identity_only(site_file(tree, names[coding]));
	}
	assert_int_equal(site->report.counts[CONTENT_C_SIBLINGS], 3);
	rs_content_free(tree);
}

static void siblings_that_are_too_old(void **state)
{
	struct site *site = *state;
	struct content_tree *tree;

	site_text(site, "/a.txt", "hello\n");
	site_date(site, "/a.txt", 1001);
	put_siblings(site, 1000);
	tree = site_load(site, NULL);
	assert_identity_only(site_file(tree, "/a.txt"));
	assert_body(site_body(tree, "/a.txt.br"), hello_br, sizeof(hello_br));
	assert_int_equal(site->report.counts[CONTENT_C_SIBLINGS_OLD], 3);
	rs_content_free(tree);
}

/* Archives and copies may leave whole seconds of a time, of either file. */
static void siblings_of_the_same_second(void **state)
{
	static const struct {
		long file_ns, sibling_ns;
		bool used;
	} cases[] = {
		{0, 0, true},
		{1, 0, true},
		{0, 999999999, true},
		{2, 1, false},
		{1, 2, true},
		{1, 1, true},
	};
	struct site *site = *state;

	site_text(site, "/a.txt", "hello\n");
	site_put(site, "/a.txt.gz", hello_gz, sizeof(hello_gz));
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		struct content_tree *tree;

		site_date_ns(site, "/a.txt", 1000, cases[i].file_ns);
		site_date_ns(site, "/a.txt.gz", 1000, cases[i].sibling_ns);
		tree = site_load(site, NULL);
		assert_int_equal(site->report.counts[CONTENT_C_SIBLINGS], cases[i].used);
		assert_int_equal(site->report.counts[CONTENT_C_SIBLINGS_OLD], !cases[i].used);
		rs_content_free(tree);
	}
}

static void siblings_that_are_none(void **state)
{
	struct site *site = *state;
	struct content_tree *tree;

	site_text(site, "/a.txt", "hello\n");
	site_text(site, "/a.txt.gz", "not gzip");
	site_text(site, "/a.txt.br", "");
	site_text(site, "/a.txt.zst", "\x28\xb5\x2f");
	site_text(site, "/nothing.gz", "\x1f\x8b\x08 and no file without .gz");
	site_dir(site, "/dir");
	site_put(site, "/dir.gz", hello_gz, sizeof(hello_gz));
	site_put(site, "/.gz", hello_gz, sizeof(hello_gz));
	site->options.hidden = true;
	tree = site_load(site, NULL);
	assert_identity_only(site_file(tree, "/a.txt"));
	assert_int_equal(site_find(tree, "/dir")->kind, CONTENT_REDIRECT);
	assert_null(site_find(tree, "/dir")->bodies[CONTENT_GZIP]);
	assert_null(site_find(tree, "/")->bodies[CONTENT_GZIP]);
	assert_int_equal(site->report.counts[CONTENT_C_SIBLINGS_BAD], 3);
	assert_int_equal(site->report.counts[CONTENT_C_SIBLINGS], 0);
	rs_content_free(tree);
}

/* A sibling is not made a second time, and the index of a directory has it too. */
static void siblings_and_precompression(void **state)
{
	struct site *site = *state;
	uint8_t *text = prose(5000);
	const struct content_entry *entry;
	struct content_tree *tree;

	site->options.precompress =
		CONTENT_CODING_BIT(CONTENT_GZIP) | CONTENT_CODING_BIT(CONTENT_BR);
	site_put(site, "/index.html", text, 5000);
	site_put(site, "/index.html.gz", hello_gz, sizeof(hello_gz));
	tree = site_load(site, NULL);
	entry = site_file(tree, "/");
	assert_ptr_equal(entry->bodies[CONTENT_GZIP], site_body(tree, "/index.html.gz"));
	assert_non_null(entry->bodies[CONTENT_BR]);
	assert_null(entry->bodies[CONTENT_ZSTD]);
	assert_int_equal(site->report.counts[CONTENT_C_COMPRESSED], 1);
	rs_content_free(tree);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		site_test(what_is_made_decodes),
		site_test(what_does_not_pay_is_not_made),
		site_test(compressed_once),
		site_test(progress_of_compression),
		site_test(memory_to_compress_into),
		site_test(listings_are_compressed),
		site_test(siblings),
		site_test(siblings_that_are_too_old),
		site_test(siblings_of_the_same_second),
		site_test(siblings_that_are_none),
		site_test(siblings_and_precompression),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
