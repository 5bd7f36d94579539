/* SPDX-License-Identifier: BSD-2-Clause */
/* Who has held a buffer for the longest, whatever the order in which others give theirs back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/exchange.h"
#include "http/heads.h"

#define N_HEADS 5

static struct http_heads heads;
static struct http_conn conns[N_HEADS + 1];

static void *open_heads(void)
{
	void *memory = aligned_alloc(64, rs_http_heads_bytes(N_HEADS, 64));

	rs_http_heads_init(&heads, memory, N_HEADS, 64);
	return memory;
}

static void longest_first(void **state)
{
	void *memory = open_heads();
	uint32_t head[N_HEADS];

	(void)state;
	assert_null(rs_http_heads_longest(&heads));
	for (uint32_t i = 0; i < N_HEADS; i++) {
		head[i] = rs_http_heads_take(&heads, &conns[i]);
		assert_int_not_equal(head[i], 0);
		assert_ptr_equal(rs_http_heads_longest(&heads), &conns[0]);
	}
	assert_int_equal(rs_http_heads_take(&heads, &conns[N_HEADS]), 0);
	rs_http_heads_give(&heads, head[1]); /* one in between, the first, the last */
	assert_ptr_equal(rs_http_heads_longest(&heads), &conns[0]);
	rs_http_heads_give(&heads, head[0]);
	assert_ptr_equal(rs_http_heads_longest(&heads), &conns[2]);
	rs_http_heads_give(&heads, head[4]);
	head[0] = rs_http_heads_take(&heads, &conns[0]); /* the last of all now */
	rs_http_heads_give(&heads, head[2]);
	assert_ptr_equal(rs_http_heads_longest(&heads), &conns[3]);
	rs_http_heads_give(&heads, head[3]);
	assert_ptr_equal(rs_http_heads_longest(&heads), &conns[0]);
	rs_http_heads_give(&heads, head[0]);
	assert_null(rs_http_heads_longest(&heads));
	assert_int_equal(heads.pool.n_free, N_HEADS);
	free(memory);
}

static void buffers_are_apart(void **state)
{
	void *memory = open_heads();
	uint32_t head[N_HEADS];

	(void)state;
	for (uint32_t i = 0; i < N_HEADS; i++) {
		head[i] = rs_http_heads_take(&heads, &conns[i]);
		memset(rs_http_heads_data(&heads, head[i]), (int)i, 64);
	}
	for (uint32_t i = 0; i < N_HEADS; i++) {
		assert_int_equal(rs_http_heads_data(&heads, head[i])[0], i);
		assert_int_equal(rs_http_heads_data(&heads, head[i])[63], i);
		rs_http_heads_give(&heads, head[i]);
	}
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(longest_first),
		cmocka_unit_test(buffers_are_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
