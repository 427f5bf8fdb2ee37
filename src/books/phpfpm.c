/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* php-fpm: the status page of each pool (pm.status_path), asked by FastCGI where the pool listens. A worker of the pool answers, if it has no
 * pm.status_listen: where all of them are at work the page waits behind the others, so a full pool is not asked, and one that does not answer in its
 * part of the time is told by its configuration alone, and not asked again until it did. */
#include "books/phpfpm.h"

#include "books/conf.h"
#include "books/line.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct where {
	struct line line;
	int dir_fd; /* of a unix socket, or -1 */
	char name[64];
	struct address address;
	uint16_t port;
};

struct state {
	struct phpfpm_config config;
	struct where at[PHPFPM_POOLS];
};

static bool read_file(const struct book_target *t, const char *path, struct phpfpm_config *ret)
{
	size_t len;
	AUTO_FREE char *text = conf_read(t, path, &len);
	if (text)
		phpfpm_read_config(scan_over(text, len), ret);
	return text != NULL;
}

static void read_included(const struct book_target *t, const char *path, void *ctx)
{
	(void)read_file(t, path, ctx);
}

/* The master's title has the file's name in it; before that stood the command line. */
static bool read_config(const struct book_target *t, struct phpfpm_config *ret)
{
	static const char *const usual[] = {"/usr/local/etc/php-fpm.conf", "/etc/php-fpm.conf"};
	struct conf_args args;
	char path[256] = "";
	const char *title, *option;
	int i = 1;
	if (conf_args(t->pid, &args) < 0 || args.n == 0)
		return false;
	title = strstr(args.arg[0], "master process (");
	if (title) {
		title += strlen("master process (");
		(void)snprintf(path, sizeof path, "%.*s", (int)strcspn(title, ")"), title);
	} else if ((option = conf_option(&args, "-y", &i)) ||
		   (i = 1, option = conf_option(&args, "--fpm-config", &i))) {
		(void)snprintf(path, sizeof path, "%s", option);
	}
	bool any = path[0] && read_file(t, path, ret);
	for (size_t k = 0; !any && k < COUNTOF(usual); k++)
		any = read_file(t, usual[k], ret);
	for (int k = 0; any && k < ret->includes; k++) /* an included file may include more */
		conf_each(t, ret->include[k], read_included, ret);
	return any;
}

static int find(const struct book_target *t, const struct phpfpm_pool *p, struct where *ret)
{
	const char *listen = p->status_listen[0] ? p->status_listen : p->listen;
	char path[256];
	*ret = (struct where){.line = LINE_NONE, .dir_fd = -1};
	if (!p->status_path[0] || !listen[0])
		return -ENOENT;
	if (!strchr(listen, '/'))
		return conf_address(listen, &ret->address, &ret->port) ? 0 : -EINVAL;
	(void)snprintf(path, sizeof path, "%s%s%s", *listen == '/' ? "" : p->prefix,
		*listen == '/' ? "" : "/", listen);
	ret->dir_fd = conf_socket(t, path, ret->name);
	return ret->dir_fd < 0 ? ret->dir_fd : 0;
}

int book_open_phpfpm(struct book_target *t)
{
	struct state *s = t->state ? t->state : calloc(1, sizeof *s);
	int r = -ENOENT;
	if (!s)
		return -ENOMEM;
	for (int i = 0; t->state && i < s->config.n; i++) {
		line_close(&s->at[i].line);
		if (s->at[i].dir_fd >= 0)
			(void)close(s->at[i].dir_fd);
	}
	memset(s, 0, sizeof *s);
	t->state = s;
	if (!read_config(t, &s->config))
		return -ENOENT;
	for (int i = 0; i < s->config.n; i++)
		if (find(t, &s->config.pool[i], &s->at[i]) == 0)
			r = 0;
	return r;
}

/* ---- asking ---- */

static bool enough(const char *bytes, size_t n, void *ctx)
{
	size_t length;
	(void)ctx;
	return fastcgi_answer((char *)(uintptr_t)bytes, n, false, &length) != 0;
}

static void ask_pool(const struct phpfpm_pool *p, struct where *w, struct book *found)
{
	struct line *l = &w->line;
	unsigned char request[512];
	size_t length, n = fastcgi_request(request, sizeof request, p->status_path, "full");
	bool sent = l->owed || ((w->dir_fd >= 0 ? line_unix(l, w->dir_fd, w->name)
						: line_tcp(l, &w->address, w->port)) &&
				       line_send(l, request, n));
	if (sent && line_receive(l, enough, NULL)) {
		if (fastcgi_answer(l->bytes, l->n, true, &length) != 1)
			(void)line_fail(l, BOOK_GARBAGE);
		else
			l->status = phpfpm_parse(scan_over(l->bytes, length), p, found);
	}
	line_end(l);
}

void book_ask_phpfpm(struct book_target *t, bool full, struct book *ret)
{
	static struct book found;
	struct state *s = t->state;
	struct line all = LINE_NONE;
	const char *source = "pm.status_path = /status";
	bool any = false, tried = false;
	int left = 0, asking = 0;
	found = (struct book){0};
	line_begin(&all);
	all.status = BOOK_CLOSED;
	for (int i = 0; s && i < s->config.n; i++)
		left += s->at[i].dir_fd >= 0 || s->at[i].port;
	for (int i = 0; s && i < s->config.n; i++) {
		const struct phpfpm_pool *p = &s->config.pool[i];
		struct where *w = &s->at[i];
		struct line *l = &w->line;
		char name[64];
		bool can = w->dir_fd >= 0 || w->port;
		line_begin(l);
		/* one that does not answer leaves time for the others */
		l->until_ns = all.until_ns;
		if (!can)
			l->status = BOOK_CLOSED;
		else if (!line_spare(l,
				 (w->dir_fd >= 0 ? t->full_unix : full) && !p->status_listen[0])) {
			if (left > 1)
				l->until_ns -=
					(uint64_t)(line_left_ms(l) / left * (left - 1)) * 1000000;
			ask_pool(p, w, &found);
		}
		left -= can;
		if (can && !tried) {
			all.status = l->status;
			all.holding = l->holding;
			all.held_ns = l->held_ns;
			source = p->status_listen[0] ? p->status_listen : p->listen;
		}
		tried |= can;
		asking += l->owed;
		any |= l->status == BOOK_OK;
		book_word(name, sizeof name, p->name, strlen(p->name));
		if (l->status != BOOK_OK && p->max_children)
			book_line(&found, "pool workers %s limit=%" PRIu64, name, p->max_children);
		if (can)
			book_line(&found, "number silent/%s %d", name, l->status != BOOK_OK);
		if (p->terminate_s)
			book_line(&found, "number timeout.request.ms/%s %" PRIu64, name,
				p->terminate_s * 1000);
	}
	if (asking)
		book_line(&found, "number asking %d", asking);
	if (any) {
		all.status = BOOK_OK;
		all.holding = false;
	}
	line_book(&all, ret, t, "php-fpm", source, &found);
}
