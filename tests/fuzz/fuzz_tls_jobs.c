/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TLS stage, its net core, and OpenSSL's clients, in an order that the input chooses. Each step
 * is a byte, its upper half what happens and its lower half to which connection, and an argument.
 * The net core is the rig's: it keeps its promises and checks the stage's. Clients are honest, but
 * for bytes that the input puts between theirs, changes or takes away.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../unit/eal_rig.h"
#include "../unit/stage_tls_rig.h"

#define MAX_STEPS   400
#define N_CLIENTS   16 /* more than there are sessions */
#define MAX_CAPTURE 20000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum step {
	STEP_CONNECT, /* odd: with TLS 1.2 */
	STEP_DROP,
	STEP_SHAKE,
	STEP_ASK,
	STEP_READ,
	STEP_INSERT,  /* so many bytes of the input */
	STEP_SPOIL,   /* a byte of what the client has said and was not sent */
	STEP_REPEAT,  /* … or all of that again */
	STEP_SWALLOW, /* … or none of it comes */
	STEP_PUSH_ONE,
	STEP_EOF,
	STEP_TURN,
	STEP_TURN_ONLY,
	STEP_TIME,
	STEP_PIECE,
	STEP_CREDIT,
};

static const char *const requests[] = {
	"GET /hello/you HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /bytes/70000 HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /hello/a HTTP/1.1\r\nHost: a\r\n\r\nGET /hello/b HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
	"POST /hello/you HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nbut less",
};

static struct stage_rig *start(void)
{
	static struct stage_rig rig;

	rig_start("fuzz-tls-jobs");
	make_certificate(NULL);
	stage_begin(&rig, (struct stage_options){
				  .capacity = 12,
				  .max_handshakes = 6,
				  .handshakes_per_turn = 2,
			  });
	SSL_CTX_set_session_cache_mode(rig.ctx, SSL_SESS_CACHE_OFF);
	return &rig;
}

/* What the client has said comes once, twice, not at all, or with a byte that is another one. */
static void tamper(BIO *said, enum step how, uint8_t arg)
{
	static uint8_t bytes[MAX_CAPTURE];
	int len = BIO_read(said, bytes, sizeof(bytes));

	if (len <= 0 || how == STEP_SWALLOW)
		return;
	if (how == STEP_SPOIL)
		bytes[(uint32_t)arg * 7 % (uint32_t)len] ^= (uint8_t)(1 + arg % 255);
	BIO_write(said, bytes, len);
	if (how == STEP_REPEAT)
		BIO_write(said, bytes, len);
}

/* Steps of a client that is there. Returns how many bytes of more were used. */
static size_t act(struct stage_rig *r, uint32_t conn, enum step step, uint8_t arg,
	const uint8_t *more, size_t n_more)
{
	struct stage_link *link = &r->links[conn];
	const char *request = requests[arg % RS_ARRAY_SIZE(requests)];
	char text[1000];

	switch (step) {
	case STEP_SHAKE:
		SSL_do_handshake(link->client);
		break;
	case STEP_ASK:
		SSL_write(link->client, request, (int)strlen(request));
		break;
	case STEP_READ:
		SSL_read(link->client, text, sizeof(text));
		break;
	case STEP_INSERT:
		n_more = rs_min_u32(arg, (uint32_t)n_more);
		BIO_write(SSL_get_wbio(link->client), more, (int)n_more);
		return n_more;
	case STEP_SPOIL:
	case STEP_REPEAT:
	case STEP_SWALLOW:
		tamper(SSL_get_wbio(link->client), step, arg);
		break;
	case STEP_PUSH_ONE:
		if (stage_is_up(link))
			stage_push_one(r, conn);
		break;
	case STEP_EOF:
		if (link->has_session && !link->has_eof)
			stage_eof(r, conn);
		break;
	default:
		break;
	}
	return 0;
}

static void connect_with(struct stage_rig *r, uint32_t conn, uint8_t arg)
{
	SSL_CTX_set_max_proto_version(r->ctx, arg % 2 ? TLS1_2_VERSION : TLS1_3_VERSION);
	stage_connect(r, conn);
}

static void go_on(struct stage_rig *r, enum step step, uint8_t arg)
{
	switch (step) {
	case STEP_TURN:
		stage_turn(r, arg);
		break;
	case STEP_TURN_ONLY:
		stage_turn_only(r, arg);
		break;
	case STEP_TIME:
		stage_turn(r, arg * UINT64_C(100000));
		break;
	case STEP_PIECE:
		r->piece = 1 + (uint32_t)arg * arg;
		break;
	case STEP_CREDIT:
		r->max_grant = arg;
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stage_rig *r;

	if (!r)
		r = start();
	r->piece = r->max_grant = UINT32_MAX;
	for (uint32_t n = 0; n < MAX_STEPS && size >= 2; n++) {
		enum step step = (enum step)(data[0] >> 4);
		uint32_t conn = data[0] % N_CLIENTS;
		uint8_t arg = data[1];
		size_t used = 0;

		data += 2;
		size -= 2;
		if (step >= STEP_TURN)
			go_on(r, step, arg);
		else if (step == STEP_DROP)
			stage_drop(r, conn);
		else if (step == STEP_CONNECT && !r->links[conn].client)
			connect_with(r, conn, arg);
		else if (r->links[conn].client)
			used = act(r, conn, step, arg, data, size);
		data += used;
		size -= used;
		ERR_clear_error();
	}
	stage_clear(r);
	return 0;
}
