/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/siphash.h"

#include <string.h>

struct state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotl(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static void rounds(struct state *s, int n)
{
	while (n--) {
		s->v0 += s->v1;
		s->v2 += s->v3;
		s->v1 = rotl(s->v1, 13) ^ s->v0;
		s->v3 = rotl(s->v3, 16) ^ s->v2;
		s->v0 = rotl(s->v0, 32);
		s->v2 += s->v1;
		s->v0 += s->v3;
		s->v1 = rotl(s->v1, 17) ^ s->v2;
		s->v3 = rotl(s->v3, 21) ^ s->v0;
		s->v2 = rotl(s->v2, 32);
	}
}

static void absorb(struct state *s, uint64_t word)
{
	s->v3 ^= word;
	rounds(s, 2);
	s->v0 ^= word;
}

uint64_t rs_siphash_words(
	const uint64_t key[2], const void *words, size_t n, uint64_t rest, size_t n_rest)
{
	struct state s = {
		.v0 = key[0] ^ UINT64_C(0x736f6d6570736575),
		.v1 = key[1] ^ UINT64_C(0x646f72616e646f6d),
		.v2 = key[0] ^ UINT64_C(0x6c7967656e657261),
		.v3 = key[1] ^ UINT64_C(0x7465646279746573),
	};

	for (size_t i = 0; i < n; i++) {
		uint64_t word;

		memcpy(&word, (const uint8_t *)words + i * sizeof(word), sizeof(word));
		absorb(&s, word);
	}
	absorb(&s, (n * sizeof(uint64_t) + n_rest) << 56 | rest);
	s.v2 ^= 0xff;
	rounds(&s, 4);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t rs_siphash(const uint64_t key[2], const void *data, size_t len)
{
	size_t n = len / sizeof(uint64_t), n_rest = len % sizeof(uint64_t);
	uint64_t rest = 0;

	memcpy(&rest, (const uint8_t *)data + len - n_rest, n_rest);
	return rs_siphash_words(key, data, n, rest, n_rest);
}
