/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "fleet/target.h"

#include "base/attr.h"
#include "base/intern.h"
#include "base/num.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DEFAULT_PER_HOUR = 20, MOST_PER_HOUR = 1000 };

static const uint64_t DEFAULT_GROUP_NS = UINT64_C(5000000000);
static const uint64_t MOST_GROUP_NS = UINT64_C(600000000000);
static const uint64_t DEFAULT_DEADLINE_NS = UINT64_C(30000000000);
static const uint64_t MOST_DEADLINE_NS = UINT64_C(300000000000);

static const char alertmanager[] = "alertmanager+";

static int PRINTF(2, 3) wrong(char problem[static 160], const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(problem, 160, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* user@host or user; nothing that could end a header or an SMTP command. */
static bool is_address(const char *a)
{
	if (!*a || strlen(a) > 254)
		return false;
	for (const char *p = a; *p; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f ||
			strchr("<>,;:\\\"()[]", *p))
			return false;
	return true;
}

static bool has_host(const char *url)
{
	const char *at = strstr(url, "://");
	if (!at || strpbrk(url, "\"<>\\^`{|}"))
		return false;
	for (const char *p = url; *p; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
			return false;
	at += 3;
	size_t n = strcspn(at, "/?#");
	const char *host = memchr(at, '@', n) ? (const char *)memchr(at, '@', n) + 1 : at;
	return host < at + n && *host != ':';
}

static int set_destination(struct target *t, char *word, char *problem)
{
	static const struct {
		const char *begin;
		enum target_kind kind;
	} kinds[] = {
		{"smtp://", TARGET_MAIL},
		{"smtps://", TARGET_MAIL},
		{"http://", TARGET_WEBHOOK},
		{"https://", TARGET_WEBHOOK},
		{"alertmanager+http://", TARGET_ALERTMANAGER},
		{"alertmanager+https://", TARGET_ALERTMANAGER},
	};
	if (strcmp(word, "command") == 0) {
		t->kind = TARGET_COMMAND;
		return 0;
	}
	for (size_t i = 0; i < COUNTOF(kinds); i++) {
		if (strncmp(word, kinds[i].begin, strlen(kinds[i].begin)) != 0)
			continue;
		t->kind = kinds[i].kind;
		t->url = word + (t->kind == TARGET_ALERTMANAGER ? sizeof alertmanager - 1 : 0);
		return has_host(t->url) ? 0
					: wrong(problem, "it is no URL of the form %sHOST:PORT",
						  kinds[i].begin);
	}
	return wrong(problem, "it must begin with smtp://, smtps://, http://, https://, "
			      "alertmanager+http://, alertmanager+https:// or command");
}

static int duration(
	const char *name, const char *value, uint64_t most, uint64_t *ret, char *problem)
{
	return num_duration(value, ret) < 0 || *ret > most
		       ? wrong(problem, "%s=: a duration of at most %us is wanted", name,
				 (unsigned)(most / 1000000000u))
		       : 0;
}

static int set_option(struct target *t, const char *name, char *value, char *problem)
{
	uint64_t n;
	bool mail = t->kind == TARGET_MAIL, command = t->kind == TARGET_COMMAND;
	if (!*value)
		return wrong(problem, "%s=: an empty value", name);
	if (strcmp(name, "severity") == 0) {
		t->critical_only = strcmp(value, "critical") == 0;
		return t->critical_only || strcmp(value, "warning") == 0
			       ? 0
			       : wrong(problem, "severity=: warning or critical");
	}
	if (strcmp(name, "only") == 0) {
		t->only = value;
		return 0;
	}
	if (strcmp(name, "per-hour") == 0) {
		if (num_u64(value, &n) < 0 || n < 1 || n > MOST_PER_HOUR)
			return wrong(problem, "per-hour=: a number from 1 to %d", MOST_PER_HOUR);
		t->per_hour = (unsigned)n;
		return 0;
	}
	if (strcmp(name, "group") == 0)
		return duration(name, value, MOST_GROUP_NS, &t->group_ns, problem);
	if (mail && strcmp(name, "to") == 0) {
		if (!is_address(value) || t->nto == TARGET_TO)
			return wrong(problem, "to=: one address, USER@HOST; at most %d of them",
				TARGET_TO);
		t->to[t->nto++] = value;
		return 0;
	}
	if (mail && strcmp(name, "from") == 0) {
		t->from = value;
		return is_address(value) ? 0 : wrong(problem, "from=: one address, USER@HOST");
	}
	if (command && strcmp(name, "user") == 0) {
		t->user = value;
		return 0;
	}
	if (command && strcmp(name, "deadline") == 0)
		return duration(name, value, MOST_DEADLINE_NS, &t->deadline_ns, problem);
	char safe[64];
	return wrong(problem, "'%s' is no option of it", text_safe(safe, sizeof safe, name));
}

/* Without options, so that a changed filter does not tell all once more. */
static uint64_t key_of(const struct target *t)
{
	char all[2 * TARGET_TEXT];
	size_t n = 0;
	for (size_t i = 0; i <= TARGET_ARGS + TARGET_TO; i++) {
		const char *s = i == 0          ? t->url
				: i <= t->nto   ? t->to[i - 1]
				: i > TARGET_TO ? t->args[i - TARGET_TO - 1]
						: NULL;
		for (; s && *s && n + 2 < sizeof all; s++)
			all[n++] = *s;
		if (s)
			all[n++] = '\n';
	}
	all[n++] = (char)('0' + t->kind);
	return intern_hash(all, n);
}

static char *next_word(char **at)
{
	char *word = *at + strspn(*at, " \t");
	size_t n = strcspn(word, " \t");
	*at = word + n + (word[n] != '\0');
	word[n] = '\0';
	return n ? word : NULL;
}

int target_parse(const char *line, struct target *t, char problem[static 160])
{
	*t = (struct target){.per_hour = DEFAULT_PER_HOUR,
		.group_ns = DEFAULT_GROUP_NS,
		.deadline_ns = DEFAULT_DEADLINE_NS};
	if (strlen(line) >= sizeof t->text)
		return wrong(problem, "longer than %d bytes", TARGET_TEXT - 1);
	(void)snprintf(t->text, sizeof t->text, "%s", line);
	char *at = t->text, *word = next_word(&at);
	int r = word ? set_destination(t, word, problem) : wrong(problem, "empty");
	bool program = false;
	unsigned nargs = 0;
	while (r == 0 && (word = next_word(&at))) {
		char *value = strchr(word, '=');
		if (program && nargs == TARGET_ARGS)
			r = wrong(problem, "more than %d words behind --", TARGET_ARGS);
		else if (program)
			t->args[nargs++] = word;
		else if (t->kind == TARGET_COMMAND && strcmp(word, "--") == 0)
			program = true;
		else if (!value)
			r = wrong(problem, "NAME=VALUE is wanted behind the first word%s",
				t->kind == TARGET_COMMAND ? ", then -- and the program" : "");
		else {
			*value++ = '\0';
			r = set_option(t, word, value, problem);
		}
	}
	if (r == 0 && t->kind == TARGET_MAIL && !t->nto)
		r = wrong(problem, "to=ADDRESS is missing");
	if (r == 0 && t->kind == TARGET_COMMAND && (!nargs || t->args[0][0] != '/'))
		r = wrong(problem, "behind -- the whole path of a program is wanted");
	t->key = r == 0 ? key_of(t) : 0;
	return r;
}

char *target_shown(char buf[static 256], const struct target *t)
{
	if (t->kind == TARGET_COMMAND)
		return text_safe(buf, 256, t->args[0]);
	char all[TARGET_TEXT + 128];
	const char *slashes = strstr(t->url, "://") + 3;
	size_t n = strcspn(slashes, "/?#");
	const char *at = memchr(slashes, '@', n), *host = at ? at + 1 : slashes;
	/* what stands behind the host may be a secret as well: chat services put their tokens there */
	(void)snprintf(all, sizeof all, "%s%.*s%.*s%s%s",
		t->kind == TARGET_ALERTMANAGER ? alertmanager : "", (int)(slashes - t->url), t->url,
		(int)(slashes + n - host), host, t->kind == TARGET_MAIL ? " to " : "",
		t->kind == TARGET_MAIL ? t->to[0] : "");
	return text_safe(buf, 256, all);
}
