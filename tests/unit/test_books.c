/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Books of servers become rows: what stands in them, what is made harmless, and how long rows stand. */
#include "collect/collect.h"
#include "collect/engine.h"
#include "collect/engine_impl.h"
#include "store/store.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct series_set series;
static struct sample sample;
static uint32_t names_left;

static int take(const char *text)
{
	const struct out o = {&sample, &series, NETNS_HOST};
	return collect_book(scan_over(text, strlen(text)), &o, &names_left);
}

static void begin(void)
{
	sample_reset(&sample);
	names_left = 100;
	sample.mono_ns = 1000;
	struct proc *p = table_add(&sample.procs, sizeof *p);
	CHECK(p != NULL);
	*p = (struct proc){.pid = 77};
}

static void rows(void)
{
	char text[48];
	begin();
	CHECK_INT(take("server apache apache2 pid=77 port=80 status=ok took=900 at=400 "
		       "source=http://x/\n"
		       "pool workers - used=20 idle=0 limit=0 working=18 keepalive=2 "
		       "served=18446744073709551615\n"
		       "pool backend shop/a used=1 up=2\n"
		       "slot 3 pid=9 state=working ms=90000 blocker=4 peer=10.0.0.9:4000 bytes=5 "
		       "who=shop text=GET%20/\n"
		       "slot 4 state=keepalive peer=[2001:db8::1]:443\n"
		       "slot 5 state=locked peer=2001:db8::1\n"
		       "number requests 12\n"
		       "what is this\n"),
		0);
	CHECK_INT(sample.servers.count, 1);
	const struct server_book *b = TABLE_ROWS(sample.servers, struct server_book);
	CHECK_STR(intern_text(&series.names, b->kind), "apache");
	CHECK_STR(intern_text(&series.names, b->name), "apache2");
	CHECK_INT(b->status, BOOK_OK);
	CHECK_INT(b->port, 80);
	CHECK_INT(b->at_ns, 400);
	CHECK_INT(b->took_us, 900);
	CHECK_INT(sample.pools.count, 2);
	const struct server_pool *p = TABLE_ROWS(sample.pools, struct server_pool);
	CHECK_INT(p[0].kind, POOL_WORKERS);
	CHECK_INT(p[0].used, 20);
	CHECK_INT(p[0].have_limit, 1);
	CHECK_INT(p[0].working, 18);
	CHECK(p[0].served == UINT64_MAX);
	CHECK_INT(p[0].up, 0);
	CHECK_INT(p[1].have_limit, 0);
	CHECK_INT(p[1].up, 2);
	CHECK_STR(intern_text(&series.names, p[1].name), "shop/a");
	CHECK_INT(sample.slots.count, 3);
	const struct server_slot *s = TABLE_ROWS(sample.slots, struct server_slot);
	CHECK_INT(s[0].server, 77);
	CHECK_INT(s[0].pid, 9);
	CHECK_INT(s[0].state, SLOT_WORKING);
	CHECK_INT(s[0].state_ms, 90000);
	CHECK_INT(s[0].blocker, 4);
	CHECK_STR(address_text(text, &s[0].peer), "10.0.0.9");
	CHECK_INT(s[0].peer_port, 4000);
	CHECK_STR(s[0].who, "shop");
	CHECK_STR(s[0].text, "GET /");
	CHECK_STR(address_text(text, &s[1].peer), "2001:db8::1");
	CHECK_INT(s[1].peer_port, 443);
	CHECK_STR(address_text(text, &s[2].peer), "2001:db8::1");
	CHECK_INT(s[2].peer_port, 0);
	CHECK_INT(sample.server_numbers.count, 1);
	CHECK_INT(TABLE_ROWS(sample.server_numbers, struct server_number)[0].value, 12);

	/* The next book of the server takes the place of this one; an older one does not. */
	CHECK_INT(take("server apache apache2 pid=77 status=full at=500\npool workers - used=1\n"),
		0);
	CHECK_INT(take("server apache apache2 pid=77 status=ok at=450\nslot 1 state=idle\n"), 0);
	CHECK_INT(sample.servers.count, 1);
	CHECK_INT(sample.pools.count, 1);
	CHECK_INT(sample.slots.count, 0);
	CHECK_INT(sample.server_numbers.count, 0);
	CHECK_INT(TABLE_ROWS(sample.servers, struct server_book)[0].status, BOOK_FULL);
}

/* Certificates of two ports of a process, and what the process itself tells: three servers. */
static void beside(void)
{
	begin();
	CHECK_INT(take("server nginx nginx pid=77 port=80 status=ok\nnumber requests 5\n"), 0);
	CHECK_INT(take("server tls nginx pid=77 port=443 status=ok\nnumber tls.notafter 6\nslot 0 "
		       "state=idle text=CN\n"),
		0);
	CHECK_INT(take("server tls nginx pid=77 port=8443 status=ok\nnumber tls.notafter 7\n"), 0);
	CHECK_INT(take("server tls nginx pid=77 port=443 status=ok\nnumber tls.notafter 8\n"), 0);
	CHECK_INT(sample.servers.count, 3);
	CHECK_INT(sample.slots.count, 0);
	CHECK_INT(sample.server_numbers.count, 3);
	const struct server_number *n = TABLE_ROWS(sample.server_numbers, struct server_number);
	CHECK_INT(n[0].server, 77);
	CHECK(n[1].server < 0 && n[2].server < 0 && n[1].server != n[2].server);
	CHECK_INT(n[2].value, 8);
}

/* The value of a series by its name; UINT64_MAX: there is none. */
static uint64_t value_of(const struct sample *s, enum metric m, const char *name)
{
	uint64_t v;
	uint32_t id = intern_find(&series.names, name, strlen(name));
	uint32_t row = id ? series_find(&series, m, NETNS_HOST, id) : SERIES_NONE;
	return row && sample_get(s, row, &v) ? v : UINT64_MAX;
}

/* Workers by state and the histogram: few, adding up, and standing until the next book. */
static void numbers_over_time(void)
{
	static struct sample next;
	begin();
	CHECK_INT(sample_init(&next), 0);
	struct proc *worker = table_add(&sample.procs, sizeof *worker);
	CHECK(worker != NULL);
	*worker = (struct proc){.pid = 80};
	CHECK_INT(take("server apache apache2 pid=77 port=80 status=ok\n"
		       "pool workers - used=12 idle=8 limit=25 working=9 reading=3\n"
		       "slot 1 pid=80 state=working ms=9000\nslot 2 pid=81 state=working ms=9000\n"
		       "latency 4ms=7 inf=1 3ms=9 8ms=x 16ms=-2\n"),
		0);
	engine_book_series(&series, NULL, &sample);
	CHECK_INT(value_of(&sample, M_SERVER_WORKERS, "apache2:80 working"), 9);
	CHECK_INT(value_of(&sample, M_SERVER_WORKERS, "apache2:80 reading"), 3);
	CHECK_INT(value_of(&sample, M_SERVER_WORKERS, "apache2:80 idle"), 8);
	CHECK_INT(value_of(&sample, M_SERVER_WORKERS, "apache2:80 ghost"), UINT64_MAX);
	CHECK_INT(value_of(&sample, M_SERVER_WORKERS, "apache2:80 busy"), UINT64_MAX);
	CHECK_INT(value_of(&sample, M_SERVER_WORKERS_LIMIT, "apache2:80"), 25);
	CHECK_INT(value_of(&sample, M_SERVER_LATENCY, "apache2:80 4ms"), 7);
	CHECK_INT(value_of(&sample, M_SERVER_LATENCY, "apache2:80 inf"), 1);
	CHECK_INT(value_of(&sample, M_SERVER_LATENCY, "apache2:80 3ms"), UINT64_MAX);
	CHECK_INT(value_of(&sample, M_SERVER_LATENCY, "apache2:80 8ms"), UINT64_MAX);

	/* The next sample: a slot names a process that was gone before; the log said nothing new. A namesake with a higher pid is not told of. */
	const struct out o = {&next, &series, NETNS_HOST};
	next.mono_ns = 2000;
	for (int32_t pid = 77; pid <= 80; pid += 3)
		((struct proc *)table_add(&next.procs, sizeof *worker))->pid = pid;
	((struct proc *)table_add(&next.procs, sizeof *worker))->pid = 90;
	const char *books[] = {"server apache apache2 pid=90 port=80 status=ok\n"
			       "pool workers - used=1 idle=1 limit=2 working=1\n",
		"server apache apache2 pid=77 port=80 status=ok at=1500\n"
		"pool workers - used=12 idle=8 limit=25 working=12\n"
		"slot 1 pid=80 state=working ms=9900\nslot 2 pid=81 state=working ms=9900\n"};
	for (size_t i = 0; i < 2; i++)
		CHECK_INT(collect_book(scan_over(books[i], strlen(books[i])), &o, &names_left), 0);
	engine_book_series(&series, &sample, &next);
	CHECK_INT(value_of(&next, M_SERVER_WORKERS, "apache2:80 working"), 11);
	CHECK_INT(value_of(&next, M_SERVER_WORKERS, "apache2:80 ghost"), 1);
	CHECK_INT(value_of(&next, M_SERVER_WORKERS, "apache2:80 reading"), 0);
	CHECK_INT(value_of(&next, M_SERVER_WORKERS, "apache2:80 idle"), 8);
	CHECK_INT(value_of(&next, M_SERVER_LATENCY, "apache2:80 4ms"), 7);

	/* None is free to tell: as many as there may be are untold. */
	CHECK_INT(take("server apache apache2 pid=77 port=80 status=full\n"
		       "pool workers - limit=25\n"),
		0);
	engine_book_series(&series, &next, &sample);
	CHECK_INT(value_of(&sample, M_SERVER_WORKERS, "apache2:80 untold"), 25);
	CHECK_INT(value_of(&sample, M_SERVER_WORKERS, "apache2:80 working"), 0);
	sample_destroy(&next);
}

static void strangers(void)
{
	static char huge[70000];
	begin();
	CHECK_INT(take(""), -EBADMSG);
	CHECK_INT(take("server apache apache2 pid=77 status=ok"), -EBADMSG); /* cut */
	CHECK_INT(take("pool workers - used=1\n"), -EBADMSG);
	CHECK_INT(take("server apache apache2 pid=78 status=ok\n"), -EBADMSG); /* nobody */
	CHECK_INT(take("server apache apache2 pid=-77 status=ok\n"), -EBADMSG);
	CHECK_INT(take("server apache apache2 pid=77 status=fine\n"), -EBADMSG);
	CHECK_INT(take("server - - pid=77 status=ok\n"), -EBADMSG);
	CHECK_INT(sample.servers.count, 0);
	CHECK_INT(take("server apache - pid=77 status=ok at=99999\n"
		       "pool workers - used=-1 idle=18446744073709551616 limit=1x waiting=7\n"
		       "pool nothing x used=1\n"
		       "slot 4294967296 state=idle\n"
		       "slot 1 state=bad ms=-5 peer=10.0.0.256 who=%1B[2J text=a%00b%E2%80%AE%zz%\n"
		       "number x y\n"
		       "number - 1\n"
		       "slot 2 text=cut"),
		0);
	const struct server_book *b = TABLE_ROWS(sample.servers, struct server_book);
	CHECK_STR(intern_text(&series.names, b->name), "apache");
	CHECK_INT(b->at_ns, 1000); /* not of the future */
	CHECK_INT(sample.pools.count, 1);
	const struct server_pool *p = TABLE_ROWS(sample.pools, struct server_pool);
	CHECK_INT(p->used, 0);
	CHECK_INT(p->have_limit, 0);
	CHECK_INT(p->waiting, 7);
	CHECK_INT(sample.slots.count, 1);
	const struct server_slot *s = TABLE_ROWS(sample.slots, struct server_slot);
	CHECK_INT(s->peer.family, 0);
	CHECK_STR(s->who, "\\x1b[2J");
	CHECK_STR(s->text, "a%00b\\u{202e}%zz%");
	CHECK_INT(sample.server_numbers.count, 0);

	/* New names come to an end; those that are known go on. */
	begin();
	names_left = 2;
	CHECK_INT(
		take("server apache apache2 pid=77 status=ok\npool queue new-1 used=1\npool queue "
		     "new-2 used=1\npool queue new-3 used=1\npool queue new-1 used=2\n"),
		0);
	CHECK_INT(sample.pools.count, 3);
	CHECK_INT(names_left, 0);

	/* More slots than a book may have, and more text. */
	begin();
	size_t n = (size_t)snprintf(huge, sizeof huge, "server apache apache2 pid=77 status=ok\n");
	for (unsigned i = 0; i < 400; i++)
		n += (size_t)snprintf(huge + n, sizeof huge - n, "slot %u state=idle\n", i);
	memset(huge + n, 'x', sizeof huge - n - 1);
	CHECK_INT(take(huge), 0);
	CHECK_INT(sample.slots.count, 256);
}

/* ---- ticks ---- */

static char tree[] = "/tmp/plimsoll-test-XXXXXX";

static void put(unsigned moment, const char *name, const char *text)
{
	char path[160];
	(void)snprintf(path, sizeof path, "%s/%u", tree, moment);
	(void)mkdir(path, 0700);
	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		(void)snprintf(
			path, sizeof path, "%s/%u/%.*s", tree, moment, (int)(slash - name), name);
		(void)mkdir(path, 0700);
	}
	(void)snprintf(path, sizeof path, "%s/%u/%s", tree, moment, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	(void)close(fd);
}

static void put_proc(unsigned moment, int pid, unsigned start)
{
	char name[64], text[256];
	(void)snprintf(name, sizeof name, "proc/%d/stat", pid);
	(void)snprintf(text, sizeof text,
		"%d (apache2) S 1 %d %d 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 %u 1000 10 1 0 0 0 0 "
		"0 0 0 0 0 0 0 "
		"0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
		pid, pid, pid, start);
	put(moment, name, text);
}

static bool has_gap(const struct sample *s, const char *what, int error)
{
	for (uint32_t i = 0; i < s->gaps.count; i++) {
		const struct gap *g = &TABLE_ROWS(s->gaps, struct gap)[i];
		if (strcmp(g->what, what) == 0 && g->error == error)
			return true;
	}
	return false;
}

static void standing(void)
{
	static struct store store;
	struct reader *reader;
	struct engine *engine;
	CHECK(mkdtemp(tree) != NULL);
	for (unsigned i = 0; i < 5; i++) {
		char clock[64];
		(void)snprintf(clock, sizeof clock, "1767225600000000000 %llu\n",
			1000000000ull * (i < 3 ? 100 + i : 200 + i));
		put(i, "clock", clock);
		put_proc(i, 77, 500);
		if (i < 2)
			put_proc(i, 78, 500);
		else
			put_proc(i, 78, 900); /* another one with its number */
	}
	put(0, "books/apache.77",
		"server apache apache2 pid=77 status=hung at=100000000000\npool workers - "
		"limit=20\n");
	put(0, "books/redis.78",
		"server redis redis-server pid=78 status=ok at=100000000000\nslot 5 "
		"state=subscribed\n");
	put(3, "books/redis.78",
		"server redis redis-server pid=78 status=denied at=203000000000\n");
	CHECK_INT(store_init(&store, 6), 0);
	CHECK_INT(reader_open(tree, NULL, &reader), 0);
	CHECK_INT(engine_open(reader, &store.series, &engine), 0);
	static const unsigned servers[] = {2, 2, 1, 1, 1}, pools[] = {1, 1, 1, 0, 0},
			      slots[] = {1, 1, 0, 0, 0};
	for (unsigned i = 0; i < 5; i++) {
		struct sample *s = store_slot(&store);
		CHECK_INT(engine_tick(engine, i ? store_newest(&store, 0) : NULL, s, 0, 0), 0);
		store_commit(&store);
		CHECK_INT(s->servers.count, servers[i]);
		CHECK_INT(s->pools.count, pools[i]);
		CHECK_INT(s->slots.count, slots[i]);
		CHECK_INT(has_gap(s, "what apache2 says of itself", ETIMEDOUT), i < 3);
		CHECK_INT(has_gap(s, "what redis-server says of itself", EACCES), i >= 3);
	}
	engine_close(engine);
	reader_close(reader);
	store_destroy(&store);
}

int main(void)
{
	CHECK_INT(series_init(&series), 0);
	CHECK_INT(sample_init(&sample), 0);
	rows();
	numbers_over_time();
	beside();
	strangers();
	standing();
	char command[64];
	(void)snprintf(command, sizeof command, "rm -r %s", tree);
	CHECK_INT(system(command), 0);
	sample_destroy(&sample);
	series_destroy(&series);
	return test_result("books");
}
