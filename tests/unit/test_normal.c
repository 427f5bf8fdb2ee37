/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What was usual at this hour: out of a store of some days, and what findings make of it. `test_normal make DIR DAYS USED` writes such a store for
 * tests/normal/run. */
#include "catalogue/sample.h"
#include "finding/finding.h"
#include "store/baseline.h"
#include "store/journal.h"
#include "store/view.h"
#include "test.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)

enum { STEP = 10, PER_HOUR = 3600 / STEP };

static const uint64_t now_hour = UINT64_C(1760000400) / 3600 * 3600 * SECOND;

static struct series_set set;
static struct sample s;
static uint64_t mono, forks, drops, count;

static void quiet_say(void *ctx, const char *line)
{
	(void)ctx;
	(void)fprintf(stderr, "journal: %s\n", line);
}

static int remove_one(const char *p, const struct stat *st, int flag, struct FTW *f)
{
	(void)st, (void)flag, (void)f;
	return remove(p);
}

static void plain(enum metric m, uint64_t v)
{
	sample_set(&s, series_id(&set, m, NETNS_HOST, 0), v);
}

/* used: conntrack entries; rate: forks a second. */
static void put(struct journal *j, uint64_t real_ns, uint64_t step_s, uint64_t used, uint64_t rate,
	uint64_t refused)
{
	sample_reset(&s);
	mono += step_s * SECOND;
	forks += rate * step_s;
	drops += refused * step_s;
	s.real_ns = real_ns;
	s.mono_ns = mono;
	plain(M_CONNTRACK_USED, used);
	plain(M_CONNTRACK_MAX, 6000);
	plain(M_CONNTRACK_DROP, drops);
	plain(M_FORKS, forks);
	plain(M_MEM_TOTAL, 4 << 20);
	plain(M_MEM_AVAILABLE, 2 << 20);
	plain(M_LISTEN_OVERFLOWS, 1000);
	journal_put(j, &set, &s, NULL, 0);
	if (++count % 100 == 0)
		journal_work(j);
}

static struct journal *open_journal(const char *dir)
{
	struct journal *j = NULL;
	long pid;
	const struct journal_settings settings = {.dir = dir,
		.budget = UINT64_C(1) << 30,
		.origin = {.host = "web3", .run = 7, .interval_ns = STEP * SECOND},
		.say = quiet_say,
		.by_hand = true};
	CHECK_INT(journal_open(&settings, &j, &pid), 0);
	return j;
}

/* The hour of so many days before: between 100 k and 100 k + 20 entries on the k-th day ago, k forks a second. */
static void write_days(struct journal *j, uint64_t hour, unsigned days, unsigned incident)
{
	for (unsigned k = days; k > 0; k--)
		for (unsigned i = 0; i < PER_HOUR; i++)
			put(j, hour - k * DAY + i * STEP * SECOND, STEP,
				k == incident ? 5999 : 100u * k + (i / 6) % 21, k, 0);
}

static void numbers(const char *dir, unsigned days, unsigned incident, struct baseline *b)
{
	struct history *h;
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	struct journal *j = open_journal(dir);
	write_days(j, now_hour, days, incident);
	CHECK_INT(journal_close(j, SECOND), 0);
	CHECK_INT(history_open(dir, &h), 0);
	CHECK_INT(baseline_load(h, now_hour + 1234 * SECOND, b), 0);
	history_close(h);
}

static void loaded(const char *dir)
{
	static struct baseline b;
	uint64_t at = now_hour + 1234 * SECOND;
	numbers(dir, 4, 0, &b);
	CHECK_INT(b.hour_ns, now_hour);
	const struct baseline_row *used = baseline_find(&b, at, M_CONNTRACK_USED, "", "");
	const struct baseline_row *rate = baseline_find(&b, at, M_FORKS, "", "");
	CHECK(used && rate);
	if (!used || !rate)
		return;
	CHECK_INT(used->days, 4);
	CHECK_NEAR(used->low, 100, 1e-9);
	CHECK_NEAR(used->high, 420, 1e-9);
	CHECK(used->mean > 250 && used->mean < 270);
	CHECK_NEAR(rate->low, 1, 0.02);
	CHECK_NEAR(rate->high, 4, 0.02);
	CHECK(!baseline_find(&b, at, M_CONNTRACK_MAX, "", ""));
	CHECK(!baseline_find(&b, at, M_FORKS, "web", ""));
	CHECK(!baseline_find(&b, at, M_FORKS, "", "x"));
	CHECK(!baseline_find(&b, now_hour - 1, M_FORKS, "", ""));
	CHECK(baseline_find(&b, now_hour + 2 * HOUR - 1, M_FORKS, "", ""));
	CHECK(!baseline_find(&b, now_hour + 2 * HOUR, M_FORKS, "", ""));
	numbers(dir, 2, 0, &b); /* too few days say nothing */
	CHECK_INT(b.count, 0);
	numbers(dir, 6, 2,
		&b); /* the day of an incident is not usual, once there are enough others */
	used = baseline_find(&b, at, M_CONNTRACK_USED, "", "");
	CHECK(used && used->days == 6);
	CHECK_NEAR(used ? used->high : 0, 620, 1e-9);
	numbers(dir, 4, 2, &b); /* with few days it is not known which of them is the odd one */
	used = baseline_find(&b, at, M_CONNTRACK_USED, "", "");
	CHECK_NEAR(used ? used->high : 0, 5999, 1e-9);
}

static void as_text(void)
{
	static struct baseline b, c;
	char *text = NULL;
	size_t n;
	b.hour_ns = now_hour;
	b.count = 2;
	b.rows[0] = (struct baseline_row){
		.metric = M_FORKS, .days = 5, .low = 1.25, .high = 4, .mean = 2};
	b.rows[1] = (struct baseline_row){.metric = M_CONNTRACK_USED,
		.days = 14,
		.low = 0,
		.high = 1e9,
		.mean = 3,
		.netns = "web 1",
		.instance = "a,b"};
	FILE *f = open_memstream(&text, &n);
	CHECK_INT(baseline_write(&b, f), 0);
	(void)fclose(f);
	CHECK_INT(baseline_parse(text, n, &c), 0);
	CHECK_INT(c.count, 2);
	CHECK_INT(c.hour_ns, now_hour);
	CHECK_STR(c.rows[1].netns, "web 1");
	CHECK_STR(c.rows[1].instance, "a,b");
	CHECK_NEAR(c.rows[0].low, 1.25, 0);
	for (size_t cut = 0; cut < n; cut++) { /* wherever it is cut, nothing of it counts */
		CHECK_INT(baseline_parse(text, cut, &c), -EBADMSG);
		if (c.count || c.hour_ns)
			CHECK_INT(c.count, 0);
	}
	static const char *const bad[] = {"plimsoll baseline 1 x\nend\n",
		"plimsoll baseline 1 5\nno.such\t\t\t3\t1\t2\t3\nend\n",
		"plimsoll baseline 1 5\nsched.forks\t\t\t3\t1\tnan\t3\nend\n",
		"plimsoll baseline 1 5\nsched.forks\t\t\t99\t1\t2\t3\nend\n"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_INT(baseline_parse(bad[i], strlen(bad[i]), &c), -EBADMSG);
	free(text);
}

/* Some seconds with so many entries, looked at. */
static struct view view;
static struct store store;

static void look(uint64_t used, uint64_t rate)
{
	CHECK_INT(store_init(&store, 8), 0);
	for (unsigned i = 0; i < 6; i++) {
		struct sample *x = store_slot(&store);
		sample_reset(x);
		x->real_ns = now_hour + (1000 + i) * SECOND;
		x->mono_ns = (1000 + i) * SECOND;
		sample_set(x, series_id(&store.series, M_CONNTRACK_USED, NETNS_HOST, 0), used);
		sample_set(x, series_id(&store.series, M_FORKS, NETNS_HOST, 0), 1000 + i * rate);
		store_commit(&store);
	}
	CHECK_INT(view_open(&view, &store, 6), 0);
}

static struct verdict finding_of(double refused, enum finding_state state)
{
	struct verdict f = {.rule = RULE_conntrack_full,
		.severity = SEVERITY_WARNING,
		.state = state,
		.resource = "conntrack",
		.title = "Many forks",
		.refused = refused};
	verdict_evidence(&f, "so many", M_CONNTRACK_USED, 1, -1, NULL);
	return f;
}

static void in_findings(void)
{
	static struct baseline b;
	const struct usual_rule rules[] = {{"conntrack.full", M_FORKS, false}},
				whole[] = {{"conntrack.full", M_FORKS, true}};
	b.hour_ns = now_hour;
	b.count = 2;
	b.rows[0] = (struct baseline_row){
		.metric = M_FORKS, .days = 5, .low = 20, .high = 50, .mean = 30};
	b.rows[1] = (struct baseline_row){
		.metric = M_CONNTRACK_USED, .days = 3, .low = 120, .high = 340, .mean = 200};
	CHECK_INT(view_init(&view), 0);

	look(2900, 100);
	struct verdict f = finding_of(0, STATE_SATURATED);
	findings_usual_by(&view, &f, 1, rules, 1); /* no baseline: nothing changes */
	CHECK_INT(f.nevidence, 1);
	view.baseline = &b;
	findings_usual_by(&view, &f, 1, rules, 1);
	CHECK_INT(f.state, STATE_SATURATED);
	CHECK_INT(f.nevidence, 2);
	CHECK_STR(f.evidence[1].text,
		"conntrack.used: usual at this hour 120 to 340 (3 days), now 2900");
	CHECK_NEAR(f.evidence[1].limit, 340, 0);
	store_destroy(&store);

	look(2900, 40); /* within the usual: a note */
	f = finding_of(0, STATE_SATURATED);
	findings_usual_by(&view, &f, 1, rules, 1);
	CHECK_INT(f.state, STATE_NOTE);
	CHECK_INT(f.severity, SEVERITY_NOTICE);
	CHECK_STR(f.title, "Many forks (as usual at this hour)");
	CHECK_STR(f.evidence[1].text,
		"sched.forks: usual at this hour 20 to 50/s (5 days), now 40/s");
	f = finding_of(0, STATE_SATURATED); /* of one among many the whole says nothing */
	f.resource = "conntrack:10.0.0.1";
	findings_usual_by(&view, &f, 1, whole, 1);
	CHECK_INT(f.state, STATE_SATURATED);
	f.resource = "conntrack";
	findings_usual_by(&view, &f, 1, whole, 1);
	CHECK_INT(f.state, STATE_NOTE);
	f = finding_of(3, STATE_SATURATED); /* who refuses is told of, usual or not */
	findings_usual_by(&view, &f, 1, rules, 1);
	CHECK_INT(f.state, STATE_SATURATED);
	f = finding_of(0, STATE_EXHAUSTED);
	findings_usual_by(&view, &f, 1, rules, 1);
	CHECK_INT(f.state, STATE_EXHAUSTED);
	f = finding_of(0, STATE_SATURATED);
	findings_usual_by(&view, &f, 1, rules, 0); /* a rule that is no rate */
	CHECK_INT(f.state, STATE_SATURATED);
	b.rows[0].days = 2;
	f = finding_of(0, STATE_SATURATED);
	findings_usual_by(&view, &f, 1, rules, 1);
	CHECK_INT(f.state, STATE_SATURATED);
	store_destroy(&store);
	view_destroy(&view);
}

/* A store that ends now: `days` usual days, and six seconds with `used` entries of which some are refused. */
static int make(const char *dir, unsigned days, unsigned used)
{
	uint64_t now = (uint64_t)time(NULL) * SECOND;
	struct journal *j = open_journal(dir);
	write_days(j, now / HOUR * HOUR, days, 0);
	for (unsigned i = 0; i < 8; i++)
		put(j, now - (7 - i) * SECOND, 1, used, 3, used >= 6000 ? 5 : 0);
	return journal_close(j, 5 * SECOND) < 0;
}

int main(int argc, char **argv)
{
	char dir[64];
	(void)snprintf(dir, sizeof dir, "%s/plimsoll-normal.XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (series_init(&set) < 0 || sample_init(&s) < 0)
		return 1;
	if (argc == 5 && strcmp(argv[1], "make") == 0)
		return make(argv[2], (unsigned)atoi(argv[3]), (unsigned)atoi(argv[4]));
	CHECK(mkdtemp(dir) != NULL);
	as_text();
	in_findings();
	loaded(dir);
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return test_result("normal");
}
