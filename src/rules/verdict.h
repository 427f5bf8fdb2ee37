/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* verdict: what a rule answers when something is running out, and the tools rules are written with.
 *
 * A rule asks the view and adds verdicts; it does no I/O, has no clock and no memory of its own:
 * the same samples give the same verdict. A wait counts as harm when the one who waits is not the
 * one who causes it, or when the one who waits serves others; who only delays itself is busy and
 * not in trouble. Missing metrics make the rule UNKNOWN, never content. */
#ifndef RULES_VERDICT_H
#define RULES_VERDICT_H

#include "ledger/who.h"
#include "store/mutes.h"

enum severity { SEVERITY_NOTICE, SEVERITY_WARNING, SEVERITY_CRITICAL };
enum finding_state {
	STATE_FILLING,
	STATE_SATURATED,
	STATE_EXHAUSTED,
	STATE_STALLED,
	STATE_WRONG,
	STATE_NOTE
};

enum { VERDICT_VICTIMS = 6, VERDICT_EVIDENCE = 8, VERDICT_REMEDIES = 6, VERDICT_EFFECTS = 12 };

struct victim {
	const char *kind, *value;
	int32_t pid;
	const char *effect;
};

struct evidence {
	const char *text;
	const char *metric;  /* catalogue name, or NULL */
	double value, limit; /* limit < 0: none */
	uint64_t at_ns;
	const char *confirm;     /* the command that shows it by hand */
	const char *alternative; /* resource of another cause that is as likely, else NULL */
};

struct remedy {
	const char *text;
	const char *command; /* NULL: none that would be safe to copy */
	const char *file;    /* where it is made to last, NULL */
	bool lasts;          /* over a reboot */
	const char *cost, *risk;
};

struct effect {
	const char *resource, *text;
};

struct verdict {
	enum rule_id rule;
	enum severity severity;
	enum finding_state state;
	const char *resource; /* class or class:instance */
	unsigned netns;
	uint32_t cgroup;
	const char *title;
	uint64_t since_ns;
	uint64_t
		began_ns; /* first seen in the window by a counter or a level (at its begin: then, or before); 0: not known. Decides which of two
			     * troubles was there before the other */
	double eta_s;     /* < 0: none */
	double used, limit; /* limit < 0: none */
	double refused;     /* in the window, < 0: not counted */
	int32_t pid;        /* the process it is about (descriptors, owner of a socket), 0 */
	uint16_t port;      /* of the serving side of the connections it is about, 0 */
	unsigned
		peer_netns; /* the other end of these connections is in this namespace, as far as known; where port is set */
	uint64_t devno;  /* the disk or filesystem it is about, 0 */
	uint32_t device; /* series of the disk's M_DISK_BUSY, 0 */
	struct who culprits[WHO_MAX];
	size_t nculprits;
	struct victim victims[VERDICT_VICTIMS];
	size_t nvictims;
	struct evidence evidence[VERDICT_EVIDENCE];
	size_t nevidence;
	struct remedy remedies[VERDICT_REMEDIES];
	size_t nremedies;
	struct effect effects[VERDICT_EFFECTS];
	size_t neffects;
	double settle_s; /* 0; or it is so mild, or so short, on any healthy machine now and then that it opens (finding/track.h) when it was seen for so long; at once where something follows from it that does */
	bool lost; /* what was asked for is gone: nothing that makes others wait is the cause */
	const struct mute *muted; /* somebody knows and does not want to be told; NULL */
};

struct verdicts {
	struct verdict rows[128];
	size_t count;
	const char *unknown[RULE_COUNT]; /* what was missing, NULL where the rule could judge */
	enum rule_id current;
};

typedef void rule_fn(struct view *v, struct verdicts *out);

/* The case that `plimsoll explain RULE` prints. */
struct rule_case {
	const char *mechanism;    /* what happens in the system */
	const char *threshold;    /* why this number proves it, where it comes from */
	const char *false_alarms; /* what looks guilty and is not, and how it is told apart */
	const char *confirm;      /* commands */
	const char *remedy;
};

#define RULE(id, name, res, subject)                                                               \
	rule_fn rule_##id;                                                                         \
	extern const struct rule_case rule_case_##id;
#include "catalogue/rules.def"
#undef RULE

/* Runs every rule over the view. */
void rules_run(struct view *v, struct verdicts *out);
const struct rule_case *rule_case(enum rule_id r);
const char *severity_name(enum severity s);
const char *state_name(enum finding_state s);

/* A new verdict of the rule that runs, since the window's begin; NULL when there are too many
 * already. */
struct verdict *verdict_new(struct view *v, struct verdicts *out, enum severity severity,
	enum finding_state state, const char *instance);
void verdict_unknown(struct verdicts *out, const char *missing);
void verdict_evidence(struct verdict *f, const char *text, int metric, double value, double limit,
	const char *confirm);
void verdict_remedy(struct verdict *f, const char *text, const char *command, const char *file,
	bool lasts, const char *cost, const char *risk);
void verdict_victim(
	struct verdict *f, const char *kind, const char *value, int32_t pid, const char *effect);
void verdict_effect(struct verdict *f, const char *resource, const char *text);
/* printf into the view's scratch memory. */
const char *say(struct view *v, const char *fmt, ...) PRINTF(2, 3);
/* Foreign text as one word of a shell command: a mount may be called "$(reboot)". */
const char *shell_word(struct view *v, const char *text);
/* Processes that the kernel killed in the window because the group was at its own limit: a kill for lack of memory of the host, or
 * of a group above, counts in the victim's group as well, one at the limit of a group below in the groups above; neither is meant. */
double own_oom_kills(struct view *v, uint32_t group);
/* What people call a control group: its unit or container, else its path. Foreign bytes. */
const char *group_called(struct view *v, const char *path);
/* The systemd unit of a process as a shell word, NULL when it is in none or not known. */
const char *unit_of(struct view *v, int32_t pid);
/* How it is started anew: its unit, or by hand; NULL for the process 0. */
const char *restart_command(struct view *v, int32_t pid);
/* Seen first at that time: for people, and for what came before what. 0 is ignored. */
void verdict_began(struct verdict *f, uint64_t real_ns);
/* When the culprit was started, if that is inside the time looked at: nothing of its making is
 * older. */
void verdict_since_culprit(struct view *v, struct verdict *f);
/* "ip netns exec NAME " for a command in a named namespace, "" on the host. */
const char *in_netns(struct view *v, unsigned netns);

/* A forecast is told when the trend carries to the limit within ten times the time watched, and
 * more than half is used already: a young line through a nearly empty resource is a start, not a
 * leak. Returns seconds, or -1. */
double forecast(const struct view *v, struct trend t, double used, double limit);

#endif
