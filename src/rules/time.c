/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Rules for time: the clock, and how long the machine is up. */
#include "rules/verdict.h"

#include "base/text.h"
#include "ledger/ended.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const double YOUNG_S = 600; /* then a daemon that keeps the clock has set it */
static const double JUMP = 0.5;    /* seconds: a daemon that slews is at 0.5 ms a second at most */

const struct rule_case rule_case_clock = {
	.mechanism = "The clock was set, and did not get there by and by: timeouts end too early "
		     "or never, logs and databases have times twice or none, "
		     "certificates and tickets are not valid.",
	.threshold = "From one sample to the next the clock moved by half a second more or less "
		     "than time went by (CLOCK_REALTIME against CLOCK_MONOTONIC). A "
		     "daemon that keeps the clock moves it by half a millisecond a second. A clock "
		     "that nothing keeps right is a note.",
	.false_alarms =
		"A machine that just booted, whose clock the daemon that keeps it sets for the "
		"first "
		"time: a note. One that came back from suspension, whose clock is set once.",
	.confirm =
		"timedatectl; chronyc tracking; journalctl -u chrony -u systemd-timesyncd | tail",
	.remedy = "One daemon that keeps the clock (chrony, systemd-timesyncd), and nothing else "
		  "that sets it: no date or ntpdate in cron.",
};

/* Who sets clocks, and lived in the window or lives; the latter keeps it, and *ret_begins, since a short time. */
static bool setter(struct view *v, struct who *ret, bool *ret_begins)
{
	static const char *const names[] = {"date", "ntpdate", "hwclock", "timedatectl", "sntp",
		"chronyd", "ntpd", "systemd-timesyn", "openntpd"};
	struct ended_sum *rows;
	size_t n = ended_sums(v, &rows);
	*ret_begins = false;
	for (size_t k = 0; k < COUNTOF(names); k++) {
		for (size_t i = 0; i < n; i++)
			if (strcmp(rows[i].comm, names[k]) == 0) {
				const struct usage *parent =
					rows[i].ppid > 1 ? view_usage(v, rows[i].ppid) : NULL;
				*ret = (struct who){"process", names[k], rows[i].pid, -1,
					parent ? say(v,
							 "sets clocks, ran in this time, started "
							 "by %s (pid %" PRId32 ")",
							 who_name(v, parent->p), parent->p->pid)
					       : "sets clocks, and ran in this time"};
				return true;
			}
		for (size_t i = 0; i < v->nusages; i++)
			if (strncmp(v->usages[i].p->comm, names[k], PROC_COMM) == 0) {
				*ret = (struct who){"process", names[k], v->usages[i].p->pid, -1,
					"keeps the clock"};
				*ret_begins = who_age(v, &v->usages[i]) < YOUNG_S;
				return true;
			}
	}
	return false;
}

void rule_clock(struct view *v, struct verdicts *out)
{
	double worst = 0, sync;
	uint64_t at = 0;
	for (unsigned i = 1; i < v->n; i++) {
		const struct sample *a = view_at(v, i - 1), *b = view_at(v, i);
		double real = ((double)b->real_ns - (double)a->real_ns) / 1e9,
		       mono = ((double)b->mono_ns - (double)a->mono_ns) / 1e9;
		if (fabs(real - mono) > fabs(worst)) {
			worst = real - mono;
			at = b->real_ns;
		}
	}
	struct verdict *f;
	if (fabs(worst) >= JUMP) {
		struct who who = {"kernel", "clock", 0, -1, "who set it was not seen"};
		uint64_t kept;
		bool begins,
			seen = setter(v, &who, &begins),
			first = seen && begins &&
				sample_get(view_at(v, 0), view_id(v, M_CLOCK_SYNC, 0, 0), &kept) &&
				!kept;
		f = verdict_new(v, out, first ? SEVERITY_NOTICE : SEVERITY_WARNING,
			first ? STATE_NOTE : STATE_WRONG, NULL);
		if (!f)
			return;
		char d[32];
		f->used = fabs(worst);
		f->since_ns = at < v->now_ns ? at : v->now_ns;
		f->title = say(v, "The clock was set %s by %s", worst > 0 ? "forward" : "back",
			text_duration(d, fabs(worst)));
		f->culprits[f->nculprits++] = who;
		verdict_evidence(f, say(v, "it moved by %.3f s more than time went by", worst), -1,
			worst, JUMP,
			"journalctl -g 'clock|time' -n 20   # chrony, systemd-timesyncd, date");
		verdict_remedy(f,
			"Let one daemon keep the clock, which slews it, and let nothing else set "
			"it",
			"timedatectl timesync-status; chronyc tracking", NULL, true, "none",
			"none");
		return;
	}
	if (view_gauge(v, view_id(v, M_CLOCK_SYNC, 0, 0), &sync) && sync < 1) {
		f = verdict_new(v, out, SEVERITY_NOTICE, STATE_NOTE, NULL);
		if (f)
			f->title = "Nothing keeps the clock right (not synchronised)";
	}
}

const struct rule_case rule_case_uptime = {
	.mechanism = "Some programs and drivers count milliseconds in 32 bits, or hundredths of a "
		     "second in 31 or 32: the counters begin anew after 49.7, 248.5 and "
		     "497.1 days, and what compares them without care stops or loops.",
	.threshold = "A note within the last day before such a moment and the hour after it.",
	.false_alarms = "Most programs do not mind.",
	.confirm = "cat /proc/uptime",
	.remedy = "Nothing, or a reboot at a time of your choosing where it has done harm before.",
};

void rule_uptime(struct view *v, struct verdicts *out)
{
	static const double wraps[] = {
		4294967.296, 21474836.48, 42949672.96}; /* 2^32 ms, 2^31 and 2^32 / 100 s */
	double boot;
	if (!view_gauge(v, view_id(v, M_BOOT_TIME, 0, 0), &boot)) {
		verdict_unknown(out, "btime in /proc/stat");
		return;
	}
	double up = (double)v->now_ns / 1e9 - boot;
	for (size_t i = 0; i < COUNTOF(wraps); i++) {
		double left = wraps[i] - up;
		struct verdict *f = left < 86400 && left > -3600
					    ? verdict_new(v, out, SEVERITY_NOTICE, STATE_NOTE, NULL)
					    : NULL;
		if (!f)
			continue;
		char a[32], b[32];
		f->used = up;
		f->limit = wraps[i];
		f->title = left > 0 ? say(v,
					      "Up for %s: a counter that is %.1f days wide begins "
					      "anew in %s",
					      text_duration(a, up), wraps[i] / 86400,
					      text_duration(b, left))
				    : say(v,
					      "Up for %s: a counter that is %.1f days wide began "
					      "anew %s ago",
					      text_duration(a, up), wraps[i] / 86400,
					      text_duration(b, -left));
	}
}
