/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Screens as data: rows out of samples, sorting, filter, what a row leads to, a server's book. No terminal. */
#include "base/attr.h"
#include "show/screens/screen.h"
#include "test.h"

static struct store store;
static struct view view;
static struct screen screen;
static struct findings none = {.overall = OVERALL_OK};
static struct subject anybody;

static void add_process(struct sample *s, int32_t pid, const char *comm, uint64_t cpu_ms, bool have)
{
	struct proc *p = table_add(&s->procs, sizeof *p);
	p->pid = pid;
	p->ppid = 1;
	p->start_ticks = (uint64_t)pid;
	p->have = have ? HAVE_STAT | HAVE_DELAY : 0;
	p->state = 'S';
	p->cpu_ns = cpu_ms * 1000000;
	p->rss_pages = 256;
	(void)snprintf(p->comm, sizeof p->comm, "%s", comm);
}

static uint32_t name(const char *text)
{
	return intern_id(&store.series.names, text, strlen(text));
}

static void add_book(struct sample *s)
{
	struct server_book *b = table_add(&s->servers, sizeof *b);
	b->pid = 20;
	b->name = name("apache2");
	b->source = name("http://127.0.0.1/server-status");
	b->port = 80;
	struct server_pool *p = table_add(&s->pools, sizeof *p);
	p->server = 20;
	p->kind = POOL_WORKERS;
	p->have_limit = 1;
	p->used = p->limit = 150;
	p->waiting = 3;
	struct server_slot *w = table_add(&s->slots, sizeof *w);
	w->server = 20;
	w->id = 7;
	w->state = SLOT_LOCKED;
	w->state_ms = 2500;
	w->pid = 30;
	memset(w->who, 'x', sizeof w->who); /* no NUL: foreign */
	memset(w->text, '\033', sizeof w->text);
}

static void begin(void)
{
	CHECK_INT(store_init(&store, 3), 0);
	for (uint64_t i = 0; i < 3; i++) {
		struct sample *s = store_slot(&store);
		sample_reset(s);
		s->real_ns = (1000 + i) * UINT64_C(1000000000);
		s->mono_ns = (5 + i) * UINT64_C(1000000000);
		sample_set(s, series_id(&store.series, M_CPU_ONLINE, 0, 0), 2);
		add_process(s, 10, "idle", 100, true);
		add_process(s, 20, "Busy", 100 + 500 * i, true);
		add_process(s, 30, "busier\033[2J", 100 + 900 * i, true);
		add_process(s, 40, "unknown", 0, false);
		add_book(s);
		store_commit(&store);
	}
	CHECK_INT(view_open(&view, &store, 3), 0);
}

static void build(enum screen_id id, const struct subject *subject)
{
	const struct screen_context c = {.findings = &none, .subject = subject, .live = true};
	CHECK_INT(screen_build(&screen, id, &view, &c), 0);
}

static int pid_of(size_t row)
{
	return row < screen.nrows ? (int)screen.rows[row].cells[0].number : -1;
}

static void sorting(void)
{
	struct screen_order o;
	begin();
	build(SCREEN_PROCS, &anybody);
	CHECK_INT(screen.nrows, 4);
	screen_arrange(&screen, screen_default_order(SCREEN_PROCS), NULL);
	CHECK_INT(pid_of(0), 30);
	CHECK_INT(pid_of(1), 20);
	CHECK_NEAR(screen.rows[0].cells[2].number, 0.9, 1e-9);
	CHECK_NEAR(screen.rows[1].cells[2].number, 0.5, 1e-9);
	CHECK(screen_order_by(SCREEN_PROCS, "memory", &o));
	o.ascending = true;
	screen_arrange(&screen, o, NULL);
	CHECK_INT(pid_of(3), 40); /* what is not known stands last, both ways */
	o.ascending = false;
	screen_arrange(&screen, o, NULL);
	CHECK_INT(pid_of(3), 40);
	CHECK(screen_order_by(SCREEN_PROCS, "name", &o));
	CHECK(o.ascending);
	screen_arrange(&screen, o, NULL);
	CHECK_INT(pid_of(0), 20);
	CHECK(!screen_order_by(SCREEN_PROCS, "no such", &o));
	store_destroy(&store);
}

static void filter(void)
{
	begin();
	build(SCREEN_PROCS, &anybody);
	screen_arrange(&screen, screen_default_order(SCREEN_PROCS), "bUSy");
	CHECK_INT(screen.nrows, 1);
	CHECK_INT(screen.total, 4);
	CHECK_INT(pid_of(0), 20);
	build(SCREEN_PROCS, &anybody);
	screen_arrange(&screen, screen_default_order(SCREEN_PROCS), "40"); /* a pid is text too */
	CHECK_INT(screen.nrows, 1);
	CHECK_INT(pid_of(0), 40);
	build(SCREEN_PROCS, &anybody);
	screen_arrange(&screen, screen_default_order(SCREEN_PROCS), "nobody");
	CHECK_INT(screen.nrows, 0);
	store_destroy(&store);
}

static void cells(void)
{
	char buf[CELL_MAX];
	begin();
	build(SCREEN_PROCS, &anybody);
	screen_arrange(&screen, screen_default_order(SCREEN_PROCS), NULL);
	CHECK_STR(screen_cell_text(buf, &screen.rows[0].cells[1]), "busier\\x1b[2J");
	const struct screen_cell some[] = {{CELL_BYTES, NULL, 1288490189.0},
		{CELL_COUNT, NULL, 3400000}, {CELL_SHARE, NULL, 0.004}, {CELL_SHARE, NULL, 0.88},
		{CELL_COUNT, NULL, NAN}, {CELL_BLANK, NULL, 3}, {CELL_ID, NULL, 1234567}};
	static const char *const texts[] = {"1.2 GiB", "3.4M", "0.4 %", "88 %", "-", "", "1234567"};
	for (size_t i = 0; i < COUNTOF(some); i++)
		CHECK_STR(screen_cell_text(buf, &some[i]), texts[i]);
	store_destroy(&store);
}

static void following(void)
{
	struct subject subject;
	enum screen_id to;
	const struct screen_context c = {.findings = &none, .subject = &anybody};
	begin();
	build(SCREEN_PROCS, &anybody);
	screen_arrange(&screen, screen_default_order(SCREEN_PROCS), NULL);
	CHECK(screen_follow(&screen, &screen.rows[1], &view, &c, &subject, &to));
	CHECK_INT(to, SCREEN_CONNS);
	CHECK_INT(subject.npids, 1);
	CHECK_INT(subject.pids[0], 20);
	build(SCREEN_PROCS, &subject);
	CHECK_INT(screen.nrows, 1);
	CHECK_INT(pid_of(0), 20);
	store_destroy(&store);
}

static void servers(void)
{
	struct subject subject;
	enum screen_id to;
	char buf[CELL_MAX];
	const struct screen_context c = {.findings = &none, .subject = &anybody};
	begin();
	build(SCREEN_SERVERS, &anybody);
	CHECK_INT(screen.nrows, 3);
	if (screen.nrows == 3) {
		CHECK_STR(screen_cell_text(buf, &screen.rows[0].cells[0]), "apache2 :80");
		CHECK_STR(screen_cell_text(buf, &screen.rows[1].cells[0]), "  workers");
		CHECK_NEAR(screen.rows[1].cells[3].number, 150, 0);
		CHECK_STR(screen_cell_text(buf, &screen.rows[2].cells[1]), "locked");
		CHECK_STR(screen_cell_text(buf, &screen.rows[2].cells[5]), "2.5 s");
		CHECK_INT(strlen(screen_cell_text(buf, &screen.rows[2].cells[12])), 120 * 4);
		CHECK(screen_follow(&screen, &screen.rows[2], &view, &c, &subject, &to));
		CHECK_INT(subject.pids[0], 30);
	}
	store_destroy(&store);
}

/* Each view builds from samples that hold next to nothing, says what its columns are, and why it has no row. */
static void all(void)
{
	begin();
	for (unsigned id = 0; id < SCREEN_COUNT; id++) {
		build((enum screen_id)id, &anybody);
		CHECK(screen.nrows > 0 || *screen.empty);
		CHECK(screen.ncolumns <= SCREEN_COLUMNS);
		for (size_t k = 0; k < screen.ncolumns; k++) {
			const struct screen_column *c = &screen.columns[k];
			CHECK(*c->key && *c->title && c->width && c->source &&
				(c->help || c->metric >= 0));
			CHECK(strlen(c->title) <= c->width);
		}
		char *help = screen_help((enum screen_id)id, 80);
		CHECK(help && strstr(help, "Columns of this view"));
		free(help);
	}
	store_destroy(&store);
}

int main(void)
{
	CHECK_INT(view_init(&view), 0);
	CHECK_INT(screen_init(&screen), 0);
	subject_none(&anybody);
	sorting();
	filter();
	cells();
	following();
	servers();
	all();
	screen_destroy(&screen);
	view_destroy(&view);
	return test_result("screens");
}
