/* SPDX-License-Identifier: BSD-2-Clause */
#include "access_log.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ring_elem.h>

#include "io/log.h"
#include "wire/seg.h"

#define MAX_PER_TICK 8192 /* records of a core: then neighbours have their turn */

const struct counter_def rs_log_counter_defs[LOG_N_COUNTERS] = {
#define RS_COUNTER(id, name, help) {name, help},
#include "log_counters.def"
#undef RS_COUNTER
};

/* ---- a core's end ---- */

static void set_request(struct access_record *r, const struct http_asked *asked)
{
	const struct span texts[ACCESS_N_TEXTS] = {
		[ACCESS_TARGET] = asked->target,
		[ACCESS_HOST] = asked->host,
		[ACCESS_REFERER] = asked->referer,
		[ACCESS_USER_AGENT] = asked->user_agent,
	};

	r->minor_version = asked->minor_version;
	rs_access_set_method(r, asked->method);
	rs_access_set_texts(r, texts);
}

static uint16_t flags_of(const struct access_log *log, const struct http_logged *reply)
{
	return (uint16_t)((log->is_tls ? ACCESS_TLS : 0) | (reply->reused ? ACCESS_REUSED : 0) |
			  (reply->kept ? ACCESS_KEPT : 0));
}

/* On the packet path, as is the next one. Until then duration_us is when the request began. */
static bool on_begin(
	void *self, const struct http_env *env, const struct http_logged *reply, void *record)
{
	struct access_log *log = self;
	const struct flow_key *peer = env->peer;
	struct access_record *r = record;

	if (!rs_access_sampled(&log->sample))
		return false;
	r->unix_us = reply->begun_us + (uint64_t)env->unix_ahead_us;
	r->duration_us = reply->begun_us;
	r->client_port = peer->remote_port;
	r->local_port = peer->local_port;
	r->status = reply->status;
	r->flags = flags_of(log, reply);
	memcpy(r->client, peer->remote, sizeof(r->client));
	set_request(r, reply->asked);
	return true;
}

static void on_end(void *self, const struct http_env *env, void *record, enum http_log_end how,
	uint64_t body_bytes)
{
	struct access_log *log = self;
	struct access_record *r = record;

	r->bytes_sent = body_bytes;
	r->duration_us = env->now_us - r->duration_us;
	if (how != HTTP_LOG_UNKNOWN)
		r->flags |= ACCESS_FOLLOWED;
	if (how == HTTP_LOG_ABORTED)
		r->flags |= ACCESS_ABORTED;
	log->counters[LOG_C_RECORDS]++;
	if (!rte_ring_sp_enqueue_bulk_elem(
		    log->ring, r, ACCESS_UNIT_BYTES, rs_access_units(r), NULL))
		log->counters[LOG_C_LOST_RING]++;
}

_Static_assert(sizeof(struct access_record) <= HTTP_LOG_RECORD_BYTES, "it stands in one of these");

int rs_access_writer_add_core(
	struct access_writer *w, struct access_log *log, struct http_env *env, bool is_tls)
{
	char name[32];

	if (!w->options || !w->options->path)
		return 0;
	snprintf(name, sizeof(name), "access%u", w->n_logs);
	*log = (struct access_log){
		.ring = rte_ring_create_elem(name, ACCESS_UNIT_BYTES, ACCESS_RING_UNITS,
			(int)rte_socket_id(), RING_F_SP_ENQ | RING_F_SC_DEQ),
		.is_tls = is_tls,
		.sample = {.state = w->n_logs, .every = w->options->sample},
		.hook = {.begin = on_begin, .end = on_end, .self = log},
	};
	if (!log->ring) {
		rs_log("--access-log: no memory for a ring: %s", rte_strerror(rte_errno));
		return -rte_errno;
	}
	env->log = &log->hook;
	w->logs[w->n_logs++] = log;
	return 0;
}

/* ---- the control core's end ---- */

static const char *words_of(int err)
{
	return err == -ENXIO ? "nobody reads from that pipe" : strerror(-err);
}

static int say_failed(const char *path, int err)
{
	rs_log("--access-log %s: %s", path, words_of(err));
	return err;
}

int rs_access_writer_check(const struct access_options *options)
{
	int err = options->path ? rs_access_file_check(options->path) : 0;

	return err ? say_failed(options->path, err) : 0;
}

int rs_access_writer_init(struct access_writer *w, const struct access_options *options)
{
	char why[256];
	int err;

	memset(w, 0, sizeof(*w));
	w->file.fd = -1;
	if (!options->path)
		return 0;
	err = rs_access_format_compile(options->format, &w->format, why, sizeof(why));
	if (err) {
		rs_log("--access-format: %s", why);
		return err;
	}
	err = rs_access_file_open(&w->file, options->path, &w->format);
	if (err)
		return say_failed(options->path, err);
	w->options = options;
	return 0;
}

static bool take_units(struct access_log *log, void *to, uint32_t n)
{
	return rte_ring_sc_dequeue_bulk_elem(log->ring, to, ACCESS_UNIT_BYTES, n, NULL) == n;
}

/* The units of a record come at once, so that where the first are, the others are, too. */
static bool take_record(struct access_log *log, struct access_record *record)
{
	uint8_t *rest = (uint8_t *)record + ACCESS_HEAD_UNITS * ACCESS_UNIT_BYTES;

	return take_units(log, record, ACCESS_HEAD_UNITS) &&
	       take_units(log, rest, rs_access_units(record) - (uint32_t)ACCESS_HEAD_UNITS);
}

static void drain(struct access_writer *w, struct access_log *log, uint64_t now_us)
{
	struct access_record record;

	for (uint32_t n = 0; n < MAX_PER_TICK && take_record(log, &record); n++)
		rs_access_file_take(&w->file, &record, now_us);
}

void rs_access_writer_tick(struct access_writer *w, uint64_t now_us)
{
	for (uint32_t i = 0; i < w->n_logs; i++)
		drain(w, w->logs[i], now_us);
	rs_access_file_tick(&w->file, now_us);
}

void rs_access_writer_reopen(struct access_writer *w, uint64_t now_us)
{
	int err;

	if (!w->options)
		return;
	err = rs_access_file_reopen(&w->file, now_us);
	if (err)
		rs_log("--access-log %s: %s; the old file goes on", w->options->path,
			words_of(err));
}

static uint64_t n_lost(const struct access_file *file)
{
	const uint64_t *counters = file->counters;

	return counters[ACCESS_C_LOST_SLOW] + counters[ACCESS_C_LOST_NO_SPACE] +
	       counters[ACCESS_C_LOST_NO_READER] + counters[ACCESS_C_LOST_ERROR];
}

/* What is lost here is in no report: counters were printed before. */
void rs_access_writer_fini(struct access_writer *w)
{
	uint64_t n_before = n_lost(&w->file);

	for (uint32_t i = 0; i < w->n_logs; i++) {
		if (!w->logs[i]->ring)
			continue;
		while (!rte_ring_empty(w->logs[i]->ring))
			drain(w, w->logs[i], UINT64_MAX); /* past every time to wait for */
		rte_ring_free(w->logs[i]->ring);
		w->logs[i]->ring = NULL;
	}
	rs_access_file_close(&w->file);
	if (n_lost(&w->file) != n_before)
		rs_log("--access-log %s: the last %" PRIu64 " lines were lost (%s)",
			w->options->path, n_lost(&w->file) - n_before,
			rs_access_counter_defs[w->file.lost].name);
}
