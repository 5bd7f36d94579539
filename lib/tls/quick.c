/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/quick.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "base/bytes.h"
#include "tls/choose.h"
#include "tls/domain_internal.h"
#include "tls/hello.h"
#include "tls/identity.h"
#include "tls/lean.h"
#include "tls/opening.h"
#include "tls/quick_internal.h"

#define MAX_FLIGHT  15000
#define HELLO_BYTES 220 /* more than our ServerHello, its record, and a CCS record */
#define SMALL_BYTES 256 /* more than EncryptedExtensions, Finished, and message headers */
#define MAX_TICKETS 4   /* of a hello that are tried */

/* One handshake, while its first flight is made. */
struct flight {
	struct tls_session *s;
	struct tls_library *library;
	const struct tls_hkdf *hkdf;
	struct tls_hello hello;
	struct span message; /* the ClientHello */
	const struct tls_identity *identity;
	struct span certificate; /* its message; empty: it resumes */
	uint32_t max_fragment;   /* bytes of plaintext a record */
	bool is_named;           /* … as the client has asked for */
	struct span protocol;
	const struct tls_record_suite *suite;
	uint32_t number; /* … on the wire */
	uint8_t random[32];
	uint8_t share[TLS_MAX_SHARE_BYTES];   /* ours, of the hello's group … */
	uint8_t shared[TLS_MAX_SHARED_BYTES]; /* … and what comes of both */
	uint8_t secret[TLS_MAX_HASH];         /* of the key schedule, at its present step */
	uint8_t hash[TLS_MAX_HASH];           /* of the transcript so far */
	uint8_t finished[TLS_MAX_HASH];       /* our secret of handshake traffic */
	bool resumes;
	bool agrees;                         /* by a group, too: not with psk_ke */
	uint8_t name[TLS_TICKET_NAME_BYTES]; /* hashed */
	struct tls_ticket ticket;            /* which one resumes … */
	uint32_t n_ticket;                   /* … its number … */
	struct span binder;                  /* … and its binder */
	uint8_t hello_out[HELLO_BYTES];      /* ServerHello */
	uint32_t n_hello_out;
	uint8_t out[MAX_FLIGHT]; /* what is encrypted */
	uint32_t n_out;
};

/* ---- the key schedule (section 7.1) ---- */

static const uint8_t zeros[TLS_MAX_HASH]; /* in place of a secret that there is not */

/* To the next step, with what comes in there. */
static bool step(struct flight *f, struct span input)
{
	uint8_t salt[TLS_MAX_HASH];
	bool ok = rs_tls_quick_derive(f->hkdf, f->secret, "derived",
			  rs_tls_span(f->hkdf->empty, f->hkdf->bytes), salt) &&
		  rs_tls_hkdf_extract(f->hkdf, rs_tls_span(salt, f->hkdf->bytes), input, f->secret);

	OPENSSL_cleanse(salt, sizeof(salt));
	return ok;
}

static bool first_step(struct flight *f, struct span psk)
{
	return rs_tls_hkdf_extract(f->hkdf, (struct span){0}, psk, f->secret);
}

/* A MAC over a hash, by a key that is derived from a secret (section 4.4.4). */
static bool finish(
	const struct tls_hkdf *h, const uint8_t *secret, const uint8_t *hash, uint8_t *to)
{
	uint8_t key[TLS_MAX_HASH];
	bool ok =
		rs_tls_quick_derive(h, secret, "finished", (struct span){0}, key) &&
		rs_tls_hkdf_extract(h, rs_tls_span(key, h->bytes), rs_tls_span(hash, h->bytes), to);

	OPENSSL_cleanse(key, sizeof(key));
	return ok;
}

/* ---- the transcript (section 4.4.1) ---- */

static bool hear(struct flight *f, const uint8_t *message, uint32_t n)
{
	return EVP_DigestUpdate(f->library->transcript, message, n) == 1;
}

static bool hash_so_far(struct flight *f)
{
	return EVP_MD_CTX_copy_ex(f->library->snapshot, f->library->transcript) == 1 &&
	       EVP_DigestFinal_ex(f->library->snapshot, f->hash, NULL) == 1;
}

/* ---- messages ---- */

static void put_server_hello(struct flight *f)
{
	const struct span id = f->hello.session_id;
	uint8_t *to = f->hello_out;
	uint32_t share_bytes = f->agrees ? f->hello.group->share_bytes : 0;
	uint32_t extensions = 6 + (f->agrees ? 8 + share_bytes : 0) + (f->resumes ? 6 : 0);
	uint32_t n = rs_tls_put_header(
		to, TLS_SERVER_HELLO, 2 + 32 + 1 + id.len + 2 + 1 + 2 + extensions);

	n += rs_tls_put_number(to + n, TLS_VERSION_1_2, 2);
	n += rs_tls_put_bytes(to + n, f->random, sizeof(f->random));
	n += rs_tls_put_number(to + n, id.len, 1);
	n += rs_tls_put_bytes(to + n, id.data, id.len);
	n += rs_tls_put_number(to + n, f->number, 2);
	n += rs_tls_put_number(to + n, 0, 1); /* no compression */
	n += rs_tls_put_number(to + n, extensions, 2);
	n += rs_tls_put_number(to + n, TLS_EXT_SUPPORTED_VERSIONS, 2);
	n += rs_tls_put_number(to + n, 2, 2);
	n += rs_tls_put_number(to + n, TLS_VERSION_1_3, 2);
	if (f->agrees) {
		n += rs_tls_put_number(to + n, TLS_EXT_KEY_SHARE, 2);
		n += rs_tls_put_number(to + n, 4 + share_bytes, 2);
		n += rs_tls_put_number(to + n, f->hello.group->number, 2);
		n += rs_tls_put_number(to + n, share_bytes, 2);
		n += rs_tls_put_bytes(to + n, f->share, share_bytes);
	}
	if (f->resumes) {
		n += rs_tls_put_number(to + n, TLS_EXT_PRE_SHARED_KEY, 2);
		n += rs_tls_put_number(to + n, 2, 2);
		n += rs_tls_put_number(to + n, f->n_ticket, 2);
	}
	f->n_hello_out = n;
}

static void put_extensions(struct flight *f)
{
	uint8_t *to = f->out + f->n_out;
	uint32_t name = f->is_named ? 4 : 0;
	uint32_t alpn = f->protocol.len ? 7 + f->protocol.len : 0;
	uint32_t limit = f->hello.record_limit ? 6 : 0;
	uint32_t all = name + alpn + limit;
	uint32_t n = rs_tls_put_header(to, TLS_ENCRYPTED_EXTENSIONS, 2 + all);

	n += rs_tls_put_number(to + n, all, 2);
	if (name) {
		n += rs_tls_put_number(to + n, TLS_EXT_SERVER_NAME, 2);
		n += rs_tls_put_number(to + n, 0, 2);
	}
	if (alpn) {
		n += rs_tls_put_number(to + n, TLS_EXT_ALPN, 2);
		n += rs_tls_put_number(to + n, 3 + f->protocol.len, 2);
		n += rs_tls_put_number(to + n, 1 + f->protocol.len, 2);
		n += rs_tls_put_number(to + n, f->protocol.len, 1);
		n += rs_tls_put_bytes(to + n, f->protocol.data, f->protocol.len);
	}
	if (limit) { /* RFC 8449: what any record may have, and its type */
		n += rs_tls_put_number(to + n, TLS_EXT_RECORD_SIZE_LIMIT, 2);
		n += rs_tls_put_number(to + n, 2, 2);
		n += rs_tls_put_number(to + n, TLS_RECORD_PLAINTEXT + 1, 2);
	}
	f->n_out += n;
}

/* Certificate and CertificateVerify. The transcript has heard what is before them. */
static bool put_proof(struct flight *f)
{
	uint8_t *to = f->out + f->n_out;
	uint8_t signature[TLS_MAX_SIGNATURE];
	uint32_t n = rs_tls_put_bytes(to, f->certificate.data, f->certificate.len);
	size_t n_signature;

	if (!hear(f, to, n) || !hash_so_far(f) ||
		!rs_tls_identity_sign(
			f->identity, rs_tls_span(f->hash, f->hkdf->bytes), signature, &n_signature))
		return false;
	f->n_out += n;
	to += n;
	n = rs_tls_put_header(to, TLS_CERTIFICATE_VERIFY, 4 + (uint32_t)n_signature);
	n += rs_tls_put_number(to + n, f->identity->algorithm, 2);
	n += rs_tls_put_number(to + n, (uint32_t)n_signature, 2);
	n += rs_tls_put_bytes(to + n, signature, (uint32_t)n_signature);
	f->n_out += n;
	return hear(f, to, n);
}

static bool put_finished(struct flight *f)
{
	uint8_t *to = f->out + f->n_out;
	uint32_t n = rs_tls_put_header(to, TLS_FINISHED, f->hkdf->bytes);

	if (!hash_so_far(f) || !finish(f->hkdf, f->finished, f->hash, to + n))
		return false;
	n += f->hkdf->bytes;
	f->n_out += n;
	return hear(f, to, n) && hash_so_far(f);
}

/* ---- what the client has asked for ---- */

/* Whether it is the client's first of TLS 1.3 (section B.4). Go's have those of 1.2 before them. */
static bool is_first(struct span offered, uint32_t number)
{
	for (uint32_t i = 0; i + 1 < offered.len; i += 2) {
		if (offered.data[i] == TLS_SUITE_AES_128_GCM_SHA256 >> 8)
			return rs_load_be16(offered.data + i) == number;
	}
	return false;
}

/* The server's order, but for clients that put ChaCha20 first. */
static bool choose_suite(struct flight *f)
{
	const struct span offered = f->hello.suites;

	f->number = TLS_SUITE_CHACHA20_POLY1305_SHA256;
	if (!is_first(offered, f->number)) {
		f->number = TLS_SUITE_AES_128_GCM_SHA256;
		while (f->number <= TLS_SUITE_CHACHA20_POLY1305_SHA256 &&
			!rs_tls_hello_lists(offered, f->number))
			f->number++;
	}
	f->suite = rs_tls_suite(f->library, f->number);
	if (!f->suite)
		return false;
	f->hkdf = f->suite->hkdf;
	return true;
}

static bool choose_identity(struct flight *f)
{
	const struct tls_domain *d = f->s->domain;

	f->identity = rs_tls_choose(d, &f->hello, &f->is_named);
	if (!f->is_named && d->strict_sni)
		return false;
	return f->identity->signer;
}

/* False: none in common. */
static bool choose_protocol(struct flight *f)
{
	f->protocol = rs_tls_hello_protocol(f->hello.protocols);
	return f->protocol.len || !f->hello.protocols.len;
}

/* ---- tickets ---- */

static bool hash_name(struct flight *f)
{
	const struct tls_hkdf *h = &f->library->hkdfs[TLS_SHA256];

	return EVP_DigestInit_ex2(h->ctx, h->md, NULL) == 1 &&
	       EVP_DigestUpdate(h->ctx, f->hello.name.data, f->hello.name.len) == 1 &&
	       EVP_DigestFinal_ex(h->ctx, f->name, NULL) == 1;
}

/* It opens, and is for this suite's hash, and for this name. */
static bool is_for_us(struct flight *f, struct span sealed)
{
	return rs_tls_ticket_open(f->s->domain, sealed, &f->ticket) &&
	       f->ticket.secret_bytes == f->hkdf->bytes &&
	       !memcmp(f->ticket.name, f->name, sizeof(f->name));
}

static bool is_psk_ke(const struct flight *f)
{
	return f->hello.psk_ke && f->s->domain->psk_ke;
}

/* In a way that is fine with both sides. */
static bool may_resume(const struct flight *f)
{
	return f->s->domain->ticket_lifetime_s && (f->hello.psk_dhe_ke || is_psk_ke(f));
}

/* The first of them that resumes, if that is one of the first few. */
static void choose_ticket(struct flight *f)
{
	struct span sealed;

	f->resumes = false;
	if (!may_resume(f))
		return;
	for (uint32_t i = 0; i < MAX_TICKETS && !f->resumes &&
			     rs_tls_hello_ticket(&f->hello, i, &sealed, &f->binder);
		i++) {
		f->n_ticket = i;
		f->resumes = is_for_us(f, sealed);
	}
}

/* Section 4.2.11.2. f->secret: the first step, with the ticket's secret. */
static bool is_bound(struct flight *f)
{
	const struct tls_hkdf *h = f->hkdf;
	uint8_t hash[TLS_MAX_HASH], key[TLS_MAX_HASH], binder[TLS_MAX_HASH];
	bool ok = rs_tls_quick_derive(
			  h, f->secret, "res binder", rs_tls_span(h->empty, h->bytes), key) &&
		  EVP_DigestInit_ex2(h->ctx, h->md, NULL) == 1 &&
		  EVP_DigestUpdate(h->ctx, f->message.data, f->hello.n_before_binders) == 1 &&
		  EVP_DigestFinal_ex(h->ctx, hash, NULL) == 1 && finish(h, key, hash, binder) &&
		  f->binder.len == h->bytes && CRYPTO_memcmp(binder, f->binder.data, h->bytes) == 0;

	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(binder, sizeof(binder));
	return ok;
}

/* False: an attack. f->resumes: the key schedule begins with the ticket's secret. */
static bool begin_schedule(struct flight *f, struct tls_quick *q)
{
	q->takes_tickets = may_resume(f);
	q->resumed = f->resumes;
	memcpy(q->name, f->name, sizeof(q->name));
	if (!f->resumes)
		return first_step(f, rs_tls_span(zeros, f->hkdf->bytes));
	memcpy(q->until_s, f->ticket.until_s, sizeof(q->until_s));
	return first_step(f, rs_tls_span(f->ticket.secret, f->hkdf->bytes)) && is_bound(f);
}

/*
 * The ClientHello, if it is all of a record, and for us. Who resumes need not verify a signature
 * (section 4.2.3).
 */
static bool read_hello(struct flight *f, struct span record)
{
	if (!record.len)
		return false;
	f->message = rs_tls_span(record.data + TLS_RECORD_HEADER, record.len - TLS_RECORD_HEADER);
	if (!rs_tls_hello_read(f->message, &f->hello) || !choose_suite(f) || !choose_identity(f) ||
		!choose_protocol(f) || !hash_name(f))
		return false;
	choose_ticket(f);
	f->agrees = !f->resumes || !is_psk_ke(f);
	return (!f->agrees || f->hello.share.len) &&
	       (f->resumes || rs_tls_hello_lists(f->hello.signatures, f->identity->algorithm));
}

/* ---- the first flight ---- */

/* *was_ahead: our pair was made before. False: the client's share is bad, or there is no memory. */
static bool agree(struct flight *f, bool *was_ahead)
{
	const struct tls_group *group = f->hello.group;
	const uint8_t *theirs = f->hello.share.data;

	*was_ahead = false;
	if (group->curve)
		return rs_tls_curves_agree(&f->library->curves, group, theirs, f->share, f->shared);
	return rs_tls_pairs_agree(&f->library->pairs, theirs, f->share, f->shared, was_ahead);
}

/* What the schedule goes on with: zeros if nothing was agreed on (section 7.1). */
static struct span agreed(const struct flight *f)
{
	return f->agrees ? rs_tls_span(f->shared, f->hello.group->shared_bytes)
			 : rs_tls_span(zeros, f->hkdf->bytes);
}

/* To the keys of the handshake. */
static bool begin_keys(struct flight *f)
{
	const struct span hash = rs_tls_span(f->hash, f->hkdf->bytes);
	struct tls_session *s = f->s;
	uint8_t secret[TLS_MAX_HASH];
	bool ok;

	put_server_hello(f);
	ok = EVP_DigestInit_ex2(f->library->transcript, f->hkdf->md, NULL) == 1 &&
	     hear(f, f->message.data, f->message.len) && hear(f, f->hello_out, f->n_hello_out) &&
	     hash_so_far(f) && step(f, agreed(f)) &&
	     rs_tls_quick_derive(f->hkdf, f->secret, "c hs traffic", hash, secret) &&
	     rs_tls_quick_derive(f->hkdf, f->secret, "s hs traffic", hash, f->finished) &&
	     rs_tls_keys_init(&s->rx, s->suite, secret) &&
	     rs_tls_keys_init(&s->tx, s->suite, f->finished);
	OPENSSL_cleanse(secret, sizeof(secret));
	return ok;
}

/* All that follows from our Finished: what the client's says, and the secrets behind it. */
static bool look_ahead(struct flight *f, struct tls_quick *q, uint8_t *server_secret)
{
	const struct tls_hkdf *h = f->hkdf;
	const struct span hash = rs_tls_span(f->hash, h->bytes);
	uint8_t head[TLS_MESSAGE_HEADER];

	rs_tls_put_header(head, TLS_FINISHED, h->bytes);
	return step(f, rs_tls_span(zeros, h->bytes)) &&
	       rs_tls_quick_derive(h, f->secret, "c ap traffic", hash, q->secret) &&
	       rs_tls_quick_derive(h, f->secret, "s ap traffic", hash, server_secret) &&
	       finish(h, f->s->rx.secret, f->hash, q->verify) && hear(f, head, sizeof(head)) &&
	       hear(f, q->verify, h->bytes) && hash_so_far(f) &&
	       rs_tls_quick_derive(h, f->secret, "res master", hash, q->resumption);
}

static bool make_flight(struct flight *f, struct tls_quick *q, uint8_t *server_secret)
{
	if (!begin_keys(f))
		return false;
	put_extensions(f);
	return hear(f, f->out, f->n_out) && (q->resumed || put_proof(f)) && put_finished(f) &&
	       look_ahead(f, q, server_secret);
}

/* Appendix D.4: the CCS is for middleboxes. */
static bool send_flight(struct flight *f, const uint8_t *server_secret)
{
	static const uint8_t ccs[] = {TLS_CONTENT_CCS, 3, 3, 0, 1, 1};
	struct tls_session *s = f->s;
	const struct tls_record_sink sink = rs_tls_lean_sink(s);
	uint8_t header[TLS_RECORD_HEADER] = {TLS_CONTENT_HANDSHAKE, 3, 3};

	rs_tls_put_number(header + 3, f->n_hello_out, 2);
	rs_tls_record_put(&sink, header, sizeof(header));
	rs_tls_record_put(&sink, f->hello_out, f->n_hello_out);
	if (f->hello.session_id.len)
		rs_tls_record_put(&sink, ccs, sizeof(ccs));
	return rs_tls_lean_seal(s, TLS_CONTENT_HANDSHAKE, f->out, f->n_out) == TLS_OK &&
	       rs_tls_keys_change(&s->tx, s->suite, server_secret);
}

static enum tls_status answer(struct flight *f, bool *declined)
{
	struct tls_session *s = f->s;
	uint8_t drawn[sizeof(f->random) + sizeof(s->quick->age_add)]; /* one call costs 0.8 us */
	uint8_t server_secret[TLS_MAX_HASH];
	struct tls_quick *q;
	bool ok, was_ahead = false;

	if (f->agrees && !agree(f, &was_ahead)) { /* OpenSSL says why */
		*declined = true;
		return TLS_OK;
	}
	if (RAND_bytes_ex(f->library->ctx, drawn, sizeof(drawn), 0) != 1)
		return TLS_FAILED;
	q = calloc(1, sizeof(*q));
	if (!q)
		return TLS_FAILED;
	memcpy(f->random, drawn, sizeof(f->random));
	memcpy(q->age_add, drawn + sizeof(f->random), sizeof(q->age_add));
	s->quick = q;
	s->domain->counters[TLS_C_KEYS_AHEAD] += was_ahead;
	s->suite = f->suite;
	s->max_fragment = (uint16_t)f->max_fragment;
	if (!begin_schedule(f, q))
		return rs_tls_lean_refuse(s, TLS_ALERT_DECRYPT_ERROR);
	ok = make_flight(f, q, server_secret) && send_flight(f, server_secret);
	OPENSSL_cleanse(server_secret, sizeof(server_secret));
	return ok ? TLS_WANT_INPUT : TLS_FAILED;
}

static enum tls_status answer_if_there_is_room(struct flight *f, bool *declined)
{
	const uint32_t limit = f->hello.record_limit;
	struct tls_session *s = f->s;
	uint32_t need;

	f->max_fragment = TLS_RECORD_PLAINTEXT;
	if (limit) /* RFC 8449 section 4: it counts the type */
		f->max_fragment = rs_min_u32(limit - 1, TLS_RECORD_PLAINTEXT);
	f->certificate = (struct span){0};
	if (!f->resumes)
		f->certificate = rs_tls_identity_present(f->identity, &f->hello);
	need = HELLO_BYTES +
	       rs_tls_lean_sealed_bytes(SMALL_BYTES + TLS_MAX_SIGNATURE + f->certificate.len,
		       f->max_fragment, TLS_RECORD_OVERHEAD);
	if (s->pipe->total_room(s->self, need) >= need)
		return answer(f, declined);
	*declined = s->got_room; /* OpenSSL does with any */
	return TLS_WANT_ROOM;
}

static enum tls_status take_hello(struct tls_session *s, bool *declined)
{
	struct flight f;
	struct span record;
	enum tls_status status = rs_tls_opening_take(s, &record);

	if (status != TLS_OK)
		return status;
	f.s = s;
	f.library = s->domain->library;
	f.n_out = 0;
	*declined = !read_hello(&f, record);
	if (!*declined)
		status = answer_if_there_is_room(&f, declined);
	OPENSSL_cleanse(f.secret, sizeof(f.secret));
	OPENSSL_cleanse(f.shared, sizeof(f.shared));
	OPENSSL_cleanse(f.finished, sizeof(f.finished));
	OPENSSL_cleanse(&f.ticket, sizeof(f.ticket));
	if (!*declined && status != TLS_WANT_ROOM)
		rs_tls_opening_free(s);
	return status;
}

enum tls_status rs_tls_quick_go_on(struct tls_session *s, uint8_t *text, bool *declined)
{
	enum tls_status status = TLS_WANT_INPUT;

	*declined = false;
	if (!s->quick)
		status = take_hello(s, declined);
	return s->quick && status == TLS_WANT_INPUT ? rs_tls_quick_take_answer(s, text) : status;
}

void rs_tls_quick_free(struct tls_session *s)
{
	if (!s->quick)
		return;
	OPENSSL_cleanse(s->quick, sizeof(*s->quick));
	free(s->quick);
	s->quick = NULL;
}
