/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* screen: one part of the machine as data: some lines, and a table of rows with columns that say what they are. Made from a view, whose
 * samples are of now, of the past or of a colleague's file; it knows of no terminal. `top` draws it, prints it as a table or as JSON.
 *
 * Numbers stay numbers until they are drawn: a screen of 2,000 processes formats the twenty that are seen. Texts of cells are foreign
 * bytes as they are in the sample and go through text_safe() when they are formatted; they live as long as the view is not opened again. */
#ifndef SHOW_SCREENS_SCREEN_H
#define SHOW_SCREENS_SCREEN_H

#include "finding/finding.h"
#include "ledger/ledger.h"

#include <jansson.h>
#include <stdio.h>

enum screen_id {
#define SCREEN(id, name, sort, help) SCREEN_##id,
#include "show/screens/screens.def"
#undef SCREEN
	SCREEN_COUNT
};

struct screen_info {
	const char *name, *sort, *help;
};
const struct screen_info *screen_info(enum screen_id id);
/* SCREEN_COUNT when there is no such view. */
enum screen_id screen_by_name(const char *name);

/* How much a reader should mind. */
enum tone { TONE_PLAIN, TONE_DIM, TONE_BOLD, TONE_GOOD, TONE_WARNING, TONE_CRITICAL, TONE_COUNT };

/* What a number is, in base units. */
enum cell_unit {
	CELL_BLANK, /* nothing is to be said here */
	CELL_TEXT,
	CELL_ID,    /* a whole number that is a name: pid, port */
	CELL_COUNT, /* also a rate of things a second */
	CELL_BYTES, /* also bytes a second */
	CELL_SHARE, /* 0..1, shown as percent */
	CELL_SECONDS,
	CELL_CPUS,
};

struct screen_column {
	const char *key;   /* of --sort and JSON */
	const char *title; /* of the heading */
	enum cell_unit unit;
	uint8_t width;   /* columns of the terminal */
	uint8_t prio;    /* 0 stays to the last; higher ones are left out first */
	bool stretch;    /* takes the room that is left over */
	int metric;      /* of the catalogue: what help says of it; -1: `help` says it */
	const char *per; /* "a second" ... where the unit alone does not say it; NULL */
	const char *help;
	const char *source; /* where it is read */
};

struct screen_cell {
	enum cell_unit unit;
	const char *text;
	double number; /* NAN: not known */
};

struct screen_row {
	struct screen_cell *cells;
	uint64_t key; /* the same for the same thing at another moment */
	enum tone tone;
	const void *item; /* what it is about, for who made the screen */
	uint32_t index;   /* in the order in which rows were made */
};

/* A line above the table: a text, or a bar beside a text. On a bar 1 is the limit, the load line; what lies beyond it was wanted and not given. */
struct screen_line {
	enum tone tone;
	const char *label;
	const char *text; /* printable */
	bool meter;
	double share;  /* NAN: not known */
	double over;   /* wanted besides, in the same measure */
	bool limited;  /* there is a limit to draw */
	unsigned prio; /* 0 stays; higher ones go first where there are few lines */
};

enum { SCREEN_LINES = 40, SCREEN_COLUMNS = 16, SUBJECT_PIDS = 16 };

/* What a screen is narrowed to: a culprit's rows. All that is set must fit, of the pids one. */
struct subject {
	int32_t pids[SUBJECT_PIDS];
	unsigned npids;
	char comm[PROC_COMM]; /* or a process of this name; "" none */
	char cgroup[256];     /* path: in this control group or one below */
	char peer[64];        /* address as conn_peer_text() writes it */
	int32_t port;         /* 0: any */
	int32_t netns;        /* -1: any */
	char label[96];       /* printable */
	bool any;             /* it is set at all */
};

/* Narrowed to nothing. */
void subject_none(struct subject *s);

struct screen_context {
	const struct findings *findings;
	const struct subject *subject;
	bool tall; /* there is room for more lines above the table */
	bool live; /* this machine is being sampled */
};

struct screen {
	enum screen_id id;
	const struct screen_column *columns;
	size_t ncolumns;
	struct screen_line lines[SCREEN_LINES];
	size_t nlines;
	struct screen_row *rows; /* those that are shown */
	size_t nrows, total;     /* total: before they were filtered */
	const char *empty;       /* why there is no row */
	struct arena row_memory, cell_memory;
};

int screen_init(struct screen *s);
void screen_destroy(struct screen *s);

struct screen_order {
	int column; /* -1: as the screen has them */
	bool ascending;
};
/* The column of this key or title and the direction that its kind has by itself; false: there is none. */
bool screen_order_by(enum screen_id id, const char *key, struct screen_order *ret);
/* The order when nobody chose one. */
struct screen_order screen_default_order(enum screen_id id);

/* Makes the screen from the view. 0 or -ENOMEM. */
int screen_build(
	struct screen *s, enum screen_id id, struct view *v, const struct screen_context *c);
/* Keeps rows in whose texts and ids the words stand, whatever their case (NULL or "": all), and sorts. */
void screen_arrange(struct screen *s, struct screen_order o, const char *words);

/* What the row is about and the view that shows it, for Enter. False: it leads nowhere. */
bool screen_follow(const struct screen *s, const struct screen_row *row, struct view *v,
	const struct screen_context *c, struct subject *ret, enum screen_id *ret_to);
/* More on a row in lines of text, to be freed; NULL: there is no more. */
char *screen_detail(const struct screen *s, const struct screen_row *row, struct view *v,
	const struct screen_context *c, unsigned width);

/* Printable text of a cell. Returns buf. */
enum { CELL_MAX = 512 };
char *screen_cell_text(char buf[static CELL_MAX], const struct screen_cell *c);

struct screen_column_list {
	const struct screen_column *columns;
	size_t n;
};
struct screen_column_list screen_columns(enum screen_id id);

/* Printed once: with lines and all columns that fit the width (0: all). limit 0: all rows. */
void screen_print(
	FILE *f, const struct screen *s, struct view *v, unsigned width, bool color, size_t limit);
json_t *screen_json(const struct screen *s, struct view *v, const char *host, size_t limit);

/* The model that the page draws (model.c), of at most `limit` rows (0: all). */
struct show_text;
void screen_model(struct show_text *t, const struct screen *s, const struct view *v, size_t limit);

/* Help on a view: keys and what each column is. To be freed; NULL: no memory. */
char *screen_help(enum screen_id id, unsigned width);

#endif
