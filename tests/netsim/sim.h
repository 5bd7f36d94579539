/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of netsim share: two sides, the link between them, the random numbers. */
#ifndef RS_TESTS_NETSIM_SIM_H
#define RS_TESTS_NETSIM_SIM_H

#include "netsim.h"
#include "tcp/tcp.h"

#define MAX_CONNS 64
#define MAX_TX    256

/* One side of one connection, as its application sees it. */
struct end {
	struct tcp_conn *conn; /* NULL before it is open and after it has gone */
	uint32_t to_send;
	uint32_t sent; /* handed to TCP */
	uint32_t received;
	bool opened, closed, eof, gone, aborted;
	uint64_t next_read_us;
};

struct side {
	struct tcp t;
	struct tcp_config cfg;
	struct chunk_pool chunks;
	struct tcp_tx tx[MAX_TX];
	struct end ends[MAX_CONNS]; /* by the client's port */
	uint64_t link_free_us;      /* when what it sent last has left for the other side */
	uint64_t outage_end_us;     /* nothing that it sends before arrives */
	uint32_t n_under_way;       /* segments of its own on the link */
};

/* A segment under way, or news from the link that one was too long for it. */
struct packet {
	struct packet *next;
	uint64_t due_us;
	struct side *from, *to;
	uint32_t mtu; /* not 0: news; seg is what was too long */
	struct tcp_seg seg;
	uint8_t payload[];
};

struct sim {
	const struct netsim_scenario *s;
	uint64_t seed, random;
	uint64_t now_us;
	struct side sides[2];   /* client, server */
	struct packet *packets; /* by due time */
	uint32_t n_turns;
	bool failed;
};

#define CHECK(sim, condition, ...)                                                                 \
	do {                                                                                       \
		if (!(condition))                                                                  \
			netsim_fail(sim, #condition, __VA_ARGS__);                                 \
	} while (0)

void netsim_fail(struct sim *sim, const char *condition, const char *what, uint64_t a, uint64_t b);

/* Below below, evenly. */
uint32_t netsim_draw(struct sim *sim, uint32_t below);
bool netsim_chance(struct sim *sim, uint32_t ppm);

/* link.c: the descriptors of a turn go out; longer ones are cut as a port would. */
void netsim_transmit(struct sim *sim, struct side *side);
/* The next packet that is due by now, or NULL. The caller frees it. */
struct packet *netsim_next_due(struct sim *sim);

#endif
