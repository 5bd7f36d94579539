/* SPDX-License-Identifier: BSD-2-Clause */
#include "access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_ring_elem.h>

#include "io/log.h"
#include "wire/seg.h"

#define BATCH          64
#define MAX_PER_TICK   ACCESS_RING_RECORDS /* of a core: then neighbours have their turn */
#define FLUSH_AFTER_US 200000

const struct counter_def rs_log_counter_defs[LOG_N_COUNTERS] = {
#define RS_COUNTER(id, name, help) {name, help},
#include "log_counters.def"
#undef RS_COUNTER
};

/* ---- a core's end ---- */

static const char *method_name(uint8_t method)
{
	static const char *const names[HTTP_N_METHODS] = {
		"", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};

	return names[method];
}

/* Path and query, which stand together but for a path that we have made up. */
static struct span target_of(const struct http_req *req)
{
	struct span target = req->path;

	if (target.len && req->query.data == target.data + target.len + 1)
		target.len += 1 + req->query.len;
	return target;
}

static struct span field_of(const struct http_req *req, enum http_field_id id)
{
	for (uint32_t i = 0; req->known & 1u << id && i < req->n_fields; i++) {
		if (rs_http_field(req, i)->id == id)
			return rs_http_field_value(req, i);
	}
	return (struct span){0};
}

/* On the packet path. */
static void on_reply(void *self, const struct http_env *env, const struct http_req *req,
	uint16_t status, uint64_t body_bytes)
{
	struct access_log *log = self;
	const struct flow_key *peer = env->peer;
	const char *method = method_name(req->method);
	const struct span texts[ACCESS_N_TEXTS] = {
		[ACCESS_METHOD] = {.data = (const uint8_t *)method,
			.len = (uint32_t)strlen(method)},
		[ACCESS_TARGET] = target_of(req),
		[ACCESS_HOST] = req->host,
		[ACCESS_REFERER] = field_of(req, HTTP_FIELD_REFERER),
		[ACCESS_USER_AGENT] = field_of(req, HTTP_FIELD_USER_AGENT),
	};
	struct access_record r;

	if (log->n_until_next--)
		return;
	log->n_until_next = log->sample - 1;
	r = (struct access_record){
		.unix_s = env->unix_s,
		.body_bytes = body_bytes,
		.client_port = peer->remote_port,
		.local_port = peer->local_port,
		.status = status,
		.minor_version = req->minor_version,
		.is_tls = log->is_tls,
	};
	memcpy(r.client, peer->remote, sizeof(r.client));
	rs_access_set_texts(&r, texts);
	log->counters[LOG_C_RECORDS]++;
	if (rte_ring_sp_enqueue_burst_elem(log->ring, &r, sizeof(r), 1, NULL) != 1)
		log->counters[LOG_C_LOST_RING]++;
}

int rs_access_writer_add_core(
	struct access_writer *w, struct access_log *log, struct http_env *env, bool is_tls)
{
	char name[32];

	if (!w->options || !w->options->path)
		return 0;
	snprintf(name, sizeof(name), "access%u", w->n_logs);
	*log = (struct access_log){
		.ring = rte_ring_create_elem(name, sizeof(struct access_record),
			ACCESS_RING_RECORDS, (int)rte_socket_id(), RING_F_SP_ENQ | RING_F_SC_DEQ),
		.is_tls = is_tls,
		.sample = w->options->sample,
		.hook = {.reply = on_reply, .self = log},
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

static int open_file(struct access_writer *w)
{
	const char *path = w->options->path;
	struct stat st;

	if (!strcmp(path, "-"))
		w->fd = dup(STDOUT_FILENO);
	else
		w->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
	if (w->fd < 0) {
		rs_log("--access-log %s: %s", path, strerror(errno));
		return -errno;
	}
	w->is_file = fstat(w->fd, &st) == 0 && S_ISREG(st.st_mode);
	return 0;
}

int rs_access_writer_init(struct access_writer *w, const struct access_options *options)
{
	char why[256];

	memset(w, 0, sizeof(*w));
	w->fd = -1;
	if (!options->path)
		return 0;
	w->options = options;
	if (rs_access_format_compile(&w->format, options->format, why, sizeof(why))) {
		rs_log("--access-format: %s", why);
		return -EINVAL;
	}
	return open_file(w);
}

/* Would a write go through at once? A regular file always takes it. */
static bool is_writable(const struct access_writer *w)
{
	struct pollfd fd = {.fd = w->fd, .events = POLLOUT};

	return w->is_file || (poll(&fd, 1, 0) == 1 && fd.revents & POLLOUT);
}

/* Lines that a reader does not take are lost: nobody waits for it. */
static void flush(struct access_writer *w)
{
	uint32_t at = 0;

	while (at < w->n) {
		ssize_t n =
			w->fd >= 0 && is_writable(w) ? write(w->fd, w->buffer + at, w->n - at) : -1;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		at += (uint32_t)n;
	}
	if (at < w->n) {
		uint32_t n_lost = 0;

		for (uint32_t i = at; i < w->n; i++)
			n_lost += w->buffer[i] == '\n';
		w->counters[LOG_C_LOST_WRITE] += n_lost;
	}
	w->n = 0;
}

static void write_one(struct access_writer *w, const struct access_record *r, uint64_t now_us)
{
	if (!w->n)
		w->flush_due_us = now_us + FLUSH_AFTER_US;
	w->n += rs_access_format_line(&w->format, r, w->buffer + w->n);
	if (w->n > ACCESS_BUFFER_BYTES - ACCESS_LINE_BYTES)
		flush(w);
}

static void drain(struct access_writer *w, struct access_log *log, uint64_t now_us)
{
	struct access_record records[BATCH];
	uint32_t n;

	for (uint32_t n_done = 0; n_done < MAX_PER_TICK; n_done += n) {
		n = rte_ring_sc_dequeue_burst_elem(
			log->ring, records, sizeof(records[0]), BATCH, NULL);
		for (uint32_t i = 0; i < n; i++)
			write_one(w, &records[i], now_us);
		if (!n)
			break;
	}
}

void rs_access_writer_tick(struct access_writer *w, uint64_t now_us)
{
	for (uint32_t i = 0; i < w->n_logs; i++)
		drain(w, w->logs[i], now_us);
	if (w->n && now_us >= w->flush_due_us)
		flush(w);
}

void rs_access_writer_reopen(struct access_writer *w)
{
	int before = w->fd;

	if (!w->options)
		return;
	flush(w);
	if (open_file(w)) /* said; the old one goes on */
		w->fd = before;
	else
		close(before);
}

void rs_access_writer_fini(struct access_writer *w)
{
	for (uint32_t i = 0; i < w->n_logs; i++) {
		if (!w->logs[i]->ring)
			continue;
		drain(w, w->logs[i], 0);
		rte_ring_free(w->logs[i]->ring);
		w->logs[i]->ring = NULL;
	}
	flush(w);
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}
