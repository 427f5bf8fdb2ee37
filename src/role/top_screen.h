/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* top_screen: the full screen of top between its loop (top_screen.c) and its keys (top_keys.c). */
#ifndef ROLE_TOP_SCREEN_H
#define ROLE_TOP_SCREEN_H

#include "role/top_time.h"
#include "role/top_view.h"
#include "show/paint.h"
#include "show/terminal.h"

enum { TYPED_MAX = 80, BACK_MAX = 16, SEEN_MAX = 64 };

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

/* Stands on the last line until the next key. */
void top_say(struct top *t, const char *text);
struct screen_context top_context(const struct top *t);
/* NULL: the screen has no row. */
const struct screen_row *top_selected(const struct top *t);
/* Makes the text below the findings anew, after another was chosen. */
void top_detail(struct top *t);
/* What a key does. */
void top_key(struct top *t, const struct terminal_key *k);

#endif
