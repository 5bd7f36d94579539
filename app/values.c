/* SPDX-License-Identifier: BSD-2-Clause */
#include "values.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "wire/ipv4.h"

#define MAX_CORE 1023

_Static_assert(VALUE_ADDR_TEXT == INET6_ADDRSTRLEN, "room for an address");

bool rs_value_number(const char *text, uint64_t *n)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*n = strtoull(text, &end, 10);
	return !errno && !*end;
}

bool rs_value_bytes(const char *text, uint64_t *n_bytes)
{
	static const char suffixes[] = "kMG";
	char digits[24];
	size_t len = strlen(text);
	const char *suffix = len ? strchr(suffixes, text[len - 1]) : NULL;
	uint32_t shift = suffix ? (uint32_t)(suffix - suffixes + 1) * 10 : 0;

	if (!len || len >= sizeof(digits))
		return false;
	memcpy(digits, text, len + 1);
	if (suffix)
		digits[len - 1] = 0;
	if (!rs_value_number(digits, n_bytes) || *n_bytes > UINT64_MAX >> shift)
		return false;
	*n_bytes <<= shift;
	return true;
}

bool rs_value_token(const char *text, size_t max_bytes)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "!#$%&'*+-.^_`|~";
	size_t len = strlen(text);

	return len && len <= max_bytes && strspn(text, chars) == len;
}

bool rs_value_addr(const char *text, uint8_t addr[16], uint8_t *family)
{
	struct in_addr v4;

	if (inet_pton(AF_INET6, text, addr) == 1) {
		*family = 6;
		return !rs_ipv4_is_mapped(addr);
	}
	if (inet_pton(AF_INET, text, &v4) != 1)
		return false;
	rs_ipv4_map(addr, v4.s_addr);
	*family = 4;
	return true;
}

bool rs_value_prefix(const char *text, struct wire_addr *prefix)
{
	char addr[VALUE_ADDR_TEXT];
	const char *slash = strchr(text, '/');
	uint64_t len;

	if (!slash || (size_t)(slash - text) >= sizeof(addr))
		return false;
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = 0;
	if (!rs_value_addr(addr, prefix->addr, &prefix->family) ||
		!rs_value_number(slash + 1, &len))
		return false;
	if (len < 1 || len > (prefix->family == 4 ? 32 : 128))
		return false;
	prefix->prefix_len = (uint8_t)len;
	return true;
}

static bool is_ipv6_literal(const char *text)
{
	size_t len = strlen(text);
	char addr[VALUE_ADDR_TEXT];
	uint8_t bytes[16];

	if (len < 2 || len - 2 >= sizeof(addr) || text[0] != '[' || text[len - 1] != ']')
		return false;
	memcpy(addr, text + 1, len - 2);
	addr[len - 2] = 0;
	return inet_pton(AF_INET6, addr, bytes) == 1;
}

/* Underscores are in names that people use, though not in those of RFC 952. */
bool rs_value_host(const char *text)
{
	if (is_ipv6_literal(text))
		return true;
	for (;; text++) {
		size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789-_");

		if (!n)
			return false;
		text += n;
		if (*text != '.')
			return !*text;
	}
}

bool rs_value_hosts(const char *text)
{
	bool is_wildcard = !strncmp(text, "*.", 2);

	return rs_value_host(is_wildcard ? text + 2 : text) &&
	       !(is_wildcard && (text[2] == '[' || isdigit((unsigned char)text[strlen(text) - 1])));
}

bool rs_value_origin(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789+-.";
	size_t n_scheme = strspn(text, letters);
	const char *host, *bracket, *colon;
	char bare[VALUE_ORIGIN_BYTES + 1];
	uint64_t port;

	if (!n_scheme || strlen(text) > VALUE_ORIGIN_BYTES || strncmp(text + n_scheme, "://", 3))
		return false;
	host = text + n_scheme + strlen("://");
	bracket = strchr(host, ']');
	colon = strchr(bracket ? bracket : host, ':');
	if (colon && (!rs_value_number(colon + 1, &port) || !port || port > UINT16_MAX))
		return false;
	snprintf(
		bare, sizeof(bare), "%.*s", colon ? (int)(colon - host) : VALUE_ORIGIN_BYTES, host);
	return rs_value_host(bare) && !strpbrk(bare, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

static bool add_core(struct core_list *list, uint16_t core)
{
	for (uint32_t i = 0; i < list->n; i++) {
		if (list->ids[i] == core)
			return false;
	}
	if (list->n == CORE_LIST_MAX)
		return false;
	list->ids[list->n++] = core;
	return true;
}

/* A core at *text, which moves on behind it. */
static bool read_core(const char **text, uint32_t *core)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	*core = (uint32_t)rs_min_u64(strtoul(*text, &end, 10), MAX_CORE + 1);
	*text = end;
	return *core <= MAX_CORE;
}

bool rs_value_cores(const char *text, struct core_list *list)
{
	list->n = 0;
	for (;; text++) {
		uint32_t first, last;

		if (!read_core(&text, &first))
			return false;
		last = first;
		if (*text == '-') {
			text++;
			if (!read_core(&text, &last) || last < first)
				return false;
		}
		for (; first <= last; first++) {
			if (!add_core(list, (uint16_t)first))
				return false;
		}
		if (*text != ',')
			return !*text;
	}
}

uint8_t rs_value_mapped_len(const struct wire_addr *prefix)
{
	return (uint8_t)(prefix->family == 4 ? prefix->prefix_len + 96 : prefix->prefix_len);
}

bool rs_value_host_bits_are(const struct wire_addr *prefix, uint32_t bit)
{
	for (uint32_t i = rs_value_mapped_len(prefix); i < 128; i++) {
		if ((prefix->addr[i / 8] >> (7 - i % 8) & 1u) != bit)
			return false;
	}
	return true;
}

const char *rs_value_addr_text(const uint8_t addr[16], char text[VALUE_ADDR_TEXT])
{
	bool v4 = rs_ipv4_is_mapped(addr);

	inet_ntop(v4 ? AF_INET : AF_INET6, addr + (v4 ? IPV4_MAPPED_AT : 0), text, VALUE_ADDR_TEXT);
	return text;
}

const char *rs_value_mac_text(const uint8_t mac[6], char text[VALUE_MAC_TEXT])
{
	snprintf(text, VALUE_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		mac[3], mac[4], mac[5]);
	return text;
}
