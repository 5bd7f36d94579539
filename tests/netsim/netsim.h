/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two TCP stacks joined by a simulated link, on a virtual clock. Everything that happens is decided
 * by the seed: a failure is replayed by running the same seed again.
 */
#ifndef RS_TESTS_NETSIM_H
#define RS_TESTS_NETSIM_H

#include <stdbool.h>
#include <stdint.h>

/* What a scenario fixes; the seed decides the rest. */
struct netsim_scenario {
	const char *name;
	uint32_t limit_s; /* of virtual time: done by then. 0: a minute */
	uint32_t n_conns;
	uint32_t max_bytes; /* each side of each connection sends up to so many */
	uint32_t loss_ppm;
	uint32_t corrupt_ppm; /* frames with a flipped bit; only with over_wire */
	uint32_t dup_ppm;
	uint32_t reorder_ppm; /* segments that are overtaken */
	uint32_t delay_us;    /* one way */
	uint32_t outage_ppm;  /* segments with which a time begins in which all are lost … */
	uint32_t outage_us;   /* … in that direction, so long at most */
	uint32_t hold_us;     /* those without data come in bursts, so far apart */
	uint32_t lie_ppm;     /* reports that say more than has come */
	uint32_t shrink_ppm;  /* the client's segments that say a smaller window, or none */
	uint32_t queue;     /* segments under way in one direction; more are lost. 0: any number */
	uint32_t us_per_kb; /* the link's speed */
	uint32_t mtu;       /* of a link on the way: longer segments are lost and reported */
	uint32_t n_chunks;  /* of each side; 0: plenty */
	uint32_t max_tx;    /* descriptors a turn; 0: plenty */
	uint32_t rcv_wnd;   /* 0: the default */
	uint32_t tso_bytes;
	uint32_t syn_backlog;  /* 0: plenty */
	uint32_t keepalive_ms; /* 0: no probes */
	uint32_t abort_ppm;    /* connections that one side aborts, per ms */
	bool slow_reader;      /* reads in small portions, with pauses */
	bool small_slices;     /* queues many small ones, as TLS does its records */
	bool force_slow;
	bool no_timestamps;
	bool no_sack;   /* taken out of the SYNs on the way */
	bool no_wscale; /* the same */
	bool no_blocks; /* SACK is agreed, but the reports are taken out on the way */
	bool over_wire; /* rendered to bytes and parsed back on the way */
	bool ipv6;
	bool near_wrap; /* sequence numbers begin just below 2^32, and so do clocks of 32 bits */
};

/* Runs it; false when something was wrong, said on stderr with the seed. */
bool netsim_run(const struct netsim_scenario *s, uint64_t seed);

#endif
