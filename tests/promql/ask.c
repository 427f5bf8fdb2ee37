/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Evaluates PromQL over a file of samples (lines "name{label="value",...} value seconds", as OpenMetrics has them) for tests/promql/run. Each line of the standard
 * input, "START STEP STEPS EXPRESSION" in milliseconds, gives a line of JSON: {"error": ...} or {"type": ..., "result": [[labels, [[ms, "value"], ...]], ...]}. */
#include "query/promql_evaluate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct promql_series series;
static struct promql_texts texts;

static const char *kept(const char *text, size_t n)
{
	const char *t = promql_text(&texts, text, n);
	if (!t)
		exit(1);
	return t;
}

static struct promql_id id_of(char *line, char **ret_end)
{
	struct promql_id id = {.n = 0};
	char *p = line + strcspn(line, "{ ");
	(void)promql_id_set(&id, "__name__", kept(line, (size_t)(p - line)));
	if (*p == '{')
		for (p++; *p && *p != '}'; p += *p == ',') {
			const char *label = kept(p, strcspn(p, "="));
			p += strcspn(p, "\"") + 1;
			(void)promql_id_set(&id, label, kept(p, strcspn(p, "\"")));
			p += strcspn(p, "\"") + 1;
		}
	*ret_end = p + (*p == '}');
	return id;
}

/* Lines of a series stand one after the other. */
static void take_line(char *line)
{
	static char before[1024];
	char *p = line + strcspn(line, " ");
	size_t n = (size_t)(p - line);
	struct promql_samples *s = series.n ? &series.all[series.n - 1] : NULL;
	if (n >= sizeof before)
		exit(1);
	if (strlen(before) != n || strncmp(before, line, n) != 0) {
		memcpy(before, line, n);
		before[n] = '\0';
		struct promql_id id = id_of(line, &p);
		if (promql_series_add(&series, &id, &s) < 0)
			exit(1);
	}
	double value = strtod(p, &p), at = strtod(p, &p);
	if (!s || promql_samples_add(&series, s, (int64_t)floor(at * 1000 + 0.5), value) < 0)
		exit(1);
}

static bool matches(const struct selector *s, const struct promql_id *id)
{
	bool fits = !*s->name || strcmp(s->name, promql_id_label(id, "__name__")) == 0;
	for (size_t i = 0; fits && i < s->n; i++)
		fits = selector_holds(&s->matchers[i], promql_id_label(id, s->matchers[i].label));
	return fits;
}

static int select_series(void *ctx, const struct promql_want *w, struct promql_series *ret)
{
	(void)ctx;
	for (size_t i = 0; i < series.n; i++) {
		const struct promql_samples *from = &series.all[i];
		struct promql_samples *to;
		if (!matches(w->selector, &from->id))
			continue;
		int r = promql_series_add(ret, &from->id, &to);
		for (size_t k = 0; r == 0 && k < from->n; k++)
			r = promql_samples_add(ret, to, from->times_ms[k], from->values[k]);
		if (r < 0)
			return r;
	}
	return 0;
}

static void put_text(const char *s)
{
	(void)putchar('"');
	for (; *s; s++)
		(void)printf((unsigned char)*s < 0x20 || *s == '"' || *s == '\\' ? "\\u%04x" : "%c",
			(unsigned char)*s);
	(void)putchar('"');
}

static void put_id(const struct promql_id *id)
{
	(void)putchar('{');
	for (unsigned i = 0; i < id->n; i++) {
		(void)printf(i ? "," : "");
		put_text(id->l[i].name);
		(void)putchar(':');
		put_text(id->l[i].value);
	}
	(void)putchar('}');
}

static void put_result(const struct promql_result *r, const struct promql_span *span)
{
	static const char *const types[] = {"scalar", "vector", "matrix", "string"};
	(void)printf("{\"type\":\"%s\",\"result\":[", types[r->type]);
	if (r->type == PROMQL_TEXT_TYPE) {
		(void)printf("[{},[[%lld,", (long long)span->start_ms);
		put_text(r->text);
		(void)printf("]]]");
	}
	for (size_t i = 0; i < r->value.n; i++) {
		bool any = false;
		(void)printf(i ? ",[" : "[");
		put_id(&r->value.rows[i].id);
		(void)printf(",[");
		for (size_t k = 0; k < r->value.steps; k++) {
			double v = r->value.rows[i].values[k];
			if (!promql_is_there(v))
				continue;
			(void)printf("%s[%lld,\"%.17g\"]", any ? "," : "",
				(long long)(span->start_ms + (int64_t)k * span->step_ms), v);
			any = true;
		}
		(void)printf("]]");
	}
	for (size_t i = 0, any = 0; i < r->series.n; i++) {
		const struct promql_samples *s = &r->series.all[i];
		if (!s->n)
			continue;
		(void)printf(any++ ? ",[" : "[");
		put_id(&s->id);
		(void)printf(",[");
		for (size_t k = 0; k < s->n; k++)
			(void)printf("%s[%lld,\"%.17g\"]", k ? "," : "", (long long)s->times_ms[k],
				s->values[k]);
		(void)printf("]]");
	}
	(void)printf("]}\n");
}

static void ask(const char *text, const struct promql_span *span)
{
	static struct promql q;
	static const struct promql_source source = {select_series, NULL};
	struct promql_result result;
	char why[EXPRESSION_ERROR];
	int r = promql_parse(text, &q, why);
	bool parsed = r == 0;
	if (parsed) {
		r = promql_evaluate(&source, &q, span, &result, why);
		if (r == 0)
			put_result(&result, span);
		promql_result_free(&result);
		promql_free(&q);
	}
	if (r < 0) {
		(void)printf("{\"kind\":\"%s\",\"error\":", parsed ? "execution" : "bad_data");
		put_text(r == -EINVAL ? why : strerror(-r));
		(void)printf("}\n");
	}
}

int main(int argc, char **argv)
{
	static char line[8192];
	FILE *f = argc == 2 ? fopen(argv[1], "r") : NULL;
	if (!f)
		return 2;
	while (fgets(line, sizeof line, f))
		if (*line != '#' && *line != '\n')
			take_line(line);
	(void)fclose(f);
	while (fgets(line, sizeof line, stdin)) {
		char *p = line;
		struct promql_span span;
		line[strcspn(line, "\n")] = '\0';
		span.start_ms = strtoll(p, &p, 10);
		span.step_ms = strtoll(p, &p, 10);
		span.steps = strtoull(p, &p, 10);
		ask(p, &span);
	}
	promql_series_free(&series);
	promql_texts_free(&texts);
	return 0;
}
