/* SPDX-License-Identifier: BSD-2-Clause */
/* The access log's records: what they hold, and that they stay within themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "telem/access.h"

/* Exactly as long as it says, so that ASan sees who reads on. */
static struct span exact(const char *text, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, text, len);
	return (struct span){.data = copy, .len = (uint32_t)len};
}

static struct span letters(char letter, uint32_t len)
{
	char text[8192];

	assert_true(len <= sizeof(text));
	memset(text, letter, len);
	return exact(text, len);
}

static void free_texts(struct span texts[ACCESS_N_TEXTS])
{
	for (int i = 0; i < ACCESS_N_TEXTS; i++)
		free((void *)(uintptr_t)texts[i].data);
}

static void assert_text(const struct access_record *record, enum access_text text, struct span want)
{
	struct span got = rs_access_text(record, text);

	assert_int_equal(got.len, want.len);
	assert_true(!got.data == !want.data);
	if (want.len)
		assert_memory_equal(got.data, want.data, want.len);
}

static void record_keeps_what_fits(void **state)
{
	struct span texts[ACCESS_N_TEXTS] = {
		[ACCESS_TARGET] = exact("/a?b=c", 6),
		[ACCESS_HOST] = exact("example.com:8080", 16),
		[ACCESS_REFERER] = exact("", 0),
	};
	struct span method = exact("GET", 3);
	struct access_record record = {.flags = ACCESS_TLS};

	(void)state;
	rs_access_set_method(&record, method);
	rs_access_set_texts(&record, texts);
	assert_int_equal(rs_access_method(&record).len, 3);
	assert_memory_equal(rs_access_method(&record).data, "GET", 3);
	for (int i = 0; i < ACCESS_N_TEXTS; i++)
		assert_text(&record, i, texts[i]);
	assert_int_equal(record.flags, ACCESS_TLS | ACCESS_HAS(ACCESS_TARGET) |
					       ACCESS_HAS(ACCESS_HOST) |
					       ACCESS_HAS(ACCESS_REFERER));
	free((void *)(uintptr_t)method.data);
	free_texts(texts);
}

struct share_case {
	uint32_t asked[ACCESS_N_TEXTS];
	uint32_t got[ACCESS_N_TEXTS];
	bool truncated;
};

/* Shares of 886, 256, 384 and 384 bytes; what is left of them goes to the first in need. */
static void texts_share_the_room(void **state)
{
	static const struct share_case cases[] = {
		{{1910, 0, 0, 0}, {1910, 0, 0, 0}, false},
		{{1911, 0, 0, 0}, {1910, 0, 0, 0}, true},
		{{0, 0, 0, 5000}, {0, 0, 0, 1910}, true},
		{{886, 256, 384, 384}, {886, 256, 384, 384}, false},
		{{5000, 5000, 5000, 5000}, {886, 256, 384, 384}, true},
		{{20, 15, 600, 1276}, {20, 15, 600, 1275}, true},
		{{20, 15, 600, 1275}, {20, 15, 600, 1275}, false},
		{{906, 236, 384, 385}, {906, 236, 384, 384}, true},
		{{8192, 11, 0, 1000}, {1515, 11, 0, 384}, true},
	};

	(void)state;
	for (size_t i = 0; i < RS_ARRAY_SIZE(cases); i++) {
		const struct share_case *c = &cases[i];
		struct access_record record = {0};
		struct span texts[ACCESS_N_TEXTS];

		for (int t = 0; t < ACCESS_N_TEXTS; t++)
			texts[t] = letters((char)('a' + t), c->asked[t]);
		rs_access_set_texts(&record, texts);
		for (int t = 0; t < ACCESS_N_TEXTS; t++) {
			struct span want = {.data = texts[t].data, .len = c->got[t]};

			assert_text(&record, t, want);
		}
		assert_int_equal(!!(record.flags & ACCESS_TRUNCATED), c->truncated);
		free_texts(texts);
	}
}

static void long_method_is_cut(void **state)
{
	struct span method = exact("UPDATEREDIRECTREF", 17), fits = exact("BASELINE-CONTROL", 16);
	struct access_record record = {0};

	(void)state;
	rs_access_set_method(&record, fits);
	assert_int_equal(record.flags, 0);
	rs_access_set_method(&record, method);
	assert_int_equal(record.flags, ACCESS_TRUNCATED);
	assert_int_equal(record.method_len, ACCESS_METHOD_BYTES);
	assert_memory_equal(record.method, "UPDATEREDIRECTRE", 16);
	free((void *)(uintptr_t)method.data);
	free((void *)(uintptr_t)fits.data);
}

/* What a browser sends is not cut, and costs little more than what it is. */
static void ordinary_requests_are_kept_whole(void **state)
{
	static const char target[] =
		"/articles/2024/11/how-we-made-it-faster?utm_source=newsletter",
			  referer[] = "https://www.example.com/search?q=how+to+make+it+faster",
			  agent[] = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
				    "(KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
	const struct span texts[ACCESS_N_TEXTS] = {
		[ACCESS_TARGET] = {(const uint8_t *)target, sizeof(target) - 1},
		[ACCESS_HOST] = {(const uint8_t *)"www.example.com", 15},
		[ACCESS_REFERER] = {(const uint8_t *)referer, sizeof(referer) - 1},
		[ACCESS_USER_AGENT] = {(const uint8_t *)agent, sizeof(agent) - 1},
	};
	struct access_record record = {0};

	(void)state;
	assert_int_equal(rs_access_units(&record), ACCESS_HEAD_UNITS);
	rs_access_set_texts(&record, texts);
	for (int i = 0; i < ACCESS_N_TEXTS; i++)
		assert_text(&record, i, texts[i]);
	assert_false(record.flags & ACCESS_TRUNCATED);
	assert_true(rs_access_units(&record) * ACCESS_UNIT_BYTES <= 6 * RS_CACHE_LINE);
	record.text_len[ACCESS_TARGET] = ACCESS_TEXT_BYTES;
	record.text_len[ACCESS_REFERER] = UINT16_MAX;
	assert_int_equal(rs_access_units(&record), ACCESS_MAX_UNITS);
}

/* Lengths that no rs_access_set_texts() leaves: what is read stays within the record. */
static void lying_lengths_stay_inside(void **state)
{
	struct access_record record;

	(void)state;
	memset(&record, 0xff, sizeof(record));
	assert_int_equal(rs_access_method(&record).len, ACCESS_METHOD_BYTES);
	assert_int_equal(rs_access_text(&record, ACCESS_TARGET).len, ACCESS_TEXT_BYTES);
	for (int i = ACCESS_HOST; i < ACCESS_N_TEXTS; i++) {
		struct span text = rs_access_text(&record, i);

		assert_int_equal(text.len, 0);
		assert_ptr_equal(text.data, record.text + ACCESS_TEXT_BYTES);
	}
}

static void samples_are_drawn_in_proportion(void **state)
{
	struct access_sample all = {.every = 1}, none = {.every = 0}, tenth = {.every = 10};
	uint32_t n_all = 0, n_none = 0, n_tenth = 0;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		n_all += rs_access_sampled(&all);
		n_none += rs_access_sampled(&none);
		n_tenth += rs_access_sampled(&tenth);
	}
	assert_int_equal(n_all, 100000);
	assert_int_equal(n_none, 0);
	/* Ten standard deviations of a binomial distribution: 10 * sqrt(n p (1 - p)) = 949. */
	assert_in_range(n_tenth, 10000 - 949, 10000 + 949);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(record_keeps_what_fits),
		cmocka_unit_test(texts_share_the_room),
		cmocka_unit_test(long_method_is_cut),
		cmocka_unit_test(ordinary_requests_are_kept_whole),
		cmocka_unit_test(lying_lengths_stay_inside),
		cmocka_unit_test(samples_are_drawn_in_proportion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
