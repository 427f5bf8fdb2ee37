/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The text forms. What a tired person needs first stands first: the verdict, then for each finding
 * the cause, who, the proof and the way out. Every foreign byte (process names, paths, peers) goes
 * through text_safe() before it reaches the terminal. */
#include "base/text.h"
#include "show/show.h"
#include "show/table.h"

#include <math.h>
#include <string.h>
#include <sys/ioctl.h>

#define BOLD   "\033[1m"
#define RED    "\033[1;31m"
#define YELLOW "\033[1;33m"
#define GREEN  "\033[1;32m"
#define DIM    "\033[2m"
#define RESET  "\033[0m"

struct style style_of(FILE *f, bool no_color)
{
	struct style st = {0};
	int fd = fileno(f);
	struct winsize size;
	if (fd < 0 || !isatty(fd))
		return st;
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	st.color = !no_color && !(no && *no) && term && strcmp(term, "dumb") != 0;
	st.width = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
	return st;
}

const char *show_safe(struct view *v, const char *s)
{
	char buf[2048];
	return arena_str(&v->scratch, text_safe(buf, sizeof buf, s ? s : ""));
}

char *show_amount(char buf[static 32], double v, const char *unit)
{
	if (strcmp(unit, "bytes") == 0)
		return text_bytes(buf, v);
	if (strcmp(unit, "ratio") == 0) {
		(void)snprintf(buf, 32, "%.0f %%", 100 * v);
		return buf;
	}
	if (strcmp(unit, "CPUs") == 0) {
		(void)snprintf(buf, 32, v == floor(v) ? "%.0f" : "%.2f", v);
		return buf;
	}
	return text_amount(buf, v);
}

static const char *paint(struct style st, const char *code)
{
	return st.color ? code : "";
}

/* Columns of the first bytes of a text. */
static size_t columns_of(const char *text, size_t bytes)
{
	size_t columns = text_width(text);
	return columns - text_width(text + bytes);
}

/* Text in lines of at most `width`, hanging under `indent` blanks; the first line goes on where the
 * cursor stands. */
static void wrap(FILE *f, const char *text, size_t indent, size_t width)
{
	size_t at = indent;
	bool first = true;
	while (*text) {
		while (*text == ' ')
			text++;
		size_t bytes = strcspn(text, " ");
		size_t w = columns_of(text, bytes);
		if (!first && at + 1 + w > width) {
			(void)fprintf(f, "\n%*s", (int)indent, "");
			at = indent;
			first = true;
		}
		(void)fprintf(f, first ? "%.*s" : " %.*s", (int)bytes, text);
		at += w + !first;
		first = false;
		text += bytes;
	}
	(void)fputc('\n', f);
}

static size_t text_columns(struct style st)
{
	return st.width == 0 ? 100 : st.width < 40 ? 40 : st.width > 120 ? 120 : st.width;
}

void show_paragraph(FILE *f, struct style st, const char *label, const char *text)
{
	char buf[4096];
	(void)fprintf(f, "  %s%-13s%s", paint(st, BOLD), label, paint(st, RESET));
	wrap(f, text_safe(buf, sizeof buf, text), 15, text_columns(st));
}

/* A command stands on a line of its own, uncut, so that it can be copied. */
static void command_line(FILE *f, const char *mark, const char *command)
{
	char buf[4096];
	(void)fprintf(f, "%15s%s%s\n", "", mark, text_safe(buf, sizeof buf, command));
}

static const char *severity_color(struct style st, const struct verdict *fd)
{
	return paint(st, fd->state == STATE_NOTE || fd->muted ? DIM
			 : fd->severity == SEVERITY_CRITICAL  ? RED
							      : YELLOW);
}

static void used_line(FILE *f, struct style st, struct view *v, const struct verdict *fd)
{
	char a[32], b[32], c[32], t[40];
	const char *unit = resource_info(rule_info(fd->rule)->resource)->unit;
	const char *ns = series_netns_name(v->series, fd->netns);
	const char *where = *ns ? say(v, "  (network namespace %s)", ns) : "";
	bool bare = strcmp(unit, "bytes") == 0 || strcmp(unit, "ratio") == 0;
	const char *amount = fd->limit >= 0 ? say(v, "%s of %s%s%s", show_amount(a, fd->used, unit),
						      show_amount(b, fd->limit, unit),
						      bare ? "" : " ", bare ? "" : unit)
					    : show_amount(a, fd->used, unit);
	const char *eta =
		fd->eta_s >= 0 ? say(v, ", exhausted in %s", text_duration(c, fd->eta_s)) : "";
	const char *refused = fd->refused > 0 ? say(v, ", %.0f refused", fd->refused) : "";
	(void)text_time(t, fd->since_ns);
	t[19] = '\0';
	show_paragraph(f, st, "resource",
		say(v, "%s: %s%s%s, since %sZ or earlier%s", fd->resource, amount, refused, eta,
			t + 11, where));
}

void show_finding(
	FILE *f, struct style st, struct view *v, const struct verdict *fd, unsigned number)
{
	(void)fprintf(f, "\n%s%u. %s%s%s: ", severity_color(st, fd), number,
		fd->muted ? "muted " : "",
		fd->state == STATE_NOTE ? "note" : severity_name(fd->severity), paint(st, RESET));
	(void)fputs(paint(st, BOLD), f);
	wrap(f, show_safe(v, fd->title), 3, text_columns(st));
	(void)fputs(paint(st, RESET), f);
	if (fd->muted) {
		char until[40];
		show_paragraph(f, st, "muted",
			say(v, "until %s%s%s: %s", text_time(until, fd->muted->until_ns),
				*fd->muted->by ? " by " : "", fd->muted->by, fd->muted->reason));
	}
	used_line(f, st, v, fd);
	for (size_t i = 0; i < fd->nculprits; i++) {
		const struct who *c = &fd->culprits[i];
		const char *pid =
			c->pid && strcmp(c->kind, "file") != 0 ? say(v, " (pid %d)", c->pid) : "";
		const char *kind = strcmp(c->kind, "process") == 0 ? "" : say(v, "%s ", c->kind);
		show_paragraph(f, st, i == 0 ? "culprit" : "",
			say(v, "%s%s%s: %s", kind, c->value, pid, c->why ? c->why : ""));
	}
	if (fd->nculprits == 0)
		show_paragraph(f, st, "culprit", "not known");
	for (size_t i = 0; i < fd->nvictims; i++)
		show_paragraph(f, st, i == 0 ? "suffers" : "",
			say(v, "%s%s: %s", fd->victims[i].value,
				fd->victims[i].pid ? say(v, " (pid %d)", fd->victims[i].pid) : "",
				fd->victims[i].effect));
	for (size_t i = 0; i < fd->neffects; i++)
		show_paragraph(f, st, i == 0 ? "follows" : "",
			say(v, "%s: %s", fd->effects[i].resource, fd->effects[i].text));
	if (fd->state == STATE_NOTE)
		return;
	for (size_t i = 0; i < fd->nevidence; i++) {
		show_paragraph(f, st, i == 0 ? "proof" : "", fd->evidence[i].text);
		if (fd->evidence[i].confirm)
			command_line(f, "$ ", fd->evidence[i].confirm);
	}
	for (size_t i = 0; i < fd->nremedies; i++) {
		const struct remedy *r = &fd->remedies[i];
		const char *lasts = r->lasts && (r->command || r->file) ? "; lasts over a reboot"
				    : r->file ? "; until reboot or restart"
					      : "";
		const char *cost = r->cost && strcmp(r->cost, "none") != 0
					   ? say(v, "; costs: %s", r->cost)
					   : "";
		const char *risk = r->risk && strcmp(r->risk, "none") != 0
					   ? say(v, "; risk: %s", r->risk)
					   : "";
		show_paragraph(f, st, i == 0 ? "remedy" : "",
			say(v, "%s%s%s%s", r->text, lasts, cost, risk));
		if (r->command)
			command_line(f, "# ", r->command);
		if (r->file && !r->lasts)
			command_line(f, "to keep it: ", r->file);
	}
}

void show_check(
	FILE *f, struct style st, struct view *v, const struct findings *fs, const char *only)
{
	static const char *const colors[] = {GREEN, YELLOW, RED, YELLOW};
	static const char *const words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
	size_t real = 0, muted = 0;
	for (size_t i = 0; i < fs->count; i++) {
		real += fs->rows[i].state != STATE_NOTE && !fs->rows[i].muted;
		muted += fs->rows[i].state != STATE_NOTE && fs->rows[i].muted;
	}
	(void)fprintf(f, "%s%s%s  ", paint(st, colors[fs->overall]), words[fs->overall],
		paint(st, RESET));
	if (real)
		(void)fprintf(f, "%s%s%s", paint(st, BOLD), show_safe(v, fs->rows[0].title),
			paint(st, RESET));
	else if (fs->overall == OVERALL_UNKNOWN)
		(void)fputs("the numbers that a verdict needs could not be read", f);
	else if (only)
		(void)fprintf(f, "nothing in '%s' is running out", show_safe(v, only));
	else if (muted)
		(void)fputs("nothing is running out but what is muted", f);
	else
		(void)fputs("nothing is running out, nobody waits", f);
	char d[32];
	(void)fprintf(f,
		"\n%swatched for %s, %u process%s, %u listening socket%s, %u network namespace%s",
		paint(st, DIM), text_duration(d, v->seconds), view_last(v)->procs.count,
		view_last(v)->procs.count == 1 ? "" : "es", view_last(v)->listeners.count,
		view_last(v)->listeners.count == 1 ? "" : "s", v->series->netns_count,
		v->series->netns_count == 1 ? "" : "s");
	if (real > 1)
		(void)fprintf(f, "; %zu findings", real);
	if (muted)
		(void)fprintf(f, "; %zu muted", muted);
	(void)fprintf(f, "%s\n", paint(st, RESET));
	unsigned number = 0;
	for (size_t i = 0; i < fs->count; i++)
		show_finding(f, st, v, &fs->rows[i], ++number);
	if (fs->nblind) {
		(void)fprintf(f, "\n%snot seen%s (plimsoll doctor says what to do about it)\n",
			paint(st, BOLD), paint(st, RESET));
		size_t most = fs->nblind > 6 ? 5 : fs->nblind;
		for (size_t i = 0; i < most; i++)
			show_paragraph(f, st, "",
				say(v, "%s: %s; hides %s", fs->blind[i].what, fs->blind[i].why,
					fs->blind[i].hides));
		if (fs->nblind > most)
			(void)fprintf(f, "%15sand %zu more\n", "", fs->nblind - most);
	}
}

void show_next(FILE *f, struct style st)
{
	(void)fprintf(f,
		"\n%sNext:%s  plimsoll limits        everything that can run out, least left "
		"first\n",
		paint(st, BOLD), paint(st, RESET));
	(void)fprintf(
		f, "       plimsoll check --watch  goes on looking, says what begins and ends\n");
	(void)fprintf(f,
		"       plimsoll explain RULE   why a rule speaks, when it is wrong, what to do\n");
	(void)fprintf(f, "       plimsoll doctor         what this machine lets us see\n");
}

/* The plugin's line ends at '|', and at a newline: neither may come from a name. */
static void nagios_text(FILE *f, const char *text)
{
	char line[1024];
	(void)text_safe(line, sizeof line, text);
	for (char *p = line; *p; p++)
		if (*p == '|')
			*p = '/';
	(void)fputs(line, f);
}

void show_nagios(FILE *f, const struct findings *fs, const char *only)
{
	static const char *const words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
	size_t count[3] = {0};
	const struct verdict *first = NULL;
	for (size_t i = 0; i < fs->count; i++) {
		if (fs->rows[i].muted)
			continue;
		count[fs->rows[i].state == STATE_NOTE ? SEVERITY_NOTICE : fs->rows[i].severity]++;
		if (!first && fs->rows[i].state != STATE_NOTE)
			first = &fs->rows[i];
	}
	(void)fprintf(f, "PLIMSOLL %s - ", words[fs->overall]);
	nagios_text(f, first ? first->title
		       : fs->overall == OVERALL_UNKNOWN
			       ? "the numbers that a verdict needs could not be read"
			       : "nothing is running out");
	if (!first && only) {
		(void)fputs(" in ", f);
		nagios_text(f, only);
	}
	if (first && first->nculprits) {
		(void)fprintf(f, " (%s ", first->culprits[0].kind);
		nagios_text(f, first->culprits[0].value);
		(void)fputc(')', f);
	}
	if (fs->nblind)
		(void)fprintf(f, " (%zu thing%s not seen)", fs->nblind, fs->nblind == 1 ? "" : "s");
	(void)fprintf(f, " | critical=%zu;;0;0 warning=%zu;0;;0", count[SEVERITY_CRITICAL],
		count[SEVERITY_WARNING]);
	if (first && first->limit >= 0)
		(void)fprintf(f, " used=%.12g;;;0;%.12g", first->used, first->limit);
	(void)fputc('\n', f);
}

void show_limits(FILE *f, struct style st, struct view *v, const struct ledger *l, bool all)
{
	static const struct column columns[] = {
		{"resource", false, true, 0, 18},
		{"used", true, false, 0, 0},
		{"limit", true, false, 0, 0},
		{"left", true, false, 1, 0},
		{"high", true, false, 4, 0},
		{"refused", true, false, 3, 0},
		{"slope/s", true, false, 5, 0},
		{"time left", true, false, 2, 0},
		{"netns", false, true, 6, 8},
		{"held by", false, true, 0, 16},
	};
	enum { NCOL = sizeof columns / sizeof *columns, FIRST = 24 };
	size_t shown = 0, rows = 0;
	for (size_t i = 0; i < l->count; i++)
		shown += all || (i < FIRST && (ledger_left(&l->rows[i]) < 0.98 ||
						      l->rows[i].refused_per_s > 0));
	const char **cells = arena_alloc(&v->scratch, (shown + 1) * NCOL * sizeof *cells);
	if (!cells)
		return;
	for (size_t i = 0; i < l->count && rows < shown; i++) {
		const struct ledger_row *r = &l->rows[i];
		if (!all && !(ledger_left(r) < 0.98 || r->refused_per_s > 0))
			continue;
		const char **c = cells + rows++ * NCOL;
		char b[32];
		double left = ledger_left(r);
		*c++ = show_safe(v, r->name);
		*c++ = say(v, "%s", show_amount(b, r->used, r->unit));
		*c++ = r->limit >= 0 ? say(v, "%s", show_amount(b, r->limit, r->unit)) : "-";
		*c++ = left <= 1 ? say(v, "%.0f %%", 100 * left) : "-";
		*c++ = say(v, "%s", show_amount(b, r->high, r->unit));
		*c++ = r->refused >= 0 ? say(v, "%s", text_amount(b, r->refused)) : "-";
		*c++ = fabs(r->slope) * 1000 > fabs(r->used) * 0.01 && r->limit > 0 &&
				       fabs(r->slope) > 1e-9
			       ? say(v, "%s", show_amount(b, r->slope, r->unit))
			       : "-";
		*c++ = r->eta_s >= 0 ? say(v, "%s", text_duration(b, r->eta_s)) : "-";
		*c++ = show_safe(v, series_netns_name(v->series, r->netns));
		const char *held = "";
		for (size_t k = 0; k < r->nholders && k < 3; k++) {
			const struct who *h = &r->holders[k];
			const char *pid = h->pid && strcmp(h->kind, "file") != 0
						  ? say(v, " (%d)", h->pid)
						  : "";
			const char *share = h->share >= 0 && h->share < 0.995
						    ? say(v, " %.0f %%", 100 * h->share)
						    : "";
			held = say(v, "%s%s%s%s%s", held, k ? ", " : "", show_safe(v, h->value),
				pid, share);
		}
		*c = held;
	}
	const struct text_table t = {columns, NCOL, cells, rows};
	table_print(f, &t, st.width, st.color);
	if (shown < l->count)
		(void)fprintf(f, "%s%zu more with plenty left: plimsoll limits --all%s\n",
			paint(st, DIM), l->count - shown, paint(st, RESET));
}

void show_explain_rule(FILE *f, struct style st, enum rule_id r)
{
	const struct rule_info *i = rule_info(r);
	const struct rule_case *c = rule_case(r);
	(void)fprintf(f, "%s%s%s  (%s): %s\n", paint(st, BOLD), i->name, paint(st, RESET),
		resource_info(i->resource)->class, i->subject);
	show_paragraph(f, st, "mechanism", c->mechanism);
	show_paragraph(f, st, "threshold", c->threshold);
	show_paragraph(f, st, "false alarms", c->false_alarms);
	show_paragraph(f, st, "confirm", c->confirm);
	show_paragraph(f, st, "remedy", c->remedy);
}

/* A line for each class that may stand on the other side, and under what condition. */
static void explain_causes(FILE *f, struct style st, enum resource r)
{
	const struct cause_info *row;
	char line[256];
	for (int causes = 1; causes >= 0; causes--) {
		const char *label = causes ? "caused by" : "can cause";
		for (size_t i = 0; (row = cause_info(i)) != NULL; i++) {
			if ((causes ? row->symptom : row->cause) != r)
				continue;
			(void)snprintf(line, sizeof line, "%s%s%s: %s",
				resource_info(causes ? row->cause : row->symptom)->class,
				causes ? " " : "", causes ? cause_link_text(row->link) : "",
				row->how);
			show_paragraph(f, st, label, line);
			label = "";
		}
	}
}

void show_explain_resource(FILE *f, struct style st, enum resource r)
{
	const struct resource_info *i = resource_info(r);
	(void)fprintf(f, "%s%s%s: %s%s%s\n", paint(st, BOLD), i->class, paint(st, RESET), i->help,
		*i->unit ? ", in " : "", i->unit);
	bool any = false;
	for (unsigned k = 0; k < RULE_COUNT; k++) {
		if (rule_info((enum rule_id)k)->resource != r)
			continue;
		(void)fputc('\n', f);
		show_explain_rule(f, st, (enum rule_id)k);
		any = true;
	}
	if (!any)
		show_paragraph(f, st, "rules", "none in this version");
	explain_causes(f, st, r);
}

void show_explain_metric(FILE *f, struct style st, enum metric m)
{
	const struct metric_info *i = metric_info(m);
	(void)fprintf(f, "%s%s%s: %s\n", paint(st, BOLD), i->name, paint(st, RESET), i->help);
	show_paragraph(f, st, "kind", metric_kind_name(m));
	show_paragraph(f, st, "unit", *metric_base_unit(m) ? metric_base_unit(m) : "count");
	show_paragraph(
		f, st, "label", i->label == LABEL_NONE ? "none" : metric_label_name(i->label));
}
