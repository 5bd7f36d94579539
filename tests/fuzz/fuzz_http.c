/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection as a whole. The first four bytes of the input say how the stream is cut, how the
 * peer acknowledges, how much memory there is, whether there is a log, and how it ends; the rest is
 * what the client sends. The rig checks what http/exchange.h promises, that every reply is
 * well-formed, and that all memory comes back; with ample memory, the replies, and what the log is
 * told of their requests, must also be those to the uncut stream, each of them made anew.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../unit/http_rig.h"
#include "http/log.h"

#include "../../app/builtin.c"

#define MAX_ROUNDS       100 /* acknowledgements at the end: /bytes/ can ask for a terabyte */
#define TRANSCRIPT_BYTES 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct plan {
	uint32_t seed;
	uint32_t max_piece;
	uint32_t max_ack; /* 0: only what is needed to go on */
	bool eof;
	bool deadlines;
	bool by_heads; /* cut behind empty lines, as clients do */
};

/* Each record that is begun ends, once, and nothing is written beyond it. */
struct book {
	uint32_t n_open;
	uint64_t told; /* a hash of all that was told of requests that were understood */
	struct http_log hook;
};

static void tell(struct book *book, struct span piece)
{
	book->told = (book->told ^ (piece.data ? piece.len + 1u : 0)) * UINT64_C(1099511628211);
	for (uint32_t i = 0; i < piece.len; i++)
		book->told = (book->told ^ piece.data[i]) * UINT64_C(1099511628211);
}

static void tell_all(struct book *book, const struct http_asked *asked)
{
	tell(book, asked->method);
	tell(book, asked->target);
	tell(book, asked->host);
	tell(book, asked->referer);
	tell(book, asked->user_agent);
	tell(book, (struct span){.data = &asked->minor_version, .len = 1});
}

static bool begin_record(
	void *self, const struct http_env *env, const struct http_logged *reply, void *record)
{
	struct book *book = self;

	RIG_CHECK(reply->begun_us <= env->now_us && reply->status >= 200);
	if (reply->status < 400 || reply->status == 404)
		tell_all(book, reply->asked);
	memset(record, (uint8_t)reply->status, HTTP_LOG_RECORD_BYTES);
	book->n_open++;
	return true;
}

static void end_record(void *self, const struct http_env *env, void *record, enum http_log_end how,
	uint64_t body_bytes)
{
	const uint8_t *bytes = record;
	struct book *book = self;

	(void)env;
	(void)body_bytes;
	RIG_CHECK(how <= HTTP_LOG_UNKNOWN);
	RIG_CHECK(memcmp(bytes, bytes + 1, HTTP_LOG_RECORD_BYTES - 1) == 0);
	book->n_open--;
}

static void keep_book(struct book *book, struct http_env *env)
{
	*book = (struct book){
		.hook = {.begin = begin_record, .end = end_record, .self = book},
	};
	env->log = &book->hook;
}

static uint32_t draw(struct plan *plan, uint32_t below)
{
	plan->seed = plan->seed * 1664525 + 1013904223;
	return (plan->seed >> 8) % below;
}

/* One piece, while the peer acknowledges a part, and time goes by. */
static uint32_t feed_piece(struct rig *rig, struct plan *plan, const uint8_t *data, uint32_t len)
{
	uint32_t used = rig->hc.blocked ? 0 : rig_input(rig, data, len);

	if (plan->max_ack)
		rig_ack(rig, draw(plan, plan->max_ack));
	if (used < len && !rig->hc.abort)
		rig_ack(rig, UINT32_MAX);
	if (plan->deadlines && !rig->hc.abort) {
		rig->env.now_us += draw(plan, 4000000);
		rs_http_deadline(&rig->env, &rig->hc, &rig->out);
	}
	return used;
}

static uint32_t next_piece(struct plan *plan, const uint8_t *data, uint32_t len)
{
	const uint8_t *end = plan->by_heads ? memmem(data, len, "\r\n\r\n", 4) : NULL;
	uint32_t piece = end ? (uint32_t)(end - data) + 4 : 1 + draw(plan, plan->max_piece);

	return rs_min_u32(piece, len);
}

/* True when the peer got everything there was to get. */
static bool converse(struct rig *rig, struct plan plan, const uint8_t *data, uint32_t len)
{
	while (len && !rig->hc.abort && rig->n_got < RIG_GOT_BYTES) {
		uint32_t piece = next_piece(&plan, data, len);
		uint32_t used = feed_piece(rig, &plan, data, piece);

		data += used;
		len -= used;
	}
	if (len)
		return false;
	if (plan.eof && !rig->hc.abort)
		rs_http_eof(&rig->env, &rig->hc, &rig->out);
	for (uint32_t i = 0; i < MAX_ROUNDS && rig->out.n_bytes; i++)
		rig_ack(rig, UINT32_MAX);
	RIG_CHECK(!plan.eof || rig->hc.closing || rig->out.n_bytes);
	return rig->out.n_bytes == 0;
}

/* An interim reply depends on how the stream is cut; nothing else does. */
static void drop_interim(char *transcript)
{
	char *to = transcript;

	for (char *line = transcript; *line;) {
		size_t n = strcspn(line, "\n");

		n += line[n] == '\n';
		if (strncmp(line, "100", 3) != 0) {
			memmove(to, line, n);
			to += n;
		}
		line += n;
	}
	while (to > transcript && to[-1] == '\n')
		to--;
	*to = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rig cut, whole;
	static char a[TRANSCRIPT_BYTES], b[TRANSCRIPT_BYTES];
	static struct book of_cut, of_whole;
	struct plan plan, straight = {.max_piece = 1u << 20};
	bool scarce, cut_done, whole_done;

	if (size < 4 || size > 40000)
		return 0;
	plan = (struct plan){
		.seed = data[0],
		.max_piece = 1 + data[1] * (uint32_t)data[1],
		.max_ack = data[2] * 16u,
		.eof = data[3] & 1,
		.deadlines = data[3] & 2,
		.by_heads = data[3] & 0x20,
	};
	straight.eof = plan.eof;
	scarce = data[3] & 4;
	data += 4;
	size -= 4;
	rig_open(&cut, scarce ? data[-1] >> 6 : 64, scarce ? data[-1] >> 4 & 1 : 1);
	rig_open(&whole, 64, 1);
	whole.env.memo = NULL;
	if (data[-1] & 8) {
		keep_book(&of_cut, &cut.env);
		keep_book(&of_whole, &whole.env);
	}
	cut_done = converse(&cut, plan, data, (uint32_t)size);
	whole_done = converse(&whole, straight, data, (uint32_t)size);
	RIG_CHECK(rig_transcript(&cut, a, sizeof(a)) || cut.out.n_bytes || cut.hc.abort);
	RIG_CHECK(rig_transcript(&whole, b, sizeof(b)) || whole.out.n_bytes || whole.hc.abort);
	if (cut_done && whole_done && !scarce && !plan.deadlines && !cut.hc.abort &&
		cut.n_got < RIG_GOT_BYTES && whole.n_got < RIG_GOT_BYTES) {
		drop_interim(a);
		drop_interim(b);
		RIG_CHECK(strcmp(a, b) == 0);
		RIG_CHECK(cut.hc.closing == whole.hc.closing);
		RIG_CHECK(!cut.env.log || of_cut.told == of_whole.told);
	}
	rig_close(&cut);
	rig_close(&whole);
	RIG_CHECK(of_cut.n_open == 0 && of_whole.n_open == 0);
	return 0;
}
