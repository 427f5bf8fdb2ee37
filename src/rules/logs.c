/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* A log that one line fills. The rule does not need what is in it, which is of strangers: who reads it without rights quotes the line (books/log.c). A loop shows
 * in how it is written: the same number of bytes each
 * time, hundreds of times a second, without end. */
#include "rules/logs.h"

#include "base/text.h"
#include "ledger/feed.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const double DAY = 86400;
static const double WRITES = 100; /* a second: below, it is no loop */
static const double SPREAD =
	0.02; /* of a line, from one to the next: numbers in it have a digit more or less */
static const double LINE_MAX_B = 2048; /* of a write: more is a buffer, not a line */

const struct rule_case rule_case_log_flood = {
	.mechanism = "A program logs the same error in a loop. Its log buries every other line and "
		     "fills the disk, today or tomorrow; the loop itself does no work.",
	.threshold =
		"A log file that its filesystem could not hold for a day at this rate, and "
		"its writer makes at least 100 writes a second of a line each, the mean size "
		"of which stays the same from second to second: so much so that the lines "
		"cannot differ by more than a fiftieth (the mean of lines that differ by "
		"a fifth, as those of an access log do, wanders by ten times as much). Or the "
		"writer passes on what another process hands to it: through a pipe, and that one "
		"makes such writes; or by syslog. Or, where writes are full buffers and no lines: "
		"nine tenths of the lines at the end of the file are exactly the same but for the "
		"time, of one process, and no requests. When "
		"the filesystem is full, or will be within ten minutes at this rate, that is the "
		"finding.",
	.false_alarms = "A busy server's access log: its lines differ, or its disk holds them for "
			"days; also of a test of load that asks for one page alone. A log that "
			"grows fast for other reasons is a note.",
	.confirm = "tail -n 1000 FILE | sort | uniq -c | sort -n | tail -3; ls -l FILE; sleep 10; "
		   "ls -l FILE",
	.remedy = "Mend what the line complains of, or restart the program; limit the rate "
		  "(RateLimitIntervalSec of journald, rsyslog); rotate by size.",
};

/* Writes a second, their mean size, and whether that stays the same from one second to the next. */
static bool writes_of(
	const struct view *v, int32_t pid, double *ret_rate, double *ret_size, bool *ret_equal)
{
	const struct proc *before = NULL;
	double smallest = 1e18, largest = 0, calls = 0, bytes = 0;
	unsigned steps = 0;
	bool always = true;
	const struct usage *u = view_usage(v, pid);
	for (unsigned i = 0; u && i < v->n; i++) {
		const struct proc *p = sample_proc(view_at(v, i), pid, u->p->start_ticks);
		if (!p || !(p->have & HAVE_IO))
			continue;
		if (before && p->io_write_calls >= before->io_write_calls &&
			p->io_wchar >= before->io_wchar) {
			double n = (double)(p->io_write_calls - before->io_write_calls),
			       b = (double)(p->io_wchar - before->io_wchar);
			double size = n > 0 ? b / n : 0;
			smallest = size < smallest ? size : smallest;
			largest = size > largest ? size : largest;
			always = always && n >= WRITES;
			calls += n;
			bytes += b;
			steps++;
		}
		before = p;
	}
	if (steps < 3 || calls <= 0)
		return false;
	*ret_rate = calls / v->seconds;
	*ret_size = bytes / calls;
	/* Lines that differ have a mean that differs from second to second, the less the more there are of them: by their spread over the root of
	 * their number. */
	*ret_equal = always && (largest - smallest) * sqrt(calls / steps) <= SPREAD * largest;
	return true;
}

static const char *mount_of(const struct view *v, uint64_t devno, double *ret_available)
{
	uint32_t mount = view_instance_with(v, M_FS_DEVNO, devno);
	return mount && view_gauge(v, view_id(v, M_FS_AVAILABLE, 0, mount), ret_available)
		       ? intern_text(&v->series->names, mount)
		       : NULL;
}

/* A log that grows, its writer, and how. */
struct flood {
	const char *path, *mount;
	const struct usage *writer, *source; /* source: the writer, or who hands it its lines */
	double rate, available, calls, size; /* calls: of the source, a second */
	bool loop;
	bool buffered; /* its writes are no lines: these are the same, says who reads the log's end */
	const char *how; /* of the source; NULL: by its calls */
};

static bool one_line(const struct view *v, const struct usage *u, struct flood *f, bool *ret_known)
{
	bool equal = false;
	*ret_known = writes_of(v, u->p->pid, &f->calls, &f->size, &equal);
	return *ret_known && equal && f->size > 1 && f->size <= LINE_MAX_B;
}

static bool grows(struct view *v, const struct held_file *h, struct flood *ret)
{
	struct flood f = {.path = intern_text(&v->series->names, h->path)}, passed;
	struct feed feed;
	bool known, theirs;
	f.rate = h->since_ns ? (double)h->growth / ((double)h->since_ns / 1e9) : 0;
	f.mount = mount_of(v, h->devno, &f.available);
	f.source = f.writer = h->pid ? view_usage(v, h->pid) : NULL;
	if (f.rate <= 0 || !text_names_log(f.path) || !f.mount || !f.writer || f.writer->p->self ||
		f.rate * DAY < f.available)
		return false;
	f.loop = one_line(v, f.writer, &f, &known);
	if (!f.loop && feed_of(v, f.writer, h->devno, &feed)) {
		passed = f;
		passed.source = feed.from;
		passed.how = feed.how;
		passed.loop = (feed.piped && one_line(v, feed.from, &passed, &theirs)) || feed.same;
		if (passed.loop)
			f = passed;
	}
	enum feed_lines lines = feed_lines(v, f.writer, f.path);
	if (!f.loop && lines == FEED_SAME)
		f.loop = f.buffered = true;
	f.loop = f.loop && lines != FEED_REQUESTS;
	*ret = f;
	return known || f.loop;
}

static const struct sample *looked_at(const struct view *v)
{
	for (unsigned i = v->n; i-- > 0;)
		if (view_at(v, i)->have_held)
			return view_at(v, i);
	return NULL;
}

static size_t blame(
	struct view *v, const struct flood *f, const struct held_file *h, struct who *out)
{
	char a[32];
	out[0] = (struct who){"process", who_name(v, f->source->p), f->source->p->pid, 1,
		f->how ? f->how
		: f->buffered
			? "nine tenths of the lines that it writes are exactly the same"
			: say(v, "writes %.0f times a second, %.0f bytes each", f->calls, f->size)};
	out[1] = (struct who){
		"file", f->path, h->pid, -1, say(v, "has %s", text_bytes(a, (double)h->size))};
	return 2;
}

double logs_loop_rate(struct view *v, uint64_t devno, struct who *out, size_t *ret_n)
{
	const struct sample *s = looked_at(v);
	struct flood f;
	double sum = 0;
	*ret_n = 0;
	for (uint32_t i = 0; s && i < s->held.count; i++) {
		const struct held_file *h = &TABLE_ROWS(s->held, struct held_file)[i];
		if (h->devno != devno || !grows(v, h, &f) || !f.loop)
			continue;
		sum += f.rate;
		if (*ret_n == 0)
			*ret_n = blame(v, &f, h, out);
	}
	return sum;
}

static void judge(struct view *v, struct verdicts *out, const struct held_file *h)
{
	struct flood g;
	if (!grows(v, h, &g))
		return;
	const char *path = g.path, *mount = g.mount;
	const struct usage *u = g.source;
	double available = g.available, rate = g.rate, calls = g.calls, size = g.size;
	bool loop = g.loop;
	if (loop && available < rate * LOG_LOOP_HORIZON_S)
		return; /* then the filesystem is the finding */
	struct verdict *f = verdict_new(v, out, loop ? SEVERITY_WARNING : SEVERITY_NOTICE,
		loop ? STATE_WRONG : STATE_NOTE, path);
	if (!f)
		return;
	char a[32], b[32];
	const char *name = who_name(v, u->p), *word = shell_word(v, path);
	f->pid = u->p->pid;
	f->devno = h->devno;
	f->used = rate;
	f->title = loop ? say(v, "%s writes the same line to %s over and over: %s/s", name, path,
				  text_bytes(a, rate))
			: say(v, "%s grows by %s/s, written by %s: %s is full in %s at this rate",
				  path, text_bytes(a, rate), name, mount,
				  text_duration(b, available / rate));
	f->nculprits = blame(v, &g, h, f->culprits);
	verdict_evidence(f,
		say(v, "%s grows by %s/s; %s has %s left", path, text_bytes(a, rate), mount,
			text_bytes(b, available)),
		M_FS_AVAILABLE, rate, -1, say(v, "ls -l %s; sleep 10; ls -l %s", word, word));
	if (g.how)
		verdict_evidence(f, say(v, "%s: %s", name, g.how), -1, rate, -1,
			say(v, "lsof -p %" PRId32, g.writer->p->pid));
	else if (loop && !g.buffered)
		verdict_evidence(f,
			say(v, "%.0f writes a second of %.0f bytes, the same in every second",
				calls, size),
			-1, calls, WRITES,
			say(v, "tail -n 1000 %s | sort | uniq -c | sort -n | tail -3", word));
	double share = 0;
	const char *line = feed_line(v, h->pid, &share);
	if (*line)
		verdict_evidence(f, say(v, "%.0f %% of the lines are \"%s\"", 100 * share, line),
			-1, share, -1, say(v, "tail -n 3 %s", word));
	const char *unit = unit_of(v, u->p->pid);
	verdict_remedy(f,
		say(v, "Read the line, and mend what it complains of; else restart %s", name),
		unit ? say(v, "tail -n 3 %s; systemctl restart %s", word, unit)
		     : say(v, "tail -n 3 %s", word),
		NULL, false, "its clients reconnect", "none");
	verdict_remedy(f, "Rotate the log by size, and limit the rate of what logs", NULL,
		"/etc/logrotate.d/", true, "older lines are dropped", "none");
}

void rule_log_flood(struct view *v, struct verdicts *out)
{
	const struct sample *s = looked_at(v);
	for (uint32_t i = 0; s && i < s->held.count; i++)
		judge(v, out, &TABLE_ROWS(s->held, struct held_file)[i]);
}
