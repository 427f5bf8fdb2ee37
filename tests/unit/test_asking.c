/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* What Apache and nginx answer, of several versions, and what their configuration says of limits and of where to ask. */
#include "books/apache.h"
#include "books/line.h"
#include "books/nginx.h"
#include "test.h"

#include <sys/socket.h>
#include <unistd.h>

/* ---- Apache's configuration ---- */

static struct apache_conf conf;
static const char *included;

static void include(struct apache_conf *c, const char *pattern)
{
	CHECK_STR(pattern, "/etc/apache2/more.conf");
	apache_conf_text(c, included, strlen(included));
}

static bool variable(struct apache_conf *c, const char *name, char *buf, size_t size)
{
	(void)c;
	return strcmp(name, "FROM_ENV") == 0 && snprintf(buf, size, "8088") > 0;
}

static void read_conf(const char *text)
{
	conf = (struct apache_conf){.include = include, .variable = variable};
	apache_conf_begin(&conf);
	server_copy(conf.server_root, sizeof conf.server_root, "/etc/apache2");
	apache_conf_text(&conf, text, strlen(text));
}

static void limits(void)
{
	read_conf("");
	CHECK_INT(apache_limit(&conf, "prefork"), 256);
	CHECK_INT(apache_limit(&conf, "worker"), 400);
	CHECK_INT(apache_limit(&conf, "event"), 400);
	CHECK_INT(apache_limit(&conf, ""), 0); /* nobody knows */
	CHECK_INT(conf.timeout_s, 60);
	CHECK_INT(conf.keepalive_timeout_s, 5);
	read_conf("MaxRequestWorkers 500\n");
	CHECK_INT(apache_limit(&conf, "prefork"), 256); /* ServerLimit is left as it is */
	CHECK_INT(apache_limit(&conf, "event"), 400);
	read_conf("ServerLimit 600\nMaxClients 500\nTimeout 7\nKeepAlive off\n");
	CHECK_INT(apache_limit(&conf, "prefork"), 500);
	CHECK_INT(conf.timeout_s, 7);
	CHECK(!conf.keepalive);
	read_conf("ThreadsPerChild 30\nMaxRequestWorkers 100\n");
	CHECK_INT(apache_limit(&conf, "event"), 90); /* whole processes */
	read_conf("ThreadsPerChild 100\nServerLimit 2\n");
	CHECK_INT(apache_limit(&conf, "worker"), 128); /* ThreadLimit is 64 */
	/* Of several blocks the one of the module that is there. */
	read_conf("LoadModule mpm_event_module m.so\n"
		  "<IfModule mpm_prefork_module>\nMaxRequestWorkers 7\n</IfModule>\n"
		  "<IfModule mpm_event_module>\n<IfModule !prefork.c>\nMaxRequestWorkers 50\n"
		  "</IfModule>\n</IfModule>\n<IfModule worker.c>\nMaxRequestWorkers "
		  "9\n</IfModule>\n");
	CHECK_STR(conf.mpm, "event");
	CHECK_INT(apache_limit(&conf, conf.mpm), 50);
	included = "maxrequestworkers \\\n  40 # continued\n";
	read_conf("Include more.conf\n");
	CHECK_INT(apache_limit(&conf, "prefork"), 40);
}

static void places(void)
{
	read_conf("Listen 80\nSetHandler server-status\n");
	CHECK(!conf.status.there);
	read_conf("Listen 443 https\nListen [::1]:${FROM_ENV}\n<Location \"/server-status\">\n"
		  "SetHandler server-status\n</Location>\n");
	CHECK(conf.status.there && !conf.status.port);
	CHECK_STR(conf.status.page, "/server-status");
	CHECK_INT(conf.nlistens, 2);
	CHECK(conf.listens[0].tls && !conf.listens[1].tls);
	CHECK_STR(conf.listens[1].address, "::1");
	CHECK_INT(conf.listens[1].port, 8088);
	/* Of virtual hosts the first that is not TLS; the main server's page beats it. */
	static const char hosts[] =
		"<VirtualHost *:443>\nSSLEngine on\n<Location /a>\nSetHandler server-status\n"
		"</Location>\n</VirtualHost>\n<VirtualHost 10.0.0.1:81>\nServerName shop\n"
		"<Location /b>\nSetHandler server-status\n</Location>\n</VirtualHost>\n";
	read_conf(hosts);
	CHECK_STR(conf.status.page, "/b");
	CHECK_STR(conf.status.host, "shop");
	CHECK_STR(conf.status.address, "10.0.0.1");
	CHECK_INT(conf.status.port, 81);
	/* A regular expression is no place. */
	read_conf("<Location ~ \"/x\">\nSetHandler server-status\n</Location>\n"
		  "<LocationMatch /y>\nSetHandler server-status\n</LocationMatch>\n");
	CHECK(!conf.status.there);
	read_conf("<IfDefine STATUS>\n<Location /z>\nSetHandler server-status\n</Location>\n"
		  "</IfDefine>\n");
	CHECK(!conf.status.there);
	read_conf("Define STATUS\n<IfDefine STATUS>\n<Location /z>\nSetHandler server-status\n"
		  "</Location>\n</IfDefine>\n");
	CHECK_STR(conf.status.page, "/z");
}

/* ---- Apache's page ---- */

#define OF(text) text, sizeof(text) - 1

static void counts(void)
{
	struct apache_counts c;
	static const char text[] =
		"localhost\nServerMPM: event\nTotal Accesses: 12\n"
		"Total kBytes: 3\nBusyWorkers: 5\nIdleWorkers: 4\nConnsTotal: 9\n"
		"ConnsAsyncWriting: 2\nScoreboard: WWRKG____SDLC.I...\n";
	CHECK_INT(apache_auto(OF(text), &c), 0);
	CHECK_STR(c.mpm, "event");
	CHECK_INT(c.busy, 5);
	CHECK_INT(c.idle, 4);
	CHECK_INT(c.served, 12);
	CHECK_INT(c.conns, 9);
	CHECK_INT(c.by_state[SLOT_WORKING], 2);
	CHECK_INT(c.by_state[SLOT_FINISHING], 2);
	CHECK_INT(c.by_state[SLOT_IDLE], 4);
	/* Without ExtendedStatus nothing was counted, which is not zero. */
	CHECK_INT(apache_auto(OF("BusyWorkers: 1\nIdleWorkers: 2\nScoreboard: W__\n"), &c), 0);
	CHECK(!c.have_served && !c.have_conns);
	CHECK(apache_auto(OF("BusyWorkers: 1\n"), &c) < 0);
	CHECK(apache_auto(OF("<html>no</html>"), &c) < 0);
}

static const struct apache_slot *only_slot(const char *text, size_t n)
{
	static struct apache_slots s;
	CHECK_INT(apache_page(text, n, "plimsoll=1", &s), 0);
	CHECK(s.extended);
	CHECK_INT(s.n, 1);
	return &s.rows[0];
}

/* Rows as "Acc", "Req" and the request have them. */
static size_t places_page(char *text, size_t size, const char *const rows[][3], size_t n)
{
	size_t at = (size_t)snprintf(text, size,
		"Scoreboard Key<table><tr><th>Srv</th><th>Acc</th><th>M</th><th>Req</th>"
		"<th>Request</th></tr>\n");
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, size - at,
			"<tr><td>0-0</td><td>%s</td><td>_</td><td>%s</td><td>%s</td></tr>\n",
			rows[i][0], rows[i][1], rows[i][2]);
	return at + (size_t)snprintf(text + at, size - at, "</table>");
}

/* Two pages one after the other: what each slot served between the two, as long as its last one took; not what we asked ourselves. */
static void latency(void)
{
	static struct apache_slots first, second;
	static char text[4096];
	static const char *const before[][3] = {{"0/1/10", "4", "GET / HTTP/1.1"},
		{"0/5/7", "900", "GET /a HTTP/1.1"},
		{"1/2/3", "1", "GET /server-status?plimsoll=1 HTTP/1.1"}},
				 *const after[][3] = {{"0/4/13", "30", "GET / HTTP/1.1"},
					 {"0/5/7", "900", "GET /a HTTP/1.1"},
					 {"1/4/5", "1", "GET /server-status?plimsoll=1 HTTP/1.1"},
					 {"0/9/9", "5", "GET /new HTTP/1.1"}};
	uint64_t n[BOOK_EDGES] = {0};
	CHECK_INT(
		apache_page(text, places_page(text, sizeof text, before, 3), "plimsoll=1", &first),
		0);
	CHECK_INT(first.nplaces, 3);
	CHECK_INT(
		apache_page(text, places_page(text, sizeof text, after, 4), "plimsoll=1", &second),
		0);
	apache_latency(first.places, first.nplaces, &second, 2, n); /* more than were served */
	for (unsigned k = 0; k < BOOK_EDGES; k++)
		CHECK_INT(n[k], 0);
	apache_latency(first.places, first.nplaces, &second, 5, n);
	for (unsigned k = 0; k < BOOK_EDGES; k++)
		CHECK_INT(n[k], k == 5 ? 3 : 0); /* 33ms */
}

static void pages(void)
{
	/* 2.4: with Dur and Protocol; ours, idle ones and those that are not there are left out. */
	static const char table[] =
		"<p>Scoreboard Key:</p><table border=\"0\"><tr><th>Srv</th><th>PID</th><th>Acc</th>"
		"<th>M</th><th>CPU\n</th><th>SS</th><th>Req</th><th>Dur</th><th>Conn</th>"
		"<th>Child</th><th>Slot</th><th>Client</th><th>Protocol</th><th>VHost</th>"
		"<th>Request</th></tr>\n"
		"<tr><td><b>0-0</b></td><td>11</td><td>0/1/1</td><td>_\n</td><td>0.00</td><td>9"
		"</td><td>0</td><td>0</td><td>0.0</td><td>0.00</td><td>0.00\n</td><td>10.0.0.1</td>"
		"<td>http/1.1</td><td nowrap>a</td><td nowrap>GET / HTTP/1.1</td></tr>\n"
		"<tr><td><b>1-0</b></td><td>12</td><td>0/1/1</td><td><b>W</b>\n</td><td>0.00</td>"
		"<td>75</td><td>0</td><td>0</td><td>0.0</td><td>0.00</td><td>0.00\n</td>"
		"<td>2001:db8::7</td><td>http/1.1</td><td nowrap>shop:80</td>"
		"<td nowrap>GET /q?a=&lt;b&gt;&amp;c HTTP/1.1</td></tr>\n"
		"<tr><td><b>2-0</b></td><td>13</td><td>0/1/1</td><td><b>W</b>\n</td><td>0.00</td>"
		"<td>0</td><td>0</td><td>0</td><td>0.0</td><td>0.00</td><td>0.00\n</td>"
		"<td>127.0.0.1</td><td>http/1.1</td><td nowrap>shop:80</td>"
		"<td nowrap>GET /server-status?plimsoll=1 HTTP/1.1</td></tr>\n"
		"<tr><td><b>3-0</b></td><td>-</td><td>0/0/5</td><td>.\n</td><td>0.00</td><td>5</td>"
		"</tr></table><hr /><table><tr><th>Srv</th><td>Child Server "
		"number</td></tr></table>";
	const struct apache_slot *s = only_slot(OF(table));
	CHECK_INT(s->pid, 12);
	CHECK_INT(s->id, 1);
	CHECK_INT(s->state, SLOT_WORKING);
	CHECK_INT(s->seconds, 75);
	CHECK_STR(s->client, "2001:db8::7");
	CHECK_STR(s->vhost, "shop:80");
	CHECK_STR(s->request, "GET /q?a=<b>&c HTTP/1.1");
	/* 2.2: no Dur, no Protocol; of who reads nothing is told. */
	static const char old[] =
		"<p>Scoreboard Key:<br /></p><table border=\"0\"><tr><th>Srv</th><th>PID</th>"
		"<th>Acc</th><th>M</th><th>CPU\n</th><th>SS</th><th>Req</th><th>Conn</th>"
		"<th>Child</th><th>Slot</th><th>Client</th><th>VHost</th><th>Request</th></tr>\n"
		"<tr><td><b>4-2</b></td><td>99</td><td>0/3/3</td><td><b>R</b>\n</td><td>0.01</td>"
		"<td>31</td><td>2</td><td>0.0</td><td>0.01</td><td>0.01\n</td><td>?</td>"
		"<td nowrap>?</td><td nowrap>..reading.. </td></tr>\n</table>";
	s = only_slot(OF(old));
	CHECK_INT(s->pid, 99);
	CHECK_INT(s->state, SLOT_READING);
	CHECK_INT(s->seconds, 31);
	CHECK_STR(s->client, "");
	CHECK_STR(s->request, "..reading..");
	/* Without tables, 2.4. */
	static const char sentences[] =
		"<p>Scoreboard Key:</p><hr /><h2>Server Details</h2>\n\n"
		"<b>Server 0-0</b> (-): 0|0|1 [Dead] u0 s0 cu0 cs0\n 7 0 0(0 B|0 B|1 B)\n"
		" <i>a {b}</i> <i>(http/1.1)</i> <b>[c]</b><br />\n\n"
		"<b>Server 1-3</b> (77): 1|2|3 [<b>Keepalive</b>] u0 s0 cu0 cs0\n"
		" 4 5 6(0 B|0 B|1 B)\n"
		" <i>10.1.1.1 {GET /x HTTP/1.1}</i> <i>(http/1.1)</i> <b>[shop:80]</b><br />\n\n";
	s = only_slot(OF(sentences));
	CHECK_INT(s->pid, 77);
	CHECK_INT(s->state, SLOT_KEEPALIVE);
	CHECK_INT(s->seconds, 4);
	CHECK_STR(s->client, "10.1.1.1");
	CHECK_STR(s->request, "GET /x HTTP/1.1");
	CHECK_STR(s->vhost, "shop:80");
}

/* Of more slots than are kept the oldest ones stay. */
static void many(void)
{
	static char text[200000];
	static struct apache_slots s;
	size_t n = (size_t)snprintf(text, sizeof text,
		"<p>Scoreboard "
		"Key</p><table><tr><th>Srv</th><th>PID</th><th>M</th><th>SS</th></tr>");
	for (unsigned i = 0; i < 1000; i++)
		n += (size_t)snprintf(text + n, sizeof text - n,
			"<tr><td>%u</td><td>%u</td><td><b>C</b></td><td>%u</td></tr>", i, i + 1,
			(i * 7) % 1000);
	CHECK_INT(apache_page(text, n, "", &s), 0);
	CHECK_INT(s.n, APACHE_SLOTS);
	CHECK_INT(s.seen, 1000);
	for (size_t i = 0; i < s.n; i++)
		CHECK(s.rows[i].seconds >= 1000 - APACHE_SLOTS);
}

/* ---- nginx ---- */

static struct nginx_conf ngx;

static void read_nginx(const char *text)
{
	ngx = (struct nginx_conf){.include = NULL};
	nginx_conf_begin(&ngx);
	nginx_conf_text(&ngx, text, strlen(text));
}

static void nginx(void)
{
	read_nginx("");
	CHECK_INT(nginx_limit(&ngx, 8), 512);
	read_nginx("worker_processes auto; events { worker_connections 100; }");
	CHECK_INT(nginx_limit(&ngx, 8), 800);
	read_nginx(
		"worker_processes  4 ; # worker_processes 9;\nevents{}http{keepalive_timeout 1m;}");
	CHECK_INT(nginx_limit(&ngx, 8), 2048);
	CHECK_INT(ngx.keepalive_s, 60);
	read_nginx("http { server { listen 443 ssl; location = /s { stub_status; } }\n"
		   "server { listen [::1]:81 reuseport; server_name \"shop\" other;\n"
		   "location / { location ^~ /t { stub_status on; } } } }");
	CHECK(ngx.there);
	CHECK_STR(ngx.page, "/t");
	CHECK_STR(ngx.host, "shop");
	CHECK_STR(ngx.listen.address, "::1");
	CHECK_INT(ngx.listen.port, 81);
	read_nginx("http { server { location ~ ^/s { stub_status; } } }");
	CHECK(!ngx.there);
	read_nginx("http { server { listen unix:/run/n.sock; stub_status; } }");
	CHECK(ngx.there);
	CHECK_STR(ngx.listen.unix_path, "/run/n.sock");
	struct nginx_stub s;
	CHECK_INT(nginx_stub(OF("Active connections: 291 \nserver accepts handled requests\n "
				"16630948 16630940 31070465 \nReading: 6 Writing: 179 Waiting: 106 "
				"\n"),
			  &s),
		0);
	CHECK_INT(s.active, 291);
	CHECK_INT(s.accepts - s.handled, 8);
	CHECK_INT(s.waiting, 106);
	CHECK(nginx_stub(OF("Active connections: 291 \n"), &s) < 0);
	CHECK(nginx_stub(OF("<html>"), &s) < 0);
}

static void addresses(void)
{
	char text[64];
	struct http_place p = {.dir_fd = -1};
	struct address a = {.family = AF_INET6};
	http_address(&p, &a, 80);
	CHECK_STR(p.at, "127.0.0.1:80");
	CHECK_INT(p.address.family, AF_INET); /* what "allow 127.0.0.1" lets in */
	a.bytes[15] = 1;
	http_address(&p, &a, 8080);
	CHECK_STR(p.at, "[::1]:8080");
	CHECK_INT(p.address.family, AF_INET6);
	CHECK_INT(p.port, 8080);
	CHECK(server_join(text, sizeof text, "/etc", "x/*.conf"));
	CHECK_STR(text, "/etc/x/*.conf");
	CHECK(server_join(text, sizeof text, "/etc", "/x"));
	CHECK_STR(text, "/x");
}

/* A server that answers after its time: the line stays, owes the answer, and has it the next time. */
static void late(void)
{
	int pair[2];
	struct line l = LINE_NONE;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0) {
		CHECK(false);
		return;
	}
	l.fd = pair[0];
	line_begin(&l);
	l.until_ns = l.began_ns + 20000000;
	CHECK(line_send(&l, "INFO\r\n", 6));
	CHECK(!line_receive(&l, NULL, NULL));
	CHECK_INT(l.status, BOOK_HUNG);
	CHECK(l.fd >= 0 && l.owed);
	line_end(&l);
	CHECK(l.fd >= 0);
	line_begin(&l);
	CHECK(!line_spare(&l, true)); /* full or not: it is there to be taken */
	l.until_ns = l.began_ns + 20000000;
	CHECK(!line_receive(&l, NULL, NULL));
	CHECK_INT(l.status, BOOK_FULL);
	CHECK_INT(write(pair[1], "+late\r\n", 7), 7);
	CHECK_INT(shutdown(pair[1], SHUT_WR), 0);
	line_begin(&l);
	CHECK(line_receive(&l, NULL, NULL));
	CHECK_STR(l.bytes, "+late\r\n");
	CHECK(!l.owed);
	CHECK(line_spare(&l, true));
	CHECK_INT(l.status, BOOK_FULL);
	line_end(&l);
	CHECK_INT(l.fd, -1);
	(void)close(pair[1]);
}

/* One that was given up in the middle of an answer is begun anew later, and later each time; the book says of when it is. */
static void held(void)
{
	static const unsigned wait_s[] = {4, 8, 16, 32, 60, 60};
	static struct book book;
	struct address nobody = {.family = AF_INET, .bytes = {127, 0, 0, 1}};
	struct book_target t = {.kind = "memcached"};
	int pair[2];
	struct line l = LINE_NONE;
	for (size_t i = 0; i < COUNTOF(wait_s); i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0)
			return;
		line_close(&l);
		l.fd = pair[0];
		l.hold_until_ns = 0; /* the time has passed */
		line_begin(&l);
		l.until_ns = l.began_ns + 5000000;
		CHECK_INT(write(pair[1], "+", 1), 1);
		CHECK(!line_receive(&l, NULL, NULL));
		CHECK_INT(l.status, BOOK_SLOW);
		CHECK_INT(l.fd, -1);
		CHECK_INT((l.hold_until_ns - l.began_ns) / 1000000000, wait_s[i]);
		(void)close(pair[1]);
	}
	line_begin(&l);
	CHECK(!line_tcp(&l, &nobody, 1));
	CHECK_INT(l.status, BOOK_SLOW);
	line_book(&l, &book, &t, "memcached", "", NULL);
	CHECK(t.held_ns == l.held_ns && t.held_ns < l.began_ns);
	l.hold_until_ns = 0;
	line_begin(&l);
	CHECK(!line_tcp(&l, &nobody, 1));
	CHECK_INT(l.status, BOOK_DOWN);
	line_book(&l, &book, &t, "memcached", "", NULL);
	CHECK_INT(t.held_ns, 0);
}

int main(void)
{
	late();
	held();
	limits();
	places();
	counts();
	pages();
	latency();
	many();
	nginx();
	addresses();
	return test_result("asking");
}
