/* SPDX-License-Identifier: BSD-2-Clause */
#include "telem/access_directives.h"

#include <arpa/inet.h>
#include <strings.h>
#include <time.h>

#define US_PER_SECOND 1000000u
#define US_PER_MS     1000u

/* Dates with years of six digits, and a minor version of three: a record is capable of them. */
#define CLF_TIME_BYTES 32
#define TIME_BYTES     256 /* a date takes 12 bytes, and two of ACCESS_MAX_FORM_BYTES */
#define PROTOCOL_BYTES 10
#define STATUS_BYTES   5
#define PORT_BYTES     5
#define METHOD_BYTES   (ACCESS_ESCAPE_BYTES * ACCESS_METHOD_BYTES)
#define ESCAPED_BYTES  (ACCESS_ESCAPE_BYTES * ACCESS_TEXT_BYTES)
#define REQUEST_BYTES  (METHOD_BYTES + 1 + ESCAPED_BYTES + 1 + PROTOCOL_BYTES)

static void put_or_dash(struct access_out *out, struct span text)
{
	if (text.data)
		rs_access_put_escaped(out, text);
	else
		rs_access_put_str(out, "-");
}

/* ---- Numbers and addresses -------------------------------------------------------------- */

void rs_access_put_client(struct access_out *out, const struct access_record *record)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	bool is_ipv4 = memcmp(record->client, mapped, sizeof(mapped)) == 0;
	char text[INET6_ADDRSTRLEN];

	if (is_ipv4)
		inet_ntop(AF_INET, record->client + sizeof(mapped), text, sizeof(text));
	else
		inet_ntop(AF_INET6, record->client, text, sizeof(text));
	rs_access_put_str(out, text);
}

static void put_client(struct access_line *line)
{
	rs_access_put_client(&line->out, line->record);
}

static void put_client_port(struct access_line *line)
{
	rs_access_put_number(&line->out, line->record->client_port, 0);
}

static void put_local_port(struct access_line *line)
{
	rs_access_put_number(&line->out, line->record->local_port, 0);
}

static void put_status(struct access_line *line)
{
	rs_access_put_number(&line->out, line->record->status, 0);
}

static void put_bytes(struct access_line *line)
{
	rs_access_put_number(&line->out, line->record->bytes_sent, 0);
}

static void put_bytes_or_dash(struct access_line *line)
{
	if (line->record->bytes_sent)
		rs_access_put_number(&line->out, line->record->bytes_sent, 0);
	else
		rs_access_put_str(&line->out, "-");
}

static void put_duration_us(struct access_line *line)
{
	rs_access_put_number(&line->out, line->record->duration_us, 0);
}

static void put_duration_ms(struct access_line *line)
{
	rs_access_put_number(&line->out, line->record->duration_us / US_PER_MS, 0);
}

static void put_duration_s(struct access_line *line)
{
	rs_access_put_number(&line->out, line->record->duration_us / US_PER_SECOND, 0);
}

/* ---- Times ------------------------------------------------------------------------------ */

void rs_access_put_time(struct access_out *out, uint64_t unix_us, const char *form)
{
	time_t seconds = (time_t)(unix_us / US_PER_SECOND);
	char text[TIME_BYTES];
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		rs_access_put(out, text, (uint32_t)strftime(text, sizeof(text), form, &tm));
}

static uint64_t moment_us(const struct access_line *line)
{
	return line->record->unix_us + (line->item->of_end ? line->record->duration_us : 0);
}

static void put_time(struct access_line *line)
{
	rs_access_put_time(&line->out, moment_us(line), "[%d/%b/%Y:%H:%M:%S %z]");
}

static void put_time_form(struct access_line *line)
{
	rs_access_put_time(&line->out, moment_us(line), line->text + line->item->text);
}

static void put_time_s(struct access_line *line)
{
	rs_access_put_number(&line->out, moment_us(line) / US_PER_SECOND, 0);
}

static void put_time_ms(struct access_line *line)
{
	rs_access_put_number(&line->out, moment_us(line) / US_PER_MS, 0);
}

static void put_time_us(struct access_line *line)
{
	rs_access_put_number(&line->out, moment_us(line), 0);
}

static void put_fraction_ms(struct access_line *line)
{
	rs_access_put_number(&line->out, moment_us(line) % US_PER_SECOND / US_PER_MS, 3);
}

static void put_fraction_us(struct access_line *line)
{
	rs_access_put_number(&line->out, moment_us(line) % US_PER_SECOND, 6);
}

/* ---- The request ------------------------------------------------------------------------ */

static void put_method(struct access_line *line)
{
	put_or_dash(&line->out,
		line->record->method_len ? rs_access_method(line->record) : (struct span){0});
}

void rs_access_put_protocol(struct access_out *out, const struct access_record *record)
{
	rs_access_put_str(out, "HTTP/1.");
	rs_access_put_number(out, record->minor_version, 0);
}

static void put_protocol(struct access_line *line)
{
	rs_access_put_protocol(&line->out, line->record);
}

static void put_request(struct access_line *line)
{
	struct span target = rs_access_text(line->record, ACCESS_TARGET);

	if (!line->record->method_len || !target.data) {
		put_or_dash(&line->out, target);
		return;
	}
	rs_access_put_escaped(&line->out, rs_access_method(line->record));
	rs_access_put_str(&line->out, " ");
	rs_access_put_escaped(&line->out, target);
	rs_access_put_str(&line->out, " ");
	rs_access_put_protocol(&line->out, line->record);
}

/* How many bytes come before the first of these, or before the end. */
static uint32_t length_before(struct span text, const char *stops)
{
	uint32_t n = 0;

	while (n < text.len && (!text.data[n] || !strchr(stops, text.data[n])))
		n++;
	return n;
}

static struct span without(struct span text, uint32_t n)
{
	return (struct span){.data = text.data + n, .len = text.len - n};
}

/* Path and query: of http://host/path (RFC 9112 section 3.2.2) what is behind the host. */
static struct span origin_form(struct span target)
{
	uint32_t n = length_before(target, ":/?");

	if (target.len - n < 3 || memcmp(target.data + n, "://", 3) != 0)
		return target;
	target = without(target, n + 3);
	return without(target, length_before(target, "/?"));
}

static void put_path(struct access_line *line)
{
	struct span target = rs_access_text(line->record, ACCESS_TARGET), origin;

	if (!target.data) {
		rs_access_put_str(&line->out, "-");
		return;
	}
	origin = origin_form(target);
	origin.len = length_before(origin, "?");
	if (origin.len)
		rs_access_put_escaped(&line->out, origin);
	else
		rs_access_put_str(&line->out, "/");
}

static void put_query(struct access_line *line)
{
	struct span target = rs_access_text(line->record, ACCESS_TARGET);

	if (target.data)
		rs_access_put_escaped(&line->out, without(target, length_before(target, "?")));
}

/* host:port or [v6]:port without :port. */
static struct span without_port(struct span host)
{
	for (uint32_t n = host.len; n > 0 && host.data[n - 1] != ']'; n--) {
		if (host.data[n - 1] == ':')
			return (struct span){.data = host.data, .len = n - 1};
	}
	return host;
}

static void put_host(struct access_line *line)
{
	struct span host = rs_access_text(line->record, ACCESS_HOST);

	put_or_dash(&line->out, host.data ? without_port(host) : host);
}

static void put_host_field(struct access_line *line)
{
	put_or_dash(&line->out, rs_access_text(line->record, ACCESS_HOST));
}

static void put_referer(struct access_line *line)
{
	put_or_dash(&line->out, rs_access_text(line->record, ACCESS_REFERER));
}

static void put_user_agent(struct access_line *line)
{
	put_or_dash(&line->out, rs_access_text(line->record, ACCESS_USER_AGENT));
}

static void put_connection(struct access_line *line)
{
	if (line->record->flags & ACCESS_ABORTED)
		rs_access_put_str(&line->out, "X");
	else
		rs_access_put_str(&line->out, line->record->flags & ACCESS_KEPT ? "+" : "-");
}

/* ---- The rest --------------------------------------------------------------------------- */

static void put_dash(struct access_line *line)
{
	rs_access_put_str(&line->out, "-");
}

static void put_percent(struct access_line *line)
{
	rs_access_put_str(&line->out, "%");
}

void rs_access_put_literal(struct access_line *line)
{
	rs_access_put(&line->out, line->text + line->item->text, line->item->text_len);
}

static const struct access_directive directives[] = {
	{'%', "", put_percent, 1, false},
	{'h', "", put_client, INET6_ADDRSTRLEN, false},
	{'a', "", put_client, INET6_ADDRSTRLEN, false},
	{'l', "", put_dash, 1, false},
	{'u', "", put_dash, 1, false},
	{'t', "", put_time, CLF_TIME_BYTES, false},
	{'t', "sec", put_time_s, ACCESS_NUMBER_BYTES, false},
	{'t', "msec", put_time_ms, ACCESS_NUMBER_BYTES, false},
	{'t', "usec", put_time_us, ACCESS_NUMBER_BYTES, false},
	{'t', "msec_frac", put_fraction_ms, 3, false},
	{'t', "usec_frac", put_fraction_us, 6, false},
	{'r', "", put_request, REQUEST_BYTES, false},
	{'m', "", put_method, METHOD_BYTES, false},
	{'U', "", put_path, ESCAPED_BYTES, false},
	{'q', "", put_query, ESCAPED_BYTES, false},
	{'H', "", put_protocol, PROTOCOL_BYTES, false},
	{'s', "", put_status, STATUS_BYTES, false},
	{'B', "", put_bytes, ACCESS_NUMBER_BYTES, false},
	{'b', "", put_bytes_or_dash, ACCESS_NUMBER_BYTES, false},
	{'D', "", put_duration_us, ACCESS_NUMBER_BYTES, true},
	{'T', "", put_duration_s, ACCESS_NUMBER_BYTES, true},
	{'T', "s", put_duration_s, ACCESS_NUMBER_BYTES, true},
	{'T', "ms", put_duration_ms, ACCESS_NUMBER_BYTES, true},
	{'T', "us", put_duration_us, ACCESS_NUMBER_BYTES, true},
	{'p', "", put_local_port, PORT_BYTES, false},
	{'p', "canonical", put_local_port, PORT_BYTES, false},
	{'p', "local", put_local_port, PORT_BYTES, false},
	{'p', "remote", put_client_port, PORT_BYTES, false},
	{'v', "", put_host, ESCAPED_BYTES, false},
	{'V', "", put_host, ESCAPED_BYTES, false},
	{'i', "Host", put_host_field, ESCAPED_BYTES, false},
	{'i', "Referer", put_referer, ESCAPED_BYTES, false},
	{'i', "User-Agent", put_user_agent, ESCAPED_BYTES, false},
	{'X', "", put_connection, 1, true},
};

const struct access_directive rs_access_time_form = {'t', NULL, put_time_form, TIME_BYTES, false};

/* Names of fields differ by more than the case of letters (RFC 9110 section 5.1); nothing else does
 * that is told apart here. */
const struct access_directive *rs_access_find_directive(char letter, struct span argument)
{
	for (uint32_t i = 0; i < RS_ARRAY_SIZE(directives); i++) {
		const struct access_directive *d = &directives[i];

		if (d->letter == letter && strlen(d->argument) == argument.len &&
			strncasecmp(d->argument, (const char *)argument.data, argument.len) == 0)
			return d;
	}
	return NULL;
}
