/* SPDX-License-Identifier: BSD-2-Clause */
/* The line that is an object of JSON. */
#include "telem/access_directives.h"

#define US_PER_SECOND 1000000u

/* Each value follows its name, which ends what came before it. */
static void put_number(struct access_out *out, const char *name, uint64_t n)
{
	rs_access_put_str(out, name);
	rs_access_put_number(out, n, 0);
}

static void put_flag(
	struct access_out *out, const char *name, const struct access_record *record, uint16_t flag)
{
	rs_access_put_str(out, name);
	rs_access_put_str(out, record->flags & flag ? "true" : "false");
}

static void put_if_followed(
	struct access_out *out, const char *name, const struct access_record *record, uint16_t flag)
{
	if (record->flags & ACCESS_FOLLOWED) {
		put_flag(out, name, record, flag);
		return;
	}
	rs_access_put_str(out, name);
	rs_access_put_str(out, "null");
}

static void put_text(struct access_out *out, const char *name, const struct access_record *record,
	enum access_text text)
{
	rs_access_put_str(out, name);
	rs_access_put_json(out, rs_access_text(record, text));
}

static void put_when_and_who(struct access_out *out, const struct access_record *record)
{
	rs_access_put_str(out, "{\"time\":\"");
	rs_access_put_time(out, record->unix_us, "%Y-%m-%dT%H:%M:%S.");
	rs_access_put_number(out, record->unix_us % US_PER_SECOND, 6);
	rs_access_put_str(out, "Z\",\"client\":\"");
	rs_access_put_client(out, record);
	put_number(out, "\",\"client_port\":", record->client_port);
	put_number(out, ",\"local_port\":", record->local_port);
	put_flag(out, ",\"tls\":", record, ACCESS_TLS);
	put_flag(out, ",\"reused\":", record, ACCESS_REUSED);
}

static void put_request(struct access_out *out, const struct access_record *record)
{
	struct span method = rs_access_method(record);

	rs_access_put_str(out, ",\"method\":");
	rs_access_put_json(out, method.len ? method : (struct span){0});
	put_text(out, ",\"target\":", record, ACCESS_TARGET);
	rs_access_put_str(out, ",\"protocol\":\"");
	rs_access_put_protocol(out, record);
	put_text(out, "\",\"host\":", record, ACCESS_HOST);
}

static void put_answer(struct access_out *out, const struct access_record *record)
{
	put_number(out, ",\"status\":", record->status);
	put_number(out, ",\"bytes\":", record->bytes_sent);
	if (record->flags & ACCESS_FOLLOWED)
		put_number(out, ",\"duration_us\":", record->duration_us);
	else
		rs_access_put_str(out, ",\"duration_us\":null");
	put_text(out, ",\"referer\":", record, ACCESS_REFERER);
	put_text(out, ",\"user_agent\":", record, ACCESS_USER_AGENT);
	put_if_followed(out, ",\"aborted\":", record, ACCESS_ABORTED);
	put_flag(out, ",\"truncated\":", record, ACCESS_TRUNCATED);
	rs_access_put_str(out, "}");
}

void rs_access_put_object(struct access_line *line)
{
	put_when_and_who(&line->out, line->record);
	put_request(&line->out, line->record);
	put_answer(&line->out, line->record);
}
