/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* paint: a screen on the terminal: a line of state, the names of the views, lines and bars, the table, a line of keys. */
#ifndef SHOW_PAINT_H
#define SHOW_PAINT_H

#include "show/screens/screen.h"

enum { PAINT_LEAST_ROWS = 10, PAINT_LEAST_COLUMNS = 40, PAINT_TALL = 36 };

/* Columns as they were laid out last, so that a click finds them and that they do not jump each second. */
struct paint_layout {
	enum screen_id id;
	unsigned width;
	unsigned widths[SCREEN_COLUMNS]; /* 0: left out */
	unsigned wanted[SCREEN_COLUMNS]; /* widest that was seen */
	unsigned header;                 /* line of the heading */
	size_t first, shown;             /* rows on the terminal */
};

struct painting {
	const struct screen *screen;
	const struct findings *findings;
	const char *host, *when, *state; /* printable */
	enum tone state_tone;
	const char *words; /* filter, or NULL */
	const char *only;  /* subject, or NULL */
	struct screen_order order;
	size_t selected;
	const char *detail;  /* text of the selected row, or NULL */
	const char *message; /* instead of the keys, or NULL */
	const char *prompt;  /* a question with what was typed so far, or NULL */
};

/* Draws; keeps the selected row on the terminal. */
void paint(const struct painting *p, struct paint_layout *l);
/* A text of many lines over the whole terminal, from line `from`; returns the last line from which it still fills it. */
size_t paint_text(const char *title, const char *text, size_t from);

#endif
