/* SPDX-License-Identifier: BSD-2-Clause */
#include "forms.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "access_log.h"
#include "base/bytes.h"
#include "site.h"
#include "temp.h"

#define HOST     "Host: 10.99.0.2\r\n"
#define CHANGED  784111777 /* is the next one */
#define CHANGED_ "Sun, 06 Nov 1994 08:49:37 GMT"

/* As asset pipelines name them: 89 bytes. */
#define ASSET                                                                                      \
	"/assets/javascripts/vendor~application-checkout-7f83b1657ff1fc53b92dc18148a1d65d.min.js"

#define STYLE "/assets/style.css" /* of three segments */

#define CURL HOST "User-Agent: curl/7.88.1\r\nAccept: */*\r\n"

#define CHROME                                                                                     \
	HOST "Connection: keep-alive\r\n"                                                          \
	     "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) " \
	     "Chrome/131.0.0.0 Safari/537.36\r\n"

#define CHROME_PAGE                                                                                \
	CHROME "Upgrade-Insecure-Requests: 1\r\n"                                                  \
	       "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,"         \
	       "image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7\r\n"        \
	       "Accept-Encoding: gzip, deflate\r\n"                                                \
	       "Accept-Language: en-US,en;q=0.9\r\n"

#define CHROME_ASSET                                                                               \
	CHROME "Accept: */*\r\n"                                                                   \
	       "Referer: http://10.99.0.2/\r\n"                                                    \
	       "Accept-Encoding: gzip, deflate\r\n"                                                \
	       "Accept-Language: en-US,en;q=0.9\r\n"

#define GET(path) "GET " path " HTTP/1.1\r\n"

static const struct form forms[] = {
	{"wrk", "wrk, the page", GET("/"), HOST, "200", FORM_PLAIN},
	{"ab", "ab -k, the page", "GET / HTTP/1.0\r\n",
		"Connection: Keep-Alive\r\n" HOST "User-Agent: ApacheBench/2.3\r\nAccept: */*\r\n",
		"200", FORM_PLAIN},
	{"h2load", "h2load --h1, the page", GET("/"), HOST "User-Agent: h2load nghttp2/1.52.0\r\n",
		"200", FORM_PLAIN},
	{"curl", "curl, the page", GET("/"), CURL, "200", FORM_PLAIN},
	{"log", "the same, with an access log", GET("/"), CURL, "200", FORM_LOGGED},
	{"curl-asset", "curl, a path of 89 bytes", GET(ASSET), CURL, "200", FORM_PLAIN},
	{"curl-head", "curl -I", "HEAD / HTTP/1.1\r\n", CURL, "200", FORM_PLAIN},
	{"curl-404", "curl, a path where nothing is", GET("/favicon.ico"), CURL, "404", FORM_PLAIN},
	{"curl-range", "curl -r 0-99", GET("/"),
		HOST "Range: bytes=0-99\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n", "206",
		FORM_PLAIN},
	{"curl-gzip", "curl --compressed", GET("/"),
		CURL "Accept-Encoding: deflate, gzip, br, zstd\r\n", "200", FORM_PLAIN},
	{"curl-style", "curl, a file of 4,000 bytes", GET(STYLE), CURL, "200", FORM_PLAIN},
	{"curl-304", "curl -z", GET("/"), CURL "If-Modified-Since: " CHANGED_ "\r\n", "304",
		FORM_PLAIN},
	{"chrome", "Chrome, the page", GET("/"), CHROME_PAGE, "200", FORM_PLAIN},
	{"chrome-asset", "Chrome, a path of 89 bytes", GET(ASSET), CHROME_ASSET, "200", FORM_PLAIN},
	{"chrome-style", "Chrome, a file of 4,000 bytes", GET(STYLE), CHROME_ASSET, "200",
		FORM_PLAIN},
	{"chrome-304", "Chrome, the path of 89 bytes, revalidated", GET(ASSET),
		CHROME_ASSET "If-Modified-Since: " CHANGED_ "\r\n", "304", FORM_PLAIN},
	{"chrome-404", "Chrome, its favicon, which is not there", GET("/favicon.ico"), CHROME_ASSET,
		"404", FORM_PLAIN},
	{"chrome-cookie", "Chrome, the page, a cookie of 1,200 bytes of each connection's own",
		GET("/"), CHROME_PAGE, "200", FORM_COOKIE},
	{"chrome-split", "Chrome, the page, the head in two segments", GET("/"), CHROME_PAGE, "200",
		FORM_SPLIT},
};

const struct form *form_named(const char *name)
{
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(forms); i++) {
		if (strcmp(forms[i].name, name) == 0)
			return &forms[i];
	}
	return NULL;
}

void forms_list(void)
{
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(forms); i++)
		printf("%s\t%s\n", forms[i].name, forms[i].what);
}

void form_write(const struct form *form, uint32_t i, char text[FORM_MAX_BYTES])
{
	char cookie[1300] = "";

	if (form->kind == FORM_COOKIE)
		snprintf(cookie, sizeof(cookie), "Cookie: session=%01200u\r\n", i);
	snprintf(text, FORM_MAX_BYTES, "%s%s%s\r\n", form->line, form->fields, cookie);
}

/* ---- the site ---- */

static struct site_options site_options;
static struct access_options log_options = {.sample = 1, .format = "combined"};
static struct access_writer writer;
static struct site_set *set;

static void put(const char *root, const char *name, uint32_t len)
{
	const struct timespec times[2] = {{.tv_sec = CHANGED}, {.tv_sec = CHANGED}};
	char path[400];
	int fd;

	snprintf(path, sizeof(path), "%s%s", root, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	RIG_CHECK(fd >= 0);
	for (uint32_t i = 0; i < len; i++)
		RIG_CHECK(write(fd, &(char){(char)('a' + i % 23)}, 1) == 1);
	RIG_CHECK(futimens(fd, times) == 0);
	close(fd);
}

static void put_folder(const char *root, const char *name)
{
	char path[400];

	snprintf(path, sizeof(path), "%s%s", root, name);
	RIG_CHECK(mkdir(path, 0755) == 0);
}

static void say(const char *line)
{
	(void)line;
}

void forms_site_open(struct rig *rig, const struct form *form)
{
	static char root[TEMP_PATH_BYTES], log[2 * TEMP_PATH_BYTES];
	struct http_core *web = &rig->net->web;

	temp_new_dir(root);
	put(root, "/index.html", 1024);
	put(root, "/index.html.gz", 300);
	put_folder(root, "/assets");
	put_folder(root, "/assets/javascripts");
	put(root, STYLE, 4000);
	put(root, ASSET, 1200);
	put(root, ASSET ".gz", 500);
	site_options.sites[0].dir = root;
	site_options.n_sites = 1;
	set = rs_site_load(&site_options, NULL, &(struct site_audience){.say = say});
	RIG_CHECK(set);
	rs_site_configure_http(&site_options, &rig->http);
	RIG_CHECK(rs_site_core_offer(&web->site, set));
	rs_site_core_change(&web->site, &web->env);
	if (form->kind == FORM_LOGGED) {
		snprintf(log, sizeof(log), "%s/../access.log", root);
		log_options.path = log;
	}
	RIG_CHECK(rs_access_writer_init(&writer, &log_options) == 0);
	RIG_CHECK(rs_access_writer_add_core(&writer, &web->log, &web->env, false) == 0);
}

void forms_site_tick(uint64_t now_us)
{
	rs_access_writer_tick(&writer, now_us);
}

void forms_site_fini(struct rig *rig)
{
	rs_access_writer_fini(&writer);
	rig_fini(rig);
	rs_site_free(set);
}
