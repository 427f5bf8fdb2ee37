/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* show: findings, the ledger and the catalogue as text for people and as JSON for programs. It
 * presents and never diagnoses. */
#ifndef SHOW_SHOW_H
#define SHOW_SHOW_H

#include "finding/finding.h"
#include "ledger/ledger.h"

#include <jansson.h>
#include <stdio.h>

struct style {
	bool color;
	unsigned width; /* columns of the terminal, 0 when it is none */
};

struct style style_of(FILE *f, bool no_color);

/* Texts. */
/* only: the glob that was asked for, or NULL: a verdict of a part must say so. */
void show_check(
	FILE *f, struct style st, struct view *v, const struct findings *fs, const char *only);
/* What a terminal user may look at next; printed after the bare `plimsoll`. */
void show_next(FILE *f, struct style st);
void show_finding(
	FILE *f, struct style st, struct view *v, const struct verdict *fd, unsigned number);
void show_nagios(FILE *f, const struct findings *fs, const char *only);
void show_limits(FILE *f, struct style st, struct view *v, const struct ledger *l, bool all);
/* Paragraphs wrapped to the width (80 when there is no terminal). */
void show_paragraph(FILE *f, struct style st, const char *label, const char *text);
void show_explain_rule(FILE *f, struct style st, enum rule_id r);
void show_explain_resource(FILE *f, struct style st, enum resource r);
void show_explain_metric(FILE *f, struct style st, enum metric m);
/* Amount with its unit: bytes as KiB, ratio as percent. Returns buf. */
char *show_amount(char buf[static 32], double v, const char *unit);
/* Foreign text made printable, in the view's scratch memory. */
const char *show_safe(struct view *v, const char *s);

/* JSON. All return a new reference, or NULL when memory is short. */
json_t *json_check(
	struct view *v, const struct findings *fs, const char *version, const char *host);
json_t *json_finding(struct view *v, const struct verdict *f);
json_t *json_mute(const struct mute *m);
json_t *json_limits(struct view *v, const struct ledger *l);
json_t *json_rule(enum rule_id r);
/* A number: whole ones as integers, infinities as null. */
json_t *json_amount(double v);
/* Foreign text as a JSON string: invalid UTF-8 becomes \xNN. */
json_t *json_text(const char *s);
/* Writes with a newline; -EIO when the stream failed. Takes the reference. */
int json_write(FILE *f, json_t *j, bool one_line);

#endif
