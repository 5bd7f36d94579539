/* SPDX-License-Identifier: BSD-2-Clause */
#include "laps.h"

#define N_TRIES 1000

void rs_laps_init(struct laps *l)
{
	*l = (struct laps){
		.own_cycles = UINT64_MAX,
		.most_cycles = rte_get_tsc_hz() / 1000, /* many times what a whole burst takes */
	};
	for (uint32_t i = 0; i < N_TRIES; i++) {
		uint64_t first = rte_rdtsc();
		uint64_t cycles = rte_rdtsc() - first;

		l->own_cycles = rs_min_u64(l->own_cycles, cycles);
	}
}

const char *rs_lap_name(enum lap lap)
{
	static const char *const names[N_LAPS] = {
		[LAP_RX] = "rx",
		[LAP_PARSE] = "parse",
		[LAP_LOOKUP] = "lookup",
		[LAP_TCP] = "tcp",
		[LAP_HTTP] = "http",
		[LAP_RENDER] = "render",
		[LAP_TX] = "tx",
	};

	return names[lap];
}
