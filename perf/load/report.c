/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>

#include "tls.h"

static double us(const struct engine *e, double tsc)
{
	return tsc * 1e6 / (double)e->tsc_hz;
}

static void print_histogram(
	FILE *out, const struct engine *e, const char *name, const struct histogram *h)
{
	static const struct {
		const char *name;
		double share;
	} points[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};

	if (!h->n)
		return;
	fprintf(out, " \"%s\": {\"mean\": %.2f", name, us(e, rs_histogram_mean(h)));
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(points); i++)
		fprintf(out, ", \"%s\": %.2f", points[i].name,
			us(e, (double)rs_histogram_percentile(h, points[i].share)));
	fprintf(out, ", \"max\": %.2f},\n", us(e, (double)h->max));
}

static void print_tls(FILE *out, const struct engine *e, double seconds)
{
	const struct load_tls_stats *s = rs_load_tls_stats(e->client.tls);

	fprintf(out,
		" \"tls\": {\"handshakes\": %" PRIu64 ", \"handshakes_per_s\": %.1f, "
		"\"full\": %" PRIu64 ", \"resumed\": %" PRIu64 ",\n"
		"  \"failed\": %" PRIu64 ", \"bad_records\": %" PRIu64 ", \"truncated\": %" PRIu64
		"},\n",
		s->n_full + s->n_resumed, (double)(s->n_full + s->n_resumed) / seconds, s->n_full,
		s->n_resumed, s->n_failed, s->n_bad_records, s->n_truncated);
	print_histogram(out, e, "handshake_us", &s->handshake);
}

static uint64_t tls_errors(const struct client *c)
{
	const struct load_tls_stats *s = c->tls ? rs_load_tls_stats(c->tls) : NULL;

	return s ? s->n_failed + s->n_bad_records + s->n_truncated : 0;
}

static void print_counts(FILE *out, const char *name, const uint32_t *counts, uint32_t n)
{
	fprintf(out, " \"%s\": [", name);
	for (uint32_t i = 0; i < n; i++)
		fprintf(out, "%s%u", i ? ", " : "", counts[i]);
	fprintf(out, "]");
}

void rs_load_report(const struct engine *e, FILE *out)
{
	const struct load_options *o = e->options;
	const struct client *c = &e->client;
	const struct client_stats *s = &c->stats;
	const struct answer_reader *r = &e->reader;
	double seconds = (double)e->measured_tsc / (double)e->tsc_hz;

	fprintf(out,
		"{\"seconds\": %.3f, \"mode\": \"%s\", \"conns\": %u, \"pipeline\": %u, "
		"\"per_conn\": %u, \"rate\": %" PRIu64 ",\n",
		seconds, o->rate ? "open" : "closed", o->n_conns, o->pipeline, o->per_conn,
		o->rate);
	fprintf(out, " \"requests\": %" PRIu64 ", \"responses\": %" PRIu64 ", \"rps\": %.1f,\n",
		s->n_requests, s->n_responses, (double)s->n_responses / seconds);
	fprintf(out, " \"connects\": %" PRIu64 ", \"cps\": %.1f,\n", s->n_connects,
		(double)s->n_connects / seconds);
	fprintf(out,
		" \"bytes_in\": %" PRIu64 ", \"body_bytes\": %" PRIu64 ", \"gbit_per_s\": %.4f,\n",
		s->bytes_in, r->body_bytes, (double)r->body_bytes * 8 / seconds / 1e9);
	print_histogram(out, e, "latency_us", &s->latency);
	print_histogram(out, e, "connect_us", &s->connect);
	if (c->tls)
		print_tls(out, e, seconds);
	fprintf(out,
		" \"errors\": {\"status\": %" PRIu64 ", \"length\": %" PRIu64 ", \"body\": %" PRIu64
		", \"malformed\": %" PRIu64 ", \"resets\": %" PRIu64 ", \"timeouts\": %" PRIu64
		", \"connect_timeouts\": %" PRIu64 ", \"refused\": %" PRIu64
		", \"closed_early\": %" PRIu64 ", \"tls\": %" PRIu64 "},\n",
		r->n_wrong_status, r->n_wrong_length, r->n_wrong_body, r->n_malformed, s->n_resets,
		s->n_timeouts, s->n_connect_timeouts, s->n_refused, s->n_closed_early,
		tls_errors(c));
	fprintf(out,
		" \"retransmissions\": %" PRIu64 ", \"out_of_order\": %" PRIu64
		", \"bad_checksums\": %" PRIu64 ", \"strays\": %" PRIu64 ", \"not_sent\": %" PRIu64
		",\n",
		s->n_retransmissions, s->n_out_of_order, s->n_bad_csums, s->n_strays,
		s->n_not_sent);
	fprintf(out,
		" \"flood_syns\": %" PRIu64 ", \"flood_answers\": %" PRIu64 ",\n"
		" \"n_wanted\": %u, \"n_missing\": %u, "
		"\"n_established\": %u, \"n_idle\": %u, "
		"\"idle_lost\": %" PRIu64 ",\n",
		s->n_flood, s->n_strangers, c->slots.n, e->n_missing, c->n_established,
		c->n_idle_ready, s->n_idle_lost);
	fprintf(out,
		" \"busy\": %.3f, \"frames_per_busy_turn\": %.1f,\n"
		" \"lost_frames\": %" PRIu64 ", \"discarded_frames\": %" PRIu64
		", \"sent_frames\": %" PRIu64 ", \"received_frames\": %" PRIu64
		", \"tx_full\": %" PRIu64 ",\n",
		(double)e->turns.busy_tsc / (double)e->measured_tsc, rs_turns_frames(&e->turns),
		e->n_lost, e->n_discarded, e->n_sent, e->n_received, e->n_tx_full);
	print_counts(out, "answers_per_100ms", e->per_tenth, e->n_tenths);
	fprintf(out, ",\n");
	print_counts(out, "per_second", e->per_second, e->n_seconds);
	fprintf(out, "}\n");
}
