/* SPDX-License-Identifier: BSD-2-Clause */
#include "control.h"

#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "io/log.h"
#include "report.h"
#include "signals.h"

#define TICK_MS     10
#define WATCH_US    100000
#define SILENT_US   1000000 /* who takes longer to ask, or to connect, hardly will */
#define QUIET_TICKS 2       /* for the last frames of the last connection to leave */
#define RESET_US    500000  /* for RSTs to leave to those that have not ended in time */

int rs_control_init(struct control *c, struct appliance *a)
{
	sigset_t set;

	memset(c, 0, sizeof(*c));
	c->appliance = a;
	rs_neighbour_side_init(&c->neighbours, a);
	rs_signals_fill(&set);
	c->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (c->signals < 0) {
		int err = -errno;

		rs_log("signalfd: %s", strerror(-err));
		return err;
	}
	return 0;
}

void rs_control_fini(struct control *c)
{
	close(c->signals);
}

static void watch(struct control *c, uint64_t now_us)
{
	if (now_us < c->watch_due_us)
		return;
	c->watch_due_us = now_us + WATCH_US;
	rs_neighbour_side_tick(&c->neighbours, now_us);
	rs_tls_side_tick(&c->appliance->tls, now_us);
	rs_site_side_tick(&c->appliance->site, now_us);
}

/* ---- signals ---- */

static void set_drain(struct control *c, enum http_drain drain)
{
	__atomic_store_n(&c->appliance->http.drain, (uint8_t)drain, __ATOMIC_RELAXED);
}

static void start_draining(struct control *c, uint64_t now_us)
{
	uint32_t seconds = c->appliance->cfg->drain_timeout_s;

	rs_log("draining: no new connections; waiting up to %u s for %u that are open", seconds,
		rs_appliance_n_conns(c->appliance, true));
	c->silent_until_us = now_us + SILENT_US;
	c->drain_until_us = now_us + seconds * UINT64_C(1000000) + 1;
	set_drain(c, HTTP_DRAINS);
}

/* False: time to stop. */
static bool take_signals(struct control *c, uint64_t now_us)
{
	struct signalfd_siginfo info;

	while (read(c->signals, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGHUP:
			if (!c->appliance->tls.n && !c->appliance->site.options &&
				!c->appliance->access.options)
				rs_log("SIGHUP: there is nothing to reload");
			rs_access_writer_reopen(&c->appliance->access, now_us);
			rs_tls_side_reload(&c->appliance->tls);
			rs_site_side_reload(&c->appliance->site);
			break;
		case SIGUSR1:
			rs_report_counters(c->appliance, c->neighbours.table.counters, stderr);
			break;
		default:
			if (c->drain_until_us) {
				rs_log("second signal: ending at once");
				return false;
			}
			start_draining(c, now_us);
		}
	}
	return true;
}

static bool is_drained(struct control *c, uint64_t now_us)
{
	bool with_silent = now_us < c->silent_until_us;
	uint32_t n;

	if (!c->drain_until_us)
		return false;
	if (!with_silent)
		set_drain(c, HTTP_DRAINS_SILENT);
	n = rs_appliance_n_conns(c->appliance, with_silent);
	c->n_quiet_ticks = n ? 0 : c->n_quiet_ticks + 1;
	if (n && now_us >= c->drain_until_us)
		rs_log("drain: %u connections did not end in time", n);
	return c->n_quiet_ticks > QUIET_TICKS || now_us >= c->drain_until_us;
}

/* Nobody else would tell those that are left. */
static void reset_left(struct control *c)
{
	uint64_t until_us = rs_core_now_us() + RESET_US;
	uint32_t n_quiet_ticks = 0;

	set_drain(c, HTTP_DRAIN_IS_OVER);
	while (n_quiet_ticks <= QUIET_TICKS && rs_core_now_us() < until_us) {
		poll(NULL, 0, TICK_MS);
		n_quiet_ticks = rs_appliance_n_conns(c->appliance, true) ? 0 : n_quiet_ticks + 1;
	}
}

void rs_control_run(struct control *c)
{
	struct pollfd fd = {.fd = c->signals, .events = POLLIN};
	uint64_t now_us = rs_core_now_us();

	rs_neighbour_side_start(&c->neighbours, now_us);
	while (take_signals(c, now_us) && !is_drained(c, now_us)) {
		poll(&fd, 1, TICK_MS);
		now_us = rs_core_now_us();
		rs_neighbour_side_listen(&c->neighbours, now_us);
		rs_access_writer_tick(&c->appliance->access, now_us);
		watch(c, now_us);
	}
	if (rs_appliance_n_conns(c->appliance, true))
		reset_left(c);
	__atomic_store_n(&c->appliance->stop, true, __ATOMIC_RELAXED);
}
