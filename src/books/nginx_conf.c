/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* nginx_conf: as much of nginx's configuration as it takes to know how many connections there may be, and where stub_status is; and that page itself.
 *
 * Directives are words ended by ';' or by '{' for those that hold others. A page counts when its location has a plain path, and its server listens on
 * something that is not TLS; the first one of the configuration is taken. Defaults: one worker process, 512 connections each. */
#include "books/nginx.h"

#include "base/attr.h"
#include "base/num.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { WORDS = 16, WORD = 256, FILES_MAX = 512, NESTING_MAX = 10, COMMAND_LINE = 32 * 1024 };
enum section { SECTION_OTHER, SECTION_SERVER, SECTION_LOCATION };

struct words {
	size_t n;
	char at[WORDS][WORD];
};

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static uint64_t number(const char *text, uint64_t otherwise)
{
	struct scan s = scan_over(text, strlen(text));
	uint64_t v;
	return scan_u64(&s, &v) && v <= 100000000 ? v : otherwise;
}

/* "75", "75s", "1m", "1h"; "1m30s" and the like are told by their first part. */
static uint64_t seconds(const char *text, uint64_t otherwise)
{
	struct scan s = scan_over(text, strlen(text));
	uint64_t v;
	if (!scan_u64(&s, &v) || v > 100000000)
		return otherwise;
	if (scan_starts(s, "ms"))
		return v / 1000;
	if (scan_starts(s, "m"))
		return v * 60;
	return scan_starts(s, "h") ? v * 3600 : v;
}

/* ---- directives ---- */

static void take_listen(struct nginx_conf *c, const struct words *w)
{
	enum { HTTP = 80 };
	if (c->server.n == NGINX_LISTENS || w->n < 2)
		return;
	struct nginx_listen *l = &c->server.listens[c->server.n++];
	const char *text = w->at[1];
	*l = (struct nginx_listen){.port = HTTP};
	for (size_t i = 2; i < w->n; i++)
		l->tls = l->tls || is(w->at[i], "ssl") || is(w->at[i], "quic");
	if (strncmp(text, "unix:", 5) == 0) {
		l->port = 0;
		server_copy(l->unix_path, sizeof l->unix_path, text + 5);
		return;
	}
	const char *close = strchr(text, ']'), *colon = strrchr(text, ':');
	if (colon && close && colon < close)
		colon = NULL;
	if (!colon && text[strspn(text, "0123456789")] == '\0') {
		l->port = (uint16_t)number(text, HTTP);
		return;
	}
	if (colon)
		l->port = (uint16_t)number(colon + 1, HTTP);
	size_t n = colon ? (size_t)(colon - text) : strlen(text);
	if (*text == '[' && close) {
		text++;
		n = (size_t)(close - text);
	}
	if (n < sizeof l->address && !(n == 1 && *text == '*')) {
		memcpy(l->address, text, n);
		l->address[n] = '\0';
	}
}

/* The path of the innermost location around, "/" of a server without one; NULL where no path can be told. */
static const char *page_here(const struct nginx_conf *c)
{
	for (size_t i = c->depth; i-- > 0;)
		if (c->sections[i].kind == SECTION_LOCATION)
			return *c->sections[i].page ? c->sections[i].page : NULL;
	return "/";
}

static bool in_server(const struct nginx_conf *c)
{
	for (size_t i = 0; i < c->depth; i++)
		if (c->sections[i].kind == SECTION_SERVER)
			return true;
	return false;
}

static void take_include(struct nginx_conf *c, const char *pattern)
{
	char path[SERVER_PATH];
	if (!c->include || c->nesting >= NESTING_MAX ||
		!server_join(path, sizeof path, c->folder, pattern))
		return;
	c->nesting++;
	c->include(c, path);
	c->nesting--;
}

static void take_in_server(struct nginx_conf *c, const struct words *w)
{
	const char *page;
	if (is(w->at[0], "listen"))
		take_listen(c, w);
	else if (is(w->at[0], "server_name") && w->n > 1 && !strpbrk(w->at[1], "*~$_"))
		server_copy(c->server.host, sizeof c->server.host, w->at[1]);
	else if (is(w->at[0], "stub_status") && !c->server.there && (page = page_here(c)) != NULL) {
		c->server.there = true;
		server_copy(c->server.page, sizeof c->server.page, page);
	}
}

static uint64_t milliseconds(const char *text)
{
	struct scan s = scan_over(text, strlen(text));
	uint64_t v;
	bool ms = scan_u64(&s, &v) && scan_starts(s, "ms") && v <= 100000000;
	return ms ? v : seconds(text, 0) * 1000;
}

static void add_timeout(struct nginx_conf *c, uint64_t ms)
{
	for (size_t i = 0; ms && i < NGINX_TIMEOUTS && c->proxy_ms[i] != ms; i++)
		if (!c->proxy_ms[i]) {
			c->proxy_ms[i] = ms;
			return;
		}
}

/* What is said of servers behind it, wherever it stands. True when it was such a line. */
static bool take_proxy(struct nginx_conf *c, const struct words *w)
{
	const char *value = w->n > 1 ? w->at[1] : "";
	if (is(w->at[0], "proxy_pass"))
		c->proxies = true;
	else if (is(w->at[0], "proxy_set_header"))
		c->upgrades =
			c->upgrades || (w->n > 2 && strcasecmp(value, "upgrade") == 0 && *w->at[2]);
	else if (is(w->at[0], "proxy_read_timeout") || is(w->at[0], "proxy_send_timeout"))
		add_timeout(c, milliseconds(value));
	else
		return false;
	return true;
}

static void take(struct nginx_conf *c, const struct words *w)
{
	const char *name = w->at[0], *value = w->n > 1 ? w->at[1] : "";
	if (take_proxy(c, w))
		return;
	if (is(name, "include")) {
		take_include(c, value);
	} else if (is(name, "worker_processes")) {
		c->processes_auto = is(value, "auto");
		c->processes = number(value, c->processes);
	} else if (is(name, "worker_connections")) {
		c->connections = number(value, c->connections);
	} else if (in_server(c)) {
		take_in_server(c, w);
	} else if (is(name, "keepalive_timeout")) {
		c->keepalive_s = seconds(value, c->keepalive_s);
	} else if (is(name, "send_timeout")) {
		c->send_timeout_s = seconds(value, c->send_timeout_s);
	}
}

/* ---- sections ---- */

static void enter(struct nginx_conf *c, const struct words *w)
{
	const char *name = w->n ? w->at[0] : "";
	if (c->depth == NGINX_DEPTH || c->skipped) {
		c->skipped++;
		return;
	}
	uint8_t kind = SECTION_OTHER;
	char *page = c->sections[c->depth].page;
	*page = '\0';
	if (is(name, "server") && w->n == 1) {
		kind = SECTION_SERVER;
		memset(&c->server, 0, sizeof c->server);
	} else if (is(name, "location")) {
		kind = SECTION_LOCATION;
		const char *path = w->at[w->n > 1 ? w->n - 1 : 0];
		bool plain = w->n == 2 || (w->n == 3 && (is(w->at[1], "=") || is(w->at[1], "^~")));
		if (plain && *path == '/')
			server_copy(page, sizeof c->sections[0].page, path);
	}
	c->sections[c->depth++].kind = kind;
}

static void leave(struct nginx_conf *c)
{
	if (c->skipped) {
		c->skipped--;
		return;
	}
	if (!c->depth || c->sections[--c->depth].kind != SECTION_SERVER || !c->server.there ||
		c->there)
		return;
	const struct nginx_listen *best = NULL;
	for (size_t i = 0; i < c->server.n && !best; i++)
		if (!c->server.listens[i].tls)
			best = &c->server.listens[i];
	if (!best && c->server.n)
		return;
	c->there = true;
	c->listen = best ? *best : (struct nginx_listen){.port = 80};
	server_copy(c->page, sizeof c->page, c->server.page);
	server_copy(c->host, sizeof c->host, c->server.host);
}

/* ---- text ---- */

void nginx_conf_begin(struct nginx_conf *c)
{
	c->keepalive_s = 75;
	c->send_timeout_s = 60;
}

/* A word from s on, which does not begin with a blank or a mark; too long ones are cut. */
static const char *next_word(const char *s, const char *end, char *dst)
{
	size_t n = 0;
	char quote = '\0';
	if (*s == '"' || *s == '\'')
		quote = *s;
	s += quote != 0;
	for (; s < end; s++) {
		if (quote ? *s == quote : isspace((unsigned char)*s) || strchr(";{}", *s))
			break;
		if (*s == '\\' && s + 1 < end)
			s++;
		if (n + 1 < WORD)
			dst[n++] = *s;
	}
	dst[n] = '\0';
	return quote && s < end ? s + 1 : s;
}

void nginx_conf_text(struct nginx_conf *c, const char *text, size_t n)
{
	struct words w = {.n = 0};
	const char *s = text, *end = text + n;
	char over[WORD];
	if (c->files++ >= FILES_MAX)
		return;
	while (s < end) {
		if (isspace((unsigned char)*s) || *s == '\0') {
			s++;
		} else if (*s == '#') {
			const char *line = memchr(s, '\n', (size_t)(end - s));
			s = line ? line : end;
		} else if (*s == ';' || *s == '{' || *s == '}') {
			if (*s == '{')
				enter(c, &w);
			else if (w.n && !c->skipped)
				take(c, &w);
			if (*s == '}')
				leave(c);
			w.n = 0;
			s++;
		} else {
			const char *from = s;
			s = next_word(s, end, w.n < WORDS ? w.at[w.n] : over);
			w.n += w.n < WORDS;
			s += s == from; /* a quote alone at the end */
		}
	}
}

uint64_t nginx_processes(const struct nginx_conf *c, uint64_t cpus)
{
	return c->processes_auto ? cpus : c->processes ? c->processes : 1;
}

uint64_t nginx_limit(const struct nginx_conf *c, uint64_t cpus)
{
	return nginx_processes(c, cpus) * (c->connections ? c->connections : 512);
}

/* ---- the server's own ---- */

static int include_file(void *ctx, const char *path)
{
	struct nginx_conf *c = ctx;
	AUTO_FREE char *text = malloc(SERVER_FILE);
	ssize_t n = text ? server_file(c->target, path, text, SERVER_FILE) : -ENOMEM;
	if (n == -EFBIG)
		n = SERVER_FILE - 1;
	if (n > 0)
		nginx_conf_text(c, text, (size_t)n);
	return c->files >= FILES_MAX;
}

static void include(struct nginx_conf *c, const char *pattern)
{
	(void)server_glob(c->target, pattern, false, include_file, c);
}

struct command {
	char file[SERVER_PATH], prefix[SERVER_PATH];
	char directives[1024]; /* of -g */
};

/* The master writes its command line anew, as one string: "nginx: master process nginx -c FILE -g daemon off;". */
static void split_title(char *text, size_t n)
{
	static const char title[] = "nginx: master process ";
	if (strncmp(text, title, sizeof title - 1) != 0)
		return;
	char *g = strstr(text, " -g ");
	char *to = g ? g + 4 : text + strnlen(text, n);
	for (char *p = text + sizeof title - 1; p < to; p++)
		if (*p == ' ')
			*p = '\0';
	memset(text, ' ', sizeof title - 1);
}

static void read_command(struct nginx_conf *c, struct command *cmd)
{
	AUTO_FREE char *text = malloc(COMMAND_LINE);
	ssize_t n = text ? server_arguments(c->target, text, COMMAND_LINE) : -ENOMEM;
	if (n <= 0)
		return;
	split_title(text, (size_t)n);
	const char *p = text + strlen(text) + 1, *end = text + n;
	while (p < end) {
		const char *option = p;
		p += strlen(p) + 1;
		if (option[0] != '-' || !option[1] || !strchr("cpge", option[1]))
			continue;
		const char *value = option + 2;
		if (!*value && p < end) {
			value = p;
			p += strlen(p) + 1;
		}
		if (option[1] == 'c')
			server_copy(cmd->file, sizeof cmd->file, value);
		else if (option[1] == 'p')
			server_copy(cmd->prefix, sizeof cmd->prefix, value);
		else if (option[1] == 'g')
			server_copy(cmd->directives, sizeof cmd->directives, value);
	}
}

static int read_from(struct nginx_conf *c, const char *path)
{
	unsigned before = c->files;
	server_copy(c->folder, sizeof c->folder, path);
	char *slash = strrchr(c->folder, '/');
	if (slash)
		*slash = '\0';
	(void)server_glob(c->target, path, false, include_file, c);
	return c->files > before ? 0 : -ENOENT;
}

static int read_named(struct nginx_conf *c, const struct command *cmd)
{
	static const char *const prefixes[] = {
		"/etc/nginx", "/usr/share/nginx", "/usr/local/nginx"};
	char path[SERVER_PATH], folder[SERVER_PATH];
	if (*cmd->prefix && server_join(path, sizeof path, cmd->prefix, cmd->file) &&
		read_from(c, path) == 0)
		return 0;
	for (size_t i = 0; i < COUNTOF(prefixes); i++)
		if (server_join(path, sizeof path, prefixes[i], cmd->file) &&
			read_from(c, path) == 0)
			return 0;
	server_folder(c->target, folder, sizeof folder);
	return server_join(path, sizeof path, folder, cmd->file) ? read_from(c, path) : -ENOENT;
}

int nginx_conf_read(struct nginx_conf *c, const struct book_target *t)
{
	static const char *const usual[] = {"/etc/nginx/nginx.conf",
		"/usr/local/nginx/conf/nginx.conf", "/usr/local/etc/nginx/nginx.conf",
		"/usr/local/openresty/nginx/conf/nginx.conf", "/opt/bitnami/nginx/conf/nginx.conf"};
	struct command cmd = {.file = ""};
	char path[SERVER_PATH];
	*c = (struct nginx_conf){.include = include, .target = t};
	nginx_conf_begin(c);
	read_command(c, &cmd);
	int r = -ENOENT;
	if (*cmd.file)
		r = read_named(c, &cmd);
	else if (*cmd.prefix && server_join(path, sizeof path, cmd.prefix, "conf/nginx.conf"))
		r = read_from(c, path);
	for (size_t i = 0; r < 0 && !*cmd.file && i < COUNTOF(usual); i++)
		r = read_from(c, usual[i]);
	if (r == 0)
		nginx_conf_text(c, cmd.directives, strlen(cmd.directives));
	return r;
}

/* ---- the page ---- */

/* "Active connections: 3 \nserver accepts handled requests\n 5 5 7 \nReading: 0 Writing: 1 Waiting: 2 \n" */
int nginx_stub(const char *text, size_t n, struct nginx_stub *ret)
{
	struct scan s = scan_over(text, n), line, word;
	const struct {
		const char *key;
		uint64_t *to;
	} rows[] = {{"Reading:", &ret->reading}, {"Writing:", &ret->writing},
		{"Waiting:", &ret->waiting}};
	if (!scan_line(&s, &line) || !scan_word(&line, &word) || !scan_is(word, "Active") ||
		!scan_word(&line, &word) || !scan_is(word, "connections:") ||
		!scan_u64(&line, &ret->active))
		return -EBADMSG;
	/* A module may add columns behind. */
	if (!scan_line(&s, &line) || !scan_starts(line, "server accepts handled requests") ||
		!scan_line(&s, &line) || !scan_u64(&line, &ret->accepts) ||
		!scan_u64(&line, &ret->handled) || !scan_u64(&line, &ret->requests) ||
		!scan_line(&s, &line))
		return -EBADMSG;
	for (size_t i = 0; i < COUNTOF(rows); i++)
		if (!scan_word(&line, &word) || !scan_is(word, rows[i].key) ||
			!scan_u64(&line, rows[i].to))
			return -EBADMSG;
	return 0;
}
