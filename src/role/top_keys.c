/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What keys do on the full screen of top. */
#include "base/clock.h"
#include "base/num.h"
#include "role/top_screen.h"

#include <string.h>

static const uint64_t NS = 1000000000;

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
	struct screen_context c = top_context(t);
	struct subject subject;
	enum screen_id to;
	const struct screen_row *row = top_selected(t);
	if (!row || !screen_follow(&t->screen, row, &t->s.view, &c, &subject, &to)) {
		top_say(t, row ? "this row leads nowhere: who it is is not known" : "no row");
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
		top_detail(t);
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
		top_say(t, why);
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
	struct screen_context c = top_context(t);
	const struct screen_row *row = top_selected(t);
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
		top_say(t, "that is no time");
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
	top_say(t, t->mouse ? "mouse: click on a heading sorts, on a row chooses it"
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

void top_key(struct top *t, const struct terminal_key *k)
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
