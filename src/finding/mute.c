/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Muted findings: still told, as the trouble is still there, but they change neither verdict nor exit status, and nobody is woken. */
#include "finding/finding.h"

static unsigned place(const struct verdict *f)
{
	return f->state == STATE_NOTE ? 2 : f->muted ? 1 : 0;
}

void findings_mute(struct view *v, const struct mutes *m, struct findings *fs)
{
	if (!m || !m->count || !fs->count)
		return;
	struct verdict *ordered = arena_alloc(&v->scratch, fs->count * sizeof *ordered);
	for (size_t i = 0; i < fs->count; i++) {
		struct verdict *f = &fs->rows[i];
		const struct rule_info *rule = rule_info(f->rule);
		f->muted = mutes_find(m, v->now_ns, finding_id(v, f), rule->name, f->resource,
			resource_info(rule->resource)->class);
	}
	size_t n = 0;
	for (unsigned k = 0; ordered && k <= 2; k++)
		for (size_t i = 0; i < fs->count; i++)
			if (place(&fs->rows[i]) == k)
				ordered[n++] = fs->rows[i];
	if (ordered)
		fs->rows = ordered;
	fs->overall = findings_overall(fs);
}
