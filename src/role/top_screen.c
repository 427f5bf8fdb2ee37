/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* The full screen of top: a moment (role/top_time.h), a view of it as data (show/screens/), a painter (show/paint.h), and here what keys do.
 *
 * One thread, one loop: take the sample that is due, do what keys say, make the screen anew when either changed something, draw, wait. */
#include "base/clock.h"
#include "base/num.h"
#include "base/text.h"
#include "role/commands.h"
#include "role/probes.h"
#include "role/stop.h"
#include "role/top_time.h"
#include "role/top_view.h"
#include "show/paint.h"
#include "show/terminal.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

enum { TYPED_MAX = 80, BACK_MAX = 16, SEEN_MAX = 64 };
static const uint64_t NS = 1000000000, SECOND_SAMPLE_NS = 250000000;

/* What is looked at, apart from the moment: where Backspace goes back to. */
struct looking {
	enum screen_id id;
	char words[TYPED_MAX];
	struct subject subject;
	uint64_t key; /* of the selected row */
	size_t selected;
	bool chosen; /* the row was chosen: it is followed wherever it goes */
};

enum asking { ASK_NOTHING, ASK_WORDS, ASK_TIME };
enum reading { READ_NOTHING, READ_TEXT, READ_MENU };

struct top {
	const struct options *o;
	struct session s;
	struct top_time time;
	struct looking now, back[BACK_MAX];
	unsigned nback;
	struct screen_order orders[SCREEN_COUNT];
	struct screen screen;
	struct verdicts *all;
	struct findings findings;
	struct paint_layout layout;
	enum asking asking;
	char typed[TYPED_MAX];
	char message[200];
	enum reading reading;
	char *text; /* what is read */
	const char *title;
	size_t from;
	char *detail;
	bool playing, mouse, quit, have_view;
	bool view_changed, screen_changed,
		paint_changed; /* what has to be made anew: each includes the next */
	bool lack_owners;
	uint64_t play_ns;
	char seen[SEEN_MAX][17];
	unsigned nseen;
	char host[256];
	const char *failed; /* what, where it came to an end by itself */
	int error;
};

static void say_message(struct top *t, const char *text)
{
	(void)snprintf(t->message, sizeof t->message, "%s", text);
	t->paint_changed = true;
}

/* What is wrong is said when the terminal is a common one again. */
static void fail(struct top *t, const char *what, int error)
{
	t->failed = what;
	t->error = error;
	t->quit = true;
}

/* ---- the model ---- */

/* Findings that were not there a second ago: where [ and ] go. */
static void mark_new(struct top *t)
{
	char now[SEEN_MAX][17];
	unsigned n = 0;
	for (size_t i = 0; i < t->findings.count && n < SEEN_MAX; i++) {
		const struct verdict *f = &t->findings.rows[i];
		bool known = false;
		if (f->state == STATE_NOTE)
			continue;
		(void)snprintf(now[n], sizeof now[n], "%s", finding_id(&t->s.view, f));
		for (unsigned k = 0; k < t->nseen; k++)
			known = known || strcmp(t->seen[k], now[n]) == 0;
		if (!known)
			top_time_mark(&t->time, t->s.view.now_ns);
		n++;
	}
	memcpy(t->seen, now, n * sizeof now[0]);
	t->nseen = n;
}

static struct screen_context context(const struct top *t)
{
	unsigned rows, columns;
	terminal_size(&rows, &columns);
	return (struct screen_context){.findings = &t->findings,
		.subject = &t->now.subject,
		.tall = rows >= PAINT_TALL,
		.live = t->time.live && t->time.where != TOP_STORE};
}

static void select_row(struct top *t)
{
	struct looking *l = &t->now;
	const struct screen *s = &t->screen;
	for (size_t i = 0; l->chosen && i < s->nrows; i++)
		if (s->rows[i].key == l->key) {
			l->selected = i;
			return;
		}
	if (l->selected >= s->nrows)
		l->selected = s->nrows ? s->nrows - 1 : 0;
}

static const struct screen_row *selected_row(const struct top *t)
{
	return t->now.selected < t->screen.nrows ? &t->screen.rows[t->now.selected] : NULL;
}

static void make_detail(struct top *t)
{
	unsigned rows, columns;
	struct screen_context c = context(t);
	const struct screen_row *row = selected_row(t);
	terminal_size(&rows, &columns);
	free(t->detail);
	t->detail = row && t->now.id == SCREEN_FINDINGS
			    ? screen_detail(&t->screen, row, &t->s.view, &c, columns)
			    : NULL;
}

static int make_screen(struct top *t)
{
	int r = 0;
	/* What screens say is written into the view's memory: it is opened again for each. */
	r = top_time_view(&t->time);
	if (r == -ENODATA) /* the first second */
		return 0;
	if (r == 0)
		r = findings_build(&t->s.view, NULL, t->all, &t->findings);
	if (r < 0)
		return r;
	if (t->view_changed && t->time.live && t->time.where == TOP_NEWEST)
		mark_new(t);
	struct screen_context c = context(t);
	r = screen_build(&t->screen, t->now.id, &t->s.view, &c);
	if (r < 0)
		return r;
	screen_arrange(&t->screen, t->orders[t->now.id], t->now.words);
	select_row(t);
	make_detail(t);
	t->have_view = true;
	return 0;
}

/* ---- drawing ---- */

/* Local time, as who sits before it thinks; the zone is said. */
static const char *when_text(char buf[static 64], uint64_t real_ns)
{
	time_t at = (time_t)(real_ns / NS);
	struct tm tm;
	if (!localtime_r(&at, &tm) || strftime(buf, 64, "%Y-%m-%d %H:%M:%S %Z", &tm) == 0)
		memcpy(buf, "?", 2);
	return buf;
}

static const char *state_text(const struct top *t, char buf[static 64], enum tone *tone)
{
	char ago[32];
	uint64_t now = clock_real_ns();
	*tone = TONE_WARNING;
	if (t->time.live && t->time.where == TOP_NEWEST) {
		*tone = TONE_GOOD;
		memcpy(buf, "live", 5);
	} else if (t->o->argument ||
		   (t->s.reader && !t->time.live)) { /* a file is of no time of ours */
		(void)snprintf(buf, 64, "recorded%s", t->playing ? ", playing" : "");
	} else {
		double passed =
			now > t->time.at_ns ? floor((double)(now - t->time.at_ns) / 1e9) : 0;
		(void)snprintf(buf, 64, "%s%s%s", passed < 1 ? "now" : text_duration(ago, passed),
			passed < 1 ? "" : " ago", t->playing ? ", playing" : ", paused");
	}
	return buf;
}

static void draw(struct top *t)
{
	char when[64], state[64], prompt[TYPED_MAX + 64];
	enum tone tone;
	if (t->reading != READ_NOTHING) {
		size_t most = paint_text(t->title, t->text ? t->text : "", t->from);
		t->from = t->from < most ? t->from : most;
		return;
	}
	if (!t->have_view) {
		t->screen.id = t->now.id;
		t->screen.columns = screen_columns(t->now.id).columns;
		t->screen.ncolumns = screen_columns(t->now.id).n;
		t->screen.empty = "two samples are needed to say how fast anything changes";
	}
	if (t->asking != ASK_NOTHING)
		(void)snprintf(prompt, sizeof prompt, "%s%s",
			t->asking == ASK_WORDS ? "only rows with: "
					       : "time (04:00, 2026-11-21T04:00:00Z, -15m): ",
			t->typed);
	const struct painting p = {.screen = &t->screen,
		.findings = &t->findings,
		.host = t->host,
		.when = when_text(when, t->time.at_ns ? t->time.at_ns : clock_real_ns()),
		.state = state_text(t, state, &tone),
		.state_tone = tone,
		.words = *t->now.words ? t->now.words : NULL,
		.only = t->now.subject.any ? t->now.subject.label : NULL,
		.order = t->orders[t->now.id],
		.selected = t->now.selected,
		.detail = t->detail,
		.message = *t->message ? t->message : NULL,
		.prompt = t->asking != ASK_NOTHING ? prompt : NULL};
	paint(&p, &t->layout);
}

/* ---- what keys do ---- */

static void look_at(struct top *t, enum screen_id id)
{
	if (id >= SCREEN_COUNT)
		return;
	if (id == SCREEN_CONNS && t->now.id != SCREEN_CONNS)
		t->lack_owners = true;
	t->now = (struct looking){.id = id};
	subject_none(&t->now.subject);
	t->nback = 0;
	t->screen_changed = true;
}

static void follow(struct top *t)
{
	struct screen_context c = context(t);
	struct subject subject;
	enum screen_id to;
	const struct screen_row *row = selected_row(t);
	if (!row || !screen_follow(&t->screen, row, &t->s.view, &c, &subject, &to)) {
		say_message(t, row ? "this row leads nowhere: who it is is not known" : "no row");
		return;
	}
	if (t->nback == BACK_MAX) {
		memmove(t->back, t->back + 1, (BACK_MAX - 1) * sizeof *t->back);
		t->nback--;
	}
	t->now.key = row->key;
	t->now.chosen = true;
	t->back[t->nback++] = t->now;
	t->now = (struct looking){.id = to, .subject = subject};
	t->lack_owners = t->lack_owners || to == SCREEN_CONNS;
	t->screen_changed = true;
}

static void go_back(struct top *t)
{
	if (t->nback) {
		t->now = t->back[--t->nback];
		t->screen_changed = true;
	} else if (t->now.subject.any || *t->now.words) {
		look_at(t, t->now.id);
	}
}

static void move_row(struct top *t, long by)
{
	size_t n = t->screen.nrows;
	long at = (long)t->now.selected + by;
	if (n == 0)
		return;
	t->now.selected = at < 0 ? 0 : (size_t)at >= n ? n - 1 : (size_t)at;
	t->now.chosen = t->now.selected > 0;
	t->now.key = t->screen.rows[t->now.selected].key;
	if (t->now.id == SCREEN_FINDINGS)
		make_detail(t);
	t->paint_changed = true;
}

static void sort_by(struct top *t, int column)
{
	struct screen_order *o = &t->orders[t->now.id];
	struct screen_column_list l = screen_columns(t->now.id);
	if (column < -1 || column >= (int)l.n)
		return;
	if (column == -1)
		*o = (struct screen_order){.column = -1};
	else
		(void)screen_order_by(t->now.id, l.columns[column].key, o);
	t->now.chosen = false;
	t->now.selected = 0;
	t->screen_changed = true;
}

/* The next column that is on the terminal. */
static void sort_beside(struct top *t, int step)
{
	int c = t->orders[t->now.id].column + step, n = (int)t->screen.ncolumns;
	while (c >= 0 && c < n && t->layout.widths[c] == 0)
		c += step;
	sort_by(t, c < -1 ? n - 1 : c >= n ? -1 : c);
}

static void turn_order(struct top *t)
{
	t->orders[t->now.id].ascending = !t->orders[t->now.id].ascending;
	t->screen_changed = true;
}

static void moved_in_time(struct top *t, int r, const char *why)
{
	if (r < 0)
		say_message(t, why);
	else
		t->view_changed = true;
}

static void step_time(struct top *t, int seconds)
{
	t->playing = false;
	moved_in_time(t, top_time_step(&t->time, seconds),
		seconds < 0 ? "nothing before this was recorded" : "this is the newest");
}

static void pause_or_play(struct top *t)
{
	if (t->time.live && t->time.where == TOP_NEWEST) {
		t->time.where = TOP_MEMORY; /* it stays at this moment */
	} else if (t->time.live) {
		(void)top_time_newest(&t->time);
		t->view_changed = true;
	} else {
		t->playing = !t->playing;
		t->play_ns = clock_mono_ns() + NS;
	}
	t->paint_changed = true;
}

static void read_text(struct top *t, enum reading how, const char *title, char *text)
{
	if (!text)
		return;
	free(t->text);
	t->text = text;
	t->title = title;
	t->from = 0;
	t->reading = how;
	t->paint_changed = true;
}

static void read_help(struct top *t)
{
	unsigned rows, columns;
	terminal_size(&rows, &columns);
	read_text(t, READ_TEXT, " plimsoll top: help ", screen_help(t->now.id, columns));
}

static const char menu_keys[] = "1234567890abcd";
_Static_assert(sizeof menu_keys - 1 == SCREEN_COUNT, "a key for each view");

static void read_menu(struct top *t)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	for (unsigned i = 0; f && i < SCREEN_COUNT; i++)
		(void)fprintf(f, "  %c  %-10s%s\n", menu_keys[i],
			screen_info((enum screen_id)i)->name, screen_info((enum screen_id)i)->help);
	if (f && fclose(f) == 0)
		read_text(t, READ_MENU, " plimsoll top: views; type one of these keys ", text);
}

static void read_detail(struct top *t)
{
	unsigned rows, columns;
	struct screen_context c = context(t);
	const struct screen_row *row = selected_row(t);
	terminal_size(&rows, &columns);
	char *text = row ? screen_detail(&t->screen, row, &t->s.view, &c, columns) : NULL;
	if (text)
		read_text(t, READ_TEXT, " plimsoll top: finding ", text);
	else if (t->now.id != SCREEN_FINDINGS)
		look_at(t, SCREEN_FINDINGS);
}

static void ask(struct top *t, enum asking what)
{
	t->asking = what;
	(void)snprintf(t->typed, sizeof t->typed, "%s", what == ASK_WORDS ? t->now.words : "");
	t->paint_changed = true;
}

static void answered(struct top *t)
{
	uint64_t at;
	enum asking what = t->asking;
	t->asking = ASK_NOTHING;
	t->paint_changed = true;
	if (what != ASK_TIME || !*t->typed)
		return;
	/* "04:00" means the last one before the newest sample: of a recording one of its own day. */
	uint64_t now = t->o->argument ? t->s.at_ns : clock_real_ns();
	t->playing = false;
	if (num_time(t->typed, now, &at) < 0)
		say_message(t, "that is no time");
	else
		moved_in_time(t, top_time_jump(&t->time, at), "nothing was recorded then");
}

static void typed_words(struct top *t)
{
	(void)snprintf(t->now.words, sizeof t->now.words, "%s", t->typed);
	t->now.chosen = false;
	t->now.selected = 0;
	t->screen_changed = true;
}

/* One character as UTF-8; returns how many bytes. */
static size_t encode(uint32_t c, char out[static 4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(lead[n] | c);
	return n;
}

static void type(struct top *t, uint32_t key)
{
	size_t n = strlen(t->typed);
	if (key == KEY_IS_ENTER) {
		answered(t);
		return;
	}
	if (key == KEY_IS_ESCAPE) {
		t->typed[0] = '\0';
		if (t->asking == ASK_WORDS)
			typed_words(t);
		t->asking = ASK_NOTHING;
		t->paint_changed = true;
		return;
	}
	if (key == KEY_IS_BACK) {
		while (n > 0 && ((unsigned char)t->typed[n - 1] & 0xc0) == 0x80)
			n--;
		t->typed[n ? n - 1 : 0] = '\0';
	} else if (key >= 0x20 && key < KEY_IS_UP && key != 0x7f && n + 5 < sizeof t->typed) {
		char c[4];
		size_t len = encode(key, c);
		memcpy(t->typed + n, c, len);
		t->typed[n + len] = '\0';
	}
	if (t->asking == ASK_WORDS)
		typed_words(t);
	t->paint_changed = true;
}

static void read_key(struct top *t, uint32_t key)
{
	unsigned rows, columns;
	terminal_size(&rows, &columns);
	size_t page = rows > 4 ? rows - 4 : 1;
	const char *menu =
		t->reading == READ_MENU && key < 0x80 && key ? strchr(menu_keys, (int)key) : NULL;
	t->paint_changed = true;
	if (key == KEY_IS_UP || key == 'k' || key == KEY_IS_WHEEL_UP)
		t->from -= t->from > 0;
	else if (key == KEY_IS_DOWN || key == 'j' || key == KEY_IS_WHEEL_DOWN)
		t->from++;
	else if (key == KEY_IS_PAGE_DOWN || key == ' ')
		t->from += page;
	else if (key == KEY_IS_PAGE_UP)
		t->from = t->from > page ? t->from - page : 0;
	else if (key != KEY_IS_SIZE && key != KEY_IS_NONE)
		t->reading = READ_NOTHING;
	if (menu)
		look_at(t, (enum screen_id)(menu - menu_keys));
}

static void click(struct top *t, int row, int at)
{
	const struct paint_layout *l = &t->layout;
	if (row == (int)l->header) {
		int from = 0;
		for (size_t c = 0; c < t->screen.ncolumns; c++) {
			if (!l->widths[c])
				continue;
			if (at >= from && at < from + (int)l->widths[c]) {
				if (t->orders[t->now.id].column == (int)c)
					turn_order(t);
				else
					sort_by(t, (int)c);
				return;
			}
			from += (int)l->widths[c] + 2;
		}
	} else if (row > (int)l->header && (size_t)(row - (int)l->header - 1) < l->shown) {
		size_t to = l->first + (size_t)(row - (int)l->header - 1);
		move_row(t, (long)to - (long)t->now.selected);
	}
}

static void go_to_finding(struct top *t, int direction)
{
	t->playing = false;
	moved_in_time(t, top_time_finding(&t->time, direction),
		direction < 0 ? "no finding before this" : "no finding after this");
}

static void toggle_mouse(struct top *t)
{
	t->mouse = !t->mouse;
	terminal_mouse(t->mouse);
	say_message(t, t->mouse ? "mouse: click on a heading sorts, on a row chooses it"
				: "mouse: left to the terminal");
}

static void key_in_time(struct top *t, uint32_t key)
{
	switch (key) {
	case KEY_IS_LEFT: step_time(t, -1); break;
	case KEY_IS_RIGHT: step_time(t, 1); break;
	case KEY_IS_PAGE_UP: step_time(t, -60); break;
	case KEY_IS_PAGE_DOWN: step_time(t, 60); break;
	case KEY_IS_HOME: moved_in_time(t, top_time_begin(&t->time), "nothing was recorded"); break;
	case KEY_IS_END: moved_in_time(t, top_time_newest(&t->time), "nothing was recorded"); break;
	case '[': go_to_finding(t, -1); break;
	case ']': go_to_finding(t, 1); break;
	default: break;
	}
}

static void do_key(struct top *t, const struct terminal_key *k)
{
	uint32_t key = k->key;
	long half = (long)(t->layout.shown / 2 ? t->layout.shown / 2 : 1);
	if (key == KEY_IS_NONE)
		return;
	if (key == KEY_IS_SIZE) {
		t->screen_changed = true; /* more lines may fit */
		if (t->reading != READ_NOTHING)
			t->paint_changed = true;
		return;
	}
	if (t->reading != READ_NOTHING) {
		read_key(t, key);
		return;
	}
	if (t->asking != ASK_NOTHING) {
		type(t, key);
		return;
	}
	if (*t->message) {
		t->message[0] = '\0';
		t->paint_changed = true;
	}
	switch (key) {
	case 'q': t->quit = true; break;
	case KEY_IS_UP:
	case KEY_IS_WHEEL_UP:
	case 'k': move_row(t, -1); break;
	case KEY_IS_DOWN:
	case KEY_IS_WHEEL_DOWN:
	case 'j': move_row(t, 1); break;
	case 4: move_row(t, half); break;   /* Ctrl-D */
	case 21: move_row(t, -half); break; /* Ctrl-U */
	case 'g': move_row(t, -(1L << 30)); break;
	case 'G': move_row(t, 1L << 30); break;
	case KEY_IS_ENTER: follow(t); break;
	case KEY_IS_BACK: go_back(t); break;
	case KEY_IS_ESCAPE: look_at(t, t->now.id); break;
	case '\t': look_at(t, (enum screen_id)((t->now.id + 1) % SCREEN_COUNT)); break;
	case KEY_IS_BACKTAB:
		look_at(t, (enum screen_id)((t->now.id + SCREEN_COUNT - 1) % SCREEN_COUNT));
		break;
	case 'v': read_menu(t); break;
	case '?':
	case 'h': read_help(t); break;
	case 'd': read_detail(t); break;
	case '/': ask(t, ASK_WORDS); break;
	case 'b': ask(t, ASK_TIME); break;
	case '<': sort_beside(t, -1); break;
	case '>': sort_beside(t, 1); break;
	case 'r': turn_order(t); break;
	case ' ': pause_or_play(t); break;
	case 'm': toggle_mouse(t); break;
	case 12: /* Ctrl-L */
		terminal_redraw();
		t->paint_changed = true;
		break;
	case KEY_IS_CLICK: click(t, k->row, k->column); break;
	default:
		if (key >= '0' && key <= '9')
			look_at(t, (enum screen_id)(key == '0' ? 9 : key - '1'));
		else
			key_in_time(t, key);
		break;
	}
}

/* ---- the loop ---- */

static unsigned wanted(struct top *t)
{
	unsigned want = t->s.due_set ? 0 : WANT_SLOW | WANT_OWNERS | WANT_CONNS;
	if (t->now.id == SCREEN_STATES)
		want |= WANT_STATES;
	if (t->lack_owners)
		want |= WANT_OWNERS;
	t->lack_owners = false;
	return want;
}

static void take_sample(struct top *t)
{
	bool first = !t->s.due_set;
	int r = top_time_tick(&t->time, wanted(t));
	if (r < 0 && r != -EINTR) {
		fail(t, "sampling", r);
		return;
	}
	if (first && t->s.store->count < 2) /* who waits before an empty screen waits long */
		t->s.due_ns -=
			t->s.interval_ns -
			(SECOND_SAMPLE_NS < t->s.interval_ns ? SECOND_SAMPLE_NS : t->s.interval_ns);
	if (t->time.where == TOP_NEWEST)
		t->view_changed = true;
	else
		t->paint_changed = true; /* how long ago it is */
}

static void play_on(struct top *t)
{
	t->play_ns += NS;
	if (t->time.history)
		(void)history_refresh(t->time.history);
	if (top_time_step(&t->time, 1) == 0)
		t->view_changed = true;
}

static void make_and_draw(struct top *t)
{
	if (t->view_changed || t->screen_changed) {
		int r = make_screen(t);
		if (r < 0) {
			fail(t, "looking at the samples", r);
			return;
		}
	}
	if (t->view_changed || t->screen_changed || t->paint_changed)
		draw(t);
	t->view_changed = t->screen_changed = t->paint_changed = false;
}

static void run(struct top *t)
{
	t->view_changed = true;
	while (!t->quit && !stop_requested) {
		struct terminal_key k;
		uint64_t now = clock_mono_ns(), due = top_time_due(&t->time);
		if (due <= now)
			take_sample(t);
		if (t->playing && t->play_ns <= now)
			play_on(t);
		while (!t->quit && terminal_key(&k))
			do_key(t, &k);
		make_and_draw(t);
		due = top_time_due(&t->time);
		now = clock_mono_ns();
		uint64_t until = now + 3600 * NS;
		until = due < until ? due : until;
		if (t->playing && t->play_ns < until)
			until = t->play_ns;
		if (!t->quit && !terminal_wait(until))
			break;
	}
}

int command_top_screen(struct options *o)
{
	static struct top t;
	t = (struct top){.o = o, .findings = {.overall = OVERALL_UNKNOWN}};
	int status = top_view(o, &t.now.id);
	for (unsigned i = 0; i < SCREEN_COUNT; i++)
		t.orders[i] = screen_default_order((enum screen_id)i);
	if (status == 0)
		status = top_order(o, t.now.id, &t.orders[t.now.id]);
	subject_none(&t.now.subject);
	if (status == 0)
		status = session_open(o, 5 * NS, WANT_SLOW | WANT_CONNS | WANT_OWNERS, &t.s);
	if (status)
		return status;
	stop_catch((unsigned)STOP_WHILE_WAITING | STOP_ON_HANGUP);
	t.all = calloc(1, sizeof *t.all);
	if (!t.all || screen_init(&t.screen) < 0)
		status = complain(EX_OSERR, "top: memory: %s", strerror(ENOMEM));
	if (status == 0)
		status = top_time_open(o, &t.s, &t.time);
	if (status == 0 && t.time.live && !o->set[OPTION_NO_PROBES])
		(void)probes_start(
			t.s.reader, "record"); /* without it all is read the slower way */
	(void)session_host(&t.s, t.host);
	if (status == 0 && terminal_open(o->set[OPTION_NO_COLOR]) < 0)
		status = complain(EX_UNAVAILABLE,
			"top: a terminal of this kind (TERM) cannot be written on in any place; "
			"plimsoll top | cat prints it once");
	if (status == 0) {
		run(&t);
		terminal_close();
		if (t.failed)
			status = complain(EX_OSERR, "top: %s: %s", t.failed, strerror(-t.error));
	}
	top_time_close(&t.time);
	free(t.text);
	free(t.detail);
	if (t.all)
		screen_destroy(&t.screen);
	free(t.all);
	session_close(&t.s);
	return status;
}
