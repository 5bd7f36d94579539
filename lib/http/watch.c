/* SPDX-License-Identifier: BSD-2-Clause */
/* hc->progress: the bytes that were queued at the beginning of this time or since, so that what of
 * them is not queued any more was acknowledged; of which no more is counted than has to be. */
#include "http/watch.h"

#include "base/bytes.h"

static void begin_time(const struct http_env *env, struct http_conn *hc, const struct sendq *out)
{
	hc->deadline_us = env->now_us + env->cfg->write_timeout_us;
	hc->progress = out->n_bytes;
}

void rs_http_watch_begin(struct http_conn *hc)
{
	*hc = (struct http_conn){0};
}

void rs_http_watch(const struct http_env *env, struct http_conn *hc, const struct sendq *out,
	uint32_t n_more, bool lacks_room)
{
	const uint32_t taken = hc->progress - (out->n_bytes - n_more);

	if (!out->n_bytes && !lacks_room)
		hc->deadline_us = 0;
	else if (!hc->deadline_us)
		begin_time(env, hc, out);
	else
		hc->progress = out->n_bytes + rs_min_u32(taken, env->cfg->write_min_bytes);
}

void rs_http_watch_deadline(struct http_env *env, struct http_conn *hc, const struct sendq *out)
{
	if (!hc->deadline_us || env->now_us < hc->deadline_us)
		return;
	if (hc->progress - out->n_bytes >= env->cfg->write_min_bytes) {
		begin_time(env, hc, out);
		return;
	}
	hc->abort = true;
	env->counters[out->n_bytes ? HTTP_C_WRITE_TIMEOUT : HTTP_C_REPLY_TIMEOUT]++;
}
