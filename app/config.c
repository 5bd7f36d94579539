/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/bytes.h"
#include "builtin.h"

void rs_config_tcp(const struct config *cfg, struct tcp_config *t)
{
	rs_tcp_config_default(t);
	t->max_conns = cfg->max_conns;
	t->max_time_wait = rs_min_u32(t->max_time_wait, cfg->max_conns);
	/* Half-open connections stand among the others: a flood must not take all their places. */
	t->syn_backlog = rs_min_u32(cfg->syn_backlog, cfg->max_conns / 2);
	t->time_wait_ms = cfg->time_wait_s * 1000;
	t->keepalive_idle_ms = cfg->keepalive_s * 1000;
	t->mss_v4 = (uint16_t)(cfg->mtu - IPV4_HEADER_BYTES - TCP_HEADER_BYTES);
	t->mss_v6 = (uint16_t)(cfg->mtu - IPV6_HEADER_BYTES - TCP_HEADER_BYTES);
	for (uint32_t i = 0; i < cfg->n_http_ports; i++)
		t->listen[t->n_listen++] = cfg->http_ports[i];
	for (uint32_t i = 0; i < cfg->n_https_ports; i++)
		t->listen[t->n_listen++] = cfg->https_ports[i];
}

void rs_config_http(const struct config *cfg, struct http_config *h)
{
	rs_http_config_default(h);
	h->limits.max_head_bytes = cfg->max_head_bytes;
	if (h->limits.max_target_bytes >= cfg->max_head_bytes)
		h->limits.max_target_bytes = cfg->max_head_bytes / 2;
	h->max_body_bytes = cfg->max_body_bytes;
	h->idle_timeout_us = cfg->idle_timeout_s * UINT64_C(1000000);
	h->header_timeout_us = cfg->header_timeout_s * UINT64_C(1000000);
	h->body_timeout_us = cfg->body_timeout_s * UINT64_C(1000000);
	h->write_timeout_us = cfg->write_timeout_s * UINT64_C(1000000);
	h->has_tls = cfg->n_https_ports > 0;
	h->handlers = rs_builtin_handlers;
	h->n_handlers = BUILTIN_N_HANDLERS;
	if (cfg->site.n_sites)
		rs_site_configure_http(&cfg->site, h);
	rs_redirect_configure(&cfg->redirects, &cfg->site, cfg->https_ports[0], h);
}
