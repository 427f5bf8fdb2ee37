/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/answer.h"

#include "base/num.h"
#include "show/show.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

void answer_clear(struct answer *a)
{
	free(a->text);
	*a = (struct answer){0};
}

void answer_json(struct answer *a, unsigned status, json_t *j)
{
	char *text = j ? json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
	json_decref(j);
	*a = (struct answer){status, ANSWER_JSON, text, text ? strlen(text) : 0};
}

static const char *error_type(unsigned status)
{
	switch (status) {
	case ANSWER_NOT_FOUND: return "not_found";
	case ANSWER_UNPROCESSABLE: return "execution";
	case ANSWER_INTERNAL_ERROR: return "internal";
	case ANSWER_UNAVAILABLE: return "unavailable";
	default: return "bad_data";
	}
}

void answer_error(struct answer *a, unsigned status, const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	answer_json(a, status,
		json_pack("{s:s, s:s, s:o}", "status", "error", "errorType", error_type(status),
			"error", json_text(line)));
}

void answer_no_memory(struct answer *a)
{
	answer_error(a, ANSWER_INTERNAL_ERROR, "%s", strerror(ENOMEM));
}

void answer_written(struct answer *a, const char *type, int (*write)(FILE *f, const struct view *v),
	const struct view *v)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	int r = f ? write(f, v) : -ENOMEM;
	if (f && fclose(f) == EOF)
		r = -ENOMEM;
	if (r < 0) {
		free(text);
		answer_no_memory(a);
	} else {
		*a = (struct answer){ANSWER_OK, type, text, size};
	}
}

static const char *const param_names[] = {[PARAM_AT] = "at",
	[PARAM_Q] = "q",
	[PARAM_FROM] = "from",
	[PARAM_TO] = "to",
	[PARAM_STEP] = "step",
	[PARAM_SORT] = "sort",
	[PARAM_LIMIT] = "limit",
	[PARAM_QUERY] = "query",
	[PARAM_TIME] = "time",
	[PARAM_START] = "start",
	[PARAM_END] = "end",
	[PARAM_MATCH] = "match[]",
	[PARAM_METRIC] = "metric"};

const char *param_name(enum param p)
{
	return param_names[p];
}

static void add(struct params *p, struct param_list *l, const char *value)
{
	if (l->n < PARAM_SAME)
		l->text[l->n++] = value;
	else
		p->too_many = true;
}

void params_take(struct params *p, const char *name, const char *value)
{
	unsigned i = 0;
	value = value ? value : "";
	while (i < PARAM_COUNT && strcmp(param_names[i], name) != 0)
		i++;
	if (i == PARAM_COUNT)
		return;
	if (!p->text[i])
		p->text[i] = value;
	if (i == PARAM_Q)
		add(p, &p->q, value);
	if (i == PARAM_MATCH)
		add(p, &p->match, value);
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* In place; what is no %XX stays. */
static void unescape(char *s)
{
	char *to = s;
	for (; *s; s++) {
		int high = *s == '%' ? hex_digit(s[1]) : -1, low = high < 0 ? -1 : hex_digit(s[2]);
		if (low >= 0) {
			*to++ = (char)(unsigned char)(high * 16 + low);
			s += 2;
		} else {
			char plain = *s;
			if (plain == '+')
				plain = ' ';
			*to++ = plain;
		}
	}
	*to = '\0';
}

void params_form(struct params *p, char *form)
{
	char *rest = form, *pair;
	while ((pair = strsep(&rest, "&")) != NULL) {
		char *value = strchr(pair, '=');
		if (value)
			*value++ = '\0';
		unescape(pair);
		if (value)
			unescape(value);
		params_take(p, pair, value);
	}
}

void answer_text(struct answer *a, struct show_text *t)
{
	if (t->failed) {
		show_text_free(t);
		answer_no_memory(a);
	} else {
		*a = (struct answer){ANSWER_OK, ANSWER_JSON, t->p, t->n};
	}
}

int param_time(const struct params *p, enum param which, uint64_t now_ns, struct answer *a,
	uint64_t *at_ns)
{
	const char *text = p->text[which];
	if (!text || num_time(text, now_ns, at_ns) == 0)
		return 0;
	answer_error(a, ANSWER_BAD_REQUEST,
		"%s: '%s' is no time (2026-11-21T04:00:00Z, 04:00, -15m, yesterday 04:00, epoch "
		"seconds)",
		param_name(which), text);
	return -EINVAL;
}

void answer_unread(struct answer *a, int error)
{
	if (error == -ENOMEM)
		answer_no_memory(a);
	else
		answer_error(a, ANSWER_INTERNAL_ERROR, "reading the store: %s", strerror(-error));
}
