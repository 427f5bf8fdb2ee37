/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* terminal: lines of text on a full screen, and keys. A thin layer on ncurses, which sends only what changed: a line that is the same as before
 * costs nothing on a slow line.
 *
 * Texts are UTF-8 (foreign ones went through text_safe()); where the terminal's locale has no UTF-8, or a character no width, '?' stands
 * for it. The terminal is put right again by terminal_close(), and when the process dies of a signal such as SIGSEGV. */
#ifndef SHOW_TERMINAL_H
#define SHOW_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum terminal_look {
	LOOK_PLAIN,
	LOOK_DIM,
	LOOK_BOLD,
	LOOK_GOOD,
	LOOK_WARNING,
	LOOK_CRITICAL,
	LOOK_ACCENT,
	LOOKS,
	LOOK_REVERSE = 16, /* with any of the above */
	LOOK_UNDERLINE = 32,
};

/* 0, or -ENODEV: this terminal cannot be written on in any place. */
int terminal_open(bool no_color);
void terminal_close(void);
void terminal_size(unsigned *rows, unsigned *columns);
bool terminal_has_utf8(void);
void terminal_mouse(bool on);

/* Writes a text at the place where the line has come to, cut or filled to `width` columns (0: as long as it is). */
void terminal_begin(unsigned row);
void terminal_put(const char *text, unsigned width, bool right, unsigned look);
/* A character n times; ascii: where there is no UTF-8. */
void terminal_fill(const char *utf8, char ascii, unsigned n, unsigned look);
/* Columns that are left on this line. */
unsigned terminal_left(void);
/* Fills the rest of the line. */
void terminal_end(unsigned look);
/* Sends what changed. */
void terminal_show(void);
/* Draws all anew: something else wrote on the terminal. */
void terminal_redraw(void);
/* The place of the cursor; row -1: none is seen. */
void terminal_cursor(int row, unsigned column);

enum {
	KEY_IS_UP = 0x110000, /* below: a character */
	KEY_IS_DOWN,
	KEY_IS_LEFT,
	KEY_IS_RIGHT,
	KEY_IS_HOME,
	KEY_IS_END,
	KEY_IS_PAGE_UP,
	KEY_IS_PAGE_DOWN,
	KEY_IS_ENTER,
	KEY_IS_BACK,
	KEY_IS_BACKTAB,
	KEY_IS_ESCAPE,
	KEY_IS_SIZE,
	KEY_IS_CLICK,
	KEY_IS_WHEEL_UP,
	KEY_IS_WHEEL_DOWN,
	KEY_IS_NONE,
};

struct terminal_key {
	uint32_t key;
	int row, column; /* of a click */
};

/* The next key; false: there is none. */
bool terminal_key(struct terminal_key *ret);
/* Waits for a key until the monotonic time; blocked signals come through here. False: the terminal is gone. */
bool terminal_wait(uint64_t until_mono_ns);

#endif
