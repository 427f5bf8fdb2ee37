/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* table: columns and rows, written once for every width. On a terminal the table fits its width:
 * columns of low priority go first, then the widest text column is cut with an ellipsis. Piped,
 * nothing is cut and columns are separated by two blanks. */
#ifndef SHOW_TABLE_H
#define SHOW_TABLE_H

#include "base/arena.h"

#include <stdio.h>

struct column {
	const char *name;
	bool right;     /* numbers */
	bool stretch;   /* may be cut */
	unsigned prio;  /* 0 stays to the last; higher ones are dropped first */
	unsigned least; /* a stretched column is not cut below this */
};

enum { TEXT_COLUMNS_MAX = 16 };

struct text_table {
	const struct column *columns;
	size_t ncolumns;
	const char **cells; /* nrows * ncolumns, printable text (see text_safe) */
	size_t nrows;
};

/* width 0: no terminal. bold: escape sequences are wanted. */
void table_print(FILE *f, const struct text_table *t, unsigned width, bool color);
/* The same, but what does not fit goes on in the next lines: no cell is cut. */
void table_print_whole(FILE *f, const struct text_table *t, unsigned width, bool color);

#endif
