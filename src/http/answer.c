/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "http/answer.h"

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

void answer_error(struct answer *a, unsigned status, const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	answer_json(a, status, json_pack("{s:o}", "error", json_text(line)));
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
	[PARAM_STEP] = "step"};

const char *param_name(enum param p)
{
	return param_names[p];
}

void answer_no_time(struct answer *a, enum param p, const char *text)
{
	answer_error(a, ANSWER_BAD_REQUEST,
		"%s: '%s' is no time (2026-11-21T04:00:00Z, 04:00, -15m, yesterday 04:00, epoch "
		"seconds)",
		param_name(p), text);
}
