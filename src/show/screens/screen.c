/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "show/screens/screen.h"

#include "base/text.h"
#include "show/screens/screen_impl.h"
#include "show/show.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

enum { ROW_BYTES = 64 << 20, CELL_BYTES_ROOM = 256 << 20 };

static const struct screen_info infos[] = {
#define SCREEN(id, name, sort, help) {name, sort, help},
#include "show/screens/screens.def"
#undef SCREEN
};

static const struct screen_maker *const makers[] = {
	[SCREEN_OVERVIEW] = &screen_overview,
	[SCREEN_FINDINGS] = &screen_findings,
	[SCREEN_CPU] = &screen_cpu,
	[SCREEN_MEMORY] = &screen_memory,
	[SCREEN_POOLS] = &screen_pools,
	[SCREEN_DISKS] = &screen_disks,
	[SCREEN_NET] = &screen_net,
	[SCREEN_CONNS] = &screen_conns,
	[SCREEN_TALK] = &screen_talk,
	[SCREEN_STATES] = &screen_states,
	[SCREEN_PROCS] = &screen_procs,
	[SCREEN_CGROUPS] = &screen_cgroups,
	[SCREEN_IRQS] = &screen_irqs,
	[SCREEN_SERVERS] = &screen_servers,
};
_Static_assert(COUNTOF(makers) == SCREEN_COUNT, "every view has a maker");

const struct screen_info *screen_info(enum screen_id id)
{
	return &infos[id];
}

enum screen_id screen_by_name(const char *name)
{
	unsigned id = 0;
	while (id < SCREEN_COUNT && strcmp(infos[id].name, name) != 0)
		id++;
	return (enum screen_id)id;
}

struct screen_column_list screen_columns(enum screen_id id)
{
	return (struct screen_column_list){makers[id]->columns, makers[id]->ncolumns};
}

int screen_init(struct screen *s)
{
	*s = (struct screen){0};
	int r = arena_init(&s->row_memory, ROW_BYTES);
	return r < 0 ? r : arena_init(&s->cell_memory, CELL_BYTES_ROOM);
}

void screen_destroy(struct screen *s)
{
	arena_destroy(&s->row_memory);
	arena_destroy(&s->cell_memory);
}

/* ---- for those who make screens ---- */

struct screen_row *screen_add(struct screen *s, uint64_t key)
{
	struct screen_cell *cells =
		arena_alloc(&s->cell_memory, s->ncolumns * sizeof(struct screen_cell));
	struct screen_row *row = cells ? arena_push(&s->row_memory, sizeof *row) : NULL;
	if (!row)
		return NULL;
	s->rows = (void *)s->row_memory.base;
	*row = (struct screen_row){.cells = cells, .key = key, .index = (uint32_t)s->nrows++};
	return row;
}

void cell_text(struct screen_row *row, unsigned column, const char *text)
{
	row->cells[column] =
		(struct screen_cell){.unit = CELL_TEXT, .text = text ? text : "", .number = NAN};
}

void cell_unit(struct screen_row *row, unsigned column, double x, enum cell_unit unit)
{
	row->cells[column] = (struct screen_cell){.unit = unit, .number = x};
}

void cell_number(struct screen *s, struct screen_row *row, unsigned column, double x)
{
	cell_unit(row, column, x, s->columns[column].unit);
}

PRINTF(5, 0)
static struct screen_line *add_line(struct screen *s, struct view *v, enum tone tone,
	const char *label, const char *fmt, va_list ap)
{
	char text[1024], safe[2048];
	static struct screen_line spare;
	struct screen_line *l = s->nlines < SCREEN_LINES ? &s->lines[s->nlines++] : &spare;
	(void)vsnprintf(text, sizeof text, fmt, ap);
	*l = (struct screen_line){.tone = tone,
		.label = show_safe(v, label),
		.text = arena_str(&v->scratch, text_safe(safe, sizeof safe, text)),
		.share = NAN};
	return l;
}

struct screen_line *screen_say(
	struct screen *s, struct view *v, enum tone tone, const char *label, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct screen_line *l = add_line(s, v, tone, label, fmt, ap);
	va_end(ap);
	return l;
}

struct screen_line *screen_meter(struct screen *s, struct view *v, enum tone tone,
	const char *label, double share, double over, bool limited, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct screen_line *l = add_line(s, v, tone, label, fmt, ap);
	va_end(ap);
	l->meter = true;
	l->share = share;
	l->over = over;
	l->limited = limited;
	return l;
}

double number_of(const struct view *v, enum metric m, unsigned netns, uint32_t instance)
{
	double x;
	return view_gauge(v, view_id(v, m, netns, instance), &x) ? x : NAN;
}

double rate_of(const struct view *v, enum metric m, unsigned netns, uint32_t instance)
{
	double x;
	return view_rate(v, view_id(v, m, netns, instance), &x) ? x : NAN;
}

double delta_of(const struct view *v, enum metric m, unsigned netns, uint32_t instance)
{
	double x;
	return view_delta(v, view_id(v, m, netns, instance), &x) ? x : NAN;
}

uint64_t key_of(const void *bytes, size_t n)
{
	return intern_hash(bytes, n);
}

uint64_t key_pair(uint64_t a, uint64_t b)
{
	const uint64_t both[2] = {a, b};
	return intern_hash(both, sizeof both);
}

enum tone tone_of(const struct verdict *f)
{
	return f->state == STATE_NOTE             ? TONE_DIM
	       : f->severity == SEVERITY_CRITICAL ? TONE_CRITICAL
						  : TONE_WARNING;
}

enum tone tone_of_resource(const struct findings *fs, const char *resource, int netns)
{
	enum tone worst = TONE_PLAIN;
	size_t n = strlen(resource);
	bool class = !strchr(resource, ':');
	for (size_t i = 0; fs && i < fs->count; i++) {
		const struct verdict *f = &fs->rows[i];
		if (f->state == STATE_NOTE || (netns >= 0 && (unsigned)netns != f->netns) ||
			strncmp(f->resource, resource, n) != 0 ||
			(f->resource[n] && !(class && f->resource[n] == ':')))
			continue;
		enum tone t = tone_of(f);
		worst = t > worst ? t : worst;
	}
	return worst;
}

const char *read_bytes(struct view *v, double x)
{
	char buf[32];
	return isnan(x) ? "?" : arena_str(&v->scratch, text_bytes(buf, x));
}

/* 3.4 k; below ten a rate has a digit behind the point. */
static char *count_text(char buf[static 32], double x)
{
	if (x > 0 && x < 9.95 && x != floor(x))
		(void)snprintf(buf, 32, "%.1f", x);
	else if (fabs(x) < 9999.5)
		(void)snprintf(buf, 32, "%.0f", x);
	else
		(void)text_amount(buf, x);
	return buf;
}

const char *read_count(struct view *v, double x)
{
	char buf[32];
	return isnan(x) ? "?" : arena_str(&v->scratch, count_text(buf, x));
}

const char *read_share(struct view *v, double x)
{
	return isnan(x)              ? "?"
	       : x > 0 && x < 0.0995 ? arena_printf(&v->scratch, "%.1f %%", 100 * x)
				     : arena_printf(&v->scratch, "%.0f %%", 100 * x);
}

const char *read_time(struct view *v, double seconds)
{
	char buf[32];
	return isnan(seconds) || seconds < 0 ? "?"
					     : arena_str(&v->scratch, text_duration(buf, seconds));
}

/* ---- making ---- */

int screen_build(
	struct screen *s, enum screen_id id, struct view *v, const struct screen_context *c)
{
	arena_reset(&s->row_memory);
	arena_reset(&s->cell_memory);
	s->id = id;
	s->columns = makers[id]->columns;
	s->ncolumns = makers[id]->ncolumns;
	s->nlines = s->nrows = s->total = 0;
	s->rows = NULL;
	s->empty = "nothing to be shown";
	int r = makers[id]->build(s, v, c);
	s->total = s->nrows;
	if (s->row_memory.overflowed || s->cell_memory.overflowed || v->scratch.overflowed)
		return -ENOMEM;
	return r;
}

bool screen_order_by(enum screen_id id, const char *key, struct screen_order *ret)
{
	const struct screen_maker *m = makers[id];
	for (size_t c = 0; c < m->ncolumns; c++)
		if (strcmp(m->columns[c].key, key) == 0 || strcmp(m->columns[c].title, key) == 0) {
			bool name =
				m->columns[c].unit == CELL_TEXT || m->columns[c].unit == CELL_ID;
			*ret = (struct screen_order){.column = (int)c, .ascending = name};
			return true;
		}
	return false;
}

struct screen_order screen_default_order(enum screen_id id)
{
	struct screen_order o = {.column = -1};
	if (infos[id].sort)
		(void)screen_order_by(id, infos[id].sort, &o);
	return o;
}

static int compare_rows(const void *pa, const void *pb, void *ctx)
{
	const struct screen_order *o = ctx;
	const struct screen_row *a = pa, *b = pb;
	int sign = o->ascending ? 1 : -1;
	if (o->column >= 0) {
		const struct screen_cell *x = &a->cells[o->column], *y = &b->cells[o->column];
		bool tx = x->unit == CELL_TEXT, ty = y->unit == CELL_TEXT;
		bool kx = tx || (x->unit != CELL_BLANK && !isnan(x->number));
		bool ky = ty || (y->unit != CELL_BLANK && !isnan(y->number));
		if (kx != ky) /* what is not known stands at the end, whatever the order */
			return kx ? -1 : 1;
		int n = !kx        ? 0
			: tx && ty ? strcmp(x->text, y->text)
				   : (x->number > y->number) - (x->number < y->number);
		if (n)
			return sign * n;
	}
	return (a->index > b->index) - (a->index < b->index);
}

static bool contains(const char *text, const char *words)
{
	size_t n = strlen(words);
	for (; *text; text++)
		if (strncasecmp(text, words, n) == 0)
			return true;
	return false;
}

static bool row_has(const struct screen *s, const struct screen_row *row, const char *words)
{
	for (size_t c = 0; c < s->ncolumns; c++) {
		const struct screen_cell *cell = &row->cells[c];
		char buf[CELL_MAX];
		if (cell->unit == CELL_TEXT && contains(cell->text, words))
			return true;
		if (cell->unit == CELL_ID && contains(screen_cell_text(buf, cell), words))
			return true;
	}
	return false;
}

void screen_arrange(struct screen *s, struct screen_order o, const char *words)
{
	if (words && *words) {
		size_t kept = 0;
		for (size_t i = 0; i < s->nrows; i++)
			if (row_has(s, &s->rows[i], words))
				s->rows[kept++] = s->rows[i];
		s->nrows = kept;
		if (kept == 0 && s->total)
			s->empty = "no row has these words";
	}
	if (o.column >= (int)s->ncolumns)
		o.column = -1;
	if (s->nrows > 1 && o.column >= 0)
		qsort_r(s->rows, s->nrows, sizeof *s->rows, compare_rows, &o);
	else if (s->nrows > 1 && o.ascending) /* the order of its own, turned round */
		for (size_t i = 0; i < s->nrows / 2; i++) {
			struct screen_row t = s->rows[i];
			s->rows[i] = s->rows[s->nrows - 1 - i];
			s->rows[s->nrows - 1 - i] = t;
		}
}

bool screen_follow(const struct screen *s, const struct screen_row *row, struct view *v,
	const struct screen_context *c, struct subject *ret, enum screen_id *ret_to)
{
	subject_none(ret);
	if (!makers[s->id]->follow || !makers[s->id]->follow(row, v, c, ret, ret_to))
		return false;
	ret->any = true;
	return true;
}

char *screen_detail(const struct screen *s, const struct screen_row *row, struct view *v,
	const struct screen_context *c, unsigned width)
{
	char *text = NULL;
	size_t n = 0;
	if (s->id != SCREEN_FINDINGS && s->id != SCREEN_OVERVIEW)
		return NULL;
	const struct verdict *f = NULL; /* rows of the overview are of the ledger */
	for (size_t i = 0; c->findings && i < c->findings->count; i++)
		if (row && row->item == &c->findings->rows[i])
			f = &c->findings->rows[i];
	FILE *out = f ? open_memstream(&text, &n) : NULL;
	if (!out)
		return NULL;
	show_finding(out, (struct style){.width = width}, v, f, row->index + 1);
	if (fclose(out) == EOF) {
		free(text);
		return NULL;
	}
	return text;
}

/* ---- cells ---- */

char *screen_cell_text(char buf[static CELL_MAX], const struct screen_cell *c)
{
	char small[32];
	double x = c->number;
	if (c->unit == CELL_BLANK) {
		buf[0] = '\0';
		return buf;
	}
	if (c->unit == CELL_TEXT)
		return text_safe(buf, CELL_MAX, c->text);
	if (isnan(x)) {
		memcpy(buf, "-", 2);
		return buf;
	}
	switch (c->unit) {
	case CELL_ID: (void)snprintf(buf, CELL_MAX, "%.0f", x); return buf;
	case CELL_BYTES: (void)text_bytes(small, x); break;
	case CELL_SHARE:
		(void)snprintf(
			small, sizeof small, x > 0 && x < 0.0995 ? "%.1f %%" : "%.0f %%", 100 * x);
		break;
	case CELL_SECONDS: /* a round trip is short */
		if (x > 0 && x < 0.00995)
			(void)snprintf(small, sizeof small, "%.2f ms", 1e3 * x);
		else
			(void)text_duration(small, x);
		break;
	case CELL_CPUS:
		(void)snprintf(small, sizeof small, x == floor(x) ? "%.0f" : "%.2f", x);
		break;
	default: (void)count_text(small, x); break;
	}
	(void)snprintf(buf, CELL_MAX, "%s", small);
	return buf;
}
