/* SPDX-License-Identifier: BSD-2-Clause */
#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/csum.h"
#include "values.h"

#define MAX_BODY_BYTES 32768 /* with TLS all of it is in flight at once: it must fit any window */

_Static_assert(LOAD_PICKS == 4096, "rs_workload_request() takes the upper twelve bits");

/* The file's bytes, of the heap; NULL: told why. */
static uint8_t *read_body(const char *name, uint32_t *len)
{
	FILE *file = fopen(name, "rb");
	uint8_t *data = malloc(MAX_BODY_BYTES + 1);
	size_t n = file && data ? fread(data, 1, MAX_BODY_BYTES + 1, file) : 0;
	bool failed = !file || ferror(file);

	if (file)
		fclose(file);
	if (failed || !data || n > MAX_BODY_BYTES) {
		fprintf(stderr, "ringside-load: --body %s cannot be read, or has over %d bytes\n",
			name, MAX_BODY_BYTES);
		free(data);
		return NULL;
	}
	*len = (uint32_t)n;
	return data;
}

static void write_host(FILE *out, const struct load_options *o)
{
	char text[VALUE_ADDR_TEXT];

	if (o->host) {
		fprintf(out, "Host: %s\r\n", o->host);
		return;
	}
	rs_value_addr_text(o->target, text);
	fprintf(out, o->family == 6 ? "Host: [%s]" : "Host: %s", text);
	if (o->port != (o->tls ? 443 : 80))
		fprintf(out, ":%u", o->port);
	fputs("\r\n", out);
}

static int make_request(struct load_request *r, const struct load_options *o, const char *path,
	const uint8_t *body, uint32_t body_len, bool is_last)
{
	size_t len = 0;
	FILE *out = open_memstream((char **)&r->data, &len);

	if (!out)
		return -1;
	fprintf(out, "%s %s HTTP/1.1\r\n", o->method, path);
	write_host(out, o);
	for (uint32_t i = 0; i < o->n_headers; i++)
		fprintf(out, "%s\r\n", o->headers[i]);
	if (is_last)
		fputs("Connection: close\r\n", out);
	if (body)
		fprintf(out, "Content-Length: %u\r\n", body_len);
	fputs("\r\n", out);
	if (body)
		fwrite(body, 1, body_len, out);
	r->len = (uint32_t)ftell(out);
	for (uint32_t at = r->len; at % LOAD_BLOCK; at++)
		fputc(0, out);
	if (fclose(out))
		return -1;
	r->sum = rs_csum_add(0, r->data, r->len);
	return 0;
}

/* To each path its share, but at least one: what is on the command line is asked for. */
static void draw_picks(struct workload *w, const struct load_options *o, uint32_t total)
{
	for (uint32_t i = 0, at = 0, below = 0; i < o->n_paths; i++) {
		uint32_t end;

		below += o->paths[i].weight;
		end = (uint32_t)((uint64_t)below * LOAD_PICKS / total);
		end = rs_min_u32(rs_max_u32(end, at + 1), LOAD_PICKS - (o->n_paths - 1 - i));
		while (at < end)
			w->picks[at++] = (uint16_t)i;
	}
}

int rs_workload_init(struct workload *w, const struct load_options *o)
{
	uint32_t body_len = 0, total = 0;
	uint8_t *body = o->body_file ? read_body(o->body_file, &body_len) : NULL;
	int err = o->body_file && !body ? -1 : 0;

	memset(w, 0, sizeof(*w));
	w->is_head = !strcmp(o->method, "HEAD");
	w->per_conn = o->per_conn;
	for (uint32_t i = 0; !err && i < o->n_paths; i++) {
		err = make_request(&w->requests[i], o, o->paths[i].text, body, body_len, false) ||
		      make_request(&w->last[i], o, o->paths[i].text, body, body_len, true);
		w->n_requests++;
		w->longest = rs_max_u32(w->longest, w->last[i].len);
		total += o->paths[i].weight;
	}
	free(body);
	if (!err && (uint64_t)w->longest * o->pipeline > 2 * MAX_BODY_BYTES) {
		fprintf(stderr,
			"ringside-load: --pipeline %u: so many requests of %u bytes do not "
			"fit into a window\n",
			o->pipeline, w->longest);
		err = -1;
	}
	if (err)
		rs_workload_fini(w);
	else
		draw_picks(w, o, total);
	return err;
}

void rs_workload_fini(struct workload *w)
{
	for (uint32_t i = 0; i < w->n_requests; i++) {
		free(w->requests[i].data);
		free(w->last[i].data);
	}
}
