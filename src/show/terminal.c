/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
#define NCURSES_WIDECHAR 1
#include "show/terminal.h"

#include "base/attr.h"
#include "base/clock.h"
#include "base/text.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <wchar.h>
#include <wctype.h>

enum { LINE_MAX_COLUMNS = 1024, NS_PER_S = 1000000000 };

static bool opened, utf8, colors;
static SCREEN *screen;
static FILE *out;
static unsigned line, column;

/* ---- put right at a crash ---- */

/* What leaves the full screen, made ready beforehand: a signal handler may not ask ncurses. */
static char farewell[256];
static size_t farewell_length;
static struct termios before;
static bool have_before;
static const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT};

static void add_farewell(const char *s)
{
	size_t n = s && s != (const char *)-1 ? strlen(s) : 0;
	if (farewell_length + n < sizeof farewell) {
		memcpy(farewell + farewell_length, s ? s : "", n);
		farewell_length += n;
	}
}

static void die(int sig)
{
	if (opened) {
		ssize_t n = write(STDOUT_FILENO, farewell, farewell_length);
		(void)n;
		if (have_before)
			(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
	}
	(void)raise(sig); /* the handler was reset: now it takes its course */
}

static void prepare_farewell(void)
{
	static unsigned char stack[64 * 1024];
	const stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
	farewell_length = 0;
	add_farewell("\033[?1000l\033[?1006l");
	add_farewell(tigetstr("sgr0"));
	add_farewell(tigetstr("cnorm"));
	add_farewell(tigetstr("rmkx"));
	add_farewell(tigetstr("rmcup"));
	(void)sigaltstack(&other, NULL);
	const struct sigaction sa = {
		.sa_handler = die, .sa_flags = (int)(SA_RESETHAND | SA_ONSTACK | SA_NODEFER)};
	for (size_t i = 0; i < COUNTOF(deadly); i++)
		(void)sigaction(deadly[i], &sa, NULL);
}

/* ---- open and close ---- */

static void prepare_colors(bool no_color)
{
	static const short foreground[LOOKS] = {[LOOK_PLAIN] = -1,
		[LOOK_DIM] = -1,
		[LOOK_BOLD] = -1,
		[LOOK_GOOD] = COLOR_GREEN,
		[LOOK_WARNING] = COLOR_YELLOW,
		[LOOK_CRITICAL] = COLOR_RED,
		[LOOK_ACCENT] = COLOR_CYAN};
	const char *no = getenv("NO_COLOR");
	colors = !no_color && !(no && *no) && has_colors() && start_color() == OK;
	if (!colors)
		return;
	(void)use_default_colors();
	for (int i = 1; i < LOOKS; i++)
		(void)init_pair((short)i, foreground[i], -1);
}

int terminal_open(bool no_color)
{
	have_before = tcgetattr(STDIN_FILENO, &before) == 0;
	(void)setlocale(LC_CTYPE, "");
	utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (!utf8)
		(void)setlocale(LC_CTYPE, "C.UTF-8"); /* for the widths; what is sent is ASCII */
	out = stdout;
	screen = newterm(NULL, out, stdin); /* unlike initscr() it returns when it cannot */
	if (!screen)
		return -ENODEV;
	if (!tigetstr("cup") || tigetstr("cup") == (char *)-1) {
		(void)endwin();
		delscreen(screen);
		screen = NULL;
		return -ENODEV;
	}
	opened = true;
	prepare_farewell();
	(void)cbreak();
	(void)noecho();
	(void)nonl();
	(void)intrflush(stdscr, FALSE);
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	(void)scrollok(stdscr, FALSE);
	(void)leaveok(stdscr, FALSE);
	(void)set_escdelay(50);
	(void)curs_set(0);
	prepare_colors(no_color);
	return 0;
}

void terminal_close(void)
{
	if (!opened)
		return;
	opened = false;
	(void)mousemask(0, NULL);
	(void)endwin();
	(void)fflush(out);
	delscreen(screen);
	screen = NULL;
	for (size_t i = 0; i < COUNTOF(deadly); i++)
		(void)signal(deadly[i], SIG_DFL);
}

void terminal_size(unsigned *rows, unsigned *columns)
{
	*rows = LINES > 0 ? (unsigned)LINES : 0;
	*columns = COLS > 0 ? (unsigned)COLS : 0;
	if (*columns > LINE_MAX_COLUMNS)
		*columns = LINE_MAX_COLUMNS;
}

bool terminal_has_utf8(void)
{
	return utf8;
}

void terminal_mouse(bool on)
{
	const mmask_t mask = BUTTON1_PRESSED | BUTTON1_CLICKED | BUTTON4_PRESSED | BUTTON5_PRESSED;
	(void)mousemask(on ? mask : 0, NULL);
	(void)mouseinterval(0);
}

/* ---- writing ---- */

static void look_as(unsigned look)
{
	static const attr_t with_color[LOOKS] = {[LOOK_DIM] = A_DIM,
		[LOOK_BOLD] = A_BOLD,
		[LOOK_WARNING] = A_BOLD,
		[LOOK_CRITICAL] = A_BOLD};
	/* Without colour what matters more stands out more. */
	static const attr_t without[LOOKS] = {[LOOK_DIM] = A_DIM,
		[LOOK_BOLD] = A_BOLD,
		[LOOK_WARNING] = A_BOLD,
		[LOOK_CRITICAL] = A_BOLD | A_UNDERLINE};
	unsigned one = look & 15;
	attr_t a = colors ? with_color[one] : without[one];
	a |= (attr_t)(look & LOOK_REVERSE ? A_REVERSE : 0);
	a |= (attr_t)(look & LOOK_UNDERLINE ? A_UNDERLINE : 0);
	bool painted = colors && one >= LOOK_GOOD;
	(void)attr_set(a, painted ? (short)one : 0, NULL);
}

void terminal_begin(unsigned row)
{
	line = row;
	column = 0;
}

unsigned terminal_left(void)
{
	return column < (unsigned)COLS ? (unsigned)COLS - column : 0;
}

static void blanks(unsigned n)
{
	for (; n > 0 && column < (unsigned)COLS; n--)
		(void)mvaddch((int)line, (int)column++, ' ');
}

/* As wide characters with their width counted; what has none becomes '?'. */
static unsigned widen(const char *text, unsigned room, wchar_t *ret, size_t *ret_n)
{
	mbstate_t state = {0};
	size_t n = 0, left = strlen(text);
	unsigned used = 0;
	while (left > 0 && n + 1 < LINE_MAX_COLUMNS * 2) {
		wchar_t c;
		size_t len = mbrtowc(&c, text, left, &state);
		if (len == (size_t)-1 || len == (size_t)-2 || len == 0) {
			c = L'?';
			len = 1;
			state = (mbstate_t){0};
		}
		int w = wcwidth(c);
		if (w < 0 || (!utf8 && c > 126)) {
			w = w == 2 ? 2 : 1;
			c = L'?';
		}
		if (used + (unsigned)w > room)
			break;
		if (w > 0 || n > 0) /* a combining mark needs something before it */
			ret[n++] = c;
		if (c == L'?' && w == 2)
			ret[n++] = L'?';
		used += (unsigned)w;
		text += len;
		left -= len;
	}
	ret[n] = L'\0';
	*ret_n = n;
	return used;
}

static unsigned width_of(const char *text)
{
	wchar_t wide[LINE_MAX_COLUMNS * 2 + 2];
	size_t n;
	return widen(text, LINE_MAX_COLUMNS, wide, &n);
}

void terminal_put(const char *text, unsigned width, bool right, unsigned look)
{
	wchar_t wide[LINE_MAX_COLUMNS * 2 + 2];
	unsigned left = terminal_left(), whole = width_of(text), room, used;
	size_t n;
	if (width == 0)
		width = whole;
	room = width < left ? width : left;
	look_as(look);
	bool cut = whole > room && room > 1;
	used = widen(text, cut ? room - 1 : room, wide, &n);
	if (right && !cut)
		blanks(room - used);
	if (n)
		(void)mvaddnwstr((int)line, (int)column, wide, (int)n);
	column += used;
	if (cut) {
		(void)mvaddnwstr((int)line, (int)column, utf8 ? L"…" : L">", 1);
		column++;
		used++;
	}
	if (!right || cut)
		blanks(room - used);
}

void terminal_fill(const char *text, char ascii, unsigned n, unsigned look)
{
	const char plain[2] = {ascii, '\0'};
	for (; n > 0; n--)
		terminal_put(utf8 ? text : plain, 1, false, look);
}

void terminal_end(unsigned look)
{
	look_as(look);
	blanks(terminal_left());
	look_as(LOOK_PLAIN);
}

void terminal_cursor(int row, unsigned at)
{
	(void)curs_set(row >= 0 ? 1 : 0);
	(void)move(row >= 0 ? row : LINES - 1, row >= 0 ? (int)at : 0);
}

void terminal_show(void)
{
	(void)refresh();
}

void terminal_redraw(void)
{
	(void)clearok(stdscr, TRUE);
}

/* ---- keys ---- */

static void read_mouse(struct terminal_key *ret)
{
	MEVENT e;
	ret->key = KEY_IS_NONE;
	if (getmouse(&e) != OK)
		return;
	ret->row = e.y;
	ret->column = e.x;
	ret->key = e.bstate & BUTTON4_PRESSED                       ? KEY_IS_WHEEL_UP
		   : e.bstate & BUTTON5_PRESSED                     ? KEY_IS_WHEEL_DOWN
		   : e.bstate & (BUTTON1_PRESSED | BUTTON1_CLICKED) ? KEY_IS_CLICK
								    : KEY_IS_NONE;
}

bool terminal_key(struct terminal_key *ret)
{
	wint_t c;
	int r = get_wch(&c);
	*ret = (struct terminal_key){.key = c};
	if (r == ERR)
		return false;
	if (r != KEY_CODE_YES) {
		ret->key = c == '\r' || c == '\n' ? KEY_IS_ENTER
			   : c == 27              ? KEY_IS_ESCAPE
			   : c == 127 || c == 8   ? KEY_IS_BACK
						  : (uint32_t)c;
		return true;
	}
	switch (c) {
	case KEY_UP: ret->key = KEY_IS_UP; break;
	case KEY_DOWN: ret->key = KEY_IS_DOWN; break;
	case KEY_LEFT: ret->key = KEY_IS_LEFT; break;
	case KEY_RIGHT: ret->key = KEY_IS_RIGHT; break;
	case KEY_HOME: ret->key = KEY_IS_HOME; break;
	case KEY_END: ret->key = KEY_IS_END; break;
	case KEY_PPAGE: ret->key = KEY_IS_PAGE_UP; break;
	case KEY_NPAGE: ret->key = KEY_IS_PAGE_DOWN; break;
	case KEY_ENTER: ret->key = KEY_IS_ENTER; break;
	case KEY_BACKSPACE: ret->key = KEY_IS_BACK; break;
	case KEY_BTAB: ret->key = KEY_IS_BACKTAB; break;
	case KEY_RESIZE: ret->key = KEY_IS_SIZE; break;
	case KEY_MOUSE: read_mouse(ret); break;
	default: ret->key = KEY_IS_NONE; break;
	}
	return true;
}

bool terminal_wait(uint64_t until)
{
	sigset_t none, blocked;
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	uint64_t now = clock_mono_ns(), rest = until > now ? until - now : 0;
	struct timespec left = {
		.tv_sec = (time_t)(rest / NS_PER_S), .tv_nsec = (long)(rest % NS_PER_S)};
	(void)sigemptyset(&none);
	int ready = ppoll(&in, 1, &left, &none);
	/* Where a key was there already no signal came through. */
	(void)sigprocmask(SIG_SETMASK, &none, &blocked);
	(void)sigprocmask(SIG_SETMASK, &blocked, NULL);
	return ready <= 0 || !(in.revents & (POLLHUP | POLLERR | POLLNVAL));
}
