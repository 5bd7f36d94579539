/* SPDX-License-Identifier: BSD-2-Clause */
#include "tls/provider.h"

#include <openssl/core_dispatch.h>

/* Whose provider is being loaded: OpenSSL's way to tell us has no room for it. */
static _Thread_local struct tls_library *loading;

static const OSSL_ALGORITHM *query(void *provider, int operation, int *no_cache)
{
	(void)provider;
	*no_cache = 0;
	switch (operation) {
	case OSSL_OP_KDF:
		return rs_tls_provider_kdfs;
	case OSSL_OP_CIPHER:
		return rs_tls_provider_ciphers;
	default:
		return NULL;
	}
}

static int init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
	void **provider)
{
	static const OSSL_DISPATCH dispatch[] = {
		{OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
		{0, NULL},
	};

	(void)handle;
	(void)in;
	*out = dispatch;
	*provider = loading;
	return loading != NULL;
}

bool rs_tls_provider_load(struct tls_library *library)
{
	loading = library;
	library->providers[0] = OSSL_PROVIDER_load(library->ctx, "default");
	if (OSSL_PROVIDER_add_builtin(library->ctx, TLS_PROVIDER, init) == 1)
		library->providers[1] = OSSL_PROVIDER_load(library->ctx, TLS_PROVIDER);
	loading = NULL;
	return library->providers[0] && library->providers[1];
}

void rs_tls_provider_unload(struct tls_library *library)
{
	for (uint32_t i = 2; i-- > 0;) {
		if (library->providers[i])
			OSSL_PROVIDER_unload(library->providers[i]);
	}
}
