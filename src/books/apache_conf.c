/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* apache_conf: as much of httpd's configuration as it takes to know how many workers there may be, and where the status page is.
 *
 * Files are read as httpd does, in order, with Include, Define, ${NAME}, continued lines, and the sections that depend on modules, defines and files. What is
 * inside sections that only exist for some requests counts where it is the place of the page. Limits are those of the compiled-in defaults where
 * nothing is set (server/mpm/.../mpm_default.h): prefork 256 processes; worker and event 16 processes of 25 threads. */
#include "books/apache.h"

#include "base/attr.h"
#include "base/num.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LINE = 8192, WORDS = 16, FILES_MAX = 512, NESTING_MAX = 10, COMMAND_LINE = 32 * 1024 };
enum section { SECTION_PLAIN, SECTION_LOCATION, SECTION_VHOST };

/* ---- small things ---- */

static bool has_module(const struct apache_conf *c, const char *name)
{
	char word[96];
	size_t n = strcspn(name, ".");
	/* "mpm_event.c", "mod_alias.c" name a file; "alias_module" the module in it. */
	if (name[n] && strncmp(name, "mod_", 4) == 0)
		(void)snprintf(word, sizeof word, " %.*s_module ", (int)(n - 4), name + 4);
	else if (name[n] && strcmp(name, "event.c") != 0 && strcmp(name, "prefork.c") != 0 &&
		 strcmp(name, "worker.c") != 0)
		(void)snprintf(word, sizeof word, " %.*s_module ", (int)n, name);
	else if (name[n])
		(void)snprintf(word, sizeof word, " mpm_%.*s_module ", (int)n, name);
	else
		(void)snprintf(word, sizeof word, " %s ", name);
	if (strstr(c->modules, word))
		return true;
	/* Compiled in, as a rule. */
	static const char *const always[] = {"core.c", "http_core.c", "mod_so.c", "core_module",
		"http_module", "so_module", "mod_unixd.c", "unixd_module", "mod_log_config.c",
		"log_config_module", "mod_version.c", "version_module", "mod_watchdog.c"};
	for (size_t i = 0; i < COUNTOF(always); i++)
		if (strcmp(name, always[i]) == 0)
			return true;
	return false;
}

static const char *defined(const struct apache_conf *c, const char *name)
{
	for (size_t i = c->nnames; i-- > 0;)
		if (strcmp(c->names[i].name, name) == 0)
			return c->names[i].value;
	return NULL;
}

static void define(struct apache_conf *c, const char *name, const char *value)
{
	if (c->nnames == APACHE_NAMES)
		return;
	struct apache_name *n = &c->names[c->nnames++];
	(void)snprintf(n->name, sizeof n->name, "%s", name);
	(void)snprintf(n->value, sizeof n->value, "%s", value);
}

/* ${NAME} in a line; what nobody knows stays as it is. */
static void expand(struct apache_conf *c, const char *line, char *dst, size_t size)
{
	size_t n = 0;
	while (*line && n + 1 < size) {
		const char *end = line[0] == '$' && line[1] == '{' ? strchr(line, '}') : NULL;
		char name[64], value[SERVER_PATH];
		if (end && (size_t)(end - line - 2) < sizeof name) {
			(void)snprintf(name, sizeof name, "%.*s", (int)(end - line - 2), line + 2);
			const char *known = defined(c, name);
			if (known)
				(void)snprintf(value, sizeof value, "%s", known);
			if (known || (c->variable && c->variable(c, name, value, sizeof value))) {
				size_t len = strlen(value);
				len = len < size - 1 - n ? len : size - 1 - n;
				memcpy(dst + n, value, len);
				n += len;
				line = end + 1;
				continue;
			}
		}
		dst[n++] = *line++;
	}
	dst[n] = '\0';
}

/* Cuts a line into words, in place; a quoted word may have blanks. */
static size_t words_of(char *line, char *words[WORDS])
{
	size_t n = 0;
	while (n < WORDS) {
		line += strspn(line, " \t\r");
		if (!*line)
			break;
		char quote = '\0';
		if (*line == '"' || *line == '\'')
			quote = *line++;
		words[n++] = line;
		const char until[] = {quote, '\0'};
		line += strcspn(line, quote ? until : " \t\r");
		if (!*line)
			break;
		*line++ = '\0';
	}
	return n;
}

static uint64_t number(const char *text, uint64_t otherwise)
{
	struct scan s = scan_over(text, strlen(text));
	uint64_t v;
	return scan_u64(&s, &v) && v <= 10000000 ? v : otherwise;
}

/* "80", "10.0.0.1:80", "[::1]:80", "*:80", "*" */
static void place(const char *text, char *address, size_t size, uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	const char *close = strchr(text, ']');
	*address = '\0';
	if (colon && close && colon < close)
		colon = NULL;
	const char *digits = colon ? colon + 1 : text;
	bool only_port = !colon && text[strspn(text, "0123456789")] == '\0';
	*port = colon || only_port ? (uint16_t)number(digits, 0) : 0;
	if (only_port)
		return;
	size_t n = colon ? (size_t)(colon - text) : strlen(text);
	if (*text == '[' && close) {
		text++;
		n = (size_t)(close - text);
	}
	if (n && n < size && !(n == 1 && *text == '*') && strncmp(text, "_default_", n) != 0)
		(void)snprintf(address, size, "%.*s", (int)n, text);
}

/* ---- sections ---- */

static bool holds(struct apache_conf *c, const char *name, const char *argument, bool *known)
{
	bool not = *argument == '!', r = true;
	argument += not ;
	*known = true;
	if (strcasecmp(name, "IfModule") == 0)
		r = has_module(c, argument);
	else if (strcasecmp(name, "IfDefine") == 0)
		r = defined(c, argument) != NULL;
	else
		*known = false;
	return r != not ;
}

static void enter(struct apache_conf *c, char *line)
{
	char *words[WORDS];
	char *end = strrchr(line, '>');
	if (end)
		*end = '\0';
	size_t n = words_of(line + 1, words);
	const char *name = n ? words[0] : "", *argument = n > 1 ? words[1] : "";
	bool known;
	if (c->skipped || c->depth == APACHE_DEPTH || !holds(c, name, argument, &known)) {
		c->skipped++;
		return;
	}
	uint8_t kind = SECTION_PLAIN;
	if (strcasecmp(name, "Location") == 0 && *argument == '/' && n == 2)
		kind = SECTION_LOCATION;
	if (strcasecmp(name, "VirtualHost") == 0) {
		kind = SECTION_VHOST;
		c->vhost_name[0] = '\0';
		c->vhost_tls = false;
		c->vhost_status = (struct apache_status){0};
	}
	c->sections[c->depth].kind = kind;
	(void)snprintf(
		c->sections[c->depth].argument, sizeof c->sections[0].argument, "%s", argument);
	c->depth++;
}

static bool inside(const struct apache_conf *c, enum section kind, const char **argument)
{
	for (size_t i = c->depth; i-- > 0;)
		if (c->sections[i].kind == kind) {
			*argument = c->sections[i].argument;
			return true;
		}
	return false;
}

static void leave(struct apache_conf *c)
{
	if (c->skipped) {
		c->skipped--;
		return;
	}
	if (!c->depth)
		return;
	c->depth--;
	struct apache_status *s = &c->vhost_status;
	if (c->sections[c->depth].kind != SECTION_VHOST || !s->there)
		return;
	place(c->sections[c->depth].argument, s->address, sizeof s->address, &s->port);
	(void)snprintf(s->host, sizeof s->host, "%s", c->vhost_name);
	if (!c->status.there && !c->vhost_tls)
		c->status = *s;
}

/* ---- directives ---- */

static void take_handler(struct apache_conf *c, const char *handler)
{
	const char *page, *vhost;
	if (strcasecmp(handler, "server-status") != 0 || !inside(c, SECTION_LOCATION, &page))
		return;
	bool in_vhost = inside(c, SECTION_VHOST, &vhost);
	struct apache_status *s = in_vhost ? &c->vhost_status : &c->status;
	/* The page of the main server is that of all virtual hosts, and beats one of a virtual host. */
	if (s->there && !*s->address && !s->port && !*s->host)
		return;
	*s = (struct apache_status){.there = true};
	(void)snprintf(s->page, sizeof s->page, "%s", page);
}

static void take_listen(struct apache_conf *c, const char *where, const char *protocol)
{
	enum { HTTPS = 443 };
	if (c->nlistens == APACHE_LISTENS)
		return;
	struct apache_listen *l = &c->listens[c->nlistens];
	place(where, l->address, sizeof l->address, &l->port);
	l->tls = l->port == HTTPS || strcasecmp(protocol, "https") == 0;
	c->nlistens += l->port != 0;
}

static void take_module(struct apache_conf *c, const char *name)
{
	size_t n = strlen(c->modules);
	if (n + strlen(name) + 2 < sizeof c->modules)
		(void)snprintf(c->modules + n, sizeof c->modules - n, "%s ", name);
	static const char *const mpms[] = {"prefork", "worker", "event"};
	for (size_t i = 0; i < COUNTOF(mpms); i++) {
		char module[32];
		(void)snprintf(module, sizeof module, "mpm_%s_module", mpms[i]);
		if (strcmp(name, module) == 0)
			(void)snprintf(c->mpm, sizeof c->mpm, "%s", mpms[i]);
	}
}

static void take_number(struct apache_conf *c, const char *name, const char *value)
{
	const struct {
		const char *name;
		uint64_t *to;
	} rows[] = {
		{"MaxRequestWorkers", &c->max_workers},
		{"MaxClients", &c->max_workers},
		{"ServerLimit", &c->server_limit},
		{"ThreadsPerChild", &c->threads_per_child},
		{"ThreadLimit", &c->thread_limit},
		{"Timeout", &c->timeout_s},
		{"KeepAliveTimeout", &c->keepalive_timeout_s},
	};
	for (size_t i = 0; i < COUNTOF(rows); i++)
		if (strcasecmp(name, rows[i].name) == 0)
			*rows[i].to = number(value, *rows[i].to);
}

static void take(struct apache_conf *c, char **words, size_t n)
{
	const char *name = words[0], *first = n > 1 ? words[1] : "",
		   *second = n > 2 ? words[2] : "";
	const char *vhost;
	if (strcasecmp(name, "Include") == 0 || strcasecmp(name, "IncludeOptional") == 0) {
		char path[SERVER_PATH];
		if (c->include && *first && c->nesting < NESTING_MAX &&
			server_join(path, sizeof path, c->server_root, first)) {
			c->nesting++;
			c->include(c, path);
			c->nesting--;
		}
	} else if (strcasecmp(name, "ServerRoot") == 0) {
		(void)snprintf(c->server_root, sizeof c->server_root, "%s", first);
	} else if (strcasecmp(name, "Define") == 0) {
		define(c, first, second);
	} else if (strcasecmp(name, "LoadModule") == 0) {
		take_module(c, first);
	} else if (strcasecmp(name, "Listen") == 0) {
		take_listen(c, first, second);
	} else if (strcasecmp(name, "SetHandler") == 0) {
		take_handler(c, first);
	} else if (strcasecmp(name, "KeepAlive") == 0) {
		c->keepalive = strcasecmp(first, "off") != 0;
	} else if (strcasecmp(name, "ServerName") == 0) {
		if (inside(c, SECTION_VHOST, &vhost))
			(void)snprintf(c->vhost_name, sizeof c->vhost_name, "%s", first);
	} else if (strcasecmp(name, "SSLEngine") == 0) {
		c->vhost_tls = c->vhost_tls || strcasecmp(first, "on") == 0;
	} else if (!inside(c, SECTION_VHOST, &vhost)) {
		take_number(c, name, first);
	}
}

static void take_line(struct apache_conf *c, const char *raw)
{
	char line[LINE];
	char *words[WORDS];
	expand(c, raw + strspn(raw, " \t\r"), line, sizeof line);
	if (line[0] == '#' || line[0] == '\0')
		return;
	if (line[0] == '<' && line[1] == '/') {
		leave(c);
	} else if (line[0] == '<') {
		enter(c, line);
	} else if (!c->skipped) {
		size_t n = words_of(line, words);
		if (n)
			take(c, words, n);
	}
}

void apache_conf_begin(struct apache_conf *c)
{
	(void)snprintf(c->modules, sizeof c->modules, " ");
	c->timeout_s = 60;
	c->keepalive_timeout_s = 5;
	c->keepalive = true;
}

void apache_conf_text(struct apache_conf *c, const char *text, size_t n)
{
	char line[LINE];
	size_t len = 0;
	if (c->files++ >= FILES_MAX)
		return;
	for (size_t i = 0; i <= n; i++) {
		char ch = '\n';
		if (i < n && text[i])
			ch = text[i];
		if (ch == '\n' && i < n && len && line[len - 1] == '\\') {
			len--; /* it goes on */
			continue;
		}
		if (ch != '\n') {
			if (len + 1 < sizeof line)
				line[len++] = ch;
			continue;
		}
		line[len] = '\0';
		take_line(c, line);
		len = 0;
	}
}

uint64_t apache_limit(const struct apache_conf *c, const char *mpm)
{
	bool prefork = strcmp(mpm, "prefork") == 0;
	if (!prefork && strcmp(mpm, "worker") != 0 && strcmp(mpm, "event") != 0)
		return c->max_workers;
	if (prefork) {
		uint64_t limit = c->server_limit ? c->server_limit : 256;
		return c->max_workers && c->max_workers < limit ? c->max_workers : limit;
	}
	uint64_t thread_limit = c->thread_limit ? c->thread_limit : 64;
	uint64_t threads = c->threads_per_child ? c->threads_per_child : 25;
	threads = threads < thread_limit ? threads : thread_limit;
	uint64_t servers = c->server_limit ? c->server_limit : 16;
	uint64_t most = servers * threads;
	uint64_t wanted = c->max_workers ? c->max_workers : most;
	wanted -= wanted % threads;
	return wanted < most ? wanted : most;
}

/* ---- the server's own ---- */

static int include_file(void *ctx, const char *path)
{
	struct apache_conf *c = ctx;
	AUTO_FREE char *text = malloc(SERVER_FILE);
	ssize_t n = text ? server_file(c->target, path, text, SERVER_FILE) : -ENOMEM;
	if (n == -EFBIG)
		n = SERVER_FILE - 1;
	if (n > 0)
		apache_conf_text(c, text, (size_t)n);
	return c->files >= FILES_MAX;
}

static void include(struct apache_conf *c, const char *pattern)
{
	(void)server_glob(c->target, pattern, true, include_file, c);
}

/* Debian starts httpd with variables from a file of shell assignments; `variable` knows the environment that came of it. */
static bool variable(struct apache_conf *c, const char *name, char *buf, size_t size)
{
	char text[8192], key[80];
	if (server_environment(c->target, name, buf, size))
		return true;
	if (server_file(c->target, "/etc/apache2/envvars", text, sizeof text) <= 0)
		return false;
	(void)snprintf(key, sizeof key, "export %s=", name);
	const char *at = strstr(text, key);
	if (!at)
		return false;
	at += strlen(key);
	size_t n = strcspn(at, "\n \t#");
	/* A suffix of instances, empty where there is one. */
	const char *suffix = memmem(at, n, "$SUFFIX", 7);
	n = suffix ? (size_t)(suffix - at) : n;
	return n < size && (size_t)snprintf(buf, size, "%.*s", (int)n, at) < size;
}

struct command {
	char root[SERVER_PATH], file[SERVER_PATH];
};

/* -d ROOT, -f FILE, -D NAME, each also without the blank; -c and -C, whose argument is a directive, and -k, -e, -E. */
static void read_command(struct apache_conf *c, struct command *cmd)
{
	AUTO_FREE char *text = malloc(COMMAND_LINE);
	ssize_t n = text ? server_arguments(c->target, text, COMMAND_LINE) : -ENOMEM;
	const char *p = text, *end = n > 0 ? text + n : text;
	if (n > 0)
		p += strlen(p) + 1;
	while (p && p < end) {
		const char *option = p;
		p += strlen(p) + 1;
		if (option[0] != '-' || !option[1] || !strchr("dfDcCkeE", option[1]))
			continue;
		const char *value = option + 2;
		if (!*value && p < end) {
			value = p;
			p += strlen(p) + 1;
		}
		if (option[1] == 'd')
			(void)snprintf(cmd->root, sizeof cmd->root, "%s", value);
		else if (option[1] == 'f')
			(void)snprintf(cmd->file, sizeof cmd->file, "%s", value);
		else if (option[1] == 'D')
			define(c, value, "");
	}
}

/* Where distributions and the project itself have it. */
static const struct {
	const char *root, *file;
} usual[] = {
	{"/etc/apache2", "apache2.conf"},
	{"/etc/httpd", "conf/httpd.conf"},
	{"/usr/local/apache2", "conf/httpd.conf"},
	{"/etc/apache2", "httpd.conf"},
	{"/usr/local/etc/apache24", "httpd.conf"},
	{"/opt/bitnami/apache", "conf/httpd.conf"},
};

static int read_from(struct apache_conf *c, const char *root, const char *file)
{
	char path[SERVER_PATH];
	unsigned before = c->files;
	(void)snprintf(c->server_root, sizeof c->server_root, "%s", root);
	if (server_join(path, sizeof path, root, file))
		(void)server_glob(c->target, path, false, include_file, c);
	return c->files > before ? 0 : -ENOENT;
}

int apache_conf_read(struct apache_conf *c, const struct book_target *t)
{
	struct command cmd = {"", ""};
	*c = (struct apache_conf){.include = include, .variable = variable, .target = t};
	apache_conf_begin(c);
	read_command(c, &cmd);
	for (size_t i = 0; i < COUNTOF(usual); i++)
		if (read_from(c, *cmd.root ? cmd.root : usual[i].root,
			    *cmd.file ? cmd.file : usual[i].file) == 0)
			return 0;
	return -ENOENT;
}
