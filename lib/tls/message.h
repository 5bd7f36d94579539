/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handshake messages of TLS 1.3 (RFC 8446 section 4): their numbers, those of TLS 1.2 that hellos
 * have beside them, and what it takes to put one together. Includes base. Private to lib/tls.
 */
#ifndef RS_TLS_MESSAGE_H
#define RS_TLS_MESSAGE_H

#include <stdint.h>
#include <string.h>

#include "base/sendq.h"

#define TLS_MESSAGE_HEADER 4
#define TLS_X25519_BYTES   32 /* of a share, and of a secret */

/* Section 4.1.3 */
enum tls_version {
	TLS_VERSION_1_2 = 0x0303, /* and what 1.3 says for the sake of middleboxes */
	TLS_VERSION_1_3 = 0x0304,
};

enum tls_message {
	TLS_CLIENT_HELLO = 1,
	TLS_SERVER_HELLO = 2,
	TLS_NEW_SESSION_TICKET = 4,
	TLS_ENCRYPTED_EXTENSIONS = 8,
	TLS_CERTIFICATE = 11,
	TLS_CERTIFICATE_REQUEST = 13,
	TLS_CERTIFICATE_VERIFY = 15,
	TLS_CLIENT_KEY_EXCHANGE = 16, /* of TLS 1.2 */
	TLS_FINISHED = 20,
	TLS_KEY_UPDATE = 24,
	TLS_COMPRESSED_CERTIFICATE = 25, /* RFC 8879 */
};

/* Section 4.2 */
enum tls_extension {
	TLS_EXT_SERVER_NAME = 0,
	TLS_EXT_MAX_FRAGMENT_LENGTH = 1,
	TLS_EXT_STATUS_REQUEST = 5,
	TLS_EXT_SUPPORTED_GROUPS = 10,
	TLS_EXT_SIGNATURE_ALGORITHMS = 13,
	TLS_EXT_ALPN = 16,
	TLS_EXT_PADDING = 21,
	TLS_EXT_COMPRESS_CERTIFICATE = 27,
	TLS_EXT_RECORD_SIZE_LIMIT = 28,
	TLS_EXT_PRE_SHARED_KEY = 41,
	TLS_EXT_EARLY_DATA = 42,
	TLS_EXT_SUPPORTED_VERSIONS = 43,
	TLS_EXT_COOKIE = 44,
	TLS_EXT_PSK_MODES = 45,
	TLS_EXT_CERTIFICATE_AUTHORITIES = 47,
	TLS_EXT_POST_HANDSHAKE_AUTH = 49,
	TLS_EXT_SIGNATURE_ALGORITHMS_CERT = 50,
	TLS_EXT_KEY_SHARE = 51,
	TLS_EXT_ENCRYPTED_CLIENT_HELLO = 0xfe0d,
};

/* RFC 8879 section 7.3 */
enum tls_compression {
	TLS_COMPRESSION_NONE,
	TLS_COMPRESSION_ZLIB,
	TLS_COMPRESSION_BROTLI,
	TLS_COMPRESSION_ZSTD,
	TLS_N_COMPRESSIONS,
};

/* Section 4.2.7 */
enum tls_named_group {
	TLS_GROUP_SECP256R1 = 23,
	TLS_GROUP_SECP384R1 = 24,
	TLS_GROUP_SECP521R1 = 25,
	TLS_GROUP_X25519 = 29,
};

/* Section 4.2.3 */
enum tls_signature {
	TLS_SIGNATURE_RSA_PKCS1_SHA256 = 0x0401, /* TLS 1.2 only, and the like */
	TLS_SIGNATURE_RSA_PKCS1_SHA384 = 0x0501,
	TLS_SIGNATURE_RSA_PKCS1_SHA512 = 0x0601,
	TLS_SIGNATURE_ECDSA_P256_SHA256 = 0x0403,
	TLS_SIGNATURE_ECDSA_P384_SHA384 = 0x0503,
	TLS_SIGNATURE_ECDSA_P521_SHA512 = 0x0603,
	TLS_SIGNATURE_RSA_PSS_RSAE_SHA256 = 0x0804,
	TLS_SIGNATURE_RSA_PSS_RSAE_SHA384 = 0x0805,
	TLS_SIGNATURE_RSA_PSS_RSAE_SHA512 = 0x0806,
	TLS_SIGNATURE_ED25519 = 0x0807,
	TLS_SIGNATURE_ED448 = 0x0808,
	TLS_SIGNATURE_RSA_PSS_PSS_SHA256 = 0x0809,
	TLS_SIGNATURE_RSA_PSS_PSS_SHA384 = 0x080a,
	TLS_SIGNATURE_RSA_PSS_PSS_SHA512 = 0x080b,
};

/* Section B.4, one after the other as enum tls_aead_kind is; and of TLS 1.2, by what signs. */
enum tls_suite {
	TLS_SUITE_AES_128_GCM_SHA256 = 0x1301,
	TLS_SUITE_AES_256_GCM_SHA384 = 0x1302,
	TLS_SUITE_CHACHA20_POLY1305_SHA256 = 0x1303,
	TLS_SUITE_ECDSA_AES_128_GCM = 0xc02b,
	TLS_SUITE_ECDSA_AES_256_GCM = 0xc02c,
	TLS_SUITE_RSA_AES_128_GCM = 0xc02f,
	TLS_SUITE_RSA_AES_256_GCM = 0xc030,
	TLS_SUITE_RSA_CHACHA20_POLY1305 = 0xcca8,
	TLS_SUITE_ECDSA_CHACHA20_POLY1305 = 0xcca9,
};

static inline struct span rs_tls_span(const void *data, uint32_t len)
{
	return (struct span){.data = data, .len = len};
}

static inline struct span rs_tls_text(const char *text)
{
	return rs_tls_span(text, (uint32_t)strlen(text));
}

/* The last bytes of a number, at most 4. Returns how many. */
static inline uint32_t rs_tls_put_number(uint8_t *to, uint32_t number, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		to[i] = (uint8_t)(number >> 8 * (bytes - 1 - i));
	return bytes;
}

static inline uint32_t rs_tls_put_bytes(uint8_t *to, const uint8_t *from, uint32_t n)
{
	if (n)
		memcpy(to, from, n);
	return n;
}

/* Type and length of a message of bytes. Returns TLS_MESSAGE_HEADER. */
static inline uint32_t rs_tls_put_header(uint8_t *to, enum tls_message type, uint32_t bytes)
{
	to[0] = (uint8_t)type;
	return 1 + rs_tls_put_number(to + 1, bytes, 3);
}

#endif
