/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* subject: from a finding, a holder or a row to what belongs to it. */
#include "base/num.h"
#include "base/text.h"
#include "show/screens/screen_impl.h"

#include <stdarg.h>
#include <string.h>

void subject_none(struct subject *s)
{
	*s = (struct subject){.netns = -1};
}

void subject_add_pid(struct subject *s, int32_t pid)
{
	for (unsigned i = 0; i < s->npids; i++)
		if (s->pids[i] == pid)
			return;
	if (pid > 0 && s->npids < SUBJECT_PIDS)
		s->pids[s->npids++] = pid;
}

void subject_name(struct subject *s, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	(void)text_safe(s->label, sizeof s->label, text);
}

static bool has_pid(const struct subject *s, int32_t pid)
{
	for (unsigned i = 0; i < s->npids; i++)
		if (s->pids[i] == pid)
			return true;
	return false;
}

static bool in_cgroup(const struct subject *s, const struct view *v, const struct proc *p)
{
	if (p->have & HAVE_CGROUP)
		return text_within(intern_text(&v->series->names, p->cgroup), s->cgroup);
	const struct sample *last = view_last(v);
	const struct member *rows = TABLE_ROWS(last->members, struct member);
	for (uint32_t i = 0; i < last->members.count; i++)
		if (rows[i].pid == p->pid &&
			text_within(intern_text(&v->series->names, rows[i].cgroup), s->cgroup))
			return true;
	return false;
}

bool subject_has_proc(const struct subject *s, const struct view *v, const struct proc *p)
{
	if (!s || !s->any)
		return true;
	if (s->npids || *s->comm)
		return has_pid(s, p->pid) ||
		       (*s->comm && strncmp(s->comm, p->comm, PROC_COMM) == 0);
	return !*s->cgroup || in_cgroup(s, v, p);
}

bool subject_has_socket(
	const struct subject *s, int32_t pid, unsigned netns, uint16_t port, const char *peer)
{
	if (!s || !s->any)
		return true;
	if (s->netns >= 0 && (unsigned)s->netns != netns)
		return false;
	if (s->port && s->port != port)
		return false;
	if (*s->peer && strcmp(s->peer, peer) != 0)
		return false;
	return s->npids == 0 || has_pid(s, pid) || (s->port && pid == 0);
}

bool resource_of_sockets(enum resource r)
{
	switch (r) {
	case RES_TCP_LISTEN:
	case RES_TCP_SYN:
	case RES_TCP_PORTS:
	case RES_TCP_TIMEWAIT:
	case RES_TCP_MEMORY:
	case RES_TCP_SENDQ:
	case RES_TCP_RECVQ:
	case RES_UDP_MEMORY:
	case RES_UDP_RECVQ:
	case RES_UNIX_LISTEN:
	case RES_NET_LOSS:
	case RES_NET_RST: return true;
	default: return false;
	}
}

/* "10.1.1.1:80" and "[2001:db8::1]:80" without the port. */
static void peer_alone(char *out, size_t size, const char *text)
{
	const char *colon = strrchr(text, ':');
	bool bracket = *text == '[';
	size_t n = strlen(text);
	if (bracket)
		n = strcspn(++text, "]");
	else if (colon && strchr(text, ':') == colon)
		n = (size_t)(colon - text);
	(void)snprintf(out, size, "%.*s", (int)n, text);
}

/* A program has many processes, and one of them stands for it. */
static void whole_program(const struct view *v, int32_t pid, struct subject *ret)
{
	const struct usage *u = view_usage(v, pid);
	subject_add_pid(ret, pid);
	if (!u)
		return;
	memcpy(ret->comm, u->p->comm, PROC_COMM);
	ret->comm[PROC_COMM - 1] = '\0';
	for (size_t i = 0; i < v->nusages; i++)
		if (v->usages[i].p->pid == pid ||
			(v->usages[i].p->ppid == pid && ret->npids < SUBJECT_PIDS))
			subject_add_pid(ret, v->usages[i].p->pid);
}

bool subject_of_who(const struct view *v, const struct who *w, bool sockets, struct subject *ret,
	enum screen_id *ret_to)
{
	subject_name(ret, "%s", w->value);
	if (strcmp(w->kind, "peer") == 0 || strcmp(w->kind, "destination") == 0) {
		peer_alone(ret->peer, sizeof ret->peer, w->value);
		*ret_to = SCREEN_CONNS;
		return true;
	}
	if (w->pid > 0 && sockets) {
		subject_add_pid(ret, w->pid);
		*ret_to = SCREEN_CONNS;
		return true;
	}
	if (w->pid > 0) {
		whole_program(v, w->pid, ret);
		*ret_to = SCREEN_PROCS;
		return true;
	}
	if (strcmp(w->kind, "cgroup") == 0 && *w->value) {
		(void)snprintf(ret->cgroup, sizeof ret->cgroup, "%s", w->value);
		*ret_to = SCREEN_PROCS;
		return true;
	}
	return false;
}

bool subject_of_socket(enum resource r, const char *name, unsigned netns, struct subject *ret,
	enum screen_id *ret_to)
{
	const char *instance = strchr(name, ':'), *colon = strrchr(name, ':');
	uint64_t port;
	if ((r != RES_TCP_LISTEN && r != RES_TCP_PORTS) || !instance ||
		num_u64(colon + 1, &port) < 0 || port > UINT16_MAX)
		return false;
	if (r == RES_TCP_PORTS)
		peer_alone(ret->peer, sizeof ret->peer, instance + 1);
	ret->port = (int32_t)port;
	ret->netns = (int32_t)netns;
	if (!*ret->label)
		subject_name(ret, "%s", name);
	*ret_to = SCREEN_CONNS;
	return true;
}
