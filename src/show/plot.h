/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* plot: the result of a query drawn in characters. One chart for each unit; in it the series with the
 * highest values, and a word on how many are left out. What is drawn between two columns is the line
 * from one value to the next, so that the smallest and largest survive however many values fall into
 * one column. Where nothing is known there is a gap and no line.
 *
 * Braille dots where the terminal has UTF-8 and can tell series apart, by colour or because there is
 * one; else a letter a series. Times are local. */
#ifndef SHOW_PLOT_H
#define SHOW_PLOT_H

#include "show/series.h"

struct plot_style {
	unsigned width, height; /* columns in all, rows of a chart */
	bool color, utf8;
};

void show_plot(struct show_text *t, struct plot_style st, const struct result *r);

#endif
