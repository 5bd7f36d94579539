/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a client gets to who follows redirects. */
#include <string.h>

#include "base/bytes.h"
#include "http/path.h"
#include "redirect_rule.h"

struct place {
	struct span host; /* or a rule's for many, which stands for them; empty: any */
	bool by_uri;      /* the host is ours only if a rule has it */
	uint32_t n;
	uint8_t path[REDIRECT_PATH_BYTES];
};

static bool put(struct place *place, const void *text, uint32_t n)
{
	if (n > sizeof(place->path) - place->n)
		return false;
	memcpy(place->path + place->n, text, n);
	place->n += n;
	return true;
}

/* Somewhere that the rule is for: of all below a path, a name that no other rule is for alone. */
static bool begin(const struct redirect_rule *rule, struct place *place)
{
	place->host = rule->host;
	place->by_uri = false;
	place->n = 0;
	return put(place, rule->path, (uint32_t)strlen(rule->path)) &&
	       (!rule->below || put(place, "*", 1));
}

/* From *from, for which the rule is, to *to. False: that is no place of ours, or too long. */
static bool follow(const struct redirect_rule *rule, const struct place *from, struct place *to)
{
	struct span path = {.data = (const uint8_t *)rule->to_path,
		.len = (uint32_t)strcspn(rule->to_path, "?#")};
	bool is_uri = rule->to_host.len;
	int n;

	to->host = is_uri ? rule->to_host : from->host;
	to->by_uri = is_uri || from->by_uri;
	to->n = 0;
	if (path.len) {
		n = rs_http_path(path, to->path);
		if (n < 0)
			return false;
		to->n = (uint32_t)n;
	}
	if (rule->carries)
		return put(to, from->path + rule->carry_from, from->n - rule->carry_from);
	return to->n || put(to, "/", 1);
}

/* NULL: there is none, or nobody can know. */
static const struct redirect_rule *rule_for(
	const struct redirect_rule *rules, uint32_t n_rules, const struct place *place)
{
	struct span path = {.data = place->path, .len = place->n};

	for (uint32_t i = 0; i < n_rules; i++) {
		if (rs_redirect_fits(&rules[i], place->host, path))
			return place->by_uri && !rules[i].host.len ? NULL : &rules[i];
	}
	return NULL;
}

/* Does he who is sent by the rule come to it again? */
static bool comes_again(
	const struct redirect_rule *rule, const struct redirect_rule *rules, uint32_t n_rules)
{
	const struct redirect_rule *at = rule;
	struct place places[2];

	if (!begin(rule, &places[0]))
		return false;
	for (uint32_t n = 0; n < n_rules; n++) {
		struct place *here = &places[n % 2], *next = &places[(n + 1) % 2];

		if (!follow(at, here, next))
			return false;
		at = rule_for(rules, n_rules, next);
		if (!at || at == rule)
			return at;
	}
	return false;
}

uint32_t rs_redirect_circle(const struct redirect_rule *rules, uint32_t n_rules)
{
	uint32_t i = 0;

	while (i < n_rules && !comes_again(&rules[i], rules, n_rules))
		i++;
	return i;
}
