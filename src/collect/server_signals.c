/* SPDX-FileCopyrightText: 2026 The Plimsoll authors
 * SPDX-License-Identifier: ISC */
/* server_signals: the last signal by which somebody told a server to begin anew, and on whose behalf. A graceful restart lasts as long as the longest
 * request; what began it is over in a second. So it stands, for an hour at most, as a number of the server (struct server_number): its name is
 * "signal.USR1 logrotate", its value when it was sent (monotonic clock).
 *
 * The sender is mostly a kill in a shell: on whose behalf is the first of its parents that is neither. They may all be gone when the tick ends: then
 * the probe of ended processes knows them. */
#include "collect/engine_impl.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { PARENTS = 8 };
#define STANDS_NS (UINT64_C(3600) * 1000000000)

static const char *restart_signal(unsigned number)
{
	switch (number) {
	case SIGHUP: return "HUP";
	case SIGUSR1: return "USR1";
	case SIGUSR2: return "USR2";
	case SIGWINCH: return "WINCH";
	default: return NULL;
	}
}

/* Who only runs a command for somebody else. */
static bool is_shell(const char *comm)
{
	static const char *const names[] = {"sh", "bash", "dash", "ash", "busybox", "zsh", "kill",
		"pkill", "killall", "sudo", "su", "env", "timeout", "apachectl", "apache2ctl",
		"systemctl", "run-parts", "setpriv", "runuser", "xargs", "invoke-rc.d", "service"};
	for (size_t i = 0; i < COUNTOF(names); i++)
		if (strcmp(comm, names[i]) == 0)
			return true;
	return false;
}

/* Name and parent of a process that is there, was there, or ended just now. */
static bool process_of(const struct sample *prev, const struct sample *out, int32_t pid,
	char comm[static PROC_COMM + 1], int32_t *ret_ppid)
{
	const struct proc *p = sample_proc(out, pid, 0);
	if (!p && prev)
		p = sample_proc(prev, pid, 0);
	comm[PROC_COMM] = '\0';
	if (p) {
		memcpy(comm, p->comm, PROC_COMM);
		*ret_ppid = p->ppid;
		return true;
	}
	for (uint32_t i = 0; i < out->ended.count; i++) {
		const struct ended *e = &TABLE_ROWS(out->ended, struct ended)[i];
		if (e->pid != pid)
			continue;
		memcpy(comm, e->comm, PROC_COMM);
		*ret_ppid = e->ppid;
		return true;
	}
	return false;
}

/* The first that is no shell, of the sender and its parents; the sender itself where all of them are. */
static void on_behalf_of(const struct sample *prev, const struct sample *out,
	const struct sent_signal *s, char name[static PROC_COMM + 1])
{
	char comm[PROC_COMM + 1];
	int32_t pid = s->sender, parent = 0;
	memcpy(name, s->sender_comm, PROC_COMM);
	name[PROC_COMM] = '\0';
	for (unsigned i = 0; is_shell(name) && i < PARENTS; i++) {
		if (!process_of(prev, out, pid, comm, &parent))
			break;
		if (!is_shell(comm)) {
			memcpy(name, comm, sizeof comm);
			return;
		}
		if (parent <= 1)
			break;
		pid = parent;
	}
}

static const struct sent_signal *last_signal(const struct sample *out, const struct server_book *b)
{
	const struct sent_signal *found = NULL;
	for (uint32_t i = 0; i < out->signals.count; i++) {
		const struct sent_signal *s = &TABLE_ROWS(out->signals, struct sent_signal)[i];
		/* What the server sends to itself and its own is no order. */
		if (s->target == b->pid && s->sender != b->pid && !s->kernel &&
			restart_signal(s->number))
			found = s;
	}
	return found;
}

static void add(struct sample *out, const struct server_book *b, uint32_t name, uint64_t at_ns)
{
	struct server_number *row = name ? table_add(&out->server_numbers, sizeof *row) : NULL;
	if (row)
		*row = (struct server_number){b->netns, b->pid, name, at_ns};
}

static bool is_signal(const struct engine *e, uint32_t name)
{
	return strncmp(intern_text(&e->series->names, name), "signal.", 7) == 0;
}

/* Rows of a book that stands were taken over with all its numbers. */
static void forget_signals(const struct engine *e, struct sample *out)
{
	struct server_number *rows = TABLE_ROWS(out->server_numbers, struct server_number);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < out->server_numbers.count; i++)
		if (!is_signal(e, rows[i].name))
			rows[kept++] = rows[i];
	out->server_numbers.count = kept;
	out->server_numbers.rows.used = kept * sizeof *rows;
}

static void keep_signal(const struct engine *e, const struct sample *prev, struct sample *out,
	const struct server_book *b)
{
	const struct server_number *rows = TABLE_ROWS(prev->server_numbers, struct server_number);
	for (uint32_t i = 0; i < prev->server_numbers.count; i++) {
		if (rows[i].server != b->pid || !is_signal(e, rows[i].name))
			continue;
		if (out->mono_ns - rows[i].value < STANDS_NS &&
			engine_same_process(prev, out, b->pid))
			add(out, b, rows[i].name, rows[i].value);
		return;
	}
}

void engine_server_signals(struct engine *e, const struct sample *prev, struct sample *out)
{
	forget_signals(e, out);
	for (uint32_t i = 0; i < out->servers.count; i++) {
		const struct server_book *b = &TABLE_ROWS(out->servers, struct server_book)[i];
		const struct sent_signal *s = last_signal(out, b);
		char name[PROC_COMM + 1], text[64];
		if (!s) {
			if (prev)
				keep_signal(e, prev, out, b);
			continue;
		}
		on_behalf_of(prev, out, s, name);
		int n = snprintf(text, sizeof text, "signal.%s%s%s", restart_signal(s->number),
			is_shell(name) ? "" : " ", is_shell(name) ? "" : name);
		uint32_t id = intern_find(&e->series->names, text, (size_t)n);
		if (!id && e->book_names) {
			e->book_names--;
			id = intern_id(&e->series->names, text, (size_t)n);
		}
		add(out, b, id, out->mono_ns);
	}
}
