/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The net core's side of connections whose TLS and HTTP are on a TLS core: ciphertext from TCP's
 * receive queue into jobs, and from jobs into the send queue. See tls_job.h for how both sides
 * share memory.
 *
 * A connection is marked (TCP_F_APP) for as long as it is one of these. When the TLS core has
 * nothing more to say, the rest of its life is that of a plain connection that closes.
 * Belongs to the net core. Includes core, tcp, http.
 */
#ifndef RS_APP_NET_TLS_H
#define RS_APP_NET_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp.h"
#include "tls_job.h"

#define NET_TLS_MAX_IN 8 /* chunks of a connection that wait for TLS */
/* Chunks that a connection may have at the TLS core and in its send queue together. */
#define NET_TLS_MAX_CHUNKS (SENDQ_GROWN - NET_TLS_MAX_IN)

struct stage_net;

/* One for every TCP connection. */
struct tls_link {
	uint16_t generation;
	uint8_t core;
	uint8_t n_in;   /* chunks given to the TLS core that it has not read */
	uint8_t n_lent; /* chunks that it has, read or not */
	uint8_t n_want; /* chunks that it waits for */
	bool has_session : 1;
	bool is_waiting : 1; /* for a buffer, which only the clock can find */
	bool has_eof : 1;    /* the client has closed its side … */
	bool told_eof : 1;
};

/* What a net core needs to know of the TLS cores. */
struct net_tls {
	uint32_t n_cores; /* 0: there is no TLS */
	uint32_t n_ports;
	uint16_t ports[TCP_MAX_LISTEN];
	struct tls_outbox *to;  /* n_cores */
	struct rte_ring **from; /* n_cores */
	struct tls_link *links; /* max_conns */
	/* By connection, for the TLS cores, too: since when the client has acknowledged all that
	 * was queued; 0: it has not. Atomic. */
	uint64_t *taken_us;
	uint8_t core_of[256]; /* the TLS core for connections by the first byte of their hash */
};

static inline bool rs_net_tls_has(const struct tcp_conn *conn)
{
	return (conn->flags & TCP_F_APP) != 0;
}

/* Has a client come to one of the ports of --https? */
bool rs_net_tls_is_port(const struct net_tls *tls, uint16_t port);

/* The switch on TCP's verdict for a marked connection, or one that becomes one. */
void rs_net_tls_serve(struct stage_net *net, struct tcp_conn *conn, uint32_t ev);

/* Resets a marked connection, and tells its TLS core. */
void rs_net_tls_reset(struct stage_net *net, struct tcp_conn *conn);

/*
 * The process drains: resets a marked connection whose client has not said anything yet. Those that
 * the TLS core knows of end when it says so.
 */
void rs_net_tls_close_idle(struct stage_net *net, struct tcp_conn *conn);

/* What the TLS cores want done: a burst from each. Returns how many jobs there were. */
uint32_t rs_net_tls_take_jobs(struct stage_net *net);

/* Hands over what was collected in this turn. */
void rs_net_tls_flush(struct stage_net *net);

/* After all cores have stopped and the TLS cores have given back everything. */
void rs_net_tls_drain(struct stage_net *net);

#endif
