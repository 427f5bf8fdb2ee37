/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* Redis and Valkey: INFO, CLIENT LIST, SLOWLOG, on one connection that stays open. Asking takes no worker, but a moment of the one thread that there is:
 * a list of very many clients is not asked for.
 *
 * A password stands in its configuration; the process's name has lost the command line, so the usual folders are looked through for the file that has
 * this port. */
#include "books/redis.h"

#include "base/clock.h"
#include "books/conf.h"
#include "books/line.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MANY_CLIENTS = 2000 };

struct state {
	struct line line;
	int dir_fd; /* of the unix socket, or -1 */
	char name[64], path[108];
	uint16_t port;
	char password[128];
	enum { LOGIN, ALL, CLIENTS } asked; /* what the line owes an answer to, if it does */
};

static bool has_port(const struct redis_config *c, const struct book_target *t)
{
	return t->port ? c->port == t->port || c->tls_port == t->port
		       : t->path[0] && strcmp(c->path, t->path) == 0;
}

static bool look_in(const struct book_target *t, const char *dir, struct redis_config *ret)
{
	AUTO_FD int fd = conf_open(t, dir, O_RDONLY | O_DIRECTORY);
	conf_note(dir, fd);
	DIR *d = fd < 0 ? NULL : fdopendir(dup(fd));
	bool found = false;
	const struct dirent *e;
	for (int files = 0; d && !found && files < 64 && (e = readdir(d)); files++) {
		char path[512];
		size_t len, n = strlen(e->d_name);
		if (n < 6 || strcmp(e->d_name + n - 5, ".conf") != 0)
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		AUTO_FREE char *text = conf_read(t, path, &len);
		if (!text)
			continue;
		redis_read_config(scan_over(text, len), ret);
		found = has_port(ret, t);
	}
	if (d)
		(void)closedir(d);
	return found;
}

int book_open_redis(struct book_target *t)
{
	static const char *const dirs[] = {
		"/etc/redis", "/etc/valkey", "/etc", "/usr/local/etc/redis", "/usr/local/etc"};
	struct redis_config c = {0};
	struct state *s = t->state ? t->state : calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	if (t->state) {
		line_close(&s->line);
		if (s->dir_fd >= 0)
			(void)close(s->dir_fd);
	}
	*s = (struct state){.line = LINE_NONE, .dir_fd = -1, .port = t->port};
	t->state = s;
	bool found = false;
	for (size_t i = 0; !found && i < COUNTOF(dirs); i++)
		found = look_in(t, dirs[i], &c);
	if (!found)
		c = (struct redis_config){.port = t->port};
	(void)snprintf(s->password, sizeof s->password, "%s", c.password);
	bool tls = found && t->port && c.tls_port == t->port && c.port != t->port;
	if (tls)
		s->port = c.port;
	(void)snprintf(s->path, sizeof s->path, "%s", t->path[0] ? t->path : c.path);
	if (!s->port && s->path[0]) {
		s->dir_fd = conf_socket(t, s->path, s->name);
		if (s->dir_fd < 0)
			return s->dir_fd;
	}
	return s->port || s->dir_fd >= 0 ? 0 : -ENOENT;
}

/* ---- asking ---- */

static bool enough(const char *bytes, size_t n, void *ctx)
{
	struct scan s = scan_over(bytes, n);
	struct redis_reply r;
	for (int i = *(const int *)ctx; i > 0; i--) {
		int got = redis_reply(&s, &r);
		if (got < 0 || (got > 0 && r.type == '-' &&
				       scan_starts(r.text, "ERR max number of clients")))
			return true;
		if (got == 0)
			return false;
	}
	return true;
}

static enum book_status refusal(struct scan text)
{
	if (scan_starts(text, "ERR max number of clients"))
		return BOOK_FULL;
	return BOOK_DENIED;
}

static bool send_words(struct line *l, const char *command)
{
	return line_send(l, command, strlen(command));
}

/* Sends, unless its answer is owed, and receives so many replies. */
static bool talk(struct state *s, unsigned what, const char *command, int replies)
{
	struct line *l = &s->line;
	if (!l->owed) {
		s->asked = what;
		if (!send_words(l, command))
			return false;
	}
	return line_receive(l, enough, &replies);
}

static bool log_in(struct state *s)
{
	struct redis_reply r = {0};
	char command[300];
	(void)snprintf(command, sizeof command, "*2\r\n$4\r\nAUTH\r\n$%zu\r\n%s\r\n",
		strlen(s->password), s->password);
	if (!talk(s, LOGIN, command, 1))
		return false;
	struct scan bytes = scan_over(s->line.bytes, s->line.n);
	/* "called without any password configured": it has been taken back since. What is wrong else, the next command tells. */
	return redis_reply(&bytes, &r) > 0 || line_fail(&s->line, BOOK_GARBAGE);
}

static bool connected(struct book_target *t, struct state *s)
{
	return (s->dir_fd >= 0 ? line_unix(&s->line, s->dir_fd, s->name)
			       : line_tcp(&s->line, &t->address, s->port)) &&
	       (!s->password[0] || log_in(s));
}

/* Of what is owed, that which is not the answer itself. */
static bool settle(struct state *s)
{
	if (s->line.owed && s->asked == LOGIN)
		return log_in(s);
	return !s->line.owed || s->asked != CLIENTS || talk(s, CLIENTS, "", 1);
}

/* First INFO and what it does not tell of itself; then the clients, if they are not too many. Who runs a command of a second answers after it: such an
 * answer is taken at the next asking, as it is what tells of that command. */
static bool ask_all(struct state *state, struct book *found)
{
	static const char first[] = "CONFIG GET maxclients\r\nSLOWLOG GET 16\r\nINFO\r\n";
	struct line *l = &state->line;
	struct redis_reply r[3] = {0}, pair[2] = {0};
	struct scan s;
	const int want = 3;
	uint64_t clients = 0, maxclients = 0;
	if (!settle(state) || !talk(state, ALL, first, want))
		return false;
	s = scan_over(l->bytes, l->n);
	for (int i = 0; i < want; i++) {
		if (redis_reply(&s, &r[i]) <= 0)
			return line_fail(l, BOOK_GARBAGE);
		if (r[i].type == '-' && scan_starts(r[i].text, "BUSY")) {
			l->status =
				BOOK_HUNG; /* runs a script, serves nobody, and says so at once */
			return false;
		}
		if (r[i].type == '-' && (i == 2 || scan_starts(r[i].text, "ERR max number")))
			return line_fail(l, refusal(r[i].text));
	}
	if (r[0].type == '*' && redis_reply(&r[0].text, &pair[0]) > 0 &&
		redis_reply(&r[0].text, &pair[1]) > 0)
		(void)line_number(pair[1].text, &maxclients);
	if (r[2].type != '$' || !redis_parse_info(r[2].text, maxclients, found, &clients))
		return line_fail(l, BOOK_GARBAGE);
	redis_parse_slow(r[1], clock_real_ns() / 1000000000, found);
	if (!talk(state, CLIENTS,
		    clients > MANY_CLIENTS ? "CLIENT LIST TYPE replica\r\n" : "CLIENT LIST\r\n",
		    1)) {
		/* The next long command has begun: what is known stands. */
		if (l->status == BOOK_HUNG)
			l->status = BOOK_OK;
		return l->status == BOOK_OK;
	}
	s = scan_over(l->bytes, l->n);
	if (redis_reply(&s, &r[0]) <= 0)
		return line_fail(l, BOOK_GARBAGE);
	if (r[0].type == '$') /* else it may not be asked; all the rest stands */
		redis_parse_clients(r[0].text, found);
	return true;
}

void book_ask_redis(struct book_target *t, bool full, struct book *ret)
{
	static struct book found;
	struct state *s = t->state;
	struct line none = LINE_NONE, *l = s ? &s->line : &none;
	char source[160] = "";
	(void)full; /* it takes no worker */
	found = (struct book){0};
	line_begin(l);
	if (!s || (s->dir_fd < 0 && !s->port)) {
		l->status = BOOK_CLOSED;
	} else {
		line_source(source, sizeof source, &t->address, s->port,
			s->dir_fd >= 0 ? s->path : NULL);
		/* One that was open may have been closed since, by a timeout of the server or its end. */
		bool again = l->fd >= 0;
		if (again && !ask_all(s, &found) && l->status == BOOK_DOWN) {
			l->status = BOOK_OK;
			again = false;
			found = (struct book){0};
		}
		if (!again && connected(t, s))
			(void)ask_all(s, &found);
	}
	if (l->status != BOOK_OK)
		found = (struct book){0};
	line_book(l, ret, t, "redis", source, &found);
}
