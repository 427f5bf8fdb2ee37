/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Lines of logs as HAProxy, Apache and nginx write them, what comes of them, and files that grow, are cut and are moved away. */
#include "books/log.h"
#include "books/log_urls.h"
#include "books/logs.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define AT UINT64_C(1795350439976) /* 22/Nov/2026:12:27:19.976 UTC */

static struct log_line parsed;
static char texts[2][160];

static bool parse(const char *text)
{
	bool known = log_line(scan_over(text, strlen(text)), &parsed);
	(void)snprintf(
		texts[0], sizeof texts[0], "%.*s", (int)scan_len(parsed.proxy), parsed.proxy.p);
	(void)snprintf(texts[1], sizeof texts[1], "%.*s", (int)scan_len(parsed.url), parsed.url.p);
	return known;
}

static const char *peer(void)
{
	static char text[48];
	return parsed.peer.family ? address_text(text, &parsed.peer) : "";
}

static void haproxy_lines(void)
{
	CHECK(parse("10.78.0.2:51012 [22/Nov/2026:12:27:19.976] www chat/a 0/0/0/0/3001 101 137 - "
		    "- cD-- 1/1/0/0/0 0/0 \"GET /chat?x=1 HTTP/1.1\""));
	CHECK_INT(parsed.form, LOG_HAPROXY);
	CHECK_INT(parsed.at_ms, AT);
	CHECK_INT(parsed.took_ms, 3001);
	CHECK_INT(parsed.status, 101);
	CHECK_INT(parsed.bytes, 137);
	CHECK_STR(texts[0], "chat");
	CHECK_STR(texts[1], "/chat");
	CHECK_STR(peer(), "10.78.0.2");
	CHECK(parsed.tunnel && parsed.timed_out && parsed.who == 'c' && parsed.when == 'D');
	/* By syslog; TLS; IPv6; captured headers; the server never answered. */
	CHECK(parse("Nov 22 12:27:20 web1 haproxy[812]: ::ffff:10.0.0.9:4000 "
		    "[22/Nov/2026:12:27:19.976] www~ shop/<NOSRV> 0/5000/-1/-1/5000 503 217 - - "
		    "sQ-- 9/9/8/0/0 0/7 {shop.example|curl \"x\"} \"GET /a HTTP/1.1\""));
	CHECK_STR(peer(), "10.0.0.9");
	CHECK(!parsed.tunnel && parsed.timed_out && parsed.when == 'Q');
	CHECK(parse("192.0.2.1:4000 [22/Nov/2026:12:27:19.976] www shop/a 0/0/1/-1/2000 -1 0 - - "
		    "CH-- 1/1/0/0/0 0/0 \"GET /slow HTTP/1.1\""));
	CHECK(!parsed.timed_out && parsed.who == 'C' && parsed.status == 0 &&
		parsed.took_ms == 2000);
	/* TCP */
	CHECK(parse("2001:db8::9:4000 [22/Nov/2026:12:27:19.976] pg pg/a 1/0/60003 212 sD "
		    "1/1/0/0/0 0/0"));
	CHECK_STR(peer(), "2001:db8::9");
	CHECK(parsed.tunnel && parsed.timed_out && parsed.took_ms == 60003);
	/* not lines of requests */
	CHECK(!parse("[NOTICE]   (812) : New worker (815) forked"));
	CHECK(!parse("Server chat/a is DOWN, reason: Layer4 timeout"));
	CHECK(!parse("10.0.0.1:99 [22/Nov/2026:12:27:19.976] www/1: SSL handshake failure"));
	CHECK(!parse("10.0.0.1:99 [99/Nov/2026:12:27:19.976] www chat/a 0/0/0/0/3001 101 137 - - "
		     "cD-- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\""));
	CHECK(!parse("["));
	CHECK(!parse(""));
}

static void access_lines(void)
{
	CHECK(parse("10.78.0.2 - - [22/Nov/2026:13:27:19 +0100] \"GET /report?q=1 HTTP/1.1\" 206 "
		    "512 1500000"));
	CHECK_INT(parsed.form, LOG_ACCESS);
	CHECK_INT(parsed.at_ms, AT / 1000 * 1000);
	CHECK_INT(parsed.status, 206);
	CHECK_INT(parsed.took_ms, 1500);
	CHECK_STR(texts[1], "/report");
	CHECK(parse("10.78.0.2 - bob [22/Nov/2026:12:27:19 +0000] \"GET /a\\\"b HTTP/1.1\" 499 0 "
		    "\"-\" \"Mozilla/5.0 (12) 400\""));
	CHECK_INT(parsed.status, 499);
	CHECK(!parsed.have_took);
	CHECK(parse("10.78.0.2 - - [22/Nov/2026:12:27:19 +0000] \"\\x16\\x03\" 400 226 \"-\" \"-\" "
		    "99"));
	CHECK_STR(texts[1], "");
	CHECK(parse("10.78.0.2 - - [22/Nov/2026:12:27:19 +0000] \"GET / HTTP/1.1\" 499 0 \"-\" "
		    "\"-\" 2.003"));
	CHECK_INT(parsed.took_ms, 2003);
	CHECK(!parse("10.78.0.2 - - [22/Nov/2026:12:27:19 +0000] \"GET / HTTP/1.1"));
	CHECK(!parse(
		"[Sun Nov 22 12:27:19.000000 2026] [core:error] [pid 12] AH00135: Invalid method"));
}

static void nginx_lines(void)
{
	CHECK(parse("2026/11/22 12:27:19 [error] 12#12: *5 upstream timed out (110: Connection "
		    "timed out) while proxying upgraded connection, client: 10.78.0.2, server: , "
		    "request: \"GET /ws?a,b HTTP/1.1\", upstream: \"http://127.0.0.1:9001/ws\", "
		    "host: \"shop\""));
	CHECK_INT(parsed.form, LOG_NGINX_ERROR);
	CHECK(parsed.tunnel && parsed.timed_out && parsed.at_end);
	CHECK_STR(peer(), "10.78.0.2");
	CHECK_STR(texts[1], "/ws");
	CHECK(parse("2026/11/22 12:27:19 [error] 12#12: *5 upstream timed out (110: Connection "
		    "timed out) while reading response header from upstream, client: 10.78.0.2, "
		    "server: , request: \"GET /slow HTTP/1.1\""));
	CHECK(!parsed.tunnel && parsed.timed_out);
	CHECK(parse("2026/11/22 12:27:19 [alert] 12#12: 64 worker_connections are not enough"));
	CHECK_INT(parsed.form, LOG_NGINX_FULL);
	CHECK(!parse("2026/11/22 12:27:19 [error] 12#12: *5 open() \"/x\" failed (2: No such file "
		     "or directory), client: 10.78.0.2"));
}

/* ---- what comes of them ---- */

static struct logs logs;
static struct book book;

static void take(
	const char *client, unsigned begin_s, unsigned took_ms, unsigned status, const char *ended)
{
	char line[256];
	uint64_t at = AT / 1000 + begin_s;
	(void)snprintf(line, sizeof line,
		"%s:4000 [22/Nov/2026:12:%02u:%02u.000] www chat/a 0/0/0/0/%u %u 137 - - %s-- "
		"1/1/0/0/0 0/0 \"GET /chat HTTP/1.1\"",
		client, (unsigned)(at / 60 % 60), (unsigned)(at % 60), took_ms, status, ended);
	logs_take(&logs, scan_over(line, strlen(line)), AT + 100000, true);
}

static bool tells(const char *line)
{
	return strstr(book.text, line) != NULL;
}

static void tunnels(void)
{
	logs = (struct logs){.nfiles = 0};
	book.n = 0;
	for (unsigned k = 0; k < 5; k++) { /* cut after 5 s and back after one, four times */
		take("10.0.0.2", 6 * k, 5000, 101, "cD");
		take("10.0.0.3", 6 * k + 2, 5000, 101, "cD");
	}
	take("10.0.0.4", 3, 5000, 101, "cD"); /* cut, and gone */
	take("10.0.0.5", 3, 800, 101, "--");
	take("10.0.0.6", 60, 40, 200, "--");
	take("10.0.0.6", 60, 2000, 504, "sH");
	take("10.0.0.6", 62, 3000, 200, "sD"); /* in the middle of an answer */
	take("10.0.0.6", 70, 1500, 0, "CH");
	logs_write(&logs, AT + 100000, &book);
	CHECK(tells("number log.tunnels.cut.client/chat 11\n"));
	CHECK(tells("number log.tunnels.ended/chat 1\n"));
	CHECK(tells("number log.tunnels.back/chat 8\n"));
	CHECK(tells("number log.tunnels.ms/chat 5000\n"));
	CHECK(tells("number log.timedout/chat 2\n"));
	CHECK(tells("number log.end.cD/chat 11\n"));
	CHECK(tells("number log.end.CH/chat 1\n"));
	CHECK(tells("number log.gaveup/chat 1\n"));
	CHECK(tells("number log.gaveup.ms/chat 1500\n"));
	CHECK(tells("slot 1000000 state=closing bytes=5 peer=10.0.0.2:0 who=chat text=/chat\n"));
	book.n = 0; /* ten minutes later nothing of it is left */
	logs_write(&logs, AT + 100000 + 700000, &book);
	CHECK(!tells("tunnels"));
}

/* nginx does not say when a connection began: who is cut again after the same silence came back. */
static void tunnels_of_nginx(void)
{
	static const struct {
		const char *client;
		unsigned minute, second;
	} cuts[] = {{"10.0.0.2", 27, 20}, {"10.0.0.2", 27, 51}, {"10.0.0.2", 28, 23},
		{"10.0.0.3", 27, 20}, {"10.0.0.3", 27, 30}};
	logs = (struct logs){.timers_ms = {30000, 60000}};
	book.n = 0;
	for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
		char line[256];
		(void)snprintf(line, sizeof line,
			"2026/11/22 12:%02u:%02u [error] 12#12: *5 upstream timed out (110: "
			"Connection timed out) while proxying upgraded connection, client: %s, "
			"server: , request: \"GET /ws HTTP/1.1\"",
			cuts[i].minute, cuts[i].second, cuts[i].client);
		logs_take(&logs, scan_over(line, strlen(line)), AT + 100000, true);
	}
	logs_write(&logs, AT + 100000, &book);
	CHECK(tells("number log.tunnels.cut.server/- 5\n"));
	CHECK(tells("number log.tunnels.back/- 2\n"));
}

/* At the level that is usual, nginx says only that a tunnel ended: again and again after 30 s of one client, and by chance of another. */
static void periods_of_nginx(void)
{
	static const unsigned seconds[2][5] = {{0, 31, 62, 92, 123}, {4, 30, 90, 111, 150}};
	logs = (struct logs){.timers_ms = {30000, 60000}};
	book.n = 0;
	for (unsigned i = 0; i < 5; i++)
		for (unsigned c = 0; c < 2; c++) {
			char line[160];
			(void)snprintf(line, sizeof line,
				"10.0.0.%u - - [22/Nov/2026:12:%02u:%02u +0000] \"GET /ws "
				"HTTP/1.1\" 101 0 \"-\" \"-\"",
				2 + c, 25 + seconds[c][i] / 60, seconds[c][i] % 60);
			logs_take(&logs, scan_over(line, strlen(line)), AT + 100000, true);
		}
	logs_write(&logs, AT + 100000, &book);
	CHECK(tells("number log.tunnels.cut.server/- 5\n"));
	CHECK(tells("number log.tunnels.ended/- 5\n"));
	CHECK(tells("number log.tunnels.back/- 4\n"));
}

/* Ranges of a file: somebody asks for hundreds, a download manager for a dozen. */
static void parts(void)
{
	logs = (struct logs){.nfiles = 0};
	book.n = 0;
	book.text[0] = '\0';
	for (unsigned i = 0; i < 300; i++) {
		char line[160];
		(void)snprintf(line, sizeof line,
			"10.0.0.%u - - [22/Nov/2026:12:28:%02u +0000] \"GET /big.iso HTTP/1.1\" "
			"206 512",
			i % 25 ? 9 : 2, i / 10);
		logs_take(&logs, scan_over(line, strlen(line)), AT + 100000, true);
	}
	logs_write(&logs, AT + 100000, &book);
	CHECK(tells("slot 1000090 state=logging bytes=288 ms=29000 peer=10.0.0.9:0 who=parts "
		    "text=/big.iso\n"));
	CHECK(!tells("10.0.0.2"));
	CHECK(tells("number log.now.ms 31976\nnumber log.now.answers 20\nnumber log.now.parts 20\n"
		    "number log.now.parts.bytes 10240\nnumber log.now.took.ms 0\n"));
	CHECK(tells("slot 1000091 state=logging bytes=20 ms=0 peer=10.0.0.9:0 who=parts.now "
		    "text=/big.iso\n"));
	/* Who is sent whole files as often is no such client: a proxy has many users. What took how long is told. */
	for (unsigned i = 0; i < 120; i++) {
		char line[160];
		(void)snprintf(line, sizeof line,
			"10.0.0.9 - - [22/Nov/2026:12:28:%02u +0000] \"GET / HTTP/1.1\" %u 512 "
			"20000",
			40 + i / 10, i < 10 ? 206 : 200);
		logs_take(&logs, scan_over(line, strlen(line)), AT + 100000, true);
	}
	book.n = 0;
	book.text[0] = '\0';
	logs_write(&logs, AT + 100000, &book);
	CHECK(tells("number log.now.answers 140\nnumber log.now.parts 30\n"));
	CHECK(tells("number log.now.took.ms 2400\nnumber log.now.parts.took.ms 200\n"));
	CHECK(!tells("parts.now"));
}

static void asked(unsigned took_ms, unsigned status, const char *url, bool old)
{
	char line[256];
	(void)snprintf(line, sizeof line,
		"10.0.0.2 - - [22/Nov/2026:12:27:19 +0000] \"GET %s HTTP/1.1\" %u 9 %u", url,
		status, took_ms * 1000);
	logs_take(&logs, scan_over(line, strlen(line)), AT + 1000, old);
}

/* Each bucket is up to its edge; what was there before we came, tunnels and our own asking are not counted. */
static void latency(void)
{
	logs = (struct logs){.own = "/server-status"};
	book.n = 0;
	book.text[0] = '\0';
	logs_write(&logs, AT + 1000, &book);
	CHECK(!tells("latency"));
	asked(0, 200, "/", false);
	asked(1, 304, "/", false);
	asked(2, 200, "/", false);
	asked(32, 200, "/", false);
	asked(33, 200, "/", false);
	asked(60000, 500, "/", false);
	asked(67109, 200, "/", false);
	asked(4294967, 200, "/", false);
	asked(5, 200, "/server-status", false);
	asked(5, 101, "/ws", false);
	asked(5, 200, "/", true);
	logs_write(&logs, AT + 1000, &book);
	CHECK(tells("latency 1ms=2 2ms=1 33ms=1 66ms=1 67s=1 inf=2\n"));
}

/* ---- files ---- */

static unsigned lines;
static char last[64];

static bool count(void *ctx, struct scan line)
{
	(void)ctx;
	lines++;
	(void)snprintf(last, sizeof last, "%.*s", (int)scan_len(line), line.p);
	return true;
}

static void put(int fd, const char *text)
{
	CHECK_INT(write(fd, text, strlen(text)), strlen(text));
}

static void files(void)
{
	char path[] = "/tmp/plimsoll-logs-XXXXXX", other[64];
	struct tail t;
	int fd = mkstemp(path);
	CHECK(fd >= 0);
	for (int i = 0; i < 20000; i++)
		(void)dprintf(fd, "%06d an old line of a log\n", i);
	CHECK_INT(tail_begin(&t, open(path, O_RDONLY | O_CLOEXEC)), 0);
	lines = 0;
	tail_read(&t, UINT64_MAX, count, NULL);
	CHECK(lines > 9000 && lines < 10000); /* of its end */
	CHECK_STR(last, "019999 an old line of a log");
	put(fd, "half a ");
	lines = 0;
	tail_read(&t, UINT64_MAX, count, NULL);
	CHECK_INT(lines, 0);
	put(fd, "line\n");
	tail_read(&t, UINT64_MAX, count, NULL);
	CHECK_INT(lines, 1);
	CHECK_STR(last, "half a line");
	for (int i = 0; i < 40000; i++)
		(void)dprintf(fd, "%06d more than is read at once\n", i);
	lines = 0;
	tail_read(&t, UINT64_MAX, count, NULL);
	CHECK_STR(last, "039999 more than is read at once");
	CHECK(lines < 9000 && t.passed > 0);
	CHECK_INT(ftruncate(fd, 0), 0);
	CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
	put(fd, "anew\n");
	tail_read(&t, UINT64_MAX, count, NULL);
	CHECK_STR(last, "anew");
	CHECK(!t.moved);
	(void)snprintf(other, sizeof other, "%s.1", path);
	(void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	CHECK_INT(rename(path, other), 0);
	tail_read(&t, UINT64_MAX, count, NULL);
	CHECK(t.moved);
	(void)unlink(other);
	tail_end(&t);
	(void)close(fd);
	int folder = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(tail_begin(&t, folder), -EINVAL);
	(void)close(folder);
}

static void urls(void)
{
	static struct log_urls u;
	char line[64];
	book.n = 0;
	book.text[0] = '\0';
	for (unsigned i = 0; i < 1000;
		i++) { /* two that are asked for all the time, among those that somebody makes up */
		log_urls_take(&u, scan_over("/index.html", 11), 1 + i % 3);
		log_urls_take(&u, scan_over("/report", 7), i % 20 == 0 ? 60000 : 400);
		(void)snprintf(line, sizeof line, "/made-up/%u", i);
		log_urls_take(&u, scan_over(line, strlen(line)), 5);
	}
	log_urls_take(&u, scan_over("", 0), 1);
	log_urls_take(&u, scan_over("/seldom", 7), UINT64_MAX);
	log_urls_write(&u, 100, &book);
	CHECK_STR(book.text, "slot 100 state=logging ms=4 bytes=1000 who=usual text=/index.html\n"
			     "slot 101 state=logging ms=512 bytes=1000 who=usual text=/report\n");
}

/* Requests of ten minutes each: what two clients took. */
static void ten_minutes(struct log_urls *u, unsigned slice, unsigned longest_ms, unsigned attack_ms)
{
	const struct scan url = scan_over("/catalogue.pdf", 14);
	struct address peers[3] = {{.family = AF_INET, .bytes = {10, 0, 0, 1}},
		{.family = AF_INET, .bytes = {10, 0, 0, 2}},
		{.family = AF_INET, .bytes = {10, 0, 0, 9}}};
	for (unsigned i = 0; i < 30; i++) {
		unsigned client = i % 2, took = i < 2 ? longest_ms : 20 + i;
		log_urls_take(u, url, took);
		log_urls_well(u, url, took, slice * UINT64_C(600000) + i * 1000, &peers[client]);
	}
	for (unsigned i = 0; attack_ms && i < 20; i++) {
		log_urls_take(u, url, attack_ms);
		log_urls_well(u, url, attack_ms, slice * UINT64_C(600000) + 60000 + i, &peers[2]);
	}
}

/* The longest that is legitimate is not learned of one client, nor of an hour in which many were slow. */
static void longest(void)
{
	static struct log_urls u;
	uint64_t answers;
	ten_minutes(&u, 100, 9000, 0);
	ten_minutes(&u, 101, 7000, 0);
	ten_minutes(&u, 102, 8000, 0);
	CHECK_INT(log_url_longest(&u.rows[0], &answers), 0); /* the third is not over */
	ten_minutes(&u, 103, 8000, 0);
	CHECK_INT(log_url_longest(&u.rows[0], &answers), 8000);
	CHECK_INT(answers, 90);
	for (unsigned i = 0; i < 12; i++) /* one client, for two hours */
		ten_minutes(&u, 104 + i, 8000, 900000);
	CHECK_INT(log_url_longest(&u.rows[0], &answers), 8000);
	for (unsigned i = 0; i < 6; i++) /* all of them, for one */
		ten_minutes(&u, 116 + i, 900000, 0);
	CHECK_INT(log_url_longest(&u.rows[0], &answers), 8000);
	ten_minutes(&u, 90, 900000, 0); /* a line that comes late counts nowhere */
	CHECK_INT(log_url_longest(&u.rows[0], &answers), 8000);
	book.n = 0;
	book.text[0] = '\0';
	log_urls_write(&u, 100, &book);
	CHECK(tells("slot 112 state=logging ms=8000 bytes=700 who=longest text=/catalogue.pdf\n"));

	/* A proxy in front: all come from one address. */
	static struct log_urls one;
	struct address proxy = {.family = AF_INET, .bytes = {10, 0, 0, 1}};
	for (unsigned i = 0; i < 400; i++) {
		unsigned took = i % 10 < 2 ? 3000 : 100;
		log_urls_take(&one, scan_over("/a", 2), i == 55 ? 800000 : took);
		log_urls_well(&one, scan_over("/a", 2), i == 55 ? 800000 : took,
			i * UINT64_C(60000), &proxy);
	}
	CHECK_INT(log_url_longest(&one.rows[0], &answers), 3000);
}

/* What is answered while somebody waits for a worker is not learned, nor what began then; errors are no answers. */
static void not_of_trouble(void)
{
	logs = (struct logs){.nfiles = 0};
	for (unsigned minute = 0; minute < 120; minute++) {
		const bool trouble = minute >= 10 && minute < 100;
		uint64_t now = AT + minute * UINT64_C(60000);
		char line[160];
		time_t at = (time_t)(now / 1000 - (trouble ? 30 : 1));
		struct tm tm;
		CHECK(gmtime_r(&at, &tm) != NULL);
		if (trouble)
			logs_full(&logs, now);
		for (unsigned i = 0; i < 4; i++) {
			(void)snprintf(line, sizeof line,
				"10.0.0.%u - - [22/Nov/2026:%02d:%02d:%02d +0000] \"GET /a "
				"HTTP/1.1\" %u 9 "
				"%u",
				1 + i % 2, tm.tm_hour, tm.tm_min, tm.tm_sec, i < 2 ? 200u : 408u,
				trouble || i > 1 ? 30000000u : 900000u);
			logs_take(&logs, scan_over(line, strlen(line)), now, false);
		}
	}
	uint64_t answers;
	CHECK_INT(log_url_longest(&logs.urls.rows[0], &answers), 900);
}

/* A line a fifth of a second; every `bad`th is answered with `status` (0: none), all for `url`. */
static uint64_t visits(uint64_t from_ms, unsigned n, const char *url, unsigned status, unsigned bad)
{
	char line[160], at[40];
	for (unsigned i = 0; i < n; i++) {
		uint64_t now = from_ms + i * 200;
		time_t t = (time_t)(now / 1000);
		(void)strftime(at, sizeof at, "%d/%b/%Y:%H:%M:%S +0000", gmtime(&t));
		(void)snprintf(line, sizeof line, "10.0.0.9 - - [%s] \"GET %s HTTP/1.1\" %u 512",
			at, url, bad && i % bad == 0 ? status : 200);
		logs_take(&logs, scan_over(line, strlen(line)), now, false);
	}
	return from_ms + n * 200;
}

static bool says(uint64_t now_ms, const char *line)
{
	book.n = 0;
	book.text[0] = '\0';
	logs_failures_write(&logs, now_ms, &book);
	return strstr(book.text, line) != NULL;
}

static void failures(void)
{
	memset(&logs, 0, sizeof logs);
	uint64_t now = visits(AT / LOG_URL_SLICE_MS * LOG_URL_SLICE_MS, 600, "/cart", 500, 0);
	CHECK(!says(now, "log."));
	now = visits(now, 50, "/cart", 500, 2);
	CHECK(says(now, "number log.failed/- 25\nnumber log.failed.of/- 50\n"));
	CHECK(says(now, "number log.failed.before/- 0\n"));
	CHECK(!says(now, "number log.failed.before.of/- 0\n"));
	CHECK(!says(now, ".usual"));
	CHECK(says(now, "slot 1000040 state=logging bytes=25 who=failed/- text=500%20/cart\n"));
	CHECK(!says(now + 60000, "log."));
	/* Not ours to tell: given up, late, and what never was there. */
	visits(now + 60000, 40, "/cart", 499, 1);
	visits(now + 60000, 40, "/cart", 504, 1);
	CHECK(!says(visits(now + 60000, 40, "/wp-login.php", 404, 1), "log."));
	/* What was there is. */
	now = visits(now + 120000, 30, "/cart", 404, 1);
	CHECK(says(now, "number log.lost/- 30\nnumber log.lost.of/- 30\n"));
	/* Others still get it: somebody guesses numbers. */
	now = visits(now + 120000, 60, "/cart", 404, 2);
	CHECK(!says(now, "log.lost"));
}

/* One in ten fails all day; then all do. */
static void failures_as_usual(void)
{
	memset(&logs, 0, sizeof logs);
	uint64_t now = AT / LOG_URL_SLICE_MS * LOG_URL_SLICE_MS;
	for (int slice = 0; slice < 5; slice++, now += LOG_URL_SLICE_MS)
		(void)visits(now, 100, "/cart", 500, 10);
	now = visits(now, 50, "/cart", 503, 1);
	CHECK(says(now, "number log.failed.usual/- 1000\n"));
}

static void repeats(void)
{
	static struct log_repeats r;
	char line[96];
	book.n = 0;
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(line, sizeof line, "12:%02d x[77]: cannot write (%d)", i % 60, i);
		log_repeats_take(&r, scan_over(line, strlen(line)));
		(void)snprintf(line, sizeof line, "GET /%c%c%c", 'a' + i % 26, 'a' + i / 26 % 26,
			'a' + i / 676);
		if (i % 10 == 0)
			log_repeats_take(&r, scan_over(line, strlen(line)));
	}
	log_repeats_write(&r, 77, &book);
	CHECK_STR(book.text,
		"number log.lines 3300\nnumber log.same 3000\nnumber log.exact 1\nslot 1 pid=77 "
		"state=logging bytes=3000 "
		"text=12:59%20x[77]:%20cannot%20write%20(2999)\n");
}

static void repeats_exactly(void)
{
	static struct log_repeats r;
	char line[96];
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(line, sizeof line, "12:%02d x[77]: cannot write (%s)", i % 60,
			i < 10 ? "28" : "5");
		log_repeats_take(&r, scan_over(line, strlen(line)));
	}
	CHECK_INT(r.most, 1000);
	CHECK_INT(r.exact, 999);
}

/* The time before a line does not make it another one; an address before it does. */
static void repeats_but_for_the_time(void)
{
	static struct log_repeats python, go, proxy;
	char line[96];
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(line, sizeof line,
			"[2026-11-22 12:41:%02d,%03d] ERROR no spool (28)", i / 100, i);
		log_repeats_take(&python, scan_over(line, strlen(line)));
		(void)snprintf(line, sizeof line, "2026/11/22 12:41:%02d accept: EMFILE", i / 100);
		log_repeats_take(&go, scan_over(line, strlen(line)));
		(void)snprintf(
			line, sizeof line, "10.0.0.9:%d [22/Nov/2026:12:41:19] db db/a", 40000 + i);
		log_repeats_take(&proxy, scan_over(line, strlen(line)));
	}
	CHECK_INT(python.exact, 1000);
	CHECK_INT(go.exact, 1000);
	CHECK_INT(proxy.exact, 1);
}

int main(void)
{
	(void)setenv("TZ", "UTC", 1);
	tzset();
	haproxy_lines();
	access_lines();
	nginx_lines();
	tunnels();
	tunnels_of_nginx();
	periods_of_nginx();
	parts();
	latency();
	files();
	failures();
	failures_as_usual();
	repeats();
	repeats_exactly();
	repeats_but_for_the_time();
	urls();
	longest();
	not_of_trouble();
	return test_result("logs");
}
