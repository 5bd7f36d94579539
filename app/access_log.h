/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The access log: cores that answer put records into rings of their own, and never wait; the
 * control core makes lines of them and writes these. What a full ring or a full disk costs is
 * counted. A line is made when a reply has ended: see http/follow.h for when that is. Includes
 * telem, http, DPDK's ring.
 */
#ifndef RS_APP_ACCESS_LOG_H
#define RS_APP_ACCESS_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ring.h>

#include "base/counter.h"
#include "http/exchange.h"
#include "http/log.h"
#include "telem/access_file.h"

#define ACCESS_RING_UNITS 131072 /* of a core: 2 MiB, of which a record takes what it needs */
#define ACCESS_MAX_CORES  64

enum log_counter {
#define RS_COUNTER(id, name, help) LOG_C_##id,
#include "log_counters.def"
#undef RS_COUNTER
	LOG_N_COUNTERS,
};

extern const struct counter_def rs_log_counter_defs[LOG_N_COUNTERS];

/* One core's end. Its http_env.peer is a struct flow_key. */
struct access_log {
	struct rte_ring *ring; /* NULL: there is no log */
	bool is_tls;
	struct access_sample sample;
	uint64_t counters[LOG_N_COUNTERS];
	struct http_log hook;
};

struct access_options {
	const char *path;   /* "-": standard output; NULL: there is no log */
	const char *format; /* see telem/access_format.h */
	uint32_t sample;
};

/* The control core's end. */
struct access_writer {
	const struct access_options *options; /* NULL: there is no log */
	struct access_format format;
	struct access_file file;
	uint32_t n_logs;
	struct access_log *logs[ACCESS_MAX_CORES];
};

/* What rs_access_writer_init() would say, without making a file. 0 or -errno, logged. */
int rs_access_writer_check(const struct access_options *options);

/* Opens what options name. 0 or -errno, logged. */
int rs_access_writer_init(struct access_writer *w, const struct access_options *options);

/* A core that answers, before it starts. 0 or -errno, logged; nothing happens without a log. */
int rs_access_writer_add_core(
	struct access_writer *w, struct access_log *log, struct http_env *env, bool is_tls);

/* Often: writes what the rings hold. */
void rs_access_writer_tick(struct access_writer *w, uint64_t now_us);

/* After the file was renamed (SIGHUP). */
void rs_access_writer_reopen(struct access_writer *w, uint64_t now_us);

/* The cores have stopped: writes what is left. */
void rs_access_writer_fini(struct access_writer *w);

#endif
