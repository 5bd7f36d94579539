/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/methods.h"

const struct http_method_name rs_http_method_names[HTTP_N_METHODS] = {
	[HTTP_GET] = {3, "GET"},
	[HTTP_HEAD] = {4, "HEAD"},
	[HTTP_POST] = {4, "POST"},
	[HTTP_PUT] = {3, "PUT"},
	[HTTP_DELETE] = {6, "DELETE"},
	[HTTP_CONNECT] = {7, "CONNECT"},
	[HTTP_OPTIONS] = {7, "OPTIONS"},
	[HTTP_TRACE] = {5, "TRACE"},
	[HTTP_PATCH] = {5, "PATCH"},
};
