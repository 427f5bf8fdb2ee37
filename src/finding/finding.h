/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* finding: verdicts as people meet them: symptoms folded under their cause, the most important
 * first, with an id that stays the same as long as the trouble does. */
#ifndef FINDING_FINDING_H
#define FINDING_FINDING_H

#include "rules/verdict.h"

enum overall { OVERALL_OK, OVERALL_WARNING, OVERALL_CRITICAL, OVERALL_UNKNOWN };

struct blind {
	const char *what, *why, *hides;
};

struct findings {
	struct verdict *rows; /* most important first; notes last */
	size_t count;
	struct blind *blind;
	size_t nblind;
	bool unseen; /* what every verdict needs could not be read */
	enum overall overall;
};

/* Runs the rules and folds. only: a glob over resource names and rules, NULL for all. Everything
 * lives in the view's scratch memory and in *scratch. Returns 0 or -ENOMEM. */
int findings_build(
	struct view *v, const char *only, struct verdicts *scratch, struct findings *ret);
/* Adds to findings what was usual at this hour, and makes notes of those that are only a rate and within it. findings_build() does it. */
struct usual_rule {
	const char *rule;
	enum metric metric;
	bool whole; /* of findings that name no instance */
};
void findings_usual(struct view *v, struct verdict *rows, size_t n);
void findings_usual_by(struct view *v, struct verdict *rows, size_t n,
	const struct usual_rule *rules, size_t nrules);
/* Marks the findings that are muted and takes them out of the verdict; they come behind the others, before notes. `m` must live as long
 * as *fs; NULL: none. */
void findings_mute(struct view *v, const struct mutes *m, struct findings *fs);
/* What the findings come to, notes and muted ones left out. */
enum overall findings_overall(const struct findings *fs);
/* Can this glob match anything at all: a rule, a class, or an instance of a class? */
bool findings_known(const char *only);
/* Stable across runs for the same trouble on the same host: a hash of rule, resource and namespace,
 * 16 hex digits. */
const char *finding_id(struct view *v, const struct verdict *f);
const char *overall_name(enum overall o);

#endif
