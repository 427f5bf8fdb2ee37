/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#include "show/plot.h"

#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS UINT64_C(1000000000)

enum {
	SERIES_SHOWN = 6,
	WIDTH_LEAST = 24,
	HEIGHT_LEAST = 4,
	LABEL_ROOM = 24,
	NAME_BYTES = 2048,
	ROWS_A_TICK = 3,
	COLUMNS_A_TICK = 14,
};

static void PRINTF(2, 3) add(struct show_text *t, const char *fmt, ...)
{
	char line[NAME_BYTES + 256];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	show_text_add(t, line);
}

/* ---- the raster ---- */

/* Cells of the chart, each of `across` times `up` dots. A cell has the colour of the series that was
 * drawn last. Dot (0, 0) is at the lower left. */
struct raster {
	unsigned columns, rows, across, up;
	unsigned char *dots, *owners;
};

static int raster_init(struct raster *g, unsigned columns, unsigned rows, bool braille)
{
	*g = (struct raster){columns, rows, braille ? 2 : 1, braille ? 4 : 1,
		calloc((size_t)columns * rows, 1), calloc((size_t)columns * rows, 1)};
	return g->dots && g->owners ? 0 : -1;
}

static void raster_free(struct raster *g)
{
	free(g->dots);
	free(g->owners);
}

static long width_of(const struct raster *g)
{
	return (long)g->columns * (long)g->across;
}

static long height_of(const struct raster *g)
{
	return (long)g->rows * (long)g->up;
}

static void dot(struct raster *g, long x, long y, unsigned owner)
{
	/* of a braille character, from the bottom up */
	static const unsigned char bits[4][2] = {
		{0x40, 0x80}, {0x04, 0x20}, {0x02, 0x10}, {0x01, 0x08}};
	if (x < 0 || y < 0 || x >= width_of(g) || y >= height_of(g))
		return;
	size_t at =
		(size_t)(g->rows - 1 - (unsigned)y / g->up) * g->columns + (unsigned)x / g->across;
	g->dots[at] |= bits[(unsigned)y % g->up][(unsigned)x % g->across];
	g->owners[at] = (unsigned char)owner;
}

static void line(struct raster *g, long x, long y, long to_x, long to_y, unsigned owner)
{
	long dx = labs(to_x - x), dy = -labs(to_y - y), sx = x < to_x ? 1 : -1,
	     sy = y < to_y ? 1 : -1;
	for (long error = dx + dy;;) {
		dot(g, x, y, owner);
		if (x == to_x && y == to_y)
			return;
		long twice = 2 * error;
		if (twice >= dy) {
			error += dy;
			x += sx;
		}
		if (twice <= dx) {
			error += dx;
			y += sy;
		}
	}
}

/* ---- what a chart shows ---- */

struct chart {
	const struct result *r;
	struct plot_style st;
	const struct result_series *series[SERIES_SHOWN]; /* highest first */
	size_t n, left_out;
	char unit[24];
	double low, high, tick; /* of the vertical axis */
	double scale;           /* of its labels, in `scale_name` */
	const char *scale_name;
	int decimals;
	unsigned label_width, columns;
};

/* -INFINITY and INFINITY where nothing is known. */
static double top_of(const struct result *r, const struct result_series *s)
{
	const double *v = s->high ? s->high : s->values;
	double top = -INFINITY;
	for (size_t i = 0; i < r->n; i++)
		top = v[i] > top ? v[i] : top;
	return top;
}

static double bottom_of(const struct result *r, const struct result_series *s)
{
	const double *v = s->low ? s->low : s->values;
	double bottom = INFINITY;
	for (size_t i = 0; i < r->n; i++)
		bottom = v[i] < bottom ? v[i] : bottom;
	return bottom;
}

/* The series of this unit with the highest values. */
static void choose(struct chart *c)
{
	double tops[SERIES_SHOWN] = {0};
	for (size_t i = 0; i < c->r->nseries; i++) {
		const struct result_series *s = &c->r->series[i];
		char unit[24];
		double top = top_of(c->r, s);
		if (strcmp(result_unit(unit, s), c->unit) != 0 || isinf(top))
			continue;
		size_t at = c->n;
		while (at > 0 && tops[at - 1] < top)
			at--;
		c->left_out += c->n == SERIES_SHOWN;
		if (at == SERIES_SHOWN)
			continue;
		c->n += c->n < SERIES_SHOWN;
		for (size_t k = c->n - 1; k > at; k--) {
			tops[k] = tops[k - 1];
			c->series[k] = c->series[k - 1];
		}
		tops[at] = top;
		c->series[at] = s;
	}
}

/* 1, 2 or 5 times a power of ten, not below v. */
static double round_up(double v)
{
	double power = pow(10, floor(log10(v))), part = v / power;
	return power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
}

/* What labels are given in: chosen by the largest, the same for all. */
static void choose_scale(struct chart *c)
{
	static const struct {
		const char *unit, *name;
		double scale, least;
	} scales[] = {{"bytes", "PiB", 0x1p50, 0x1p50}, {"bytes", "TiB", 0x1p40, 0x1p40},
		{"bytes", "GiB", 0x1p30, 0x1p30}, {"bytes", "MiB", 0x1p20, 0x1p20},
		{"bytes", "KiB", 0x1p10, 0x1p10}, {"bytes", "bytes", 1, 0}, {"ratio", "%", 0.01, 0},
		{"seconds", "s", 1, 1}, {"seconds", "ms", 1e-3, 1e-3}, {"seconds", "us", 1e-6, 0},
		{"", "P", 1e15, 1e15}, {"", "T", 1e12, 1e12}, {"", "G", 1e9, 1e9},
		{"", "M", 1e6, 1e6}, {"", "k", 1e3, 1e4}, {"", "", 1, 0}};
	size_t n = strcspn(c->unit, "/"), i = 0;
	double most = fmax(fabs(c->low), fabs(c->high));
	while (i + 1 < COUNTOF(scales) &&
		(strlen(scales[i].unit) != n || strncmp(scales[i].unit, c->unit, n) != 0 ||
			scales[i].least > most))
		i++;
	c->scale_name = scales[i].name;
	c->scale = scales[i].scale;
}

static void label(const struct chart *c, char buf[static LABEL_ROOM], double v)
{
	(void)snprintf(buf, LABEL_ROOM, "%.*f", c->decimals, v / c->scale);
}

/* From zero, unless the values are far from it and near each other. */
static void choose_axis(struct chart *c)
{
	c->low = INFINITY;
	c->high = -INFINITY;
	for (size_t i = 0; i < c->n; i++) {
		c->low = fmin(c->low, bottom_of(c->r, c->series[i]));
		c->high = fmax(c->high, top_of(c->r, c->series[i]));
	}
	if (c->low > 0 && c->low < 0.7 * c->high)
		c->low = 0;
	if (c->high <= c->low) {
		double around = c->low != 0 ? fabs(c->low) / 20 : 1;
		c->low = c->low != 0 ? c->low - around : 0;
		c->high += around;
	}
	choose_scale(c);
	double ticks = fmax(c->st.height / (double)ROWS_A_TICK, 1);
	c->tick = round_up((c->high - c->low) / ticks / c->scale) * c->scale;
	c->low = floor(c->low / c->tick + 1e-9) * c->tick;
	c->high = ceil(c->high / c->tick - 1e-9) * c->tick;
	double digits = ceil(-log10(c->tick / c->scale) - 1e-9);
	c->decimals = digits > 0 ? (int)fmin(digits, 9) : 0;
	char low[LABEL_ROOM], high[LABEL_ROOM];
	label(c, low, c->low);
	label(c, high, c->high);
	c->label_width = (unsigned)(strlen(low) > strlen(high) ? strlen(low) : strlen(high));
	c->columns = c->st.width > c->label_width + 2 ? c->st.width - c->label_width - 2 : 1;
}

/* ---- drawing ---- */

static long dot_x(const struct chart *c, const struct raster *g, uint64_t time_ns)
{
	double part = ((double)time_ns - (double)c->r->from_ns) /
		      ((double)c->r->to_ns - (double)c->r->from_ns);
	return (long)(part * (double)(width_of(g) - 1) + 0.5);
}

static long dot_y(const struct chart *c, const struct raster *g, double v)
{
	return (long)((v - c->low) / (c->high - c->low) * (double)(height_of(g) - 1) + 0.5);
}

/* What is drawn of a series so far. A column of dots holds many values of a long span: their lowest
 * and highest are drawn when the next column begins. */
struct pen {
	bool down;
	long x, y, low, high;
	unsigned owner;
};

static void pen_up(struct raster *g, struct pen *p)
{
	if (p->down)
		line(g, p->x, p->low, p->x, p->high, p->owner);
	p->down = false;
}

static void pen_to(struct raster *g, struct pen *p, long x, long y)
{
	if (!p->down || x != p->x) {
		bool joined = p->down;
		long from_x = p->x, from_y = p->y;
		pen_up(g, p);
		if (joined)
			line(g, from_x, from_y, x, y, p->owner);
		*p = (struct pen){true, x, y, y, y, p->owner};
	}
	p->y = y;
	p->low = y < p->low ? y : p->low;
	p->high = y > p->high ? y : p->high;
}

/* A line from value to value, but none over a time without samples. */
static void draw_series(
	const struct chart *c, struct raster *g, const struct result_series *s, unsigned owner)
{
	const struct result *r = c->r;
	uint64_t pause = r->step_ns ? UINT64_MAX : 3 * result_interval(r->times_ns, r->n);
	struct pen pen = {.owner = owner};
	for (size_t i = 0; i < r->n; i++) {
		if (isnan(s->values[i]) || (i && r->times_ns[i] - r->times_ns[i - 1] > pause))
			pen_up(g, &pen);
		if (isnan(s->values[i]))
			continue;
		long x = dot_x(c, g, r->times_ns[i] + r->step_ns / 2);
		pen_to(g, &pen, x, dot_y(c, g, s->values[i]));
		if (s->low && s->high) {
			line(g, x, dot_y(c, g, s->low[i]), x, dot_y(c, g, s->high[i]), owner);
		}
	}
	pen_up(g, &pen);
}

static const char *color_of(const struct chart *c, unsigned owner)
{
	static const char *const colors[SERIES_SHOWN] = {
		"\033[1;32m", "\033[1;33m", "\033[1;36m", "\033[1;35m", "\033[1;34m", "\033[1;31m"};
	return c->st.color ? colors[owner] : "";
}

static bool is_braille(const struct chart *c)
{
	return c->st.utf8 && (c->st.color || c->n == 1);
}

static const char *mark_of(const struct chart *c, char buf[static 4], unsigned dots, unsigned owner)
{
	if (is_braille(c)) { /* U+2800 + dots */
		buf[0] = (char)0xe2;
		buf[1] = (char)(0xa0 | dots >> 6);
		buf[2] = (char)(0x80 | (dots & 0x3f));
		buf[3] = '\0';
	} else {
		buf[0] = "*abcdef"[c->n == 1 ? 0 : owner + 1];
		buf[1] = '\0';
	}
	return buf;
}

static void print_row(
	struct show_text *t, const struct chart *c, const struct raster *g, unsigned row)
{
	const unsigned char *dots = g->dots + (size_t)row * g->columns,
			    *owners = g->owners + (size_t)row * g->columns;
	unsigned end = g->columns, before = SERIES_SHOWN;
	char mark[4];
	while (end > 0 && !dots[end - 1])
		end--;
	for (unsigned x = 0; x < end; x++) {
		if (dots[x] && owners[x] != before) {
			show_text_add(t, color_of(c, owners[x]));
			before = owners[x];
		}
		show_text_add(t, dots[x] ? mark_of(c, mark, dots[x], owners[x]) : " ");
	}
	if (before != SERIES_SHOWN && c->st.color)
		show_text_add(t, "\033[0m");
	show_text_add(t, "\n");
}

/* Labels stand in the row that their value falls into. */
static void print_rows(struct show_text *t, const struct chart *c, const struct raster *g)
{
	for (unsigned row = 0; row < g->rows; row++) {
		char text[LABEL_ROOM] = "";
		unsigned ticks = (unsigned)lrint((c->high - c->low) / c->tick);
		for (unsigned k = 0; k <= ticks; k++) {
			double v = c->low + k * c->tick;
			if ((unsigned)(dot_y(c, g, v) / (long)g->up) == g->rows - 1 - row)
				label(c, text, v);
		}
		add(t, "%*s%s", (int)c->label_width, text,
			c->st.utf8 ? *text ? "┤" : "│"
			: *text    ? "+"
				   : "|");
		print_row(t, c, g, row);
	}
}

/* ---- times ---- */

static uint64_t time_tick(uint64_t span_ns, unsigned columns)
{
	static const uint32_t nice[] = {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600,
		7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000};
	unsigned ticks = columns / COLUMNS_A_TICK + 1;
	size_t i = 0;
	while (i + 1 < COUNTOF(nice) && nice[i] * NS < span_ns / ticks)
		i++;
	return nice[i] * NS;
}

/* Offset of local time from UTC at this moment, in nanoseconds. */
static int64_t local_offset(uint64_t real_ns)
{
	time_t at = (time_t)(real_ns / NS);
	struct tm tm;
	return localtime_r(&at, &tm) ? (int64_t)tm.tm_gmtoff * (int64_t)NS : 0;
}

enum time_form { TIME_WHOLE, TIME_DAY, TIME_MINUTE, TIME_SECOND };

static char *local_text(char buf[static LABEL_ROOM], enum time_form form, uint64_t real_ns)
{
	time_t at = (time_t)(real_ns / NS);
	struct tm tm;
	size_t n = 0;
	if (localtime_r(&at, &tm))
		n = strftime(buf, LABEL_ROOM,
			form == TIME_WHOLE    ? "%Y-%m-%d %H:%M:%S"
			: form == TIME_DAY    ? "%m-%d"
			: form == TIME_MINUTE ? "%H:%M"
					      : "%H:%M:%S",
			&tm);
	buf[n] = '\0';
	return buf;
}

/* The line under the chart and the times under it, where they have room. */
static void print_times(struct show_text *t, const struct chart *c)
{
	enum { COLUMNS_MAX = 1000 };
	const struct raster cells = {
		c->columns < COLUMNS_MAX ? c->columns : COLUMNS_MAX, 1, 1, 1, NULL, NULL};
	const uint64_t from = c->r->from_ns, to = c->r->to_ns;
	char labels[COLUMNS_MAX + 1], text[LABEL_ROOM];
	bool ticks[COLUMNS_MAX] = {false};
	uint64_t tick = time_tick(to - from, cells.columns);
	enum time_form form = tick >= 86400 * NS ? TIME_DAY
			      : tick >= 60 * NS  ? TIME_MINUTE
						 : TIME_SECOND;
	int64_t offset = local_offset(from);
	uint64_t first = (uint64_t)((int64_t)from + offset);
	size_t end = 0; /* behind the last label */
	memset(labels, ' ', sizeof labels);
	for (uint64_t at = first + (tick - first % tick) % tick; at < first + (to - from);
		at += tick) {
		uint64_t moment = (uint64_t)((int64_t)at - offset);
		size_t x = (size_t)dot_x(c, &cells, moment);
		(void)local_text(text, form, moment);
		size_t n = strlen(text), begin = x - n / 2;
		if (x < n / 2 || (end && begin < end + 1) || begin + n > cells.columns)
			continue;
		ticks[x] = true;
		for (end = begin; end < begin + n; end++)
			labels[end] = text[end - begin];
	}
	add(t, "%*s%s", (int)c->label_width, "", c->st.utf8 ? "└" : "+");
	for (unsigned x = 0; x < cells.columns; x++)
		show_text_add(t, c->st.utf8 ? ticks[x] ? "┬" : "─" : ticks[x] ? "+" : "-");
	add(t, "\n%*s %.*s\n", (int)c->label_width, "", (int)end, labels);
}

/* ---- words ---- */

static void print_legend(struct show_text *t, const struct chart *c)
{
	for (unsigned i = 0; i < c->n; i++) {
		const struct result_series *s = c->series[i];
		char name[NAME_BYTES], mark[4], low[40], high[40];
		(void)result_name(name, sizeof name, &s->id);
		(void)show_series_amount(low, bottom_of(c->r, s), c->unit);
		(void)show_series_amount(high, top_of(c->r, s), c->unit);
		size_t used = strlen(low) + strlen(high) + 10;
		size_t fits = text_fit(name, c->st.width > used + 8 ? c->st.width - used : 8);
		bool cut = name[fits] != '\0';
		add(t, "%s%s%s %.*s%s  %s to %s\n", color_of(c, i), mark_of(c, mark, 0xff, i),
			c->st.color ? "\033[0m" : "", (int)fits, name,
			!cut         ? ""
			: c->st.utf8 ? "…"
				     : "~",
			low, high);
	}
	if (c->left_out)
		add(t, "%zu more with lower values are not drawn\n", c->left_out);
}

static void print_head(struct show_text *t, const struct chart *c)
{
	char from[LABEL_ROOM], to[LABEL_ROOM], each[32];
	const char *per = c->unit + strcspn(c->unit, "/");
	int64_t minutes = local_offset(c->r->from_ns) / (60 * (int64_t)NS);
	add(t, "%s%s%s%s to %s %c%02d:%02d", c->scale_name, per, *c->scale_name || *per ? ", " : "",
		local_text(from, TIME_WHOLE, c->r->from_ns),
		local_text(to, TIME_WHOLE, c->r->to_ns), minutes < 0 ? '-' : '+',
		abs((int)minutes) / 60, abs((int)minutes) % 60);
	if (c->r->step_ns)
		add(t, ", steps of %s", text_duration(each, (double)c->r->step_ns / 1e9));
	show_text_add(t, "\n");
}

static void print_chart(struct show_text *t, struct chart *c)
{
	struct raster g;
	choose_axis(c);
	if (raster_init(&g, c->columns, c->st.height, is_braille(c)) == 0) {
		for (size_t i = c->n; i > 0; i--) /* the highest on top of the others */
			draw_series(c, &g, c->series[i - 1], (unsigned)i - 1);
		print_head(t, c);
		print_rows(t, c, &g);
		print_times(t, c);
		print_legend(t, c);
	} else {
		t->failed = true;
	}
	raster_free(&g);
}

/* Is it the first series of its unit? */
static bool begins_unit(const struct result *r, size_t at, char unit[static 24])
{
	char other[24];
	(void)result_unit(unit, &r->series[at]);
	for (size_t i = 0; i < at; i++)
		if (strcmp(result_unit(other, &r->series[i]), unit) == 0)
			return false;
	return true;
}

void show_plot(struct show_text *t, struct plot_style st, const struct result *r)
{
	bool any = false;
	st.width = st.width < WIDTH_LEAST ? WIDTH_LEAST : st.width;
	st.height = st.height < HEIGHT_LEAST ? HEIGHT_LEAST : st.height;
	for (size_t i = 0; i < r->nseries; i++) {
		struct chart c = {.r = r, .st = st};
		if (!begins_unit(r, i, c.unit))
			continue;
		choose(&c);
		if (c.n == 0)
			continue;
		if (any)
			show_text_add(t, "\n");
		print_chart(t, &c);
		any = true;
	}
	if (!any)
		show_text_add(t, "nothing is known of that time\n");
}
