/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/tickets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "base/bytes.h"

static struct tls_ticket_key *slot_of(struct tls_tickets *t, uint32_t number)
{
	return &t->slots[number % TLS_TICKET_SLOTS];
}

/* The oldest goes: whoever reads its slot meanwhile finds out by what is the newest now. */
static void push(struct tls_tickets *t, const struct tls_ticket_key *key)
{
	uint32_t newest = t->newest + 1;

	*slot_of(t, newest) = *key;
	__atomic_store_n(&t->newest, newest, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	OPENSSL_cleanse(slot_of(t, newest - TLS_TICKET_KEYS), sizeof(*key));
}

static int draw(struct tls_ticket_key *key)
{
	return RAND_bytes((uint8_t *)key, sizeof(*key)) == 1 ? 0 : -EIO;
}

int rs_tls_tickets_rotate(struct tls_tickets *t)
{
	struct tls_ticket_key key;

	if (draw(&key))
		return -EIO;
	push(t, &key);
	OPENSSL_cleanse(&key, sizeof(key));
	return 0;
}

int rs_tls_tickets_init(struct tls_tickets *t)
{
	memset(t, 0, sizeof(*t));
	for (uint32_t i = 0; i < TLS_TICKET_KEYS; i++) { /* no key is all zero */
		if (rs_tls_tickets_rotate(t))
			return -EIO;
	}
	return 0;
}

int rs_tls_tickets_read(struct tls_ticket_file *file, const char *path, char *why, size_t why_bytes)
{
	FILE *from = fopen(path, "rb");
	size_t got;

	if (!from) {
		int err = errno;

		snprintf(why, why_bytes, "--ticket-keys %s: %s", path, strerror(err));
		return -err;
	}
	setbuf(from, NULL); /* nothing of them stays behind */
	got = fread(file->keys, 1, sizeof(file->keys), from);
	fclose(from);
	file->n = (uint32_t)(got / TLS_TICKET_KEY_BYTES);
	if (file->n && file->n <= TLS_TICKET_KEYS && got % TLS_TICKET_KEY_BYTES == 0)
		return 0;
	snprintf(why, why_bytes, "--ticket-keys %s: expected 1 to %d keys of %d bytes", path,
		TLS_TICKET_KEYS, TLS_TICKET_KEY_BYTES);
	OPENSSL_cleanse(file, sizeof(*file));
	return -EINVAL;
}

void rs_tls_tickets_use(struct tls_tickets *t, struct tls_ticket_file *file)
{
	/* The last first, and that one as often as it takes to push out all others. */
	for (uint32_t i = TLS_TICKET_KEYS; i-- > 0;)
		push(t, &file->keys[i < file->n ? i : file->n - 1]);
	OPENSSL_cleanse(file, sizeof(*file));
}

/* False: it is not, or has been wiped meanwhile. */
static bool is_kept(const struct tls_tickets *t, uint32_t number)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&t->newest, __ATOMIC_RELAXED) - number < TLS_TICKET_KEYS;
}

void rs_tls_tickets_newest(const struct tls_tickets *t, struct tls_ticket_key *key)
{
	uint32_t newest;

	do {
		newest = __atomic_load_n(&t->newest, __ATOMIC_ACQUIRE);
		*key = t->slots[newest % TLS_TICKET_SLOTS];
	} while (rs_unlikely(!is_kept(t, newest))); /* a file of keys came */
}

bool rs_tls_tickets_find(const struct tls_tickets *t, const uint8_t name[16],
	struct tls_ticket_key *key, bool *is_newest)
{
	uint32_t newest = __atomic_load_n(&t->newest, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < TLS_TICKET_KEYS; i++) {
		const struct tls_ticket_key *k = &t->slots[(newest - i) % TLS_TICKET_SLOTS];

		if (memcmp(k->name, name, sizeof(k->name)) != 0)
			continue;
		*key = *k;
		*is_newest = i == 0;
		if (is_kept(t, newest - i))
			return true;
		OPENSSL_cleanse(key, sizeof(*key));
		break;
	}
	return false;
}
