/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* HAProxy: its stats socket, which "stats socket" of its configuration names. Two commands on one connection: "show info" is lines
 * "Name: value", "show stat" a table with a head (management.txt, 9.1). Both cost no session of a client.
 *
 * A backend's queue is made of requests that wait for any of its servers and those that wait for a certain one (a cookie): both are added up. Its limit
 * is what those of its servers that take requests now take together (backup servers when no other is left), and is only there when each of them has
 * a limit. */
#include "books/haproxy.h"

#include "base/clock.h"
#include "books/conf.h"
#include "books/line.h"
#include "books/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct state {
	struct haproxy_config config;
	struct line line;
	int dir_fd;
	char name[64];
	struct address address;
	uint16_t port;
};

static struct logs logs; /* a reader process has exactly one */

static const char *const timeouts[] = {
	"client", "server", "tunnel", "queue", "connect", "http-keep-alive"};
enum { TIMEOUTS = COUNTOF(timeouts), LOGS_MS = 50 };

/* ---- configuration ---- */

/* A time in milliseconds, unless it says another unit. */
static bool time_ms(const char *s, uint64_t *ret)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = {
		{"", 1}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
	struct scan c = scan_over(s, strlen(s));
	uint64_t v;
	if (*s < '0' || *s > '9' || !scan_u64(&c, &v))
		return false;
	if (scan_is(c, "us")) {
		*ret = (v + 999) / 1000;
		return true;
	}
	for (size_t i = 0; i < COUNTOF(units); i++)
		if (scan_is(c, units[i].unit))
			return !__builtin_mul_overflow(v, units[i].ms, ret);
	return false;
}

/* At the end of a section: what holds in it is its own, or else the defaults'. */
static void end_section(struct haproxy_defaults *d, struct haproxy_config *ret)
{
	for (int i = 0; d->section == 'p' && i < TIMEOUTS; i++) {
		uint64_t ms = d->own[i] ? d->own[i] : d->ms[i];
		if (!ms || ret->n == HAPROXY_TIMEOUTS)
			continue;
		struct haproxy_timeout *t = &ret->timeout[ret->n++];
		char word[48];
		t->ms = ms;
		(void)snprintf(t->name, sizeof t->name, "timeout.%s.ms/%s", timeouts[i],
			book_word(word, sizeof word, d->name, strlen(d->name)));
	}
	memset(d->own, 0, sizeof d->own);
	d->section = 0;
}

static bool is_section(const char *word, char *ret)
{
	static const struct {
		const char *name;
		char section;
	} names[] = {{"global", 'g'}, {"defaults", 'd'}, {"frontend", 'p'}, {"backend", 'p'},
		{"listen", 'p'}, {"peers", 0}, {"resolvers", 0}, {"userlist", 0}, {"mailers", 0},
		{"program", 0}, {"http-errors", 0}, {"ring", 0}, {"cache", 0}, {"fcgi-app", 0},
		{"crt-list", 0}, {"log-forward", 0}, {"traces", 0}, {"log-profile", 0},
		{"crt-store", 0}};
	for (size_t i = 0; i < COUNTOF(names); i++)
		if (strcmp(word, names[i].name) == 0) {
			*ret = names[i].section;
			return true;
		}
	return false;
}

static void stats_socket(const char *where, struct haproxy_config *ret)
{
	bool tcp = false;
	if (strncmp(where, "unix@", 5) == 0)
		where += 5;
	else if (strncmp(where, "ipv4@", 5) == 0 || strncmp(where, "ipv6@", 5) == 0)
		where += 5, tcp = true;
	else if (*where != '/')
		tcp = strchr(where, ':') != NULL;
	if (strchr(where, '@') || ret->socket[0] || strlen(where) >= sizeof ret->socket)
		return; /* an inherited descriptor or an abstract name; the first that can be asked is taken */
	ret->tcp = tcp;
	(void)snprintf(ret->socket, sizeof ret->socket, "%s", where);
}

/* "http-request del-header Upgrade": the server is not asked to switch. */
static bool is_removal(const char *const *w)
{
	return strcmp(w[0], "http-request") == 0 && strcmp(w[1], "del-header") == 0 &&
	       (strcasecmp(w[2], "upgrade") == 0 || strcasecmp(w[2], "connection") == 0);
}

static void add_removed(const char *name, struct haproxy_config *ret)
{
	for (int i = 0; i < ret->nremoved; i++)
		if (strcmp(ret->removed[i], name) == 0)
			return;
	if (ret->nremoved < HAPROXY_REMOVED)
		(void)snprintf(ret->removed[ret->nremoved++], sizeof ret->removed[0], "%s", name);
}

static void one_line(struct scan line, struct haproxy_defaults *d, struct haproxy_config *ret)
{
	char buf[1024];
	const char *w[8];
	int n = conf_words(line, buf, sizeof buf, w, COUNTOF(w));
	char section;
	uint64_t v;
	if (n == 0)
		return;
	if (is_section(w[0], &section)) {
		end_section(d, ret);
		d->section = section;
		if (section == 'd')
			memset(d->ms, 0, sizeof d->ms);
		(void)snprintf(d->name, sizeof d->name, "%s", n > 1 ? w[1] : "");
		return;
	}
	if (d->section == 'g' && n > 2 && strcmp(w[0], "stats") == 0 && strcmp(w[1], "socket") == 0)
		stats_socket(w[2], ret);
	else if (d->section == 'g' && n > 1 && strcmp(w[0], "maxconn") == 0 &&
		 line_number(scan_over(w[1], strlen(w[1])), &v))
		ret->maxconn = v;
	else if (d->section == 'p' && n > 2 && is_removal(w))
		add_removed(d->name, ret);
	else if ((d->section == 'd' || d->section == 'p') && n > 2 &&
		 strcmp(w[0], "timeout") == 0 && time_ms(w[2], &v))
		for (int i = 0; i < TIMEOUTS; i++)
			if (strcmp(w[1], timeouts[i]) == 0)
				*(d->section == 'd' ? &d->ms[i] : &d->own[i]) = v;
}

void haproxy_read_config(struct scan text, struct haproxy_defaults *d, struct haproxy_config *ret)
{
	struct scan line;
	while (scan_line(&text, &line))
		one_line(line, d, ret);
	if (d->section == 'p') /* the last one of the file; a section does not go on in the next */
		end_section(d, ret);
	d->section = 0;
}

struct reading {
	struct haproxy_defaults *d;
	struct haproxy_config *ret;
	bool any;
};

static void read_file(const struct book_target *t, const char *path, void *ctx)
{
	struct reading *r = ctx;
	size_t len;
	AUTO_FREE char *text = conf_read(t, path, &len);
	if (!text)
		return;
	haproxy_read_config(scan_over(text, len), r->d, r->ret);
	r->any = true;
}

/* "-f" takes a file, or a folder, of which all *.cfg are read in their order. */
static bool read_path(const struct book_target *t, const char *path, struct haproxy_defaults *d,
	struct haproxy_config *ret)
{
	char inside[512];
	struct reading r = {d, ret, false};
	read_file(t, path, &r);
	if (!r.any && (size_t)snprintf(inside, sizeof inside, "%s/*.cfg", path) < sizeof inside)
		conf_each(t, inside, read_file, &r);
	return r.any;
}

int book_open_haproxy(struct book_target *t)
{
	struct conf_args args;
	struct state *s = t->state ? t->state : calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	if (t->state)
		line_close(&s->line);
	if (t->state && s->dir_fd >= 0)
		(void)close(s->dir_fd);
	*s = (struct state){.line = LINE_NONE, .dir_fd = -1};
	t->state = s;
	struct haproxy_defaults d = {0};
	logs_open(&logs, t, "/var/log/haproxy.log");
	int r = conf_args(t->pid, &args), i = 1;
	const char *path;
	bool any = false, behind = false;
	if (r < 0)
		return r;
	while ((path = conf_option(&args, "-f", &i)))
		any |= read_path(t, path, &d, &s->config);
	for (i = 1; i < args.n; i++) { /* files behind "--" */
		if (behind)
			any |= read_path(t, args.arg[i], &d, &s->config);
		behind |= strcmp(args.arg[i], "--") == 0;
	}
	if (!any || !s->config.socket[0])
		return -ENOENT;
	if (s->config.tcp)
		return conf_address(s->config.socket, &s->address, &s->port) ? 0 : -ENOENT;
	s->dir_fd = conf_socket(t, s->config.socket, s->name);
	return s->dir_fd < 0 ? s->dir_fd : 0;
}

/* ---- the answer ---- */

/* Columns of the table that are wanted. */
enum column {
	PXNAME,
	SVNAME,
	QCUR,
	QMAX,
	SCUR,
	SMAX,
	SLIM,
	STOT,
	DREQ,
	EREQ,
	ECON,
	ERESP,
	WRETR,
	WREDIS,
	STATUS,
	HRSP_1XX,
	HRSP_4XX,
	HRSP_5XX,
	CLI_ABRT,
	SRV_ABRT,
	RTIME,
	TTIME,
	DCON,
	BCK,
	COLUMNS
};
static const char *const columns[COLUMNS] = {"pxname", "svname", "qcur", "qmax", "scur", "smax",
	"slim", "stot", "dreq", "ereq", "econ", "eresp", "wretr", "wredis", "status", "hrsp_1xx",
	"hrsp_4xx", "hrsp_5xx", "cli_abrt", "srv_abrt", "rtime", "ttime", "dcon", "bck"};

struct row {
	struct scan field[COLUMNS];
};

/* The next field of a line of comma-separated values; one in quotes has none of them doubled here: names cannot have quotes. */
static bool next_field(struct scan *line, struct scan *ret)
{
	if (line->p > line->end)
		return false;
	const char *end;
	if (line->p < line->end && *line->p == '"') {
		const char *q = memchr(line->p + 1, '"', scan_len(*line) - 1);
		if (!q)
			return false;
		*ret = (struct scan){line->p + 1, q};
		end = q + 1;
	} else {
		end = memchr(line->p, ',', scan_len(*line));
		if (!end)
			end = line->end;
		*ret = (struct scan){line->p, end};
	}
	line->p = end + 1; /* behind the comma, or behind the end */
	return true;
}

static uint64_t value_of(const struct row *r, enum column c)
{
	uint64_t v;
	return line_number(r->field[c], &v) ? v : 0;
}

static bool has(const struct row *r, enum column c)
{
	uint64_t v;
	return line_number(r->field[c], &v);
}

static uint64_t plus(uint64_t a, uint64_t b)
{
	uint64_t sum;
	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static void limit_word(char buf[static 32], bool have, uint64_t limit)
{
	buf[0] = '\0';
	if (have)
		(void)snprintf(buf, 32, " limit=%" PRIu64, limit);
}

/* The mean of the last 1024 requests; without HTTP there are only whole sessions. */
static uint64_t time_us(const struct row *r)
{
	uint64_t ms = value_of(r, RTIME) ? value_of(r, RTIME) : value_of(r, TTIME);
	return ms > UINT64_MAX / 1000 ? 0 : ms * 1000;
}

/* 1 up, 2 down, 0 not checked, or taken out by the administrator. */
static int up_of(const struct row *r)
{
	return scan_starts(r->field[STATUS], "UP")     ? 1
	       : scan_starts(r->field[STATUS], "DOWN") ? 2
						       : 0;
}

/* Of the servers of a backend, whose rows stand before its own. */
struct servers {
	uint64_t used, waiting, high;
	unsigned count;
	struct {
		uint64_t limit;
		unsigned count, limited;
	} able[2]; /* that take requests: active ones, backup ones */
};

static void server_row(const struct row *r, struct servers *sum, struct book *ret)
{
	char limit[32];
	limit_word(limit, has(r, SLIM), value_of(r, SLIM));
	sum->count++;
	sum->used = plus(sum->used, value_of(r, SCUR));
	sum->waiting = plus(sum->waiting, value_of(r, QCUR));
	if (value_of(r, QMAX) > sum->high)
		sum->high = value_of(r, QMAX);
	if (!scan_starts(r->field[STATUS], "DOWN") && !scan_starts(r->field[STATUS], "MAINT") &&
		!scan_starts(r->field[STATUS], "DRAIN")) {
		int backup = value_of(r, BCK) > 0;
		sum->able[backup].count++;
		sum->able[backup].limited += value_of(r, SLIM) > 0;
		sum->able[backup].limit = plus(sum->able[backup].limit, value_of(r, SLIM));
	}
	book_line(ret,
		"pool backend %s/%s used=%" PRIu64 "%s waiting=%" PRIu64 " high=%" PRIu64
		" served=%" PRIu64 " failed=%" PRIu64 " up=%d time=%" PRIu64,
		WORD(r->field[PXNAME]), WORD(r->field[SVNAME]), value_of(r, SCUR), limit,
		value_of(r, QCUR), value_of(r, SMAX), value_of(r, STOT),
		plus(value_of(r, ECON), value_of(r, ERESP)), up_of(r), time_us(r));
}

static void backend_row(const struct row *r, const struct servers *sum, struct book *ret)
{
	char limit[32];
	int backup = sum->able[0].count == 0;
	limit_word(limit,
		sum->able[backup].count && sum->able[backup].limited == sum->able[backup].count,
		sum->able[backup].limit);
	book_line(ret,
		"pool queue %s used=%" PRIu64 "%s waiting=%" PRIu64 " high=%" PRIu64
		" served=%" PRIu64 " failed=%" PRIu64 " up=%d time=%" PRIu64,
		WORD(r->field[PXNAME]), sum->count ? sum->used : value_of(r, SCUR), limit,
		plus(value_of(r, QCUR), sum->waiting),
		value_of(r, QMAX) > sum->high ? value_of(r, QMAX) : sum->high, value_of(r, STOT),
		plus(value_of(r, ECON), value_of(r, ERESP)), up_of(r), time_us(r));
}

static void frontend_row(const struct row *r, struct book *ret)
{
	char limit[32];
	limit_word(limit, has(r, SLIM) && value_of(r, SLIM) > 0, value_of(r, SLIM));
	book_line(ret,
		"pool connections %s used=%" PRIu64 "%s high=%" PRIu64 " served=%" PRIu64
		" refused=%" PRIu64 " failed=%" PRIu64,
		WORD(r->field[PXNAME]), value_of(r, SCUR), limit, value_of(r, SMAX),
		value_of(r, STOT), value_of(r, DCON), value_of(r, EREQ));
}

static void numbers_of(const struct row *r, struct book *ret)
{
	static const struct {
		enum column column;
		const char *name;
	} wanted[] = {{WRETR, "retries"}, {WREDIS, "redispatches"}, {CLI_ABRT, "client.aborts"},
		{SRV_ABRT, "server.aborts"}, {HRSP_1XX, "answers.1xx"}, {HRSP_4XX, "answers.4xx"},
		{HRSP_5XX, "answers.5xx"}};
	char word[48];
	bool front = scan_is(r->field[SVNAME], "FRONTEND");
	for (size_t i = 0; i < COUNTOF(wanted); i++)
		if (has(r, wanted[i].column))
			book_line(ret, "number %s%s/%s %" PRIu64, front ? "front." : "",
				wanted[i].name, line_word(word, sizeof word, r->field[PXNAME]),
				value_of(r, wanted[i].column));
}

static bool head_of(struct scan line, uint8_t place[static COLUMNS])
{
	struct scan name;
	unsigned seen = 0;
	memset(place, 0xff, COLUMNS);
	if (!scan_skip(&line, '#') || !scan_skip(&line, ' '))
		return false;
	for (uint8_t at = 0; at < 0xff && next_field(&line, &name); at++)
		for (int c = 0; c < COLUMNS; c++)
			if (scan_is(name, columns[c]) && place[c] == 0xff) {
				place[c] = at;
				seen++;
			}
	return seen >= STATUS && place[PXNAME] != 0xff && place[SVNAME] != 0xff;
}

static bool row_of(struct scan line, const uint8_t place[static COLUMNS], struct row *ret)
{
	struct scan field;
	bool named = false;
	*ret = (struct row){0};
	for (uint8_t at = 0; at < 0xff && next_field(&line, &field); at++)
		for (int c = 0; c < COLUMNS; c++)
			if (place[c] == at) {
				ret->field[c] = field;
				named |= c == SVNAME && scan_len(field);
			}
	return named;
}

/* Of "show info": what is kept, and the pool that is made of it. */
static void info_line(struct scan line, uint64_t info[static 5], unsigned *seen, struct book *ret)
{
	static const struct {
		const char *name, *number;
	} wanted[] = {{"Maxconn", NULL}, {"CurrConns", NULL}, {"CumConns", NULL},
		{"Hard_maxconn", NULL}, {"MaxconnReached", "maxconn.reached"},
		{"Uptime_sec", "uptime.s"}, {"Idle_pct", "idle.percent"},
		{"PoolFailed", "memory.failed"}, {"Stopping", "stopping"},
		{"CurrSslConns", "tls.connections"}, {"MaxSslConns", "tls.connections.high"}};
	const char *colon = memchr(line.p, ':', scan_len(line));
	uint64_t v;
	if (!colon || colon + 2 > line.end)
		return;
	struct scan name = {line.p, colon}, value = {colon + 2, line.end};
	for (unsigned i = 0; i < COUNTOF(wanted); i++) {
		if (!scan_is(name, wanted[i].name) || !line_number(value, &v))
			continue;
		*seen |= 1u << i;
		if (wanted[i].number)
			book_line(ret, "number %s %" PRIu64, wanted[i].number, v);
		else
			info[i] = v;
	}
}

bool haproxy_parse(struct scan text, struct book *ret)
{
	uint8_t place[COLUMNS];
	uint64_t info[5] = {0};
	unsigned seen = 0, rows = 0;
	bool head = false;
	struct servers sum = {0};
	struct scan line, again;
	struct row r;
	while (!head && scan_line(&text, &line)) {
		head = head_of(line, place);
		if (!head)
			info_line(line, info, &seen, ret);
	}
	if (!head)
		return false;
	if ((seen & 3) == 3)
		book_line(ret,
			"pool connections - used=%" PRIu64 " limit=%" PRIu64 " served=%" PRIu64,
			info[1], info[0], info[2]);
	/* Pools first, for they matter most where there are more than a book takes. */
	again = text;
	while (scan_line(&text, &line) && rows < BOOK_POOLS) {
		if (!row_of(line, place, &r))
			continue;
		rows++;
		if (scan_is(r.field[SVNAME], "FRONTEND"))
			frontend_row(&r, ret);
		else if (scan_is(r.field[SVNAME], "BACKEND")) {
			backend_row(&r, &sum, ret);
			sum = (struct servers){0};
		} else if (has(&r, STOT) && has(&r, QCUR)) { /* and no listening socket */
			server_row(&r, &sum, ret);
		}
	}
	while (scan_line(&again, &line))
		if (row_of(line, place, &r) && (scan_is(r.field[SVNAME], "BACKEND") ||
						       scan_is(r.field[SVNAME], "FRONTEND")))
			numbers_of(&r, ret);
	return rows > 0;
}

/* Both answers end with an empty line; the table is the second. */
static bool enough(const char *bytes, size_t n, void *ctx)
{
	(void)ctx;
	const char *table = strstr(bytes, "\n\n");
	return table && n > 4 && memcmp(bytes + n - 2, "\n\n", 2) == 0 && bytes + n - 2 > table;
}

void book_ask_haproxy(struct book_target *t, bool full, struct book *ret)
{
	static struct book found;
	static const char commands[] = "show info;show stat\n";
	struct state *s = t->state;
	struct line none = LINE_NONE, *l = s ? &s->line : &none;
	char source[160] = "stats socket /run/haproxy/admin.sock level user";
	(void)full; /* the stats socket takes no worker */
	found = (struct book){0};
	line_begin(l);
	if (!s || (s->dir_fd < 0 && !s->port)) {
		l->status = BOOK_CLOSED;
	} else {
		line_source(source, sizeof source, &s->address, s->port,
			s->dir_fd >= 0 ? s->config.socket : NULL);
		bool sent = l->owed || ((s->dir_fd >= 0 ? line_unix(l, s->dir_fd, s->name)
							: line_tcp(l, &s->address, s->port)) &&
					       line_send(l, commands, sizeof commands - 1));
		if (sent && line_receive(l, enough, NULL)) {
			if (strncmp(l->bytes, "Permission denied", 17) == 0)
				l->status = BOOK_DENIED;
			else if (!haproxy_parse(scan_over(l->bytes, l->n), &found))
				l->status = BOOK_GARBAGE;
		}
	}
	line_end(l);
	if (l->status != BOOK_OK)
		found = (struct book){0};
	for (int i = 0; s && i < s->config.n; i++)
		book_line(&found, "number %s %" PRIu64, s->config.timeout[i].name,
			s->config.timeout[i].ms);
	for (int i = 0; s && i < s->config.nremoved; i++)
		book_line(&found, "number upgrade.removed/%s 1",
			line_word((char[96]){0}, 96,
				scan_over(s->config.removed[i], strlen(s->config.removed[i]))));
	logs_ask(&logs, t, full, clock_mono_ns() + LOGS_MS * UINT64_C(1000000), &found);
	if (l->status != BOOK_OK && s && s->config.maxconn)
		book_line(&found, "pool connections - limit=%" PRIu64, s->config.maxconn);
	line_book(l, ret, t, "haproxy", source, l->status == BOOK_CLOSED && !s ? NULL : &found);
}
